"""What is gravest is cut last: for plans and files of many sizes, in every form that has a size limit."""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bo_sync.access.access_diff import GrantDifference, UserDifference
from bo_sync.access.provenance import Provenance
from bo_sync.core.apply_report import Outcome, Report, UserOutcome
from bo_sync.core.changes import Change, Shift
from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.model import ACCESS_WORDS, Problem, Role, Severity
from bo_sync.core.plan import Finding, Plan
from bo_sync.core.text import Message, Text
from bo_sync.core.weakened_guards import GuardComparison, Weakened
from bo_sync.render.access_diff import AccessDiff, difference_markdown
from bo_sync.render.github import MOST, files_github, plan_github, report_github
from bo_sync.render.markdown_blocks import COMMENT_LIMIT, SUMMARY_LIMIT
from bo_sync.render.markdown_files import Validated, files_markdown
from bo_sync.render.markdown_plan import plan_markdown
from bo_sync.render.markdown_report import report_markdown
from bo_sync.render.notices import Checked, files_notices, kept, plan_notices
from bo_sync.render.sections import Gravity, attention
from tests.render.cases import guardrail_row, judged
from tests.support.builders import create, delete, plan, revoke, set_grant, source, unmanaged, update
from tests.support.reader import as_github_shows

OWNER: Final = "zoe.owner@example.com"
KEYS: Final = "yan.keys@example.com"
LOGIN: Final = "xia.login@example.com"
LEAVER: Final = "wim.leaver@example.com"
LOSER: Final = "vic.loser@example.com"
GRAVEST: Final = (OWNER, KEYS, LOGIN, LEAVER, LOSER)
"""One user for each kind of change that a reviewer must see; by address they are the last."""
GRAVE: Final[tuple[Change, ...]] = (
    update(OWNER, set_grant("roles_permissions", "none", "owner")),
    update(KEYS, set_grant("api_keys", "none", "owner")),
    create(LOGIN, set_grant("user_management", "none", "owner"), set_grant("configuration", "none", "owner")),
    delete(LEAVER, ("pricing", "owner")),
    update(LOSER, revoke("roles_permissions", "owner")),
)
LONG: Final = "it ends soon, and what stands here is long: " + "many words " * 12


@dataclass(frozen=True, slots=True)
class Size:
    """How many of each kind there are beside the gravest: warnings, gains, profiles, unmanaged, blocked, deleted."""

    warnings: int = 0
    gains: int = 0
    unmanaged: int = 0
    blocked: int = 0
    deleted: int = 0


def email(kind: str, number: int) -> str:
    return f"a.{kind}{number:04}@example.com"


def crowd(size: Size) -> Plan:
    """A plan with the gravest changes among very many others."""
    gains = (update(email("gain", number), set_grant("pricing", "none", "owner")) for number in range(size.gains))
    gone = (delete(email("gone", number), ("pricing", "viewer")) for number in range(size.deleted))
    changes = sorted((*gains, *gone, *GRAVE), key=lambda change: change.email.folded)
    rows = tuple(guardrail_row(email("row", number), LONG, source()) for number in range(size.blocked))
    last = (guardrail_row("zed.blocked@example.com", "would be deleted", source()),)
    guardrails = (
        GuardrailResult("max_user_deletes", len(rows), 2, ok=not rows, rows=rows),
        GuardrailResult("self", 1, 0, ok=not rows, rows=last),
    )
    found = tuple(
        Finding("BOS003", Severity.WARNING, Message(LONG), Text(email("warned", number)), source())
        for number in range(size.warnings)
    )
    strangers = tuple(unmanaged(email("stranger", number)) for number in range(size.unmanaged))
    base = GuardComparison(Text("main"), "c0ffee", WEAKENED) if size.warnings % 2 == 0 else None
    shown = plan(
        *changes, base=base, unmanaged=strangers, findings=found, guardrails=guardrails, unchanged=size.warnings
    )
    return judged(shown)


def first_heading(comment: str) -> str:
    return next(line for line in comment.splitlines() if line.startswith("#### "))


