"""Strict JSON for frozen dataclasses: the fields of a class are the keys of its document, their types its values.

A `Shape` declares what differs from that, a `Via` a value that is written as another one. Nothing is coerced: a misfit
raises MisfitError with its place, `changes[3].grants[0].after: expected one of none, viewer, found "god"`.
"""

import json
import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from enum import Enum, EnumType
from operator import attrgetter
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

from bo_sync.core.model import ACCESS_WORDS, Access, Role, Source
from bo_sync.core.plan_digest import Json
from bo_sync.core.text import Message, Text, visible

T = TypeVar("T")


class MisfitError(Exception):
    """A document does not have its shape. The message is safe to print."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.steps: list[str | int] = []
        """The place from the value up to the document."""

    def __str__(self) -> str:
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{_cut(step)}" for step in reversed(self.steps))
        return f"{place.removeprefix('.')}: {self.problem}" if place else self.problem


def misfit(expected: str, found: object) -> MisfitError:
    """The error for `found` where something else was expected."""
    return MisfitError(f"expected {expected}, found {_kind(found)}")


def _kind(found: object) -> str:
    match found:
        case None | bool():
            return json.dumps(found)
        case str():
            return f'"{_cut(found)}"'
        case int():
            return _cut(str(found))
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:  # which `read_json` refuses
            return "a fraction"


def _cut(text: str) -> str:
    return visible(text if len(text) <= 40 else f"{text[:39]}…")


def read_json(text: str) -> Json:
    """The JSON in `text`. Raises MisfitError for invalid JSON, for a key that appears twice, and for any number that is
    not whole: two readers must not see two documents in one text."""
    try:
        found: Json = json.loads(text, object_pairs_hook=_unique, parse_constant=_not_whole, parse_float=_not_whole)
    except json.JSONDecodeError as err:
        raise MisfitError(f"line {err.lineno}, column {err.colno}") from err
    except ValueError as err:  # a number with thousands of digits
        raise MisfitError(_cut(str(err))) from err
    except RecursionError as err:
        raise MisfitError("nested too deeply") from err
    return found


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MisfitError("a key appears twice")
    return found


def _not_whole(number: str) -> NoReturn:
    raise MisfitError(f"{_cut(number)} is not a whole number")


def spelled(fits: Callable[[str], object], what: str) -> Callable[[str], str]:
    """For `Annotated[str, …]`, the function that checks what is read: a word whose form makes it safe to print."""

    def checked(found: str) -> str:
        if not fits(found):
            raise misfit(what, found)
        return found

    return checked


@dataclass(frozen=True, slots=True)
class Shape:
    """What differs between a class and its document.

    `keys` are the fields in the order of the document, `field=key` if the names differ; without it, all fields. A
    property may be among them: it is only written. A field that is not among them gets its default when it is read.
    `types` replace the types of fields. `left_out` are the fields that have no key if they have their default.
    """

    keys: str = ""
    types: Mapping[str, object] = field(default_factory=dict)
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class Via:
    """A value that is written as a value of `kind`. `read` raises MisfitError for what it cannot convert back."""

    kind: object
    write: Callable[[Any], object]
    read: Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class _Form:
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]


def _place(text: str) -> Source:
    found = re.fullmatch(r"(.*):([0-9]{1,9})", text, re.DOTALL)
    if found is None:
        raise misfit("a file and line", text)
    return Source(Text(found[1]), int(found[2]))


def _whole(text: str) -> Message:
    """A sentence that is read back is one text: a document does not say which of its words are ours."""
    return Message("{}", Text(text))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as err:
        raise misfit("a day such as 2026-01-31", text) from err


_LEAVES: Final[Mapping[object, Via]] = {
    Text: Via(str, attrgetter("raw"), Text),
    Message: Via(str, str, _whole),
    Role: Via(Annotated[str, spelled(re.compile("[a-z0-9_]{1,100}").fullmatch, "the name of a role")], str, Role),
    Access: Via(Literal["none", "viewer", "editor", "owner"], attrgetter("word"), ACCESS_WORDS.__getitem__),
    Source: Via(str, lambda source: source.short.raw, _place),
    date: Via(str, date.isoformat, _day),
}


class Codec:
    """Reads and writes the documents of the classes in `shapes`, and of every class that needs no declaration.

    A document has only the keys of its class, except with `ignores_other_keys`.
    """

    def __init__(
        self,
        shapes: Mapping[object, Shape | Via],
        ignores_other_keys: Callable[[object], bool] = lambda _: False,
    ) -> None:
        self._shapes: Mapping[object, Shape | Via] = {**_LEAVES, **shapes}
        self._ignores_other_keys = ignores_other_keys
        self._forms: dict[object, _Form] = dict(_PLAIN)

    def read(self, kind: type[T], found: Json) -> T:
        """The value that `found` spells. Raises MisfitError."""
        value: T = self._form(kind).read(found)
        return value

    def document(self, value: object) -> dict[str, Json]:
        """The document of a dataclass, or of a dictionary that holds some."""
        if isinstance(value, dict):
            return {key: self.write(held) for key, held in value.items()}
        document: dict[str, Json] = self._form(type(value)).write(value)
        return document

    def write(self, value: object) -> Json:
        """The JSON form of a value; for a dictionary or a tuple, of everything in it."""
        if isinstance(value, tuple | list):
            return [self.write(held) for held in value]
        if isinstance(value, dict):
            return self.document(value)
        written: Json = self._form(type(value)).write(value)
        return written

    def _form(self, kind: object) -> _Form:
        if kind not in self._forms:
            self._forms[kind] = self._made(kind)
        return self._forms[kind]

    def _made(self, kind: object) -> _Form:
        declared, origin, arguments = self._shapes.get(kind), get_origin(kind), get_args(kind)
        if isinstance(declared, Via):
            form = self._via(declared)
        elif isinstance(kind, EnumType):
            members: Iterable[Enum] = kind
            form = _words({member.value: member for member in members}, attrgetter("value"))
        elif origin is Annotated:
            form = self._via(Via(arguments[0], _same, arguments[1]))
        elif origin is Literal:
            form = _words({word: word for word in arguments}, _same)
        elif origin in {Union, UnionType}:
            (inner,) = (argument for argument in arguments if argument is not NoneType)
            form = _optional(self._form(inner))
        elif origin is tuple and get_origin(arguments[0]) is not tuple:
            form = _list(self._form(arguments[0]))
        elif arguments:
            pair = get_args(arguments[0]) if origin is tuple else arguments
            form = _mapping(self._form(pair[0]), self._form(pair[1]), tuple if origin is tuple else dict)
        else:
            form = self._object(kind, declared or Shape())
        return form

    def _via(self, via: Via) -> _Form:
        inner = self._form(via.kind)
        read, write, inner_read, inner_write = via.read, via.write, inner.read, inner.write
        writes = (
            write
            if inner_write is _same
            else inner_write
            if write is _same
            else lambda value: inner_write(write(value))
        )
        return _Form(lambda found: read(inner_read(found)), writes)

    def _object(self, kind: Any, shape: Shape) -> _Form:
        forms = self._keys(kind, shape)
        defaults = {each.name: each.default for each in fields(kind)}
        left_out = {name: defaults[name] for name in shape.left_out.split()}
        writes = [(name, key, form.write) for name, (key, form) in forms.items()]

        def write(value: object) -> Json:
            document = {key: write_value(getattr(value, name)) for name, key, write_value in writes}
            for name, default in left_out.items():
                if getattr(value, name) == default:
                    del document[forms[name][0]]
            return document

        reads = [(name, key, form.read) for name, (key, form) in forms.items() if name in defaults]
        known = None if self._ignores_other_keys(kind) else frozenset(key for key, _ in forms.values())
        return _Form(_object_reader(kind, reads, left_out, known), write)

    def _keys(self, kind: Any, shape: Shape) -> dict[str, tuple[str, _Form]]:
        """By the name of a field or property: its key, and how its value is read and written."""
        types = {**get_type_hints(kind, include_extras=True), **shape.types}
        found = {}
        for word in shape.keys.split() or [each.name for each in fields(kind)]:
            name, _, key = word.partition("=")
            if name not in types:
                types[name] = get_type_hints(getattr(kind, name).fget)["return"]
            found[name] = key or name, self._form(types[name])
        return found


def _object_reader(
    kind: Callable[..., object],
    reads: Iterable[tuple[str, str, Callable[[Any], Any]]],
    optional: Container[str],
    known: frozenset[str] | None,
) -> Callable[[Json], object]:
    """`reads` are name, key and reader of each field; `known` are all keys, None if others are allowed too."""

    def read(found: Json) -> object:
        if type(found) is not dict:
            raise misfit("an object", found)
        values = {}
        for name, key, read_value in reads:
            if key in found:
                try:
                    values[name] = read_value(found[key])
                except MisfitError as err:
                    err.steps.append(key)
                    raise
            elif name not in optional:
                raise MisfitError(f"`{key}` is missing")
        if known is not None and not found.keys() <= known:
            other = next(key for key in found if key not in known)
            raise MisfitError(f'unknown key "{_cut(other)}"')
        return kind(**values)

    return read


def _same(value: T) -> T:
    return value


def _plain(kind: type, what: str) -> _Form:
    """JSON's own values. An exact type: true is not a number."""

    def read(found: Json) -> Json:
        if type(found) is not kind:
            raise misfit(what, found)
        return found

    return _Form(read, _same)


