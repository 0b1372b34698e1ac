"""Make files from the hub's users. Nothing is written here; each file is read back and compared first.

The new tree is loaded and compared with the hub before a byte is written. A user whose file would have errors, or would
still differ from the hub, is left out and listed. A new file never replaces an existing one.
"""

from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePosixPath
from typing import Final

from bo_sync.config.edit import DropGrant, EditField, EditGrant, EntryEdit, update_user
from bo_sync.config.files import compared, file_name
from bo_sync.config.formatting import dump_user
from bo_sync.config.load import Tree, collector_paused, tree_of
from bo_sync.core.changes import Change, CreateUser, DeleteUser, RemoveDuplicate, UpdateUser
from bo_sync.core.diff import PROTECTED, Diff, SharedAddress, diff
from bo_sync.core.expiry import has_passed
from bo_sync.core.live import HubUser, LiveIndex, index, why_unmanageable
from bo_sync.core.model import (
    Access,
    Declaration,
    DesiredUser,
    FieldValue,
    LiveState,
    Override,
    Profile,
    Role,
    Source,
    in_normal_form,
    is_same_value,
)
from bo_sync.core.presets import Presets, expand, resolve_all
from bo_sync.core.settings import Settings, Unmanaged
from bo_sync.core.text import Text
from bo_sync.errors import BoSyncError


def declare(user: HubUser, presets: Presets, settings: Settings, source: Source) -> Declaration:
    """The declaration that, when resolved, equals `user` in everything that bo-sync compares."""
    name, overrides = shortest(user.grants, presets, settings.roles, source)
    return Declaration(
        email=user.user.email,
        source=source,
        id=user.user.id,
        profile=own_profile(user.user.profile, settings.defaults),
        presets=(name,) if name else (),
        overrides=overrides,
    )


def own_profile(live: Profile, defaults: Profile) -> Profile:
    """The fields that a file must state to match the hub, given the defaults."""
    given = {entry.field: entry.value for entry in defaults}
    return tuple(
        FieldValue(entry.field, in_normal_form(entry.field, entry.value))
        for entry in live
        if not is_same_value(entry.field, entry.value, given.get(entry.field))
        and (entry.value is None or entry.value.is_writable)
    )


def shortest(
    grants: Mapping[Role, Access], presets: Presets, roles: tuple[Role, ...], source: Source
) -> tuple[str | None, tuple[Override, ...]]:
    """A preset's name, or None, and the direct grants. Fewest lines win, then fewest grants, then the name."""
    names: tuple[str | None, ...] = (None, *sorted(presets))
    candidates = [(name, _beside(name, grants, presets, roles)) for name in names]
    name, entries = min(candidates, key=lambda fit: (len(fit[1]) + (fit[0] is not None), len(fit[1]), fit[0] or ""))
    return name, tuple(Override(role, access, source) for role, access in entries)


def _beside(
    name: str | None, grants: Mapping[Role, Access], presets: Presets, roles: tuple[Role, ...]
) -> list[tuple[Role, Access]]:
    given = {role: grant.access for role, grant in expand([name], presets).items()} if name else {}
    wanted = [(role, grants.get(role, Access.NONE)) for role in roles]
    return [(role, access) for role, access in wanted if access is not given.get(role, Access.NONE)]


@dataclass(frozen=True, slots=True)
class Correction:
    """What to write into one user's entry so that it matches the hub; only what differs today.

    `fields` with None are cleared (`null`). `accesses` with None: the direct grant is removed, the presets suffice.
    """

    email: Text
    fields: Profile
    accesses: tuple[tuple[Role, Access | None], ...]


def correct(change: UpdateUser, declaration: Declaration, presets: Presets) -> Correction | None:
    """The correction that makes `change` unnecessary; None when only surplus rows differ."""
    given = {role: grant.access for role, grant in expand(declaration.presets, presets).items()}
    edits = [edit for edit in change.grants if not isinstance(edit, RemoveDuplicate)]
    accesses = tuple(
        (edit.role, None if edit.before is given.get(edit.role, Access.NONE) else edit.before) for edit in edits
    )
    fields = tuple(FieldValue(entry.field, in_normal_form(entry.field, entry.before)) for entry in change.profile)
    return Correction(change.email, fields, accesses) if fields or accesses else None


FOLDER: Final = "users"

Left = tuple[Text, str]
"""An address, and why nothing is written for it."""


