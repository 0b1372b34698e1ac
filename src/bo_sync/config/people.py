"""From one entry of a user file to a `Declaration`.

Most entries are sound, so an entry is built at once from what was read, and the models are asked only when it is not of
the shape that they describe: they then say what is wrong, what is wrong is taken out, and the rest is built after all,
so one run finds everything.

Beside `id` or `state: absent` the person is one whom the hub already holds, so what the hub took (a foreign domain, an
odd address, a long field) is a warning there and an error elsewhere.
"""

import re
from typing import Final, NamedTuple

from bo_sync.config import made
from bo_sync.config.admit import admit, found
from bo_sync.config.complaints import Complaints
from bo_sync.config.documents import ADDRESS, ID, USER_KEYS, UserDocument
from bo_sync.config.known import Known, check_preset, read_presets
from bo_sync.config.overrides import read_ignores, read_overrides
from bo_sync.config.profile import read_profile
from bo_sync.config.shape import UnsoundError, day, text
from bo_sync.config.values import Entries
from bo_sync.config.words import meant, one_of, quoted
from bo_sync.core.model import Declaration, State

_is_address: Final = re.compile(ADDRESS).fullmatch
_is_id: Final = re.compile(ID).fullmatch
_KEYS: Final = frozenset(USER_KEYS)


class Person(NamedTuple):
    """An entry's declaration, and whether the entry is free of errors."""

    declaration: Declaration
    is_sound: bool


def read_person(entries: Entries, known: Known, complaints: Complaints) -> Person | None:
    """What one entry declares; None when it does not even hold an address, which is an error."""
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
    return Person(declaration, complaints.errors == before[1]) if declaration.email.raw else None


def declared(entries: Entries, known: Known, complaints: Complaints) -> Declaration:
    """Raises UnsoundError for what the models refuse; never for what they have admitted."""
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
    until = day(entries, "until", complaints) if "until" in entries else None
    ignore = read_ignores(entries, complaints) if "ignore" in entries else ()
    return made.declaration(who, what, (State.ABSENT if is_absent else State.PRESENT, until, ignore))


_STATE_WORDS: Final = ("present", "absent")


def _id(entries: Entries) -> int:
    written = entries["id"]
    if not isinstance(written, str) or not _is_id(written):
        raise UnsoundError
    return int(written)


def _check_email(email: str, entries: Entries, known: Known, complaints: Complaints) -> None:
    if not email:
        if not entries.had("email"):
            complaints.error(entries.at, "email is missing; expected the person's address")
        elif "email" in entries:
            complaints.error(entries.value_at("email"), 'email: found ""; expected the person\'s address')
    elif not _is_address(email):
        message = f"email: found {quoted(email)}; expected an address in plain ASCII with one @"
        complaints.doubt(entries.value_at("email"), message)
    elif known.domains:
        domain = email.rpartition("@")[2].casefold()
        if domain not in known.domains:
            expected = f"expected {one_of(known.domains)}{meant(domain, known.domains)}"
            message = f"email: the domain {quoted(domain)} is not among email_domains; {expected}"
            complaints.doubt(entries.value_at("email"), message)


def _check_names(entries: Entries, complaints: Complaints) -> None:
    for name in ("first_name", "last_name"):
        if entries.get(name):
            continue
        if not entries.had(name):
            complaints.error(entries.at, f"{name} is missing; expected text, unless `id` or `state: absent` is given")
        elif name in entries:
            written = found(entries[name])
            complaints.error(entries.value_at(name), f"{name}: found {written}; expected text that is not empty")


def _presets(entries: Entries, known: Known, complaints: Complaints) -> tuple[str, ...]:
    several = read_presets(entries["presets"], known.presets, complaints) if "presets" in entries else ()
    if "preset" not in entries:
        return several
    single = text(entries["preset"])
    if "presets" in entries:
        complaints.error(entries.key_at("presets"), "presets beside preset; expected one of the two")
    if single not in known.presets:
        check_preset(single, entries.value_at("preset"), known.presets, complaints)
    return (single,)
