"""Profile fields of an entry, or of the settings' `defaults`: normalised, and held against the hub's limits."""

import re
from typing import Final

from bo_sync.config.complaints import Complaints
from bo_sync.config.words import quoted, size
from bo_sync.config.yaml import Entries
from bo_sync.core.model import PROFILE_FIELDS, PROFILE_LIMITS, FieldValue, Profile, ProfileField
from bo_sync.core.text import Text

_is_language: Final = re.compile("[A-Z]{2}").fullmatch
_NULL_LOOKALIKES: Final = frozenset(("~", "Null", "NULL"))
_NO_LIMIT: Final = 1 << 30
_LIMITS: Final = tuple((name, PROFILE_LIMITS.get(name, _NO_LIMIT)) for name in PROFILE_FIELDS)


def read_profile(entries: Entries, complaints: Complaints) -> Profile:
    """The fields that are written in `entries`: `""` and null are None, a language is in upper case."""
    values = []
    for name, limit in _LIMITS:
        if name not in entries:
            continue
        raw = entries[name]
        if not isinstance(raw, str) or not raw:
            values.append(FieldValue(name, None))
            continue
        if name == "language":
            raw = raw.upper()
        if len(raw) > limit or name == "language" or raw in _NULL_LOOKALIKES:
            _check(name, raw, entries, complaints)
        values.append(FieldValue(name, Text(raw)))
    return tuple(values)


def _check(name: ProfileField, raw: str, entries: Entries, complaints: Complaints) -> None:
    at = entries.values_at[name]
    limit = PROFILE_LIMITS.get(name, _NO_LIMIT)
    if name == "language" and not _is_language(raw):
        complaints.doubt(at, f"language: found {quoted(raw)}; expected two letters (ISO 639-1), such as nl")
    elif len(raw) > limit:
        complaints.doubt(at, f"{name}: found {size(len(raw), 'character')}; expected at most {limit}, the hub's limit")
    elif raw in _NULL_LOOKALIKES:
        complaints.warn(at, f"{name}: {quoted(raw)} is plain text here; write null to clear the field")
