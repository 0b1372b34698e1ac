"""A person's own grants, and the findings that their file accepts."""

from datetime import date
from typing import Final

from bo_sync.config import made
from bo_sync.config.complaints import Complaints
from bo_sync.config.documents import ACCEPTANCE_KEYS, GRANT_KEYS
from bo_sync.config.known import Area, Known
from bo_sync.config.shape import UnsoundError, day, text
from bo_sync.config.values import Entries, Items, Value
from bo_sync.core.model import Ignore, Override, Role
from bo_sync.core.text import Text

_Limits = tuple[date | None, Text | None]
_NO_LIMITS: Final[_Limits] = (None, None)
_GRANT_KEYS: Final = frozenset(GRANT_KEYS)
_ACCEPTANCE_KEYS: Final = frozenset(ACCEPTANCE_KEYS)


def read_overrides(entries: Entries, known: Known, complaints: Complaints) -> tuple[Override, ...]:
    """The entries of `platform` and `modules`, in the order of roles; unknown roles are errors, and left out."""
    overrides: list[Override] = []
    for area in (known.platform, known.modules):
        if area.name in entries:
            overrides += _of_area(area, entries[area.name], complaints)
    return tuple(overrides)


def _of_area(area: Area, part: Value, complaints: Complaints) -> list[Override]:
    if not isinstance(part, Entries):
        raise UnsoundError
    overrides = []
    path, levels, ranks = complaints.path, area.levels, area.roles
    last, is_ordered = -1, True
    for (word, grant), at in zip(part.items(), part.keys_at(), strict=True):
        level, limits = (grant, _NO_LIMITS) if type(grant) is not Entries else _limited(grant, complaints)
        if not isinstance(level, (str, bool)) or level not in levels:
            raise UnsoundError
        rank = ranks.get(word)
        if rank is None:
            complaints.error(at, area.unknown(word))
            continue
        where = made.source(path, at.line + 1, at.column + 1)
        overrides.append(made.override(Role(word), levels[level], where, limits))
        is_ordered = is_ordered and rank > last
        last = rank
    return overrides if is_ordered else sorted(overrides, key=area.rank_of)


def _limited(grant: Entries, complaints: Complaints) -> tuple[Value, _Limits]:
    """The level as it is written, the last day and the reason of a grant that is a mapping."""
    if not _GRANT_KEYS.issuperset(grant):
        raise UnsoundError
    until = day(grant, "until", complaints) if "until" in grant else None
    reason = text(grant.get("reason", ""))
    return grant.get("access"), (until, Text(reason) if reason else None)


def read_ignores(entries: Entries, complaints: Complaints) -> tuple[Ignore, ...]:
    """The findings that are accepted; one whose day does not exist is an error, and left out."""
    listed = entries["ignore"]
    if not isinstance(listed, Items):
        raise UnsoundError
    ignores = []
    for item in listed:
        if not isinstance(item, Entries) or item.keys() != _ACCEPTANCE_KEYS:
            raise UnsoundError
        rule, reason = text(item["rule"]), text(item["reason"])
        if not rule or not reason:
            raise UnsoundError
        until = day(item, "ignore.until", complaints)
        if until is not None:
            ignores.append(Ignore(Text(rule), Text(reason), until, complaints.at(item.at)))
    return tuple(ignores)
