"""What a plan holds without the users that a guardrail blocks, and what its guardrails say then."""

from dataclasses import replace
from datetime import date

import pytest

from bo_sync.core.diff import Diff, diff
from bo_sync.core.guardrail_checks import Situation
from bo_sync.core.guardrails import NUMERIC, OF_USER, Basis, GuardrailResult, check
from bo_sync.core.live import LiveIndex
from bo_sync.core.model import DesiredUser, LiveUser
from bo_sync.core.selection import without_blocked
from bo_sync.core.settings import GuardrailLimits, Limit, Settings, Unmanaged, fixed
from bo_sync.core.text import Text
from tests.support.cases import cases
from tests.support.users import absent, grant, holds, indexed, owner, row, wants

BOSS = holds(1, "boss@example.com", row("pricing", "owner"))
LEAVER = holds(2, "leaver@example.com", row("pricing", "owner"))
OLD = holds(3, "old@example.com", first_name="Jane", last_name="Doe")
JANE = wants("jane@example.com", first_name="Jane", last_name="Doe")
GOES = wants("leaver@example.com")
DELETING = Settings(unmanaged=Unmanaged.DELETE)
KEEPER = owner(50, "keeper@example.com")
"""Without an owner in the hub nothing may be taken."""
KEEPS = wants("keeper@example.com", grant("backoffice", "owner"), grant("roles_permissions", "owner"))
GUARDED = Settings(protect=(Text("boss@example.com"),))


def situation(
    files: tuple[DesiredUser, ...], live: LiveIndex, settings: Settings, allowed: dict[str, int] | None = None
) -> Situation:
    whole = diff((*files, KEEPS) if live.at(KEEPS.email) else files, live, settings)
    return Situation(whole, whole, live, settings, len(files), allowed=allowed or {})


def left_of(of: Situation) -> tuple[Diff, tuple[GuardrailResult, ...]]:
    rest, results = without_blocked(of, check(of))
    return rest.difference, results


def temporary(count: int) -> tuple[LiveUser, ...]:
    return tuple(holds(100 + number, f"tmp{number}@example.net", first_name=f"T{number}") for number in range(count))


FILES: dict[str, DesiredUser] = {
    "JANE": JANE,
    **{f"{name} absent": absent(f"{name}@example.com") for name in ("boss", "old", "cas")},
    "boss": wants("boss@example.com"),
    "boss until a day to come": replace(wants("boss@example.com"), until=date(2026, 12, 31)),
    "jane with the id of old": wants("jane@example.com", pin=3),
    "twin absent": absent("twin@example.com", pin=5),
    "ann": wants("ann@example.com"),
    "ann without backoffice": wants("ann@example.com", grant("roles_permissions", "owner")),
    "ben as editor": wants("ben@example.com", grant("backoffice", "owner"), grant("roles_permissions", "editor")),
}
HUB: dict[str, tuple[LiveUser, ...]] = {
    "LEAVER": (LEAVER,),
    "BOSS": (BOSS,),
    "OLD": (OLD,),
    **{f"{count} temporary": temporary(count) for count in (1, 3)},
    **{f"{name} as owner": (owner(60 + at, f"{name}@example.com"),) for at, name in enumerate(("ann", "ben", "cas"))},
    "twins": (holds(5, "Twin@example.com", row("pricing", "owner")), holds(6, "twin@example.com")),
}
NINE = fixed(9)
SETTINGS = {
    "usual": Settings(),
    "GUARDED": GUARDED,
    "DELETING": DELETING,
    "DELETING with protection of nobody": replace(DELETING, protect=(Text("glass@example.com"),)),
    "DELETING up to nine": replace(DELETING, guardrails=GuardrailLimits(max_user_deletes=NINE)),
    "three owners, nine deletions": Settings(guardrails=GuardrailLimits(min_role_owners=3, max_user_deletes=NINE)),
    "one owner": Settings(guardrails=GuardrailLimits(min_role_owners=1)),
}

# The files beside GOES, the users of the hub beside LEAVER and the keeper, the settings, whose changes run, and which
# guardrails leave users out.
LEFT = """
nothing is blocked
    - | - | usual | leaver | -
a protected user is left out
    boss absent | BOSS | GUARDED | leaver | protected
a creation of a protected address is left out
    boss | - | GUARDED | leaver | protected
a protected user whose account will expire is left out
    boss until a day to come | BOSS | GUARDED | leaver | protected
a namesake is left out
    JANE | OLD | usual | leaver | email_change
a namesake is left out with whom it looks like
    JANE | OLD | DELETING | leaver | email_change
an id that is another user's is left out
    jane with the id of old | OLD | usual | leaver | email_change
an entry that protects no user keeps every user without a file
    old absent | OLD; 1 temporary | DELETING with protection of nobody | leaver old | protected
too many deletions without a file are left out
    old absent | OLD; 3 temporary | DELETING | leaver old | max_user_deletes
deletions without a file within the limit run
    - | 1 temporary | DELETING | leaver tmp0 | -
of an ambiguous address the revokes run
    twin absent | twins | usual | leaver twin | ambiguous_address
an owner whose loss leaves too few is left out
    ann | ann as owner | usual | leaver | min_role_owners
every owner who would lose it is left out, by each kind of loss
    ann without backoffice; ben as editor; cas absent | ann as owner; ben as owner; cas as owner
        | three owners, nine deletions | leaver | min_role_owners
an owner without a file is left out
    - | ann as owner | DELETING up to nine | leaver | min_role_owners
owners who may go, go
    ann | ann as owner | one owner | ann leaver | -
both at once
    JANE | OLD; 3 temporary | DELETING | leaver | email_change max_user_deletes
"""


