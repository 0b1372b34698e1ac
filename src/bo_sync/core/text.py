"""Untrusted text, and our sentences about it.

Anyone who may edit a profile in the hub, name a file or open a pull request writes into our terminal, our comment and
our page. Such text lives in `Text` from the moment it is read. Printing a `Text` makes every unsafe character visible.
The exact characters are only in `.raw`, for comparison, the hub and the JSON and YAML writers. Other sinks (Markdown,
CSV, HTML) have their own escaper on `.raw`.

A `Message` is a sentence that keeps its texts apart from our words, so `--redact` can replace them without a search.
For that reason neither can be formatted into a string (`f"{text}"`): it would forget what is whose.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from string import ascii_uppercase
from typing import Final, Self
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
        return str(raw)  # not a `Message`
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


_FORMATTED: Final = "a Text or Message in an f-string would forget what is whose: use Message, or str() for output"


@dataclass(frozen=True, slots=True, order=True)
class Text:
    """Untrusted characters. Printing a `Text` is harmless; `.raw` is what was really written."""

    raw: str

    def __str__(self) -> str:
        return visible(self.raw)

    def __format__(self, specification: str) -> str:
        """Raises TypeError: a sentence is a `Message`; output, which is redacted before, takes `str(text)`."""
        raise TypeError(_FORMATTED)

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


class Message(str):
    """A sentence: a string that knows which of its characters are of a `Text`, and which are our words.

    `Message("has the id of {}", user.email)` puts each value in the place of a `{}`. A `Text` and the texts of another
    `Message` stay texts in `parts`; all else is our own. Without values the template is taken as it is. What is made of
    a Message by the methods of strings is a plain string.
    """

    __slots__ = ("parts",)
    parts: tuple[str | Text, ...]

    def __new__(cls, template: str = "", *values: object) -> Self:
        """Raises ValueError if there are not as many values as places for them."""
        if not values:
            return template if isinstance(template, cls) else cls.of((template,))
        words = template.split("{}")
        return cls.of(part for pair in zip(words, (*values, ""), strict=True) for part in pair)

    @classmethod
    def of(cls, values: Iterable[object], between: str = "") -> Self:
        """The sentence of all `values`, with `between` from one to the next."""
        parts: list[str | Text] = []
        for value in values:
            if between and parts:
                parts.append(between)
            match value:
                case Message():
                    parts.extend(value.parts)
                case Text():
                    parts.append(value)
                case str() | int() | date():
                    parts.append(str(value))
                case _:
                    raise TypeError(f"{type(value).__name__} in a message: its texts would pass for our words")
        made = super().__new__(cls, "".join(map(str, parts)))
        made.parts = tuple(parts)
        return made

    @property
    def raw(self) -> str:
        """The sentence with what was really written in its texts, as `Text.raw`."""
        return "".join(part.raw if isinstance(part, Text) else part for part in self.parts)

    def replaced(self, change: Callable[[Text], Text]) -> "Message":
        """The same sentence, with `change` of each text in its place."""
        return Message.of(change(part) if isinstance(part, Text) else part for part in self.parts)

    def __add__(self, other: str) -> "Message":
        return Message.of((self, other))

    def __radd__(self, other: str) -> "Message":
        return Message.of((other, self))

    def __format__(self, specification: str) -> str:
        """Raises TypeError, as that of a `Text` does."""
        raise TypeError(_FORMATTED)


NO_WORDS: Final = Message()
"""The empty message."""
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
