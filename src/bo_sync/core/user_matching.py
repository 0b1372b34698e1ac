"""Which live user a file is about: by address, by the pinned `id`, or uncertain.

Every file is matched once, before anything is compared. A file that contradicts the hub is refused. One that several
live users answer to is uncertain. Neither changes a user.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bo_sync.core.live import LiveIndex, LivePerson, why_unmanageable
from bo_sync.core.model import DesiredUser, Source
from bo_sync.core.text import Text


@dataclass(frozen=True, slots=True)
class IdentityConflict:
    """A file whose person cannot be told for certain; `message` says what is live, and what to do."""

    email: Text
    source: Source
    message: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A person with a file, and who that is in the hub; None when the hub has nobody there.

    `twins` are the live users who share the address, the paired one included; empty where nobody does.
    """

    user: DesiredUser
    person: LivePerson | None
    twins: tuple[LivePerson, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A person with a file who may not be paired. `claims` are the hub's ids that the file speaks of."""

    conflict: IdentityConflict
    claims: frozenset[int]


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several live users answer to the address, and the file does not say which one; none of them is touched."""

    user: DesiredUser
    twins: tuple[LivePerson, ...]


def match(user: DesiredUser, live: LiveIndex) -> Pair | Refusal | Ambiguous:
    """Whom the file of `user` is about."""
    there = live.at(user.email)
    at_id = live.by_id.get(user.id) if user.id is not None else None
    odd = live.odd.get(user.id or 0) or live.odd.get(user.email.folded)
    if odd is not None:
        return _refused(user, _why_unmanageable(odd), there)
    if len(there) > 1 and (user.id is None or at_id in there):
        chosen = at_id or _spelled(user.email, there)
        return Pair(user, chosen, there) if chosen else Ambiguous(user, there)
    at_address = there[0] if there else None
    if user.id is None or (at_address and at_address.user.id == user.id):
        return Pair(user, at_address)
    if at_address is None and at_id is None and user.departure is not None:
        return Pair(user, None)
    return _refused(user, _why_refused(user, at_address, at_id), (*there, *([at_id] if at_id else [])))


def _spelled(email: Text, there: tuple[LivePerson, ...]) -> LivePerson | None:
    """The one user with just this spelling, where no other user at the address holds a grant.

    Otherwise a new user with the file's spelling would hide the one who holds the grants.
    """
    exact = [person for person in there if person.user.email == email]
    others = (person for person in there if person.user.email != email)
    return exact[0] if len(exact) == 1 and not any(person.grants for person in others) else None


def _refused(user: DesiredUser, why: str, claims: Iterable[LivePerson]) -> Refusal:
    conflict = IdentityConflict(user.email, user.source, why)
    return Refusal(conflict, frozenset(person.user.id for person in claims))


def _why_unmanageable(odd: LivePerson) -> str:
    return (
        f"id {odd.user.id} has {why_unmanageable(odd.user.email)} in the hub, so no file can manage it: "
        "create this user again in the backoffice, with an address, and drop `id`"
    )


def _why_refused(user: DesiredUser, at_address: LivePerson | None, at_id: LivePerson | None) -> str:
    if at_id is not None:
        return (
            f"id {user.id} is {at_id.user.email} in the hub, not {user.email}; an address cannot change: keep the file "
            f"of {at_id.user.email} with `state: absent`, and add a file without `id` for {user.email}"
        )
    if at_address is not None:
        return (
            f"{user.email} has id {at_address.user.id} in the hub, not {user.id}: deleted and made anew; "
            "check that this is the same person, then drop `id`"
        )
    return f"the hub has neither id {user.id} nor {user.email}; to create this person anew, drop `id`"
