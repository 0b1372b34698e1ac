"""Guardrails: what a plan may not do. Each is a small pure function from a situation to a result.

apply makes its plan again, so it checks them again before the first write. `GUARDRAILS` is their display order.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeGuard, get_args

from bo_sync.core.changes import (
    Cause,
    Change,
    CreateUser,
    DeleteUser,
    GrantChange,
    RemoveDuplicate,
    UpdateUser,
    address_of,
)
from bo_sync.core.diff import Diff
from bo_sync.core.live import GrantsByAddress, LiveIndex, grants_after, key_of
from bo_sync.core.model import BACKOFFICE, PLATFORM, ROLES_PERMISSIONS, Access, LiveUser, Role, Source
from bo_sync.core.settings import Limit, Settings
from bo_sync.core.text import Text
from bo_sync.core.user_matching import Trait, alike, nearly_matches, traits

GuardrailName = Literal[
    "empty",
    "email_change",
    "removed_file",
    "ambiguous_address",
    "protected",
    "self",
    "min_role_owners",
    "max_user_deletes",
    "max_access_losses",
    "max_grant_losses",
    "max_expiries",
]
NumericGuardrail = Literal[
    "min_role_owners", "max_user_deletes", "max_access_losses", "max_grant_losses", "max_expiries"
]
OF_USER: Final[frozenset[GuardrailName]] = frozenset(("email_change", "removed_file", "ambiguous_address", "protected"))
"""The guardrails whose rows are about single users, who can be left out while the rest runs. Others are about the
run."""
NUMERIC: Final[tuple[NumericGuardrail, ...]] = get_args(NumericGuardrail)
"""The guardrails that a number on the command line can override, for one run."""


@dataclass(frozen=True, slots=True)
class GuardrailRow:
    """One user who makes a guardrail fail, or counts in it."""

    email: Text
    message: str
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """What a limit was computed from: `limit` of the settings, for `population`."""

    limit: Limit
    population: int


@dataclass(frozen=True, slots=True)
class GuardrailResult:
    """`actual` against `limit`, in the unit of the guardrail. `allowed_by` is the override that set the limit, as
    given. `basis` is what the limit was computed from, if no override set it. `skipped`: not ok, but the plan leaves
    out the users of its rows, so the rest may run. `way` is what to do if no option overrides it: files compared with a
    base, without a plan."""

    guardrail: GuardrailName
    actual: int
    limit: int
    ok: bool
    allowed_by: str | None = None
    rows: tuple[GuardrailRow, ...] = ()
    basis: Basis | None = None
    skipped: bool = False
    way: str = ""

    @property
    def of(self) -> Literal["user", "run"]:
        """Whether its rows are about single users, who can be left out while the rest runs."""
        return "user" if self.guardrail in OF_USER else "run"

    @property
    def blocks(self) -> bool:
        """Whether the plan cannot be applied because of this guardrail."""
        return not self.ok and not self.skipped


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that guardrails judge. `users` is the number of users in the files, `viewer` the session's user.

    `difference` is what would be done, `whole` the same before it was narrowed to some users. `after` is what every
    user would hold then; today they hold `live.held`.
    """

    difference: Diff
    whole: Diff
    live: LiveIndex
    settings: Settings
    users: int
    viewer: Text | None = None
    allowed: Mapping[NumericGuardrail, int] = field(default_factory=dict)
    after: GrantsByAddress = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "after", grants_after(self.live, self.difference.changes))


def check(situation: Situation) -> tuple[GuardrailResult, ...]:
    """Every guardrail's result, passed ones included, in the order of `GUARDRAILS`."""
    return tuple(guardrail(situation) for guardrail in GUARDRAILS)


def _empty(situation: Situation) -> GuardrailResult:
    return GuardrailResult("empty", situation.users, 1, ok=situation.users >= 1)


def _email_change(situation: Situation) -> GuardrailResult:
    conflicts = [
        GuardrailRow(conflict.email, conflict.message, conflict.source) for conflict in situation.difference.conflicts
    ]
    return none_allowed("email_change", (*conflicts, *(row for row, _ in look_alikes(situation))))


