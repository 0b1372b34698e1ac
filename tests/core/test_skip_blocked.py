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
    files: tuple[DesiredUser, ...],
    live: LiveIndex,
    settings: Settings,
    allowed: dict[str, int] | None = None,
) -> Situation:
    whole = diff((*files, KEEPS) if live.at(KEEPS.email) else files, live, settings)
    return Situation(whole, whole, live, settings, len(files), allowed=allowed or {})


def left_of(of: Situation) -> tuple[Diff, tuple[GuardrailResult, ...]]:
    rest, results = without_blocked(of, check(of))
    return rest.difference, results


def temporary(count: int) -> tuple[LiveUser, ...]:
    return tuple(holds(100 + number, f"tmp{number}@example.net", first_name=f"T{number}") for number in range(count))


LEFT: dict[str, tuple[tuple[DesiredUser, ...], tuple[LiveUser, ...], Settings, tuple[str, ...], tuple[str, ...]]] = {
    "nothing is blocked": ((GOES,), (LEAVER,), Settings(), ("leaver@example.com",), ()),
    "a protected user is left out": (
        (GOES, absent("boss@example.com")),
        (LEAVER, BOSS),
        GUARDED,
        ("leaver@example.com",),
        ("protected",),
    ),
    "a creation of a protected address is left out": (
        (GOES, wants("boss@example.com")),
        (LEAVER,),
        GUARDED,
        ("leaver@example.com",),
        ("protected",),
    ),
    "a protected user whose account will expire is left out": (
        (GOES, replace(wants("boss@example.com"), until=date(2026, 12, 31))),
        (LEAVER, BOSS),
        GUARDED,
        ("leaver@example.com",),
        ("protected",),
    ),
    "a namesake is left out": ((GOES, JANE), (LEAVER, OLD), Settings(), ("leaver@example.com",), ("email_change",)),
    "a namesake is left out with whom it looks like": (
        (GOES, JANE),
        (LEAVER, OLD),
        DELETING,
        ("leaver@example.com",),
        ("email_change",),
    ),
    "an id that is another user's is left out": (
        (GOES, wants("jane@example.com", pin=3)),
        (LEAVER, OLD),
        Settings(),
        ("leaver@example.com",),
        ("email_change",),
    ),
    "an entry that protects no user keeps every user without a file": (
        (GOES, absent("old@example.com")),
        (LEAVER, OLD, *temporary(1)),
        replace(DELETING, protect=(Text("glass@example.com"),)),
        ("leaver@example.com", "old@example.com"),
        ("protected",),
    ),
    "too many deletions without a file are left out": (
        (GOES, absent("old@example.com")),
        (LEAVER, OLD, *temporary(3)),
        DELETING,
        ("leaver@example.com", "old@example.com"),
        ("max_user_deletes",),
    ),
    "deletions without a file within the limit run": (
        (GOES,),
        (LEAVER, *temporary(1)),
        DELETING,
        ("leaver@example.com", "tmp0@example.net"),
        (),
    ),
    "of an ambiguous address the revokes run": (
        (GOES, absent("twin@example.com", pin=5)),
        (LEAVER, holds(5, "Twin@example.com", row("pricing", "owner")), holds(6, "twin@example.com")),
        Settings(),
        ("leaver@example.com", "twin@example.com"),
        ("ambiguous_address",),
    ),
    "an owner whose loss leaves too few is left out": (
        (GOES, wants("ann@example.com")),
        (LEAVER, owner(60, "ann@example.com")),
        Settings(),
        ("leaver@example.com",),
        ("min_role_owners",),
    ),
    "every owner who would lose it is left out, by each kind of loss": (
        (
            GOES,
            wants("ann@example.com", grant("roles_permissions", "owner")),
            wants("ben@example.com", grant("backoffice", "owner"), grant("roles_permissions", "editor")),
            absent("cas@example.com"),
        ),
        (LEAVER, *(owner(60 + number, f"{name}@example.com") for number, name in enumerate(("ann", "ben", "cas")))),
        Settings(guardrails=GuardrailLimits(min_role_owners=3, max_user_deletes=fixed(9))),
        ("leaver@example.com",),
        ("min_role_owners",),
    ),
    "an owner without a file is left out": (
        (GOES,),
        (LEAVER, owner(60, "ann@example.com")),
        replace(DELETING, guardrails=GuardrailLimits(max_user_deletes=fixed(9))),
        ("leaver@example.com",),
        ("min_role_owners",),
    ),
    "owners who may go, go": (
        (GOES, wants("ann@example.com")),
        (LEAVER, owner(60, "ann@example.com")),
        Settings(guardrails=GuardrailLimits(min_role_owners=1)),
        ("ann@example.com", "leaver@example.com"),
        (),
    ),
    "both at once": (
        (GOES, JANE),
        (LEAVER, OLD, *temporary(3)),
        DELETING,
        ("leaver@example.com",),
        ("email_change", "max_user_deletes"),
    ),
}


