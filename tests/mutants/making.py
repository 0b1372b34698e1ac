"""Mutants of a module: its text with one small thing made wrong.

The operators are those of mutmut, and some of ours where it has none: it lets the text of f-strings, bare conditions
and the members of tables be. Its own runner cannot be used here, since it mutates only what stands in plain functions,
and half of these modules are tables, patterns and properties. What no test could notice is left alone: annotations,
type aliases, imports, docstrings, and decorators, which the tests of the architecture hold.
"""

import ast
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from functools import cache
from itertools import accumulate, islice
from random import Random
from typing import Any, Final

import libcst
import libcst.matchers as match
from mutmut.mutation.mutators import OPERATORS_TYPE, mutation_operators

MODULE: Final = "the module"
_Found = tuple[str, libcst.CSTNode, libcst.CSTNode]
"""Where a node is, and what could be put for it."""


@dataclass(frozen=True, slots=True, order=True)
class Mutation:
    """What was made wrong where. `change` is the lines that went and came, each behind its `-` or `+`."""

    module: str
    place: str
    change: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mutation, and the whole text of the module that has it."""

    mutation: Mutation
    text: str


def mutants(module: str, text: str, places: Container[str] | None = None) -> Iterator[Mutant]:
    """Every mutant of a module that differs to Python, each once, in text order; only of `places` if given."""
    for statement in _statements(module, text):
        yield from (mutant for mutant in statement.mutants(places) if mutant is not None)


def sample(texts: Mapping[str, str], size: int, seed: int) -> list[Mutant]:
    """Mutants of the texts of modules, drawn by chance: each is as likely as any other.

    Making all of them takes long, so that what could be a mutant is drawn, and drawn again where it is none.
    """
    candidates = [
        (module, index, number)
        for module in sorted(texts)
        for index, statement in enumerate(_statements(module, texts[module]))
        for number in range(len(statement.found()))
    ]
    Random(seed).shuffle(candidates)
    statements = cache(lambda module: _statements(module, texts[module]))
    made = (statements(module)[index].mutant(number) for module, index, number in candidates)
    return list(islice((mutant for mutant in made if mutant is not None), size))


@dataclass(frozen=True, slots=True)
class _Statement:
    """One statement of a module, and where its text begins."""

    module: str
    text: str
    tree: libcst.Module
    node: libcst.CSTNode
    position: int

    def found(self) -> list[_Found]:
        search = _Search()
        self.node.visit(search)
        return search.found

    def mutants(self, places: Container[str] | None) -> Iterator[Mutant | None]:
        """One for each that was found, None where it is the same to Python as the statement or an earlier one."""
        return self._made(found for found in self.found() if places is None or found[0] in places)

    def mutant(self, number: int) -> Mutant | None:
        """One of them. Only earlier ones of a node within its node, or around it, can be the same to Python."""
        found = self.found()
        drawn = found[number][1]
        within = _nodes(drawn)
        near = [one for one in found[:number] if id(one[1]) in within or id(drawn) in _nodes(one[1])]
        *_, made = self._made([*near, found[number]])
        return made

    def _made(self, found: Iterable[_Found]) -> Iterator[Mutant | None]:
        code = self.tree.code_for_node(self.node)
        seen = {_parsed(code), None}
        for place, node, wrong in found:
            replaced = self.node.deep_replace(node, wrong)
            assert isinstance(replaced, libcst.CSTNode)
            mutated = self.tree.code_for_node(replaced)
            parsed = _parsed(mutated)
            after = self.text[: self.position] + mutated + self.text[self.position + len(code) :]
            is_new = parsed not in seen
            seen.add(parsed)
            yield Mutant(Mutation(self.module, place, _change(code, mutated)), after) if is_new else None


def _nodes(node: libcst.CSTNode) -> set[int]:
    return {id(node)}.union(*map(_nodes, node.children))


def _statements(module: str, text: str) -> list[_Statement]:
    tree = libcst.MetadataWrapper(libcst.parse_module(text)).module
    codes = [tree.code_for_node(node) for node in tree.body]
    starts = accumulate(map(len, codes), initial=text.index(codes[0]) if codes else 0)
    return [_Statement(module, text, tree, node, start) for node, start in zip(tree.body, starts, strict=False)]


def _parsed(text: str) -> str | None:
    try:
        return ast.dump(ast.parse(text))
    except SyntaxError:
        return None


def _change(before: str, after: str) -> str:
    lines = list(unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in lines if not line.startswith("@@"))


class _Search(libcst.CSTVisitor):
    """Collects what could be put for which node, and the function or class that it stands in."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[_Found] = []
        self._within: list[str] = []

    def on_visit(self, node: libcst.CSTNode) -> bool:
        if isinstance(node, _LOOKED_AT) and match.matches(node, _LEFT_ALONE):
            return False
        if isinstance(node, libcst.FunctionDef | libcst.ClassDef):
            self._within.append(node.name.value)
        place = ".".join(self._within) or MODULE
        operators = _operators(type(node), is_table=not self._within)
        self.found.extend((place, node, wrong) for operator in operators for wrong in operator(node))
        return True

    def on_leave(self, original_node: libcst.CSTNode) -> None:
        if isinstance(original_node, libcst.FunctionDef | libcst.ClassDef):
            self._within.pop()