A_THIRD: Final = settings(max_examples=settings().max_examples // 3)
"""Of the examples of other properties, since each of these is large."""
SIZES: Final = st.builds(
    Size,
    st.integers(0, 900),
    st.integers(0, 400),
    st.integers(0, 400),
    st.sampled_from((0, 0, 1, 40, 900)),
    st.integers(0, 40),
)


def told(comment: str) -> set[str]:
    return set(as_github_shows(comment).code)


@A_THIRD
@given(SIZES)
@example(Size(warnings=300))
@example(Size(warnings=900, gains=400, unmanaged=400, blocked=900, deleted=40))
def test_the_gravest_rows_survive_every_cut(size: Size) -> None:
    whole = crowd(size)
    for limit in (COMMENT_LIMIT, SUMMARY_LIMIT):
        comment = plan_markdown(whole, limit=limit)
        assert len(comment.encode()) <= limit
        unfolded = comment.partition("<details>")[0]
        assert set(GRAVEST) <= told(unfolded)
        assert {email("gone", number) for number in range(size.deleted)} <= told(unfolded)
        assert not size.blocked or {email("row", 0), "zed.blocked@example.com"} <= told(unfolded)
        assert {f'"{entry.before!s}"' for entry in whole.weakened} <= told(unfolded)
        assert not whole.weakened or first_heading(comment) == "#### Guards loosened (9)"


@A_THIRD
@given(SIZES, st.integers(1_500, 40_000))
def test_whatever_fits_nothing_is_shown_before_what_is_graver(size: Size, limit: int) -> None:
    whole = crowd(size)
    unfolded = told(plan_markdown(whole, limit=limit).partition("<details>")[0])
    changes = [entry.change.email.raw for entry in attention(whole)]
    shown = [address in unfolded for address in changes]
    assert shown == sorted(shown, reverse=True), "a graver row is cut and a lesser one is not"
    assert all(shown) or not any(address.startswith("a.warned") for address in unfolded)


def test_each_change_that_a_reviewer_must_see_has_its_gravity() -> None:
    gravities = [entry.gravity for entry in attention(crowd(Size(deleted=2)))]
    assert gravities == sorted(gravities)
    found = {entry.change.email.raw: entry.gravity for entry in attention(crowd(Size()))}
    assert found == {
        OWNER: Gravity.OWNER_GAINED,
        KEYS: Gravity.CAPABILITY_GAINED,
        LOGIN: Gravity.CAPABILITY_GAINED,
        LEAVER: Gravity.DELETION,
        LOSER: Gravity.OWNERSHIP_LOST,
    }


@A_THIRD
@given(SIZES, st.integers(2, 60))
def test_annotations_and_lists_of_results_keep_the_gravest(size: Size, most: int) -> None:
    whole = crowd(size)
    lines = plan_github(whole).splitlines()
    for level in ("error", "warning"):
        assert sum(line.startswith(f"::{level} ") for line in lines) <= MOST
    shown = "\n".join(lines)
    assert all(f"glass{number}@" in shown for number in range(min(4, len(whole.weakened))))
    assert all(address in shown for address in GRAVEST[:3])
    assert size.deleted or all(address in shown for address in GRAVEST)
    assert not size.blocked or {email("row", 0) in shown, "zed.blocked@example.com" in shown} == {True}
    notices = plan_notices(whole)
    left = kept(notices, most)
    rest = [notice for notice in notices if notice not in left]
    assert not rest or max(notice.gravity for notice in left) <= min(notice.gravity for notice in rest)
    assert all(one.severity <= other.severity or one.gravity <= other.gravity for one, other in pairwise(left))


WARNED: Final = tuple(Problem(source(f"users/{number}.yaml"), Message(LONG), Severity.WARNING) for number in range(600))
WRONG: Final = tuple(Problem(source(f"users/{number}.yaml"), Message(LONG)) for number in range(600))
WEAKENED: Final = tuple(
    Weakened("protect", Message("{}", Text(f"glass{number}@example.com")), None) for number in range(9)
)
BLOCKED: Final = (
    GuardrailResult(
        "email_change",
        1,
        0,
        ok=False,
        rows=(guardrail_row("zed.blocked@example.com", "has another address", source()),),
    ),
)


@pytest.mark.parametrize(
    "problems",
    [
        pytest.param((), id="alone"),
        pytest.param(WARNED[:20], id="beside a few warnings"),
        pytest.param(WARNED, id="beside very many warnings"),
        pytest.param(WRONG, id="beside very many errors"),
        pytest.param((*WRONG, *WARNED), id="beside very many of both"),
    ],
)
def test_weakened_guards_and_blocked_rows_of_files_survive_every_cut(problems: tuple[Problem, ...]) -> None:
    many = tuple(
        Finding("BOS003", Severity.WARNING, Message(LONG), Text(email("warned", n)), source()) for n in range(600)
    )
    checked = Checked(problems, many, (), BLOCKED, WEAKENED)
    for limit in (COMMENT_LIMIT, SUMMARY_LIMIT):
        comment = files_markdown(Validated(1, 1, checked, Text("main"), "c0ffee"), limit=limit)
        assert len(comment.encode()) <= limit
        unfolded = " ".join(told(comment.partition("<details>")[0]))
        assert all(f"glass{number}@" in unfolded for number in range(9))
        assert "zed.blocked@example.com" in unfolded
    annotations = files_github(checked)
    assert all(f"glass{number}@" in annotations for number in range(9))
    assert "zed.blocked@example.com" in annotations
    left = kept(files_notices(checked), 12)
    assert {notice.kind.value for notice in left} >= {"guard", "guardrail"}


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNKNOWN, Outcome.NOT_ATTEMPTED])
def test_a_report_names_those_first_whose_change_is_gravest(outcome: Outcome) -> None:
    whole = crowd(Size(gains=200))
    outcomes = tuple(UserOutcome(change.email, "update", outcome, Message(LONG)) for change in whole.changes)
    report = Report("r", "sha256:0", outcomes)
    assert set(GRAVEST) <= told(report_markdown(report, whole, limit=20_000))
    assert all(address in report_github(report, whole) for address in GRAVEST)


