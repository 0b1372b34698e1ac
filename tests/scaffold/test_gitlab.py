"""What keeps the jobs of the pipeline for GitLab apart, read from its own YAML, as `test_github.py` does for GitHub.

`test_steps.py` and `tests/end_to_end/test_gitlab_pipeline.py` run their scripts.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bo_sync.cli.commands.init import templates
from tests.support.workflow_text import Node, mapping, nodes, read, texts

FILES = {one.path: one.text for one in templates(("gitlab",))}
TEXT = FILES["ci/bo-sync.gitlab-ci.yml"]
PIPELINE = {name: mapping(node) for name, node in read(TEXT).items()}
MAIN = "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && "
MERGE_REQUEST = '$CI_PIPELINE_SOURCE == "merge_request_event"'
LOOK = {"name": "bo-sync-plan", "action": "access"}


@dataclass(frozen=True, slots=True)
class Trust:
    """What a job is given, when it runs (each condition, and whether somebody starts it), and whom it waits for."""

    stage: str
    environment: Mapping[str, str]
    rules: tuple[tuple[str, str], ...]
    group: str = ""
    needs: tuple[str, ...] = ()


TRUST = {
    "bo-sync:intent": Trust("test", {}, ((MERGE_REQUEST, ""),)),
    "bo-sync:plan": Trust(
        "test", LOOK, ((f"{MERGE_REQUEST} && $CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID", ""),)
    ),
    "bo-sync:plan-to-apply": Trust(
        "build",
        LOOK,
        (
            (f'{MAIN}$CI_PIPELINE_SOURCE == "push"', ""),
            (f'{MAIN}$BO_SYNC_TASK == "apply"', ""),
            (f'{MAIN}$BO_SYNC_TASK == "expired"', ""),
        ),
    ),
    "bo-sync:apply": Trust(
        "deploy",
        {"name": "bo-sync-apply"},
        (
            (f'{MAIN}$BO_SYNC_TASK == "expired"', ""),
            (f'{MAIN}($CI_PIPELINE_SOURCE == "push" || $BO_SYNC_TASK == "apply")', "manual"),
        ),
        "bo-sync-apply",
        ("bo-sync:plan-to-apply",),
    ),
    "bo-sync:drift": Trust("test", LOOK, ((f'{MAIN}$BO_SYNC_TASK == "drift"', ""),)),
    "bo-sync:pull": Trust("test", LOOK, ((f'{MAIN}$BO_SYNC_TASK == "pull"', ""),)),
}
READERS = {"bo-sync:plan": "developer", "bo-sync:plan-to-apply": "developer", "bo-sync:apply": "maintainer"}
"""Who may read what a job leaves behind that names users; the reports of the intent say what the files say."""


def job(name: str) -> Mapping[str, Node]:
    """A job with what it extends."""
    own = PIPELINE[name]
    return {**(job(str(own["extends"])) if "extends" in own else {}), **own}


def script(name: str) -> str:
    return "\n".join(str(line) for line in nodes(PIPELINE[name]["script"]))


def test_each_job_has_the_environment_the_rules_and_the_order_that_its_trust_allows() -> None:
    found = {
        name: Trust(
            str(job(name)["stage"]),
            texts(job(name).get("environment")),
            tuple((texts(rule)["if"], texts(rule).get("when", "")) for rule in nodes(job(name)["rules"])),
            str(job(name).get("resource_group", "")),
            tuple(str(each) for each in nodes(job(name).get("needs", ()))),
        )
        for name in PIPELINE
        if not name.startswith(".")
    }
    assert found == TRUST


def test_the_pipeline_is_included_and_its_reports_are_those_that_the_jobs_write() -> None:
    assert read(FILES[".gitlab-ci.yml"]) == {"include": [{"local": "ci/bo-sync.gitlab-ci.yml"}]}
    for name, reports in (("intent", ("codequality", "junit")), ("plan", ("terraform",))):
        found = texts(mapping(PIPELINE[f"bo-sync:{name}"]["artifacts"])["reports"])
        assert tuple(found) == reports
        assert all(f"={path}" in script(f"bo-sync:{name}") for path in found.values())


def test_what_names_users_is_not_for_everybody_to_read() -> None:
    kept = {name: mapping(node["artifacts"]) for name, node in PIPELINE.items() if "artifacts" in node}
    assert {name: each["access"] for name, each in kept.items() if "access" in each} == READERS
    assert kept.keys() - READERS.keys() == {"bo-sync:intent"}
    assert {name for name, each in kept.items() if each.get("when") == "always"} == {
        "bo-sync:intent",
        "bo-sync:plan",
        "bo-sync:apply",
    }


def test_the_plan_that_is_applied_is_the_one_that_was_kept() -> None:
    assert mapping(PIPELINE["bo-sync:plan-to-apply"]["artifacts"])["paths"] == [".bo-sync/plan.json"]
    assert [name for name in TRUST if "bo-sync apply" in script(name)] == ["bo-sync:apply"]


def test_every_job_has_the_whole_history() -> None:
    assert {str(mapping(job(name)["variables"]).get("GIT_DEPTH", "0")) for name in TRUST} == {"0"}
    assert mapping(PIPELINE[".bo-sync"]["variables"])["GIT_DEPTH"] == "0"


def test_no_module_that_lies_in_the_repository_is_run() -> None:
    lines = [str(line) for line in nodes(PIPELINE[".bo-sync"]["before_script"])]
    lines += [line for name in TRUST for line in script(name).splitlines()]
    calls = [call for line in lines for call in re.findall(r"\bpython\d? .*", line)]
    assert [call.partition(" install ")[0] for call in calls] == ["python -I -m pip"]


def test_a_proposal_holds_users_alone_and_opens_a_merge_request_into_the_default_branch() -> None:
    lines = [line.strip(" \\") for line in script("bo-sync:pull").splitlines()]
    assert [line for line in lines if line.startswith("git add")] == ["git add -- users"]
    asked = [line for line in lines if "merge_request.create" in line]
    assert asked == ['push --quiet --force -o merge_request.create -o merge_request.target="$CI_DEFAULT_BRANCH"']


def test_no_key_or_address_stands_in_the_pipeline() -> None:
    commands = "\n".join(line for line in TEXT.splitlines() if not line.startswith("#"))
    assert "BO_SYNC_API_KEY" not in commands
    assert "BO_SYNC_HUB_URL" not in commands
