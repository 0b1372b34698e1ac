"""Changes to one person in a text that somebody wrote: what is not changed, comments above all, stays as it is."""

from collections.abc import Sequence as Listed
from dataclasses import dataclass
from typing import assert_never

from bo_sync.config.documents import USER_KEYS
from bo_sync.config.dump import profile_value, scalar, word
from bo_sync.config.fmt import reading
from bo_sync.config.known import rank
from bo_sync.config.layout import Edit, Mapping, Pair, Sequence, apply, chunks, lay_out, line_start, lines_end
from bo_sync.config.values import Entries, Items
from bo_sync.core.model import PLATFORM, Access, FieldValue, Role
from bo_sync.core.text import Text
from bo_sync.errors import FilesError


@dataclass(frozen=True, slots=True)
class SetProfile:
    """Write a profile field; a value of None writes null."""

    entry: FieldValue


@dataclass(frozen=True, slots=True)
class SetId:
    id: int


@dataclass(frozen=True, slots=True)
class SetPresets:
    """Name these presets and no others: none leaves neither `preset` nor `presets`."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetGrant:
    """Write the person's own access to a role; an `until` and a reason that are there stay."""

    role: Role
    access: Access


@dataclass(frozen=True, slots=True)
class DropGrant:
    """Remove the person's own entry for a role, so what presets give holds."""

    role: Role


Change = SetProfile | SetId | SetPresets | SetGrant | DropGrant


def update_user(text: str, email: Text, changes: Listed[Change], path: Text) -> str:
    """`text` with the changes made to the entry of `email`. `path` names the file in messages.

    Raises FilesError when `text` is not sound YAML, has no such entry, or would not be sound afterwards.
    """
    reading(text, path)
    has_returns = "\r\n" in text
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    plain = plain if plain.endswith("\n") else plain + "\n"
    for change in changes:
        plain = _changed(plain, email, change, path)
    _find(reading(plain, path), email, path)
    return plain.replace("\n", "\r\n") if has_returns else plain


def _changed(text: str, email: Text, change: Change, path: Text) -> str:
    def put(keys: tuple[str, ...], value: str) -> str:
        return _put(text, _entry(text, email, path), keys, value)

    match change:
        case SetProfile(entry):
            return put((entry.field,), profile_value(entry))
        case SetId(number):
            return put(("id",), str(number))
        case SetGrant(role, access):
            return put((_area(role), role), word(role, access))
        case DropGrant(role):
            return _drop(text, _entry(text, email, path), (_area(role), role))
        case SetPresets(names):
            return _with_presets(text, email, names, path)
        case _:
            assert_never(change)


def _with_presets(text: str, email: Text, names: tuple[str, ...], path: Text) -> str:
    """The one key of the two takes the other's place, so the comments around stay where they are."""
    key, other = ("presets", "preset") if len(names) > 1 else ("preset", "presets")
    if not names:
        text = _drop(text, _entry(text, email, path), (key,))
        return _drop(text, _entry(text, email, path), (other,))
    entry = _entry(text, email, path)
    if entry.get(key) is None and (pair := entry.get(other)) is not None:
        text = apply(text, [Edit(pair.key.start, pair.key.end, key)])
    else:
        text = _drop(text, entry, (other,))
    listed = "[" + ", ".join(map(scalar, names)) + "]"
    return _put(text, _entry(text, email, path), (key,), listed if len(names) > 1 else scalar(names[0]))


def _area(role: Role) -> str:
    return "platform" if role in PLATFORM else "modules"


def _find(value: object, email: Text, path: Text) -> int | None:
    """Which of the `users:` the person is; None in a file of their own."""
    entries = [value]
    is_list = isinstance(value, Entries) and "users" in value
    if isinstance(value, Entries) and is_list:
        listed = value["users"]
        entries = list(listed) if isinstance(listed, Items) else []
    for index, entry in enumerate(entries):
        written = entry.get("email") if isinstance(entry, Entries) else None
        if isinstance(written, str) and written.casefold() == email.folded:
            return index if is_list else None
    raise FilesError(f"{path}: no entry for {email}", hint="Run `bo-sync validate`: the file may have changed.")