@dataclass(frozen=True, slots=True)
class FileDraft:
    """The new text of a file at `path`, below the root, with at least the users of `emails`."""

    path: str
    text: str
    emails: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Pulled:
    """New files, replaced files, and the users without a change, each with the reason."""

    new: tuple[FileDraft, ...]
    edited: tuple[FileDraft, ...]
    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True)
class Here:
    """The existing files by path, their sound tree, and the day on which it is read."""

    files: Mapping[str, bytes]
    tree: Tree
    day: date

    @property
    def users(self) -> tuple[DesiredUser, ...]:
        """What the tree means; computed at each call."""
        return resolve_all(self.tree.declarations, self.tree.presets, self.tree.settings, self.day)

    @property
    def settings(self) -> Settings:
        """Those of the tree, except that unmanaged users are only reported."""
        return replace(self.tree.settings, unmanaged=Unmanaged.REPORT)


def pull(here: Here, live: LiveState, *, update: bool) -> Pulled:
    """Files for unmanaged users and, with `update`, edits for users with drift."""
    with collector_paused():
        return _pull(here, live, update=update)


def _pull(here: Here, live: LiveState, *, update: bool) -> Pulled:
    users = index(live, here.settings)
    difference = _without_blocked(diff(here.users, users, here.settings))
    pinned = {entry.email.folded for entry in here.tree.declarations if entry.id is not None}
    left = list(_left_alone(difference, pinned, update=update))
    left += _left_expired(here, difference) if update else ()
    new = list(_new_drafts(here, users, difference))
    edited, refused = _edited_drafts(here, difference) if update else ([], [])
    drafts, faulty = _sound(here, [*new, *edited], users)
    sound = set(drafts)
    left += refused + sorted(faulty.items())
    return Pulled(
        tuple(draft for draft in new if draft in sound),
        tuple(draft for draft in edited if draft in sound),
        tuple(sorted(left)),
    )


def _without_blocked(difference: Diff) -> Diff:
    """`difference` without revokes in place of a blocked deletion: they must not become grants in the file."""
    blocked = {shared.email.folded for shared in difference.shared if shared.blocked}
    return replace(difference, changes=tuple(edit for edit in difference.changes if edit.email.folded not in blocked))


def _new_drafts(here: Here, users: LiveIndex, difference: Diff) -> Iterator[FileDraft]:
    folder = PurePosixPath(FOLDER)
    used = compared(path.name for path in map(PurePosixPath, here.files) if path.parent == folder)
    unmanaged = [user.email for user in difference.unmanaged if user.policy != PROTECTED]
    for email in unmanaged:
        user = users.by_address[email.folded][0]
        name = file_name(email.raw, used)
        used.add(name)
        path = f"{FOLDER}/{name}"
        declaration = declare(user, here.tree.presets, here.settings, Source(Text(path), 1))
        yield FileDraft(path, dump_user(declaration), (email,))


def _edited_drafts(here: Here, difference: Diff) -> tuple[list[FileDraft], list[Left]]:
    """Each file with all corrections of its users, and the users whose entry could not be edited."""
    declared = {declaration.email.folded: declaration for declaration in here.tree.declarations}
    texts: dict[str, str] = {}
    emails: dict[str, list[Text]] = {}
    refused: list[Left] = []
    for change in (*difference.changes, *difference.protected):
        edits = _edits(change, declared[change.email.folded], here) if isinstance(change, UpdateUser) else ()
        if not edits or change.source is None:
            continue
        path = change.source.path
        before = texts.get(path.raw) or here.files[path.raw].decode("utf-8")
        try:
            texts[path.raw] = update_user(before, change.email, edits, path)
            emails.setdefault(path.raw, []).append(change.email)
        except BoSyncError as error:
            refused.append((change.email, error.message))
    return [FileDraft(path, texts[path], tuple(found)) for path, found in sorted(emails.items())], refused


def _edits(change: UpdateUser, declaration: Declaration, here: Here) -> tuple[EntryEdit, ...]:
    """The edits of one user's entry. An expired direct grant stays: a pull must not make it permanent."""
    correction = correct(change, declaration, here.tree.presets)
    if correction is None:
        return ()
    own = {override.role for override in declaration.overrides}
    expired = _expired(declaration, here.day)
    must_name = declaration.id is None
    edits: list[EntryEdit] = [EditField(entry) for entry in correction.fields if not (must_name and _is_no_name(entry))]
    for role, access in correction.accesses:
        if role in expired:
            continue
        if access is not None:
            edits.append(EditGrant(role, access))
        elif role in own:
            edits.append(DropGrant(role))
    return tuple(edits)


