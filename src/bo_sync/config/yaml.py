"""YAML as positioned text: one pass over the parser's events, no nodes, no types, no references.

Text stays text. Of the plain scalars only `null`, `true` and `false` mean something else; numbers, dates, `no` and `~`
are the characters that were written. What could make a file mean something other than what a reviewer sees is refused:
tags, anchors, aliases, merge keys, a second document, a key given twice, a key without a value, mappings as keys.

Every key and every value knows its position. Values are built in a loop, so depth cannot exhaust the stack, and nothing
is ever expanded, so a small file cannot become a large value. The events come from libyaml, or from PyYAML's own parser
where libyaml is missing; PyYAML's resolvers and constructors are never used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn, Protocol, cast

from yaml import (
    AliasEvent,
    DocumentEndEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    YAMLError,
)
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from bo_sync.config.faults import broken_yaml, wrong_bytes
from bo_sync.config.words import quoted, size
from bo_sync.core.model import Problem, Source
from bo_sync.core.text import Text

try:
    from yaml._yaml import CParser
except ImportError:  # pragma: no cover - PyYAML without libyaml; the tests choose the pure parser by argument
    CParser = None  # type: ignore[misc,assignment]

MAX_DEPTH: Final = 20
MAX_BYTES: Final = 16 * 1024 * 1024
MAX_PROBLEMS: Final = 100
_SPECIAL: Final[dict[str, bool | None]] = {"null": None, "true": True, "false": False, "": None}
_NO_KEYS: Final = frozenset(("", "<<"))
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")


class Mark(Protocol):
    """A position as the parser counts it: line and column from 0, index in characters."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class _Event(Protocol):
    """What we read of an event; which of the attributes exist depends on its class, so we ask the class first."""

    start_mark: Mark
    anchor: str | None
    tag: str | None
    value: str
    style: str | None


_Next = Callable[[], _Event]


class Entries(dict[str, "Value"]):
    """A mapping. `at` is where it starts; `keys_at` and `values_at` hold a position for every key that was read."""

    __slots__ = ("at", "keys_at", "values_at")

    def __init__(self, at: Mark) -> None:
        self.at = at
        self.keys_at: dict[str, Mark] = {}
        self.values_at: dict[str, Mark] = {}

    def mapping(self, key: str) -> "Entries":
        """The mapping under `key`; an empty one when there is none."""
        value = self.get(key)
        return value if isinstance(value, Entries) else Entries(self.at)

    def listing(self, key: str) -> "Items":
        """The list under `key`; an empty one when there is none."""
        value = self.get(key)
        return value if isinstance(value, Items) else Items(self.at)


class Items(list["Value"]):
    """A list. `at` is where it starts; `values_at` holds a position for every item."""

    __slots__ = ("at", "values_at")

    def __init__(self, at: Mark) -> None:
        self.at = at
        self.values_at: list[Mark] = []


Value = str | bool | Entries | Items | None


@dataclass(frozen=True, slots=True)
class Start:
    """The mark of a file's first character, for what has no better place."""

    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file says. `value` is meaningful only when there are no problems; `at` is where it starts."""

    value: Value
    at: Mark
    problems: tuple[Problem, ...] = ()


def source(path: Text, mark: Mark) -> Source:
    """A mark as a place that people can be sent to."""
    return Source(path, mark.line + 1, mark.column + 1)


def read(data: bytes, path: Text, *, pure: bool = False) -> Reading:
    """The one document in `data`. Never raises for what the bytes hold: every fault is a problem of the reading.

    A problem's position is that of the key or value at fault; a file that stops being YAML has one problem at the stop.

    `pure` takes PyYAML's own parser, which is what happens without libyaml.
    """
    if len(data) > MAX_BYTES:
        found = f"the file holds {size(len(data), 'byte')}; expected at most {MAX_BYTES:,}: split it"
        return Reading(None, Start(), (Problem(Source(path, 1), found),))
    builder = _Builder(path)
    try:
        root = builder.document(_events(data, pure=pure))
    except _StoppedError:
        return Reading(None, Start(), tuple(builder.problems))
    except (YAMLError, ValueError, OverflowError) as error:
        line, column, message = wrong_bytes(data) or broken_yaml(error, data)
        builder.problems.append(Problem(Source(path, line, column), message))
        return Reading(None, Start(), tuple(builder.problems))
    return Reading(root[0], root.values_at[0], tuple(builder.problems))


def _events(data: bytes, *, pure: bool) -> _Next:
    if data.startswith(_WIDE):
        raise YAMLError  # libyaml would read UTF-16 without a word; `wrong_bytes` says what it is
    return cast("_Next", (_PureEvents(data) if pure or CParser is None else CParser(data)).get_event)


class _PureEvents(Reader, Scanner, Parser):
    """The events of PyYAML's own parser, no nodes and no values made of them."""

    def __init__(self, data: bytes) -> None:
        Reader.__init__(self, data)
        Scanner.__init__(self)
        Parser.__init__(self)

    def get_event(self) -> Event | None:
        event: Event | None = Parser.get_event(self)  # type: ignore[no-untyped-call]
        if type(event) is ScalarEvent:
            event.value.encode()  # libyaml refuses lone surrogates: UnicodeEncodeError is a ValueError
        return event


