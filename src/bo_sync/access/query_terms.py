"""The terms of a question: an operation, a menu item, or `role:level`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, assert_never

from bo_sync.access.capabilities import Powers
from bo_sync.access.catalogue import MenuItem, RoleName
from bo_sync.core.hub_operations import Operation
from bo_sync.core.model import ACCESS_WORDS, PLATFORM, Access, Role
from bo_sync.core.text import Message, Text
from bo_sync.errors import UsageError

_SHOWN: Final = 60
_BELOW: Final = " > "
_ON: Final = ("on", "true", "owner")
_OLDER: Final = " management"
"""Suffix of the older names in the documentation's tables; its sentences omit it."""
_FORMS: Final = 'ask for an operation (orderUpdate), a menu item ("Orders > Carriers") or a role:level (pricing:editor)'

Held = tuple[tuple[Role, Access], ...]
"""Grants that open something together: each role with the least level; VIEWER for an area, which is only on or off."""


@dataclass(frozen=True, slots=True)
class ToRun:
    """Which users can run an operation?"""

    operation: Operation


@dataclass(frozen=True, slots=True)
class ToOpen:
    """Which users see a menu item?"""

    item: MenuItem


@dataclass(frozen=True, slots=True)
class ToHold:
    """Which users have a role at a level or above? A platform area has no levels; then `least` is VIEWER."""

    role: Role
    least: Access


Question = ToRun | ToOpen | ToHold


def spelled(question: Question) -> str:
    """The question's word in our spelling: `orderUpdate`, `Orders > Carriers`, `pricing:editor`, `backoffice:on`."""
    match question:
        case ToRun(operation):
            return operation.name
        case ToOpen(item):
            return item.name
        case ToHold(role, least):
            return _held(role, least)
        case unreachable:
            assert_never(unreachable)


def sufficient(question: Question, powers: Powers) -> tuple[Held, ...]:
    """The sets of grants of which each is enough; empty if no known grant opens what is asked."""
    match question:
        case ToRun(operation):
            ways = operation.ways(powers.names)
            return tuple(((role, Access.VIEWER if role in PLATFORM else least),) for role, least in ways)
        case ToOpen(item):
            return (tuple((role, Access.VIEWER) for role in item.roles),)
        case ToHold(role, least):
            return (((role, least),),)
        case unreachable:
            assert_never(unreachable)


def _held(role: Role, least: Access) -> str:
    return f"{role}:{'on' if role in PLATFORM else least.word}"


def read_question(word: str, powers: Powers, roles: Sequence[Role]) -> Question:
    """The question that `word` asks; `roles` are the existing ones.

    Raises UsageError, with the nearest words, for an unknown or ambiguous word.
    """
    named = _role_names(powers.facts.roles, roles)
    if ":" in word:
        name, _, level = word.rpartition(":")
        role = named.get(_folded(name))
        if role is not None:
            return ToHold(role, _level(role, level))
    letters = _folded(word)
    exact = [question for spelling, question in _spellings(powers) if spelling == word]
    folded = [question for spelling, question in _spellings(powers) if _folded(spelling) == letters]
    match exact or folded:
        case [question]:
            return question
        case []:
            raise _unknown(word, named, powers)
        case several:
            raise _ambiguous(word, several)


def _folded(word: str) -> str:
    return "".join(character for character in word.casefold() if not (character.isspace() or character in "_-"))


def _role_names(documented: Iterable[RoleName], roles: Sequence[Role]) -> dict[str, Role]:
    """Roles by each of their names, folded; our name for one role wins over the documentation's name for another."""
    named = {_folded(role): role for role in roles}
    for entry in documented:
        if entry.role in roles:
            for name in (entry.name, entry.older, entry.older.removesuffix(_OLDER)):
                named.setdefault(_folded(name), entry.role)
    return {name: role for name, role in named.items() if name}


def _level(role: Role, word: str) -> Access:
    level = _folded(word)
    if role in PLATFORM:
        if level in _ON:
            return Access.VIEWER
        raise UsageError(
            Message("{} has no level {}: it is on or off", role, _quoted(word)), hint=Message("ask for {}:on", role)
        )
    access = ACCESS_WORDS.get(level, Access.NONE)
    if access is Access.NONE:
        raise UsageError(
            Message("{} has no level {} to ask for", role, _quoted(word)),
            hint=Message("ask for {}", _listed(_asked(role))),
        )
    return access


def _asked(role: Role) -> tuple[str, ...]:
    """What may be asked about a role."""
    if role in PLATFORM:
        return (_held(role, Access.OWNER),)
    return tuple(_held(role, access) for access in Access if access is not Access.NONE)


def _spellings(powers: Powers) -> Iterator[tuple[str, Question]]:
    """Every word for an operation or an item, with its question. The documentation's page also omits the blanks."""
    for operation in powers.facts.operations:
        yield operation.name, ToRun(operation)
    for item in powers.facts.menu:
        yield item.name, ToOpen(item)
        yield item.name.partition(_BELOW)[2], ToOpen(item)


def _unknown(word: str, named: Mapping[str, Role], powers: Powers) -> UsageError:
    letters = _folded(word)
    role = named.get(letters)
    if role is not None:
        return UsageError(
            Message("{} is a role: say at which level", _quoted(word)),
            hint=Message("ask for {}", _listed(_asked(role))),
        )
    below = [item.name for item in powers.facts.menu if _folded(item.name).startswith(f"{letters}>")]
    if below and letters:
        return UsageError(
            Message("{} is a menu: say which item", _quoted(word)), hint=Message("ask for {}", _listed(below))
        )
    near = _nearest(word, named, powers)
    hint = f"did you mean {_listed(near)}?" if near else f"{_FORMS}."
    newer = "" if {":", ">"} & set(word) else " Newer operations: `bo-sync catalogue refresh`"
    return UsageError(
        Message("unknown question {}: not in the operations table of {}", _quoted(word), powers.facts.taken),
        hint=f"{hint}{newer}",
    )


def _nearest(word: str, named: Mapping[str, Role], powers: Powers) -> tuple[str, ...]:
    known = {_folded(spelling): spelled(question) for spelling, question in _spellings(powers)}
    if ":" in word:
        known = {f"{name}:{asked.rpartition(':')[2]}": asked for name, role in named.items() for asked in _asked(role)}
    near = get_close_matches(_folded(word[:_SHOWN]), known, n=3)
    return tuple(dict.fromkeys(known[match] for match in near))


def _ambiguous(word: str, several: Iterable[Question]) -> UsageError:
    named = [_named(question) for question in several]
    return UsageError(
        Message("{} is more than one thing: {}", _quoted(word), " and ".join(named)), hint="spell the one you mean"
    )


def _named(question: Question) -> str:
    kind = "the menu item" if isinstance(question, ToOpen) else "the operation"
    return f"{kind} {_listed([spelled(question)])}"


def _listed(words: Sequence[str]) -> str:
    """Words as typed into a shell: `a, b or "c > d"`."""
    shown = [f'"{word}"' if " " in word else word for word in words]
    return " or ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _quoted(word: str) -> Message:
    return Message('"{}"', Text(word if len(word) <= _SHOWN else word[: _SHOWN - 1] + "…"))
