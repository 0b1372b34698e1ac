"""The action alone, and the intent under attack: words reach bo-sync as they stand, its exit code comes back as it is,
and what a fork chose (names of files, of a branch, texts) does nothing on the runner but be shown.
"""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bo_sync import __version__
from tests.end_to_end.office import Office, office, on_main
from tests.support.runner import Job

WORKFLOW = """\
name: trial
on:
  workflow_dispatch:
permissions: {}
jobs:
  trial:
    runs-on: ubuntu-24.04
    permissions:
      contents: read
    outputs:
      exitcode: ${{ steps.run.outputs.exitcode }}
      digest: ${{ steps.run.outputs.digest }}
    steps:
      - uses: actions/checkout@0000000000000000000000000000000000000000
        with:
          persist-credentials: false
      - id: run
        uses: ./.github/actions/bo-sync
        with:
          command: plan
          args: ${{ inputs.args }}
          allow: ${{ inputs.allow }}
          accept: ${{ inputs.accept }}
"""
SAYS_ITS_WORDS = """#!/usr/bin/env bash
# Stands for bo-sync: writes down its words, one a line, and ends as it is told in a file.
if [ "$1" = --version ]; then echo "bo-sync {version}"; exit 0; fi
printf '%s\\n' "$@" > "{said}"
exit "$(cat "{code}")"
"""
OURS = re.compile(r"::(?:error|warning|notice) (?:file=([^,]*),line=|title=[a-z ]+::).*").fullmatch
"""An annotation as we write it: of a file, which it names, or of all of them."""
HOSTILE_WORDS = [
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


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as made:
        yield made


def tried(team: Office, code: int, **inputs: str) -> tuple[Job, list[str]]:
    """The job that calls the action where bo-sync ends with `code`; and the words that bo-sync was given."""
    folder = team.desk.parent
    said, ends, program = folder / "said", folder / "code", folder / "bin" / "bo-sync"
    ends.write_text(str(code))
    program.write_text(SAYS_ITS_WORDS.format(version=__version__, said=said, code=ends))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    team.merges(team.proposes("trial", {".github/workflows/trial.yml": WORKFLOW}))
    given = {"args": "", "allow": "", "accept": "0", **inputs}
    job = team.runs("trial", on_main("workflow_dispatch", **given))["trial"]
    return job, said.read_text(encoding="utf-8").splitlines()


def left_behind(team: Office) -> list[Path]:
    return [path for path in team.desk.parent.rglob("*pwned*") if path.name == "pwned"]


def test_each_line_of_the_arguments_is_one_word_and_nothing_in_it_is_expanded(team: Office) -> None:
    job, words = tried(team, 0, args="\n".join(["", *HOSTILE_WORDS, ""]))
    assert (job.conclusion, words) == ("success", ["plan", *HOSTILE_WORDS])
    assert left_behind(team) == []


def test_each_guardrail_is_an_option_of_its_own_and_can_be_nothing_else(team: Office) -> None:
    job, words = tried(team, 0, allow="max_user_deletes=7\n--hub http://example.com/ $(touch pwned) *")
    guardrails = ["max_user_deletes=7", "--hub", "http://example.com/", "$(touch", "pwned)", "*"]
    assert (job.conclusion, words) == ("success", ["plan", *(f"--allow={guardrail}" for guardrail in guardrails)])
    assert left_behind(team) == []


@pytest.mark.parametrize(
    ("code", "accept", "conclusion"),
    [
        (0, "0", "success"),
        (2, "0 2", "success"),
        (1, "0 2", "failure"),
        (4, "0 2", "failure"),
        (64, "0", "failure"),
        (0, "2", "success"),
        (4, "", "failure"),
    ],
    ids=[
        "done",
        "changes pending, which is accepted",
        "a hub that fails",
        "a refusal",
        "usage",
        "done, which never fails a step",
        "nothing is accepted",
    ],
)
def test_the_exit_code_is_an_output_whatever_it_is_and_fails_the_step_unless_it_is_accepted(
    code: int, accept: str, conclusion: str, team: Office
) -> None:
    job, _ = tried(team, code, accept=accept)
    assert (job.conclusion, job.outputs) == (conclusion, {"exitcode": str(code), "digest": ""})


def test_what_a_fork_chose_is_shown_and_does_nothing_else(team: Office) -> None:
    person = "email: {}@example.com\nfirst_name: '{}'\nlast_name: Li\npreset: sales-representative\n"
    text = "</b><img src=x>::x::$(id)"
    files = {
        "users/$(touch pwned).yaml": person.format("a", text),
        "users/`touch pwned`.yaml": person.format("b", text),
        "users/::error file=x,line=1::gone.yaml": person.format("c", text),
        "users/x\n::stop-commands::y.yaml": person.format("d", text),
        "users/%0A::error::z.yaml": "emial: e@example.com\n",
        "users/-rf.yaml": person.format("f", text),
        "users/empty.yaml": "\n::error::x\n##[error]x\n",
        "bo-sync.yaml": "hub_host: evil.example.com\nunmanaged: delete\n",
        ".git-blame": "$(touch pwned)\n",
    }
    team.proposes("a$(touch${IFS}pwned)b;`id`", files)
    jobs = team.pull_request(fork=True)
    assert {name: job.conclusion for name, job in jobs.items()} == {"intent": "failure", "plan": "skipped"}
    commands = [line for line in jobs["intent"].log.splitlines() if line.lstrip().startswith("::") or "##[" in line]
    named = [found[1] for line in commands if (found := OURS(line))]
    assert len(named) == len(commands)
    assert {name for name in named if name} == {"users/%250A%3A%3Aerror%3A%3Az.yaml", "users/empty.yaml"}
    assert "<img" not in jobs["intent"].summary
    assert left_behind(team) == []
    assert team.forge.heard == []
