"""What a workflow gets beside the output: annotations, a summary, outputs; and pseudonyms for the public."""

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from bo_sync.sandbox.store import Store
from tests.end_to_end.world import file, files, rows, user
from tests.render.test_github import read
from tests.support.process import Ran, bo_sync, write
from tests.support.reader import check_comment

LIVE: Final = [
    user("break-glass@example.com", *rows(backoffice="OWNER", role="OWNER"), firstName="Break", lastName="Glass"),
    user("bob@example.com", *rows(pricing="OWNER"), firstName="Robert", lastName="Quillfeather", phone="+31 6 778899"),
]
FILES: Final = files(
    file("bob@example.com", "phone: '+31 6 778800'", first="Robert", last="Quillfeather"),
    **{"users/zelda.yaml": file("zelda@example.com", "modules: {pricing: editor}", first="Zelda", last="Xylander")},
)
KNOWN: Final = re.compile(r"bob|zelda|quill|xyland|robert|7788|break-glass|users/0\.yaml", re.IGNORECASE)
COUNTS: Final = ("exitcode", "has_changes", "creates", "updates", "deletes", "grants_gained", "grants_lost")


@dataclass(frozen=True, slots=True)
class Step:
    ran: Ran
    summary: str
    outputs: Mapping[str, str]

    @property
    def counts(self) -> str:
        return " ".join(self.outputs.get(name, "-") for name in COUNTS)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository beside a hub of its own, with somebody new and somebody to be changed."""
    configured(tmp_path)
    return tmp_path


def configured(root: Path) -> None:
    write(root, FILES)
    (root / ".bo-sync").mkdir()
    with Store.open(root / ".bo-sync/sandbox.db") as store:
        store.load({"users": LIVE})


def step(root: Path, *arguments: str, workspace: Path | None = None) -> Step:
    """Runs a command as GitHub does, with files for the summary and the outputs that hold something already."""
    summary, outputs = root / "summary.md", root / "outputs"
    summary.write_text("before\n")
    outputs.write_text("before=1\n")
    env = {
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_OUTPUT": str(outputs),
        "GITHUB_WORKSPACE": str(workspace or root),
    }
    ran = bo_sync(root, *arguments, "--format", "github", env=env)
    told = dict(line.split("=", 1) for line in outputs.read_text().splitlines())
    assert told.pop("before") == "1"
    return Step(ran, summary.read_text().removeprefix("before\n"), told)


def plan(root: Path, *more: str) -> Ran:
    return bo_sync(root, "plan", "--hub", "sandbox:", "--quiet", *more)


def test_plan_hands_a_workflow_annotations_a_summary_and_outputs(root: Path) -> None:
    done = step(root, "plan", "--hub", "sandbox:")
    assert done.counts == "0 true 1 1 0 1 1"
    assert done.outputs["digest"] == json.loads(plan(root, "--format", "json").out)["digest"]
    assert done.summary == plan(root, "--format", "markdown").out
    check_comment(done.summary)
    assert done.ran.out.startswith("Plan for sandbox:")
    assert {command.name for command in read(done.ran.out)} <= {"error", "warning", "notice"}


def test_without_the_format_nothing_is_handed_over(root: Path) -> None:
    env = {"GITHUB_STEP_SUMMARY": str(root / "summary.md"), "GITHUB_OUTPUT": str(root / "outputs")}
    bo_sync(root, "plan", "--hub", "sandbox:", env=env)
    assert not (root / "summary.md").exists()
    assert not (root / "outputs").exists()


def test_apply_hands_over_the_plan_and_what_became_of_it(root: Path) -> None:
    done = step(root, "apply", "--hub", "sandbox:", "--yes")
    assert done.counts == "0 true 1 1 0 1 1"
    assert done.summary.count("\n### ") == 2
    assert "### ✅ bo-sync apply: 2 people applied" in done.summary
    assert read(done.ran.out) == []
    again = step(root, "apply", "--hub", "sandbox:", "--yes")
    assert again.counts == "0 false 0 0 0 0 0"
    assert "nothing to do" in again.summary


def test_a_refused_apply_says_why_beside_the_lines(root: Path) -> None:
    absent = "email: bob@example.com\nstate: absent\n"
    write(root, {"bo-sync.yaml": "protect: [bob@example.com]\n", "users/0.yaml": absent})
    done = step(root, "apply", "--hub", "sandbox:", "--yes")
    assert (done.ran.code, done.outputs["exitcode"]) == (4, "4")
    (found,) = (command for command in read(done.ran.out) if command.name == "error")
    assert found.properties["file"] == "users/0.yaml"
    assert found.message.startswith("bob@example.com: is protected, yet would be deleted")
    assert "Refused by" in done.summary


def test_validate_annotates_the_line_and_names_it_as_the_repository_does(tmp_path: Path) -> None:
    below = tmp_path / "access"
    write(below, {"users/a.yaml": "email: a@example.com\nfirst_nam: A\nlast_name: B\n"})
    done = step(below, "validate", workspace=tmp_path)
    assert (done.ran.code, dict(done.outputs)) == (3, {"exitcode": "3"})
    found = read(done.ran.out)[1]
    assert (found.name, found.properties["file"], found.properties["line"]) == ("error", "access/users/a.yaml", "2")
    assert "### ⛔ bo-sync validate: 2 errors" in done.summary
    check_comment(done.summary)


def test_a_failure_is_an_annotation_and_an_exit_code_too(root: Path) -> None:
    write(root, {"users/bad.yaml": "email: ["})
    done = step(root, "plan", "--hub", "sandbox:")
    assert (done.ran.code, dict(done.outputs)) == (3, {"exitcode": "3"})
    assert [command.message for command in read(done.ran.out)] == ["1 error in the files"]


def test_a_summary_that_cannot_be_written_changes_nothing(root: Path) -> None:
    done = bo_sync(
        root, "plan", "--hub", "sandbox:", "--format", "github", env={"GITHUB_STEP_SUMMARY": str(root / "no/such/file")}
    )
    assert done.code == 0
    assert "GITHUB_STEP_SUMMARY cannot be written: No such file or directory" in done.err


def test_reports_of_apply_and_validate_as_markdown(root: Path) -> None:
    validated = bo_sync(root, "validate", "--format", "markdown", "--report", f"github={root / 'v.txt'}")
    assert validated.out.startswith("<!-- bo-sync:validate -->\n### ")
    applied = bo_sync(root, "apply", "--hub", "sandbox:", "--yes", "--format", "markdown")
    identity = json.loads(bo_sync(root, "plan", "--hub", "sandbox:", "--format", "json").out)["hub"]["identity"]
    assert applied.out.startswith(f"<!-- bo-sync:apply sandbox: {identity} -->\n### ✅")
    assert "Plan for sandbox:" in applied.err
    check_comment(validated.out)
    check_comment(applied.out)


REDACTED: Final = (
    *(("plan", "--hub", "sandbox:", "--format", form) for form in ("text", "json", "markdown", "csv", "sarif")),
    ("validate",),
    ("validate", "--format", "junit"),
    ("users",),
    ("users", "--hub", "sandbox:", "--live", "--format", "json"),
    ("matrix", "--hub", "sandbox:", "--diff-with", "live"),
    ("matrix", "--diff-with", "bob@example.com"),
    ("show", "zelda@example.com"),
    ("show", "zelda@example.com", "--format", "json"),
    ("show", "zeld@example.com"),
    ("plan", "--hub", "sandbox:", "--only", "zeld@example.com"),
    ("apply", "--hub", "sandbox:", "--yes", "--format", "markdown"),
)


def test_redacted_output_names_nobody_on_either_stream(root: Path) -> None:
    for arguments in REDACTED:
        done = bo_sync(root, *arguments, "--redact")
        assert done.code in {0, 64}, done
        assert not KNOWN.search(done.out + done.err), (arguments, KNOWN.search(done.out + done.err))
        assert "person-" in done.out + done.err or arguments[0] == "validate"


def test_redacted_errors_name_nobody_either(root: Path) -> None:
    write(root, {"users/quill-zelda.yaml": 'email: zelda@example.com\nfirst_name: ["Zelda"]\ngender: "Quilla"\n'})
    for arguments in (("plan", "--hub", "sandbox:"), ("validate",), ("validate", "--format", "github")):
        done = bo_sync(root, *arguments, "--redact")
        assert done.code == 3
        assert not KNOWN.search(done.out + done.err), done


def test_a_redacted_difference_names_nobody(root: Path) -> None:
    for command in (("init", "-q"), ("add", "users", "bo-sync.yaml"), ("commit", "-q", "-m", "x")):
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
        subprocess.run(("git", *identity, *command), cwd=root, check=True)
    write(root, {"users/zelda.yaml": file("zelda@example.com", "modules: {pricing: owner}", first="Zelda")})
    for form in ("text", "json", "markdown", "csv"):
        done = bo_sync(root, "diff", "--redact", "--format", form)
        assert done.code == 0
        assert "person-" in done.out
        assert not KNOWN.search(done.out + done.err), done
    refused = bo_sync(root, "validate", "--base", "HEAD", "--redact")
    assert not KNOWN.search(refused.out + refused.err), refused


def test_pseudonyms_follow_the_key_alone(root: Path) -> None:
    keys = (None, "one", "one", "two")
    told = [bo_sync(root, "users", "--redact", env={"BO_SYNC_REDACT_KEY": key} if key else {}).out for key in keys]
    assert told[1] == told[2]
    assert len(set(told)) == 3


def test_a_redacted_plan_is_not_saved_and_not_applied(root: Path) -> None:
    refused = plan(root, "--redact", "--out", "plan.json")
    assert refused.code == 64
    assert "a plan with pseudonyms cannot be applied" in refused.err
    assert not (root / "plan.json").exists()
    (root / "plan.json").write_text(plan(root, "--redact", "--format", "json").out)
    assert bo_sync(root, "apply", "plan.json", "--hub", "sandbox:", "--yes").code == 6
