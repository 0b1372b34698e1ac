"""Canonical form: declarations as YAML, and `bo-sync fmt`, which reorders keys and keeps comments.

Formatted text is read again and compared with the original: it can be rejected, but its meaning cannot change. Text is
plain where neither our reader nor a reviewer can take it for something else, else in double quotes.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from bo_sync.config.documents import (
    CLAUSE_KEYS,
    EXCEPTION_KEYS,
    GRANT_KEYS,
    GUARDRAIL_KEYS,
    LIMIT_KEYS,
    MATCH_KEYS,
    POLICY_KEYS,
    PRESET_KEYS,
    SETTINGS_KEYS,
    SUPPRESSION_KEYS,
    USER_KEYS,
)
from bo_sync.config.files import Kind
from bo_sync.config.validation import rank
from bo_sync.config.yaml_layout import (
    Edit,
    MappingNode,
    Node,
    Scalar,
    SequenceNode,
    apply,
    chunks,
    comments,
    lay_out,
    line_start,
    plain,
)
from bo_sync.config.yaml_reader import read
from bo_sync.config.yaml_values import Value
from bo_sync.core.model import (
    MODULES,
    PLATFORM,
    ROLES,
    Access,
    Declaration,
    FieldValue,
    Ignore,
    Override,
    ProfileField,
    Role,
    State,
)
from bo_sync.core.text import Message, Text
from bo_sync.errors import FilesError

PROFILE_ORDER: Final[tuple[ProfileField, ...]] = (
    "first_name",
    "last_name",
    "middle_name",
    "gender",
    "phone",
    "job",
    "language",
)
"""The order of profile fields in a file, names first; the backoffice's form has another order."""

_may_be_plain: Final = re.compile(r"[^\W_][^:#\[\]{},]*|\+[0-9][0-9 ()/.-]*", re.UNICODE).fullmatch
_SPECIAL: Final = frozenset(("null", "true", "false", "Null", "NULL"))
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LANGUAGE: Final = re.compile("[A-Z]{2}")


def dump_user(declaration: Declaration) -> str:
    """One user's file: loading it gives `declaration` again. Ends with a line break."""
    return "\n".join(_user(declaration)) + "\n"


def scalar(raw: str) -> str:
    """`raw` as one YAML scalar that reads back as the same text, in any place.

    Lone surrogates, which no file can hold, become U+FFFD.
    """
    if _may_be_plain(raw) and raw.isprintable() and not raw.endswith(" ") and raw not in _SPECIAL:
        return raw
    return '"' + "".join(map(_escaped, raw)) + '"'


def word(role: Role, access: Access) -> str:
    """A grant's value: true or false for a platform area, the level's word for a module."""
    if role in PLATFORM:
        return "false" if access is Access.NONE else "true"
    return access.word


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _user(declaration: Declaration) -> list[str]:
    lines = [f"email: {scalar(declaration.email.raw)}"]
    if declaration.id is not None:
        lines.append(f"id: {declaration.id}")
    fields = {entry.field: entry for entry in declaration.profile}
    lines += [f"{name}: {profile_value(fields[name])}" for name in PROFILE_ORDER if name in fields]
    if len(declaration.presets) == 1:
        lines.append(f"preset: {scalar(declaration.presets[0])}")
    elif declaration.presets:
        lines.append(f"presets: [{', '.join(map(scalar, declaration.presets))}]")
    own = sorted(declaration.overrides, key=lambda override: rank(override.role))
    lines += _part("platform", (line for entry in own if entry.role in PLATFORM for line in _override(entry)))
    lines += _part("modules", (line for entry in own if entry.role not in PLATFORM for line in _override(entry)))
    if declaration.state is State.ABSENT:
        lines.append("state: absent")
    if declaration.until is not None:
        lines.append(f"until: {declaration.until.isoformat()}")
    lines += _part("ignore", (line for accepted in declaration.ignore for line in _ignore(accepted)))
    return lines


def profile_value(entry: FieldValue) -> str:
    """A field's value as YAML: null when it is cleared, a language in lower case."""
    if entry.value is None:
        return "null"
    raw = entry.value.raw
    return scalar(raw.lower() if entry.field == "language" and _LANGUAGE.fullmatch(raw) else raw)


