"""Keep secrets out of output: the type for keys and tokens, and their removal from untrusted text in any spelling.

A text is read as it is and once per way of escaping (`&amp;`, `%26`, `\u0026`). Each reading skips what no secret can
hold: white space, controls, everything beyond ASCII. Where a reading has `SHORTEST` characters in a row that a secret
has in a row, they are hidden.
"""

import hmac
import re
from collections.abc import Iterable, Iterator, Sequence
from html import unescape
from typing import Final, NoReturn, Self

from bo_sync.core.text import Message, Text, visible
from bo_sync.errors import UsageError

HIDDEN: Final = "[secret]"
SHORTEST: Final = 8
"""The number of a secret's characters that must not be shown."""
_TOO_SHORT: Final = 4
"""Shorter ones are not treated as secrets: any text has them by chance. From here on, a short one is hidden whole."""

_BREAK: Final = r"(?:\n *|<!---->)?"
_CUT: Final = ("…", "\\u2026", "...")
"""How our outputs mark cut text."""
_OPEN_ESCAPE: Final = re.compile(r"(?:(?<!\\)(?:\\\\)*\\(?:u[0-9a-fA-F]{0,3}|x[0-9a-fA-F]?)?|&#?\w*)$")
_LONGEST_ESCAPE: Final = 8
_NAMED: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}

_HEX: Final = "[0-9a-fA-F]"
_ESCAPES: Final = (
    r"&\#?\w{1,32};?",
    f"%{_HEX}{{2}}",
    rf"\\(?:x{_HEX}{{2}}|u{_HEX}{{4}}|U00(?:0{_HEX}|10){_HEX}{{4}}|.)",
)
_UNITS: Final = tuple(re.compile(f"{escape}|.", re.DOTALL) for escape in _ESCAPES)
"""Per way of escaping, a pattern for one character."""
_AFTER_BACKSLASH: Final = {**dict.fromkeys("bfnrt", ""), **{character: character for character in '"\\/'}}

Span = tuple[int, int]
Reading = Sequence[tuple[str, Span]]
"""The characters of a text that a secret could contain, in lower case, each with its place in the text."""


def without(raw: str, secrets: Sequence[str]) -> str:
    """`raw` with `HIDDEN` for each run of characters that is also in a secret. Total; for any form of `raw`."""
    readings = [_read((character, (place, place + 1)) for place, character in enumerate(raw))]
    readings += [_read((_meaning(unit[0]), unit.span()) for unit in units.finditer(raw)) for units in _UNITS]
    spans = [span for secret in secrets for reading in readings for span in _found(reading, secret.lower())]
    pieces: list[str] = []
    reached = 0
    for start, end in sorted(spans):
        if start > reached or not pieces:
            pieces += [raw[reached:start], HIDDEN]
        reached = max(reached, end)
    return "".join([*pieces, raw[reached:]])


def masked(text: str, secrets: Iterable[str]) -> str:
    """`text`, a result of ours, with `HIDDEN` for each secret in it, complete or cut at its end.

    A result is machine-read and long, so less is hidden than by `without`: a secret of `SHORTEST` characters or more,
    in any case, also wrapped, or spelled as our own outputs spell a character (JSON, XML, Markdown, CSV, YAML, logs).
    """
    spans = [span for secret in set(secrets) if len(secret) >= SHORTEST for span in _spelled(text, secret)]
    pieces: list[str] = []
    reached = 0
    for start, end in sorted(spans):
        if start >= reached:
            pieces += [text[reached:start], HIDDEN]
        reached = max(reached, end)
    return "".join([*pieces, text[reached:]])


def _spelled(text: str, secret: str) -> Iterator[Span]:
    if not _may_begin(text.lower(), secret[:SHORTEST].lower()):
        return
    begins = re.compile(_BREAK.join(f"(?:{'|'.join(_spellings(each))})" for each in secret[:SHORTEST]), re.ASCII)
    patterns: dict[str, list[re.Pattern[str]]] = {}
    found = begins.search(text)
    while found is not None:
        if not patterns:
            patterns = {each: [re.compile(_BREAK + way, re.ASCII) for way in _spellings(each)] for each in set(secret)}
        end = _end(text, found.start(), [patterns[each] for each in secret])
        if end is not None:
            yield _whole(text, found.start()), end
        found = begins.search(text, found.start() + 1)


def _end(text: str, start: int, patterns: Sequence[Sequence[re.Pattern[str]]]) -> int | None:
    """The end of a secret that begins at `start`, whole or cut by an output; a character may have two spellings."""
    ends = {start}
    for read, unit in enumerate(patterns):
        further = {more.end() for end in ends for pattern in unit if (more := pattern.match(text, end)) is not None}
        if not further:
            return next((end for end in ends if read >= SHORTEST and text.startswith(_CUT, end)), None)
        ends = further
    return max(ends)


