"""Rows on a page: columns where nothing is wrapped, blocks by user where a terminal has a width.

Off a terminal each row is one complete line, for grep and for logs. On a terminal the rows of one user are listed
under the address, and long text is wrapped with a hanging indent; no word is broken. Each cell is escaped before it
is measured, so nothing can act, and columns align for wide characters too.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from typing import Final

from bo_sync.core.text import Text
from bo_sync.render.escape import terminal
from bo_sync.render.wording import quoted

_INDENT: Final = "  "
_NARROWEST: Final = 24
"""Minimum columns of a wrapped text, however far to the right it begins."""


class Tone(StrEnum):
    """Colours (SGR parameters). A colour is never the only sign of a meaning."""

    PLAIN = ""
    TITLE = "1"
    ASIDE = "2"
    LOSS = "31"
    GAIN = "32"
    EDIT = "33"
    ALARM = "1;31"


_TONES: Final = {"+": Tone.GAIN, "▲": Tone.GAIN, "-": Tone.LOSS, "▼": Tone.LOSS, "~": Tone.EDIT, "!": Tone.ALARM}


@dataclass(frozen=True, slots=True)
class Page:
    """The width in columns, or None when nothing is wrapped; and whether colour is used."""

    width: int | None = None
    color: bool = False

    def paint(self, text: str, tone: Tone) -> str:
        return f"\x1b[{tone}m{text}\x1b[0m" if self.color and tone and text else text

    def wrap(self, text: str, column: int) -> list[str]:
        """`text` wrapped for a block that begins at `column`, as lines without their indentation."""
        if self.width is None or column + cells(text) <= self.width:
            return [text]
        return list(_fill(text, max(self.width - column, _NARROWEST)))

    def hang(self, begin: str, text: str) -> Iterator[str]:
        """`begin` and `text`, continued below the beginning of `text`."""
        column = cells(begin)
        first, *more = self.wrap(text, column)
        yield begin + first
        yield from (" " * column + line for line in more)

    def title(self, text: str) -> Iterator[str]:
        """A title, wrapped where it is too long for one line."""
        yield from (self.paint(line, Tone.TITLE) for line in self.hang("", text))


def _fill(text: str, room: int) -> Iterator[str]:
    """`text` split at spaces into lines of at most `room` columns; a longer word stays whole."""
    line: list[str] = []
    used = 0
    for word in text.split(" "):
        wide = cells(word)
        if line and used + 1 + wide > room:
            yield " ".join(line).strip(" ")
            line, used = [], 0
        used += wide + (1 if line else 0)
        line.append(word)
    yield " ".join(line).strip(" ")


Pieces = tuple[str | Text, ...]
"""A sentence: our own words are `str`, untrusted words `Text`."""


@dataclass(frozen=True, slots=True)
class Row:
    """An effect, its user and the file that declares it. Made by `row`, which escapes.

    `subject` is an address, `topic` a role or a field of that user; both and `source` may be empty. `meaning` is what
    the effect lets the user do; it comes last, since it may be long. `pieces` are the effect again, where our own
    words are known; without them any word may be untrusted.
    """

    symbol: str
    subject: str
    topic: str
    effect: str
    source: str
    meaning: str = ""
    pieces: Pieces = ()


def row(
    symbol: str, subject: str, effect: str | Pieces, *, topic: str = "", source: str = "", meaning: str = ""
) -> Row:
    """A row; in an effect of pieces, untrusted ones are quoted."""
    pieces = () if isinstance(effect, str) else effect
    told = effect if isinstance(effect, str) else "".join(_said(piece) for piece in effect)
    subject, topic, told, source, meaning = map(terminal, (subject, topic, told, source, meaning))
    return Row(symbol, subject, topic, told, source, meaning, pieces)


def _said(piece: str | Text) -> str:
    return quoted(piece) if isinstance(piece, Text) else piece


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths of the aligned columns; a wider cell overflows only its own row."""

    subject: int = 0
    topic: int = 0
    effect: int = 0
    source: int = 0


def measure(rows: Iterable[Row]) -> Columns:
    """Columns that fit all cells except unusually long ones."""
    subject = topic = effect = source = 0
    for entry in rows:
        subject = max(subject, _usual(entry.subject, 40))
        if entry.topic:
            topic = max(topic, _usual(entry.topic, 24))
            effect = max(effect, _usual(entry.effect, 40))
        if entry.meaning:
            source = max(source, _usual(entry.source, 40))
    return Columns(subject, topic, effect, source)


def _usual(text: str, limit: int) -> int:
    wide = cells(text)
    return wide if wide <= limit else 0


def lay_out(rows: Sequence[Row], columns: Columns, page: Page, indent: str = _INDENT) -> Iterator[str]:
    """The lines of `rows`, in their order."""
    if page.width is None:
        return (indent + _line(entry, columns, page) for entry in rows)
    return _blocks(rows, page, indent)


def _line(entry: Row, columns: Columns, page: Page) -> str:
    parts = [page.paint(entry.symbol, _tone(entry)) + " "]
    effect = page.paint(entry.effect, _tone(entry))
    if entry.subject:
        parts.append(page.paint(entry.subject, Tone.TITLE) + _gap(entry.subject, columns.subject))
    if entry.topic:
        parts.append(entry.topic + _gap(entry.topic, columns.topic))
    parts.append(effect)
    if entry.source:
        room = columns.effect if entry.topic else columns.topic + 2 + columns.effect
        parts.append(_gap(entry.effect, room if entry.subject else 0) + page.paint(entry.source, Tone.ASIDE))
    if entry.meaning:
        parts.append(_gap(entry.source, columns.source if entry.source else 0) + entry.meaning)
    return "".join(parts)


def _gap(text: str, column: int) -> str:
    return " " * (max(column - cells(text), 0) + 2)


def _tone(entry: Row) -> Tone:
    return _TONES.get(entry.symbol, Tone.PLAIN)


def _blocks(rows: Sequence[Row], page: Page, indent: str) -> Iterator[str]:
    topic = max((cells(entry.topic) for entry in rows), default=0)
    inner = indent + _INDENT
    for (subject, source), group in groupby(rows, key=lambda entry: (entry.subject, entry.source)):
        if subject:
            yield from _heading(subject, source, indent, page)
        for entry in group:
            yield from _item(entry, topic, inner if subject else indent, page)
            if source and not subject:
                yield inner + page.paint(source, Tone.ASIDE)


def _heading(subject: str, source: str, indent: str, page: Page) -> Iterator[str]:
    head = indent + page.paint(subject, Tone.TITLE)
    if not source:
        yield head
    elif cells(indent) + cells(subject) + 2 + cells(source) <= (page.width or 0):
        yield f"{head}  {page.paint(source, Tone.ASIDE)}"
    else:
        yield head
        below = indent + _INDENT * 2
        yield from (below + page.paint(line, Tone.ASIDE) for line in page.wrap(source, cells(below)))


def _item(entry: Row, topic: int, indent: str, page: Page) -> Iterator[str]:
    about = entry.topic + _gap(entry.topic, topic) if entry.topic else ""
    column = cells(indent) + cells(entry.symbol) + 1 + cells(about)
    first, *more = page.wrap(entry.effect, column)
    tone = _tone(entry)
    yield f"{indent}{page.paint(entry.symbol, tone)} {about}{page.paint(first, tone)}"
    yield from (" " * column + page.paint(line, tone) for line in more)
    if entry.meaning:
        yield from (" " * column + line for line in page.wrap(entry.meaning, column))


def cells(text: str) -> int:
    """The width of escaped `text` in columns of a terminal."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


@lru_cache(maxsize=4096)
def _cells_of(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
