"""Writing what the hub holds into files, without harm: everything is made and checked in memory first.

The new tree is loaded and compared with the hub before a byte is written. Whoever's file would not read back without
errors, or would still differ from the hub, is left alone and told. A new file never replaces one that is there.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from bo_sync.cli.writing import create_file, replace_file
from bo_sync.config.dump import dump_user
from bo_sync.config.edit import DropGrant, EditField, EditGrant, EntryEdit, update_user
from bo_sync.config.files import walk
from bo_sync.config.load import Tree, tree_of
from bo_sync.config.names import file_name
from bo_sync.core.bootstrap import correct, declare
from bo_sync.core.changes import Change, CreateUser, DeleteUser, RemoveDuplicate, UpdateUser
from bo_sync.core.diff import PROTECTED, Difference, diff
from bo_sync.core.live import LiveIndex, index
from bo_sync.core.model import Declaration, FieldValue, LiveState, Source
from bo_sync.core.presets import resolve
from bo_sync.core.settings import Settings, Unmanaged
from bo_sync.core.text import Text
from bo_sync.errors import BoSyncError

if TYPE_CHECKING:
    from bo_sync.cli.session import Files

FOLDER: Final = "users"

Left = tuple[Text, str]
"""An address, and why nothing was written for it."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did: files by path, and who was left alone, by address."""

    written: tuple[Text, ...]
    updated: tuple[Text, ...]
    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A file to be written for one or more people."""

    path: str
    text: str
    emails: tuple[Text, ...]


def pull(root: Path, files: "Files", live: LiveState, *, update: bool) -> Pulled:
    """Writes files for people who have none, and with `update` edits those of people who drifted."""
    settings = replace(files.desired.settings, unmanaged=Unmanaged.REPORT)
    people = index(live, settings)
    found = walk(root).files
    existing = dict(found)
    difference = diff(files.desired.users, people, settings)
    pinned = {entry.email.folded for entry in files.tree.declarations if entry.id is not None}
    left = list(_left_alone(difference, pinned, update=update))
    new = list(_new_drafts(existing, files, people, difference))
    edited, refused = _edited_drafts(existing, files, difference) if update else ([], [])
    sound, faulty = _sound(existing, [*new, *edited], files, people)
    left += refused + sorted(faulty.items())
    kept_new = [draft for draft in new if draft in sound]
    kept_edited = [draft for draft in edited if draft in sound]
    for draft in kept_new:
        create_file(root, draft.path, draft.text)
    for draft in kept_edited:
        replace_file(root, draft.path, draft.text)
    return Pulled(
        tuple(Text(draft.path) for draft in kept_new),
        tuple(Text(draft.path) for draft in kept_edited),
        tuple(sorted(left)),
    )


def _new_drafts(
    existing: Mapping[str, bytes], files: "Files", people: LiveIndex, difference: Difference
) -> Iterator[_Draft]:
    used = {PurePosixPath(path).name for path in existing if PurePosixPath(path).parent == PurePosixPath(FOLDER)}
    unmanaged = [person.email for person in difference.unmanaged if person.policy != PROTECTED]
    for email in unmanaged:
        person = people.by_address[email.folded][0]
        name = file_name(email.raw, used)
        used.add(name)
        path = f"{FOLDER}/{name}"
        declaration = declare(person, files.tree.presets, files.desired.settings, Source(Text(path), 1))
        yield _Draft(path, dump_user(declaration), (email,))


def _edited_drafts(
    existing: Mapping[str, bytes], files: "Files", difference: Difference
) -> tuple[list[_Draft], list[Left]]:
    """Each file with all corrections of its people, and whose entry could not be edited."""
    declared = {declaration.email.folded: declaration for declaration in files.tree.declarations}
    texts: dict[str, str] = {}
    emails: dict[str, list[Text]] = {}
    refused: list[Left] = []
    for change in difference.changes:
        edits = _edits(change, declared[change.email.folded], files) if isinstance(change, UpdateUser) else ()
        if not edits or change.source is None:
            continue
        path = change.source.path
        before = texts.get(path.raw) or existing[path.raw].decode("utf-8")
        try:
            texts[path.raw] = update_user(before, change.email, edits, path)
            emails.setdefault(path.raw, []).append(change.email)
        except BoSyncError as error:
            refused.append((change.email, error.message))
    return [_Draft(path, texts[path], tuple(found)) for path, found in sorted(emails.items())], refused


def _edits(change: UpdateUser, declaration: Declaration, files: "Files") -> tuple[EntryEdit, ...]:
    """The edits of one person's entry. An own entry whose last day has passed is written anew, without that day."""
    correction = correct(change, declaration, files.tree.presets)
    if correction is None:
        return ()
    own = {override.role for override in declaration.overrides}
    expired = {override.role for override in declaration.overrides if override.until and override.until < files.day}
    must_name = declaration.id is None
    edits: list[EntryEdit] = [EditField(entry) for entry in correction.fields if not (must_name and _is_no_name(entry))]
    for role, access in correction.accesses:
        if role in expired or (access is None and role in own):
            edits.append(DropGrant(role))
        if access is not None:
            edits.append(EditGrant(role, access))
    return tuple(edits)