@pytest.mark.parametrize("case", cases(LEFT))
def test_blocked_users_are_left_out_and_the_rest_runs(case: str) -> None:
    files, live, settings, runs, skipped = (
        [] if part == "-" else part.split("; ") for part in " ".join(case.split()).split(" | ")
    )
    hub = indexed(LEAVER, *(user for name in live for user in HUB[name]), KEEPER)
    of = situation((GOES, *(FILES[name] for name in files)), hub, SETTINGS[settings[0]])
    rest, results = left_of(of)
    assert " ".join(change.email.raw.partition("@")[0] for change in rest.changes) == " ".join(runs)
    assert (rest.conflicts, rest.ending) == ((), ())
    assert " ".join(result.guardrail for result in results if result.skipped) == " ".join(skipped)
    assert not any(result.blocks for result in results)
    assert all(result.rows and not result.ok for result in results if result.skipped)


def refusals(results: tuple[GuardrailResult, ...]) -> list[tuple[str, bool]]:
    return [(result.guardrail, result.skipped) for result in results if not result.ok]


def test_the_deletions_that_are_left_out_are_the_rows_and_all_are_counted() -> None:
    files = (absent("old@example.com"),)
    of = situation(files, indexed(OLD, *temporary(11), KEEPER), replace(DELETING, guardrails=GuardrailLimits()))
    _, results = left_of(of)
    (found,) = [result for result in results if not result.ok]
    assert (found.actual, found.limit, found.basis) == (12, 2, Basis(Limit(20, 1, 10), 13))
    assert {row.email for row in found.rows} == {user.email for user in temporary(11)}


def test_an_override_lets_deletions_without_a_file_run() -> None:
    rest, results = left_of(situation((), indexed(*temporary(11), KEEPER), DELETING, {"max_user_deletes": 11}))
    assert (len(rest.changes), [result.guardrail for result in results if not result.ok]) == (11, ["empty"])


def test_too_many_deletions_by_files_block_the_run_and_leave_nothing_out() -> None:
    files = tuple(absent(user.email.raw) for user in temporary(3))
    of = situation(files, indexed(*temporary(3), OLD, KEEPER), DELETING)
    rest, results = left_of(of)
    assert len(rest.changes) == 4
    (found,) = [result for result in results if not result.ok]
    assert (found.guardrail, found.skipped, found.blocks, len(found.rows)) == ("max_user_deletes", False, True, 4)


def test_guardrails_of_the_run_count_what_is_left() -> None:
    """The new owner is blocked, so that the old one may not go."""
    settings = Settings(protect=(Text("new@example.com"),), guardrails=GuardrailLimits(min_role_owners=1))
    files = wants("ann@example.com"), wants("new@example.com", *KEEPS.grants)
    _, results = left_of(situation(files, indexed(owner(1, "ann@example.com")), settings))
    assert refusals(results) == [("protected", True), ("min_role_owners", True)]


def test_where_no_user_counts_as_an_owner_only_what_gives_runs() -> None:
    rest, results = left_of(situation((GOES, wants("ann@example.com", *KEEPS.grants)), indexed(LEAVER), Settings()))
    assert [change.email.raw for change in rest.changes] == ["ann@example.com"]
    assert refusals(results) == [("min_role_owners", True)]


@pytest.mark.parametrize("desired", [wants("me@example.com"), absent("me@example.com")], ids=["lowered", "deleted"])
def test_the_user_whose_session_runs_is_left_out(desired: DesiredUser) -> None:
    of = situation((GOES, desired), indexed(LEAVER, owner(60, "me@example.com"), KEEPER), Settings())
    rest, results = left_of(replace(of, viewer=Text("Me@Example.com")))
    assert [change.email.raw for change in rest.changes] == ["leaver@example.com"]
    assert refusals(results) == [("self", True)]


def test_a_limit_of_the_run_that_is_exceeded_without_the_owners_blocks_it() -> None:
    settings = Settings(guardrails=GuardrailLimits(max_grant_losses=fixed(0)))
    of = situation((GOES, wants("ann@example.com")), indexed(LEAVER, owner(60, "ann@example.com"), KEEPER), settings)
    _, results = left_of(of)
    assert [(result.guardrail, result.blocks) for result in results if not result.ok] == [
        *(("min_role_owners", False), ("max_grant_losses", True))
    ]


def test_a_loss_of_a_blocked_user_does_not_count() -> None:
    settings = replace(GUARDED, guardrails=GuardrailLimits(max_user_deletes=fixed(0)))
    rest, results = left_of(situation((absent("boss@example.com"),), indexed(BOSS, KEEPER), settings))
    assert (rest.changes, refusals(results)) == ((), [("protected", True)])


def test_a_guardrail_is_of_a_user_or_has_a_number_or_is_of_the_whole_run() -> None:
    assert frozenset({"email_change", "removed_file", "ambiguous_address", "protected"}) == OF_USER
    assert not OF_USER & set(NUMERIC)


@pytest.mark.parametrize(("ok", "skipped"), [(True, False), (False, False), (False, True)])
def test_what_is_skipped_does_not_block(*, ok: bool, skipped: bool) -> None:
    assert GuardrailResult("protected", 1, 0, ok, skipped=skipped).blocks is not (ok or skipped)
