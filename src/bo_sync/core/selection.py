"""The users that a plan is about: `--only PATTERN`, `--expired` and `--skip-blocked`.

Guardrails of the run count what is left. Where they block that too, nothing runs.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final, Self, assert_never

from bo_sync.core.changes import Cause, Change, CreateUser, DeleteUser, UpdateUser
from bo_sync.core.diff import Diff
from bo_sync.core.guardrail_checks import Situation, has_expired, is_without_file, look_alikes, unprotected
from bo_sync.core.guardrails import OF_USER, GuardrailResult, check
from bo_sync.core.model import Profile
from bo_sync.core.text import Text
from bo_sync.core.user_matching import address_shapes, are_alike

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
    """What an entry with an error still states for certain: which user it is about, and whether something has expired.

    `profile` holds what could be read of the names and the phone.
    """

    email: Text
    id: int | None = None
    profile: Profile = ()
    is_expired: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """`only` are patterns: an address, a glob over addresses, or a path below users/. Both options can narrow one plan.

    Globs match as those of `protect` do.
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


def expired_only(difference: Diff, ended: Collection[str]) -> tuple[Diff, int]:
    """The part of `difference` that takes access because a last day has passed, and the number of changes left out.

    `ended` are the folded addresses of users whose account has expired. Nothing is given, so a role definition that the
    hub lacks does not matter.
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
class ChosenUsers:
    """The chosen users, in the forms with which an entry is compared: address, look-alike address and id.

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


_Skipped = dict[str, GuardrailResult]


def without_blocked(
    situation: Situation, checked: Iterable[GuardrailResult]
) -> tuple[Situation, tuple[GuardrailResult, ...]]:
    """What is left without the blocked users, and every guardrail's result. `checked` are those of the whole.

    A guardrail of users that is not ok is `skipped`, and so is `self`: its rows are about one user. So is
    `min_role_owners`, without every user who would no longer be an owner. Then `max_user_deletes` is skipped if leaving
    out all deletions without a file is enough to keep it: its rows are then those deletions.
    """
    first = {result.guardrail: result for result in checked}
    names = {*OF_USER, "self"} & first.keys()
    skipped = {name: replace(first[name], skipped=True) for name in names if not first[name].ok}
    rest, results = situation, first
    if skipped:
        rest = _without_users(situation, skipped)
        results = _by_name(rest) | skipped
    if not results["min_role_owners"].ok:
        rest, skipped = _without_owners(rest, results["min_role_owners"], skipped)
        results = _by_name(rest) | skipped
    if not results["max_user_deletes"].ok:
        fewer = _only(rest, [change for change in rest.difference.changes if not is_without_file(change)])
        counted = _by_name(fewer)
        if counted["max_user_deletes"].ok:
            rest, results = fewer, counted | skipped | {"max_user_deletes": _deletions_left_out(results, rest)}
    return rest, tuple(results[name] for name in first)


def _by_name(situation: Situation) -> _Skipped:
    return {result.guardrail: result for result in check(situation)}


def _without_owners(situation: Situation, found: GuardrailResult, skipped: _Skipped) -> tuple[Situation, _Skipped]:
    """The same without the users of the rows, which are all losses of ownership, so the number of owners stays."""
    owners = {row.email.folded for row in found.rows}
    rest = [change for change in situation.difference.changes if change.email.folded not in owners]
    return _only(situation, rest), {**skipped, "min_role_owners": replace(found, skipped=True)}


def _deletions_left_out(results: dict[str, GuardrailResult], rest: Situation) -> GuardrailResult:
    """The result that counts every deletion, with a row for each that is left out."""
    left_out = {change.email for change in rest.difference.changes if is_without_file(change)}
    found = results["max_user_deletes"]
    return replace(found, skipped=True, rows=tuple(row for row in found.rows if row.email in left_out))


def _without_users(situation: Situation, skipped: _Skipped) -> Situation:
    """The same without the users of the rows.

    If two users look alike, neither is changed, because one may be the other's new address. An entry of `protect` that
    protects no user may mean any user without a file, so none of these is deleted. For an ambiguous address the revokes
    run: they go by id, and the plan holds no deletion there.
    """
    blocked = {
        row.email.folded for name, result in skipped.items() if name != "ambiguous_address" for row in result.rows
    }
    blocked |= {user.email.folded for _, user in look_alikes(situation)}
    keeps_unmanaged = any(True for _ in unprotected(situation))

    def runs(change: Change) -> bool:
        return change.email.folded not in blocked and not (keeps_unmanaged and is_without_file(change))

    return _only(situation, [change for change in situation.difference.changes if runs(change)])


def _only(situation: Situation, changes: list[Change]) -> Situation:
    return replace(situation, difference=replace(situation.difference, changes=tuple(changes), conflicts=(), ending=()))