def _entry(text: str, email: Text, path: Text) -> Mapping:
    """Where the person's entry stands in `text` now."""
    index = _find(reading(text, path), email, path)
    root = lay_out(text)
    if isinstance(root, Mapping) and index is not None:
        pair = root.get("users")
        root = pair.value.items[index] if pair is not None and isinstance(pair.value, Sequence) else root
    if not isinstance(root, Mapping):
        raise FilesError(f"{path}: no entry for {email}", hint="Run `bo-sync validate`: the file may have changed.")
    return root


def _put(text: str, mapping: Mapping, keys: tuple[str, ...], value: str) -> str:
    """The value under one key, or under a key inside a key; a mapping that stands there keeps all but its `access`."""
    pair = mapping.get(keys[0])
    if pair is None:
        return _insert(text, mapping, keys, value)
    if len(keys) > 1 and isinstance(pair.value, Mapping):
        return _put(text, pair.value, keys[1:], value)
    if isinstance(pair.value, Mapping) and pair.value.get("access") is not None:
        return _put(text, pair.value, ("access",), value)
    return apply(text, [_replace(text, pair, value)])


def _replace(text: str, pair: Pair, value: str) -> Edit:
    """A new value in the place of the old; when the old one began on a line of its own, that line goes."""
    between = text[pair.key.end : pair.value.start]
    ending = "\n" if text[pair.value.start : pair.value.end].endswith("\n") else ""
    if "\n" not in between:
        return Edit(pair.value.start, pair.value.end, value + ending)
    _, is_commented, comment = between.partition("\n")[0].partition("#")
    return Edit(pair.key.end, pair.value.end, f": {value}" + (f"  #{comment}" if is_commented else "") + ending)


def _insert(text: str, mapping: Mapping, keys: tuple[str, ...], value: str) -> str:
    key = keys[0]
    indent = " " * mapping.column
    if mapping.is_flow:
        line = f"{key}: {value}" if len(keys) == 1 else f"{key}: {{{keys[1]}: {value}}}"
        at = mapping.pairs[-1].value.end if mapping.pairs else mapping.start + 1
        return apply(text, [Edit(at, at, f", {line}" if mapping.pairs else line)])
    line = f"{key}: {value}\n" if len(keys) == 1 else f"{key}:\n{indent}  {keys[1]}: {value}\n"
    extents = chunks(text, mapping)
    earlier = [index for index, pair in enumerate(mapping.pairs) if _order(pair.key.text) < _order(key)]
    nearest = max(earlier, key=lambda index: _order(mapping.pairs[index].key.text), default=None)
    at = extents[0][0] if nearest is None else extents[nearest][1]
    return apply(text, [Edit(at, at, indent + line if at == line_start(text, at) else line + indent)])


def _order(key: str) -> tuple[int, int, str]:
    """The canonical order among keys of one mapping, be they a person's or roles."""
    return (0, USER_KEYS.index(key), "") if key in USER_KEYS else (1, *rank(Role(key)))


def _drop(text: str, mapping: Mapping, keys: tuple[str, ...]) -> str:
    """Without a key, or without a key inside a key, which goes too when nothing is left in it. Comments stay."""
    pair = mapping.get(keys[0])
    if pair is None:
        return text
    if len(keys) > 1 and isinstance(pair.value, Mapping):
        inner = pair.value.get(keys[1])
        if inner is None:
            return text
        if len(pair.value.pairs) > 1:
            return _drop(text, pair.value, keys[1:])
    index = mapping.pairs.index(pair)
    return apply(text, [_flow_removal(mapping, index) if mapping.is_flow else _block_removal(text, mapping, index)])


def _flow_removal(flow: Mapping, index: int) -> Edit:
    pair = flow.pairs[index]
    if index + 1 < len(flow.pairs):
        return Edit(pair.key.start, flow.pairs[index + 1].key.start, "")
    return Edit(flow.pairs[index - 1].value.end if index else pair.key.start, pair.value.end, "")


def _block_removal(text: str, block: Mapping, index: int) -> Edit:
    pair = block.pairs[index]
    end = lines_end(text, pair.value)
    _, is_commented, comment = text[pair.value.end : end].partition("#")
    indent = " " * block.column
    kept = f"{indent}#{comment}" if is_commented else ""
    start = line_start(text, pair.key.start)
    if text[start : pair.key.start].strip():  # it stands after a dash, and so will what follows it
        return Edit(pair.key.start, end + len(indent), kept.lstrip(" ") + (indent if kept else ""))
    return Edit(start, end, kept)
