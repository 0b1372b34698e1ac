"""The commands that the steps of the pipelines run, and how each step ends: their own scripts, with a `bo-sync` that
records its arguments.

`tests/end_to_end/test_workflows.py` and `test_gitlab_pipeline.py` run the same scripts with bo-sync itself.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from bo_sync import __version__
from bo_sync.cli.commands.init import templates
from tests.support.process import environment, write
from tests.support.steps import SCHEDULED, Done, Steps, gitlab_script, not_scheduled, run_script
from tests.support.workflow_text import mapping, read

FILES: Final = {one.path: one.text for one in templates(("github", "gitlab"))}
PIPELINE: Final = read(FILES["ci/bo-sync.gitlab-ci.yml"])
BO_SYNC: Final = """#!/usr/bin/env bash
# Stands for bo-sync: each command gets a folder, each of its words a file. The first command exits as a file says.
if [ "$1" = --version ]; then echo "bo-sync $(cat {said}.version)"; exit 0; fi
number=$(ls {said} | wc -l)
mkdir {said}/$number
file=100
for word in "$@"; do printf %s "$word" > {said}/$number/$((file++)); done
if [ "$1" = plan ] && [ -f {said}.plans ]; then echo '{{}}' > .bo-sync/plan.json; fi
if [ $number = 0 ]; then exit "$(cat {said}.code)"; fi
"""
PYTHON: Final = """#!/usr/bin/env bash
# Stands for Python: records the arguments.
printf '%s\\n' "$*" >> {said}.python
"""


@dataclass(frozen=True, slots=True)
class Runner:
    """A folder with the pipelines that `init` writes, and the two programs that record."""

    root: Path

    @property
    def said(self) -> Path:
        return self.root / "said"

    def prepare(self, code: int, *, plans: bool = False, version: str = __version__) -> dict[str, str]:
        """The environment of the steps; `plans` when `bo-sync plan` writes a plan."""
        self.said.mkdir()
        write(self.root / "work", FILES)
        write(self.root, {"said.code": str(code), "said.version": version, **({"said.plans": ""} if plans else {})})
        for name, text in (("bo-sync", BO_SYNC), ("python", PYTHON)):
            write(self.root, {f"bin/{name}": text.format(said=self.said)})
            (self.root / "bin" / name).chmod(0o755)
        kept = environment()
        return {**kept, "PATH": os.pathsep.join([str(self.root / "bin"), kept["PATH"]])}

    def github(self, file: str, job: str, env: Mapping[str, str], values: Mapping[str, str]) -> Steps:
        given = {
            "runner.temp": "TEMP",
            "vars.BO_SYNC_HUB_URL": "https://hub.example.com",
            "secrets.BO_SYNC_API_KEY": "key",
            "github.token": "token",
        }
        node = mapping(mapping(read(FILES[f".github/workflows/{file}.yml"])["jobs"])[job])
        temp = self.root / "temp"
        temp.mkdir()
        return Steps(node, self.root / "work", temp, env, {**given, **values})

    def gitlab(self, job: str, env: Mapping[str, str], variables: Mapping[str, str]) -> Done:
        script, declared = gitlab_script(PIPELINE, job)
        return run_script(script, self.root / "work", {**env, **declared, **variables}, "-eo", "pipefail")

    def action(self, code: int, inputs: Mapping[str, str]) -> Done:
        """The action with these inputs."""
        steps = self.github("bo-sync-drift", "drift", self.prepare(code), {})
        steps.job = {"steps": [{"name": "trial", "uses": "./.github/actions/bo-sync", "with": inputs}]}
        return steps.run("trial")

    def commands(self) -> list[list[str]]:
        """The words of each command."""
        folders = sorted(self.said.iterdir(), key=lambda folder: int(folder.name))
        return [[word.read_text(encoding="utf-8") for word in sorted(folder.iterdir())] for folder in folders]

    def lines(self) -> list[str]:
        """The commands, with blanks between their words."""
        return [" ".join(words).replace(str(self.root / "temp"), "TEMP") for words in self.commands()]


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


ALLOW: Final = not_scheduled("max_grant_losses=9 max_user_deletes=4")
ALLOWED: Final = "--allow=max_grant_losses=9 --allow=max_user_deletes=4"
PLAN: Final = "--format github --out TEMP/plan.json"
SAVED: Final = "apply TEMP/plan/plan.json --yes --format github"


@dataclass(frozen=True, slots=True)
class Row:
    """A step of GitHub, the command that it runs, the values of its expressions, and the exit codes that it accepts."""

    file: str
    job: str
    step: str
    line: str
    values: Mapping[str, str] = field(default_factory=dict)
    accepted: frozenset[int] = frozenset({0})


CHECK: Final = "Check the files, and what of them may not change like this"
EXACTLY: Final = "Apply exactly this plan"
COMMENT: Final = "Comment it, also when it is refused"
NO_PLAN: Final = "Say that there is no plan, lest an older one is taken for it"
ISSUE: Final = "Open the issue, bring it up to date, or close it"
FAILED: Final = {"steps.plan.outputs.exitcode": "3"}
GITHUB: Final = {
    "a pull request checks its files": Row("pull-request", "intent", CHECK, "validate --base HEAD^1 --format github"),
    "a pull request shows the difference": Row(
        "pull-request", "intent", "Say who gains and who loses what", "diff HEAD^1 --format markdown"
    ),
    "a pull request is planned": Row("pull-request", "plan", "Plan", f"plan --base HEAD^1 {PLAN}"),
    "the plan is posted": Row("pull-request", "plan", COMMENT, "comment --github TEMP/plan.json"),
    "a failed plan is posted": Row("pull-request", "plan", NO_PLAN, "comment --github --failed 3", FAILED),
    "a merge is planned": Row("apply", "plan", "Plan", f"plan {PLAN}", not_scheduled()),
    "a schedule plans expired access": Row(
        "apply", "plan", "Plan", f"plan {PLAN} --expired", SCHEDULED, frozenset({0, 4})
    ),
    "a start by hand passes guardrails": Row("apply", "plan", "Plan", f"plan {PLAN} {ALLOWED}", ALLOW),
    "a merge is applied": Row("apply", "apply", EXACTLY, SAVED, not_scheduled()),
    "a schedule applies expired access": Row("apply", "apply", EXACTLY, f"{SAVED} --expired", SCHEDULED),
    "a start by hand applies with the same guardrails": Row("apply", "apply", EXACTLY, f"{SAVED} {ALLOWED}", ALLOW),
    "drift is planned": Row(
        "drift", "drift", "Compare", f"plan --detailed-exitcode {PLAN}", accepted=frozenset({0, 2, 4})
    ),
    "drift is posted": Row("drift", "drift", ISSUE, "comment --github --drift TEMP/plan.json"),
    "a pull updates files": Row("pull", "pull", "Write what the hub holds into the files", "pull --update"),
}


@pytest.mark.parametrize("code", [0, 1, 2, 4, 64])
@pytest.mark.parametrize("row", GITHUB.values(), ids=GITHUB)
def test_a_step_of_github_runs_one_command_and_fails_unless_its_exit_code_is_accepted(
    row: Row, code: int, runner: Runner
) -> None:
    done = runner.github(f"bo-sync-{row.file}", row.job, runner.prepare(code), row.values).run(row.step)
    assert runner.lines() == [row.line]
    assert done.code == (0 if code in row.accepted else code), done.log
    if row.step in {"Plan", "Compare"}:
        assert done.outputs == {"exitcode": str(code)}


INTENT: Final = (
    "validate --base BASE --report gitlab-codequality=.bo-sync/codequality.json --report junit=.bo-sync/junit.xml"
)
PLANNED: Final = "plan --base BASE --out .bo-sync/plan.json --report gitlab-plan=.bo-sync/gitlab-plan.json"
MERGE_REQUEST: Final = {"CI_MERGE_REQUEST_TARGET_BRANCH_SHA": "", "CI_MERGE_REQUEST_DIFF_BASE_SHA": "BASE"}
MERGED: Final = {"CI_MERGE_REQUEST_TARGET_BRANCH_SHA": "BASE", "CI_MERGE_REQUEST_DIFF_BASE_SHA": "older"}
PUSH: Final = {"BO_SYNC_TASK": ""}
EXPIRED: Final = {"BO_SYNC_TASK": "expired"}
BY_HAND: Final = {"BO_SYNC_TASK": "apply", "BO_SYNC_ALLOW": "max_grant_losses=9 max_user_deletes=4"}
TO_APPLY: Final = "plan --out .bo-sync/plan.json"
DRIFT: Final = "plan --detailed-exitcode --out .bo-sync/plan.json"
POSTED: Final = "comment --gitlab .bo-sync/plan.json"


@pytest.mark.parametrize(
    ("job", "variables", "codes", "lines"),
    [
        ("intent", MERGE_REQUEST, (0, 0), [INTENT, "diff BASE"]),
        ("intent", MERGED, (4, 4), [INTENT, "diff BASE"]),
        ("intent", MERGED, (3, 3), [INTENT]),
        ("plan", MERGE_REQUEST, (0, 0), [PLANNED, POSTED]),
        ("plan", MERGED, (4, 4), [PLANNED, POSTED]),
        ("plan", MERGED, (3, 3), [PLANNED, "comment --gitlab --failed 3"]),
        ("plan-to-apply", PUSH, (0, 0), [TO_APPLY]),
        ("plan-to-apply", PUSH, (4, 4), [TO_APPLY]),
        ("plan-to-apply", EXPIRED, (4, 0), [f"{TO_APPLY} --expired"]),
        ("plan-to-apply", EXPIRED, (3, 3), [f"{TO_APPLY} --expired"]),
        ("plan-to-apply", BY_HAND, (0, 0), [f"{TO_APPLY} {ALLOWED}"]),
        ("plan-to-apply", {**PUSH, "BO_SYNC_ALLOW": "--hub x"}, (64, 64), [f"{TO_APPLY} --allow=--hub --allow=x"]),
        ("apply", PUSH, (5, 5), ["apply .bo-sync/plan.json --yes"]),
        ("apply", EXPIRED, (4, 4), ["apply .bo-sync/plan.json --yes --expired"]),
        ("apply", BY_HAND, (0, 0), [f"apply .bo-sync/plan.json --yes {ALLOWED}"]),
        ("drift", {}, (0, 0), [DRIFT, "comment --gitlab --drift .bo-sync/plan.json"]),
        ("drift", {}, (2, 0), [DRIFT, "comment --gitlab --drift .bo-sync/plan.json"]),
        ("drift", {}, (4, 0), [DRIFT, "comment --gitlab --drift .bo-sync/plan.json"]),
        ("drift", {}, (1, 1), [DRIFT]),
        ("drift", {}, (3, 3), [DRIFT]),
    ],
)
def test_a_job_of_gitlab_runs_these_commands_and_ends_as_the_first_does(
    *, job: str, variables: Mapping[str, str], codes: tuple[int, int], lines: list[str], runner: Runner
) -> None:
    code, ends = codes
    env = runner.prepare(code, plans=code in {0, 2, 4})
    if job == "plan":  # what the checkout brings is removed
        write(runner.root / "work", {".bo-sync/plan.json": "planted"})
    done = runner.gitlab(f"bo-sync:{job}", env, variables)
    assert (done.code, runner.lines()) == (ends, lines), done.log
    assert not runner.said.with_suffix(".python").exists()


def test_github_installs_this_version_once_in_a_job_when_another_one_is_there(runner: Runner) -> None:
    steps = runner.github("bo-sync-drift", "drift", runner.prepare(0, version="0.0.1"), {})
    assert [steps.run("Compare").code, steps.run("Compare").code] == [0, 0]
    asked = runner.said.with_suffix(".python").read_text()
    assert asked == f"-I -m pip install --quiet --disable-pip-version-check -- bo-sync=={__version__}\n"


def test_gitlab_installs_this_version_when_another_one_is_there(runner: Runner) -> None:
    assert runner.gitlab("bo-sync:drift", runner.prepare(0, version="0.0.1"), {}).code == 0
    assert runner.said.with_suffix(".python").read_text() == f"-I -m pip install --quiet bo-sync=={__version__}\n"


def test_an_expression_without_a_value_is_an_error(runner: Runner) -> None:
    steps = runner.github("bo-sync-apply", "plan", runner.prepare(0), {})
    with pytest.raises(KeyError, match=r"github\.event_name"):
        steps.run("Plan")


HOSTILE: Final = [
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned",
    "&& touch pwned",
    "*",
    "~",
    "a  b",
    "'",
    '"',
    "\\",
    "<(touch pwned)",
    "${BO_SYNC_API_KEY}",
    "$'\\n'",
]


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"args": "\n".join(["", *HOSTILE, ""])}, HOSTILE),
        (
            {"allow": "max_user_deletes=7\n--hub http://example.com/ $(touch pwned) *"},
            [
                f"--allow={word}"
                for word in ("max_user_deletes=7", "--hub", "http://example.com/", "$(touch", "pwned)", "*")
            ],
        ),
    ],
    ids=["each line of the arguments is one word", "each guardrail is an option of its own"],
)
def test_the_action_expands_nothing(inputs: Mapping[str, str], words: list[str], runner: Runner) -> None:
    assert runner.action(0, {"command": "plan", **inputs}).code == 0
    assert runner.commands() == [["plan", *words]]
    assert not list(runner.root.rglob("pwned"))


@pytest.mark.parametrize(
    ("accept", "code", "ends"),
    [("0", 0, 0), ("2", 0, 0), ("0 2", 2, 0), ("0 2", 1, 1), ("", 4, 4)],
    ids=["done", "an exit code of 0 that is not accepted", "accepted", "not accepted", "nothing is accepted"],
)
def test_the_action_fails_unless_the_exit_code_is_accepted(accept: str, code: int, ends: int, runner: Runner) -> None:
    done = runner.action(code, {"command": "plan", "accept": accept})
    assert (done.code, done.outputs) == (ends, {"exitcode": str(code)})