def look_alikes(situation: Situation) -> Iterator[tuple[GuardrailRow, LiveUser]]:
    """Users to be created who look like a live user without a file, most likely a changed address; and that user.

    A full name is enough. A phone and one name count only if exactly one live user shares them, with or without a file:
    a number that several users share, such as a switchboard's, identifies none of them. In a narrowed plan, a deletion
    without a file is compared with all users to be created, also those that the plan leaves out.
    """
    narrowed, whole = situation.difference.changes, situation.whole.changes
    left = {user.email.raw for user in situation.whole.unmanaged}
    left |= {change.hub_email.raw for change in whole if is_without_file(change)}
    deleted = {change.hub_email.raw for change in narrowed if is_without_file(change)}
    created = [change for change in (whole if deleted else narrowed) if isinstance(change, CreateUser)]
    planned = {change.email for change in narrowed if isinstance(change, CreateUser)}
    by_trait: dict[Trait, list[LiveUser]] = {}
    for hub_user in situation.live.users if left and created else ():
        for trait in traits(hub_user.user.profile):
            by_trait.setdefault(trait, []).append(hub_user.user)
    for change in created:
        for user, trait in alike(traits(change.profile), by_trait):
            if user.email.raw in left and change.email in planned:
                yield GuardrailRow(change.email, _same_user(change.email, user, trait.noun), change.source), user
            elif user.email.raw in deleted:
                yield GuardrailRow(user.email, _moved(change.email, trait.noun), change.source), user


def _same_user(email: Text, user: LiveUser, shared: str) -> str:
    return (
        f"has the same {shared} as {user.email} (id {user.id}), who is in the hub without a file; an address cannot "
        f"change: add a file for {user.email} with `state: absent`, beside the one for {email}; are they two people, "
        f"give {user.email} a file of their own"
    )


def _moved(email: Text, shared: str) -> str:
    return (
        f"would be deleted without a file, but {email} in the files has the same {shared}; an address cannot change: "
        "to delete this user, add a file with `state: absent`"
    )


def _ambiguous_address(situation: Situation) -> GuardrailResult:
    """One row per file that matches several live users, and per deletion of a user who shares the address.

    A row names the file's user. That user's change, if any, revokes grants by id and may run without the rest.
    """
    rows = tuple(
        GuardrailRow(shared.email, shared.blocked, shared.source)
        for shared in situation.difference.shared
        if shared.blocked
    )
    return none_allowed("ambiguous_address", rows)


def _protected(situation: Situation) -> GuardrailResult:
    """A creation, a deletion or an end date of a protected user. Other differences are reported, and never planned."""
    settings = situation.settings
    rows = [
        GuardrailRow(change.email, f"is protected, yet would be {_DONE[type(change)]}", change.source)
        for change in (situation.difference.changes if settings.protect else ())
        if settings.is_protected(change.email) or settings.is_protected(address_of(change))
    ]
    rows += (
        GuardrailRow(user.email, f"is protected, yet its account ends after {user.until}", user.source)
        for user in situation.difference.ending
    )
    return none_allowed("protected", (*rows, *unprotected(situation)))


def unprotected(situation: Situation) -> Iterator[GuardrailRow]:
    """Entries of `protect` that match no live user, and may mean a user who is deleted without a file."""
    deletions = [change.hub_email for change in situation.difference.changes if is_without_file(change)]
    if not deletions:
        return
    emails = [user.user.email for user in situation.live.users]
    for pattern, place in situation.settings.unmatched(emails):
        near = [email for email in deletions if nearly_matches(pattern, email)]
        if near:
            others = f" and {len(near) - 1} more" if len(near) > 1 else ""
            message = f"protects no user, and nearly matches {near[0]}{others}, to be deleted without a file"
            yield GuardrailRow(pattern, message, place)
        elif _WILDCARDS.isdisjoint(pattern.raw):
            message = f"protects no user, while users without a file would be deleted ({len(deletions)})"
            yield GuardrailRow(pattern, message, place)


_WILDCARDS: Final = frozenset("*?[")


def is_without_file(change: Change) -> TypeGuard[DeleteUser]:
    return isinstance(change, DeleteUser) and change.source is None


def _self(situation: Situation) -> GuardrailResult:
    viewer = situation.viewer
    rows = tuple(
        GuardrailRow(change.email, message, change.source)
        for change in situation.difference.changes
        if viewer is not None and address_of(change).folded == viewer.folded
        for message in _self_harm(change)
    )
    return none_allowed("self", rows)


def _self_harm(change: Change) -> Iterator[str]:
    if isinstance(change, DeleteUser):
        yield "is the person whose session runs, and would be deleted"
    for role in (ROLES_PERMISSIONS, BACKOFFICE):
        if isinstance(change, UpdateUser) and any(edit.role == role and edit.direction.takes for edit in change.grants):
            yield f"is the person whose session runs, and would lose {role}"


