"""Runs against hubs that misbehave: what a report calls applied is held by the hub, and owners do not run out unsaid.

Every option of `tests/support/misbehaving_hub.py` is driven, over the real client, with random files and users.
`BO_SYNC_COURSES=4000` runs each option that many times, divided by the number of options.
"""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Final

import pytest

from bo_sync.core.apply_report import Outcome, Report
from bo_sync.core.changes import Change, CreateUser, DeleteUser, RemoveDuplicate, UpdateUser
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.hub_url import SANDBOX, parse_address
from bo_sync.hub.transport import Transport
from bo_sync.sandbox.adapter import SandboxAdapter
from bo_sync.sandbox.interception import PassThrough
from bo_sync.sandbox.population import UserRecord
from tests.model.course import AT_ONCE, PASSED, Course
from tests.model.draws import PROTECTED, company
from tests.model.watch import owners
from tests.support.misbehaving_hub import NOTHING, OPTIONS, MisbehavingHub, Misbehaviour, OddUser
from tests.support.worlds import STRANGER

RUNS: Final = max(6, int(os.environ.get("BO_SYNC_COURSES", "0")) // len(OPTIONS))
NEVER_READ: Final = frozenset(
    {
        "the hub announces more users than any hub has",
        "the hub repeats one user on every page",
        "the key may not list the role definitions",
    }
)
"""Options under which no plan can be made."""


def drawn(option: str, number: int) -> Misbehaviour:
    """The option, about users whom the hub of that course has."""
    chance = Random(number)
    found, users = OPTIONS[option], company(Random(number)).population["users"]
    # Not the only owner: where no owner can be counted, everything is blocked.
    emails = {user["email"] for user in users}
    others = sorted(email for email in emails - {STRANGER, PROTECTED} if email.upper() not in emails)
    one, old = next(iter(others), PROTECTED), chance.randint(1001, 1000 + len(users))
    return replace(
        found,
        twins=tuple(one for _ in found.twins),
        odd=tuple(replace(odd, email=one) for odd in found.odd),
        answers_another=one if found.answers_another else None,
        answers_old_id=old if found.answers_old_id else None,
        refused_for=frozenset({one} if found.refused_for else ()),
        down_after=chance.randint(1, 6) if found.down_after else None,
        tenants=(),
    )


def truth(course: Course, odd: tuple[OddUser, ...]) -> CommerceHub:
    """The same hub without its misbehaviour, except for users whose profile cannot be read."""
    adapter = SandboxAdapter(MisbehavingHub(course.store, replace(NOTHING, odd=odd), keyless=True))
    return CommerceHub(Transport(parse_address(SANDBOX), adapters={SANDBOX: adapter}, pace=AT_ONCE))


@pytest.mark.parametrize("option", OPTIONS.keys())
def test_what_is_reported_as_applied_holds_and_too_few_owners_are_reported(
    option: str, record_property: Callable[[str, object], None]
) -> None:
    counts: Counter[str] = Counter()
    for number in range(RUNS):
        course = Course(Random(number), drawn(option, number), page_size=(100, 3)[number % 2])
        try:
            course.commit()
            _run(course, counts)
            counts["moved"] += len(course.hub.moved)
        finally:
            course.close()
    for what, times in sorted(counts.items()):
        record_property(f"counted: {option}: {what}", times)
    assert (counts["moved"] > 0) is (OPTIONS[option].moves > 0), counts
    assert (counts["reports"] == 0) is (option in NEVER_READ), counts
    assert option in NEVER_READ or counts["applied"] > 0 or "answered and not done" in option, counts


def _run(course: Course, counts: Counter[str]) -> None:
    before, users = owners(course.store), _users(course)
    course.watch.least = 0  # a hub that lies may lose owners under way; what is reported afterwards is judged below
    report = course.run(PassThrough(), limit=PASSED)
    counts["runs"] += 1
    if report is None:
        return
    counts["reports"] += 1
    counts.update(one.outcome.value for one in report.outcomes)
    known = {one.email.folded for one in report.outcomes} | {email.lower() for email in course.hub.moved}
    assert {email: user for email, user in _users(course).items() if email.lower() not in known} == {
        email: user for email, user in users.items() if email.lower() not in known
    }
    _check_applied(course, report)
    after = owners(course.store)
    if after != before and not after:
        assert report.owners is not None or not report.complete, (before, after, report)
        counts["owners gone, and reported"] += 1


def _users(course: Course) -> dict[str, UserRecord]:
    return {user["email"]: user for user in course.store.snapshot()["users"]}


def _check_applied(course: Course, report: Report) -> None:
    """No user whose changes are reported as applied has a change left, as the hub really is.

    With a warning of a later change, what is left is of a third value: never of the value from before the run.
    """
    kept = course.hub.misbehaviour.odd
    course.hub.misbehaviour = replace(NOTHING, odd=kept)
    left = {change.email.folded: change for change in course.plan(truth(course, kept), PASSED).plan.changes}
    moved = {email.lower() for email in course.hub.moved}
    before = {change.email.folded: _replaced(change) for change in course.planned}
    for one in report.outcomes:
        email = one.email.folded
        if one.outcome is Outcome.APPLIED and email in left and email not in moved:
            assert one.error is not None, (left[email], report)
            assert not before[email] & _replaced(left[email]), (left[email], report)


def _replaced(change: Change) -> set[tuple[str, object]]:
    """What a change would replace: the values that the hub holds before it."""
    match change:
        case CreateUser():
            return {("user", None), *((grant.role, grant.before) for grant in change.grants)}
        case DeleteUser():
            return {("user", change.id)}
        case UpdateUser():
            surplus = {grant.row_id for grant in change.grants if isinstance(grant, RemoveDuplicate)}
            grants = {(grant.role, grant.before) for grant in change.grants if not isinstance(grant, RemoveDuplicate)}
            return grants | {(edit.field, edit.before) for edit in change.profile} | {("row", row) for row in surplus}


def test_every_option_but_the_unreadable_converges_once_the_hub_behaves() -> None:
    for option in OPTIONS:
        course = Course(Random(7), drawn(option, 7))
        try:
            course.commit()
            course.watch.least = 0
            course.run(PassThrough(), limit=PASSED)
            course.hub.misbehaviour = NOTHING
            course.settle()
        finally:
            course.close()
