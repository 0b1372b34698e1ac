"""The guardrails that count: what each counts, of which population, where its limit lies, and what an override does."""

from dataclasses import replace
from typing import Final

import pytest

from bo_sync.core.changes import Cause, Change, UpdateUser
from bo_sync.core.diff import Diff
from bo_sync.core.guardrail_checks import GuardrailRow, Situation, by_expiry
from bo_sync.core.guardrails import Basis, GuardrailResult, check
from bo_sync.core.live import LiveIndex
from bo_sync.core.model import LiveUser
from bo_sync.core.settings import GuardrailLimits, Limit, Settings, fixed
from bo_sync.core.text import Message
from tests.support.builders import create, delete, duplicate, revoke, set_grant, update
from tests.support.users import SETTINGS, YESTERDAY, holds, indexed, row

Allowed = dict[str, int]


def situation(
    *changes: Change, live: LiveIndex, settings: Settings = SETTINGS, allowed: Allowed | None = None
) -> Situation:
    return Situation(Diff(changes), Diff(changes), live, settings, 1, None, allowed or {})


def result(guardrail: str, of: Situation) -> GuardrailResult:
    return next(found for found in check(of) if found.guardrail == guardrail)


def address(number: int) -> str:
    return f"p{number:03}@example.com"


def population(count: int) -> tuple[LiveUser, ...]:
    """Users who each hold one module and one platform area."""
    return tuple(
        holds(number, address(number), row("pricing", "owner"), row("backoffice", "owner"))
        for number in range(1, count + 1)
    )


P1: Final = "p001@example.com"
LOSS: Final = revoke("pricing", "owner")
LOWERED: Final = set_grant("pricing", "owner", "viewer", "r1")
AREA_OFF: Final = revoke("backoffice", "owner")


def _deletion(number: int) -> Change:
    return delete(address(number), user_id=number)


def _area_lost(number: int) -> Change:
    return update(address(number), AREA_OFF, user_id=number)


def _loss(number: int) -> Change:
    return update(address(number), LOSS, user_id=number)


def _expiry(number: int) -> Change:
    if number % 2:
        return delete(address(number), user_id=number, cause=Cause.UNTIL_PASSED)
    return update(address(number), replace(LOSS, expired=YESTERDAY), user_id=number)


COUNTED: Final = {
    "max_user_deletes": _deletion,
    "max_access_losses": _area_lost,
    "max_grant_losses": _loss,
    "max_expiries": _expiry,
}

LIMITED: dict[str, tuple[str, int, int, Allowed]] = {
    "deletions: the floor, with few users": ("max_user_deletes", 1, 4, {}),
    "deletions: the share": ("max_user_deletes", 2, 14, {}),
    "deletions: the whole part of the share": ("max_user_deletes", 1, 9, {}),
    "deletions: the cap, with many users": ("max_user_deletes", 10, 60, {}),
    "deletions: an override above the cap": ("max_user_deletes", 23, 60, {"max_user_deletes": 23}),
    "deletions: a stricter override": ("max_user_deletes", 0, 14, {"max_user_deletes": 0}),
    "deletions: an override of another guardrail": ("max_user_deletes", 2, 14, {"max_expiries": 99}),
    "access: the floor, with few users": ("max_access_losses", 1, 4, {}),
    "access: the share": ("max_access_losses", 2, 13, {}),
    "access: the cap, with many users": ("max_access_losses", 10, 60, {}),
    "access: an override above the cap": ("max_access_losses", 11, 60, {"max_access_losses": 11}),
    "access: an override of another guardrail": ("max_access_losses", 2, 13, {"max_user_deletes": 99}),
    "grants: the floor, with few grants": ("max_grant_losses", 11, 20, {}),
    "grants: the share of grants, not of users": ("max_grant_losses", 15, 30, {}),
    "grants: the whole part of the share": ("max_grant_losses", 14, 29, {}),
    "grants: the cap, with many grants": ("max_grant_losses", 200, 401, {}),
    "grants: an override": ("max_grant_losses", 16, 30, {"max_grant_losses": 16}),
    "grants: an override of another guardrail": ("max_grant_losses", 15, 30, {"max_access_losses": 99}),
    "expiries: the floor, with few users": ("max_expiries", 10, 40, {}),
    "expiries: the share": ("max_expiries", 12, 60, {}),
    "expiries: the cap, with many users": ("max_expiries", 200, 1001, {}),
    "expiries: an override": ("max_expiries", 30, 60, {"max_expiries": 30}),
    "expiries: an override of another guardrail": ("max_expiries", 12, 60, {"max_user_deletes": 99}),
}


