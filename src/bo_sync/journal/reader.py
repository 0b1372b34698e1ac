"""Read the lines of a journal file back."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeVar, get_args

from bo_sync.core.apply_report import Outcome, UserOutcome
from bo_sync.core.changes import Direction, FieldChange
from bo_sync.core.changes_json import FORMAT_VERSION, Json
from bo_sync.core.model import ACCESS_WORDS, PROFILE_FIELDS, Access, FieldValue, Profile, ProfileField, Role
from bo_sync.core.plan import Action
from bo_sync.core.text import Text
from bo_sync.journal.directory import is_run
from bo_sync.journal.records import (
    Before,
    Config,
    End,
    Entry,
    Fate,
    Header,
    Intent,
    JournalAnswer,
    Operation,
    OtherGrant,
    PlannedGrant,
    PlannedUser,
    Previous,
    RowIntent,
    Who,
)

T = TypeVar("T")


class _NoEntryError(Exception):
    """What was read is not spelled as an entry is."""


def parse(line: bytes) -> Entry | None:
    """The entry that a line spells, or None when it spells none. Raises nothing, whatever the bytes."""
    try:
        return _entry(_object(json.loads(line)))
    except (_NoEntryError, ValueError, RecursionError):
        return None


def other_format(journal: bytes) -> int | None:
    """The format version that the first line of a journal states, when it is not the one that is read here."""
    try:
        line = _object(json.loads(journal.partition(b"\n")[0]))
        version = line.number("format_version") if line.get("entry") == "header" else FORMAT_VERSION
    except (_NoEntryError, ValueError, RecursionError):
        return None
    return None if version == FORMAT_VERSION else version


_is_role: Final = re.compile("[a-z0-9_]+").fullmatch
_FIELDS: Final[Mapping[str, ProfileField]] = {name: name for name in PROFILE_FIELDS}
_ACTIONS: Final[Mapping[str, Action]] = {word: word for word in get_args(Action)}
_OPERATIONS: Final[Mapping[str, Operation]] = {word: word for word in get_args(Operation)}
_WRITES: Final[Mapping[str, Literal["create", "update", "delete"]]] = {
    "create": "create",
    "update": "update",
    "delete": "delete",
}
_DIRECTIONS: Final[Mapping[str, Direction]] = {direction.value: direction for direction in Direction}
_OUTCOMES: Final[Mapping[str, Outcome]] = {outcome.value: outcome for outcome in Outcome}
_FATES: Final[Mapping[str, Fate]] = {fate.value: fate for fate in Fate}


@dataclass(frozen=True, slots=True)
class _Object:
    """A JSON object, asked for what an entry must hold. Every question raises _NoEntryError when it does not."""

    held: Mapping[str, Json]

    def get(self, key: str) -> Json:
        if key not in self.held:
            raise _NoEntryError
        return self.held[key]

    def text(self, key: str) -> Text:
        found = self.get(key)
        if not isinstance(found, str):
            raise _NoEntryError
        return Text(found)

    def text_or_none(self, key: str) -> Text | None:
        return None if self.get(key) is None else self.text(key)

    def number(self, key: str) -> int:
        found = self.get(key)
        if isinstance(found, bool) or not isinstance(found, int):
            raise _NoEntryError
        return found

    def number_or_none(self, key: str) -> int | None:
        return None if self.get(key) is None else self.number(key)

    def flag_or_none(self, key: str) -> bool | None:
        found = self.get(key)
        if not isinstance(found, bool | None):
            raise _NoEntryError
        return found

    def word(self, key: str, words: Mapping[str, T]) -> T:
        return _one(self.get(key), words)

    def within(self, key: str) -> "_Object":
        return _object(self.get(key))

    def each(self, key: str, read: "Callable[[_Object], T]") -> tuple[T, ...]:
        found = self.get(key)
        if not isinstance(found, list):
            raise _NoEntryError
        return tuple(read(_object(entry)) for entry in found)


def _object(found: Json) -> _Object:
    if not isinstance(found, dict):
        raise _NoEntryError
    return _Object(found)


def _one(found: Json, words: Mapping[str, T]) -> T:
    if not isinstance(found, str) or found not in words:
        raise _NoEntryError
    return words[found]


def _role(found: str) -> Role:
    if not _is_role(found):
        raise _NoEntryError
    return Role(found)


def _entry(line: _Object) -> Entry:
    match line.get("entry"):
        case "header":
            return _header(line)
        case "intent":
            return _intent(line)
        case "outcome":
            return _answer(line)
        case "end":
            return End(line.text("at"), line.each("outcomes", _outcome))
        case _:
            raise _NoEntryError


def _header(line: _Object) -> Header:
    if line.number("format_version") != FORMAT_VERSION:
        raise _NoEntryError
    who, hub, config, allowed = (line.within(part) for part in ("who", "hub", "config", "allowed"))
    return Header(
        run=line.text("run"),
        version=line.within("tool").text("version"),
        started=line.text("started"),
        who=Who(who.text_or_none("viewer"), who.text("user"), who.text("host")),
        hub=hub.text("url"),
        identity=hub.text("identity"),
        tenant=hub.text_or_none("tenant"),
        config=Config(config.text("digest"), config.text_or_none("commit"), config.flag_or_none("dirty")),
        digest=line.text("digest"),
        allowed=tuple((Text(guardrail), allowed.number(guardrail)) for guardrail in allowed.held),
        users=line.each("users", _user),
        previous=_previous(line),
    )


def _previous(line: _Object) -> Previous | None:
    """None for a missing key too: a journal without it names no run."""
    if line.held.get("previous") is None:
        return None
    previous = line.within("previous")
    run = previous.text("run").raw
    if not is_run(run):
        raise _NoEntryError
    return Previous(run, previous.text("digest"))


def _user(entry: _Object) -> PlannedUser:
    return PlannedUser(
        email=entry.text("email"),
        action=entry.word("action", _ACTIONS),
        id=entry.number_or_none("id"),
        profile=entry.each("profile", _field_change),
        grants=entry.each("grants", _planned_grant),
        before=None if entry.get("before") is None else _before(entry.within("before")),
    )


def _field_change(entry: _Object) -> FieldChange:
    return FieldChange(entry.word("field", _FIELDS), entry.text_or_none("before"), entry.text_or_none("after"))


def _planned_grant(entry: _Object) -> PlannedGrant:
    return PlannedGrant(
        _role(entry.text("role").raw), _access(entry, "before"), _access(entry, "after"), _direction(entry)
    )


def _access(entry: _Object, key: str) -> Access:
    return entry.word(key, ACCESS_WORDS)


def _direction(entry: _Object) -> Direction:
    return entry.word("direction", _DIRECTIONS)


def _before(entry: _Object) -> Before:
    grants = entry.within("grants")
    return Before(
        email=entry.text("email"),
        profile=_profile(entry),
        grants=tuple((_role(role), grants.word(role, ACCESS_WORDS)) for role in grants.held),
        others=entry.each("other_grants", _other_grant),
    )


def _other_grant(entry: _Object) -> OtherGrant:
    return OtherGrant(entry.text("definition"), _access(entry, "access"))


def _profile(entry: _Object) -> Profile:
    return entry.each("profile", lambda field: FieldValue(field.word("field", _FIELDS), field.text_or_none("value")))


def _intent(line: _Object) -> Intent:
    return Intent(
        seq=line.number("seq"),
        at=line.text("at"),
        operation=line.word("operation", _OPERATIONS),
        email=line.text("email"),
        id=line.number_or_none("id"),
        profile=_profile(line),
        rows=line.each("rows", _row),
    )


def _row(entry: _Object) -> RowIntent:
    return RowIntent(
        entry.word("write", _WRITES),
        None if entry.get("role") is None else _role(entry.text("role").raw),
        entry.text_or_none("row"),
        None if entry.get("access") is None else _access(entry, "access"),
    )


def _answer(line: _Object) -> JournalAnswer:
    return JournalAnswer(
        seq=line.number("seq"),
        at=line.text("at"),
        fate=line.word("outcome", _FATES),
        error=line.text_or_none("error"),
        id=line.number_or_none("id"),
    )


def _outcome(entry: _Object) -> UserOutcome:
    error = entry.text_or_none("error")
    return UserOutcome(
        email=entry.text("email"),
        action=entry.word("action", _ACTIONS),
        outcome=entry.word("outcome", _OUTCOMES),
        error=None if error is None else str(error),
    )
