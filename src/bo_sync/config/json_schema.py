"""JSON Schemas (draft-07) for editors, generated from the models in `documents`, with descriptions and examples."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self, cast

from bo_sync.access.catalogue import Catalogue, catalogue, in_use
from bo_sync.config.documents import (
    ADDRESS,
    EXPECTED,
    GRANT_KEYS,
    POLICY_KEYS,
    PRESET_KEYS,
    ROLE_NAME,
    SETTINGS_KEYS,
    USER_KEYS,
    ZONE,
    Document,
    PolicyDocument,
    PresetDocument,
    SettingsDocument,
    UserDocument,
)
from bo_sync.config.files import CATALOGUE, PRESETS, SETTINGS_FILE, Kind, is_preset_name, kind_of, stem_of, walk
from bo_sync.config.load import tree_of
from bo_sync.core.model import MODULES, PLATFORM, PROFILE_LIMITS, ProfileField, Role
from bo_sync.core.settings import LIMITS, Limit, Settings

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
    "Suppression.rule": ("BOS007",),
    "Suppression.reason": ("agreed in CHG-99",),
    "Suppression.until": (_DAY,),
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
"""Model and key: valid values."""


def _limit(limit: Limit) -> dict[str, int]:
    return {"percent": limit.percent, "floor": limit.floor, "cap": limit.cap}


def defaults() -> dict[str, object]:
    """Model and key: what holds if the key is omitted."""
    settings = Settings()
    return {
        "UserDocument.state": "present",
        "PolicyDocument.severity": "error",
        "SettingsDocument.unmanaged": settings.unmanaged.value,
        "SettingsDocument.timezone": settings.timezone,
        "SettingsDocument.expiring_within": settings.expiring_within,
        **{f"GuardrailsDocument.{name}": _limit(settings.guardrails.of(name)) for name in LIMITS},
        "GuardrailsDocument.min_role_owners": settings.guardrails.min_role_owners,
    }


def said(model: str, key: str) -> dict[str, object]:
    """The examples and the default of a key for a schema; an inherited key has its parent's."""
    owners = (model, "ProfileDocument", "Limited")
    named = next((name for owner in owners if (name := f"{owner}.{key}") in EXAMPLES), "")
    examples: dict[str, object] = {"examples": list(EXAMPLES[named])} if named else {}
    default = defaults().get(f"{model}.{key}")
    return examples if default is None else {"default": default, **examples}


def role_description(role: Role) -> str:
    """The subject of a role, in the words of the product's documentation; for an added one, its source."""
    known = next((known for known in catalogue().roles if known.role == role), None)
    if known is None:
        return "A module that `role_definitions` of bo-sync.yaml added."
    return f"{known.name}: {known.allows}."


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """No presets: any valid name is allowed. No modules: the documented nine, and any other valid name.

    `facts` are the menu items and the operations that policies may name.
    """

    presets: tuple[str, ...] = ()
    modules: tuple[Role, ...] = ()
    facts: Catalogue = field(default_factory=catalogue)

    @classmethod
    def of(cls, root: Path) -> Self:
        """The words of the repository in `root`, as far as its files are readable; users and policies are not read.

        Settings with an error determine nothing about modules. Never raises because of the files.
        """
        kinds = {"preset", "config", "catalogue"}
        files = [file for file in walk(root, (CATALOGUE, PRESETS)).files if kind_of(file[0]) in kinds]
        presets = {stem_of(path) for path, _ in files if kind_of(path) == "preset"}
        tree = tree_of(files)
        unclear = any(problem.source.path.raw == SETTINGS_FILE for problem in tree.errors)
        modules = tuple(role for role in tree.settings.roles if role not in PLATFORM)
        names = tuple(sorted(filter(is_preset_name, presets)))
        is_silent = all(kind_of(path) == "catalogue" for path, _ in files)
        return cls(names, () if unclear or is_silent else modules, in_use(tree.settings))


Schema = dict[str, object]

