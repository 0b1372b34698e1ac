"""The pipeline that `init` writes for GitLab, its jobs run line by line from its own YAML."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bo_sync.sandbox.baseline import OWNER_KEY, VIEWER_KEY
from tests.end_to_end.office import SELLERS, Office, office, plain
from tests.support.gitlab_double import BOT, PROJECT_ID, gitlab_env
from tests.support.gitlab_runner import Project, Ran, run_pipeline

HANA = "email: hana@example.com\nfirst_name: Hana\nlast_name: Sato\npreset: sales-representative\n"


@dataclass(frozen=True, slots=True)
class Team:
    """An office on GitLab."""

    office: Office
    project: Project

    def merge_request(self, branch: str, *, merged: bool = False) -> dict[str, Ran]:
        """What a push to the branch of merge request 7 sets off; `merged` where what is run is its merge into main."""
        base, head = self.office.git("merge-base", "main", branch).strip(), branch
        if merged:
            self.office.git("checkout", "--quiet", "--detach", "main")
            self.office.git("merge", "--quiet", "--no-ff", "--message", "Merge", branch)
            self.office.git("push", "--quiet", "origin", "HEAD:refs/merge-requests/7/merge")
            head = self.office.git("rev-parse", "HEAD").strip()
        given = {
            "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": self.office.git("rev-parse", "main").strip() if merged else "",
            "CI_PIPELINE_SOURCE": "merge_request_event",
            "CI_MERGE_REQUEST_IID": "7",
            "CI_MERGE_REQUEST_PROJECT_ID": PROJECT_ID,
            "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": PROJECT_ID,
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        }
        return run_pipeline(self.project, self.office.git("rev-parse", head).strip(), given)

    def on_main(self, source: str, task: str = "", *started: str, allow: str = "") -> dict[str, Ran]:
        """What happens on the default branch."""
        given = {"CI_PIPELINE_SOURCE": source, "CI_COMMIT_BRANCH": "main"}
        given |= {"BO_SYNC_TASK": task} if task else {}
        given |= {"BO_SYNC_ALLOW": allow} if allow else {}
        return run_pipeline(self.project, self.office.git("rev-parse", "main").strip(), given, started)

    def emails(self) -> set[str]:
        return {person["email"] for person in self.office.hub.holds()["users"]}


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    with office(tmp_path, "gitlab") as made:
        scratch = tmp_path / "pipelines"
        scratch.mkdir()
        everywhere = {
            **{name: value for name, value in made.site.environment.items() if name != "GITHUB_API_URL"},
            **gitlab_env(made.forge, number=None),
            "CI_DEFAULT_BRANCH": "main",
            "CI_PROJECT_URL": made.site.remote.as_uri().removesuffix(".git"),
            "BO_SYNC_HUB_URL": made.hub.url,
        }
        del everywhere["GITLAB_TOKEN"]
        environments = {
            "bo-sync-plan": {"BO_SYNC_API_KEY": VIEWER_KEY, "GITLAB_TOKEN": BOT},
            "bo-sync-apply": {"BO_SYNC_API_KEY": OWNER_KEY},
        }
        yield Team(made, Project(made.site.remote, scratch, everywhere, environments))


def ended(jobs: dict[str, Ran]) -> dict[str, bool]:
    return {name.removeprefix("bo-sync:"): job.is_sound for name, job in jobs.items()}


def test_a_merge_request_is_told_what_it_would_do(team: Team) -> None:
    jobs = team.merge_request(team.office.proposes("hana", {"users/hana.yaml": HANA}))
    assert ended(jobs) == {"intent": True, "plan": True}, [job.log for job in jobs.values()]
    (note,) = team.office.forge.comments
    assert "hana@example.com" in plain(note.body)
    widget = json.loads((jobs["bo-sync:plan"].work / ".bo-sync" / "gitlab-plan.json").read_text())
    assert widget == {"create": 1, "update": 0, "delete": 0}
    assert "hana@example.com" in jobs["bo-sync:intent"].log


def test_a_refused_merge_request_is_told_what_to_do_instead(team: Team) -> None:
    file = (team.office.desk / "users" / "bea@example.com.yaml").read_text(encoding="utf-8")
    renamed = file.replace("bea@example.com", "beatrix@example.com")
    branch = team.office.proposes("bea", {"users/bea@example.com.yaml": renamed})
    jobs = team.merge_request(branch)
    assert ended(jobs) == {"intent": False, "plan": False}
    (note,) = team.office.forge.comments
    assert "this plan is refused" in note.body
    assert "keep users/bea@example.com.yaml for bea@example.com with `state: absent`" in jobs["bo-sync:intent"].log
    assert "2 people differ: " in jobs["bo-sync:intent"].log


def test_a_plan_that_a_merge_request_commits_is_never_posted(team: Team) -> None:
    jobs = team.merge_request(team.office.proposes("hana", {"users/hana.yaml": HANA}))
    plan = (jobs["bo-sync:plan"].work / ".bo-sync" / "plan.json").read_text(encoding="utf-8")
    team.office.forge.comments.clear()
    planted = {".gitignore": "", ".bo-sync/plan.json": plan, "users/broken.yaml": "email: [\n"}
    jobs = team.merge_request(team.office.proposes("planted", planted))
    assert not ended(jobs)["plan"]
    (note,) = team.office.forge.comments
    assert "there is no plan" in note.body
    assert "hana@example.com" not in plain(note.body)


def test_a_merge_request_that_is_run_merged_is_not_blamed_for_what_others_merged_meanwhile(team: Team) -> None:
    branch = team.office.proposes("hana", {"users/hana.yaml": HANA})
    team.office.merges(team.office.proposes("ivo", {"users/ivo.yaml": HANA.replace("hana", "ivo")}, number=8))
    jobs = team.merge_request(branch, merged=True)
    assert ended(jobs) == {"intent": True, "plan": True}, [job.log for job in jobs.values()]
    assert "hana@example.com" in jobs["bo-sync:intent"].log
    assert "ivo@example.com" not in jobs["bo-sync:intent"].log


@pytest.mark.parametrize("merged", [False, True], ids=["the branch alone", "the merge"])
def test_a_merge_request_that_weakens_a_guard_is_told_so_first(team: Team, *, merged: bool) -> None:
    text = (team.office.desk / "bo-sync.yaml").read_text(encoding="utf-8")
    ours, theirs = (text.replace(*words) for words in ((": report", ": ignore"), ("owners: 2", "owners: 1")))
    branch = team.office.proposes("guard", {"bo-sync.yaml": ours})
    team.office.merges(team.office.proposes("other", {"bo-sync.yaml": theirs}, number=8))
    jobs = team.merge_request(branch, merged=merged)
    assert ended(jobs) == {"intent": True, "plan": True}, [job.log for job in jobs.values()]
    (note,) = team.office.forge.comments
    first = note.body.split("\n#### ")[1]
    assert first.startswith("Guards loosened (1)\n")
    assert "unmanaged | report | ignore" in plain(first)
    assert "guardrails.min_role_owners" not in plain(note.body)


def test_a_merge_is_applied_when_somebody_lets_it_and_as_it_was_planned(team: Team) -> None:
    team.office.merges(team.office.proposes("hana", {"users/hana.yaml": HANA}))
    waiting = team.on_main("push")
    assert ended(waiting) == {"plan-to-apply": True}, waiting["bo-sync:plan-to-apply"].log
    assert "hana@example.com" not in team.emails()
    jobs = team.on_main("push", "", "bo-sync:apply")
    assert ended(jobs) == {"plan-to-apply": True, "apply": True}, jobs["bo-sync:apply"].log
    assert "hana@example.com" in team.emails()
    kept = jobs["bo-sync:apply"].work.with_name(f"{jobs['bo-sync:apply'].work.name}-artifacts")
    assert len(list((kept / ".bo-sync" / "journal").glob("*.jsonl"))) == 1


def test_a_guardrail_is_passed_by_hand_for_one_run(team: Team) -> None:
    gone = {f"users/{name}@example.com.yaml": f"email: {name}@example.com\nstate: absent\n" for name in SELLERS[:4]}
    team.office.merges(team.office.proposes("half", gone))
    assert ended(team.on_main("push", "", "bo-sync:apply")) == {"plan-to-apply": False}
    jobs = team.on_main("web", "apply", "bo-sync:apply", allow="max_grant_losses=9 max_user_deletes=4")
    assert ended(jobs) == {"plan-to-apply": True, "apply": True}, jobs["bo-sync:plan-to-apply"].log
    assert len(team.emails()) == 4


@pytest.mark.parametrize("allow", ["max_user_deletes=4 --hub http://127.0.0.1:9/", "--detailed-exitcode"])
def test_who_starts_an_apply_by_hand_can_pass_guardrails_and_give_no_other_argument(allow: str, team: Team) -> None:
    jobs = team.on_main("web", "apply", "bo-sync:apply", allow=allow)
    assert ended(jobs) == {"plan-to-apply": False}
    assert "error: Invalid value for '--allow': '--" in jobs["bo-sync:plan-to-apply"].log


def test_each_night_what_has_ended_is_taken_back_without_asking(team: Team) -> None:
    file = (team.office.desk / "users" / "cas@example.com.yaml").read_text(encoding="utf-8")
    team.office.merges(team.office.proposes("ends", {"users/cas@example.com.yaml": f"{file}until: 2020-01-01\n"}))
    team.office.changes_by_hand("dora@example.com", lastName="Director")
    jobs = team.on_main("schedule", "expired")
    assert ended(jobs) == {"plan-to-apply": True, "apply": True}, jobs["bo-sync:apply"].log
    people = {person["email"]: person for person in team.office.hub.holds()["users"]}
    assert "cas@example.com" not in people
    assert people["dora@example.com"]["lastName"] == "Director"


def test_a_blocked_expired_user_does_not_stop_the_nightly_revoke_of_the_others(team: Team) -> None:
    desk, until = team.office.desk / "users", "modules:\n  pricing:\n    access: viewer\n    until: 2020-01-01\n"
    bea, cas = ((desk / f"{name}@example.com.yaml").read_text(encoding="utf-8") for name in ("bea", "cas"))
    expired = {
        "users/bea@example.com.yaml": f"{bea}{until}",
        "users/cas@example.com.yaml": f"{cas}until: 2020-01-01\n",
    }
    team.office.merges(team.office.proposes("expires", expired))
    team.office.grants_by_hand("bea@example.com", "pricing")
    team.office.has_twin("cas@example.com")
    jobs = team.on_main("schedule", "expired")
    assert ended(jobs) == {"plan-to-apply": True, "apply": False}, jobs["bo-sync:plan-to-apply"].log
    assert team.office.access("bea@example.com", "pricing") == "NONE"
    assert {"cas@example.com", "CAS@example.com"} <= team.emails()
    assert ended(team.on_main("schedule", "expired")) == {"plan-to-apply": True, "apply": False}
    assert ended(team.on_main("push", "", "bo-sync:apply")) == {"plan-to-apply": False}


def test_a_nightly_plan_that_cannot_be_made_is_not_applied(team: Team) -> None:
    team.office.merges(team.office.proposes("typo", {"bo-sync.yaml": "nonsense: 1\n"}))
    assert ended(team.on_main("schedule", "expired")) == {"plan-to-apply": False}


def test_drift_opens_one_issue_and_closes_it_when_it_is_over(team: Team) -> None:
    team.office.changes_by_hand("bea@example.com", lastName="Director")
    jobs = team.on_main("schedule", "drift")
    assert ended(jobs) == {"drift": True}, jobs["bo-sync:drift"].log
    assert len(team.office.forge.open_issues) == 1
    team.office.changes_by_hand("bea@example.com", lastName="Seller")
    assert ended(team.on_main("schedule", "drift")) == {"drift": True}
    assert team.office.forge.open_issues == []
    assert len(team.office.forge.issues) == 1


def test_drift_that_no_apply_would_undo_because_it_is_refused_is_told_all_the_same(team: Team) -> None:
    gone = {f"users/{name}@example.com.yaml": f"email: {name}@example.com\nstate: absent\n" for name in SELLERS[:4]}
    team.office.merges(team.office.proposes("half", gone))
    jobs = team.on_main("schedule", "drift")
    assert ended(jobs) == {"drift": True}, jobs["bo-sync:drift"].log
    (issue,) = team.office.forge.open_issues
    assert "Refused by max_user_deletes" in plain(issue.body)


def test_drift_can_be_taken_over_as_a_merge_request(team: Team) -> None:
    assert "The files say what the hub holds." in team.on_main("web", "pull")["bo-sync:pull"].log
    team.office.changes_by_hand("bea@example.com", lastName="Director")
    jobs = team.on_main("web", "pull")
    assert ended(jobs) == {"pull": True}, jobs["bo-sync:pull"].log
    team.office.git("fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*")
    assert "+last_name: Director" in team.office.git("diff", "main", "origin/bo-sync/pull").splitlines()


def test_nothing_runs_for_another_branch(team: Team) -> None:
    team.office.proposes("hana", {"users/hana.yaml": HANA})
    given = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "hana"}
    assert run_pipeline(team.project, team.office.git("rev-parse", "hana").strip(), given) == {}
