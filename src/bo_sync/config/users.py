"""From one entry of a user file to a `Declaration`: profile, overrides and suppressed findings.

With `id` or `state: absent` the hub already has the user, so what the hub accepted (a foreign domain, an odd address, a
long field) is a warning, and an error elsewhere.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from bo_sync.config import fast_values
from bo_sync.config.documents import ADDRESS, GRANT_KEYS, ID, SUPPRESSION_KEYS, USER_KEYS, UserDocument
from bo_sync.config.validation import (
    Area,
    Complaints,
    Known,
    UnsoundError,
    admit,
    check_preset,
    expect_day,
    expect_text,
    found,
    read_presets,
)
from bo_sync.config.yaml_errors import meant, one_of, quoted, size
from bo_sync.config.yaml_values import NULL_LOOKALIKES, Items, Value, YamlMapping
from bo_sync.core.model import (
    GENDERS,
    PROFILE_FIELDS,
    PROFILE_LIMITS,
    Declaration,
    FieldValue,
    Ignore,
    Override,
    Profile,
    ProfileField,
    Role,
    State,
    language_form,
)
from bo_sync.core.text import Message, Text, spaces_in_order

_Limits = tuple[date | None, Text | None]
_NO_LIMITS: Final[_Limits] = (None, None)
_GRANT_KEYS: Final = frozenset(GRANT_KEYS)
_SUPPRESSION_KEYS: Final = frozenset(SUPPRESSION_KEYS)


def read_overrides(entries: YamlMapping, known: Known, complaints: Complaints) -> tuple[Override, ...]:
    """The entries of `platform` and `modules`, in the order of roles; unknown roles are errors, and left out."""
    overrides: list[Override] = []
    for area in (known.platform, known.modules):
        if area.name in entries:
            overrides += _of_area(area, entries[area.name], complaints)
    return tuple(overrides)


def _of_area(area: Area, part: Value, complaints: Complaints) -> list[Override]:
    if not isinstance(part, YamlMapping):
        raise UnsoundError
    overrides = []
    path, levels, ranks = complaints.path, area.levels, area.roles
    last, is_ordered = -1, True
    for (word, grant), at in zip(part.items(), part.keys_at(), strict=True):
        level, limits = (grant, _NO_LIMITS) if type(grant) is not YamlMapping else _limited(grant, complaints)
        if not isinstance(level, (str, bool)) or level not in levels:
            raise UnsoundError
        rank = ranks.get(word)
        if rank is None:
            complaints.error(at, area.unknown(word))
            continue
        where = fast_values.source(path, at.line + 1, at.column + 1)
        overrides.append(fast_values.override(Role(word), levels[level], where, limits))
        is_ordered = is_ordered and rank > last
        last = rank
    return overrides if is_ordered else sorted(overrides, key=area.rank_of)


def _limited(grant: YamlMapping, complaints: Complaints) -> tuple[Value, _Limits]:
    """The written level, the last day and the reason of a grant that is a mapping."""
    if not _GRANT_KEYS.issuperset(grant):
        raise UnsoundError
    until = expect_day(grant, "until", complaints) if "until" in grant else None
    reason = expect_text(grant.get("reason", ""))
    return grant.get("access"), (until, Text(reason) if reason else None)


def read_ignores(entries: YamlMapping, complaints: Complaints) -> tuple[Ignore, ...]:
    """The suppressed findings; one whose day does not exist is an error, and left out."""
    listed = entries["ignore"]
    if not isinstance(listed, Items):
        raise UnsoundError
    ignores = []
    for item in listed:
        if not isinstance(item, YamlMapping) or item.keys() != _SUPPRESSION_KEYS:
            raise UnsoundError
        rule, reason = expect_text(item["rule"]), expect_text(item["reason"])
        if not rule or not reason:
            raise UnsoundError
        until = expect_day(item, "ignore.until", complaints)
        if until is not None:
            ignores.append(Ignore(Text(rule), Text(reason), until, complaints.at(item.at)))
    return tuple(ignores)


_is_language: Final = re.compile("[A-Za-z]{2}").fullmatch
_GENDERS: Final = (*GENDERS, None)


def read_profile(entries: YamlMapping, complaints: Complaints) -> Profile:
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
    """A text field that is valid as it is, or None."""
    if not raw:
        return FieldValue(name, None)
    if name != "phone" and raw != spaces_in_order(raw):
        return None
    return None if len(raw) > PROFILE_LIMITS[name] or raw in NULL_LOOKALIKES else fast_values.field_value(name, raw)


def _gender(name: ProfileField, raw: str | None) -> FieldValue:
    if raw not in _GENDERS:
        raise UnsoundError
    return FieldValue(name, None if raw is None else Text(raw))


def _language(name: ProfileField, raw: str | None) -> FieldValue | None:
    if not raw:
        return FieldValue(name, None)
    return FieldValue(name, Text(language_form(raw))) if _is_language(raw) else None


_Sound = Callable[[ProfileField, str | None], FieldValue | None]
# Few genders, jobs and languages serve many users, so their values are made once.
_OFTEN: Final[dict[ProfileField, _Sound]] = {
    "gender": lru_cache(_gender),
    "job": lru_cache(maxsize=1024)(_plain),
    "language": lru_cache(maxsize=1024)(_language),
}
_SOUND: Final = tuple((name, _OFTEN.get(name, _plain)) for name in PROFILE_FIELDS)


def _doubtful(name: ProfileField, entries: YamlMapping, complaints: Complaints) -> FieldValue:
    """The field in any case, after its problems are reported."""
    raw = str(entries[name])
    at = entries.value_at(name)
    limit = PROFILE_LIMITS[name]
    if name != "phone" and raw != spaces_in_order(raw):
        _odd_spaces(name, entries, complaints)
    elif name == "language":
        complaints.doubt(at, Message("language: found {}; expected two letters (ISO 639-1), such as nl", quoted(raw)))
        raw = language_form(raw)
    elif len(raw) > limit:
        complaints.doubt(at, f"{name}: found {size(len(raw), 'character')}; expected at most {limit}, the hub's limit")
    elif name not in entries.quoted:
        told = Message(
            "{}: {} is plain text here; write null to clear the field, or put the text in quotes", name, quoted(raw)
        )
        complaints.warn(at, told)
    return FieldValue(name, Text(raw))


def _odd_spaces(name: ProfileField, entries: YamlMapping, complaints: Complaints) -> None:
    """An error also with `id`: hubs store such spaces away, so no live value ever needs them."""
    raw, at = str(entries[name]), entries.value_at(name)
    normal = spaces_in_order(raw)
    expected = Message("{}, with single plain spaces", quoted(normal)) if normal else "text that is not empty"
    complaints.error(at, Message("{}: found {}; expected {}", name, quoted(raw), expected))


_is_address: Final = re.compile(ADDRESS).fullmatch
_is_id: Final = re.compile(ID).fullmatch
_KEYS: Final = frozenset(USER_KEYS)


class ReadUser(NamedTuple):
    """An entry's declaration, and whether the entry is free of errors."""

    declaration: Declaration
    is_sound: bool