@pytest.mark.parametrize(("guardrail", "limit", "users", "allowed"), LIMITED.values(), ids=LIMITED.keys())
def test_the_limit_is_just_allowed_and_one_more_is_not(
    guardrail: str, limit: int, users: int, allowed: Allowed
) -> None:
    live = indexed(*population(users))
    for counted in (limit, limit + 1):
        changes = [COUNTED[guardrail](number) for number in range(1, counted + 1)]
        found = result(guardrail, situation(*changes, live=live, allowed=allowed))
        assert (found.actual, found.limit, found.ok) == (counted, limit, counted <= limit)
        assert [row.email for row in found.rows] == [change.email for change in changes]
        named = allowed.get(guardrail)
        assert found.allowed_by == (None if named is None else f"--allow {guardrail}={named}")
        assert (found.basis is None) == (named is not None)


POPULATIONS: dict[str, tuple[str, int]] = {
    "deletions: every user": ("max_user_deletes", 4),
    "access: users with a platform area on": ("max_access_losses", 2),
    "grants: grants above none": ("max_grant_losses", 4),
    "expiries: every user": ("max_expiries", 4),
}


@pytest.mark.parametrize(("guardrail", "expected"), POPULATIONS.values(), ids=POPULATIONS.keys())
def test_each_limit_has_its_population(guardrail: str, expected: int) -> None:
    live = indexed(
        holds(1, "a@example.com", row("backoffice", "owner"), row("pricing", "viewer")),
        holds(2, "b@example.com", row("sales_hub", "viewer")),
        holds(3, "c@example.com", row("backoffice", "none"), row("pricing", "owner")),
        holds(4, "d@example.com"),
    )
    settings = getattr(SETTINGS.guardrails, guardrail)
    assert result(guardrail, situation(live=live)).basis == Basis(settings, expected)


def test_a_deletion_counts_as_what_caused_it() -> None:
    absent = delete(P1, cause=Cause.STATE_ABSENT)
    expired = delete("p002@example.com", cause=Cause.UNTIL_PASSED)
    unmanaged = delete("p003@example.com", cause=Cause.UNMANAGED)
    of = situation(absent, expired, unmanaged, live=indexed(*population(3)))
    assert result("max_user_deletes", of).rows == (
        GuardrailRow(absent.email, Message("would be deleted: state: absent"), absent.source),
        GuardrailRow(unmanaged.email, Message("would be deleted: no file (unmanaged: delete)"), unmanaged.source),
    )
    assert result("max_expiries", of).rows == (
        GuardrailRow(expired.email, Message("would be deleted: its `until` has passed"), expired.source),
    )


def test_what_is_lowered_or_revoked_counts_among_users_who_stay() -> None:
    everything = update(P1, LOWERED, revoke("api_keys", "editor"))
    gains = update("p002@example.com", set_grant("pricing", "viewer", "owner", "r1"))
    surplus = update("p003@example.com", duplicate("pricing", "owner", "owner"))
    leaver = delete("p004@example.com", ("pricing", "owner"))
    newcomer = create("new@example.com", set_grant("pricing", "none", "owner"))
    of = situation(everything, gains, surplus, leaver, newcomer, live=indexed(*population(4)))
    assert result("max_grant_losses", of).rows == (
        GuardrailRow(everything.email, Message("pricing owner → viewer"), everything.source),
        GuardrailRow(everything.email, Message("api_keys editor → none"), everything.source),
    )
    assert result("max_expiries", of).rows == ()


