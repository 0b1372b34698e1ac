"""Check a positioned mapping against its document's model. Errors have positions and are collected per file.

What a model rejects is reported and removed, so the rest of the entry is still checked and one run shows every error.
Only this module knows pydantic's errors.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Self, TypedDict, TypeVar, cast

from pydantic import ValidationError

from bo_sync.access.catalogue import Catalogue, catalogue, in_use
from bo_sync.config import fast_values
from bo_sync.config.documents import (
    CLAUSE_KEYS,
    COUNT,
    DAY,
    DOMAIN,
    EXCEPTION_KEYS,
    EXPECTED,
    GRANT_KEYS,
    GUARDRAIL_KEYS,
    LIMIT_KEYS,
    MATCH_KEYS,
    PROTECTED,
    SUPPRESSION_KEYS,
    Document,
)
from bo_sync.config.yaml_errors import meant, quoted, unknown
from bo_sync.config.yaml_values import Items, Mark, Value, YamlMapping, source
from bo_sync.core.model import (
    ACCESS_WORDS,
    PLATFORM,
    PROFILE_FIELDS,
    ROLES,
    Access,
    Override,
    Problem,
    Role,
    Severity,
    Source,
)
from bo_sync.core.settings import Settings
from bo_sync.core.text import Message, Text

D = TypeVar("D", bound=Document)

_is_domain: Final = re.compile(DOMAIN).fullmatch
_is_protected: Final = re.compile(PROTECTED).fullmatch
_MAPPINGS: Final = frozenset(("TimedSwitch", "TimedAccess", "LimitDocument"))
_NUMBER: Final = "constrained-str"
_BRANCHES: Final = _MAPPINGS | {"bool", _NUMBER}
"""The names that pydantic puts into a location for the branch of a union; literals start with `literal[`."""
_TYPES: Final = {
    "string_type": "text",
    "string_too_short": "text that is not empty",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
_TRUTH: Final = {"on": "true", "yes": "true", "y": "true", "off": "false", "no": "false", "n": "false"}
_NESTED_KEYS: Final = {
    "platform": GRANT_KEYS,
    "modules": GRANT_KEYS,
    "ignore": SUPPRESSION_KEYS,
    "defaults": PROFILE_FIELDS,
    "guardrails": GUARDRAIL_KEYS,
    "match": MATCH_KEYS,
    "except": EXCEPTION_KEYS,
}
_DEEPER_KEYS: Final = {("guardrails", 3): LIMIT_KEYS, ("match", 4): CLAUSE_KEYS}
"""The keys of nested mappings, by the part of the entry and the steps to the key."""
_REQUIRED: Final = {
    ("platform", "access"): "true or false",
    ("modules", "access"): "owner, editor, viewer or none",
    ("ignore", "rule"): "the number of a finding, such as BOS007",
    ("ignore", "reason"): "why it is accepted",
    ("ignore", "until"): EXPECTED[DAY],
    ("except", "email"): "the address of somebody whom the policy does not count",
    ("except", "reason"): "why this is right",
    ("except", "until"): EXPECTED[DAY],
}
"""The expected value of a required key, by the part of the entry."""


class _Detail(TypedDict):
    type: str
    loc: tuple[str | int, ...]
    ctx: dict[str, object]


def admit(model: type[D], entries: YamlMapping, keys: Sequence[str], path: Text) -> tuple[D | None, list[Problem]]:
    """The document, and its problems. `keys` are the model's, in their canonical order.

    With problems, the document holds only what is valid, and `entries` has lost the rest; None if nothing is valid.
    """
    try:
        return model.model_validate(entries), []
    except ValidationError as error:
        details = _details(error)
    problems = [_problem(detail, entries, keys, path) for detail in details if _is_meant(detail, entries)]
    while details:
        wrong = {tuple(_follow(detail["loc"], entries)[0]) for detail in details}
        if not sum([_take_out(steps, entries) for steps in wrong]):
            return None, problems
        try:
            return model.model_validate(entries), problems
        except ValidationError as error:
            details = _details(error)
    return None, problems


def _details(error: ValidationError) -> list[_Detail]:
    return cast("list[_Detail]", error.errors(include_url=False, include_input=False))


def _is_meant(detail: _Detail, entries: YamlMapping) -> bool:
    """Whether an error is about the branch that was written: a mapping's own errors, or the word's, never both."""
    branch = next((part for part in detail["loc"][2:3] if _is_branch(part)), None)
    if branch is None:
        return True
    _, value, _ = _follow(detail["loc"][:2], entries)
    return isinstance(value, YamlMapping) == (branch in _MAPPINGS)


def _is_branch(part: str | int) -> bool:
    return part in _BRANCHES or (isinstance(part, str) and part.startswith("literal["))


def _follow(loc: Sequence[str | int], entries: YamlMapping) -> tuple[list[str | int], Value, Mark]:
    """The steps of `loc` that exist in `entries`, their value, and its position."""
    steps: list[str | int] = []
    value: Value = entries
    at = entries.at
    for index, part in enumerate(loc):
        if index == 2 and _is_branch(part):
            continue
        further = _step(value, part)
        if further is None:
            break
        value, at = further
        steps.append(part)
    return steps, value, at


def _step(value: Value, part: str | int) -> tuple[Value, Mark] | None:
    if isinstance(value, YamlMapping) and isinstance(part, str) and part in value:
        return value[part], value.value_at(part)
    if isinstance(value, Items) and isinstance(part, int) and part < len(value):
        return value[part], value.values_at[part]
    return None


def _problem(detail: _Detail, entries: YamlMapping, keys: Sequence[str], path: Text) -> Problem:
    steps, value, at = _follow(detail["loc"], entries)
    if detail["type"] == "extra_forbidden":
        _, parent, _ = _follow(detail["loc"][:-1], entries)
        word = str(steps[-1])
        at = parent.key_at(word) if isinstance(parent, YamlMapping) else at
        return Problem(source(path, at), unknown("key", word, _keys_beside(steps, keys)))
    if detail["type"] == "missing":
        missing = str(detail["loc"][-1])
        expected = _REQUIRED[str(steps[0]), missing]
        return Problem(source(path, at), Message(f"{_named([*steps, missing])} is missing; expected {expected}"))
    expected = _expected(detail)
    near = _meant(value, expected, detail)
    return Problem(
        source(path, at), Message("{}: found {}; expected {}{}", _named(steps), found(value), expected, near)
    )


def _keys_beside(steps: Sequence[str | int], keys: Sequence[str]) -> Sequence[str]:
    """The keys that are known in the mapping of the last step."""
    if len(steps) == 1:
        return keys
    part = str(steps[0])
    return _DEEPER_KEYS.get((part, len(steps)), _NESTED_KEYS[part])


def _named(steps: Sequence[str | int]) -> str:
    """`modules.pricing`: the steps that are words. Keys may be untrusted, so they are shown harmlessly."""
    return ".".join(str(Text(part[:40])) for part in steps if isinstance(part, str))


def _expected(detail: _Detail) -> str:
    if detail["type"] == "literal_error":
        return str(detail["ctx"]["expected"]).replace("'", "")
    if _NUMBER in detail["loc"]:
        return f"{EXPECTED[COUNT]}, or a mapping of percent, floor and cap"
    if detail["type"] == "string_pattern_mismatch":
        return EXPECTED[str(detail["ctx"]["pattern"])]
    return _TYPES[detail["type"]]


def found(value: Value) -> Message:
    """A value in a message: at most a short piece of untrusted text."""
    match value:
        case None:
            return Message("null")
        case bool():
            return Message("true") if value else Message("false")
        case str():
            return quoted(value)
        case YamlMapping():
            return Message("a mapping")
        case Items():
            return Message("a list")


def _meant(value: Value, expected: str, detail: _Detail) -> str:
    """The most probable meaning, or how to write that nothing is meant."""
    if value is None:
        return "" if detail["loc"] == ("email",) else "; leave the key out instead"
    if isinstance(value, bool) and detail["type"] == "string_type" and _NUMBER not in detail["loc"]:
        return "; for this very word, put it in quotes"
    if not isinstance(value, str):
        return ""
    if detail["type"] == "bool_type":
        return (
            f"; did you mean {_TRUTH[value.lower()]}?" if value.lower() in _TRUTH else meant(value, ("true", "false"))
        )
    if detail.get("ctx", {}).get("pattern") == PROTECTED:
        return _meant_address(value)
    return meant(value, expected.replace(" or ", ", ").split(", ")) if detail["type"] == "literal_error" else ""


def _meant_address(written: str) -> Message:
    """The address or pattern that an entry of `protect` most probably means: without surrounding characters, with @."""
    bare = written[written.find("<") + 1 :].partition(">")[0].strip()
    bare = bare[len("mailto:") :] if bare.lower().startswith("mailto:") else bare
    if bare.startswith("@"):
        bare = f"*{bare}"
    elif "." in bare and _is_domain(bare):
        bare = f"*@{bare}"
    return Message("; did you mean {}?", quoted(bare)) if _is_protected(bare) else Message()


def _take_out(steps: Sequence[str | int], entries: YamlMapping) -> bool:
    """Remove the innermost key among `steps`, with its content; False if there is none to remove."""
    kept = list(steps)
    while kept and not isinstance(kept[-1], str):
        kept.pop()
    if not kept:
        return False
    _, parent, _ = _follow(kept[:-1], entries)
    if isinstance(parent, YamlMapping):
        parent.take_out(str(kept[-1]))
    return True


class Complaints:
    """The problems of one file, in the order in which they are found. `errors` counts those that are errors.

    `is_held`: the entry is about a user who is already in the hub. What the hub accepted is then a warning (`doubt`).
    """

    __slots__ = ("errors", "is_held", "path", "problems")

    def __init__(self, path: Text) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.errors = 0
        self.is_held = False

    def mark(self) -> tuple[int, int]:
        """The number of complaints so far."""
        return len(self.problems), self.errors

    def back_to(self, mark: tuple[int, int]) -> None:
        """Forget complaints since `mark`."""
        problems, self.errors = mark
        del self.problems[problems:]

    def at(self, mark: Mark) -> Source:
        """A mark of this file as a place."""
        return fast_values.source(self.path, mark.line + 1, mark.column + 1)

    def error(self, mark: Mark, message: str) -> None:
        self.errors += 1
        self.problems.append(Problem(self.at(mark), Message(message)))

    def warn(self, mark: Mark, message: str) -> None:
        self.problems.append(Problem(self.at(mark), Message(message), Severity.WARNING))

    def doubt(self, mark: Mark, message: str) -> None:
        """An error, or a warning about a user who is already in the hub."""
        if self.is_held:
            self.warn(mark, message)
        else:
            self.error(mark, message)

    def take(self, problems: list[Problem]) -> None:
        """Problems found elsewhere, all of them errors."""
        self.errors += len(problems)
        self.problems += problems

    def day(self, text: str, entries: YamlMapping, name: str) -> date | None:
        """The value `text` of `until` in `entries`, of the form YYYY-MM-DD, as a day; None, and an error, if none.

        `name` is its name in messages.
        """
        try:
            return date.fromisoformat(text)
        except ValueError:
            mark = entries.value_at("until")
            self.error(mark, Message("{}: found {}; expected a day that exists, as YYYY-MM-DD", name, quoted(text)))
            return None


_is_day: Final = re.compile(DAY).fullmatch


class UnsoundError(Exception):
    """A value does not have the described shape."""


def expect_text(value: Value) -> str:
    """`value`, which must be text."""
    if isinstance(value, str):
        return value
    raise UnsoundError


def expect_day(entries: YamlMapping, name: str, complaints: Complaints) -> date | None:
    """The day under `until`; None, and a complaint that names it `name`, if no calendar has it."""
    written = expect_text(entries["until"])
    if not _is_day(written):
        raise UnsoundError
    return complaints.day(written, entries, name)


SWITCHES: Final[Mapping[bool | str, Access]] = {True: Access.OWNER, False: Access.NONE}
"""The access of a platform area's switch: an area that is on is created as owner."""
LEVELS: Final[Mapping[bool | str, Access]] = dict[bool | str, Access](ACCESS_WORDS.items())
"""The access of a module's word."""
_RANKS: Final = {role: rank for rank, role in enumerate(ROLES)}