def read_user(entries: YamlMapping, known: Known, complaints: Complaints) -> ReadUser | None:
    """What one entry declares; None if it does not hold an address, which is an error."""
    before = complaints.mark()
    try:
        declaration = declared(entries, known, complaints)
    except UnsoundError:
        complaints.back_to(before)
        document, problems = admit(UserDocument, entries, USER_KEYS, complaints.path)
        complaints.take(problems)
        if document is None:
            return None
        declaration = declared(entries, known, complaints)
    return ReadUser(declaration, complaints.errors == before[1]) if declaration.email.raw else None


def declared(entries: YamlMapping, known: Known, complaints: Complaints) -> Declaration:
    """Raises UnsoundError for what the models reject; never for what they accepted."""
    email, state = entries.get("email", ""), entries.get("state", "present")
    if not isinstance(email, str) or state not in _STATE_WORDS or not _KEYS.issuperset(entries):
        raise UnsoundError
    is_absent = state == "absent"
    complaints.is_held = is_absent or entries.had("id") or (entries.had("state") and "state" not in entries)
    _check_email(email, entries, known, complaints)
    if not complaints.is_held:
        _check_names(entries, complaints)
    who = email, complaints.at(entries.at), _id(entries) if "id" in entries else None
    what = (
        read_profile(entries, complaints),
        _presets(entries, known, complaints),
        read_overrides(entries, known, complaints),
    )
    until = expect_day(entries, "until", complaints) if "until" in entries else None
    ignore = read_ignores(entries, complaints) if "ignore" in entries else ()
    return fast_values.declaration(who, what, (State.ABSENT if is_absent else State.PRESENT, until, ignore))


_STATE_WORDS: Final = ("present", "absent")


def _id(entries: YamlMapping) -> int:
    written = entries["id"]
    if not isinstance(written, str) or not _is_id(written):
        raise UnsoundError
    return int(written)


def _check_email(email: str, entries: YamlMapping, known: Known, complaints: Complaints) -> None:
    if not email:
        if not entries.had("email"):
            complaints.error(entries.at, "email is missing; expected the person's address")
        elif "email" in entries:
            complaints.error(entries.value_at("email"), 'email: found ""; expected the person\'s address')
    elif not _is_address(email):
        message = Message("email: found {}; expected an address in plain ASCII with one @", quoted(email))
        complaints.doubt(entries.value_at("email"), message)
    elif known.domains:
        domain = email.rpartition("@")[2].casefold()
        if domain not in known.domains:
            allowed = [Text(each) for each in known.domains]
            other = Message("email: the domain {} is not among email_domains", quoted(domain))
            message = Message("{}; expected {}{}", other, one_of(allowed), meant(domain, allowed))
            complaints.doubt(entries.value_at("email"), message)


def _check_names(entries: YamlMapping, complaints: Complaints) -> None:
    for name in ("first_name", "last_name"):
        if entries.get(name):
            continue
        if not entries.had(name):
            complaints.error(entries.at, f"{name} is missing; expected text, unless `id` or `state: absent` is given")
        elif name in entries:
            written = found(entries[name])
            complaints.error(
                entries.value_at(name), Message("{}: found {}; expected text that is not empty", name, written)
            )


def _presets(entries: YamlMapping, known: Known, complaints: Complaints) -> tuple[str, ...]:
    several = read_presets(entries["presets"], known.presets, complaints) if "presets" in entries else ()
    if "preset" not in entries:
        return several
    single = expect_text(entries["preset"])
    if "presets" in entries:
        complaints.error(entries.key_at("presets"), "presets beside preset; expected one of the two")
    if single not in known.presets:
        check_preset(single, entries.value_at("preset"), known.presets, complaints)
    return (single,)
