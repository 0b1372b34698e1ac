"""What the hub would hold after some changes: the guardrails judge this, not the intention."""

from collections.abc import Iterable, Mapping

from bo_sync.core.changes import Change, CreateUser, DeleteUser, RemoveDuplicate, UpdateUser
from bo_sync.core.live import LiveIndex
from bo_sync.core.model import Access, Role

GrantsByAddress = Mapping[str, Mapping[Role, Access]]
"""Everybody's grants, without NONE, keyed by the hub's exact spelling of the address."""


def grants_now(live: LiveIndex) -> dict[str, dict[Role, Access]]:
    """What everybody holds today. Users with one and the same spelling count as one who holds what any of them does."""
    held: dict[str, dict[Role, Access]] = {}
    for person in live.people:
        grants = held.setdefault(person.user.email.raw, {})
        for role, access in person.grants.items():
            grants[role] = max(access, grants.get(role, Access.NONE))
    return held


def grants_after(live: LiveIndex, changes: Iterable[Change]) -> dict[str, dict[Role, Access]]:
    """What everybody would hold once `changes` are done."""
    held = grants_now(live)
    for change in changes:
        match change:
            case CreateUser():
                held[change.email.raw] = {grant.role: grant.after for grant in change.grants}
            case UpdateUser():
                grants = held[change.hub_email.raw]
                for edit in change.grants:
                    if not isinstance(edit, RemoveDuplicate):
                        grants[edit.role] = edit.after
                held[change.hub_email.raw] = {role: access for role, access in grants.items() if access}
            case DeleteUser():
                del held[change.hub_email.raw]
    return held
