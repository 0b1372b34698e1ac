"""The outcome of an apply, one per user. It states what is known, never what was intended."""

from dataclasses import dataclass
from enum import StrEnum

from bo_sync.core.plan import Action
from bo_sync.core.text import NO_WORDS, Message, Text


class Outcome(StrEnum):
    """What happened to one user's changes.

    APPLIED is what the hub holds, as read afterwards. FAILED may be partly done. UNKNOWN could not be read. UNCONFIRMED
    was answered with success, but the hub shows another value. REVERSED is an ownership given back.
    """

    APPLIED = "applied"
    FAILED = "failed"
    NOT_ATTEMPTED = "not_attempted"
    UNKNOWN = "unknown"
    UNCONFIRMED = "unconfirmed"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class UserOutcome:
    """`error` is what went wrong, or why nothing was sent; for an applied change, a warning."""

    email: Text
    action: Action
    outcome: Outcome
    error: Message | None = None


class InvitationOutcome(StrEnum):
    """What happened to a mail to a new user. UNKNOWN: requested, without a sound answer; never requested again."""

    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"


@dataclass(frozen=True, slots=True)
class InvitedUser:
    """`error` is what went wrong, or why nothing was sent."""

    email: Text
    outcome: InvitationOutcome
    error: Message | None = None


@dataclass(frozen=True, slots=True)
class OwnersLeft:
    """Too few owners after a run: how many are left, how many are required, and the command that makes one."""

    left: int
    least: int
    command: Message

    def __str__(self) -> str:
        return f"owners left: {self.left}, and at least {self.least} must own Roles & permissions with Backoffice on"


@dataclass(frozen=True, slots=True)
class Report:
    """What an apply did. `run` is empty when nothing was started; `digest` is that of the plan.

    `not_run` is why nothing was started. `moved` is how the plan made now differs from the saved or shown one, in
    sentences that are safe to print. Both are empty where they do not apply. `owners` is None unless too few are left.
    `invitations` are those of the users created by the run, if it was to invite them.
    """

    run: str
    digest: str
    outcomes: tuple[UserOutcome, ...]
    not_run: Message = NO_WORDS
    moved: tuple[Message, ...] = ()
    owners: OwnersLeft | None = None
    invitations: tuple[InvitedUser, ...] = ()

    def count(self, outcome: Outcome) -> int:
        return sum(user.outcome is outcome for user in self.outcomes)

    @property
    def complete(self) -> bool:
        is_invited = all(user.outcome is InvitationOutcome.SENT for user in self.invitations)
        return self.owners is None and is_invited and self.count(Outcome.APPLIED) == len(self.outcomes)

    @property
    def created(self) -> tuple[Text, ...]:
        """The users who were created by this run and whose grants hold."""
        return tuple(
            user.email for user in self.outcomes if user.action == "create" and user.outcome is Outcome.APPLIED
        )
