"""What keeps the jobs of the pipeline for GitLab apart, read from its own YAML, as `test_github.py` does for GitHub.

`tests/end_to_end/test_gitlab_pipeline.py` runs them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bo_sync.cli.scaffold import templates
from tests.support.workflow_text import Node, mapping, nodes, read, texts

TEXT = next(one.text for one in templates(("gitlab",)) if one.path == "ci/bo-sync.gitlab-ci.yml")
PIPELINE = {name: mapping(node) for name, node in read(TEXT).items()}
MAIN = "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && "
MERGE_REQUEST = '$CI_PIPELINE_SOURCE == "merge_request_event"'
LOOK = {"name": "bo-sync-plan", "action": "access"}


@dataclass(frozen=True, slots=True)
class Trust:
    """What a job is given, when it runs (each condition, and whether somebody starts it), and whom it waits for."""

    environment: Mapping[str, str]
    rules: tuple[tuple[str, str], ...]
    group: str = ""
    needs: tuple[str, ...] = ()


TRUST = {
    "bo-sync:intent": Trust({}, ((MERGE_REQUEST, ""),)),
    "bo-sync:plan": Trust(LOOK, ((f"{MERGE_REQUEST} && $CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID", ""),)),
    "bo-sync:plan-to-apply": Trust(
        LOOK,
        (
            (f'{MAIN}$CI_PIPELINE_SOURCE == "push"', ""),
            (f'{MAIN}$BO_SYNC_TASK == "apply"', ""),
            (f'{MAIN}$BO_SYNC_TASK == "expired"', ""),
        ),
    ),
    "bo-sync:apply": Trust(
        {"name": "bo-sync-apply"},
        (
            (f'{MAIN}$BO_SYNC_TASK == "expired"', ""),
            (f'{MAIN}($CI_PIPELINE_SOURCE == "push" || $BO_SYNC_TASK == "apply")', "manual"),
        ),
        "bo-sync-apply",
        ("bo-sync:plan-to-apply",),
    ),
    "bo-sync:drift": Trust(LOOK, ((f'{MAIN}$BO_SYNC_TASK == "drift"', ""),)),
    "bo-sync:pull": Trust(LOOK, ((f'{MAIN}$BO_SYNC_TASK == "pull"', ""),)),
}
READERS = {"bo-sync:plan": "developer", "bo-sync:plan-to-apply": "developer", "bo-sync:apply": "maintainer"}
"""Who may read what a job leaves behind that names people; the reports of the intent say what the files say."""


def job(name: str) -> Mapping[str, Node]:
    """A job with what it extends."""
    own = PIPELINE[name]
    return {**(job(str(own["extends"])) if "extends" in own else {}), **own}


def script(name: str) -> str:
    return "\n".join(str(line) for line in nodes(PIPELINE[name]["script"]))


def test_each_job_has_the_environment_the_rules_and_the_order_that_its_trust_allows() -> None:
    found = {
        name: Trust(
            texts(job(name).get("environment")),
            tuple((texts(rule)["if"], texts(rule).get("when", "")) for rule in nodes(job(name)["rules"])),
            str(job(name).get("resource_group", "")),
            tuple(str(each) for each in nodes(job(name).get("needs", ()))),
        )
        for name in PIPELINE
        if not name.startswith(".")
    }
    assert found == TRUST


def test_what_names_people_is_not_for_everybody_to_read() -> None:
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
    assert script("bo-sync:plan-to-apply").startswith("exitcode=0\nbo-sync plan --out .bo-sync/plan.json ")
    assert script("bo-sync:apply").startswith("bo-sync apply .bo-sync/plan.json --yes ")
    assert [name for name in TRUST if "bo-sync apply" in script(name)] == ["bo-sync:apply"]


def test_the_plan_to_apply_accepts_exit_code_4_for_expired_access_only() -> None:
    accepting = 'test "$exitcode" = 0 || test "$BO_SYNC_TASK:$exitcode" = expired:4 || exit "$exitcode"'
    assert script("bo-sync:plan-to-apply").endswith(f" || exitcode=$?\n{accepting}")
    assert [name for name in TRUST if "expired:4" in script(name)] == ["bo-sync:plan-to-apply"]


def test_the_intent_is_compared_with_the_base_and_every_job_has_the_whole_history() -> None:
    intent = script("bo-sync:intent")
    assert "base=${CI_MERGE_REQUEST_TARGET_BRANCH_SHA:-$CI_MERGE_REQUEST_DIFF_BASE_SHA}\n" in intent
    assert ('bo-sync validate --base "$base" ' in intent, 'bo-sync diff "$base"' in intent) == (True, True)
    plan = script("bo-sync:plan")
    assert plan.splitlines()[1] in intent
    assert plan.splitlines()[1].startswith("base=")
    assert 'bo-sync plan --base "$base" --out ' in plan
    assert {str(mapping(job(name)["variables"]).get("GIT_DEPTH", "0")) for name in TRUST} == {"0"}
    assert mapping(PIPELINE[".bo-sync"]["variables"])["GIT_DEPTH"] == "0"


def test_no_module_that_lies_in_the_repository_is_run() -> None:
    lines = [str(line) for line in nodes(PIPELINE[".bo-sync"]["before_script"])]
    lines += [line for name in TRUST for line in script(name).splitlines()]
    calls = [call for line in lines for call in re.findall(r"\bpython\d? .*", line)]
    assert [call.partition(" install ")[0] for call in calls] == ["python -I -m pip"]


def test_a_proposal_holds_people_alone_and_opens_a_merge_request_into_the_default_branch() -> None:
    lines = [line.strip(" \\") for line in script("bo-sync:pull").splitlines()]
    assert [line for line in lines if line.startswith("git add")] == ["git add -- users"]
    asked = [line for line in lines if "merge_request.create" in line]
    assert asked == ['push --quiet --force -o merge_request.create -o merge_request.target="$CI_DEFAULT_BRANCH"']


def test_no_key_or_address_stands_in_the_pipeline() -> None:
    commands = "\n".join(line for line in TEXT.splitlines() if not line.startswith("#"))
    assert "BO_SYNC_API_KEY" not in commands
    assert "BO_SYNC_HUB_URL" not in commands