def _min_role_owners(situation: Situation) -> GuardrailResult:
    limit, allowed_by = _minimum(situation)
    now, then = role_owners(situation.live), _owners(situation.after, situation.live.definitions)
    if not now:
        rows = tuple(_unknown_losses(situation))
        return GuardrailResult("min_role_owners", 0 if rows else len(then), limit, not rows, allowed_by, rows)
    lost = now - then
    rows = tuple(
        GuardrailRow(change.email, "would no longer own Roles & permissions with Backoffice on", change.source)
        for change in situation.difference.changes
        if key_of(change, lost) in lost
    )
    return GuardrailResult("min_role_owners", len(then), limit, len(then) >= min(limit, len(now)), allowed_by, rows)


def _unknown_losses(situation: Situation) -> Iterator[GuardrailRow]:
    """Every change that takes something: if no owner is counted, any of them may hit the real owners."""
    message = _NO_OWNER if ROLES_PERMISSIONS in situation.live.definitions else _NO_DEFINITION
    for change in situation.difference.changes:
        if isinstance(change, DeleteUser) or any(edit.direction.takes for edit in change.grants):
            yield GuardrailRow(change.email, message, change.source)


_NO_DEFINITION: Final = "would lose access, but the hub has no role definition named role, so its owners are unknown"
_NO_OWNER: Final = "would lose access, but no user in the hub counts as owner of Roles & permissions with Backoffice on"


def role_owners(live: LiveIndex) -> frozenset[str]:
    """Users who can give and take access today, by the hub's spelling of the address."""
    return _owners(live.held, live.definitions)


def _owners(grants: GrantsByAddress, definitions: Container[Role]) -> frozenset[str]:
    return frozenset(email for email, held in grants.items() if is_role_owner(held, definitions))


def is_role_owner(held: Mapping[Role, Access], definitions: Container[Role]) -> bool:
    """Whether a user with these grants can give and take access: owner of Roles & permissions, Backoffice on.

    The hub's name for Backoffice is in no document. If none of its `definitions` has our name for it, it is unknown
    which users have it on, and every owner of Roles & permissions counts.
    """
    if held.get(ROLES_PERMISSIONS) is not Access.OWNER:
        return False
    return BACKOFFICE not in definitions or held.get(BACKOFFICE, Access.NONE) is not Access.NONE


def _max_user_deletes(situation: Situation) -> GuardrailResult:
    """Deletions that no date announced. Deletions of expired accounts count in `max_expiries`."""
    rows = tuple(
        GuardrailRow(change.email, _deletion(change), change.source)
        for change in situation.difference.changes
        if isinstance(change, DeleteUser) and change.cause is not Cause.UNTIL_PASSED
    )
    basis = Basis(situation.settings.guardrails.max_user_deletes, len(situation.live.users))
    return _at_most("max_user_deletes", situation, rows, basis)


def _deletion(change: DeleteUser) -> str:
    return f"would be deleted: {_EXPIRED if change.cause is Cause.UNTIL_PASSED else change.cause.value}"


_EXPIRED: Final = "its `until` has passed"


def by_expiry(edit: GrantChange) -> str:
    """The text after a change of access that only the end of a direct grant made; "" for every other change."""
    return f": {_EXPIRED}" if has_expired(edit) else ""


def has_expired(edit: GrantChange) -> bool:
    """Whether an edit is made because the last day of a direct grant, or of the account, has passed."""
    return not isinstance(edit, RemoveDuplicate) and edit.expired is not None


def _losses(change: UpdateUser, *, expired: bool = False) -> list[GrantChange]:
    """What a user who stays loses: because of dates that have passed if `expired`, else for other reasons."""
    return [edit for edit in change.grants if edit.direction.takes and has_expired(edit) is expired]


def _max_access_losses(situation: Situation) -> GuardrailResult:
    """Users who stay, and lose their last platform area for other reasons than dates that have passed."""
    rows = tuple(
        GuardrailRow(change.email, f"would lose the last platform area: {', '.join(lost)}", change.source)
        for change in situation.difference.changes
        if isinstance(change, UpdateUser)
        if (lost := [edit.role for edit in _losses(change) if edit.role in PLATFORM])
        if not _has_area(situation.after[key_of(change, situation.after)])
    )
    population = sum(map(_has_area, situation.live.held.values()))
    basis = Basis(situation.settings.guardrails.max_access_losses, population)
    return _at_most("max_access_losses", situation, rows, basis)


def _has_area(held: Mapping[Role, Access]) -> bool:
    """Whether a platform area is on."""
    return not held.keys().isdisjoint(PLATFORM)