def _expired(declaration: Declaration, day: date) -> dict[Role, date]:
    """The roles of expired direct grants, each with its last day."""
    return {
        own.role: own.until for own in declaration.overrides if own.until is not None and has_passed(own.until, day)
    }


def _left_expired(here: Here, difference: Diff) -> Iterator[Left]:
    """Grants that differ because they expired: `apply` changes the hub."""
    declared = {declaration.email.folded: declaration for declaration in here.tree.declarations}
    for change in (*difference.changes, *difference.protected):
        if isinstance(change, UpdateUser):
            expired = _expired(declared[change.email.folded], here.day)
            for edit in change.grants:
                if edit.role in expired and not isinstance(edit, RemoveDuplicate):
                    told = f"the entry of {edit.role} expired on {expired[edit.role]}"
                    yield change.email, f"{told}; it stays, though the hub has another access"


def _left_alone(difference: Diff, pinned: Collection[str], *, update: bool) -> Iterator[Left]:
    for change in difference.changes:
        for reason in _why_left(change, update=update, is_pinned=change.email.folded in pinned):
            yield change.email, reason
    for conflict in difference.conflicts:
        yield conflict.email, conflict.message
    for shared in difference.shared:
        yield shared.email, _why_no_file(shared)
    for user in difference.unmanageable:
        if why_unmanageable(user.email):
            shown = user.email if user.email.raw.strip() else Text(f"id {user.id}")
            yield shown, f"id {user.id} has {user.reason} in the hub, so no file can name this user"
    for unmanaged in difference.unmanaged:
        if unmanaged.policy == PROTECTED:
            yield unmanaged.email, "is protected, and needs no file"


def _why_no_file(shared: SharedAddress) -> str:
    ids = ", ".join(f"id {number}" for number in shared.ids)
    several = f"several users in the hub have this address ({ids})"
    if shared.source is None:
        return f"{several}; to manage one of them, write a file with its `id`"
    if shared.chosen is None:
        return f"{several}; add the `id` of the right one to the file"
    return f"{several}; the file is about id {shared.chosen}, and no other gets a file"


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


def _sound(here: Here, drafts: list[FileDraft], users: LiveIndex) -> tuple[list[FileDraft], dict[Text, str]]:
    """The drafts that pass when judged together, and the users of the others, with the reason."""
    faulty: dict[Text, str] = {}
    while found := _faulty(here, drafts, users):
        faulty |= found
        drafts = [draft for draft in drafts if found.keys().isdisjoint(draft.emails)]
    return drafts, faulty


def _faulty(here: Here, written: list[FileDraft], users: LiveIndex) -> dict[Text, str]:
    """The users whose draft fails, and why, judged on the tree as it would be."""
    tree = tree_of({**here.files, **{draft.path: draft.text.encode() for draft in written}}.items())
    errors = {problem.source.path.raw: str(problem) for problem in reversed(tree.errors)}
    faulty = {email: errors[draft.path] for draft in written if draft.path in errors for email in draft.emails}
    if tree.errors:
        why = str(tree.errors[0])
        return faulty or {email: why for draft in written for email in draft.emails}
    differing = _differing(tree, here, users)
    for draft in written:
        for email in draft.emails:
            if email.folded in differing:
                faulty.setdefault(email, "no file can say what the hub holds")
    return faulty


def _differing(tree: Tree, here: Here, users: LiveIndex) -> set[str]:
    difference = diff(replace(here, tree=tree).users, users, here.settings)
    changes = (*difference.changes, *difference.protected)
    days = {entry.email.folded: _expired(entry, here.day) for entry in tree.declarations}
    return {change.email.folded for change in changes if not _cannot_be_said(change, days.get(change.email.folded, ()))}


def _is_no_name(entry: FieldValue) -> bool:
    """Whether the hub lacks this first or last name. A file without `id` must state both, so it keeps its own."""
    return entry.field in {"first_name", "last_name"} and in_normal_form(entry.field, entry.value) is None


def _cannot_be_said(change: Change, expired: Container[Role]) -> bool:
    """Whether the only differences are ones that pull never writes: surplus rows, expired grants, missing names."""
    return (
        isinstance(change, UpdateUser)
        and all(_is_no_name(FieldValue(entry.field, entry.before)) for entry in change.profile)
        and all(isinstance(grant, RemoveDuplicate) or grant.role in expired for grant in change.grants)
    )
