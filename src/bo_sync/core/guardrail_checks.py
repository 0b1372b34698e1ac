"""What guardrails look for in a plan: one pure function per guardrail, from a situation to the rows that count.

`core/guardrails.py` names them, and judges what they find.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeGuard

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
from bo_sync.core.settings import Settings
from bo_sync.core.text import Message, Text
from bo_sync.core.user_matching import Trait, alike, nearly_matches, traits


@dataclass(frozen=True, slots=True)
class GuardrailRow:
    """One user who makes a guardrail fail, or counts in it."""

    email: Text
    message: Message
    source: Source | None = None


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
    allowed: Mapping[str, int] = field(default_factory=dict)
    after: GrantsByAddress = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "after", grants_after(self.live, self.difference.changes))


@dataclass(frozen=True, slots=True)
class Remaining:
    """What a plan leaves of what must not become too few. `enough` are enough, even if the limit is higher."""

    actual: int
    enough: int
    rows: tuple[GuardrailRow, ...] = ()


def uncertain_identities(situation: Situation) -> Iterator[GuardrailRow]:
    for conflict in situation.difference.conflicts:
        yield GuardrailRow(conflict.email, conflict.message, conflict.source)
    yield from (row for row, _ in look_alikes(situation))


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


def _same_user(email: Text, user: LiveUser, shared: str) -> Message:
    same = Message("has the same {} as {} (id {}), who is in the hub without a file", shared, user.email, user.id)
    moved = Message("add a file for {} with `state: absent`, beside the one for {}", user.email, email)
    apart = Message("are they two people, give {} a file of their own", user.email)
    return Message("{}; an address cannot change: {}; {}", same, moved, apart)


def _moved(email: Text, shared: str) -> Message:
    return Message(
        "would be deleted without a file, but {} in the files has the same {}; an address cannot change: to delete "
        "this user, add a file with `state: absent`",
        email,
        shared,
    )


def ambiguous_addresses(situation: Situation) -> Iterator[GuardrailRow]:
    """One row per file that matches several live users, and per deletion of a user who shares the address.

    A row names the file's user. That user's change, if any, revokes grants by id and may run without the rest.
    """
    for shared in situation.difference.shared:
        if shared.blocked:
            yield GuardrailRow(shared.email, Message(shared.blocked), shared.source)


def protected_changes(situation: Situation) -> Iterator[GuardrailRow]:
    """A creation, a deletion or an end date of a protected user. Other differences are reported, and never planned."""
    settings = situation.settings
    for change in situation.difference.changes if settings.protect else ():
        if settings.is_protected(change.email) or settings.is_protected(address_of(change)):
            yield GuardrailRow(
                change.email, Message(f"is protected, yet would be {_DONE[type(change)]}"), change.source
            )
    for user in situation.difference.ending:
        yield GuardrailRow(user.email, Message(f"is protected, yet its account ends after {user.until}"), user.source)
    yield from unprotected(situation)


_DONE: Final = {CreateUser: "created", UpdateUser: "changed", DeleteUser: "deleted"}


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
            message = Message(
                "protects no user, and nearly matches {}{}, to be deleted without a file", near[0], others
            )
            yield GuardrailRow(pattern, message, place)
        elif _WILDCARDS.isdisjoint(pattern.raw):
            message = Message(f"protects no user, while users without a file would be deleted ({len(deletions)})")
            yield GuardrailRow(pattern, message, place)


_WILDCARDS: Final = frozenset("*?[")


def is_without_file(change: Change) -> TypeGuard[DeleteUser]:
    return isinstance(change, DeleteUser) and change.source is None


def losses_of_viewer(situation: Situation) -> Iterator[GuardrailRow]:
    viewer = situation.viewer
    for change in situation.difference.changes:
        if viewer is not None and address_of(change).folded == viewer.folded:
            yield from (GuardrailRow(change.email, message, change.source) for message in _self_harm(change))


def _self_harm(change: Change) -> Iterator[Message]:
    if isinstance(change, DeleteUser):
        yield Message("is the person whose session runs, and would be deleted")
    for role in (ROLES_PERMISSIONS, BACKOFFICE):
        if isinstance(change, UpdateUser) and any(edit.role == role and edit.direction.takes for edit in change.grants):
            yield Message(f"is the person whose session runs, and would lose {role}")


def remaining_owners(situation: Situation) -> Remaining:
    """A plan that makes too few owners no fewer passes. Where none is counted today, it may take nothing."""
    now, then = role_owners(situation.live), owners_among(situation.after, situation.live.definitions)
    if not now:
        rows = tuple(_unknown_losses(situation))
        return Remaining(0, 1, rows) if rows else Remaining(len(then), 0)
    lost = now - then
    rows = tuple(
        GuardrailRow(change.email, Message("would no longer own Roles & permissions with Backoffice on"), change.source)
        for change in situation.difference.changes
        if key_of(change, lost) in lost
    )
    return Remaining(len(then), len(now), rows)


def _unknown_losses(situation: Situation) -> Iterator[GuardrailRow]:
    """Every change that takes something: if no owner is counted, any of them may hit the real owners."""
    message = NO_OWNER if ROLES_PERMISSIONS in situation.live.definitions else NO_DEFINITION
    for change in situation.difference.changes:
        if isinstance(change, DeleteUser) or any(edit.direction.takes for edit in change.grants):
            yield GuardrailRow(change.email, message, change.source)


NO_DEFINITION: Final = Message(
    "would lose access, but the hub has no role definition named role, so its owners are unknown"
)
NO_OWNER: Final = Message(
    "would lose access, but no user in the hub counts as owner of Roles & permissions with Backoffice on"
)


def role_owners(live: LiveIndex) -> frozenset[str]:
    """Users who can give and take access today, by the hub's spelling of the address."""
    return owners_among(live.held, live.definitions)


