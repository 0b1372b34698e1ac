"""From one entry of a user file to a `Declaration`: what models cannot know, checked where it is needed.

Beside `id` or `state: absent` the person is one whom the hub already holds, so what the hub took (a foreign domain, an
odd address, a long field) is a warning there and an error elsewhere.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from bo_sync.config.admit import admit, found
from bo_sync.config.complaints import Complaints
from bo_sync.config.documents import USER_KEYS, Acceptance, AccessWord, TimedAccess, TimedSwitch, UserDocument
from bo_sync.config.known import LEVELS, Area, Known, check_preset, read_presets
from bo_sync.config.profile import read_profile
from bo_sync.config.values import Entries, Items
from bo_sync.config.words import meant, one_of, quoted
from bo_sync.core.model import (
    Declaration,
    Ignore,
    Override,
    Role,
    Source,
    State,
)
from bo_sync.core.text import Text

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_is_address: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_ATOM}(?:\.{_ATOM})*").fullmatch


_STATES: Final[Mapping[str, State]] = {state.value: state for state in State}
_Grant = bool | AccessWord | TimedSwitch | TimedAccess


class Person(NamedTuple):
    """An entry's declaration, and whether the entry is free of errors."""

    declaration: Declaration
    is_sound: bool


def read_person(entries: Entries, known: Known, complaints: Complaints) -> Person | None:
    """What one entry declares; None when it does not even hold an address, which is an error."""
    before = complaints.errors
    document, problems = admit(UserDocument, entries, USER_KEYS, complaints.path)
    if problems:
        complaints.take(problems)
    if document is None:
        return None
    is_state_broken = "state" not in entries and entries.had("state")
    complaints.is_held = entries.had("id") or document.state == "absent" or is_state_broken
    _check_email(document.email, entries, known, complaints)
    if not complaints.is_held:
        _check_names(entries, complaints)
    declaration = _declaration(document, entries, known, complaints)
    return Person(declaration, complaints.errors == before) if document.email else None


def _declaration(document: UserDocument, entries: Entries, known: Known, complaints: Complaints) -> Declaration:
    return Declaration(
        Text(document.email),
        complaints.at(entries.at),
        int(document.id) if document.id else None,
        read_profile(entries, complaints),
        presets=_presets(entries, known, complaints),
        overrides=_overrides(document, entries, known, complaints),
        state=_STATES[document.state],
        until=complaints.day(document.until, entries, "until") if document.until else None,
        ignore=_ignores(document.ignore, entries.listing("ignore"), complaints) if document.ignore else (),
    )


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
        if not entries.had(name):
            complaints.error(entries.at, f"{name} is missing; expected text, unless `id` or `state: absent` is given")
        elif name in entries and not entries[name]:
            written = found(entries[name])
            complaints.error(entries.value_at(name), f"{name}: found {written}; expected text that is not empty")


def _presets(entries: Entries, known: Known, complaints: Complaints) -> tuple[str, ...]:
    single, several = entries.get("preset"), entries.get("presets")
    if single is not None and several is not None:
        complaints.error(entries.key_at("presets"), "presets beside preset; expected one of the two")
    if isinstance(single, str):
        check_preset(single, entries.value_at("preset"), known.presets, complaints)
        return (single,)
    return read_presets(several, known.presets, complaints) if isinstance(several, Items) else ()


def _overrides(document: UserDocument, entries: Entries, known: Known, complaints: Complaints) -> tuple[Override, ...]:
    overrides: list[Override] = []
    if document.platform:
        overrides += _of_area(known.platform, document.platform, entries.mapping("platform"), complaints)
    if document.modules:
        overrides += _of_area(known.modules, document.modules, entries.mapping("modules"), complaints)
    return tuple(overrides)


def _of_area(area: Area, given: Mapping[str, _Grant], part: Entries, complaints: Complaints) -> list[Override]:
    overrides = []
    path = complaints.path
    for (word, grant), at in zip(given.items(), part.keys_at(), strict=True):
        if word not in area.roles:
            complaints.error(at, area.unknown(word))
            continue
        place = Source(path, at.line + 1, at.column + 1)
        if isinstance(grant, (str, bool)):
            overrides.append(Override(Role(word), LEVELS[grant], place))
        else:
            until = complaints.day(grant.until, part.mapping(word), "until") if grant.until else None
            reason = Text(grant.reason) if grant.reason else None
            overrides.append(Override(Role(word), LEVELS[grant.access], place, until, reason))
    if len(overrides) > 1:
        overrides.sort(key=lambda override: area.roles[override.role])
    return overrides


def _ignores(accepted: Sequence[Acceptance], written: Items, complaints: Complaints) -> tuple[Ignore, ...]:
    ignores = []
    for acceptance, item in zip(accepted, written, strict=True):
        if not isinstance(item, Entries):
            continue
        until = complaints.day(acceptance.until, item, "until")
        if until is not None:
            ignores.append(Ignore(Text(acceptance.rule), Text(acceptance.reason), until, complaints.at(item.at)))
    return tuple(ignores)
