"""The plan: one value that is shown, checked by the guardrails, saved, compared and run.

It holds neither a time nor a closure. Its digest is in `core/plan_digest.py`, its JSON in `render/plan_document.py`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bo_sync.core.changes import Change, CreateUser, DeleteUser, Direction, Effect, UpdateUser
from bo_sync.core.diff import UnmanageableUser, UnmanagedUser
from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.model import Severity, Source
from bo_sync.core.policy import PolicyResult
from bo_sync.core.text import Message, Text
from bo_sync.core.weakened_guards import GuardComparison, Weakened

Action = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class HubFacts:
    """The hub that was read. `grants` counts grants in the roles that we know; `tenant` is None if not readable.

    `identity_after` is the identity after a plan that deletes the user behind `identity`, else None.
    """

    url: str
    users: int
    grants: int
    identity: str = ""
    tenant: Text | None = None
    identity_after: str | None = None


@dataclass(frozen=True, slots=True)
class ConfigFacts:
    """The files that were read. `commit` and `dirty` are None if git knows none."""

    users: int
    digest: str
    commit: Text | None = None
    dirty: bool | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A note for the reader, without effect on what is done."""

    rule: str
    severity: Severity
    message: Message
    email: Text | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of users, and of grant changes among users who stay or are created, by direction."""

    create: int
    update: int
    delete: int
    unchanged: int
    unmanaged: int
    unmanageable: int
    grants: Mapping[Direction, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done to one hub for one state of the files. `changes` are sorted by address."""

    hub: HubFacts
    config: ConfigFacts
    changes: tuple[Change, ...] = ()
    unchanged: int = 0
    unmanaged: tuple[UnmanagedUser, ...] = ()
    findings: tuple[Finding, ...] = ()
    guardrails: tuple[GuardrailResult, ...] = ()
    effects: Mapping[str, Effect] = field(default_factory=dict, hash=False)
    """By the folded address of each change whose grants change."""
    policies: tuple[PolicyResult, ...] = ()
    """Judged on the state after the plan, by id."""
    redacted_from: str | None = None
    """The digest of the plan of which this is a redacted copy, only for display; None for a plan itself."""
    unmanageable: tuple[UnmanageableUser, ...] = ()
    base: GuardComparison | None = None
    """The guards compared with those of a revision; None for a plan without one. Not in the digest."""
    left_out: int = 0
    """How many changes of the chosen users `--expired` leaves for a full apply."""

    @property
    def weakened(self) -> tuple[Weakened, ...]:
        """The guards that are weaker than at the base."""
        return self.base.weakened if self.base is not None else ()

    @property
    def refused(self) -> tuple[GuardrailResult, ...]:
        """The guardrails that block this plan. Without any, and without a `violated` policy, it may be applied."""
        return tuple(guardrail for guardrail in self.guardrails if guardrail.blocks)

    @property
    def skipped(self) -> tuple[GuardrailResult, ...]:
        """The guardrails whose users are left out of this plan."""
        return tuple(guardrail for guardrail in self.guardrails if guardrail.skipped)

    @property
    def violated(self) -> tuple[PolicyResult, ...]:
        """The policies that block this plan."""
        return tuple(result for result in self.policies if result.is_violated)

    @property
    def summary(self) -> Summary:
        users = Counter(action_of(change) for change in self.changes)
        grants = Counter(
            grant.direction for change in self.changes if not isinstance(change, DeleteUser) for grant in change.grants
        )
        return Summary(
            create=users["create"],
            update=users["update"],
            delete=users["delete"],
            unchanged=self.unchanged,
            unmanaged=len(self.unmanaged),
            unmanageable=len(self.unmanageable),
            grants={direction: grants[direction] for direction in Direction},
        )


def action_of(change: Change) -> Action:
    """`create`, `update` or `delete`: the word of the JSON."""
    match change:
        case CreateUser():
            return "create"
        case UpdateUser():
            return "update"
        case DeleteUser():
            return "delete"
