"""What a plan is about: the users of `--only PATTERN…` and `--expired`, and which of their changes `--expired` makes.

Also which entries of a file could be about those users.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final, Self, assert_never

from bo_sync.core.changes import Cause, Change, CreateUser, DeleteUser, UpdateUser
from bo_sync.core.diff import Difference
from bo_sync.core.guardrails import has_expired
from bo_sync.core.likeness import address_shapes, are_alike
from bo_sync.core.model import Profile
from bo_sync.core.text import Text

_FOLDER: Final = "users"
_GLOB: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A user who can be chosen. `path` is the file, None for a user of the hub."""

    email: Text
    path: Text | None = None
    is_expired: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """What an entry with an error still states for certain: whose it is, and whether something of it has expired.

    `profile` holds what could be read of the names and the phone.
    """

    email: Text
    id: int | None = None
    profile: Profile = ()
    is_expired: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """`only` are patterns: an address, a glob over addresses, or a path below users/. Both narrow, together and apart.

    Globs are matched as those of `protect` are.
    """

    only: tuple[Text, ...] = ()
    expired: bool = False

    @property
    def is_everyone(self) -> bool:
        return not self.only and not self.expired

    def chosen(self, candidates: Iterable[Candidate]) -> frozenset[str]:
        """The folded addresses of those of `candidates` that a plan is about."""
        return frozenset(
            candidate.email.folded
            for candidate in candidates
            if (candidate.is_expired or not self.expired)
            and (not self.only or any(matches(pattern, candidate) for pattern in self.only))
        )

    def unmatched(self, candidates: Collection[Candidate]) -> tuple[Text, ...]:
        """The patterns that match no user."""
        return tuple(each for each in self.only if not any(matches(each, candidate) for candidate in candidates))


def expired_only(difference: Difference, ended: Collection[str]) -> tuple[Difference, int]:
    """What of `difference` takes access because a last day has passed, and the number of changes that this leaves out.

    `ended` are the folded addresses of users whose account's last day has passed. Nothing is given, so that a role
    definition that the hub lacks does not matter.
    """
    parts = [_expired_part(change, ended) for change in difference.changes]
    kept = tuple(part for part in parts if part is not None)
    left_out = sum(map(_edits, difference.changes)) - sum(map(_edits, kept))
    return replace(difference, changes=kept, missing=()), left_out


def _expired_part(change: Change, ended: Collection[str]) -> Change | None:
    match change:
        case CreateUser():
            return None
        case DeleteUser(cause=cause):
            is_absent = cause is Cause.STATE_ABSENT and change.email.folded in ended
            return change if is_absent or cause is Cause.UNTIL_PASSED else None
        case UpdateUser():
            return _expired_grants(change)
        case unreachable:
            assert_never(unreachable)


def _expired_grants(change: UpdateUser) -> UpdateUser | None:
    """The losses of grants that have expired, each with the duplicates that would keep more than it leaves."""
    after = {edit.role: edit.after for edit in change.grants if has_expired(edit)}
    grants = tuple(edit for edit in change.grants if edit.role in after and edit.before > after[edit.role])
    return replace(change, profile=(), grants=grants) if grants else None


def _edits(change: Change) -> int:
    """How many changes a reader counts: a creation or a deletion is one."""
    return len(change.profile) + len(change.grants) if isinstance(change, UpdateUser) else 1


def matches(pattern: Text, candidate: Candidate) -> bool:
    """Whether `--only` with this one pattern chooses the user."""
    path = path_of(pattern)
    if path is not None:
        return candidate.path is not None and is_below(candidate.path, path)
    if pattern.folded == candidate.email.folded:
        return True
    is_glob = not _GLOB.isdisjoint(pattern.raw)
    return is_glob and fnmatchcase(candidate.email.raw.casefold(), pattern.raw.casefold())


def path_of(pattern: Text) -> str | None:
    """The path that a pattern names, from the root and without a slash at its end; None for one over addresses."""
    path = pattern.raw.removeprefix("./").rstrip("/")
    return path if path == _FOLDER or path.startswith(f"{_FOLDER}/") else None


def is_below(path: Text, folder: str) -> bool:
    """Whether `path` is `folder`, which may be a file, or is below it."""
    return path.raw == folder or path.raw.startswith(f"{folder}/")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The chosen users, as an entry is compared with them: by address, by what looks like it, and by id.

    `shapes` are those of their addresses and of the patterns.
    """

    selection: Selection
    addresses: frozenset[str]
    ids: frozenset[int]
    shapes: frozenset[str]

    @classmethod
    def of(
        cls, selection: Selection, addresses: frozenset[str] = frozenset(), ids: frozenset[int] = frozenset()
    ) -> Self:
        """Users with these folded addresses and ids, and those that a pattern of `selection` names."""
        written = (*addresses, *(pattern.raw for pattern in selection.only if path_of(pattern) is None))
        return cls(selection, addresses, ids, frozenset(shape for each in written for shape in address_shapes(each)))

    def may_be_in(self, path: Text, claims: Iterable[Claim]) -> bool:
        """Whether a file with these entries, in which something is wrong, can be about one of them."""
        folders = map(path_of, self.selection.only)
        is_under = any(folder is not None and is_below(path, folder) for folder in folders)
        return is_under or any(self.may_be(claim) for claim in claims)

    def may_be(self, claim: Claim) -> bool:
        """Whether an entry can be about one of them."""
        if claim.id in self.ids or claim.email.folded in self.addresses:
            return True
        if claim.is_expired and self.selection.expired and not self.selection.only:
            return True
        shapes = address_shapes(claim.email.raw)
        spellings = [Candidate(email) for email in (claim.email, *map(Text, shapes))]
        is_named = any(matches(pattern, each) for pattern in self.selection.only for each in spellings)
        return is_named or any(are_alike(shape, other) for shape in shapes for other in self.shapes)
