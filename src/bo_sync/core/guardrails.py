"""Guardrails: what a plan may not do. `GUARDRAILS` declares each once, in the order in which they are shown.

apply makes its plan again, so it checks them again before the first write.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from bo_sync.core import guardrail_checks as checks
from bo_sync.core.guardrail_checks import NO_DEFINITION, NO_OWNER, GuardrailRow, Remaining, Situation
from bo_sync.core.live import LiveIndex
from bo_sync.core.settings import Limit


@dataclass(frozen=True, slots=True)
class Basis:
    """What a limit was computed from: `limit` of the settings, for `population`."""

    limit: Limit
    population: int


@dataclass(frozen=True, slots=True)
class GuardrailResult:
    """`actual` against `limit`, in the unit of the guardrail. `allowed_by` is the override that set the limit, as
    given. `basis` is what the limit was computed from, if no override set it. `skipped`: not ok, but the plan leaves
    out the users of its rows, so the rest may run. `way` is what to do if no option overrides it: files compared with a
    base, without a plan."""

    guardrail: str
    actual: int
    limit: int
    ok: bool
    allowed_by: str | None = None
    rows: tuple[GuardrailRow, ...] = ()
    basis: Basis | None = None
    skipped: bool = False
    way: str = ""

    @property
    def of(self) -> Literal["user", "run"]:
        """Whether its rows are about single users, who can be left out while the rest runs."""
        return BY_NAME[self.guardrail].of

    @property
    def blocks(self) -> bool:
        """Whether the plan cannot be applied because of this guardrail."""
        return not self.ok and not self.skipped


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A guardrail: what it counts (`unit`, for one and for more), the function that finds it, and what to do.

    Any row of `check` blocks the plan. With `population`, as many rows as a share of it pass: the limit of this name in
    the settings. `remaining` counts what must not become too few. Without any of these, only files compared with a base
    are checked. A number overrides a guardrail that has no `instead`. `of`: whether rows are about single users, who
    can be left out while the rest runs.
    """

    name: str
    unit: tuple[str, str]
    check: Callable[[Situation], Iterable[GuardrailRow]] | None = None
    instead: str = ""
    of: Literal["user", "run"] = "run"
    population: Callable[[LiveIndex], int] | None = None
    remaining: Callable[[Situation], Remaining] | None = None

    @property
    def is_numeric(self) -> bool:
        """Whether a number on the command line can override it, for one run."""
        return not self.instead

    @property
    def is_minimum(self) -> bool:
        return self.remaining is not None

    @property
    def fixed_limit(self) -> int | None:
        """The limit that neither settings nor an override change; None for another guardrail."""
        return None if self.is_numeric else int(self.is_minimum)


GUARDRAILS: Final = (
    Guardrail(
        "empty",
        ("person in the files", "people in the files"),
        remaining=lambda situation: Remaining(situation.users, 1),
        instead="add at least one file to users/; to remove people, give their files `state: absent`",
    ),
    Guardrail(
        "email_change",
        ("uncertain identity", "uncertain identities"),
        checks.uncertain_identities,
        "nothing passes this guardrail; each row says what to do",
        of="user",
    ),
    Guardrail(
        "removed_file",
        ("person without a file since the base", "people without a file since the base"),
        instead="nothing passes this guardrail: keep the file with `state: absent`, or set `unmanaged: delete`",
        of="user",
    ),
    Guardrail(
        "ambiguous_address",
        ("ambiguous address", "ambiguous addresses"),
        checks.ambiguous_addresses,
        "add `id` to the file, or delete the other user in the backoffice; each row says which",
        of="user",
    ),
    Guardrail(
        "protected",
        ("protected person changed", "protected people changed"),
        checks.protected_changes,
        "nothing passes this guardrail: correct the file, or the entry of `protect` in bo-sync.yaml, in a reviewed "
        "change",
        of="user",
    ),
    Guardrail(
        "self",
        ("loss of whoever runs this", "losses of whoever runs this"),
        checks.losses_of_viewer,
        "nothing passes this guardrail: let somebody else, or an API key, run it",
    ),
    Guardrail(
        "min_role_owners",
        ("owner of Roles & permissions left", "owners of Roles & permissions left"),
        remaining=checks.remaining_owners,
    ),
    Guardrail("max_user_deletes", ("deletion", "deletions"), checks.deletions, population=lambda live: len(live.users)),
    Guardrail(
        "max_access_losses",
        ("user without any platform area left", "users without any platform area left"),
        checks.access_losses,
        population=lambda live: sum(map(checks.has_area, live.held.values())),
    ),
    Guardrail(
        "max_grant_losses",
        ("grant lowered or revoked", "grants lowered or revoked"),
        checks.grant_losses,
        population=lambda live: live.grant_count,
    ),
    Guardrail(
        "max_expiries",
        ("expired account or grant", "expired accounts and grants"),
        checks.expiries,
        population=lambda live: len(live.users),
    ),
)
BY_NAME: Final[Mapping[str, Guardrail]] = {guardrail.name: guardrail for guardrail in GUARDRAILS}
NAMES: Final = tuple(BY_NAME)
NUMERIC: Final = tuple(guardrail.name for guardrail in GUARDRAILS if guardrail.is_numeric)
OF_USER: Final = frozenset(guardrail.name for guardrail in GUARDRAILS if guardrail.of == "user")