@pytest.mark.parametrize(("files", "live", "settings", "runs", "skipped"), LEFT.values(), ids=LEFT.keys())
def test_blocked_users_are_left_out_and_the_rest_runs(
    files: tuple[DesiredUser, ...],
    live: tuple[LiveUser, ...],
    settings: Settings,
    *,
    runs: tuple[str, ...],
    skipped: tuple[str, ...],
) -> None:
    rest, results = left_of(situation(files, indexed(*live, KEEPER), settings))
    assert tuple(change.email.raw for change in rest.changes) == runs
    assert (rest.conflicts, rest.ending) == ((), ())
    assert tuple(result.guardrail for result in results if result.skipped) == skipped
    assert not any(result.blocks for result in results)
    assert all(result.rows and not result.ok for result in results if result.skipped)


def test_the_deletions_that_are_left_out_are_the_rows_and_all_are_counted() -> None:
    files = (absent("old@example.com"),)
    of = situation(files, indexed(OLD, *temporary(11), KEEPER), replace(DELETING, guardrails=GuardrailLimits()))
    _, results = left_of(of)
    (found,) = [result for result in results if not result.ok]
    assert (found.actual, found.limit, found.basis) == (12, 2, Basis(Limit(20, 1, 10), 13))
    assert {row.email for row in found.rows} == {user.email for user in temporary(11)}


def test_an_override_lets_deletions_without_a_file_run() -> None:
    rest, results = left_of(
        situation((), indexed(*temporary(11), KEEPER), DELETING, {"max_user_deletes": 11}),
    )
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
    live = indexed(owner(1, "ann@example.com"))
    files = (
        wants("ann@example.com"),
        wants("new@example.com", grant("backoffice", "owner"), grant("roles_permissions", "owner")),
    )
    _, results = left_of(situation(files, live, settings))
    assert [(result.guardrail, result.skipped) for result in results if not result.ok] == [
        ("protected", True),
        ("min_role_owners", True),
    ]


def test_where_no_user_counts_as_an_owner_only_what_gives_runs() -> None:
    makes = wants("ann@example.com", grant("backoffice", "owner"), grant("roles_permissions", "owner"))
    rest, results = left_of(situation((GOES, makes), indexed(LEAVER), Settings()))
    assert [change.email.raw for change in rest.changes] == ["ann@example.com"]
    assert [(result.guardrail, result.skipped) for result in results if not result.ok] == [("min_role_owners", True)]


@pytest.mark.parametrize(
    "desired", [wants("me@example.com"), absent("me@example.com")], ids=["who would be lowered", "who would be deleted"]
)
def test_the_user_whose_session_runs_is_left_out(desired: DesiredUser) -> None:
    of = situation((GOES, desired), indexed(LEAVER, owner(60, "me@example.com"), KEEPER), Settings())
    rest, results = left_of(replace(of, viewer=Text("Me@Example.com")))
    assert [change.email.raw for change in rest.changes] == ["leaver@example.com"]
    assert [(result.guardrail, result.skipped) for result in results if not result.ok] == [("self", True)]


def test_a_limit_of_the_run_that_is_exceeded_without_the_owners_blocks_it() -> None:
    settings = Settings(guardrails=GuardrailLimits(max_grant_losses=fixed(0)))
    of = situation((GOES, wants("ann@example.com")), indexed(LEAVER, owner(60, "ann@example.com"), KEEPER), settings)
    _, results = left_of(of)
    assert {result.guardrail: result.blocks for result in results if not result.ok} == {
        "min_role_owners": False,
        "max_grant_losses": True,
    }


def test_a_loss_of_a_blocked_user_does_not_count() -> None:
    settings = Settings(protect=(Text("boss@example.com"),), guardrails=GuardrailLimits(max_user_deletes=fixed(0)))
    rest, results = left_of(situation((absent("boss@example.com"),), indexed(BOSS, KEEPER), settings))
    assert rest.changes == ()
    assert [result.guardrail for result in results if not result.ok] == ["protected"]


def test_a_guardrail_is_of_a_user_or_has_a_number_or_is_of_the_whole_run() -> None:
    assert frozenset({"email_change", "removed_file", "ambiguous_address", "protected"}) == OF_USER
    assert not OF_USER & set(NUMERIC)


@pytest.mark.parametrize(
    ("ok", "skipped", "blocks"), [(True, False, False), (False, False, True), (False, True, False)]
)
def test_what_is_skipped_does_not_block(*, ok: bool, skipped: bool, blocks: bool) -> None:
    assert GuardrailResult("protected", 1, 0, ok, skipped=skipped).blocks is blocks