ANY: Final = Vocabulary()
KINDS: Final[tuple[Kind, ...]] = ("user", "preset", "policy", "config")

_is_number: Final = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?").fullmatch
_TEXT: Final = ["string", "number"]


def json_schema(kind: Kind, words: Vocabulary = ANY) -> str:
    """The schema of one kind of file as JSON text in pure ASCII, always the same for the same words."""
    if kind == "user":
        schema = _user(words)
    elif kind == "preset":
        schema = _model(PresetDocument, PRESET_KEYS)
        _limit_presets(schema, words.presets)
        _limit_roles(schema, words.modules)
    elif kind == "policy":
        schema = _policy(words.modules, words.facts)
    else:
        schema = _model(SettingsDocument, SETTINGS_KEYS)
        _part(_part(schema, "properties"), "role_definitions")["propertyNames"] = {"pattern": ROLE_NAME}
        defaults = _part(_part(_part(schema, "definitions"), "ProfileDocument"), "properties")
        for name, limits in _profile_limits().items():
            _part(defaults, name).update(limits)
    head: Schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": f"urn:bo-sync:schema:{kind}",
        "title": f"bo-sync {kind}",
    }
    return json.dumps({**head, **cast("Schema", _explained(schema))}, indent=2) + "\n"


def _user(words: Vocabulary) -> Schema:
    """One user, or `users:` with a list of them."""
    user = _model(UserDocument, USER_KEYS)
    definitions = _part(user, "definitions")
    del user["definitions"]
    _limit_presets(user, words.presets)
    _limit_roles(user, words.modules)
    either: Schema = {"if": {"required": ["preset"]}, "then": {"properties": {"presets": False}}}
    user |= {"required": ["email"], "allOf": [either], **_unless_held()}
    users: Schema = {
        "type": "object",
        "description": "Several people in one file.",
        "properties": {
            "users": {
                "type": "array",
                "description": "People, each with the keys of a file of their own.",
                "items": {"$ref": "#/definitions/Person"},
            }
        },
        "required": ["users"],
        "additionalProperties": False,
    }
    return {
        "definitions": {**definitions, "Person": user, "People": users},
        "if": {"type": "object", "required": ["users"]},
        "then": {"$ref": "#/definitions/People"},
        "else": {"$ref": "#/definitions/Person"},
    }


def _policy(modules: Collection[Role], facts: Catalogue) -> Schema:
    """A policy, with the roles, the menu's items and the hub's operations by name."""
    schema = _model(PolicyDocument, POLICY_KEYS)
    definitions = _part(schema, "definitions")
    clause = _part(definitions, "ClauseDocument")
    clause |= {"minProperties": 1, "maxProperties": 1}
    named = _part(clause, "properties")
    levels = _part(_part(named, "has"), "additionalProperties")
    _part(named, "has")["properties"] = {
        **_described(PLATFORM, {"const": True}),
        **_described(modules or MODULES, {"enum": [word for word in _words(levels) if word is not True]}),
    }
    _part(named, "has")["additionalProperties"] = False if modules else levels
    _part(named, "can").update({"items": {"enum": [operation.name for operation in facts.operations]}, "minItems": 1})
    _replace(named, "menu", {"enum": [item.name for item in facts.menu]})
    match = _part(definitions, "MatchDocument")
    match |= {"minProperties": 1, "maxProperties": 1}
    for key in _part(match, "properties").values():
        cast("Schema", key)["minItems"] = 1
    return {**schema, "required": ["id", "match"]}


def _unless_held() -> Schema:
    """Names, limits and the address's form are required of users who are not in the hub yet."""
    names: tuple[ProfileField, ...] = ("first_name", "last_name")
    return {
        "if": {
            "anyOf": [
                {"required": ["id"]},
                {"properties": {"state": {"const": "absent"}}, "required": ["state"]},
            ]
        },
        "else": {
            "required": ["first_name", "last_name"],
            "properties": {
                "email": {"type": "string", "pattern": ADDRESS},
                **_profile_limits(),
                **{name: {"type": _TEXT, "minLength": 1, "maxLength": PROFILE_LIMITS[name]} for name in names},
            },
        },
    }


