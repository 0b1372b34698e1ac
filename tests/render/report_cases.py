"""What every form for other programs is made of in tests, and the one byte record of each."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Final

from bo_sync import __version__
from bo_sync.access.access_diff import EndStep, GrantDifference, UserDifference
from bo_sync.access.provenance import Provenance
from bo_sync.core.apply_report import InvitationOutcome, InvitedUser, Outcome, OwnersLeft, Report, UserOutcome
from bo_sync.core.changes import Shift
from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.model import ACCESS_WORDS, Access, Problem, Role, Severity, Span
from bo_sync.core.plan import Finding, HubFacts, Plan
from bo_sync.core.policy import Has, Match, Policy, PolicyResult, PolicyRow
from bo_sync.core.text import Message, Text
from bo_sync.core.weakened_guards import Weakened
from bo_sync.render.access_diff import AccessDiff, difference_json
from bo_sync.render.csv import difference_csv, plan_csv, users_csv
from bo_sync.render.gitlab import codequality, plan_widget
from bo_sync.render.json import plan_json, problems_json, report_json, users_json
from bo_sync.render.junit import files_junit, plan_junit, report_junit
from bo_sync.render.notices import Checked, Notice, files_notices, plan_notices
from bo_sync.render.sarif import sarif
from bo_sync.render.wording import UserRow
from tests.render.cases import (
    COMPARISONS,
    FINDINGS,
    PLANS,
    PROBLEMS,
    USERS,
    hostile,
    hostile_comparison,
)
from tests.support.builders import IDENTITY, plan, source

Render = Callable[[], str]
_DAY: Final = date(2026, 6, 15)


def _policy(name: str, why: Text | None = None, *, at_most: int | None = 0, at_least: int | None = None) -> Policy:
    match = Match((Has(()),), is_all=True)
    return Policy(
        name, Text(f"Few {name}"), match, source(f"policies/{name}.yaml"), why=why, at_most=at_most, at_least=at_least
    )


def _row(email: str, message: str = "pricing editor: priceUpdate") -> PolicyRow:
    return PolicyRow(Text(email), Message(message), source(f"users/{email.partition('@')[0]}.yaml", 3))


ANN, BOB = (
    _row("ann@example.com"),
    PolicyRow(Text("bob@example.com"), Message("pricing owner: priceUpdate"), None, is_new=True),
)
NOTE: Final = PolicyRow(
    Text("cid@example.com"), Message("has an exception, but does not match"), source("policies/noted.yaml", 9)
)
POLICIES: Final = (
    PolicyResult(_policy("fine", at_most=3), (ANN,), (BOB,)),
    PolicyResult(_policy("noted", at_most=3), (ANN,), (), (NOTE,)),
    PolicyResult(_policy("owners", at_most=None, at_least=2), (ANN,)),
    PolicyResult(_policy("prices", Text("Prices are money.")), (ANN, BOB)),
    PolicyResult(_policy("self"), (ANN,), is_tolerated=True),
    PolicyResult(replace(_policy("warned"), severity=Severity.WARNING), (BOB,)),
)
"""One that holds, one with a note, one too few, and each way to be too many."""

VIOLATED: Final = replace(
    plan(guardrails=(GuardrailResult("self", 0, 0, ok=True),), findings=FINDINGS), policies=POLICIES
)
"""A plan that policies refuse and no guardrail does."""

CHECKED: Final[Mapping[str, Checked]] = {
    "content": Checked(guardrails=(GuardrailResult("empty", 15, 1, ok=True),)),
    "errors": Checked(PROBLEMS["problems"], None, None, (GuardrailResult("empty", 15, 1, ok=True),)),
    "everything": Checked(
        PROBLEMS["problems"][1:2],
        FINDINGS,
        POLICIES,
        COMPARISONS["base-refused"].guardrails,
        COMPARISONS["base-refused"].weakened,
    ),
}
FILES: Final = tuple(map(Text, ("users/jane.yaml", "users/ok.yaml", "presets/a.yaml")))


def hostile_plan(text: str) -> Plan:
    """As `hostile`, with policies of the same text."""
    said = Text(text)
    match = Match((Has(()),), is_all=True)
    policy = Policy("prices", said, match, source(text), why=said)
    row = PolicyRow(said, Message("says {}", said), source(text))
    return replace(hostile(text), policies=(PolicyResult(policy, (row,), (), (row,)),))


def hostile_files(text: str) -> Checked:
    """What is told of files, with `text` in everything that is not ours."""
    comparison = hostile_comparison(text)
    return Checked(
        (
            Problem(source(text), Message("found {}", Text(text))),
            Problem(source(text), Message("found {}", Text(text)), Severity.WARNING),
        ),
        (Finding("BOS016", Severity.WARNING, Message("the `ignore` of {}", Text(text)), Text(text), source(text)),),
        hostile_plan(text).policies,
        comparison.guardrails,
        comparison.weakened,
    )


def hostile_report(text: str) -> Report:
    outcomes = (UserOutcome(Text(text), "update", outcome, Message("says {}", Text(text))) for outcome in Outcome)
    return Report(text, "sha256:0", tuple(outcomes))


def notices(text: str) -> dict[str, tuple[Notice, ...]]:
    """Of a plan and of files, with `text` in everything that is not ours."""
    return {"plan": plan_notices(hostile_plan(text)), "files": files_notices(hostile_files(text))}


def json_of(text: str) -> dict[str, str]:
    """Every form in JSON, with `text` in everything that is not ours."""
    return {
        f"{form} of {name}": render(found)
        for name, found in notices(text).items()
        for form, render in (("SARIF", sarif), ("code quality", codequality))
    }


def xml_of(text: str) -> dict[str, str]:
    """Every form in XML, with `text` in everything that is not ours."""
    shown = hostile_plan(text)
    return {
        "plan": plan_junit(shown),
        "files": files_junit(hostile_files(text), (Text(text),)),
        "report": report_junit(hostile_report(text), shown),
    }


def csv_of(text: str) -> dict[str, str]:
    """Every table of this kind, with `text` in everything that is not ours."""
    return {
        "plan": plan_csv(hostile_plan(text)),
        "difference": difference_csv(difference(text)),
        "users": users_csv((UserRow(1, *(Text(text) for _ in range(6))),)),
    }


def _step(role: str, before: str, after: str) -> GrantDifference:
    return GrantDifference(Role(role), ACCESS_WORDS[before], ACCESS_WORDS[after])


def difference(text: str = "jane@example.com") -> AccessDiff:
    """Somebody who gains and loses, who joins, who leaves, who does so without access, whom the hub keeps; guards."""
    place, said = Provenance(Text(text), Text("3f2c1ab"), dirty=False, day=_DAY), Text(text)
    shift = Shift(("Orders > Carriers",), ("Pricing > Taxes", "Pricing > Prices"), ("carriers",), ("tax", "taxes"))
    users = (
        UserDifference(
            said, source(text), (_step("backoffice", "none", "owner"), _step("pricing", "owner", "viewer")), shift
        ),
        UserDifference(said, source(text), (_step("api_keys", "none", "owner"),), Shift(), joined=True),
        UserDifference(said, None, (_step("sales_hub", "owner", "none"),), Shift(), left=True),
        UserDifference(said, source(text), (), Shift(), joined=True),
        UserDifference(said, source(text), (), Shift(gained=("tax",))),
        UserDifference(
            said, source(text), (_step("pricing", "owner", "none"),), Shift(lost=("taxes",)), left=True, kept="report"
        ),
    )
    weakened = (
        Weakened("protect", Message("{}", said), None),
        Weakened("guardrails.max_user_deletes.count", Message("1"), Message("50")),
        Weakened(f"policies.{text}", Message("{}", said), Message("{}", said)),
    )
    return AccessDiff(place, place, weakened, users)


def _complete() -> Plan:
    """All that any of `PLANS` holds, once: changes, findings, guardrails, guards, unmanaged users."""
    plans = PLANS.values()
    return replace(
        PLANS["weakened-guards"],
        hub=HubFacts("https://hub.example.com/v2/graphql", 14, 61, IDENTITY, Text("acme"), IDENTITY[::-1]),
        changes=tuple(dict.fromkeys(change for each in plans for change in each.changes)),
        unmanaged=tuple(dict.fromkeys(user for each in plans for user in each.unmanaged)),
        findings=tuple(dict.fromkeys(finding for each in plans for finding in each.findings)),
        guardrails=tuple(dict.fromkeys(result for each in plans for result in each.guardrails)),
        effects={email: effect for each in plans for email, effect in each.effects.items()},
        policies=POLICIES,
        left_out=3,
    )


COMPLETE: Final = _complete()
COMPLETE_REPORT: Final = Report(
    "20990101T000000Z-a1b2c3",
    "sha256:" + "0" * 64,
    (
        UserOutcome(Text("ada@example.com"), "create", Outcome.APPLIED),
        *(
            UserOutcome(Text(f"{outcome}@example.com"), "update", outcome, Message("roleUpdate: no"))
            for outcome in Outcome
        ),
    ),
    Message("the saved plan is stale"),
    (Message("jane@example.com: was not in that plan"), Message('ada@example.com: job: was "::x"')),
    OwnersLeft(1, 2, Message("bo-sync owners")),
    (
        InvitedUser(Text("ada@example.com"), InvitationOutcome.SENT),
        *(InvitedUser(Text(f"{outcome}@example.com"), outcome, Message("no answer")) for outcome in InvitationOutcome),
    ),
)
_ENDS: Final = (
    EndStep(
        None, Span(Access.OWNER, None, Access.OWNER), Span(Access.OWNER, _DAY, Access.NONE), is_gain=False, is_loss=True
    ),
    EndStep(
        Role("pricing"),
        Span(Access.OWNER, _DAY, Access.VIEWER),
        Span(Access.OWNER, date(2099, 1, 1), Access.NONE),
        is_gain=True,
        is_loss=True,
    ),
)
_KEPT: Final = GrantDifference(Role("order_data"), Access.OWNER, Access.NONE, kept=True)
_ENDING: Final = UserDifference(Text("zoe@example.com"), source(line=3), (_KEPT,), Shift(), ends=_ENDS)
COMPLETE_DIFFERENCE: Final = replace(difference(), users=(*difference().users, _ENDING))
COMPLETE_FILES: Final = replace(
    CHECKED["everything"],
    problems=(*PROBLEMS["problems"], replace(PROBLEMS["problems"][0], rule="BOS001", message=Message("expired"))),
)


def cases() -> dict[str, Render]:
    """The byte record of each machine format: one for each result, of a value that has everything."""
    told, refused = plan_notices(COMPLETE), replace(COMPARISONS["base-refused"], tip="77aa01b3c9")
    return {
        "plan.json": lambda: _any_version(plan_json(COMPLETE)),
        "plan.csv": partial(plan_csv, COMPLETE),
        "plan.sarif": lambda: _any_version(sarif(told)),
        "plan.junit.xml": partial(plan_junit, COMPLETE),
        "plan.codequality.json": partial(codequality, told),
        "plan.gitlab-plan.json": partial(plan_widget, COMPLETE),
        "report.json": partial(report_json, COMPLETE_REPORT, VIOLATED),
        "report.junit.xml": partial(report_junit, COMPLETE_REPORT, VIOLATED),
        "validate.json": lambda: problems_json(
            COMPLETE_FILES.problems, 15, 5, refused, findings=FINDINGS, policies=POLICIES
        ),
        "validate.junit.xml": partial(files_junit, COMPLETE_FILES, FILES),
        "users.json": partial(users_json, USERS["people"]),
        "users.csv": partial(users_csv, USERS["people"]),
        "diff.json": partial(difference_json, COMPLETE_DIFFERENCE),
        "diff.csv": partial(difference_csv, COMPLETE_DIFFERENCE),
    }


def _any_version(text: str) -> str:
    return text.replace(f'"{__version__}"', '"(any)"', 1)
