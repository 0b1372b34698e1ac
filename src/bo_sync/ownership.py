"""The last look before somebody loses the ownership of the hub's roles: who would be left, read anew.

Whatever the plan hoped for, raises may have failed and others may have changed the hub since. So the owners are counted
among all who were owners when the hub was read or are to be owners afterwards, from rows read at this moment; whoever
else became one meanwhile is not counted, which errs on the safe side, and loses nothing by a plan that knows nothing of
it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bo_sync.core.changes import DeleteUser, UpdateUser
from bo_sync.core.guardrails import is_role_owner, role_owners
from bo_sync.core.live import holdings
from bo_sync.core.model import Access, GrantRow, Role
from bo_sync.core.plan import Plan
from bo_sync.core.replay import grants_after, key_of, keyed
from bo_sync.core.text import Text
from bo_sync.errors import HubError
from bo_sync.ports import HubReader
from bo_sync.reconcile import Reading


@dataclass(frozen=True, slots=True)
class Standing:
    """What a run knows beside its plan: the ids of the people whom it created, by folded address, and of those whose
    own loss of ownership is in limbo: sent, not seen to hold, and still able to happen."""

    created: Mapping[str, int]
    in_limbo: Collection[int]


def why_not_lose(hub: HubReader, reading: Reading, run: Standing, change: UpdateUser | DeleteUser) -> str:
    """Why `change` may not take ownership away now, or "" when it may. Who is in limbo counts as no owner any more."""
    candidates = _candidates(reading, run.created)
    try:
        owners = _owners_among(hub, reading, sorted(candidates))
    except HubError as error:
        return f"not sent: who would still own Roles & permissions could not be read: {error.message}"
    least = least_owners(reading.plan)
    left = len(owners - {change.id, *run.in_limbo})
    if change.id not in owners or left >= least:
        return ""
    return f"not sent: {left} would still own Roles & permissions with Backoffice on, and at least {least} must"


def why_not_touch(hub: HubReader, reading: Reading, change: UpdateUser | DeleteUser) -> str:
    """Why `change` may not be sent where the plan knows of no ownership to lose: somebody has given it since.

    "" when it may. Who is to be an owner afterwards loses none. Raises HubError when that cannot be read.
    """
    known = _known(reading)
    if not _owners_among(hub, reading, [change.id]) or key_of(change, known) in known:
        return ""
    return "not sent: owns Roles & permissions with Backoffice on by now, of which this plan knows nothing"


def least_owners(plan: Plan) -> int:
    """How many owners must remain at every moment: the guardrail's limit, or what a plan that was below it ends
    with."""
    guardrail = next((guardrail for guardrail in plan.guardrails if guardrail.guardrail == "min_role_owners"), None)
    return max(1, min(guardrail.limit, guardrail.actual)) if guardrail else 1


def _candidates(reading: Reading, created: Mapping[str, int]) -> set[int]:
    """Everybody who may be an owner by now, as far as the plan knows: owners before it, and owners after it."""
    addresses = _known(reading)
    ids = {person.user.id for key, person in keyed(reading.live) if key in addresses}
    return ids | {user_id for key, user_id in created.items() if key in {Text(email).folded for email in addresses}}


def _known(reading: Reading) -> frozenset[str]:
    """The addresses of whoever is an owner before the plan or after it."""
    after = grants_after(reading.live, reading.plan.changes)
    definitions = reading.live.definitions
    return role_owners(reading.live) | {email for email, held in after.items() if is_role_owner(held, definitions)}


def _owners_among(hub: HubReader, reading: Reading, user_ids: Sequence[int]) -> set[int]:
    """Who of some people is an owner at this moment. Raises HubError."""
    rows, definitions = hub.read_rows_of(user_ids), reading.live.definitions
    roles = {definition.id: role for role, definition in definitions.items()}
    return {user_id for user_id in user_ids if is_role_owner(_grants(rows.get(user_id, ()), roles), definitions)}


def _grants(rows: Iterable[GrantRow], roles: Mapping[str, Role]) -> dict[Role, Access]:
    return {role: held.row.access for role, held in holdings(rows, roles).items()}
