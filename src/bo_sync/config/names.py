"""Which file a person is written to: readable, the same every time, and a name that every system takes."""

import re
from collections.abc import Container, Iterable
from hashlib import sha256
from typing import Final

SUFFIX: Final = ".yaml"
_LONGEST: Final = 120
_not_kept: Final = re.compile(r"[^a-z0-9._@+-]")
_is_reserved: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?").fullmatch


def file_name(email: str, used: Container[str] = ()) -> str:
    """The name of the file for `email`: the address in lower case, anything but `[a-z0-9._@+-]` as `-`, and `.yaml`.

    Six hexadecimal digits of the address's hash are added when the plain name would not do: one that Windows keeps for
    itself, one that the loader would skip (a leading `.` or `_`), one too long, or one of `used`, which is a set of
    `compared` names.
    """
    folded = email.lower()
    plain = _not_kept.sub("-", folded)
    if plain[:1] not in ("", ".", "_") and not _is_reserved(plain) and len(plain) <= _LONGEST and plain[-1] != ".":
        name = plain + SUFFIX
        if name not in used:
            return name
    digits = sha256(folded.encode("utf-8", "surrogatepass")).hexdigest()
    stem = plain.lstrip("._").rstrip(".")[:_LONGEST] or "person"
    return next(
        name for length in range(6, len(digits) + 1) if (name := f"{stem}-{digits[:length]}{SUFFIX}") not in used
    )


def compared(names: Iterable[str]) -> set[str]:
    """File names as case-blind file systems compare them. What `file_name` returns is in this form."""
    return {name.lower() for name in names}
