"""Profile fields of an entry, or of the settings' `defaults`: normalised, and held against the hub's limits."""

import re
from functools import lru_cache
from typing import Final

from bo_sync.config import made
from bo_sync.config.complaints import Complaints
from bo_sync.config.shape import UnsoundError
from bo_sync.config.values import Entries
from bo_sync.config.words import quoted, size
from bo_sync.core.model import GENDERS, PROFILE_FIELDS, PROFILE_LIMITS, FieldValue, Profile, ProfileField
from bo_sync.core.text import Text

_is_language: Final = re.compile("[A-Z]{2}").fullmatch
_NULL_LOOKALIKES: Final = frozenset(("~", "Null", "NULL"))
_GENDERS: Final = (*GENDERS, None)
_NO_LIMIT: Final = 1 << 30


def read_profile(entries: Entries, complaints: Complaints) -> Profile:
    """The fields that are written in `entries`: `""` and null are None, a language is in upper case."""
    values = []
    for name in PROFILE_FIELDS:
        if name in entries:
            raw = entries[name]
            if raw is not None and not isinstance(raw, str):
                raise UnsoundError
            value = _COMMON[name](name, raw)
            if value is None:
                value = _doubtful(name, entries, complaints)
            values.append(value)
    return tuple(values)


def _sound(name: ProfileField, raw: str | None) -> FieldValue | None:
    """The field when nothing is to be said about it, or None."""
    if name == "gender" and raw not in _GENDERS:
        raise UnsoundError
    if not raw:
        return FieldValue(name, None)
    if name == "language":
        raw = raw.upper()
        return made.field_value(name, raw) if _is_language(raw) else None
    if len(raw) > PROFILE_LIMITS.get(name, _NO_LIMIT) or raw in _NULL_LOOKALIKES:
        return None
    return made.field_value(name, raw)


_remembered: Final = lru_cache(maxsize=1024)(_sound)
# Few genders, languages and jobs serve many people, so their values are made once.
_COMMON: Final = {name: _remembered if name in {"gender", "job", "language"} else _sound for name in PROFILE_FIELDS}


def _doubtful(name: ProfileField, entries: Entries, complaints: Complaints) -> FieldValue:
    """The field all the same, after saying what is wrong with it."""
    raw = str(entries[name])
    at = entries.value_at(name)
    limit = PROFILE_LIMITS.get(name, _NO_LIMIT)
    if name == "language":
        raw = raw.upper()
        complaints.doubt(at, f"language: found {quoted(raw)}; expected two letters (ISO 639-1), such as nl")
    elif len(raw) > limit:
        complaints.doubt(at, f"{name}: found {size(len(raw), 'character')}; expected at most {limit}, the hub's limit")
    else:
        complaints.warn(at, f"{name}: {quoted(raw)} is plain text here; write null to clear the field")
    return FieldValue(name, Text(raw))