@cache
def _operators(kind: type[libcst.CSTNode], *, is_table: bool) -> list[Callable[[Any], Iterable[libcst.CSTNode]]]:
    operators = (*mutation_operators, *OURS, *(OF_TABLES if is_table else ()))
    return [operator for of, operator in operators if issubclass(kind, of)]


_LOOKED_AT: Final = (
    libcst.Annotation,
    libcst.Decorator,
    libcst.Import,
    libcst.ImportFrom,
    libcst.Assign,
    libcst.Call,
)
_LEFT_ALONE: Final = (
    match.Annotation()
    | match.Decorator()
    | match.Import()
    | match.ImportFrom()
    | match.Assign(value=match.Subscript(value=match.Name("Literal")))
    | match.Call(func=match.Name("isinstance") | match.Name("len"))
)


def _marked(node: libcst.FormattedStringText) -> Iterable[libcst.CSTNode]:
    yield node.with_changes(value=f"XX{node.value}XX")


def _forced(node: libcst.If | libcst.CompIf) -> Iterable[libcst.CSTNode]:
    for answer in ("True", "False"):
        yield node.with_changes(test=libcst.Name(answer))


def _emptied(node: libcst.Return) -> Iterable[libcst.CSTNode]:
    if node.value is not None:
        yield node.with_changes(value=libcst.Name("None"))


def _one_side(node: libcst.BooleanOperation) -> Iterable[libcst.CSTNode]:
    yield node.left
    yield node.right


def _without_a_member(
    node: libcst.Tuple | libcst.List | libcst.Set | libcst.Dict,
) -> Iterable[libcst.CSTNode]:
    members: Sequence[libcst.CSTNode] = node.elements
    if len(members) > 1 or not isinstance(node, libcst.Set):
        for index in range(len(members)):
            yield node.with_changes(elements=[*members[:index], *members[index + 1 :]])


_CHARACTER: Final = re.compile(r"\\u[0-9a-f]{4}|\\.|.")
_WORD: Final = re.compile(r"[a-z]{3}")
_ESCAPE: Final = re.compile(r"\\(u[0-9a-f]{4}|.)")


def _without_a_character(node: libcst.SimpleString) -> Iterable[libcst.CSTNode]:
    inner = node.raw_value
    if len(node.quote) == 1 and not _WORD.search(_ESCAPE.sub("", inner)):
        for found in _CHARACTER.finditer(inner):
            kept = inner[: found.start()] + inner[found.end() :]
            yield node.with_changes(value=f"{node.prefix}{node.quote}{kept}{node.quote}")


OURS: Final[OPERATORS_TYPE] = (
    (libcst.FormattedStringText, _marked),
    (libcst.If, _forced),
    (libcst.CompIf, _forced),
    (libcst.Return, _emptied),
    (libcst.BooleanOperation, _one_side),
    *((kind, _without_a_member) for kind in (libcst.Tuple, libcst.List, libcst.Set, libcst.Dict)),
)
OF_TABLES: Final[OPERATORS_TYPE] = ((libcst.SimpleString, _without_a_character),)
"""For what stands outside functions: sets of characters and patterns, of which every character counts."""
