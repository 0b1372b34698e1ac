"""The content of each kind of file: the one description behind validation, messages and the JSON Schemas.

The models check plain values as the reader built them, in which every number and date is still text. What depends on
other files, on the settings or on the calendar is checked where it becomes a value of the domain (`users`, `presets`,
`settings`). The order of the fields is the canonical order of the keys. A default here only means that a key is
optional. The code that makes the value decides what omitting it means.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from bo_sync.config.files import TABLE

DAY: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
ID: Final = r"^[1-9][0-9]{0,9}$"
COUNT: Final = r"^(0|[1-9][0-9]{0,8})$"
AT_LEAST_ONE: Final = r"^[1-9][0-9]{0,8}$"
PERCENT: Final = r"^(100|[1-9]?[0-9])$"
HOST: Final = r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$"
HUB_IDENTITY: Final = r"^(sha256:[0-9a-f]{64}|tenant/\S{1,200})$"
DOMAIN: Final = r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$"
_ODD: Final = r'\s@<>()\[\]",;:\\\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff'
_PART: Final = rf"(?:[^{_ODD}]|\[[^{_ODD}]+\])+"
"""A character of an address or a wildcard; `[…]` only as a pair, because `fnmatch` takes a single bracket literally."""
PROTECTED: Final = rf"^{_PART}@{_PART}$"
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
ADDRESS: Final = rf"^{_ATOM}(?:\.{_ATOM})*@{_ATOM}(?:\.{_ATOM})*$"
POLICY_ID: Final = "^[a-z0-9][a-z0-9-]{0,63}$"
ROLE_NAME: Final = "^[a-z][a-z0-9_]{0,63}$"
ZONE: Final = r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$"

EXPECTED: Final = {
    DAY: "a date as YYYY-MM-DD",
    ID: "the hub's id, a whole number from 1",
    COUNT: "a whole number from 0",
    AT_LEAST_ONE: "a whole number from 1",
    PERCENT: "a whole number from 0 to 100",
    HOST: "a host name, without scheme, port or path",
    HUB_IDENTITY: "sha256: and 64 hexadecimal digits, or tenant/ID, as `bo-sync doctor` prints them",
    DOMAIN: "a domain such as example.com",
    PROTECTED: "an address, or a pattern with @ such as *@example.com",
    TABLE: "a table below catalogue/ such as catalogue/operations.csv",
    POLICY_ID: "a name of a-z, 0-9 and - such as price-and-order",
}
"""What a pattern asks for, in words."""

# An editor reads YAML with numbers in it, so its schema allows them wherever we read text.
_TEXT_OR_NUMBER: Final = {"type": ["string", "number"]}


def _number(pattern: str, least: int, most: int) -> WithJsonSchema:
    return WithJsonSchema({"type": ["integer", "string"], "pattern": pattern, "minimum": least, "maximum": most})


def _words(**limits: str | int) -> WithJsonSchema:
    return WithJsonSchema({**_TEXT_OR_NUMBER, **limits})


_LEVELS: Final = WithJsonSchema(
    {"type": "object", "additionalProperties": {"enum": ["owner", "editor", "viewer", True]}, "minProperties": 1}
)

Words = Annotated[str, _words()]
Name = Annotated[str, WithJsonSchema({"type": ["string", "number", "null"]})]
Filled = Annotated[str, Field(min_length=1), _words(minLength=1)]
Day = Annotated[str, Field(pattern=DAY), WithJsonSchema({"type": "string", "format": "date", "pattern": DAY})]
Id = Annotated[str, Field(pattern=ID), _number(ID, 1, 9_999_999_999)]
Count = Annotated[str, Field(pattern=COUNT), _number(COUNT, 0, 999_999_999)]
Percent = Annotated[str, Field(pattern=PERCENT), _number(PERCENT, 0, 100)]
AtLeastOne = Annotated[str, Field(pattern=AT_LEAST_ONE), _number(AT_LEAST_ONE, 1, 999_999_999)]
AccessWord = Literal["owner", "editor", "viewer", "none"]
GenderWord = Literal["male", "female", "unknown"]


class Document(BaseModel):
    """Exact types, and only the named keys."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True, use_attribute_docstrings=True)