def test_the_order_of_gravity_is_that_of_the_design() -> None:
    assert [gravity.name for gravity in Gravity] == [
        "WEAKENED_GUARD",
        "BLOCKED",
        "OWNER_GAINED",
        "CAPABILITY_GAINED",
        "DELETION",
        "OWNERSHIP_LOST",
        "BLOCKED_TOO",
        "WARNING",
        "GAIN_IN_WORDS",
        "GAIN",
        "LOSS",
        "REST",
    ]


def mover(email: str, role: str, before: str, after: str, *, left: bool = False) -> UserDifference:
    steps = (GrantDifference(Role(role), ACCESS_WORDS[before], ACCESS_WORDS[after]),)
    return UserDifference(Text(email), source(), steps, Shift(), left=left)


@pytest.mark.parametrize("others", [0, 30, 900], ids=["alone", "beside a few", "beside very many"])
@pytest.mark.parametrize("limit", [12_000, COMMENT_LIMIT, SUMMARY_LIMIT])
def test_a_difference_names_the_gravest_whatever_fits(others: int, limit: int) -> None:
    users = (
        *(mover(email("gain", number), "pricing", "none", "owner") for number in range(others)),
        *(mover(email("loss", number), "pricing", "owner", "none") for number in range(others)),
        *(mover(email("keys", number), "api_keys", "none", "viewer") for number in range(others // 30)),
        mover(LOSER, "roles_permissions", "owner", "none"),
        mover(LEAVER, "pricing", "owner", "none", left=True),
        mover(OWNER, "roles_permissions", "none", "owner"),
    )
    place = Provenance(Text("main"), Text("c0ffee"), dirty=False, day=date(2026, 6, 15))
    shown = difference_markdown(AccessDiff(place, place, WEAKENED, users), limit=limit)
    assert len(shown.encode()) <= limit
    assert {OWNER, LEAVER, LOSER} <= told(shown)
    assert all(f'"glass{number}@example.com"' in told(shown) for number in range(9))
