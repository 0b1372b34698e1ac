"""Changes to one user in an existing text: everything else, above all comments, stays as it is.

Comments next to what is removed move above it. Every result is read again: a change that would mean anything else than
requested, or lose a comment, is rejected.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, assert_never, cast

from bo_sync.config.documents import USER_KEYS
from bo_sync.config.formatting import all_comments, profile_value, reading, says, word
from bo_sync.config.validation import rank
from bo_sync.config.yaml_layout import (
    Edit,
    KeyValue,
    MappingNode,
    Node,
    SequenceNode,
    apply,
    chunks,
    comments,
    lay_out,
    line_above,
    line_start,
    plain,
)
from bo_sync.config.yaml_values import START, Items, Value, YamlMapping
from bo_sync.core.model import PLATFORM, Access, FieldValue, Role
from bo_sync.core.text import Message, Text
from bo_sync.errors import FilesError


@dataclass(frozen=True, slots=True)
class EditField:
    """Write a profile field; a value of None writes null."""

    entry: FieldValue


@dataclass(frozen=True, slots=True)
class EditGrant:
    """Write the direct grant of a role; an existing `until` and reason stay."""

    role: Role
    access: Access


@dataclass(frozen=True, slots=True)
class DropGrant:
    """Remove the direct grant of a role, so what presets give holds."""

    role: Role


_comma: Final = re.compile(" *,").match

EntryEdit = EditField | EditGrant | DropGrant


@dataclass(frozen=True, slots=True)
class _Document:
    text: str
    root: Node


def update_user(text: str, email: Text, changes: Sequence[EntryEdit], path: Text) -> str:
    """`text` with the changes made to the entry of `email`. `path` names the file in messages.

    The result means the same except for the changes, and holds every comment.

    Raises FilesError if `text` is not valid YAML, has no such entry, or has a layout that does not allow the change.
    """
    _user(reading(text, path), email, path)
    lines = plain(text, path)
    expected = reading(lines.text, path)
    entry, index = _user(expected, email, path)
    changed = lines.text
    for change in changes:
        _expect(entry, change)
        document = _Document(changed, lay_out(changed))
        kept = all_comments(changed, document.root)
        changed = apply(changed, _edits(document, _entry(document.root, index), change))
        if not says(changed, expected, kept, path):
            harm = Message("is laid out so that {} cannot be changed without harm to the rest", _subject(change))
            message = Message("{}: the entry of {} {}; change it by hand", path, email, harm)
            raise FilesError(message, hint="Nothing was written for this person.")
    return lines.written(changed)


def _subject(change: EntryEdit) -> str:
    return change.entry.field if isinstance(change, EditField) else f"{_area(change.role)}.{change.role}"


def _expect(entry: YamlMapping, change: EntryEdit) -> None:
    """The same change, made to what was read."""
    match change:
        case EditField(field):
            entry[field.field] = _read(profile_value(field))
        case EditGrant(role, access):
            area = entry.mapping(_area(role))
            own = area.get(role)
            if isinstance(own, YamlMapping) and "access" in own:
                own["access"] = _read(word(role, access))
            else:
                area[role] = _read(word(role, access))
            entry[_area(role)] = area
        case DropGrant(role):
            area = entry.mapping(_area(role))
            if role in area:
                del area[role]
                if not area:
                    del entry[_area(role)]
        case _:
            assert_never(change)


def _read(written: str) -> Value:
    """What our reader makes of a value in our spelling."""
    said = reading(f"- {written}\n", Text(""))
    return said[0] if isinstance(said, Items) else None


def _edits(document: _Document, entry: MappingNode, change: EntryEdit) -> list[Edit]:
    match change:
        case EditField(field):
            return _put(document, entry, (field.field,), profile_value(field))
        case EditGrant(role, access):
            return _put(document, entry, (_area(role), role), word(role, access))
        case DropGrant(role):
            return _drop(document, entry, (_area(role), role))
        case _:
            assert_never(change)


def _area(role: Role) -> str:
    return "platform" if role in PLATFORM else "modules"


def _user(value: Value, email: Text, path: Text) -> tuple[YamlMapping, int | None]:
    """The entry of `email`, and its index in `users:`; None in a file of one user."""
    root = value if isinstance(value, YamlMapping) else YamlMapping(START)
    is_list = "users" in root
    for index, entry in enumerate(root.listing("users") if is_list else [root]):
        written = entry.get("email") if isinstance(entry, YamlMapping) else None
        if isinstance(entry, YamlMapping) and isinstance(written, str) and Text(written).folded == email.folded:
            return entry, index if is_list else None
    raise FilesError(
        Message("{}: no entry for {}", path, email), hint="Run `bo-sync validate`: the file may have changed."
    )


def _entry(root: Node, index: int | None) -> MappingNode:
    """The node of an entry that was read: the whole, or one of the `users:`."""
    if index is not None:
        users = cast("KeyValue", cast("MappingNode", root).get("users")).value
        root = cast("SequenceNode", users).items[index]
    return cast("MappingNode", root)


def _put(document: _Document, mapping: MappingNode, keys: tuple[str, ...], value: str) -> list[Edit]:
    """The value under one key, or under a key inside a key; an existing mapping keeps all except its `access`."""
    pair = mapping.get(keys[0])
    if pair is None:
        return _insert(document.text, mapping, keys, value)
    if len(keys) > 1 and isinstance(pair.value, MappingNode):
        return _put(document, pair.value, keys[1:], value)
    if isinstance(pair.value, MappingNode) and pair.value.get("access") is not None:
        return _put(document, pair.value, ("access",), value)
    return _replace(document, pair, f"{{{keys[1]}: {value}}}" if len(keys) > 1 else value)


def _replace(document: _Document, pair: KeyValue, value: str) -> list[Edit]:
    """A new value in the place of the old; if the old one began on a line of its own, that line is removed."""
    text = document.text
    ending = "\n" if text[pair.value.start : pair.value.end].endswith("\n") else ""
    if "\n" not in text[pair.key.end : pair.value.start]:
        return _with_comments(document, pair, Edit(pair.value.start, pair.value.end, value + ending))
    return _with_comments(document, pair, Edit(pair.key.end, pair.value.end, f": {value}{ending}"))


def _with_comments(document: _Document, pair: KeyValue, edit: Edit) -> list[Edit]:
    """The edit, and above the line of `pair` the comments of what it replaces, with that line's indent."""
    text = document.text
    at = line_above(text, document.root, pair.key.start)
    indent = " " * (len(text[at:]) - len(text[at:].lstrip(" ")))
    carried = comments(text, document.root, edit.start, edit.end)
    return [Edit(at, at, "".join(f"{indent}{comment}\n" for comment in carried)), edit]