class Limited(Document):
    until: Day = ""
    """The last day on which the grant holds; only the first `apply` after it takes the access back."""
    reason: Words = ""
    """The reason, for the next review."""


class TimedAccess(Limited):
    """Access to a module, with an end or a reason."""

    access: AccessWord
    """owner, editor, viewer or none."""


class TimedSwitch(Limited):
    """A platform area switched on or off until a day, or for a reason."""

    access: bool
    """true for on, false for off."""


class Suppression(Document):
    """A finding that is suppressed until a day."""

    rule: Filled
    """The finding's number, such as BOS007."""
    reason: Filled
    """Why it is suppressed."""
    until: Day
    """The last day of the suppression."""


class ProfileDocument(Document):
    first_name: Name | None = None
    """At most 30 characters."""
    last_name: Name | None = None
    """At most 50 characters."""
    middle_name: Name | None = None
    """At most 20 characters; null clears it."""
    gender: GenderWord | None = None
    """male, female or unknown; null clears it."""
    phone: Name | None = None
    """At most 30 characters; null clears it."""
    job: Name | None = None
    """At most 30 characters; null clears it."""
    language: Name | None = None
    """Two letters (ISO 639-1), in either case."""


class UserDocument(ProfileDocument):
    """One user with access to the backoffice."""

    email: Annotated[str, _words(minLength=1)] = ""
    """The address: the user's identity, which cannot change."""
    id: Id = ""
    """The hub's own id of the user, which `pull` writes; it pins the identity."""
    preset: Words = ""
    """The preset that gives the access: the stem of a file in presets/."""
    presets: list[Words] = Field(default_factory=list)
    """Several presets; the highest access wins. Not beside `preset`."""
    platform: dict[str, bool | TimedSwitch] = Field(default_factory=dict)
    """Platform areas switched on or off for this user, whatever the presets say."""
    modules: dict[str, AccessWord | TimedAccess] = Field(default_factory=dict)
    """Module roles for this user, whatever the presets say."""
    state: Literal["present", "absent"] = "present"
    """absent: delete this user."""
    until: Day = ""
    """The last day of the account; only the first `apply` after it deletes the user."""
    ignore: list[Suppression] = Field(default_factory=list)
    """Findings that are suppressed for this user."""


class UserListDocument(Document):
    """Several users in one file. The users are checked one by one."""

    users: list[object]


class PresetDocument(Document):
    """A named set of grants. Presets only give: `none` and `false` take nothing away."""

    label: Words = ""
    """The name that is shown."""
    description: Words = ""
    """Which users it is for."""
    extends: list[Words] = Field(default_factory=list)
    """Presets whose grants are added to this one's."""
    platform: dict[str, bool] = Field(default_factory=dict)
    """Platform areas that are switched on."""
    modules: dict[str, AccessWord] = Field(default_factory=dict)
    """Module roles and their access."""


class LimitDocument(Document):
    percent: Percent = ""
    """The limit as a share of the population, rounded down."""
    floor: Count = ""
    """The lowest limit, also for a small population."""
    cap: Count = ""
    """The highest limit, also for a large population; not below `floor`."""


class GuardrailsDocument(Document):
    max_user_deletes: Count | LimitDocument = LimitDocument()
    """The most users that one plan may delete, expired accounts not counted."""
    max_access_losses: Count | LimitDocument = LimitDocument()
    """The most users who stay and may lose their last platform area in one plan."""
    max_grant_losses: Count | LimitDocument = LimitDocument()
    """The most grants that one plan may lower or revoke, among users who stay, expired grants not counted."""
    max_expiries: Count | LimitDocument = LimitDocument()
    """The most accounts and grants that one plan may end because their `until` has passed."""
    min_role_owners: AtLeastOne = ""
    """The fewest users who must keep owner of Roles & permissions with Backoffice on."""