def _override(entry: Override) -> list[str]:
    value = word(entry.role, entry.access)
    if entry.until is None and entry.reason is None:
        return [f"  {entry.role}: {value}"]
    lines = [f"  {entry.role}:", f"    access: {value}"]
    if entry.until is not None:
        lines.append(f"    until: {entry.until.isoformat()}")
    if entry.reason is not None:
        lines.append(f"    reason: {scalar(entry.reason.raw)}")
    return lines


def _ignore(accepted: Ignore) -> list[str]:
    return [
        f"  - rule: {scalar(accepted.rule.raw)}",
        f"    reason: {scalar(accepted.reason.raw)}",
        f"    until: {accepted.until.isoformat()}",
    ]


def _part(key: str, lines: Iterable[str]) -> list[str]:
    """A key and its indented content, or nothing if there is no content."""
    inner = list(lines)
    return [f"{key}:", *inner] if inner else []


_Path = tuple[str, ...]

_USER: Final[dict[_Path, Sequence[str]]] = {
    (): USER_KEYS,
    ("platform",): PLATFORM,
    ("platform", "*"): GRANT_KEYS,
    ("modules",): MODULES,
    ("modules", "*"): GRANT_KEYS,
    ("ignore", "*"): SUPPRESSION_KEYS,
}
_ORDERS: Final[dict[Kind, dict[_Path, Sequence[str]]]] = {
    "user": _USER | {("users", "*", *path): order for path, order in _USER.items()},
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
    """`text` in the canonical form; formatting it again changes nothing. `path` names the file in messages.

    Raises FilesError if `text` is not valid YAML, or has a layout in which its keys cannot be moved.
    """
    before = reading(text, path)
    lines = plain(text, path)
    root = lay_out(lines.text)
    formatted = apply(lines.text, _edits(lines.text, root, (), _ORDERS[kind]))
    if not says(formatted, before, all_comments(lines.text, root), path):
        message = Message("{}: cannot put the keys in order without changing what they or the comments say", path)
        raise FilesError(message, hint="Put each key on a line of its own, or order this file by hand.")
    return lines.written(formatted)


def says(text: str, value: Value, comments_: Counter[str], path: Text) -> bool:
    """Whether a changed text reads as `value` and holds exactly these comments, each as often."""
    after = read(text.encode("utf-8", "surrogatepass"), path)
    return not after.problems and after.value == value and all_comments(text, lay_out(text)) == comments_


def all_comments(text: str, root: Node) -> Counter[str]:
    """How often each comment appears in `text`, with the layout `root`."""
    return Counter(comments(text, root, 0, len(text)))


def reading(text: str, path: Text) -> Value:
    """The value of `text`. Raises FilesError, with every problem, if it is not valid YAML."""
    found = read(text.encode("utf-8", "surrogatepass"), path)
    if found.problems:
        lines = tuple(problem.sentence for problem in found.problems)
        raise FilesError(
            Message("{} is not valid", path), lines=lines, hint="Run `bo-sync validate` and mend the file first."
        )
    return found.value


def _edits(text: str, node: Node, path: _Path, orders: dict[_Path, Sequence[str]]) -> list[Edit]:
    """The edits in `node`. They do not overlap: the edit of a mapping includes those of its content."""
    if isinstance(node, Scalar):
        return []
    if isinstance(node, SequenceNode):
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


def _slots(text: str, flow: MappingNode, order: list[int], inner: list[Edit]) -> list[Edit]:
    """The pairs of `{…}` in another order, each in the place of another; the text between them stays."""
    extents = [(pair.key.start, pair.value.end) for pair in flow.pairs]
    pieces = [apply(text, inner, *extent) for extent in extents]
    return [Edit(*extent, pieces[index]) for extent, index in zip(extents, order, strict=True)]


def _block(text: str, block: MappingNode, order: list[int], inner: list[Edit]) -> Edit:
    """The lines of a block's keys in another order; a dash before the first key counts as its indent."""
    extents = chunks(text, block)
    indent = " " * block.column
    pieces = [apply(text, inner, *extent) for extent in extents]
    is_after_dash = extents[0][0] != line_start(text, extents[0][0])
    if is_after_dash:
        pieces[0] = indent + pieces[0]
    moved = "".join(pieces[index] for index in order).lstrip("\n")
    return Edit(extents[0][0], extents[-1][1], moved.removeprefix(indent) if is_after_dash else moved)