def _left_alone(difference: Difference, pinned: Collection[str], *, update: bool) -> Iterator[Left]:
    for change in difference.changes:
        for reason in _why_left(change, update=update, is_pinned=change.email.folded in pinned):
            yield change.email, reason
    for conflict in difference.conflicts:
        yield conflict.email, conflict.message
    for email in difference.ambiguous:
        yield email, "the hub has several people whose addresses differ only in case"
    for person in difference.unmanaged:
        if person.policy == PROTECTED:
            yield person.email, "is protected, and needs no file"


def _why_left(change: Change, *, update: bool, is_pinned: bool) -> Iterator[str]:
    match change:
        case CreateUser():
            yield "has a file, but is not in the hub"
        case DeleteUser():
            yield f"is in the hub, but the file says {change.cause.value}"
        case UpdateUser() if not update:
            yield "has a file, and differs from it in the hub; --update edits the file"
        case UpdateUser(profile=profile) if not is_pinned:
            lacking = [entry.field for entry in profile if _is_no_name(FieldValue(entry.field, entry.before))]
            yield from (f"the hub has no {field}; a file without `id` must, so it keeps its own" for field in lacking)
        case UpdateUser():
            pass


def _sound(
    existing: Mapping[str, bytes], drafts: list[_Draft], files: "Files", people: LiveIndex
) -> tuple[list[_Draft], dict[Text, str]]:
    """The drafts that do, judged together, and whose do not, with the reason."""
    faulty: dict[Text, str] = {}
    while found := _faulty(existing, drafts, files, people):
        faulty |= found
        drafts = [draft for draft in drafts if found.keys().isdisjoint(draft.emails)]
    return drafts, faulty


def _faulty(existing: Mapping[str, bytes], written: list[_Draft], files: "Files", people: LiveIndex) -> dict[Text, str]:
    """Whose draft would not do, and why: judged on the tree as it would be."""
    tree = tree_of({**existing, **{draft.path: draft.text.encode() for draft in written}}.items())
    errors = {problem.source.path.raw: str(problem) for problem in reversed(tree.errors)}
    faulty = {email: errors[draft.path] for draft in written if draft.path in errors for email in draft.emails}
    if tree.errors:
        why = str(tree.errors[0])
        return faulty or {email: why for draft in written for email in draft.emails}
    differing = _differing(tree, files, people)
    for draft in written:
        for email in draft.emails:
            if email.folded in differing:
                faulty.setdefault(email, "no file can say what the hub holds")
    return faulty


def _differing(tree: Tree, files: "Files", people: LiveIndex) -> set[str]:
    settings: Settings = replace(tree.settings, unmanaged=Unmanaged.REPORT)
    users = [resolve(declaration, tree.presets, settings, files.day) for declaration in tree.declarations]
    changes = diff(users, people, settings).changes
    return {change.email.folded for change in changes if not _cannot_be_said(change)}


def _is_no_name(entry: FieldValue) -> bool:
    """A first or last name that the hub lacks. A file without `id` must state both, so it keeps its own."""
    return entry.value is None and entry.field in {"first_name", "last_name"}


def _cannot_be_said(change: Change) -> bool:
    """Whether only that differs which no file can say: surplus rows, and names that the hub lacks."""
    return (
        isinstance(change, UpdateUser)
        and all(_is_no_name(FieldValue(entry.field, entry.before)) for entry in change.profile)
        and all(isinstance(grant, RemoveDuplicate) for grant in change.grants)
    )