class SettingsDocument(Document):
    """Settings of the repository. Never the hub's address or key."""

    defaults: ProfileDocument = ProfileDocument()
    """Profile fields for users whose file leaves them out."""
    unmanaged: Literal["report", "ignore", "delete"] = "report"
    """What happens to users in the hub who have no file."""
    protect: list[
        Annotated[str, Field(pattern=PROTECTED), WithJsonSchema({"type": "string", "pattern": PROTECTED})]
    ] = Field(default_factory=list)
    """Addresses that are never created, changed or deleted; `*`, `?` and `[…]` are wildcards."""
    email_domains: list[Annotated[str, Field(pattern=DOMAIN), _words(pattern=DOMAIN)]] = Field(default_factory=list)
    """The only allowed domains of addresses. Without the key, or with an empty list, all are allowed."""
    timezone: Annotated[str, WithJsonSchema({"type": "string", "pattern": ZONE})] = ""
    """The zone in which a last day ends, such as Europe/Amsterdam."""
    expiring_within: Count = ""
    """Days of warning before an `until`; 14 by default."""
    hub_host: Annotated[str, Field(pattern=HOST), _words(pattern=HOST)] = ""
    """An assertion: fail for any other hub. Never a destination."""
    hub_identity: Annotated[str, Field(pattern=HUB_IDENTITY), _words(pattern=HUB_IDENTITY)] = ""
    """An assertion: fail for any other hub, also one at the same address; `bo-sync doctor` prints it."""
    catalogue: Annotated[str, Field(pattern=TABLE), _words(pattern=TABLE)] = ""
    """An operations table from `catalogue refresh`: adds operations that are newer than the built-in table."""
    guardrails: GuardrailsDocument = GuardrailsDocument()
    """Limits that a plan must keep."""
    role_definitions: dict[str, Filled] = Field(default_factory=dict)
    """Our name of a role definition: the hub's name. Added to the eleven that are known."""


class ClauseDocument(Document):
    """One condition, under exactly one of its keys."""

    has: Annotated[dict[str, object], _LEVELS] = Field(default_factory=dict)
    """Grants, each at this level or more; all of them. A platform area is `true`."""
    can: list[Filled] = Field(default_factory=list)
    """Operations of the hub; any of them."""
    menu: Filled = ""
    """An item of the menu, as in "Orders > Carriers"."""


class MatchDocument(Document):
    """The users of the policy, under one of the two keys."""

    all_of: list[ClauseDocument] = Field(default_factory=list)
    """Users who meet all of these."""
    any_of: list[ClauseDocument] = Field(default_factory=list)
    """Users who meet one of these."""


class ExceptionDocument(Document):
    """A user that the policy does not count, until a day."""

    email: Filled
    """The user's address."""
    reason: Filled
    """Why this is allowed."""
    until: Day
    """The last day of the exception."""


class PolicyDocument(Document):
    """Which users may hold what, and how many."""

    id: Annotated[str, Field(pattern=POLICY_ID), _words(pattern=POLICY_ID)] = ""
    """The policy's name: a-z, 0-9 and -."""
    severity: Literal["error", "warning"] = "error"
    """error (default): the plan is blocked if the policy fails; warning: the failure is only shown."""
    title: Words = ""
    """What it requires, in a few words."""
    why: Words = ""
    """What could happen otherwise."""
    match: MatchDocument = MatchDocument()
    """Which users it is about."""
    at_most: Count = ""
    """The most users who may match; 0 when neither limit is given."""
    at_least: AtLeastOne = ""
    """The fewest users who must match."""
    exceptions: list[ExceptionDocument] = Field(default_factory=list, alias="except")
    """Users who are not counted."""


USER_KEYS: Final = (
    "email",
    "id",
    "first_name",
    "last_name",
    "middle_name",
    "gender",
    "phone",
    "job",
    "language",
    "preset",
    "presets",
    "platform",
    "modules",
    "state",
    "until",
    "ignore",
)
"""The keys of a user, in their canonical order."""
GRANT_KEYS: Final = ("access", "until", "reason")
SUPPRESSION_KEYS: Final = tuple(Suppression.model_fields)
PRESET_KEYS: Final = tuple(PresetDocument.model_fields)
POLICY_KEYS: Final = tuple(field.alias or name for name, field in PolicyDocument.model_fields.items())
MATCH_KEYS: Final = tuple(MatchDocument.model_fields)
CLAUSE_KEYS: Final = tuple(ClauseDocument.model_fields)
EXCEPTION_KEYS: Final = tuple(ExceptionDocument.model_fields)
SETTINGS_KEYS: Final = tuple(SettingsDocument.model_fields)
GUARDRAIL_KEYS: Final = tuple(GuardrailsDocument.model_fields)
LIMIT_KEYS: Final = tuple(LimitDocument.model_fields)