def rank(role: Role) -> tuple[int, str]:
    """The sort key of roles: the documented eleven in their order, then added ones by name."""
    return _RANKS.get(role, len(ROLES)), role


@dataclass(frozen=True, slots=True)
class Area:
    """`platform` or `modules`: its roles with their rank, what may be written for them, and the roles of the other."""

    name: str
    roles: Mapping[str, int]
    levels: Mapping[bool | str, Access]
    other: str
    elsewhere: tuple[Role, ...]

    @classmethod
    def of(cls, name: str, roles: Iterable[Role], other: str, elsewhere: Iterable[Role]) -> Self:
        """An area that holds `roles`, beside `other` that holds `elsewhere`."""
        ranks: dict[str, int] = {role: place for place, role in enumerate(sorted(roles, key=rank))}
        return cls(name, ranks, SWITCHES if name == "platform" else LEVELS, other, tuple(elsewhere))

    def rank_of(self, override: Override) -> int:
        """The sort key of overrides of this area."""
        return self.roles[override.role]

    def unknown(self, word: str) -> str:
        """The message for a word that is not a role of this area."""
        if word in self.elsewhere:
            return f"{word} stands under {self.name}; expected it under {self.other}"
        return unknown(f"role under {self.name}", word, self.roles)


@dataclass(frozen=True, slots=True)
class Known:
    """The words that an entry may use: roles by area, the names of presets, the domains (none: any), and the catalogue
    of menu items and operations."""

    platform: Area
    modules: Area
    presets: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    facts: Catalogue = field(default_factory=catalogue)

    @classmethod
    def of(cls, settings: Settings, presets: tuple[str, ...] = ()) -> Self:
        """The words of the whole tree; domains are case-folded."""
        modules = tuple(role for role in settings.roles if role not in PLATFORM)
        return cls(
            Area.of("platform", PLATFORM, "modules", modules),
            Area.of("modules", modules, "platform", PLATFORM),
            presets,
            tuple(domain.folded for domain in settings.email_domains),
            in_use(settings),
        )


def read_presets(names: Value, presets: tuple[str, ...], complaints: Complaints) -> tuple[str, ...]:
    """A list of preset names, each known and given once."""
    if not isinstance(names, Items):
        raise UnsoundError
    seen: list[str] = []
    for written, at in zip(names, names.values_at, strict=True):
        name = expect_text(written)
        if name in seen:
            complaints.error(at, Message("preset {} is listed twice; expected each once", quoted(name)))
            continue
        seen.append(name)
        check_preset(name, at, presets, complaints)
    return tuple(seen)


def check_preset(name: str, at: Mark, presets: tuple[str, ...], complaints: Complaints) -> None:
    """A name must be that of a preset file, even if that file has errors of its own."""
    if name in presets:
        return
    if presets:
        complaints.error(at, unknown("preset", name, map(Text, presets)))
    else:
        complaints.error(at, Message("unknown preset {}; expected a file of that name in presets/", quoted(name)))
