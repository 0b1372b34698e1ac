"""What the hub would hold after some changes: the guardrails judge this, not the intention."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping

from bo_sync.core.changes import Change, CreateUser, DeleteUser, RemoveDuplicate, UpdateUser
from bo_sync.core.live import LiveIndex, LivePerson
from bo_sync.core.model import Access, Role

GrantsByAddress = Mapping[str, Mapping[Role, Access]]
"""Everybody's grants, without NONE, keyed by the hub's exact spelling of the address.

Where several users have that very spelling, the id stands behind it."""


def keyed(live: LiveIndex) -> Iterator[tuple[str, LivePerson]]:
    """Each live user with their key."""
    spelled = Counter(person.user.email.raw for person in live.people)
    for person in live.people:
        email = person.user.email.raw
        yield email if spelled[email] == 1 else _with_id(email, person.user.id), person


def key_of(change: Change, held: Container[str]) -> str:
    """The key of the user whom a change is about, among the keys that are `held`."""
    if isinstance(change, CreateUser):
        return change.email.raw
    longer = _with_id(change.hub_email.raw, change.id)
    return longer if longer in held else change.hub_email.raw


def _with_id(email: str, number: int) -> str:
    return f"{email} (id {number})"


def grants_now(live: LiveIndex) -> dict[str, dict[Role, Access]]:
    """What everybody holds today."""
    return {key: person.grants for key, person in keyed(live)}


def grants_of_unmanageable(live: LiveIndex) -> dict[str, dict[Role, Access]]:
    """What users without a usable address hold, by their names. No plan changes it, and no guardrail counts it."""
    return {person.name.raw: person.grants for person in live.unmanageable}


def grants_after(live: LiveIndex, changes: Iterable[Change]) -> dict[str, dict[Role, Access]]:
    """What everybody would hold once `changes` are done."""
    held = grants_now(live)
    for change in changes:
        key = key_of(change, held)
        match change:
            case CreateUser():
                held[key] = {grant.role: grant.after for grant in change.grants}
            case UpdateUser():
                grants = held[key]
                for edit in change.grants:
                    if not isinstance(edit, RemoveDuplicate):
                        grants[edit.role] = edit.after
                held[key] = {role: access for role, access in grants.items() if access}
            case DeleteUser():
                del held[key]
    return held
