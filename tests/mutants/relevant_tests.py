"""Which tests can notice a mutant: those that execute its line.

A line that runs when its module is imported has no test of its own. What it defines is used by the lines of functions
that name it, in any module, and the tests that execute those lines are taken. A table that another table is made of
counts under the name of both.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache

from tests.mutants.line_map import LineMap
from tests.mutants.making import Mutant

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Place = tuple[str, int]
"""A module and a line."""


class RelevantTests:
    """Finds the tests for mutants of the modules, whose texts are given."""

    def __init__(self, texts: Mapping[str, str], lines: LineMap) -> None:
        self._texts, self._seconds, self._uses = texts, lines.seconds, _Uses()
        self._by_line = cache(lines.tests)
        for module, text in texts.items():
            _Reader(module, self._uses).visit(ast.parse(text))

    def of(self, mutant: Mutant, seconds: float) -> list[str]:
        """The fastest tests that together take no longer than so many seconds, the fastest first."""
        found = self._found(mutant.mutation.module, _changed(self._texts[mutant.mutation.module], mutant.text))
        chosen, left = [], seconds
        for test in sorted(found, key=lambda test: (self._seconds[test], test)):
            left -= self._seconds[test]
            if left >= 0:
                chosen.append(test)
        return chosen

    def _found(self, module: str, changed: range) -> set[str]:
        body = ast.parse(self._texts[module]).body
        owners, runs_at_import = _owners(body, changed.start)
        places = {(module, line) for line in (*changed, *_statement(owners))}
        if runs_at_import:
            places |= self._uses.of({name for owner in owners for name in _defined(owner)}, module)
        return self._tests(places) or (self._tests(self._uses.within[module]) if runs_at_import else set())

    def _tests(self, places: set[_Place]) -> set[str]:
        return {test for module, line in places for test in self._by_line(module).get(line, ())}


def _changed(before: str, after: str) -> range:
    """The lines that a mutation changed, counted from 1."""
    old, new = before.splitlines(), after.splitlines()
    first = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    same = next((at for at, (a, b) in enumerate(zip(old[::-1], new[::-1], strict=False)) if a != b), len(new))
    return range(first + 1, max(len(old) - same, first + 1) + 1)


def _owners(body: list[ast.stmt], line: int) -> tuple[list[ast.stmt], bool]:
    """The statements that a line is in, from the outermost, and whether the line runs when the module is imported."""
    owners: list[ast.stmt] = []
    runs_at_import = True
    inner: list[ast.stmt] = body
    while found := [one for one in inner if one.lineno <= line <= (one.end_lineno or one.lineno)]:
        owners.append(found[0])
        runs_at_import &= not (isinstance(found[0], _Function) and line >= found[0].body[0].lineno)
        inner = [one for child in ast.iter_child_nodes(found[0]) for one in _statements(child)]
    return owners, runs_at_import


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    if isinstance(node, ast.stmt):
        yield node
    elif isinstance(node, ast.match_case | ast.ExceptHandler):
        yield from node.body


def _statement(owners: list[ast.stmt]) -> range:
    """Of the innermost statement: all lines of a simple one, none of a block, of which each line runs by itself."""
    innermost = owners[-1] if owners else None
    if innermost is None or any(True for child in ast.iter_child_nodes(innermost) for _ in _statements(child)):
        return range(0)
    return range(innermost.lineno, (innermost.end_lineno or innermost.lineno) + 1)


def _defined(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            yield statement.name
        case ast.Assign():
            yield from (
                node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name)
            )
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case _:
            pass


class _Uses:
    """The lines of functions that name something, and what is made of something when a module is imported."""

    def __init__(self) -> None:
        self.within: dict[str, set[_Place]] = defaultdict(set)
        self.lines: dict[str, set[_Place]] = defaultdict(set)
        self.made_of: dict[str, set[tuple[str, str]]] = defaultdict(set)

    def of(self, names: set[str], module: str) -> set[_Place]:
        waiting, seen = [(name, module) for name in sorted(names)], set[tuple[str, str]]()
        while waiting:
            name, owner = waiting.pop()
            if (name, owner) not in seen:
                seen.add((name, owner))
                waiting.extend(self.made_of[_key(name, owner)])
        return {place for name, owner in seen for place in self.lines[_key(name, owner)]}


def _key(name: str, module: str) -> str:
    """A private name is one of its module."""
    return f"{module}: {name}" if name.startswith("_") else name


class _Reader(ast.NodeVisitor):
    """Collects the uses of one module's names."""

    def __init__(self, module: str, uses: _Uses) -> None:
        self._module, self._uses = module, uses
        self._is_in_function = False
        self._defined: list[str] = []

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name | ast.Attribute | ast.keyword):
            name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else node.arg
            self._note(name or "", node.lineno)
        if isinstance(node, ast.stmt) and not self._is_in_function:
            self._uses.within[self._module].update(
                (self._module, line) for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
            )
            before, self._defined = self._defined, self._defined or list(_defined(node))
            self._visit_children(node)
            self._defined = before
        else:
            self.generic_visit(node)

    def _visit_children(self, node: ast.stmt) -> None:
        for name, value in ast.iter_fields(node):
            self._is_in_function = isinstance(node, _Function) and name == "body"
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self.visit(child)
            self._is_in_function = False

    def _note(self, name: str, line: int) -> None:
        if self._is_in_function:
            self._uses.lines[_key(name, self._module)].add((self._module, line))
        else:
            self._uses.made_of[_key(name, self._module)].update((other, self._module) for other in self._defined)
