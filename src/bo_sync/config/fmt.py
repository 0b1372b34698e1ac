"""`bo-sync fmt`: keys in the canonical order, comments with their keys, everything else as it was written.

What comes out is read again and compared with what went in, so a text can be refused but its meaning cannot change.
"""

from collections import Counter
from collections.abc import Sequence as Words
from typing import Final

from bo_sync.config.documents import (
    ACCEPTANCE_KEYS,
    CLAUSE_KEYS,
    EXCEPTION_KEYS,
    GRANT_KEYS,
    GUARDRAIL_KEYS,
    LIMIT_KEYS,
    MATCH_KEYS,
    POLICY_KEYS,
    PRESET_KEYS,
    SETTINGS_KEYS,
    USER_KEYS,
)
from bo_sync.config.dump import PROFILE_ORDER
from bo_sync.config.endings import plain
from bo_sync.config.files import Kind
from bo_sync.config.layout import Edit, Mapping, Node, Scalar, Sequence, apply, chunks, comments, lay_out, line_start
from bo_sync.config.values import Value
from bo_sync.config.yaml import read
from bo_sync.core.model import MODULES, PLATFORM, ROLES
from bo_sync.core.text import Text
from bo_sync.errors import FilesError

_Path = tuple[str, ...]

_PERSON: Final[dict[_Path, Words[str]]] = {
    (): USER_KEYS,
    ("platform",): PLATFORM,
    ("platform", "*"): GRANT_KEYS,
    ("modules",): MODULES,
    ("modules", "*"): GRANT_KEYS,
    ("ignore", "*"): ACCEPTANCE_KEYS,
}
_ORDERS: Final[dict[Kind, dict[_Path, Words[str]]]] = {
    "user": _PERSON | {("users", "*", *path): order for path, order in _PERSON.items()},
    "preset": {(): PRESET_KEYS, ("platform",): PLATFORM, ("modules",): MODULES},
    "policy": {
        (): POLICY_KEYS,
        ("match",): MATCH_KEYS,
        ("match", "*", "*"): CLAUSE_KEYS,
        ("match", "*", "*", "has"): ROLES,
        ("except", "*"): EXCEPTION_KEYS,
    },
    "config": {
        (): SETTINGS_KEYS,
        ("defaults",): PROFILE_ORDER,
        ("guardrails",): GUARDRAIL_KEYS,
        ("guardrails", "*"): LIMIT_KEYS,
        ("role_definitions",): ROLES,
    },
}
"""The order of keys by the place of their mapping; `*` is any item or key. Other keys keep their order, and follow."""
_NAMED: Final = {name for orders in _ORDERS.values() for path in orders for name in path}


def format_text(text: str, kind: Kind, path: Text) -> str:
    """`text` in the canonical form; formatting that again changes nothing. `path` names the file in messages.

    Raises FilesError when `text` is not sound YAML, or is laid out so that its keys cannot be moved.
    """
    before = reading(text, path)
    lines = plain(text, path)
    root = lay_out(lines.text)
    formatted = apply(lines.text, _edits(lines.text, root, (), _ORDERS[kind]))
    if not says(formatted, before, all_comments(lines.text, root), path):
        message = f"{path}: cannot put the keys in order without changing what they or the comments say"
        raise FilesError(message, hint="Put each key on a line of its own, or order this file by hand.")
    return lines.written(formatted)


def says(text: str, value: Value, comments_: Counter[str], path: Text) -> bool:
    """Whether a text that was changed reads as `value` and holds these comments, each as often, and no others."""
    after = read(text.encode("utf-8", "surrogatepass"), path)
    return not after.problems and after.value == value and all_comments(text, lay_out(text)) == comments_


def all_comments(text: str, root: Node) -> Counter[str]:
    """How often each comment stands in `text`, which is laid out as `root`."""
    return Counter(comments(text, root, 0, len(text)))


def reading(text: str, path: Text) -> Value:
    """What `text` says. Raises FilesError, with every problem, when it is not sound YAML."""
    found = read(text.encode("utf-8", "surrogatepass"), path)
    if found.problems:
        raise FilesError("\n".join(map(str, found.problems)), hint="Run `bo-sync validate` and mend the file first.")
    return found.value


def _edits(text: str, node: Node, path: _Path, orders: dict[_Path, Words[str]]) -> list[Edit]:
    """What has to change in `node`; edits do not overlap, for the edit of a mapping holds those of what is inside."""
    if isinstance(node, Scalar):
        return []
    if isinstance(node, Sequence):
        return [edit for item in node.items for edit in _edits(text, item, (*path, "*"), orders)]
    inner: list[Edit] = []
    for pair in node.pairs:
        key = pair.key.text if pair.key.text in _NAMED else "*"
        inner += _edits(text, pair.value, (*path, key), orders)
    ranks = {word: rank for rank, word in enumerate(orders.get(path, ()))}
    order = sorted(range(len(node.pairs)), key=lambda index: ranks.get(node.pairs[index].key.text, len(ranks)))
    if order == sorted(order) or (node.is_flow and comments(text, node, node.start, node.end)):
        return inner  # which pair of `{…}` a comment belongs to, only its writer knows
    return _slots(text, node, order, inner) if node.is_flow else [_block(text, node, order, inner)]


def _slots(text: str, flow: Mapping, order: list[int], inner: list[Edit]) -> list[Edit]:
    """The pairs of `{…}` in another order, each in the place of another; what stands between them stays."""
    extents = [(pair.key.start, pair.value.end) for pair in flow.pairs]
    pieces = [apply(text, inner, *extent) for extent in extents]
    return [Edit(*extent, pieces[index]) for extent, index in zip(extents, order, strict=True)]


def _block(text: str, block: Mapping, order: list[int], inner: list[Edit]) -> Edit:
    """The lines of a block's keys in another order; a dash before the first key stands for its indent."""
    extents = chunks(text, block)
    indent = " " * block.column
    pieces = [apply(text, inner, *extent) for extent in extents]
    is_after_dash = extents[0][0] != line_start(text, extents[0][0])
    if is_after_dash:
        pieces[0] = indent + pieces[0]
    moved = "".join(pieces[index] for index in order).lstrip("\n")
    return Edit(extents[0][0], extents[-1][1], moved.removeprefix(indent) if is_after_dash else moved)
