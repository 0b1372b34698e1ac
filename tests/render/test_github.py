"""Annotations as GitHub's runner reads them: one command a line, each value as it was meant, nobody else's command."""

import re
from dataclasses import dataclass
from typing import Final

import pytest

from bo_sync.core.apply_report import Outcome, Report, UserOutcome
from bo_sync.core.model import Problem, Severity
from bo_sync.core.plan import Plan
from bo_sync.core.text import Message, Text
from bo_sync.render.escape import terminal
from bo_sync.render.github import MOST, failure_github, files_github, plan_github, plan_outputs, report_github
from bo_sync.render.notices import Checked, NoticeKind, plan_notices
from tests.render.cases import PLANS, REPORTS, guardrail_row, hostile, reported
from tests.render.comment_cases import WITH_POLICIES
from tests.support.builders import plan, source
from tests.support.hostile import HOSTILE

every_attack = pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE)


@dataclass(frozen=True, slots=True)
class Command:
    """One workflow command as the runner understands it."""

    name: str
    properties: dict[str, str]
    message: str


def read(text: str) -> list[Command]:
    """What the runner makes of a log: a command begins its line; values are unescaped, `%25` last."""
    return [_read(line) for line in text.splitlines() if line.lstrip().startswith("::")]


def _read(line: str) -> Command:
    head, _, message = line.lstrip().removeprefix("::").partition("::")
    name, _, properties = head.partition(" ")
    pairs = (pair.partition("=") for pair in properties.split(","))
    return Command(name, {key: _unescaped(value) for key, _, value in pairs}, _unescaped(message))


def _unescaped(value: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        value = value.replace(code, character)
    return value


def hostile_report(text: str) -> Report:
    outcomes = (UserOutcome(Text(text), "update", outcome, Message("says {}", Text(text))) for outcome in Outcome)
    return Report(text, "sha256:0", tuple(outcomes))


@every_attack
def test_every_line_is_a_command_of_ours_and_says_what_was_meant(attack: str) -> None:
    problems = (Problem(source(attack, 7, 3), Message("found {}", Text(attack))),)
    for told in (
        plan_github(hostile(attack), attack),
        report_github(hostile_report(attack), plan()),
        files_github(Checked(problems)),
        failure_github(f"{Text(attack)!s} failed"),
    ):
        assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in told.splitlines())
        assert told.replace("\n", "").isprintable()
        assert not re.search(r"##\w*\[", told)
        for command in read(told):
            assert set(command.properties) <= {"file", "line", "endLine", "col", "title"}
    (found,) = read(files_github(Checked(problems)))
    assert found.properties["file"] == terminal(attack)
    assert (found.properties["line"], found.properties["endLine"], found.properties["col"]) == ("7", "7", "3")
    assert found.message[:4000] == terminal(f"found {Text(attack)!s}")[:4000]


@pytest.mark.parametrize(
    ("path", "message"),
    [("users/a,b.yaml", "a, b: c"), ("users/100%.yaml", "100%0A"), ("users/a:b.yaml", "::error::x"), ("a%2Cb", "%25")],
    ids=["commas", "percent signs", "colons", "what is escaped already"],
)
def test_values_arrive_as_they_are(path: str, message: str) -> None:
    (found,) = read(files_github(Checked((Problem(source(path), Message(message)),))))
    assert found.properties["file"] == path
    assert found.message == terminal(message)


def test_files_are_named_as_the_repository_names_them() -> None:
    (found,) = read(files_github(Checked((Problem(source("users/a.yaml"), Message("x")),)), "access/"))
    assert found.properties["file"] == "access/users/a.yaml"


def problems(errors: int, warnings: int) -> Checked:
    return Checked(
        tuple(Problem(source(f"users/{index:03}.yaml"), Message("x")) for index in range(errors))
        + tuple(Problem(source(f"users/{index:03}.yaml"), Message("y"), Severity.WARNING) for index in range(warnings))
    )


@pytest.mark.parametrize(
    ("errors", "warnings", "last"),
    [(0, 0, None), (10, 10, None), (11, 0, "2 more errors"), (0, 12, "3 more warnings"), (500, 3, "491 more errors")],
    ids=["none", "as many as are shown", "one too many", "too many warnings", "very many"],
)
def test_ten_of_each_level_and_how_many_more(errors: int, warnings: int, last: str | None) -> None:
    found = read(files_github(problems(errors, warnings)))
    levels = [command.name for command in found]
    assert levels == ["error"] * min(errors, MOST) + ["warning"] * min(warnings, MOST)
    more = [command for command in found if "more" in command.properties["title"]]
    assert [command.properties["title"] for command in more] == ([last] if last else [])
    assert all("file" not in command.properties for command in more)


EVERY_PLAN: Final = {**PLANS, **WITH_POLICIES}


@pytest.mark.parametrize("shown", EVERY_PLAN.values(), ids=EVERY_PLAN)
def test_the_gravest_comes_first(shown: Plan) -> None:
    order = ["error", "warning", "notice"]
    levels = [order.index(command.name) for command in read(plan_github(shown))]
    assert levels == sorted(levels)
    assert (0 in levels) == bool(shown.refused or shown.skipped or shown.violated)


@pytest.mark.parametrize("shown", EVERY_PLAN.values(), ids=EVERY_PLAN)
def test_each_notice_is_one_command_at_its_place(shown: Plan) -> None:
    levels = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
    expected = []
    for severity, level in levels.items():
        notices = [notice for notice in plan_notices(shown) if notice.severity is severity]
        for notice in notices[: MOST if len(notices) <= MOST else MOST - 1]:
            at = notice.source
            place = () if at is None else (terminal(str(at.path)), str(at.line), str(at.line), str(at.column))
            named = f"{notice.rule}: " if notice.kind in {NoticeKind.FINDING, NoticeKind.POLICY} else ""
            title = terminal(f"{named}{notice.title}")
            expected.append((level, (*place, title), terminal(notice.told)))
    found = [
        (command.name, tuple(command.properties.values()), command.message)
        for command in read(plan_github(shown))
        if not re.match(r"\d+ more ", command.properties["title"])
    ]
    assert found == expected


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_that_did_not_begin_or_has_no_failure_has_no_command(name: str) -> None:
    assert (report_github(REPORTS[name], reported(name)) != "") == (name == "every-outcome")


def test_a_row_without_a_file_is_told_without_one() -> None:
    guardrail = PLANS["refused-by-every-guardrail"].guardrails[1]
    rows = (guardrail_row("a@example.com", "no file"),)
    (found,) = read(plan_github(plan(guardrails=(type(guardrail)("self", 1, 0, ok=False, rows=rows),))))
    assert set(found.properties) == {"title"}
    assert found.message.startswith("a@example.com: no file")


def test_a_message_of_80_kilobytes_is_cut() -> None:
    told = files_github(Checked((Problem(source("a" * 80_000), Message("b" * 80_000)),)))
    (found,) = read(told)
    assert len(found.message) < 5_000


def test_outputs_are_words_and_numbers_of_ours() -> None:
    assert plan_outputs(PLANS["everything"], "sha256:0") == {
        "has_changes": "true",
        "creates": "3",
        "updates": "3",
        "deletes": "1",
        "grants_gained": "8",
        "grants_lost": "5",
        "digest": "sha256:0",
    }
    assert plan_outputs(PLANS["nothing-to-do"], "sha256:0")["has_changes"] == "false"
