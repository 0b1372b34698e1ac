"""Mutants of a module: its text with one small thing made wrong.

The operators are those of mutmut, and some of ours where it has none: it lets the text of f-strings, bare conditions
and the members of tables be. Its own runner cannot be used here, since it mutates only what stands in plain functions,
and half of these modules are tables, patterns and properties. What no test could notice is left alone: annotations,
type aliases, imports, docstrings, and decorators, which the tests of the architecture hold.
"""

import ast
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Final

import libcst
import libcst.matchers as match
from mutmut.mutation.mutators import OPERATORS_TYPE, mutation_operators

MODULE: Final = "the module"


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
    """Every mutant of a module that differs to Python, each once, in the order of the text; of some `places` alone."""
    tree = libcst.MetadataWrapper(libcst.parse_module(text)).module
    position = text.index(tree.code_for_node(tree.body[0]))
    for statement in tree.body:
        code = tree.code_for_node(statement)
        for place, mutated in _mutated(tree, statement, places):
            after = text[:position] + mutated + text[position + len(code) :]
            yield Mutant(Mutation(module, place, _change(code, mutated)), after)
        position += len(code)


def _mutated(
    tree: libcst.Module, statement: libcst.CSTNode, places: Container[str] | None
) -> Iterator[tuple[str, str]]:
    """Each wrong text of one statement of the module, and where in it the mutation stands."""
    search = _Search()
    statement.visit(search)
    seen = {_parsed(tree.code_for_node(statement))}
    for place, node, wrong in search.found:
        if places is not None and place not in places:
            continue
        replaced = statement.deep_replace(node, wrong)
        assert isinstance(replaced, libcst.CSTNode)
        mutated = tree.code_for_node(replaced)
        parsed = _parsed(mutated)
        if parsed is not None and parsed not in seen:
            seen.add(parsed)
            yield place, mutated


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
        self.found: list[tuple[str, libcst.CSTNode, libcst.CSTNode]] = []
        self._within: list[str] = []

    def on_visit(self, node: libcst.CSTNode) -> bool:
        if match.matches(node, _LEFT_ALONE):
            return False
        if isinstance(node, libcst.FunctionDef | libcst.ClassDef):
            self._within.append(node.name.value)
        place = ".".join(self._within) or MODULE
        operators = (*mutation_operators, *OURS, *(() if self._within else OF_TABLES))
        self.found.extend(
            (place, node, wrong) for kind, operator in operators if isinstance(node, kind) for wrong in operator(node)
        )
        return True

    def on_leave(self, original_node: libcst.CSTNode) -> None:
        if isinstance(original_node, libcst.FunctionDef | libcst.ClassDef):
            self._within.pop()


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
