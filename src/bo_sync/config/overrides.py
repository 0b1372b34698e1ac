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
    path, levels, roles = complaints.path, area.levels, area.roles
    last, is_ordered = -1, True
    for (word, grant), at in zip(part.items(), part.keys_at(), strict=True):
        level: Value = grant
        limits = _NO_LIMITS
        if isinstance(grant, Entries):
            level, limits = grant.get("access"), _limits(grant, complaints)
        if not isinstance(level, (str, bool)) or level not in levels:
            raise UnsoundError
        if word not in roles:
            complaints.error(at, area.unknown(word))
            continue
        overrides.append(
            made.override(Role(word), levels[level], made.source(path, at.line + 1, at.column + 1), limits)
        )
        is_ordered = is_ordered and roles[word] > last
        last = roles[word]
    return overrides if is_ordered else sorted(overrides, key=lambda override: roles[override.role])


def _limits(grant: Entries, complaints: Complaints) -> _Limits:
    """The last day and the reason of a grant that is a mapping."""
    if not _GRANT_KEYS.issuperset(grant):
        raise UnsoundError
    until = day(grant, "until", complaints) if "until" in grant else None
    reason = text(grant.get("reason", ""))
    return until, Text(reason) if reason else None


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
