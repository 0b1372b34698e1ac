"""Policies: what a company does not allow in any change; and the result of judging one.

A guardrail prevents accidents of a single plan. A policy limits the state: which users may hold what, and how many.
What its words mean for a user (operations, menu items) is in `access/policies.py`.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date

from bo_sync.core.model import Access, Role, Severity, Source
from bo_sync.core.text import Message, Text, is_id_name


@dataclass(frozen=True, slots=True)
class Has:
    """All of these grants, each at its level or more; in the order of roles."""

    grants: tuple[tuple[Role, Access], ...]


@dataclass(frozen=True, slots=True)
class Can:
    """Any of these operations, by the grants alone; sorted by name."""

    operations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opens:
    """This item of the menu opens."""

    item: str


Clause = Has | Can | Opens


@dataclass(frozen=True, slots=True)
class Match:
    """The users of a policy: those who meet all of `clauses` (`is_all`), or any of them."""

    clauses: tuple[Clause, ...]
    is_all: bool


@dataclass(frozen=True, slots=True)
class Exemption:
    """A user that a policy does not count; `until` is the last day of the exemption."""

    email: Text
    reason: Text
    until: date
    source: Source = field(compare=False)


@dataclass(frozen=True, slots=True)
class Policy:
    """`id` is made of `[a-z0-9-]`, so it is safe to print. At least one of `at_most` and `at_least` is given: they
    count the users who match and are not exempted."""

    id: str
    title: Text
    match: Match
    source: Source = field(compare=False)
    severity: Severity = Severity.ERROR
    why: Text | None = None
    at_most: int | None = 0
    at_least: int | None = None
    exemptions: tuple[Exemption, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One user, the message about them, and its place. `is_new`: matches after the plan and not today."""

    email: Text
    message: Message
    source: Source | None = None
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """One policy judged. `rows` are the users who count, `actual` their number, `excepted` those who match and are
    exempted, `notes` the messages about exemptions that expired, or whose user does not match.

    `has_expired`: a user with an expired exemption counts, which fails whatever the limit. `is_tolerated`: it fails,
    but also fails today, and the plan does not make it worse.
    """

    policy: Policy
    rows: tuple[PolicyRow, ...] = ()
    excepted: tuple[PolicyRow, ...] = ()
    notes: tuple[PolicyRow, ...] = ()
    is_tolerated: bool = False
    has_expired: bool = False

    @property
    def actual(self) -> int:
        return len(self.rows)

    @property
    def is_too_many(self) -> bool:
        return self.policy.at_most is not None and self.actual > self.policy.at_most

    @property
    def nameless(self) -> int:
        """How many of them have no usable address: it is not known whether they can sign in."""
        return sum(is_id_name(row.email) for row in self.rows)

    @property
    def is_too_few(self) -> bool:
        """Whether fewer users with an address match than are required."""
        return self.policy.at_least is not None and self.actual - self.nameless < self.policy.at_least

    @property
    def ok(self) -> bool:
        return not (self.is_too_many or self.is_too_few or self.has_expired)

    @property
    def is_violated(self) -> bool:
        """Whether it blocks: it fails, is of severity error, and is not tolerated."""
        return not self.ok and self.policy.severity is Severity.ERROR and not self.is_tolerated


def weighed(today: PolicyResult, then: PolicyResult, *, only_takes: bool, raised: Collection[str] = ()) -> PolicyResult:
    """The result after a plan, `then`, compared with the one before: which users are new, and whether it is tolerated.

    A failing policy is tolerated if it has no new violators and the plan either only takes access (`only_takes`), or
    leaves fewer violators and gives none of those who remain any access (`raised` are the folded addresses of users who
    get some). Violators of a policy with a minimum are the missing users.
    """
    known = {row.email.folded for row in today.rows}
    rows = tuple(
        PolicyRow(row.email, row.message, row.source, is_new=row.email.folded not in known) for row in then.rows
    )
    if then.is_too_few:
        is_worse, is_better = then.actual < today.actual, then.actual > today.actual
    else:
        is_worse = any(row.is_new or row.email.folded in raised for row in rows)
        is_better = then.actual < today.actual
    is_tolerated = not then.ok and not is_worse and (is_better or only_takes)
    return replace(then, rows=rows, is_tolerated=is_tolerated)
