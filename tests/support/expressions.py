"""The expressions of GitHub's workflows, in the few forms that ours use: contexts, `==`, `!=`, `&&`, `||`, `!`, calls.

Values are those of JSON. `==` compares as GitHub does: text without case, and things of two types as numbers, where
null and "" are 0 and other text is no number. `&&` and `||` give one of their sides. What is not there is null.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

Value: TypeAlias = "str | float | bool | Mapping[str, Value] | None"
Functions = Mapping[str, Callable[..., Value]]

_TOKEN: Final = re.compile(r"\s*(?:('(?:[^']|'')*')|(\d+)|([A-Za-z_][\w-]*)|(&&|\|\||==|!=|[!().,]))")
_HOLE: Final = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_WORDS: Final[Mapping[str, Value]] = {"true": True, "false": False, "null": None}


def evaluated(text: str, contexts: Mapping[str, Value], functions: Functions) -> Value:
    """The value of one expression. Raises ValueError for what this evaluator does not know."""
    parser = _Parser(text, contexts, functions)
    found = parser.either()
    if parser.token is not None:
        raise ValueError(f"{text!r}: {parser.token!r} is one too many")
    return found


def filled(text: str, contexts: Mapping[str, Value], functions: Functions) -> str:
    """Text in which each `${{ … }}` has given way to what it means."""
    return _HOLE.sub(lambda hole: written(evaluated(hole[1], contexts, functions)), text)


def condition(text: str, contexts: Mapping[str, Value], functions: Functions) -> Value:
    """The value of an `if:`, which may leave out the `${{ }}` around it."""
    whole = _HOLE.fullmatch(text.strip())
    return evaluated(whole[1] if whole else text, contexts, functions)


def written(found: Value) -> str:
    """A value as text takes it in."""
    match found:
        case None:
            return ""
        case bool():
            return "true" if found else "false"
        case float():
            return f"{found:g}"
        case str():
            return found
        case _:
            return "Object"


def _number(found: Value) -> float:
    match found:
        case None | "" | False:
            return 0.0
        case True:
            return 1.0
        case float():
            return found
        case str() if found.isdigit():
            return float(found)
        case _:
            return float("nan")


def same(left: Value, right: Value) -> bool:
    """Whether `left == right`, as GitHub has it."""
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    return _number(left) == _number(right)


class _Parser:
    """One expression, evaluated while it is read: nothing in it has an effect, so both sides always are."""

    def __init__(self, text: str, contexts: Mapping[str, Value], functions: Functions) -> None:
        self._text, self._contexts, self._functions = text, contexts, functions
        self._place = 0
        self.token: str | None = None
        self._next()

    def either(self) -> Value:
        left = self._both()
        while self._took("||"):
            right = self._both()
            left = left or right
        return left

    def _both(self) -> Value:
        left = self._compared()
        while self._took("&&"):
            right = self._compared()
            left = left and right
        return left

    def _compared(self) -> Value:
        left = self._simple()
        for sign, wanted in (("==", True), ("!=", False)):
            if self._took(sign):
                return same(left, self._simple()) is wanted
        return left

    def _simple(self) -> Value:
        if self._took("!"):
            return not self._simple()
        if self._took("("):
            found = self.either()
            self._must(")")
            return found
        token = self._next()
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token.isdigit():
            return float(token)
        if token in _WORDS:
            return _WORDS[token]
        return self._called(token) if self._took("(") else self._property(token)

    def _called(self, name: str) -> Value:
        given: list[Value] = []
        while not self._took(")"):
            given.append(self.either())
            if self.token != ")":
                self._must(",")
        return self._functions[name](*given)

    def _property(self, name: str) -> Value:
        if name not in self._contexts:
            raise ValueError(f"{self._text!r}: there is no context {name}")
        found = self._contexts[name]
        while self._took("."):
            key = self._next()
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    def _took(self, token: str) -> bool:
        if self.token != token:
            return False
        self._next()
        return True

    def _must(self, token: str) -> None:
        if not self._took(token):
            raise ValueError(f"{self._text!r}: {token!r} is missing")

    def _next(self) -> str:
        """The token at hand; the one after it takes its place."""
        token, rest = self.token, self._text[self._place :]
        found = _TOKEN.match(rest)
        if found is None and rest.strip():
            raise ValueError(f"{self._text!r}: {rest!r} is not understood")
        self.token = found[0].strip() if found else None
        self._place += found.end() if found else len(rest)
        return token or ""


def formatted(pattern: Value, *values: Value) -> Value:
    """GitHub's `format`."""
    found = written(pattern)
    for number, each in enumerate(values):
        found = found.replace(f"{{{number}}}", written(each))
    return found
