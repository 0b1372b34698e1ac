"""Errors in files: what a YAML parser rejects, what was found and expected, the nearest valid word."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final, NamedTuple

from yaml import MarkedYAMLError, YAMLError

from bo_sync.core.text import NO_WORDS, Message, Text

SHOWN_CHARACTERS: Final = 60
SHOWN_CHOICES: Final = 16


def quoted(raw: str) -> Message:
    """`raw`, harmless, at most `SHOWN_CHARACTERS` long, between double quotes."""
    shown = str(Text(raw[: SHOWN_CHARACTERS + 1]))
    if len(shown) > SHOWN_CHARACTERS:
        shown = shown[: SHOWN_CHARACTERS - 1] + "…"
    return Message('"{}"', Text(shown))


def one_of(words: Iterable[str | Text]) -> Message:
    """`one of a, b, c`; a long list is cut, with the number of the others."""
    listed = list(words)
    if len(listed) == 1:
        return Message.of(listed)
    rest = len(listed) - SHOWN_CHOICES
    more = f" and {rest} more" if rest > 0 else ""
    return Message("one of {}{}", Message.of(listed[:SHOWN_CHOICES], ", "), more)


def unknown(what: str, raw: str, words: Iterable[str | Text]) -> Message:
    """The whole message for a word that is none of `words`, with the nearest of them if one is near."""
    known = list(words)
    return Message("unknown {} {}; expected {}{}", what, quoted(raw), one_of(known), meant(raw, known))


def meant(raw: str, words: Iterable[str | Text]) -> Message:
    """`; did you mean WORD?` for the word nearest to `raw`, or nothing if none is near."""
    known = {word.raw if isinstance(word, Text) else word: word for word in words}
    near = get_close_matches(raw[:SHOWN_CHARACTERS].lower(), known, n=1, cutoff=0.6)
    return Message("; did you mean {}?", known[near[0]]) if near else NO_WORDS


def size(count: int, unit: str) -> str:
    """`1 character`, `2 characters`."""
    return f"{count:,} {unit}{'' if count == 1 else 's'}"


MOST_MISLEADING: Final = 100
"""Most hidden characters of one file that are named."""
_CONTROL: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MISLEADING: Final = re.compile(
    "\r(?!\n)|[\x85\u2028\u2029]"
    "|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
    "|[\xad\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Line breaks that only a parser sees, characters that reorder the text around them, and invisible ones.

The joiners U+200C and U+200D are allowed: Persian and Indic names are spelled with them, and they neither break a line
nor reorder one.
"""
_BREAKS: Final = frozenset("\r\x85\u2028\u2029")
_HEAD: Final = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t]*(?:#[^\n]*)?\r?\n|%[^\n]*(?:\n|\Z))*")
"""The lines before a document: empty ones, comments, directives."""
_WIDE_MARKS: Final = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_ADVICE: Final = (
    ("mapping values are not allowed", 'text that holds ": " needs quotes around it'),
    ("could not find expected ':'", "expected `key: value`"),
    ("did not find expected key", "check the indentation of this line"),
    ("expected <block end>", "check the indentation of this line"),
    ("found unexpected end of stream", "a quote is opened and never closed"),
    ("found undefined tag handle", "tags are not supported"),
)


class YamlError(NamedTuple):
    """Line and column from 1, and a sentence."""

    line: int
    column: int
    message: Message


def wrong_bytes(data: bytes) -> YamlError | None:
    """Why `data` is not UTF-8 text without control characters, or None if it is."""
    for mark, encoding in _WIDE_MARKS:
        if data.startswith(mark):
            return YamlError(1, 1, Message(f"the file is {encoding}; expected UTF-8: save it as UTF-8"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _end(error.object[: error.start].decode("utf-8", "replace"))
        found = error.object[error.start]
        return YamlError(
            line, column, Message(f"byte 0x{found:02x} is not UTF-8; expected UTF-8: save the file as UTF-8")
        )
    control = _CONTROL.search(text)
    if control is None:
        return None
    line, column = _end(text[: control.start()])
    return YamlError(line, column, Message("control character {}; expected none: remove it", Text(control.group())))


def misleading(data: bytes) -> list[YamlError]:
    """Each character of `data` that makes a reviewer see something else than a parser reads, in their order.

    Inside double quotes each can be written as an escape. Bytes that are not UTF-8 have none: see `wrong_bytes`. ASCII
    without a carriage return costs nothing.
    """
    if data.isascii() and b"\r" not in data:
        return []
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return []
    faults = []
    for hidden in _MISLEADING.finditer(text):
        line, column = _end(text[: hidden.start()])
        what = "a hidden line break" if hidden.group() in _BREAKS else "a hidden character"
        escape = Text(hidden.group())
        advice = Message("remove it, or write it as an escape inside double quotes: {}", escape)
        faults.append(
            YamlError(line, column, Message("{}, U+{}; expected none: {}", what, f"{ord(hidden.group()):04X}", advice))
        )
        if len(faults) == MOST_MISLEADING:
            break
    return faults


def directives(data: bytes) -> list[YamlError]:
    """Each directive above the document of `data`: it can change what tags and plain words mean to other readers."""
    head = _HEAD.match(data) if b"%" in data else None
    if head is None:
        return []
    lines = head.group().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return [
        YamlError(
            number,
            1,
            Message("directive {}; expected none: remove it", quoted(line.decode("utf-8", "replace").strip())),
        )
        for number, line in enumerate(lines, start=1)
        if line.startswith(b"%")
    ][:MOST_MISLEADING]


def _end(text: str) -> tuple[int, int]:
    """The line and the column, from 1, of the character that would follow `text`."""
    return text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1


def broken_yaml(error: Exception, data: bytes) -> YamlError:
    """Where and why a parser stopped in `data`, which is valid text."""
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        reason = str(error).partition("\n")[0] if isinstance(error, YAMLError | ValueError) else type(error).__name__
        return YamlError(1, 1, Message("not YAML: {}", quoted(reason)))
    line, column = error.problem_mark.line, error.problem_mark.column
    return YamlError(line + 1, column + 1, Message("not YAML: {}", _reason(error, _character(data, line, column))))


def _reason(error: MarkedYAMLError, found: str) -> Message:
    problem = error.problem or "unknown error"
    if "cannot start any token" in problem:
        return (
            Message("a tab; indent with spaces")
            if found == "\t"
            else Message("text that starts with {} needs quotes", quoted(found))
        )
    advice = next((advice for part, advice in _ADVICE if part in problem), "")
    return Message("{}{}", Text(problem[:80]), f"; {advice}" if advice else "")


def _character(data: bytes, line: int, column: int) -> str:
    lines = data.decode("utf-8-sig", "replace").split("\n")
    return lines[line][column : column + 1] if line < len(lines) else ""
