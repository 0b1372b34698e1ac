"""Checks as JUnit XML, which pipelines show as tests: files, guardrails, policies, and applied users.

The text is ASCII: other characters are references, so any stream can carry it. Characters that XML forbids are made
visible before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from bo_sync.core.apply_report import InvitationOutcome, InvitedUser, Outcome, OwnersLeft, Report, UserOutcome
from bo_sync.core.guardrail_checks import GuardrailRow
from bo_sync.core.guardrails import GuardrailResult, way_past
from bo_sync.core.model import Problem, Severity
from bo_sync.core.plan import Plan
from bo_sync.core.policy import PolicyResult
from bo_sync.core.text import Text
from bo_sync.render.escape import terminal
from bo_sync.render.guardrails import measure_of, told_of
from bo_sync.render.notices import Checked
from bo_sync.render.wording import address, invitation_words


class CaseResult(StrEnum):
    """The result of one case; all values except PASSED are the names of its element."""

    PASSED = "passed"
    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


_COUNTED: Final = ((CaseResult.FAILURE, "failures"), (CaseResult.ERROR, "errors"), (CaseResult.SKIPPED, "skipped"))


@dataclass(frozen=True, slots=True)
class Case:
    """One check. `message` is a line, `lines` the details; in a passed case they are its output."""

    name: str
    verdict: CaseResult = CaseResult.PASSED
    message: str = ""
    lines: tuple[str, ...] = ()
    file: Text | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    name: str
    cases: tuple[Case, ...]


def plan_junit(plan: Plan) -> str:
    """All guardrails and policies of a plan; those that block it have failed."""
    return _document((_guardrails(plan.guardrails), _policies(plan.policies)))


def files_junit(checked: Checked, files: Iterable[Text], below: str = "") -> str:
    """One case per file, failed where it has errors; and the guardrails and policies that were judged.

    `below` is the folder of the configuration in the repository, with a `/` at its end.
    """
    return _document(
        (_files(checked.problems, files, below), _guardrails(checked.guardrails), _policies(checked.policies or ()))
    )


def report_junit(report: Report, plan: Plan) -> str:
    """The guardrails and policies of the plan, and its users; a user who was not attempted counts as skipped."""
    users = Suite("users", tuple(map(_user, report.outcomes)))
    moved = Case("plan", CaseResult.FAILURE, report.not_run, report.moved)
    stale = Suite("stale plan", (moved,) if report.moved else ())
    owners = Suite("owners", (_owners(report.owners),) if report.owners is not None else ())
    invitations = Suite("invitations", tuple(map(_invitation, report.invitations)))
    return _document((stale, owners, _guardrails(plan.guardrails), _policies(plan.policies), users, invitations))


def _owners(owners: OwnersLeft) -> Case:
    return Case("owners", CaseResult.FAILURE, str(owners), (f"to make an owner: {owners.command!s}",))


def _invitation(user: InvitedUser) -> Case:
    name = f"invite {address(user.email)!s}"
    if user.outcome is InvitationOutcome.SENT:
        return Case(name)
    return Case(name, CaseResult.ERROR, invitation_words(user))


def _files(problems: Sequence[Problem], files: Iterable[Text], below: str) -> Suite:
    by_path: dict[Text, list[Problem]] = {path: [] for path in files}
    for problem in sorted(problems):
        by_path.setdefault(problem.source.path, []).append(problem)
    return Suite("files", tuple(_file(path, by_path[path], below) for path in sorted(by_path)))


def _file(path: Text, problems: Sequence[Problem], below: str) -> Case:
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    told, place = tuple(map(str, problems)), Text(f"{below}{path.raw}")
    if not errors:
        return Case(str(path), lines=told, file=place)
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return Case(str(path), CaseResult.FAILURE, f"{errors[0].message!s}{more}", told, place)


def _guardrails(guardrails: Iterable[GuardrailResult]) -> Suite:
    return Suite("guardrails", tuple(map(_guardrail, guardrails)))


def _guardrail(guardrail: GuardrailResult) -> Case:
    if guardrail.ok:
        return Case(guardrail.guardrail, lines=(measure_of(guardrail),))
    rows = (_told(row) for row in guardrail.rows)
    return Case(
        guardrail.guardrail, CaseResult.FAILURE, measure_of(guardrail), (*rows, f"way past: {way_past(guardrail)}")
    )


def _told(row: GuardrailRow) -> str:
    place = f"{row.source.short!s}: " if row.source is not None else ""
    return f"{place}{address(row.email)!s}: {row.message!s}"


def _policies(results: Iterable[PolicyResult]) -> Suite:
    return Suite("policies", tuple(map(_policy, results)))


def _policy(result: PolicyResult) -> Case:
    """Only a policy that blocks has failed; its other notes are its output."""
    rows = () if result.ok else result.rows
    users = (GuardrailRow(row.email, row.message, row.source) for row in (*rows, *result.notes))
    lines = tuple(map(_told, users))
    if not result.is_violated:
        return Case(result.policy.id, lines=(told_of(result), *lines))
    why = (f"why: {result.policy.why!s}",) if result.policy.why is not None else ()
    return Case(result.policy.id, CaseResult.FAILURE, told_of(result), (*lines, *why))


def _user(user: UserOutcome) -> Case:
    name = f"{user.action} {address(user.email)!s}"
    match user.outcome:
        case Outcome.APPLIED:
            return Case(name, lines=(user.error,) if user.error else ())
        case Outcome.FAILED | Outcome.REVERSED:
            return Case(name, CaseResult.FAILURE, user.error or "")
        case Outcome.UNKNOWN | Outcome.UNCONFIRMED:
            return Case(name, CaseResult.ERROR, user.error or "")
        case Outcome.NOT_ATTEMPTED:
            return Case(name, CaseResult.SKIPPED, user.error or "")
        case unreachable:
            assert_never(unreachable)


def _document(suites: Sequence[Suite]) -> str:
    shown = [suite for suite in suites if suite.cases]
    root = Element("testsuites", {"name": "bo-sync", **_counts(case for suite in shown for case in suite.cases)})
    for suite in shown:
        element = SubElement(root, "testsuite", {"name": suite.name, **_counts(suite.cases)})
        for case in suite.cases:
            _add(element, suite.name, case)
    indent(root)
    body = tostring(root, encoding="us-ascii").decode("ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _counts(cases: Iterable[Case]) -> dict[str, str]:
    verdicts = [case.verdict for case in cases]
    return {
        "tests": str(len(verdicts)),
        **{name: str(verdicts.count(verdict)) for verdict, name in _COUNTED},
    }


def _add(suite: Element, name: str, case: Case) -> None:
    attributes = {"classname": f"bo-sync.{name}", "name": terminal(case.name)}
    if case.file is not None:
        attributes["file"] = terminal(str(case.file))
    element = SubElement(suite, "testcase", attributes)
    lines = "".join(f"{line}\n" for line in map(terminal, case.lines))
    if case.verdict is not CaseResult.PASSED:
        SubElement(element, case.verdict.value, {"message": terminal(case.message)}).text = lines or None
    elif lines:
        SubElement(element, "system-out").text = lines
