"""Profile fields of an entry, or of the settings' `defaults`: normalised, and held against the hub's limits."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from bo_sync.config import made
from bo_sync.config.complaints import Complaints
from bo_sync.config.shape import UnsoundError
from bo_sync.config.values import NULL_LOOKALIKES, Entries
from bo_sync.config.words import quoted, size
from bo_sync.core.model import GENDERS, PROFILE_FIELDS, PROFILE_LIMITS, FieldValue, Profile, ProfileField, language_form
from bo_sync.core.text import Text, spaces_in_order

_is_language: Final = re.compile("[A-Za-z]{2}").fullmatch
_GENDERS: Final = (*GENDERS, None)


def read_profile(entries: Entries, complaints: Complaints) -> Profile:
    """The fields that are written in `entries`: `""` and null are None, a language is in upper case."""
    values = []
    for name, sound in _SOUND:
        if name in entries:
            raw = entries[name]
            if raw is not None and not isinstance(raw, str):
                raise UnsoundError
            values.append(sound(name, raw) or _doubtful(name, entries, complaints))
    return tuple(values)


def _plain(name: ProfileField, raw: str | None) -> FieldValue | None:
    """A field of text when nothing is to be said about it, or None."""
    if not raw:
        return FieldValue(name, None)
    if name != "phone" and raw != spaces_in_order(raw):
        return None
    return None if len(raw) > PROFILE_LIMITS[name] or raw in NULL_LOOKALIKES else made.field_value(name, raw)


def _gender(name: ProfileField, raw: str | None) -> FieldValue:
    if raw not in _GENDERS:
        raise UnsoundError
    return FieldValue(name, None if raw is None else Text(raw))


def _language(name: ProfileField, raw: str | None) -> FieldValue | None:
    if not raw:
        return FieldValue(name, None)
    return FieldValue(name, Text(language_form(raw))) if _is_language(raw) else None


_Sound = Callable[[ProfileField, str | None], FieldValue | None]
# Few genders, jobs and languages serve many people, so their values are made once.
_OFTEN: Final[dict[ProfileField, _Sound]] = {
    "gender": lru_cache(_gender),
    "job": lru_cache(maxsize=1024)(_plain),
    "language": lru_cache(maxsize=1024)(_language),
}
_SOUND: Final = tuple((name, _OFTEN.get(name, _plain)) for name in PROFILE_FIELDS)


def _doubtful(name: ProfileField, entries: Entries, complaints: Complaints) -> FieldValue:
    """The field all the same, after saying what is wrong with it."""
    raw = str(entries[name])
    at = entries.value_at(name)
    limit = PROFILE_LIMITS[name]
    if name != "phone" and raw != spaces_in_order(raw):
        _odd_spaces(name, entries, complaints)
    elif name == "language":
        complaints.doubt(at, f"language: found {quoted(raw)}; expected two letters (ISO 639-1), such as nl")
        raw = language_form(raw)
    elif len(raw) > limit:
        complaints.doubt(at, f"{name}: found {size(len(raw), 'character')}; expected at most {limit}, the hub's limit")
    elif name not in entries.quoted:
        told = f"{name}: {quoted(raw)} is plain text here; write null to clear the field, or put the text in quotes"
        complaints.warn(at, told)
    return FieldValue(name, Text(raw))


def _odd_spaces(name: ProfileField, entries: Entries, complaints: Complaints) -> None:
    """An error also beside `id`: hubs store such spaces away, so no live value ever needs them."""
    raw, at = str(entries[name]), entries.value_at(name)
    normal = spaces_in_order(raw)
    expected = f"{quoted(normal)}, with single plain spaces" if normal else "text that is not empty"
    complaints.error(at, f"{name}: found {quoted(raw)}; expected {expected}")
