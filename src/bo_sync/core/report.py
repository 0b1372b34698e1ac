"""What an apply did, as a value: outcomes by person, never intentions."""

from dataclasses import dataclass
from enum import StrEnum

from bo_sync.core.plan import Action
from bo_sync.core.text import Text


class Outcome(StrEnum):
    """What became of one person's changes. FAILED may be partly done; UNKNOWN could not even be read afterwards."""

    APPLIED = "applied"
    FAILED = "failed"
    NOT_ATTEMPTED = "not_attempted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PersonOutcome:
    """`error` says what went wrong, or why nothing was sent."""

    email: Text
    action: Action
    outcome: Outcome
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What an apply did. `run` is empty when nothing was begun; `digest` is that of the plan.

    `not_run` says why nothing was begun, `moved` how the plan made now differs from the one that was saved, or shown,
    in sentences that are harmless already; both are empty where they do not apply.
    """

    run: str
    digest: str
    outcomes: tuple[PersonOutcome, ...]
    not_run: str = ""
    moved: tuple[str, ...] = ()

    def count(self, outcome: Outcome) -> int:
        return sum(person.outcome is outcome for person in self.outcomes)

    @property
    def complete(self) -> bool:
        return self.count(Outcome.APPLIED) == len(self.outcomes)
