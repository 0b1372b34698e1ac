"""Read YAML as positioned values: one pass over the parser's events, no types and no references.

Text stays text. Of the plain scalars only `null`, `true` and `false` mean something else. Rejected is what could make a
file mean something other than a reviewer sees: directives, tags, anchors, aliases, merge keys, a second document,
duplicate keys, keys without a value, mappings as keys. Values are built in a loop and nothing is expanded, so depth and
size stay bounded. The events come from libyaml, or from PyYAML's parser where libyaml is missing.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, NoReturn, Protocol, cast

from yaml import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
    YAMLError,
)
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from bo_sync.config.yaml_errors import broken_yaml, directives, misleading, quoted, size, wrong_bytes
from bo_sync.config.yaml_values import NULL_LOOKALIKES, START, Items, Mark, Value, YamlMapping, source
from bo_sync.core.model import Problem, Source
from bo_sync.core.text import Message, Text

try:
    from yaml._yaml import CParser
except ImportError:  # pragma: no cover - PyYAML without libyaml; the tests choose the pure parser by argument
    CParser = None  # type: ignore[misc,assignment]

MAX_DEPTH: Final = 20
MAX_BYTES: Final = 16 * 1024 * 1024
MAX_PROBLEMS: Final = 100
_SPECIAL: Final[dict[str, bool | None]] = {"null": None, "true": True, "false": False, "": None}
_ODD: Final = frozenset((*_SPECIAL, *NULL_LOOKALIKES))
"""The words whose meaning depends on quotes."""
_NO_KEYS: Final = frozenset(("", "<<"))
_NO_VALUE: Final = 'expected a value: write null to clear, "" for empty text'
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")


class _Event(Protocol):
    """What we read of an event; its attributes depend on its class, so we check the class first."""

    start_mark: Mark
    anchor: str | None
    tag: str | None
    value: str
    style: str | None


# The parser's classes, typed so that asking for one says nothing about attributes.
_SCALAR: Final[type[object]] = ScalarEvent
_MAPPING: Final[type[object]] = MappingStartEvent
_MAPPING_END: Final[type[object]] = MappingEndEvent
_LIST_END: Final[type[object]] = SequenceEndEvent
_ALIAS: Final[type[object]] = AliasEvent
_STREAM_END: Final[type[object]] = StreamEndEvent

_Next = Callable[[], _Event]


class _Stream(Protocol):
    def get_event(self) -> _Event: ...


class Parsed(NamedTuple):
    """The content of one file. `value` is meaningful only without problems; `at` is where it starts."""

    value: Value
    at: Mark
    problems: tuple[Problem, ...] = ()


def read(data: bytes, path: Text, *, pure: bool = False) -> Parsed:
    """The one document in `data`. Never raises because of the bytes: every fault is a problem of the reading.

    A problem's position is that of the wrong key or value; a file that stops being YAML has one problem at the stop.

    `pure` uses PyYAML's own parser, as happens without libyaml.
    """
    if len(data) > MAX_BYTES:
        found = f"the file holds {size(len(data), 'byte')}; expected at most {MAX_BYTES:,}: split it"
        return Parsed(None, START, (Problem(Source(path, 1), Message(found)),))
    hidden = misleading(data)
    if hidden:
        return Parsed(None, START, tuple(Problem(Source(path, *at), found) for *at, found in hidden))
    builder = _Builder(data, path)
    above = directives(data)
    if above:
        builder.problems += (Problem(Source(path, *at), found) for *at, found in above)
    try:
        value, at = builder.document(_events(data, pure=pure))
    except _StoppedError:
        return Parsed(None, START, tuple(builder.problems))
    except (YAMLError, ValueError, OverflowError) as error:
        line, column, message = wrong_bytes(data) or broken_yaml(error, data)
        if line not in {directive.line for directive in above}:
            builder.problems.append(Problem(Source(path, line, column), message))
        return Parsed(None, START, tuple(builder.problems))
    return Parsed(value, at, tuple(builder.problems))


def _events(data: bytes, *, pure: bool) -> _Next:
    if data.startswith(_WIDE):
        raise YAMLError  # libyaml would read UTF-16 without a word; `wrong_bytes` says what it is
    events = cast("_Stream", _PureEvents(data) if pure or CParser is None else CParser(data))
    return events.get_event


class _PureEvents(Reader, Scanner, Parser):
    """The events of PyYAML's own parser, without nodes and values."""

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
    """The file cannot be read further; the reason is already among the problems."""