_PLAIN: Final[Mapping[object, _Form]] = {
    str: _plain(str, "text"),
    int: _plain(int, "a whole number"),
    bool: _plain(bool, "true or false"),
    NoneType: _plain(NoneType, "null"),
}


def _words(words: Mapping[Any, object], write: Callable[[Any], Any]) -> _Form:
    listed = ", ".join(map(str, words))
    expected = f"one of {listed if len(listed) <= 70 else f'{listed[:69]}…'}" if len(words) > 1 else listed

    def read(found: Json) -> object:
        if type(found) not in {str, int} or found not in words:
            raise misfit(expected, found)
        return words[found]

    return _Form(read, write)


def _mapping(keys: _Form, values: _Form, made: type) -> _Form:
    """A mapping, or a tuple of pairs, as an object."""

    def read(found: Json) -> object:
        if type(found) is not dict:
            raise misfit("an object", found)
        pairs, name = [], ""
        try:
            for name, held in found.items():
                pairs.append((keys.read(name), values.read(held)))
        except MisfitError as err:
            err.steps.append(name)
            raise
        return made(pairs)

    def write(value: Any) -> Json:
        pairs = value.items() if made is dict else value
        return {keys.write(name): values.write(held) for name, held in pairs}

    return _Form(read, write)


def _optional(inner: _Form) -> _Form:
    read, write = inner.read, inner.write
    return _Form(
        lambda found: None if found is None else read(found),
        _same if write is _same else lambda value: None if value is None else write(value),
    )


def _list(inner: _Form) -> _Form:
    read_one, write_one = inner.read, inner.write

    def read(found: Json) -> object:
        if type(found) is not list:
            raise misfit("a list", found)
        values: list[object] = []
        try:
            for each in found:
                values.append(read_one(each))  # noqa: PERF401  # its length is the place of a misfit
        except MisfitError as err:
            err.steps.append(len(values))
            raise
        return tuple(values)

    return _Form(read, lambda values: [write_one(each) for each in values])
