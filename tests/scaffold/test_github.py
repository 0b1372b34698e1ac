"""What keeps the workflows of GitHub apart that run at two levels of trust, read from their own YAML.

`test_steps.py` and `tests/end_to_end/test_workflows.py` run their scripts. What only the forge enforces (conditions,
order, which key a job sees) is compared here, whole: what is added, removed or weakened changes one of these tables.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bo_sync.cli.commands.init import templates
from tests.support.workflow_text import Node, mapping, nodes, read, texts

ON_THE_DEFAULT_BRANCH = "github.ref == format('refs/heads/{0}', github.event.repository.default_branch)"
FILES = {one.path.rpartition("/")[2]: one.text for one in templates(("github",)) if one.path.startswith(".github/")}
WORKFLOWS = {name: read(text) for name, text in FILES.items() if name != "action.yml"}
ACTION = read(FILES["action.yml"])


@dataclass(frozen=True, slots=True)
class Trust:
    """What a job is given, and when it runs at all."""

    permissions: Mapping[str, str]
    environment: str = ""
    condition: str = ""
    group: Mapping[str, str] = field(default_factory=dict)
    after: str = ""


READ = {"contents": "read"}
TRUST = {
    ("bo-sync-pull-request.yml", "intent"): Trust(READ),
    ("bo-sync-pull-request.yml", "plan"): Trust(
        {**READ, "pull-requests": "write"},
        "bo-sync-plan",
        "github.event.pull_request.head.repo.full_name == github.repository",
    ),
    ("bo-sync-apply.yml", "plan"): Trust(
        READ, "bo-sync-plan", f"github.event_name == 'schedule' || {ON_THE_DEFAULT_BRANCH}"
    ),
    ("bo-sync-apply.yml", "apply"): Trust(
        READ,
        "bo-sync-apply",
        "needs.plan.outputs.has_changes == 'true'",
        {"group": "bo-sync-apply", "cancel-in-progress": "false"},
        after="plan",
    ),
    ("bo-sync-drift.yml", "drift"): Trust(
        {**READ, "issues": "write"},
        "bo-sync-plan",
        f"github.event_name == 'schedule' || {ON_THE_DEFAULT_BRANCH}",
    ),
    ("bo-sync-pull.yml", "pull"): Trust(
        {"contents": "write", "pull-requests": "write"}, "bo-sync-plan", ON_THE_DEFAULT_BRANCH
    ),
}
TRIGGERS = {
    "bo-sync-pull-request.yml": {"pull_request"},
    "bo-sync-apply.yml": {"push", "schedule", "workflow_dispatch"},
    "bo-sync-drift.yml": {"schedule", "workflow_dispatch"},
    "bo-sync-pull.yml": {"workflow_dispatch"},
}
GROUPS = {
    "bo-sync-pull-request.yml": ("bo-sync-pull-request-${{ github.event.pull_request.number }}", "true"),
    "bo-sync-apply.yml": ("bo-sync-apply-${{ github.event_name == 'schedule' && 'night' || 'merge' }}", "false"),
    "bo-sync-drift.yml": ("bo-sync-drift", "false"),
    "bo-sync-pull.yml": ("bo-sync-pull", "false"),
}
DEPTHS = {
    ("bo-sync-pull-request.yml", "intent"): "2",
    ("bo-sync-pull-request.yml", "plan"): "0",
    ("bo-sync-apply.yml", "plan"): "0",
    ("bo-sync-apply.yml", "apply"): "0",
    ("bo-sync-drift.yml", "drift"): "0",
    ("bo-sync-pull.yml", "pull"): "",
}
"""How much of the history a job has: the merge and its base, all of it, or the last commit alone."""
EXIT = "steps.validate.outputs.exitcode"
CONDITIONS = {
    "Say who gains and who loses what": f"${{{{ !cancelled() && ({EXIT} == '0' || {EXIT} == '4') }}}}",
    "Comment it, also when it is refused": "${{ !cancelled() && steps.plan.outputs.digest != '' }}",
    "Say that there is no plan, lest an older one is taken for it": (
        "${{ !cancelled() && steps.plan.outputs.exitcode != '' && steps.plan.outputs.digest == '' }}"
    ),
    "Keep the plan for the job that applies it": "steps.plan.outputs.has_changes == 'true'",
    "Fail when only blocked users are left": (
        "steps.plan.outputs.exitcode == '4' && steps.plan.outputs.has_changes != 'true'"
    ),
    "Keep the journal, whatever happened": "always()",
    "Get Python": "steps.there.outputs.found != 'true'",
    "Install bo-sync": "steps.there.outputs.found != 'true'",
    "Run the command": "inputs.command != ''",
}
"""The steps that do not simply run while nothing has failed."""


def jobs() -> Iterator[tuple[tuple[str, str], Mapping[str, Node]]]:
    for name, workflow in WORKFLOWS.items():
        for job, node in mapping(workflow["jobs"]).items():
            yield (name, job), mapping(node)


def steps_of(node: Mapping[str, Node]) -> list[Mapping[str, Node]]:
    return [mapping(step) for step in nodes(node["steps"])]


def all_steps() -> list[Mapping[str, Node]]:
    return [step for holder in (*(node for _, node in jobs()), mapping(ACTION["runs"])) for step in steps_of(holder)]


def step_called(place: tuple[str, str], name: str) -> Mapping[str, Node]:
    return next(step for step in steps_of(dict(jobs())[place]) if step.get("name") == name)


def test_each_job_has_the_key_the_permissions_and_the_condition_that_its_trust_allows() -> None:
    found = {
        place: Trust(
            texts(node["permissions"]),
            str(node.get("environment", "")),
            str(node.get("if", "")),
            texts(node.get("concurrency")),
            str(node.get("needs", "")),
        )
        for place, node in jobs()
    }
    assert found == TRUST


def test_a_workflow_starts_for_these_events_alone_and_gives_nothing_to_all_of_its_jobs() -> None:
    assert {name: set(mapping(workflow["on"])) for name, workflow in WORKFLOWS.items()} == TRIGGERS
    assert {str(workflow["permissions"]) for workflow in WORKFLOWS.values()} == {"{}"}
    assert not [name for name, workflow in WORKFLOWS.items() if "env" in workflow or "defaults" in workflow]


def test_only_merges_into_a_default_branch_apply() -> None:
    push = mapping(mapping(WORKFLOWS["bo-sync-apply.yml"]["on"])["push"])
    assert push == {"branches": ["main", "master"]}


def test_a_night_and_a_merge_wait_apart_and_apply_one_at_a_time() -> None:
    found = {name: texts(workflow["concurrency"]) for name, workflow in WORKFLOWS.items()}
    assert {name: (each["group"], each["cancel-in-progress"]) for name, each in found.items()} == GROUPS


def test_a_key_is_named_in_jobs_with_an_environment_alone_and_only_as_the_input_of_the_action() -> None:
    for place, node in jobs():
        named = [step for step in steps_of(node) if "secrets." in str(step)]
        assert bool(named) is ("environment" in node), place
        assert [step["uses"] for step in named] == ["./.github/actions/bo-sync"] * len(named), place
        assert [texts(step["with"])["api-key"] for step in named] == ["${{ secrets.BO_SYNC_API_KEY }}"] * len(named)


def test_what_somebody_typed_reaches_the_action_as_guardrails_and_never_among_the_arguments() -> None:
    typed = [
        (place, name)
        for place, node in jobs()
        for step in steps_of(node)
        for name, text in texts(step.get("with")).items()
        if "inputs." in text
    ]
    assert typed == [(("bo-sync-apply.yml", "plan"), "allow"), (("bo-sync-apply.yml", "apply"), "allow")]


def test_no_module_that_lies_in_the_repository_is_run() -> None:
    """Code there would reach the key, and whoever guards `.github` alone would not see it coming."""
    calls = [call for step in all_steps() for call in re.findall(r"\bpython\d? .*", str(step.get("run", "")))]
    assert [call.partition(" install ")[0] for call in calls] == ["python -I -m pip"]


def test_no_script_has_an_expression_in_it() -> None:
    assert not [step for step in all_steps() if "${{" in str(step.get("run", ""))]


def test_every_action_of_others_is_githubs_own_and_pinned_by_a_commit() -> None:
    used = {str(step["uses"]) for step in all_steps() if "uses" in step}
    pinned = {name for name in used if re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", name)}
    assert used - pinned == {"./.github/actions/bo-sync"}
    assert len({name.partition("@")[0] for name in pinned}) == len(pinned)


def test_a_checkout_leaves_no_token_and_has_the_history_that_its_job_needs() -> None:
    found: dict[tuple[str, str], str] = {}
    for place, node in jobs():
        first = steps_of(node)[0]
        assert str(first["uses"]).startswith("actions/checkout@")
        given = texts(first["with"])
        assert given["persist-credentials"] == "false"
        assert given.keys() <= {"persist-credentials", "fetch-depth"}
        found[place] = given.get("fetch-depth", "")
    assert found == DEPTHS


def test_a_proposal_holds_users_alone_and_a_fork_cannot_keep_it_from_being_made() -> None:
    script = str(step_called(("bo-sync-pull.yml", "pull"), "Propose it")["run"])
    assert [line.strip() for line in script.splitlines() if "git add" in line] == ["git add -- users"]
    assert "map(select(.isCrossRepository | not))" in script


def test_no_job_runs_for_hours() -> None:
    assert all(int(str(node["timeout-minutes"])) <= 60 for _, node in jobs())


def test_a_step_is_run_on_its_condition() -> None:
    assert {step["name"]: step["if"] for step in all_steps() if "if" in step} == CONDITIONS


def test_an_output_comes_from_the_step_that_its_name_says() -> None:
    found = {
        "validate": step_called(
            ("bo-sync-pull-request.yml", "intent"), "Check the files, and what of them may not change like this"
        ),
        "plan": step_called(("bo-sync-apply.yml", "plan"), "Plan"),
    }
    assert {name: step["id"] for name, step in found.items()} == {"validate": "validate", "plan": "plan"}
    outputs = texts(dict(jobs())["bo-sync-apply.yml", "plan"]["outputs"])
    assert outputs == {"has_changes": "${{ steps.plan.outputs.has_changes }}"}


def test_the_plan_that_is_applied_is_the_one_that_was_kept_and_both_are_kept_for_a_while() -> None:
    kept = texts(step_called(("bo-sync-apply.yml", "plan"), "Keep the plan for the job that applies it")["with"])
    taken = next(
        texts(step["with"])
        for step in steps_of(dict(jobs())["bo-sync-apply.yml", "apply"])
        if str(step.get("uses", "")).startswith("actions/download-artifact@")
    )
    assert kept == {
        "name": "bo-sync-plan",
        "path": "${{ runner.temp }}/plan.json",
        "if-no-files-found": "error",
        "retention-days": "7",
    }
    assert taken == {"name": "bo-sync-plan", "path": "${{ runner.temp }}/plan"}
    journal = texts(step_called(("bo-sync-apply.yml", "apply"), "Keep the journal, whatever happened")["with"])
    assert journal == {
        "name": "bo-sync-journal",
        "path": ".bo-sync/journal/",
        "include-hidden-files": "true",
        "if-no-files-found": "ignore",
    }


def test_each_output_of_the_action_is_the_one_of_that_name_that_the_command_sets() -> None:
    names = ["exitcode", "has_changes", "creates", "updates", "deletes", "grants_gained", "grants_lost", "digest"]
    found = {name: texts(node)["value"] for name, node in mapping(ACTION["outputs"]).items()}
    assert found == {name: f"${{{{ steps.run.outputs.{name} }}}}" for name in names}
