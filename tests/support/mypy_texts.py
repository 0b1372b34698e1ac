"""For mypy: a `Text` or `Message` in an f-string, or among the parts of a `join`, is an error.

At run time the f-string raises TypeError, so a sentence that no test reaches would fail where a user needs it, and a
join would take the words of others for ours. `{text!s}` says that the characters are for output.
"""

from collections.abc import Callable, Iterator
from typing import Final

from mypy.nodes import CallExpr, MemberExpr, StrExpr
from mypy.plugin import MethodContext, Plugin
from mypy.types import Instance, Type, UnionType, get_proper_type

_TEXTS: Final = frozenset({"bo_sync.core.text.Text", "bo_sync.core.text.Message"})


def _classes(kind: Type, depth: int = 2) -> Iterator[str]:
    """The names of the classes in a type, and in its type arguments. A type such as that of JSON has no end."""
    kind = get_proper_type(kind)
    if isinstance(kind, UnionType):
        for item in kind.items:
            yield from _classes(item, depth)
    elif isinstance(kind, Instance):
        yield kind.type.fullname
        for argument in kind.args if depth else ():
            yield from _classes(argument, depth - 1)


def _is_converted(context: MethodContext) -> bool:
    """Whether it is `{text!s}`, which mypy reads as `"{!s:{}}".format(text, "")`."""
    call = context.context
    if not isinstance(call, CallExpr) or not isinstance(call.callee, MemberExpr):
        return False
    template = call.callee.expr
    return isinstance(template, StrExpr) and template.value.startswith("{!")


def _check(context: MethodContext) -> Type:
    found = {name for kinds in context.arg_types for kind in kinds for name in _classes(kind)}
    if found & _TEXTS and not _is_converted(context):
        context.api.fail("others' words in a string of ours: use Message, or {text!s} for output", context.context)
    return context.default_return_type


class Texts(Plugin):
    def get_method_hook(self, fullname: str) -> Callable[[MethodContext], Type] | None:
        return _check if fullname in {"builtins.str.format", "builtins.str.join"} else None


def plugin(_: str) -> type[Plugin]:
    return Texts