class _StoppedError(Exception):
    """The file cannot be read further; why is already among the problems."""


class _Builder:
    """Builds one document's value, and collects what is wrong with it on the way."""

    __slots__ = ("path", "problems")

    def __init__(self, path: Text) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def document(self, next_event: _Next) -> Items:
        """The only document of the stream, as the one item of a list."""
        next_event()
        if _kind(next_event()) is StreamEndEvent:
            self._stop(Start(), "the file is empty; expected a mapping of keys")
        root = self._values(next_event)
        if root[0] is None:
            self.problems.clear()
            self._stop(Start(), "the file is empty; expected a mapping of keys")
        after = next_event()
        if _kind(after) is not StreamEndEvent:
            self._stop(after.start_mark, "a second document; expected one document a file")
        return root

    def _values(self, next_event: _Next) -> Items:  # noqa: C901
        """Everything up to the end of the document, in one loop: it runs for every scalar of every file.

        The open container is `items` in a list and `entries` in a mapping, where `key` waits for its value.
        """
        items, entries, key, in_list = Items(Start()), Entries(Start()), None, True
        keys_at, values_at = entries.keys_at, entries.values_at
        root, stack = items, list[tuple[Items, Entries, bool]]()
        while True:
            event = next_event()
            kind: type[object] = type(event)
            value: Value
            if kind is ScalarEvent:
                value = event.value
                if event.anchor is not None or event.tag is not None:
                    self._marked(event)
                if key is None and not in_list:
                    if value in keys_at or value in _NO_KEYS:
                        self._wrong_key(value, event.start_mark, keys_at)
                    keys_at[value] = event.start_mark
                    key = value
                    continue
                if not event.style and value in _SPECIAL:
                    value = self._special(value, keys_at[key] if key is not None else event.start_mark, key)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                items, entries, in_list = stack.pop()
                keys_at, values_at = entries.keys_at, entries.values_at
                continue
            elif kind is DocumentEndEvent:
                return root
            else:
                value = self._opened(event, len(stack), is_key=key is None and not in_list)
            if key is None:
                items.append(value)
                items.values_at.append(event.start_mark)
            else:
                entries[key] = value
                values_at[key] = event.start_mark
                key = None
            if kind is MappingStartEvent or kind is SequenceStartEvent:
                stack.append((items, entries, in_list))
                items, entries, in_list = _inside(value, items, entries)
                keys_at, values_at = entries.keys_at, entries.values_at

    def _opened(self, event: _Event, depth: int, *, is_key: bool) -> Value:
        """The empty value that a start of a mapping or of a list opens; None for an alias, which is a problem."""
        if is_key:
            self._stop(event.start_mark, "a mapping, a list or an alias as a key; expected text")
        if _kind(event) is AliasEvent:
            self._report(event.start_mark, f"alias {quoted('*' + str(event.anchor))}; expected the value itself")
            return None
        if depth >= MAX_DEPTH:
            self._stop(event.start_mark, f"nested too deeply; expected at most {MAX_DEPTH} levels")
        if event.anchor is not None or event.tag is not None:
            self._marked(event)
        return Entries(event.start_mark) if _kind(event) is MappingStartEvent else Items(event.start_mark)

    def _special(self, word: str, at: Mark, key: str | None) -> bool | None:
        if not word:
            where = "an item without a value" if key is None else f"key {quoted(key)} has no value"
            self._report(at, f'{where}; expected a value: write null to clear, "" for empty text')
        return _SPECIAL[word]

    def _marked(self, event: _Event) -> None:
        if event.anchor is not None:
            self._report(event.start_mark, f"anchor {quoted('&' + event.anchor)}; expected none: remove it")
        if event.tag is not None:
            self._report(event.start_mark, f"tag {quoted(event.tag)}; expected none: text stays text, remove it")

    def _wrong_key(self, key: str, at: Mark, keys_at: dict[str, Mark]) -> None:
        if key in keys_at:
            first = f"{keys_at[key].line + 1}:{keys_at[key].column + 1}"
            self._report(at, f"key {quoted(key)} is given twice; the first is at {first}: keep one")
        elif key:
            self._report(at, "merge key <<; expected the keys themselves")
        else:
            self._report(at, "a value without a key; expected `key: value`")

    def _report(self, at: Mark, message: str) -> None:
        self.problems.append(Problem(source(self.path, at), message))
        if len(self.problems) >= MAX_PROBLEMS:
            self._stop(at, f"{MAX_PROBLEMS} problems up to here; the rest of the file was not read")

    def _stop(self, at: Mark, message: str) -> NoReturn:
        self.problems.append(Problem(source(self.path, at), message))
        raise _StoppedError


def _kind(event: _Event) -> type[object]:
    """The event's class; which attributes it has depends on it."""
    return type(event)


def _inside(opened: Value, items: Items, entries: Entries) -> tuple[Items, Entries, bool]:
    """The loop's state inside a container that was just opened."""
    if isinstance(opened, Entries):
        return items, opened, False
    return (opened, entries, True) if isinstance(opened, Items) else (items, entries, True)
