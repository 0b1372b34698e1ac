"""The changes of a saved plan, read strictly: a value of another shape raises StalePlanError."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Final, NoReturn

from bo_sync.access.capabilities import Powers, parts, powers
from bo_sync.core.changes import (
    Change,
    CreateUser,
    DeleteUser,
    Direction,
    Effect,
    FieldChange,
    GrantChange,
    LostGrant,
    RemoveDuplicate,
    RevokeGrant,
    SetGrant,
    Shift,
    UpdateUser,
)
from bo_sync.core.changes_json import Json
from bo_sync.core.hub_operations import is_operation_name
from bo_sync.core.model import ACCESS_WORDS, PROFILE_FIELDS, Access, FieldValue, ProfileField, Role, Source
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text
from bo_sync.errors import StalePlanError
from bo_sync.render.json import CAUSES


def refuse(message: str) -> NoReturn:
    """Raises StalePlanError, and says what to do."""
    raise StalePlanError(message, hint="make a new one with plan --out FILE, and have that one reviewed")


def parsed(text: str) -> Json:
    """The JSON in `text`."""
    try:
        found: Json = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_no_number)
    except (ValueError, RecursionError) as err:
        raise StalePlanError(
            f"the saved plan is not the JSON of a plan: {_reason(err)}", hint="make a new one with plan --out FILE"
        ) from err
    return found


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}"
    return "absurdly nested" if isinstance(error, RecursionError) else str(Text(str(error)[:80]))


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """An object whose keys are each there once, so that two readers cannot see two plans in one file."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _no_number(number: str) -> NoReturn:
    raise ValueError(f"{number} is no whole number")


def entry_of(holder: Mapping[str, Json], key: str) -> Json:
    """What stands under a key that must be there."""
    if key not in holder:
        refuse(f"the saved plan lacks `{key}`")
    return holder[key]


def object_of(found: Json, what: str) -> dict[str, Json]:
    """`found` as an object; `what` names it in a complaint."""
    return found if isinstance(found, dict) else refuse(f"{what} is not a JSON object")


def words_of(holder: Mapping[str, Json], key: str) -> tuple[str, ...]:
    """The strings in a list that must be there."""
    found = list_of(holder, key)
    return tuple(
        word if isinstance(word, str) else refuse(f"`{key}` of the saved plan holds no string") for word in found
    )


def exactly(found: Json, keys: frozenset[str]) -> dict[str, Json]:
    """An object with just these keys: whatever the digest covers is read, and nothing else hides in it."""
    entry = object_of(found, "a profile field or a grant")
    if entry.keys() != keys:
        refuse(f"an entry of the saved plan has other keys than {', '.join(sorted(keys))}")
    return entry


def list_of(holder: Mapping[str, Json], key: str) -> list[Json]:
    """A list under a key."""
    found = entry_of(holder, key)
    return found if isinstance(found, list) else refuse(f"`{key}` of the saved plan is not a list")


def objects_of(holder: Mapping[str, Json], key: str) -> list[dict[str, Json]]:
    """A list of objects under a key."""
    return [object_of(found, f"an entry of `{key}`") for found in list_of(holder, key)]


def text_of(holder: Mapping[str, Json], key: str) -> str:
    """A string under a key."""
    found = entry_of(holder, key)
    return found if isinstance(found, str) else refuse(f"`{key}` of the saved plan is not text")


def maybe_text_of(holder: Mapping[str, Json], key: str) -> Text | None:
    """Somebody else's text under a key, or null."""
    return None if entry_of(holder, key) is None else Text(text_of(holder, key))


def word_of(holder: Mapping[str, Json], key: str, words: frozenset[str]) -> str:
    """One of some words under a key."""
    found = text_of(holder, key)
    return found if found in words else refuse(f"`{key}` of the saved plan is none of {', '.join(sorted(words))}")


def name_of(holder: Mapping[str, Json], key: str, form: re.Pattern[str]) -> str:
    """A name of ours under a key: it has the form that all of its kind have, so that it is safe to print."""
    found = text_of(holder, key)
    return found if form.fullmatch(found) else refuse(f"`{key}` of the saved plan is not spelled as bo-sync spells it")


def number_of(holder: Mapping[str, Json], key: str) -> int:
    """A whole number under a key."""
    found = maybe_number_of(holder, key)
    return found if found is not None else refuse(f"`{key}` of the saved plan is null")


def maybe_number_of(holder: Mapping[str, Json], key: str) -> int | None:
    """A whole number under a key, or null."""
    found = entry_of(holder, key)
    if isinstance(found, bool) or not isinstance(found, int | None):
        refuse(f"`{key}` of the saved plan is neither a whole number nor null")
    return found


def flag_of(holder: Mapping[str, Json], key: str) -> bool:
    """True or false under a key."""
    found = entry_of(holder, key)
    return found if isinstance(found, bool) else refuse(f"`{key}` of the saved plan is neither true nor false")


_ROLE: Final = re.compile(r"[a-z0-9_]{1,100}")
_PLACE: Final = re.compile(r"(.*):([0-9]{1,9})", re.DOTALL)
_FIELDS: Final[dict[str, ProfileField]] = {field: field for field in PROFILE_FIELDS}
_DIRECTIONS: Final = frozenset(direction.value for direction in Direction)
_CAUSES: Final = {word: cause for cause, word in CAUSES.items()}