def _insert(text: str, mapping: MappingNode, keys: tuple[str, ...], value: str) -> list[Edit]:
    key = keys[0]
    indent = " " * mapping.column
    if mapping.is_flow:
        line = f"{key}: {value}" if len(keys) == 1 else f"{key}: {{{keys[1]}: {value}}}"
        at = mapping.pairs[-1].value.end if mapping.pairs else mapping.start + 1
        return [Edit(at, at, f", {line}" if mapping.pairs else line)]
    line = f"{key}: {value}\n" if len(keys) == 1 else f"{key}:\n{indent}  {keys[1]}: {value}\n"
    extents = chunks(text, mapping)
    earlier = [index for index, pair in enumerate(mapping.pairs) if _order(pair.key.text) < _order(key)]
    nearest = max(earlier, key=lambda index: _order(mapping.pairs[index].key.text), default=None)
    at = extents[0][0] if nearest is None else extents[nearest][1]
    return [Edit(at, at, indent + line if at == line_start(text, at) else line + indent)]


def _order(key: str) -> tuple[int, int, str]:
    """The canonical order among keys of one mapping, for a user's keys and for roles."""
    return (0, USER_KEYS.index(key), "") if key in USER_KEYS else (1, *rank(Role(key)))


def _drop(document: _Document, mapping: MappingNode, keys: tuple[str, ...]) -> list[Edit]:
    """Without a key, or without a key inside a key; an outer key left empty is removed too. Comments stay."""
    pair = mapping.get(keys[0])
    if pair is None:
        return []
    if len(keys) > 1 and isinstance(pair.value, MappingNode):
        if pair.value.get(keys[1]) is None:
            return []
        if len(pair.value.pairs) > 1:
            return _drop(document, pair.value, keys[1:])
    removal = (
        _flow_removal(document, mapping, pair) if mapping.is_flow else _block_removal(document.text, mapping, pair)
    )
    return _with_comments(document, pair, removal)


def _flow_removal(document: _Document, flow: MappingNode, pair: KeyValue) -> Edit:
    index = flow.pairs.index(pair)
    if index + 1 < len(flow.pairs):
        return Edit(pair.key.start, flow.pairs[index + 1].key.start, "")
    before = flow.pairs[index - 1].value.end if index else pair.key.start
    if not comments(document.text, flow, before, pair.value.end):
        return Edit(before, pair.value.end, "")
    ending = _comma(document.text, pair.value.end)  # comments stay where the pair was, and so the comma before it
    return Edit(pair.key.start, ending.end() if ending else pair.value.end, "")


def _block_removal(text: str, block: MappingNode, pair: KeyValue) -> Edit:
    """The key's lines and the deeper comments below, which would otherwise belong to the key above."""
    index = block.pairs.index(pair)
    start = line_start(text, pair.key.start)
    if text[start : pair.key.start].strip() and index + 1 < len(block.pairs):
        return Edit(pair.key.start, block.pairs[index + 1].key.start, "")  # the next key stands after the dash instead
    return Edit(start, chunks(text, block)[index][1], "")
