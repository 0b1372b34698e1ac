"""The workflows that `init` writes, each run step by step from its own YAML, by a team that uses them for the first
time.

A repository is begun from a hub, and on it happens what happens to any: somebody joins, an address changes, half the
team is deleted, things are merged, somebody changes the hub by hand. The comments are golden files.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bo_sync import __version__
from bo_sync.errors import ExitCode
from bo_sync.sandbox.baseline import VIEWER_KEY
from tests.end_to_end.office import SELLERS, Office, asked_of, office, on_main, plain
from tests.support.golden import check_golden
from tests.support.process import bo_sync, write
from tests.support.runner import Job

HANA = "email: hana@example.com\nfirst_name: Hana\nlast_name: Sato\npreset: sales-representative\n"


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as made:
        yield made


def steady(text: str) -> str:
    """Text without what differs from run to run: the port, commits, digests, the day."""
    for pattern, instead in (
        (r"127\.0\.0\.1(:|&#58;)\d+", r"127.0.0.1\g<1>8080"),
        (r"sha256(:|&#58;)[0-9a-f]{64}", r"sha256\g<1>0123456789abcdef"),
        (r"\b[0-9a-f]{10}\b", "0123456789"),
        (r"\b20\d\d-\d\d-\d\d\b", "2026-06-01"),
    ):
        text = re.sub(pattern, instead, text)
    return text


def file_of(team: Office, name: str) -> str:
    return (team.desk / "users" / f"{name}@example.com.yaml").read_text(encoding="utf-8")


def ended(jobs: dict[str, Job]) -> dict[str, str]:
    return {name: job.conclusion for name, job in jobs.items()}


def emails(team: Office) -> set[str]:
    return {person["email"] for person in team.hub.holds()["users"]}


def test_init_and_a_first_commit_leave_nothing_to_apply_and_no_drift(team: Office) -> None:
    jobs = team.runs("bo-sync-apply", on_main("push"))
    assert ended(jobs) == {"plan": "success", "apply": "skipped"}, jobs["plan"].log
    assert jobs["plan"].outputs == {"has_changes": "false"}
    assert ended(team.runs("bo-sync-drift", on_main("schedule"))) == {"drift": "success"}
    assert team.forge.issues == []


def test_a_pull_request_that_adds_a_person_is_told_what_it_gives(team: Office) -> None:
    team.proposes("hana", {"users/hana.yaml": HANA})
    jobs = team.pull_request()
    assert ended(jobs) == {"intent": "success", "plan": "success"}, jobs["intent"].log + jobs["plan"].log
    (comment,) = team.forge.comments
    check_golden("workflow-adds.md", steady(comment.body))
    check_golden("workflow-adds-intent.md", steady(jobs["intent"].summary))
    assert jobs["plan"].summary.startswith("<!-- bo-sync:plan http://127.0.0.1:")
    assert "hana@example.com" not in emails(team)


def test_a_pull_request_that_is_pushed_to_again_keeps_its_one_comment(team: Office) -> None:
    team.proposes("hana", {"users/hana.yaml": HANA})
    team.pull_request()
    team.proposes("hana", {"users/hana.yaml": HANA.replace("Sato", "Suzuki")})
    team.pull_request()
    (comment,) = team.forge.comments
    assert "Suzuki" in comment.body


def test_a_pull_request_that_renames_an_address_is_refused_and_told_what_to_do_instead(team: Office) -> None:
    renamed = file_of(team, "bea").replace("bea@example.com", "beatrix@example.com")
    team.proposes("bea", {"users/bea@example.com.yaml": renamed})
    jobs = team.pull_request()
    assert ended(jobs) == {"intent": "failure", "plan": "failure"}
    assert "::error file=users/bea@example.com.yaml,line=1," in jobs["intent"].log
    (comment,) = team.forge.comments
    assert "keep the file of bea@example.com with `state: absent`" in plain(comment.body)
    check_golden("workflow-renames.md", steady(comment.body))
    check_golden("workflow-renames-intent.md", steady(jobs["intent"].summary))


def test_a_pull_request_that_deletes_half_the_team_is_refused(team: Office) -> None:
    gone = {
        f"users/{name}@example.com.yaml": f"{file_of(team, name).splitlines()[0]}\nstate: absent\n"
        for name in SELLERS[:4]
    }
    team.proposes("half", gone)
    jobs = team.pull_request()
    assert ended(jobs) == {"intent": "success", "plan": "failure"}
    (comment,) = team.forge.comments
    check_golden("workflow-deletes-half.md", steady(comment.body))
    assert "4 deletions, limit 1" in plain(comment.body)
    assert "pass --allow max_user_deletes=4" in plain(comment.body)


def test_a_pull_request_that_weakens_a_guard_is_told_so_first(team: Office) -> None:
    weaker = (team.desk / "bo-sync.yaml").read_text(encoding="utf-8").replace("unmanaged: report", "unmanaged: ignore")
    team.proposes("guard", {"bo-sync.yaml": weaker, "users/hana.yaml": HANA})
    jobs = team.pull_request()
    assert ended(jobs) == {"intent": "success", "plan": "success"}, jobs["plan"].log
    (comment,) = team.forge.comments
    for text in (comment.body, jobs["plan"].summary):
        first = next(part for part in text.split("\n#### ")[1:])
        assert first.startswith("Guards loosened (1)\n")
        assert "unmanaged | report | ignore" in plain(first)
    annotations = [line for line in jobs["plan"].log.splitlines() if line.startswith("::")]
    assert annotations[0].startswith("::warning title=a guard is loosened since the base::unmanaged: ")


def test_a_pull_request_that_just_removes_half_the_files_is_refused_without_asking_the_hub(team: Office) -> None:
    team.proposes("half", {f"users/{name}@example.com.yaml": None for name in SELLERS[:4]})
    jobs = team.pull_request(fork=True)
    assert ended(jobs) == {"intent": "failure", "plan": "skipped"}
    assert "Refused by removed_file" in plain(jobs["intent"].summary)


def test_a_fork_gets_the_intent_and_nothing_that_needs_a_secret(team: Office) -> None:
    team.proposes("hana", {"users/hana.yaml": HANA})
    jobs = team.pull_request(fork=True)
    assert ended(jobs) == {"intent": "success", "plan": "skipped"}
    assert "hana@example.com" in plain(jobs["intent"].summary)
    assert team.forge.heard == []


def test_files_that_cannot_be_read_are_annotated_and_the_verdict_of_an_older_plan_does_not_stay(team: Office) -> None:
    team.proposes("hana", {"users/hana.yaml": HANA})
    team.pull_request()
    assert "1 person, 4 grants" in plain(team.forge.comments[0].body)
    team.proposes("typo", {"users/hana.yaml": HANA.replace("preset", "prest")})
    jobs = team.pull_request()
    assert ended(jobs) == {"intent": "failure", "plan": "failure"}
    assert "::error file=users/hana.yaml,line=4," in jobs["intent"].log
    assert jobs["intent"].step("Say who gains and who loses what").outcome == "skipped"
    (comment,) = team.forge.comments
    check_golden("workflow-without-a-plan.md", steady(comment.body))


def test_a_merge_applies_exactly_the_plan_that_was_shown_and_then_there_is_nothing_to_do(team: Office) -> None:
    team.merges(team.proposes("hana", {"users/hana.yaml": HANA}))
    jobs = team.runs("bo-sync-apply", on_main("push"))
    assert ended(jobs) == {"plan": "success", "apply": "success"}, jobs["apply"].log
    assert "hana@example.com" in emails(team)
    artifacts = team.site.scratch.with_name("jobs-artifacts")
    shown: dict[str, object] = json.loads((artifacts / "bo-sync-plan" / "plan.json").read_text())
    (journal,) = (artifacts / "bo-sync-journal").glob("*.jsonl")
    assert str(shown["digest"]) in journal.read_text()
    assert ended(team.runs("bo-sync-apply", on_main("push"))) == {"plan": "success", "apply": "skipped"}


def test_a_plan_that_no_longer_holds_when_it_is_let_through_is_not_applied(team: Office) -> None:
    team.merges(team.proposes("hana", {"users/hana.yaml": HANA}))
    meanwhile = {"apply": lambda: team.changes_by_hand("bea@example.com", lastName="Director")}
    jobs = team.runs("bo-sync-apply", on_main("push"), meanwhile)
    assert ended(jobs) == {"plan": "success", "apply": "failure"}
    assert "the saved plan is not what would be done now" in jobs["apply"].log
    assert "hana@example.com" not in emails(team)


@pytest.mark.parametrize("is_sound", [False, True], ids=["altered by hand", "a sound plan for other files"])
def test_a_plan_that_is_swapped_before_it_is_applied_is_not_applied(is_sound: bool, team: Office) -> None:
    team.merges(team.proposes("hana", {"users/hana.yaml": HANA}))
    kept = team.site.scratch.with_name("jobs-artifacts") / "bo-sync-plan" / "plan.json"
    other = team.desk.parent / "other.json"
    write(team.desk, {"users/eve.yaml": HANA.replace("hana", "eve")})
    assert bo_sync(team.desk, "plan", "--out", str(other), env=team.hub.env(VIEWER_KEY)).code == ExitCode.OK

    def swap() -> None:
        shown = kept.read_text(encoding="utf-8")
        kept.write_text(other.read_text(encoding="utf-8") if is_sound else shown.replace("hana@", "eve@"))

    jobs = team.runs("bo-sync-apply", on_main("push"), {"apply": swap})
    assert ended(jobs) == {"plan": "success", "apply": "failure"}
    assert emails(team).isdisjoint({"hana@example.com", "eve@example.com"})


def test_a_refused_plan_is_applied_only_by_hand_with_the_number_that_is_meant(team: Office) -> None:
    gone = {f"users/{name}@example.com.yaml": f"email: {name}@example.com\nstate: absent\n" for name in SELLERS[:4]}
    team.merges(team.proposes("half", gone))
    assert ended(team.runs("bo-sync-apply", on_main("push"))) == {"plan": "failure", "apply": "skipped"}
    jobs = team.runs("bo-sync-apply", on_main("workflow_dispatch", allow="max_user_deletes=4"))
    assert ended(jobs) == {"plan": "success", "apply": "success"}, jobs["plan"].log
    assert emails(team) == {f"{name}@example.com" for name in ("anna", "omar", *SELLERS[4:])}


def test_two_guardrails_are_passed_by_hand_in_one_run(team: Office) -> None:
    gone = {f"users/{name}@example.com.yaml": f"email: {name}@example.com\nstate: absent\n" for name in SELLERS[:4]}
    team.merges(team.proposes("half", gone))
    event = on_main("workflow_dispatch", allow="max_grant_losses=9 max_user_deletes=4")
    jobs = team.runs("bo-sync-apply", event)
    assert ended(jobs) == {"plan": "success", "apply": "success"}, jobs["plan"].log


@pytest.mark.parametrize("between", ["\n", " "], ids=["a line break", "a blank"])
def test_who_starts_an_apply_by_hand_can_pass_guardrails_and_give_no_other_argument(between: str, team: Office) -> None:
    team.merges(team.proposes("hana", {"users/hana.yaml": HANA}))
    typed = between.join(["max_user_deletes=4", "--hub", "http://127.0.0.1:9/"])
    jobs = team.runs("bo-sync-apply", on_main("workflow_dispatch", allow=typed))
    assert ended(jobs) == {"plan": "failure", "apply": "skipped"}
    assert "error: Invalid value for '--allow': '--hub' is not a guardrail" in jobs["plan"].log


@pytest.mark.parametrize("workflow", ["bo-sync-apply", "bo-sync-drift", "bo-sync-pull"])
def test_a_tag_with_the_name_of_the_default_branch_is_not_that_branch(workflow: str, team: Office) -> None:
    team.git("push", "--quiet", "origin", "main:refs/tags/main")
    event = replace(on_main("workflow_dispatch", allow=""), ref="refs/tags/main")
    assert set(ended(team.runs(workflow, event)).values()) == {"skipped"}


def test_nothing_is_planned_or_applied_for_another_branch(team: Office) -> None:
    team.proposes("hana", {"users/hana.yaml": HANA})
    event = replace(on_main("workflow_dispatch", allow=""), ref="refs/heads/hana")
    assert ended(team.runs("bo-sync-apply", event)) == {"plan": "skipped", "apply": "skipped"}


def test_each_night_what_has_ended_is_taken_back_and_nothing_else_is_touched(team: Office) -> None:
    until = "modules:\n  pricing:\n    access: viewer\n    until: 2020-01-01\n"
    ended_files = {
        "users/bea@example.com.yaml": f"{file_of(team, 'bea')}{until}",
        "users/cas@example.com.yaml": f"{file_of(team, 'cas')}until: 2020-01-01\n",
    }
    team.merges(team.proposes("ends", ended_files))
    team.grants_by_hand("bea@example.com", "pricing")
    team.changes_by_hand("dora@example.com", lastName="Director")
    jobs = team.runs("bo-sync-apply", on_main("schedule"))
    assert ended(jobs) == {"plan": "success", "apply": "success"}, jobs["plan"].log
    people = {person["email"]: person for person in team.hub.holds()["users"]}
    assert "cas@example.com" not in people
    assert people["dora@example.com"]["lastName"] == "Director"
    assert {"definition": "pricing", "access": "NONE"}.items() <= people["bea@example.com"]["roles"][-1].items()


def test_a_blocked_expired_user_does_not_stop_the_nightly_revoke_of_the_others(team: Office) -> None:
    until = "modules:\n  pricing:\n    access: viewer\n    until: 2020-01-01\n"
    expired = {
        "users/bea@example.com.yaml": f"{file_of(team, 'bea')}{until}",
        "users/cas@example.com.yaml": f"{file_of(team, 'cas')}until: 2020-01-01\n",
    }
    team.merges(team.proposes("expires", expired))
    team.grants_by_hand("bea@example.com", "pricing")
    team.has_twin("cas@example.com")
    jobs = team.runs("bo-sync-apply", on_main("schedule"))
    assert ended(jobs) == {"plan": "success", "apply": "failure"}, jobs["plan"].log
    assert team.access("bea@example.com", "pricing") == "NONE"
    assert {"cas@example.com", "CAS@example.com"} <= emails(team)
    again = team.runs("bo-sync-apply", on_main("schedule"))
    assert ended(again) == {"plan": "failure", "apply": "skipped"}, "only the blocked user is left"


def test_a_nightly_plan_that_is_blocked_as_a_whole_changes_nothing_and_the_run_is_red(team: Office) -> None:
    expired = {f"users/{name}@example.com.yaml": f"{file_of(team, name)}until: 2020-01-01\n" for name in SELLERS[:2]}
    settings = (team.desk / "bo-sync.yaml").read_text(encoding="utf-8")
    strict = re.sub("max_expiries: .*", "max_expiries: 1", settings)
    team.merges(team.proposes("expires", {**expired, "bo-sync.yaml": strict}))
    before = team.hub.holds()
    jobs = team.runs("bo-sync-apply", on_main("schedule"))
    assert ended(jobs) == {"plan": "success", "apply": "failure"}, jobs["plan"].log
    assert team.hub.holds() == before


def test_a_merge_whose_plan_is_blocked_is_not_applied(team: Office) -> None:
    cas = f"{file_of(team, 'cas')}until: 2020-01-01\n"
    team.merges(team.proposes("expires", {"users/cas@example.com.yaml": cas, "users/hana.yaml": HANA}))
    team.has_twin("cas@example.com")
    assert ended(team.runs("bo-sync-apply", on_main("push"))) == {"plan": "failure", "apply": "skipped"}
    assert "hana@example.com" not in emails(team)


def test_drift_opens_one_issue_keeps_it_up_to_date_and_closes_it_when_it_is_over(team: Office) -> None:
    def night() -> dict[str, Job]:
        jobs = team.runs("bo-sync-drift", on_main("schedule"))
        assert ended(jobs) == {"drift": "success"}, jobs["drift"].log
        return jobs

    team.changes_by_hand("bea@example.com", lastName="Director")
    night()
    (issue,) = team.forge.open_issues
    check_golden("workflow-drift.md", steady(f"# {issue.title}\n\n{issue.body}"))
    team.changes_by_hand("cas@example.com", lastName="Director")
    night()
    assert [each.id for each in team.forge.open_issues] == [issue.id]
    assert "cas@example.com" in plain(issue.body)
    assert ended(team.runs("bo-sync-apply", on_main("workflow_dispatch", allow=""))) == {
        "plan": "success",
        "apply": "success",
    }
    night()
    assert team.forge.open_issues == []
    assert [each.id for each in team.forge.issues] == [issue.id]
    check_golden("workflow-drift-over.md", steady(f"# {issue.title}\n\n{issue.body}"))


def test_drift_that_no_apply_would_undo_because_it_is_refused_is_told_all_the_same(team: Office) -> None:
    gone = {f"users/{name}@example.com.yaml": f"email: {name}@example.com\nstate: absent\n" for name in SELLERS[:4]}
    team.merges(team.proposes("half", gone))
    jobs = team.runs("bo-sync-drift", on_main("schedule"))
    assert ended(jobs) == {"drift": "success"}, jobs["drift"].log
    (issue,) = team.forge.open_issues
    assert "Refused by max_user_deletes" in plain(issue.body)


def test_drift_can_be_taken_over_as_a_pull_request(team: Office) -> None:
    for name in ("bea", "cas"):  # the branch of the first time is there the second time, and says less
        team.changes_by_hand(f"{name}@example.com", lastName="Director")
        jobs = team.runs("bo-sync-pull", on_main("workflow_dispatch"))
        assert ended(jobs) == {"pull": "success"}, jobs["pull"].log
    team.git("fetch", "--quiet", "origin")
    changed = team.git("diff", "--name-only", "main", "origin/bo-sync/pull").split()
    assert changed == ["users/bea@example.com.yaml", "users/cas@example.com.yaml"]
    assert team.git("diff", "main", "origin/bo-sync/pull").splitlines().count("+last_name: Director") == 2
    asked = asked_of("gh", team)
    assert [" ".join(line.split()[:2]) for line in asked] == ["pr list", "pr create", "pr list"]
    assert asked[1].startswith("pr create --base main --head bo-sync/pull --title ")


def test_where_nothing_drifted_nothing_is_taken_over(team: Office) -> None:
    jobs = team.runs("bo-sync-pull", on_main("workflow_dispatch"))
    assert (ended(jobs), jobs["pull"].summary) == ({"pull": "success"}, "The files say what the hub holds.\n")
    assert asked_of("gh", team) == []


def test_a_runner_without_bo_sync_installs_this_version_once_a_job(tmp_path: Path) -> None:
    with office(tmp_path, is_installed=False) as team:
        team.proposes("hana", {"users/hana.yaml": HANA})
        jobs = team.pull_request(fork=True)
        assert ended(jobs) == {"intent": "success", "plan": "skipped"}, jobs["intent"].log
        (installed,) = asked_of("python", team)
    assert installed == f"-I -m pip install --quiet --disable-pip-version-check -- bo-sync=={__version__}"