def source_of(found: Mapping[str, Json]) -> Source | None:
    """A file and a line in it, or null."""
    text = maybe_text_of(found, "source")
    if text is None:
        return None
    place = _PLACE.fullmatch(text.raw)
    return Source(Text(place[1]), int(place[2])) if place else refuse("`source` of the saved plan is no file and line")


def a_source_of(found: Mapping[str, Json]) -> Source:
    return source_of(found) or refuse("`source` of the saved plan is null where a file must stand")


def read_change(entry: Mapping[str, Json]) -> Change:
    """One entry of `changes`. Ids of definitions and rows are empty, except of duplicates; the hub's spelling is
    the file's."""
    email = Text(text_of(entry, "email"))
    match text_of(entry, "action"):
        case "create":
            values = tuple(FieldValue(field.field, field.after) for field in _fields(entry))
            grants = tuple(_added(grant) for grant in _grants(entry))
            return CreateUser(email, a_source_of(entry), values, grants)
        case "update":
            fields, grants_changed = tuple(_fields(entry)), tuple(_grants(entry))
            return UpdateUser(email, a_source_of(entry), number_of(entry, "id"), email, fields, grants_changed)
        case _:
            cause = _CAUSES[word_of(entry, "cause", frozenset(_CAUSES))]
            return DeleteUser(email, source_of(entry), number_of(entry, "id"), email, cause, tuple(_lost(entry)))


def _fields(entry: Mapping[str, Json]) -> Iterator[FieldChange]:
    for found in objects_of(entry, "profile"):
        field = _FIELDS[word_of(found, "field", frozenset(_FIELDS))]
        yield FieldChange(field, maybe_text_of(found, "before"), maybe_text_of(found, "after"))


def _grants(entry: Mapping[str, Json]) -> Iterator[GrantChange]:
    ended = {_role(found): _day(found) for found in objects_of(entry, "expired")}
    places = {_role(found): a_source_of(found) for found in objects_of(entry, "places")}
    rows = iter(words_of(entry, "duplicates"))
    for found in objects_of(entry, "grants"):
        role, before, after = _role(found), _access(found, "before"), _access(found, "after")
        match Direction(word_of(found, "direction", _DIRECTIONS)):
            case Direction.DUPLICATE:
                yield RemoveDuplicate(role, before, after, next(rows, ""))
            case Direction.REVOKED:
                yield RevokeGrant(role, before, "", expired=ended.get(role), source=places.get(role))
            case Direction.ADDED | Direction.RAISED | Direction.LOWERED:
                yield SetGrant(role, before, after, "", expired=ended.get(role), source=places.get(role))


def _added(grant: GrantChange) -> SetGrant:
    return grant if isinstance(grant, SetGrant) else refuse("the saved plan takes access from somebody it creates")


def _lost(entry: Mapping[str, Json]) -> Iterator[LostGrant]:
    for found in objects_of(entry, "grants"):
        yield LostGrant(_role(found), _access(found, "before"), _access(found, "after"))


def _role(found: Mapping[str, Json]) -> Role:
    return Role(name_of(found, "role", _ROLE))


def _access(found: Mapping[str, Json], key: str) -> Access:
    return ACCESS_WORDS[word_of(found, key, frozenset(ACCESS_WORDS))]


def _day(found: Mapping[str, Json]) -> date:
    try:
        return date.fromisoformat(text_of(found, "until"))
    except ValueError:
        refuse("`until` of the saved plan is no day")


@cache
def _known() -> Powers:
    """The built-in catalogue. The plan may name more operations: those that a repository's own table added."""
    return powers(Settings())


def read_effects(changes: Iterable[tuple[Change, Mapping[str, Json]]]) -> Iterator[tuple[str, Effect]]:
    """By folded address; `changes` are each read change with its entry."""
    known = _known()
    for change, entry in changes:
        whole, unknown = _shift(entry), number_of(object_of(entry_of(entry, "operations"), "it"), "unknown")
        if unknown or not whole.is_nothing:
            edits = [grant for grant in change.grants if not isinstance(grant, RemoveDuplicate)]
            before = {grant.role: grant.before for grant in edits}
            after = {grant.role: grant.after for grant in edits}
            yield change.email.folded, Effect(whole, parts(whole, before, after, known), unknown)


def _shift(entry: Mapping[str, Json]) -> Shift:
    menu, operations = (object_of(entry_of(entry, key), f"`{key}`") for key in ("menu", "operations"))
    items = frozenset(item.name for item in _known().facts.menu)
    return Shift(
        _words(menu, "opened", items.__contains__),
        _words(menu, "closed", items.__contains__),
        _words(operations, "gained", is_operation_name),
        _words(operations, "lost", is_operation_name),
    )


def _words(holder: Mapping[str, Json], key: str, is_name: Callable[[str], object]) -> tuple[str, ...]:
    found = entry_of(holder, key)
    if not isinstance(found, list):
        refuse(f"`{key}` of the saved plan is not a list")
    named = tuple(word for word in found if isinstance(word, str) and is_name(word))
    if len(named) != len(found):
        refuse(f"`{key}` of the saved plan names what the catalogue of this bo-sync does not have")
    return named
