"""Declarations as YAML in the canonical form: what the loader reads back is the value that was written.

Only what says something is written: no defaults, no empty parts. Text is plain where our reader, and a person, cannot
take it for anything else; otherwise it stands in double quotes with everything unprintable escaped.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from bo_sync.config.known import rank
from bo_sync.core.model import (
    PLATFORM,
    Access,
    Declaration,
    FieldValue,
    Ignore,
    Override,
    ProfileField,
    Role,
    State,
)

PROFILE_ORDER: Final[tuple[ProfileField, ...]] = (
    "first_name",
    "last_name",
    "middle_name",
    "gender",
    "phone",
    "job",
    "language",
)
"""The order of profile fields in a file, names first; the backoffice's form has another."""

_may_be_plain: Final = re.compile(r"[^\W_][^:#\[\]{},]*|\+[0-9][0-9 ()/.-]*", re.UNICODE).fullmatch
_SPECIAL: Final = frozenset(("null", "true", "false", "Null", "NULL"))
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LANGUAGE: Final = re.compile("[A-Z]{2}")


def dump_user(declaration: Declaration) -> str:
    """One person's file: loading it gives `declaration` again. Ends with a line break."""
    return _lines(_user(declaration))


def scalar(raw: str) -> str:
    """`raw` as one YAML scalar that reads back as the same text, in any place.

    Lone surrogates, which no file can hold, become U+FFFD.
    """
    if _may_be_plain(raw) and raw.isprintable() and not raw.endswith(" ") and raw not in _SPECIAL:
        return raw
    return '"' + "".join(map(_escaped, raw)) + '"'


def word(role: Role, access: Access) -> str:
    """A grant's value: true or false for a platform area, the level's word for a module."""
    if role in PLATFORM:
        return "false" if access is Access.NONE else "true"
    return access.word


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _user(declaration: Declaration) -> list[str]:
    lines = [f"email: {scalar(declaration.email.raw)}"]
    if declaration.id is not None:
        lines.append(f"id: {declaration.id}")
    fields = {entry.field: entry for entry in declaration.profile}
    lines += [_profile_line(fields[name]) for name in PROFILE_ORDER if name in fields]
    if len(declaration.presets) == 1:
        lines.append(f"preset: {scalar(declaration.presets[0])}")
    elif declaration.presets:
        lines.append(f"presets: {_list(declaration.presets)}")
    own = sorted(declaration.overrides, key=lambda override: rank(override.role))
    lines += _part("platform", (line for entry in own if entry.role in PLATFORM for line in _override(entry)))
    lines += _part("modules", (line for entry in own if entry.role not in PLATFORM for line in _override(entry)))
    if declaration.state is State.ABSENT:
        lines.append("state: absent")
    if declaration.until is not None:
        lines.append(f"until: {declaration.until.isoformat()}")
    lines += _part("ignore", (line for accepted in declaration.ignore for line in _ignore(accepted)))
    return lines


def profile_value(entry: FieldValue) -> str:
    """A field's value as YAML: null when it is cleared, a language in lower case."""
    if entry.value is None:
        return "null"
    raw = entry.value.raw
    return scalar(raw.lower() if entry.field == "language" and _LANGUAGE.fullmatch(raw) else raw)


def _profile_line(entry: FieldValue) -> str:
    return f"{entry.field}: {profile_value(entry)}"


def _override(entry: Override) -> list[str]:
    value = word(entry.role, entry.access)
    if entry.until is None and entry.reason is None:
        return [f"  {entry.role}: {value}"]
    lines = [f"  {entry.role}:", f"    access: {value}"]
    if entry.until is not None:
        lines.append(f"    until: {entry.until.isoformat()}")
    if entry.reason is not None:
        lines.append(f"    reason: {scalar(entry.reason.raw)}")
    return lines


def _ignore(accepted: Ignore) -> list[str]:
    return [
        f"  - rule: {scalar(accepted.rule.raw)}",
        f"    reason: {scalar(accepted.reason.raw)}",
        f"    until: {accepted.until.isoformat()}",
    ]


def _part(key: str, lines: Iterable[str]) -> list[str]:
    """A key with what stands indented under it, or nothing when there is nothing."""
    inner = list(lines)
    return [f"{key}:", *inner] if inner else []


def _list(names: Sequence[str]) -> str:
    return "[" + ", ".join(map(scalar, names)) + "]"


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"
