"""The one type for untrusted text.

Anyone who may edit a profile in the hub, name a file or open a pull request writes into our terminal, our comment and
our page. Such text lives in `Text` from the moment it is read. Formatting a `Text` into a sentence makes every unsafe
character visible. The exact characters are only in `.raw`, for comparison, the hub and the JSON and YAML writers. Other
sinks (Markdown, CSV, HTML) have their own escaper on `.raw`.
"""

import re
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Final
from unicodedata import normalize

# Printable to Unicode, yet drawn as nothing: fillers, the braille blank, the grapheme joiner, variation selectors.
_FILLERS: Final = (0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0x2800, 0x034F, 0x180B, 0x180C, 0x180D, 0x180F)
_INVISIBLE: Final = frozenset(map(chr, (*_FILLERS, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))


def visible(raw: str) -> str:
    r"""`raw` with every character that could act, hide or reorder written as an escape such as `\x1b` or `\u202e`.

    What is escaped is what Unicode calls not printable (controls, bidi and zero-width formats, surrogates, private and
    unassigned code points, separators but the plain space) and what is drawn as nothing. Total, and idempotent: what it
    returns is printable, and is returned unchanged.
    """
    if raw.isprintable() and (raw.isascii() or _INVISIBLE.isdisjoint(raw)):
        return raw
    return "".join(_visible_character(character) for character in raw)


def _visible_character(character: str) -> str:
    if character.isprintable() and character not in _INVISIBLE:
        return character
    return ascii(character)[1:-1]


_LOWER: Final = {ord(letter): letter.lower() for letter in ascii_uppercase}
_NO_BREAK: Final = dict.fromkeys((0x00A0, 0x2007, 0x202F), " ")
"""What Unicode calls a space that allows no line break."""
_SPACES: Final = re.compile(" {2,}")
_find_surrogate: Final = re.compile("[\ud800-\udfff]").search


@dataclass(frozen=True, slots=True, order=True)
class Text:
    """Untrusted characters. Printing a `Text` is harmless; `.raw` is what was really written."""

    raw: str

    def __str__(self) -> str:
        return visible(self.raw)

    def __format__(self, specification: str) -> str:
        return format(visible(self.raw), specification)

    @property
    def folded(self) -> str:
        """The key under which addresses and names are compared: A to Z in lower case, then NFC. Never shown.

        Full case folding would make one of two addresses that mail servers, and hubs, keep apart. For the same reason
        the case is folded first: NFC turns `\u212a` into a K, which then stays apart from k.
        """
        return self.raw.lower() if self.raw.isascii() else normalize("NFC", self.raw.translate(_LOWER))

    @property
    def is_writable(self) -> bool:
        """False for a lone surrogate, which neither a file nor a request can hold, and which equals no other text."""
        return _find_surrogate(self.raw) is None


_is_id_name: Final = re.compile(r"id [0-9]{1,18}").fullmatch


def id_name(number: int) -> Text:
    """The name for a user without a usable address. It is not an address, so no other user has it."""
    return Text(f"id {number}")


def is_id_name(name: Text) -> bool:
    """Whether a name is one of `id_name`."""
    return _is_id_name(name.raw) is not None


def normal_form(raw: str) -> str:
    """The form in which profile texts are compared: NFC, no outer white space, each run of spaces as one plain space.

    Hubs store such differences away, so they are no change. What is sent is never this form but what the file says.
    """
    return normalize("NFC", spaces_in_order(raw))


def spaces_in_order(raw: str) -> str:
    """`raw` in normal form except for NFC, which is invisible and which many editors do not write."""
    if raw.isascii() and "  " not in raw:
        return raw.strip()
    return _SPACES.sub(" ", raw.translate(_NO_BREAK).strip())