def _whole(text: str, start: int) -> int:
    """`start`, or the begin of the escape around it: half an escape would break JSON or XML."""
    found = _OPEN_ESCAPE.search(text, max(0, start - _LONGEST_ESCAPE), start)
    return start if found is None else found.start()


def _may_begin(lowered: str, begin: str) -> bool:
    """A fast check: letters and digits are never escaped, and so few characters have at most one line break."""
    halves = (begin[: SHORTEST // 2], begin[SHORTEST // 2 :])
    return not all(map(str.isalnum, halves)) or any(half in lowered for half in halves)


def _spellings(character: str) -> list[str]:
    """Each spelling of a character in our outputs, as a pattern."""
    code = ord(character)
    cases = "".join(map(re.escape, sorted({character.lower(), character.upper()})))
    named = [re.escape(f"&{name};") for name, point in _NAMED.items() if point == character]
    doubled = [re.escape(character * 2)] if character in "\"'" else []
    escaped = [rf"\\(?:u00|x){_cased(code)}", f"%{_cased(code)}", f"&#(?:{code}|x{_cased(code)});", rf"\\[{cases}]"]
    parted = [";'"] if character == ";" else []  # what `csv_cell` writes where a formula would begin
    return [*escaped, *named, *doubled, *parted, f"[{cases}]"]


def _cased(code: int) -> str:
    return "".join(f"[{digit}{digit.upper()}]" for digit in f"{code:02x}")


def _found(reading: Reading, secret: str) -> Iterator[Span]:
    length = min(SHORTEST, len(secret))
    if length < _TOO_SHORT:
        return
    parts = {secret[start : start + length] for start in range(len(secret) - length + 1)}
    characters = "".join(character for character, _ in reading)
    for start in range(len(characters) - length + 1):
        if characters[start : start + length] in parts:
            yield reading[start][1][0], reading[start + length - 1][1][1]


def _read(units: Iterable[tuple[str, Span]]) -> Reading:
    return [(character.lower(), span) for meant, span in units for character in meant if "!" <= character <= "~"]


def _meaning(unit: str) -> str:
    match unit[0], len(unit):
        case _, 1:
            return unit
        case "&", _:
            return unescape(unit)
        case "\\", 2:
            return _AFTER_BACKSLASH.get(unit[1], unit)
        case _:
            return chr(int(unit.lstrip("%\\xuU"), base=16))


_LOOKED_AT: Final = 4000
"""Most characters of a hub's text that are searched: more than is ever shown."""


class Secret:
    """Characters that nothing prints, formats, copies, pickles or hashes; `reveal` is for header and redaction."""

    __slots__ = ("__characters",)

    def __init__(self, characters: str) -> None:
        self.__characters = characters

    @classmethod
    def parse(cls, raw: str, name: str) -> Self:
        """The secret of the setting `name`; surrounding white space, such as a file's last newline, is dropped.

        Raises UsageError, without quoting anything of it, for characters that are not allowed in a header.
        """
        characters = raw.strip()
        if not characters:
            raise UsageError(Message("{} is empty", name), hint=Message("give {} a value, or do not set it", name))
        if not (characters.isascii() and characters.isprintable() and " " not in characters):
            message = Message("{} holds a character that no key has: white space, a control, or one beyond ASCII", name)
            raise UsageError(message, hint="copy the key again, whole and on one line")
        return cls(characters)

    def reveal(self) -> str:
        """The characters themselves."""
        return self.__characters

    def __repr__(self) -> str:
        return HIDDEN

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, specification: str) -> str:
        return format(HIDDEN, specification)

    def __eq__(self, other: object) -> bool:
        """Equal only to the same Secret, never to a string, and in constant time."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.reveal().encode(), other.reveal().encode())

    __hash__ = None  # type: ignore[assignment]  # a dictionary's keys end up in messages

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be copied or pickled")


class Credentials:
    """How a request authenticates. The sandbox needs neither; a session is used with a key, or by itself."""

    __slots__ = ("key", "session")

    def __init__(self, key: Secret | None = None, session: Secret | None = None) -> None:
        self.key = key
        self.session = session

    def redact(self, raw: str) -> str:
        """`raw` without our secrets and parts of them; a hub may quote the key that it rejects."""
        return without(raw, [secret.reveal() for secret in (self.key, self.session) if secret is not None])

    def said(self, raw: str, limit: int = 200) -> Text:
        """The hub's words, safe to show: without our secrets, on one line, at most `limit` characters."""
        # Redact exactly what is shown: an escape that makes a character visible must not complete a secret.
        line = self.redact(visible(" ".join(raw[:_LOOKED_AT].split())))
        return Text(line if len(line) <= limit else line[: limit - 1] + "…")
