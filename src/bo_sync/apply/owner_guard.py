"""Guard the hub's owners: read who remains before each loss of ownership and after the last one.

Raises may have failed, others may have changed the hub since the plan, and a read may show an older state. So owners
are counted from rows read now, among users who are owners before or after the plan. A user who became an owner
meanwhile is not counted, which errs on the safe side, and loses nothing by a plan that does not contain it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bo_sync.apply.planner import Reading
from bo_sync.core.changes import Change, CreateUser, DeleteUser, UpdateUser
from bo_sync.core.guardrail_checks import has_expired, is_role_owner, owners_among, role_owners
from bo_sync.core.live import grants_after, holdings, key_of, keyed
from bo_sync.core.model import Access, GrantRow, Role
from bo_sync.core.plan import Plan
from bo_sync.core.text import Message, Text
from bo_sync.core.write_order import HALVES
from bo_sync.errors import HubError
from bo_sync.ports import HubReader

WAITS: Final = (1.0, 9.0, 20.0)
"""Seconds before each further read of the owners: 4 reads in 30 seconds."""


@dataclass(slots=True)
class OwnerGuard:
    """The owners of the hub's roles during one run, counted safely even if reads lag.

    `created` are the ids of new users by folded address, `raised` the users that this run made owners, as the hub
    confirmed. `lost` are users whose ownership it took, or may have: they never count, whatever a read shows.
    `pause` waits for the given seconds, and returns whether it waited to the end.
    """

    hub: HubReader
    reading: Reading
    pause: Callable[[float], bool]
    created: Mapping[str, int] = field(default_factory=dict)
    raised: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)

    @property
    def least(self) -> int:
        """How many owners must remain at every moment."""
        return least_owners(self.reading.plan)

    def why_not_lose(self, change: UpdateUser | DeleteUser) -> Message:
        """Why `change` may not take ownership away now, or "" when it may.

        A loss that can be given back needs enough owners among those read and those raised by this run. Every other
        loss needs a read that shows enough. A read that shows the user as not an owner skips no count: it may be
        older than the plan.
        """
        spared, least = {change.id, *self.lost}, self.least
        must_be_read = not can_be_given_back(change, self.reading)
        left = 0
        for seconds in (0.0, *WAITS):
            if seconds and not self.pause(seconds):
                break
            try:
                owners = self._read()
            except HubError as error:
                return Message("not sent: who would still own Roles & permissions could not be read: {}", error.message)
            promised = len((owners | self.raised) - spared)
            left = len(owners - spared) if must_be_read else promised
            if left >= least:
                return Message()
            if promised < least:
                break
        return Message(
            f"not sent: {left} would still own Roles & permissions with Backoffice on, and at least {least} must"
        )

    def why_not_touch(self, change: UpdateUser | DeleteUser) -> str:
        """Why `change`, which takes no ownership by the plan, may not be sent: the user was made an owner since.

        "" when it may. A user who is an owner after the plan loses none. Raises HubError when that cannot be read.
        """
        is_owner, known = bool(_owners_among(self.hub, self.reading, [change.id])), _known(self.reading)
        if not is_owner or key_of(change, known) in known:
            return ""
        return "not sent: became an owner of Roles & permissions after this plan was made"

    def note_raise(self, change: CreateUser | UpdateUser, user_id: int) -> None:
        """Notes that the hub confirmed the raise of `change`'s user, if the plan makes them an owner."""
        after = owners_after(self.reading)
        if key_of(change, after) in after:
            self.raised.add(user_id)

    def note_return(self, user_id: int) -> None:
        """Notes that the hub confirmed the return of ownership that this run took."""
        self.lost.discard(user_id)
        self.raised.add(user_id)

    def remaining(self) -> frozenset[int]:
        """The owners after the last loss or return, read until a read agrees with what this run did.

        After 4 reads the last one counts. Raises HubError when they cannot be read.
        """
        left: frozenset[int] = frozenset()
        for seconds in (0.0, *WAITS):
            if seconds and not self.pause(seconds):
                break
            owners = self._read()
            left = frozenset(owners - self.lost)
            if self.lost.isdisjoint(owners) and self.raised - self.lost <= owners:
                break
        return left

    def _read(self) -> set[int]:
        """The owners as the hub shows them now, among users that the plan knows. Raises HubError."""
        return _owners_among(self.hub, self.reading, sorted(_candidates(self.reading, self.created)))


def can_be_given_back(change: Change, reading: Reading) -> bool:
    """Whether the run may give back the ownership that `change` takes, if too few owners remain.

    Not after a deletion, nor where the files end it: the account is absent or expired, or a half of the ownership
    has expired.
    """
    if not isinstance(change, UpdateUser) or change.email.folded in reading.departing:
        return False
    return not any(has_expired(edit) for edit in change.grants if edit.role in HALVES and edit.direction.takes)


def least_owners(plan: Plan) -> int:
    """How many owners must remain at every moment: the guardrail's limit, or for a plan below it the number after
    the plan. Where losses are left out, `actual` counts them, so the limit holds."""
    guardrail = next((guardrail for guardrail in plan.guardrails if guardrail.guardrail == "min_role_owners"), None)
    if guardrail is None:
        return 1
    return max(1, guardrail.limit if guardrail.skipped else min(guardrail.limit, guardrail.actual))


def _candidates(reading: Reading, created: Mapping[str, int]) -> set[int]:
    """The ids of all users who may be owners by now, as far as the plan knows: owners before and after it."""
    addresses = _known(reading)
    ids = {user.user.id for key, user in keyed(reading.live.users) if key in addresses}
    return ids | {user_id for key, user_id in created.items() if key in {Text(email).folded for email in addresses}}


def _known(reading: Reading) -> frozenset[str]:
    """The addresses of owners before or after the plan."""
    return role_owners(reading.live) | owners_after(reading)


def owners_after(reading: Reading) -> frozenset[str]:
    """The addresses of owners after the plan."""
    after = grants_after(reading.live, reading.plan.changes)
    return owners_among(after, reading.live.definitions)


def _owners_among(hub: HubReader, reading: Reading, user_ids: Sequence[int]) -> set[int]:
    """Which of some users are owners now. Raises HubError."""
    rows, definitions = hub.read_rows_of(user_ids), reading.live.definitions
    roles = {definition.id: role for role, definition in definitions.items()}
    return {user_id for user_id in user_ids if is_role_owner(_grants(rows.get(user_id, ()), roles), definitions)}


def _grants(rows: Iterable[GrantRow], roles: Mapping[str, Role]) -> dict[Role, Access]:
    return {role: held.row.access for role, held in holdings(rows, roles).items()}