def _max_grant_losses(situation: Situation) -> GuardrailResult:
    """Grants lowered or revoked that no date announced. Expired ones count in `max_expiries`."""
    rows = tuple(
        GuardrailRow(change.email, _loss(edit), change.source)
        for change in situation.difference.changes
        if isinstance(change, UpdateUser)
        for edit in _losses(change)
    )
    basis = Basis(situation.settings.guardrails.max_grant_losses, situation.live.grant_count)
    return _at_most("max_grant_losses", situation, rows, basis)


def _loss(edit: GrantChange) -> str:
    return f"{edit.role} {edit.before.word} → {edit.after.word}{by_expiry(edit)}"


def _max_expiries(situation: Situation) -> GuardrailResult:
    """Accounts and grants that end because their last day has passed."""
    rows = tuple(
        GuardrailRow(change.email, message, change.source)
        for change in situation.difference.changes
        for message in _expiries(change)
    )
    basis = Basis(situation.settings.guardrails.max_expiries, len(situation.live.users))
    return _at_most("max_expiries", situation, rows, basis)


def _expiries(change: Change) -> Iterator[str]:
    if isinstance(change, DeleteUser) and change.cause is Cause.UNTIL_PASSED:
        yield _deletion(change)
    if isinstance(change, UpdateUser):
        yield from map(_loss, _losses(change, expired=True))


def _at_most(
    guardrail: NumericGuardrail, situation: Situation, rows: tuple[GuardrailRow, ...], basis: Basis
) -> GuardrailResult:
    """Each row counts as one, against the settings' limit for the population, or the override's number."""
    named = situation.allowed.get(guardrail)
    if named is not None:
        return GuardrailResult(guardrail, len(rows), named, len(rows) <= named, _allow(guardrail, named), rows)
    limit = basis.limit.of(basis.population)
    return GuardrailResult(guardrail, len(rows), limit, len(rows) <= limit, rows=rows, basis=basis)


def _minimum(situation: Situation) -> tuple[int, str | None]:
    """The owners that must be left, at least 1, and the override that set it. An override may be stricter."""
    named = situation.allowed.get("min_role_owners")
    if named is None:
        return situation.settings.guardrails.least_role_owners, None
    return max(named, 1), _allow("min_role_owners", named)


def _allow(guardrail: NumericGuardrail, number: int) -> str:
    return f"--allow {guardrail}={number}"


def none_allowed(guardrail: GuardrailName, rows: tuple[GuardrailRow, ...]) -> GuardrailResult:
    """The result of a guardrail that any row blocks."""
    return GuardrailResult(guardrail, len(rows), 0, not rows, rows=rows)


_DONE: Final = {CreateUser: "created", UpdateUser: "changed", DeleteUser: "deleted"}

GUARDRAILS: Final[tuple[Callable[[Situation], GuardrailResult], ...]] = (
    _empty,
    _email_change,
    _ambiguous_address,
    _protected,
    _self,
    _min_role_owners,
    _max_user_deletes,
    _max_access_losses,
    _max_grant_losses,
    _max_expiries,
)

IMPASSABLE: Final[Mapping[GuardrailName, str]] = {
    "empty": "add at least one file to users/; to remove people, give their files `state: absent`",
    "email_change": "nothing passes this guardrail; each row says what to do",
    "removed_file": "nothing passes this guardrail: keep the file with `state: absent`, or set `unmanaged: delete`",
    "ambiguous_address": "add `id` to the file, or delete the other user in the backoffice; each row says which",
    "protected": (
        "nothing passes this guardrail: correct the file, or the entry of `protect` in bo-sync.yaml, in a reviewed "
        "change"
    ),
    "self": "nothing passes this guardrail: let somebody else, or an API key, run it",
}
"""What to do about a guardrail that no number overrides."""
_UNKNOWN_OWNERS: Final = {
    _NO_DEFINITION: "restore the role definition named role in the hub",
    _NO_OWNER: "check `role_definitions` and the API key, or first apply a plan that only makes a user an owner",
}
"""What to do if no owner is counted, by the message of the rows."""


def way_past(result: GuardrailResult) -> str:
    """The exact override of a guardrail that fails."""
    if result.way:
        return result.way
    if result.guardrail in IMPASSABLE:
        return IMPASSABLE[result.guardrail]
    if result.guardrail == "min_role_owners" and not result.actual:
        usual = "one owner always remains, so make somebody else an owner first"
        known = (_UNKNOWN_OWNERS[row.message] for row in result.rows if row.message in _UNKNOWN_OWNERS)
        return f"nothing passes this guardrail here: {next(known, usual)}"
    return f"if this is meant, pass --allow {result.guardrail}={result.actual}"