class _Builder:
    """Builds one document's value, and collects its problems."""

    __slots__ = ("_may_be_marked", "_next", "_path", "problems")

    def __init__(self, data: bytes, path: Text) -> None:
        self._path = path
        self._may_be_marked = b"&" in data or b"!" in data  # what anchors and tags begin with; most files have neither
        self._next: _Next = _no_events
        self.problems: list[Problem] = []

    def document(self, next_event: _Next) -> tuple[Value, Mark]:
        """The only document of the stream, and where its value starts."""
        self._next = next_event
        next_event()
        if type(next_event()) is _STREAM_END:
            self._stop(START, "the file is empty; expected a mapping of keys")
        first = next_event()
        root: Value
        if type(first) is _SCALAR:
            root = first.value
            if root in {"", "null"} and not first.style:
                self._stop(START, "the file is empty; expected a mapping of keys")
            self._marked(first)
        else:
            root = self._opened(first, 0)
            if root is not None:
                self._fill(root)
        next_event()
        after = next_event()
        if type(after) is not _STREAM_END:
            self._stop(after.start_mark, "a second document; expected one document a file")
        return root, first.start_mark

    def _fill(self, root: YamlMapping | Items) -> None:
        """Everything inside `root`: the innermost open container is filled until it opens another or ends."""
        stack: list[YamlMapping | Items] = []
        container: YamlMapping | Items | None = root
        while container is not None:
            depth = len(stack) + 1
            opened = (
                self._entries(container, depth) if isinstance(container, YamlMapping) else self._items(container, depth)
            )
            if opened is not None:
                stack.append(container)
                container = opened
            else:
                container = stack.pop() if stack else None

    def _entries(self, entries: YamlMapping, depth: int) -> YamlMapping | Items | None:
        """Keys and values up to the next container, which is returned to be filled, or to the end: None.

        This loop runs for every key of every file, so rare cases are in methods of their own.
        """
        next_event = self._next
        add_mark = entries.marks.append
        may_be_marked = self._may_be_marked
        while True:
            event = next_event()
            if type(event) is not _SCALAR:
                if type(event) is _MAPPING_END:
                    return None
                self._stop(event.start_mark, "a mapping, a list or an alias as a key; expected text")
            key = event.value
            if (
                key in entries
                or key in _NO_KEYS
                or (may_be_marked and (event.anchor is not None or event.tag is not None))
            ):
                self._wrong_key(event, entries)
            add_mark(event.start_mark)
            event = next_event()
            add_mark(event.start_mark)
            if type(event) is not _SCALAR:
                opened = self._opened(event, depth)
                entries[key] = opened
                if opened is not None:
                    return opened
                continue
            value = event.value
            if may_be_marked and (event.anchor is not None or event.tag is not None):
                self._marked(event)
            entries[key] = value
            if value in _ODD:
                self._odd(entries, key, value, is_quoted=bool(event.style))

    def _odd(self, entries: YamlMapping, key: str, value: str, *, is_quoted: bool) -> None:
        """A value that needs quotes to keep its meaning, or looks like one."""
        if is_quoted:
            entries.quoted |= {key}
        elif value in _SPECIAL:
            entries[key] = _SPECIAL[value]
            if not value:
                self._report(entries.marks[-2], Message("key {} has no value; {}", quoted(key), _NO_VALUE))

    def _items(self, items: Items, depth: int) -> YamlMapping | Items | None:
        """Items up to the next container, which is returned to be filled, or to the end: None."""
        while True:
            event = self._next()
            if type(event) is _LIST_END:
                return None
            items.values_at.append(event.start_mark)
            if type(event) is not _SCALAR:
                opened = self._opened(event, depth)
                items.append(opened)
                if opened is not None:
                    return opened
                continue
            if event.anchor is not None or event.tag is not None:
                self._marked(event)
            is_special = event.value in _SPECIAL and not event.style
            items.append(_SPECIAL[event.value] if is_special else event.value)
            if is_special and not event.value:
                self._report(event.start_mark, f"an item without a value; {_NO_VALUE}")

    def _opened(self, event: _Event, depth: int) -> YamlMapping | Items | None:
        """The empty value that a start of a mapping or of a list opens; None for an alias, which is a problem."""
        if type(event) is _ALIAS:
            self._report(
                event.start_mark, Message("alias {}; expected the value itself", quoted("*" + str(event.anchor)))
            )
            return None
        if depth >= MAX_DEPTH:
            self._stop(event.start_mark, f"nested too deeply; expected at most {MAX_DEPTH} levels")
        if event.anchor is not None or event.tag is not None:
            self._marked(event)
        return YamlMapping(event.start_mark) if type(event) is _MAPPING else Items(event.start_mark)

    def _marked(self, event: _Event) -> None:
        if event.anchor is not None:
            self._report(event.start_mark, Message("anchor {}; expected none: remove it", quoted("&" + event.anchor)))
        if event.tag is not None:
            self._report(
                event.start_mark, Message("tag {}; expected none: text stays text, remove it", quoted(event.tag))
            )

    def _wrong_key(self, event: _Event, entries: YamlMapping) -> None:
        key, at = event.value, event.start_mark
        self._marked(event)
        if key in entries:
            place = 2 * list(entries).index(key)
            first = entries.marks[place]
            message = f"the first is at {first.line + 1}:{first.column + 1}: keep one"
            self._report(at, Message("key {} is given twice; {}", quoted(key), message))
            del entries[key], entries.marks[place : place + 2]
        elif key == "<<":
            self._report(at, "merge key <<; expected the keys themselves")
        elif not key:
            self._report(at, "a value without a key; expected `key: value`")

    def _report(self, at: Mark, message: str) -> None:
        self.problems.append(Problem(source(self._path, at), Message(message)))
        if len(self.problems) >= MAX_PROBLEMS:
            self._stop(at, f"{MAX_PROBLEMS} problems up to here; the rest of the file was not read")

    def _stop(self, at: Mark, message: str) -> NoReturn:
        self.problems.append(Problem(source(self._path, at), Message(message)))
        raise _StoppedError


def _no_events() -> NoReturn:
    """What a builder reads before it is given a stream."""
    raise _StoppedError