def test_an_expired_grant_counts_as_an_expiry_alone() -> None:
    change = update(
        P1, replace(LOSS, expired=YESTERDAY), replace(LOWERED, expired=YESTERDAY), revoke("api_keys", "editor")
    )
    of = situation(change, live=indexed(*population(1)))
    assert result("max_expiries", of).rows == (
        GuardrailRow(change.email, Message("pricing owner → none: its `until` has passed"), change.source),
        GuardrailRow(change.email, Message("pricing owner → viewer: its `until` has passed"), change.source),
    )
    assert result("max_grant_losses", of).rows == (
        GuardrailRow(change.email, Message("api_keys editor → none"), change.source),
    )


def test_an_expired_entry_that_took_access_is_not_an_expiry_when_access_comes_back() -> None:
    back = update(P1, replace(set_grant("pricing", "none", "owner"), expired=YESTERDAY))
    assert result("max_expiries", situation(back, live=indexed(*population(1)))).rows == ()


def test_an_expiry_is_not_why_a_surplus_row_goes() -> None:
    assert by_expiry(duplicate("pricing", "owner", "owner")) == ""


BOTH: Final = holds(1, P1, row("backoffice", "owner"), row("sales_hub", "owner"))
ONE: Final = holds(1, P1, row("backoffice", "owner"), row("sales_hub", "none"))
SALES_OFF: Final = revoke("sales_hub", "owner")
SALES_ON: Final = set_grant("sales_hub", "none", "owner")
EXPIRED_OFF: Final = replace(AREA_OFF, expired=YESTERDAY)
LAST: Final = "would lose the last platform area: "

ACCESS_LOSSES: dict[str, tuple[Change, LiveUser, str | None]] = {
    "the only area": (update(P1, AREA_OFF), ONE, f"{LAST}backoffice"),
    "both areas at once": (update(P1, SALES_OFF, AREA_OFF), BOTH, f"{LAST}sales_hub, backoffice"),
    "one of two areas": (update(P1, AREA_OFF), BOTH, None),
    "one area exchanged for the other": (update(P1, AREA_OFF, SALES_ON), ONE, None),
    "a module, and no area": (update(P1, LOSS), ONE, None),
    "a module of a user without an area": (update(P1, LOSS), holds(1, P1, row("pricing", "owner")), None),
    "a deletion": (delete(P1, ("backoffice", "owner")), ONE, None),
    "the only area, by a date": (update(P1, EXPIRED_OFF), ONE, None),
    "both areas, one of them by a date": (update(P1, EXPIRED_OFF, SALES_OFF), BOTH, f"{LAST}sales_hub"),
    "the file's spelling of the address": (
        replace(update("P001@Example.com", AREA_OFF), hub_email=ONE.email),
        ONE,
        f"{LAST}backoffice",
    ),
}


@pytest.mark.parametrize(("change", "user", "message"), ACCESS_LOSSES.values(), ids=ACCESS_LOSSES.keys())
def test_a_user_who_stays_and_loses_the_last_area_counts_once(
    change: Change, user: LiveUser, message: str | None
) -> None:
    rows = (GuardrailRow(change.email, Message(message), change.source),) if message else ()
    assert result("max_access_losses", situation(change, live=indexed(user))).rows == rows


def test_one_line_of_a_preset_cannot_take_the_backoffice_from_most_users() -> None:
    changes: list[UpdateUser] = [update(address(number), AREA_OFF, user_id=number) for number in range(1, 12)]
    found = result("max_access_losses", situation(*changes, live=indexed(*population(13))))
    assert (found.actual, found.limit, found.ok) == (11, 2, False)


def test_limits_come_from_the_settings() -> None:
    settings = Settings(guardrails=GuardrailLimits(fixed(0), fixed(0), fixed(0), fixed(0)))
    changes = (_deletion(1), _area_lost(2), _loss(3), _expiry(4))
    of = situation(*changes, live=indexed(*population(9)), settings=settings)
    # The hub has no owner, so its losses are blocked by that as well.
    assert [found.guardrail for found in check(of) if not found.ok] == ["min_role_owners", *COUNTED]
    assert all(found.basis == Basis(Limit(0, 0, 0), found.basis.population) for found in check(of) if found.basis)