def owners_among(grants: GrantsByAddress, definitions: Container[Role]) -> frozenset[str]:
    return frozenset(email for email, held in grants.items() if is_role_owner(held, definitions))


def is_role_owner(held: Mapping[Role, Access], definitions: Container[Role]) -> bool:
    """Whether a user with these grants can give and take access: owner of Roles & permissions, Backoffice on.

    The hub's name for Backoffice is in no document. If none of its `definitions` has our name for it, it is unknown
    which users have it on, and every owner of Roles & permissions counts.
    """
    if held.get(ROLES_PERMISSIONS) is not Access.OWNER:
        return False
    return BACKOFFICE not in definitions or held.get(BACKOFFICE, Access.NONE) is not Access.NONE


def deletions(situation: Situation) -> Iterator[GuardrailRow]:
    """Deletions that no date announced. Deletions of expired accounts count in `max_expiries`."""
    for change in situation.difference.changes:
        if isinstance(change, DeleteUser) and change.cause is not Cause.UNTIL_PASSED:
            yield GuardrailRow(change.email, _deletion(change), change.source)


def _deletion(change: DeleteUser) -> Message:
    return Message(f"would be deleted: {_EXPIRED if change.cause is Cause.UNTIL_PASSED else change.cause.value}")


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


def access_losses(situation: Situation) -> Iterator[GuardrailRow]:
    """Users who stay, and lose their last platform area for other reasons than dates that have passed."""
    for change in situation.difference.changes:
        if not isinstance(change, UpdateUser):
            continue
        lost = [edit.role for edit in _losses(change) if edit.role in PLATFORM]
        if lost and not has_area(situation.after[key_of(change, situation.after)]):
            message = Message(f"would lose the last platform area: {', '.join(lost)}")
            yield GuardrailRow(change.email, message, change.source)


def has_area(held: Mapping[Role, Access]) -> bool:
    """Whether a platform area is on."""
    return not held.keys().isdisjoint(PLATFORM)


def grant_losses(situation: Situation) -> Iterator[GuardrailRow]:
    """Grants lowered or revoked that no date announced. Expired ones count in `max_expiries`."""
    for change in situation.difference.changes:
        if isinstance(change, UpdateUser):
            yield from (GuardrailRow(change.email, _loss(edit), change.source) for edit in _losses(change))


def _loss(edit: GrantChange) -> Message:
    return Message(f"{edit.role} {edit.before.word} → {edit.after.word}{by_expiry(edit)}")


def expiries(situation: Situation) -> Iterator[GuardrailRow]:
    """Accounts and grants that end because their last day has passed."""
    for change in situation.difference.changes:
        yield from (GuardrailRow(change.email, message, change.source) for message in _expiries(change))


def _expiries(change: Change) -> Iterator[Message]:
    if isinstance(change, DeleteUser) and change.cause is Cause.UNTIL_PASSED:
        yield _deletion(change)
    if isinstance(change, UpdateUser):
        yield from map(_loss, _losses(change, expired=True))
