"""What the JSON Schemas say beside what they demand: descriptions of the roles, examples, and the defaults that hold.

The keys' own descriptions stand with the models in `documents`. A default here is read from the value that has it, so
an editor can offer no other.
"""

from collections.abc import Mapping
from typing import Final

from bo_sync.access.catalogue import catalogue
from bo_sync.config.documents import ADDRESS, EXPECTED, ROLE_NAME, ZONE
from bo_sync.core.model import Role
from bo_sync.core.settings import Limit, Settings

LANGUAGE: Final = "^[A-Za-z]{2}$|^$"
PRESET_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
PATTERNS: Final[Mapping[str, str]] = {
    **EXPECTED,
    ADDRESS: "an address such as jane.doe@example.com",
    LANGUAGE: "a language of two letters such as nl",
    PRESET_NAME: "the name of a preset: A-Z, a-z, 0-9 and ._- after a letter or digit",
    ROLE_NAME: "a name of a-z, 0-9 and _ that starts with a letter",
    ZONE: "a time zone such as Europe/Amsterdam",
}
"""What a pattern asks for, in words."""

_DAY: Final = "2099-12-31"
_WHY: Final = "CHG-1234 template migration"

EXAMPLES: Final[Mapping[str, tuple[object, ...]]] = {
    "Acceptance.rule": ("BOS007",),
    "Acceptance.reason": ("agreed in CHG-99",),
    "Acceptance.until": (_DAY,),
    "Limited.until": (_DAY,),
    "Limited.reason": (_WHY,),
    "ProfileDocument.first_name": ("Jane",),
    "ProfileDocument.last_name": ("Doe",),
    "ProfileDocument.middle_name": ("van", None),
    "ProfileDocument.gender": ("female",),
    "ProfileDocument.phone": ("+31 20 123 4567",),
    "ProfileDocument.job": ("Account manager",),
    "ProfileDocument.language": ("nl",),
    "UserDocument.email": ("jane.doe@example.com",),
    "UserDocument.id": (1042,),
    "UserDocument.preset": ("sales-representative",),
    "UserDocument.presets": (["sales-representative", "catalogue-editor"],),
    "UserDocument.platform": ({"backoffice": True},),
    "UserDocument.modules": ({"pricing": "viewer"}, {"pricing": {"access": "editor", "until": _DAY, "reason": _WHY}}),
    "UserDocument.state": ("absent",),
    "UserDocument.until": ("2099-06-30",),
    "UserDocument.ignore": ([{"rule": "BOS007", "reason": "agreed in CHG-99", "until": _DAY}],),
    "PresetDocument.label": ("Sales Representative",),
    "PresetDocument.description": ("Sells through the Sales Hub, no backoffice.",),
    "PresetDocument.extends": (["catalogue-editor"],),
    "PresetDocument.platform": ({"sales_hub": True},),
    "PresetDocument.modules": ({"product_data": "owner", "order_data": "viewer"},),
    "SettingsDocument.defaults": ({"language": "nl"},),
    "SettingsDocument.unmanaged": ("delete",),
    "SettingsDocument.protect": (["break-glass@example.com", "*@propeller-commerce.com"],),
    "SettingsDocument.email_domains": (["example.com"],),
    "SettingsDocument.timezone": ("Europe/Amsterdam",),
    "SettingsDocument.expiring_within": (30,),
    "SettingsDocument.hub_host": ("api.helice.cloud",),
    "SettingsDocument.hub_identity": ("sha256:" + "3f2c1ab0" * 8, "tenant/acme"),
    "SettingsDocument.catalogue": ("catalogue/operations.csv",),
    "SettingsDocument.guardrails": ({"max_user_deletes": {"percent": 10, "cap": 5}, "min_role_owners": 3},),
    "SettingsDocument.role_definitions": ({"ticketing": "ticket"},),
    "GuardrailsDocument.max_user_deletes": (3, {"percent": 10, "floor": 1, "cap": 5}),
    "GuardrailsDocument.max_access_losses": (3, {"percent": 10, "floor": 1, "cap": 5}),
    "GuardrailsDocument.max_grant_losses": (50, {"percent": 10, "floor": 20, "cap": 100}),
    "GuardrailsDocument.max_expiries": (50, {"percent": 10, "floor": 20, "cap": 100}),
    "GuardrailsDocument.min_role_owners": (3,),
    "LimitDocument.percent": (20,),
    "LimitDocument.floor": (1,),
    "LimitDocument.cap": (10,),
    "ClauseDocument.has": ({"backoffice": True, "pricing": "editor"},),
    "ClauseDocument.can": (["orderUpdate", "orderDelete"],),
    "ClauseDocument.menu": ("Orders > Carriers",),
    "MatchDocument.all_of": ([{"has": {"pricing": "editor"}}, {"can": ["orderUpdate"]}],),
    "MatchDocument.any_of": ([{"menu": "Admin > API Keys"}],),
    "ExceptionDocument.email": ("omar.haddad@example.com",),
    "ExceptionDocument.reason": ("CHG-1410 covers for the price analyst",),
    "ExceptionDocument.until": (_DAY,),
    "PolicyDocument.id": ("price-and-order",),
    "PolicyDocument.severity": ("warning",),
    "PolicyDocument.title": ("Who sets prices works on no orders",),
    "PolicyDocument.why": ("A price for one's own order is seen by nobody else.",),
    "PolicyDocument.match": ({"all_of": [{"has": {"pricing": "editor"}}, {"has": {"order_data": "editor"}}]},),
    "PolicyDocument.at_most": (3,),
    "PolicyDocument.at_least": (2,),
    "PolicyDocument.except": ([{"email": "omar.haddad@example.com", "reason": _WHY, "until": _DAY}],),
}
"""Model and key: values that are sound there."""


def _limit(limit: Limit) -> dict[str, int]:
    return {"percent": limit.percent, "floor": limit.floor, "cap": limit.cap}


def defaults() -> dict[str, object]:
    """Model and key: what holds when the key is left out."""
    settings = Settings()
    return {
        "UserDocument.state": "present",
        "PolicyDocument.severity": "error",
        "SettingsDocument.unmanaged": settings.unmanaged.value,
        "SettingsDocument.timezone": settings.timezone,
        "SettingsDocument.expiring_within": settings.expiring_within,
        "GuardrailsDocument.max_user_deletes": _limit(settings.guardrails.max_user_deletes),
        "GuardrailsDocument.max_access_losses": _limit(settings.guardrails.max_access_losses),
        "GuardrailsDocument.max_grant_losses": _limit(settings.guardrails.max_grant_losses),
        "GuardrailsDocument.max_expiries": _limit(settings.guardrails.max_expiries),
        "GuardrailsDocument.min_role_owners": settings.guardrails.min_role_owners,
    }


def said(model: str, key: str) -> dict[str, object]:
    """The examples and the default of a key, as a schema says them; a key that is inherited has its parent's."""
    owners = (model, "ProfileDocument", "Limited")
    named = next((name for owner in owners if (name := f"{owner}.{key}") in EXAMPLES), "")
    examples: dict[str, object] = {"examples": list(EXAMPLES[named])} if named else {}
    default = defaults().get(f"{model}.{key}")
    return examples if default is None else {"default": default, **examples}


def role_description(role: Role) -> str:
    """What a role is about, in the words of the product's documentation; for an added one, where it comes from."""
    known = next((known for known in catalogue().roles if known.role == role), None)
    if known is None:
        return "A module that `role_definitions` of bo-sync.yaml added."
    return f"{known.name}: {known.allows}."
