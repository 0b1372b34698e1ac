"""The layout of a YAML text: where each value begins and ends, which lines belong to which key, and line endings.

A comment above a key belongs to that key and moves with it; a comment indented deeper than the next key belongs to the
key before. Texts were accepted by `yaml_reader` first. Positions are indexes into text with `\n` line breaks.

A round trip through ruamel.yaml without any change loses comments in 6 of the 25 layouts that the tests of `fmt` and
`edit` spell out: those between braces, and those before a value on a line of its own.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

import yaml

from bo_sync.core.model import Problem, Source
from bo_sync.core.text import Message, Text
from bo_sync.errors import FilesError


@dataclass(frozen=True, slots=True)
class Scalar:
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class KeyValue:
    key: Scalar
    value: "Node"


@dataclass(frozen=True, slots=True)
class MappingNode:
    """`is_flow`: `{…}`, not lines; `column` is that of the keys. The end of a block is that of its last value."""

    start: int
    end: int
    is_flow: bool
    column: int
    pairs: tuple[KeyValue, ...]

    def get(self, key: str) -> KeyValue | None:
        """The pair of a key."""
        return next((pair for pair in self.pairs if pair.key.text == key), None)


@dataclass(frozen=True, slots=True)
class SequenceNode:
    start: int
    end: int
    items: tuple["Node", ...]


Node = Scalar | MappingNode | SequenceNode


class Edit(NamedTuple):
    """Replace the text from `start` up to `end`."""

    start: int
    end: int
    text: str


def apply(text: str, edits: Iterable[Edit], start: int = 0, end: int | None = None) -> str:
    """The part of `text` from `start` up to `end` with the edits in it made. Edits never overlap."""
    end = len(text) if end is None else end
    parts = []
    for edit in sorted(edits):
        if start <= edit.start and edit.end <= end:
            parts += [text[start : edit.start], edit.text]
            start = edit.end
    return "".join([*parts, text[start:end]])


def lay_out(text: str) -> Node:
    """The one document of `text`, which our reader accepted."""
    return _node(cast("yaml.Node", yaml.compose(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))))


def _node(node: yaml.Node) -> Node:
    start, end = node.start_mark.index, node.end_mark.index
    if isinstance(node, yaml.SequenceNode):
        items = tuple(map(_node, node.value))
        return SequenceNode(start, end if node.flow_style else items[-1].end, items)
    if isinstance(node, yaml.MappingNode):
        pairs = tuple(KeyValue(_scalar(key), _node(value)) for key, value in node.value)
        is_flow = bool(node.flow_style)
        return MappingNode(start, end if is_flow else pairs[-1].value.end, is_flow, node.start_mark.column, pairs)
    return _scalar(node)


def _scalar(node: yaml.Node) -> Scalar:
    return Scalar(node.start_mark.index, node.end_mark.index, node.value)


_comment: Final = re.compile(r"#[^\n]*").finditer


def comments(text: str, node: Node, start: int, end: int) -> list[str]:
    """The comments that begin from `start` up to `end`, if all text is that of `node`; in their order.

    Text between scalars is punctuation or a comment, so a `#` there begins one.
    """
    found: list[str] = []
    at = start
    for scalar in scalars(node):
        found += _between(text, at, min(scalar.start, end))
        if start <= scalar.start < end and text.startswith(("|", ">"), scalar.start):  # beside the mark of a block
            found += _between(text, scalar.start, text.find("\n", scalar.start))
        at = max(at, scalar.end)
    return found + _between(text, at, end)


def _between(text: str, start: int, end: int) -> list[str]:
    return [match.group() for match in _comment(text, start, end)]


def scalars(node: Node) -> Iterator[Scalar]:
    """Every key and every value that is text, in their order."""
    match node:
        case Scalar():
            yield node
        case SequenceNode(items=items):
            for item in items:
                yield from scalars(item)
        case MappingNode(pairs=pairs):
            for pair in pairs:
                yield pair.key
                yield from scalars(pair.value)


def line_above(text: str, root: Node, index: int) -> int:
    """Where a line can be inserted above the line of `index`: not between the lines of one text."""
    at = line_start(text, index)
    for scalar in reversed(list(scalars(root))):
        if scalar.start < at < scalar.end:
            at = line_start(text, scalar.start)
    return at


def line_start(text: str, index: int) -> int:
    """Where the line of `index` begins."""
    return text.rfind("\n", 0, index) + 1


def lines_end(text: str, value: Node) -> int:
    """Where the line after the last one of `value` begins. Texts end with a line break."""
    if value.end > value.start and text[value.end - 1] == "\n":
        return value.end  # a block of text, which ends with its last line
    return text.find("\n", value.end) + 1 or len(text)


def chunks(text: str, block: MappingNode) -> list[tuple[int, int]]:
    """The range of each key of a block, adjoining: comments above it, its lines, deeper comments below."""
    starts = [_first_start(text, block)]
    for before, pair in zip(block.pairs, block.pairs[1:], strict=False):
        starts.append(_deeper_end(text, lines_end(text, before.value), block.column, line_start(text, pair.key.start)))
    last = lines_end(text, block.pairs[-1].value)
    ends = [*starts[1:], _deeper_end(text, last, block.column, len(text))]
    return list(zip(starts, ends, strict=True))


def _first_start(text: str, block: MappingNode) -> int:
    """Where the first key's lines begin: with comments above it, except the file's own at the top level.

    After a dash it is the key itself.
    """
    start = line_start(text, block.pairs[0].key.start)
    if text[start : block.pairs[0].key.start].strip():
        return block.pairs[0].key.start
    while block.column and start:
        above = line_start(text, start - 1)
        if not text[above:start].startswith(" " * block.column + "#"):
            break
        start = above
    return start


def _deeper_end(text: str, index: int, column: int, limit: int) -> int:
    """Past the comment lines at `index` that are indented deeper than `column`, up to `limit`."""
    while index < limit:
        end = text.find("\n", index) + 1 or len(text)
        line = text[index:end]
        bare = line.lstrip(" ")
        if not bare.startswith("#") or len(line) - len(bare) <= column:
            break
        index = end
    return index


@dataclass(frozen=True, slots=True)
class Plain:
    """A text without a byte order mark whose every line, the last too, ends with `\\n`; and how they ended before."""

    text: str
    ending: str

    def written(self, changed: str) -> str:
        """`changed`, whose lines end with `\\n`, with the line endings of the original text."""
        return changed if self.ending == "\n" else changed.replace("\n", self.ending)


def plain(text: str, path: Text) -> Plain:
    """`text`, which our reader accepted, prepared for changes. `path` names the file in messages.

    Raises FilesError if some lines end with CR LF and others with LF: for moved and new lines neither ending would be
    right, and a reviewer could not see the difference.
    """
    lines = text.removeprefix("\ufeff").split("\n")
    returns = [line.endswith("\r") for line in lines[:-1]]
    if len(set(returns)) > 1:
        odd = returns.index(not returns[0])
        first, other = ("CR LF", "LF") if returns[0] else ("LF", "CR LF")
        found = f"this line ends with {other}, the first one with {first}; expected one kind: save the file with it"
        raise FilesError(str(Problem(Source(path, odd + 1, len(lines[odd].removesuffix("\r")) + 1), Message(found))))
    ending = "\r\n" if any(returns) else "\n"
    joined = "\n".join(line.removesuffix("\r") for line in lines)
    return Plain(joined if joined.endswith("\n") else joined + "\n", ending)