def check(situation: Situation) -> tuple[GuardrailResult, ...]:
    """The result of every guardrail of a plan, passed ones included, in the order of `GUARDRAILS`."""
    return tuple(_results(situation))


def _results(situation: Situation) -> Iterator[GuardrailResult]:
    for guardrail in GUARDRAILS:
        if guardrail.remaining is not None:
            yield _at_least(guardrail, situation, guardrail.remaining(situation))
        elif guardrail.check is not None:
            yield _at_most(guardrail, situation, tuple(guardrail.check(situation)))


def _at_least(guardrail: Guardrail, situation: Situation, found: Remaining) -> GuardrailResult:
    """Against the settings' limit or the override's number, at least 1 in any case. An override may be stricter."""
    name, named = guardrail.name, situation.allowed.get(guardrail.name)
    usual = guardrail.fixed_limit or situation.settings.guardrails.of(name).floor
    limit, allowed_by = (usual, None) if named is None else (max(named, 1), f"--allow {name}={named}")
    return GuardrailResult(name, found.actual, limit, found.actual >= min(limit, found.enough), allowed_by, found.rows)


def _at_most(guardrail: Guardrail, situation: Situation, rows: tuple[GuardrailRow, ...]) -> GuardrailResult:
    """Each row counts as one, against the settings' limit for the population, or the override's number."""
    name, named = guardrail.name, situation.allowed.get(guardrail.name)
    if guardrail.population is None:
        return none_allowed(name, rows)
    if named is not None:
        return GuardrailResult(name, len(rows), named, len(rows) <= named, f"--allow {name}={named}", rows)
    return at_most(name, rows, Basis(situation.settings.guardrails.of(name), guardrail.population(situation.live)))


def at_most(name: str, rows: tuple[GuardrailRow, ...], basis: Basis, way: str = "") -> GuardrailResult:
    """The result of a guardrail that more rows than the limit of the settings block."""
    limit = basis.limit.of(basis.population)
    return GuardrailResult(name, len(rows), limit, len(rows) <= limit, rows=rows, basis=basis, way=way)


def none_allowed(name: str, rows: tuple[GuardrailRow, ...]) -> GuardrailResult:
    """The result of a guardrail that any row blocks."""
    return GuardrailResult(name, len(rows), 0, not rows, rows=rows)


_UNKNOWN_OWNERS: Final = {
    NO_DEFINITION: "restore the role definition named role in the hub",
    NO_OWNER: "check `role_definitions` and the API key, or first apply a plan that only makes a user an owner",
}
"""What to do if no owner is counted, by the message of the rows."""


def way_past(result: GuardrailResult) -> str:
    """The exact override of a guardrail that fails."""
    if instead := result.way or BY_NAME[result.guardrail].instead:
        return instead
    if result.guardrail == "min_role_owners" and not result.actual:
        usual = "one owner always remains, so make somebody else an owner first"
        known = (_UNKNOWN_OWNERS[row.message] for row in result.rows if row.message in _UNKNOWN_OWNERS)
        return f"nothing passes this guardrail here: {next(known, usual)}"
    return f"if this is meant, pass --allow {result.guardrail}={result.actual}"