def _profile_limits() -> dict[str, Schema]:
    """The hub's limits of each field. A language is never a number."""
    limits: dict[str, Schema] = {name: {"maxLength": limit} for name, limit in PROFILE_LIMITS.items()}
    limits["language"] = {"type": ["string", "null"], "pattern": LANGUAGE}
    return limits


def _model(model: type[Document], keys: Collection[str]) -> Schema:
    """A model's schema with its properties in the canonical order, each with its description."""
    schema = cast("Schema", _tidy(model.model_json_schema(ref_template="#/definitions/{model}")))
    properties = _part(schema, "properties")
    schema["properties"] = {key: properties[key] for key in keys}
    schema["definitions"] = schema.pop("$defs", {})
    parts = {model.__name__: schema, **cast("dict[str, Schema]", schema["definitions"])}
    for name, part in parts.items():
        own = _part(part, "properties")
        if set(own) == set(GRANT_KEYS):
            part["properties"] = {key: own[key] for key in GRANT_KEYS}
        for key, value in own.items():
            cast("Schema", value).update(said(name, key))
    return schema


def _tidy(node: object) -> object:
    """Without the titles and defaults that the models add, which would only clutter an editor's hover."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept: Schema = {}
    for key, value in node.items():
        if key == "properties" and isinstance(value, dict):
            kept[key] = {name: _tidy(part) for name, part in value.items()}
        elif key not in {"title", "default"}:
            kept[key] = _tidy(value)
    return kept


def _part(schema: Mapping[str, object], key: str) -> Schema:
    return cast("Schema", schema.get(key, {}))


def _explained(node: object) -> object:
    """With the sentence that an editor shows in place of a regular expression."""
    if isinstance(node, list):
        return [_explained(item) for item in node]
    if not isinstance(node, dict):
        return node
    explained: Schema = {key: _explained(value) for key, value in node.items()}
    expected = PATTERNS.get(str(node.get("pattern")))
    return {**explained, "patternErrorMessage": f"Expected {expected}."} if expected else explained


def _words(schema: Schema) -> list[object]:
    return cast("list[object]", schema["enum"])


def _replace(properties: Schema, key: str, limits: Schema) -> None:
    """Another type for a key, with the same description and examples."""
    kept = {word: value for word, value in _part(properties, key).items() if word in {"description", "examples"}}
    properties[key] = {**kept, **limits}


def _limit_presets(schema: Schema, presets: Collection[str]) -> None:
    """A name such as `2024` is text for us and a number for an editor."""
    numbers = [float(preset) for preset in sorted(presets) if _is_number(preset)]
    name: Schema = {"enum": [*sorted(presets), *numbers]} if presets else {"type": _TEXT, "pattern": PRESET_NAME}
    properties = _part(schema, "properties")
    for key in sorted({"preset", "presets", "extends"} & set(properties)):
        limited = {"type": "array", "items": name, "uniqueItems": True} if key != "preset" else name
        _replace(properties, key, limited)
        if presets:
            del _part(properties, key)["examples"]  # they are names of presets that may not be there


def _limit_roles(schema: Schema, modules: Collection[Role]) -> None:
    """Name the known roles. Without `modules`, the settings may have added any role, so any is allowed."""
    properties = _part(schema, "properties")
    for area, roles, others in (("platform", PLATFORM, False), ("modules", modules or MODULES, not modules)):
        part = _part(properties, area)
        grant = cast("Schema", part.pop("additionalProperties"))
        part["properties"] = _described(roles, grant)
        part["additionalProperties"] = grant if others else False
        if others:
            part["propertyNames"] = {"pattern": ROLE_NAME, "not": {"enum": list(PLATFORM)}}


def _described(roles: Collection[Role], grant: Schema) -> Schema:
    """A property per role, described by its documentation."""
    return {role: {**grant, "description": role_description(role)} for role in roles}
