"""The scripts of the jobs that `init` writes for GitLab, run as they are against a hub and a double of GitLab.

Each test names the jobs that GitLab would run; `tests/scaffold` compares their rules.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bo_sync.exit_codes import ExitCode
from tests.end_to_end.office import HANA, KEYS, SELLERS, Office, begun, git_in, office, plain
from tests.support.gitlab_double import BOT, gitlab_env
from tests.support.process import Served
from tests.support.steps import Done, gitlab_script, run_script
from tests.support.workflow_text import mapping, read, texts

HALF = {f"users/{name}@example.com.yaml": f"email: {name}@example.com\nstate: absent\n" for name in SELLERS[:4]}
MAIN = "refs/heads/main"
PUSH = {"BO_SYNC_TASK": ""}
EXPIRED = {"BO_SYNC_TASK": "expired"}


@dataclass(frozen=True, slots=True)
class Team:
    office: Office

    def runs(self, name: str, given: dict[str, str], *, ref: str = MAIN, plan: Path | None = None) -> tuple[Done, Path]:
        """A job in a checkout of its own on no branch, and that checkout; `plan` is what an earlier job kept."""
        work = self.office.checkout(ref)
        git_in(work, "checkout", "--quiet", "--detach")
        if plan is not None:
            (work / ".bo-sync").mkdir()
            shutil.copy(plan, work / ".bo-sync" / "plan.json")
        pipeline = read((work / "ci" / "bo-sync.gitlab-ci.yml").read_text(encoding="utf-8"))
        script, declared = gitlab_script(pipeline, f"bo-sync:{name}")
        job = mapping(pipeline[f"bo-sync:{name}"])
        base = mapping(pipeline[str(job["extends"])])
        scope = texts(job.get("environment", base.get("environment"))).get("name", "")
        forge = gitlab_env(self.office.forge, number=7 if name in {"intent", "plan"} else None)
        del forge["GITLAB_TOKEN"]
        of_environment = {
            "bo-sync-plan": {"BO_SYNC_API_KEY": KEYS["bo-sync-plan"], "GITLAB_TOKEN": BOT},
            "bo-sync-apply": {"BO_SYNC_API_KEY": KEYS["bo-sync-apply"]},
        }
        env = {
            **self.office.env(),
            **forge,
            "CI_DEFAULT_BRANCH": "main",
            "CI_PROJECT_URL": self.office.remote.as_uri().removesuffix(".git"),
            "BO_SYNC_HUB_URL": self.office.hub.url,
            **of_environment.get(scope, {}),
            **declared,
            **given,
        }
        return run_script(script, work, env, "-eo", "pipefail"), work

    def merge_request(self, branch: str, *, merged: bool = False) -> tuple[Done, Done, Path]:
        """The jobs `intent` and `plan` of merge request 7, and the checkout of `plan`; of its merge when `merged`."""
        git = self.office.git
        given = {
            "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": git("rev-parse", "main").strip() if merged else "",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": git("merge-base", "main", branch).strip(),
        }
        ref = f"refs/heads/{branch}"
        if merged:
            ref = "refs/merge-requests/7/merge"
            git("checkout", "--quiet", "--detach", "main")
            git("merge", "--quiet", "--no-ff", "--message", "Merge", branch)
            git("push", "--quiet", "origin", f"HEAD:{ref}")
        planned, work = self.runs("plan", given, ref=ref)
        return self.runs("intent", given, ref=ref)[0], planned, work

    def apply(self, given: dict[str, str]) -> tuple[Done, Done]:
        """The jobs `plan-to-apply` and `apply`, which gets the plan that the first kept."""
        planned, work = self.runs("plan-to-apply", given)
        assert planned.code == 0, planned.log
        return planned, self.runs("apply", given, plan=work / ".bo-sync" / "plan.json")[0]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with begun(tmp_path_factory.mktemp("begun"), "gitlab") as made:
        yield made


@pytest.fixture
def team(hub: Served, tmp_path: Path) -> Iterator[Team]:
    with office(hub, tmp_path, "gitlab") as made:
        yield Team(made)


def test_a_merge_request_shows_what_it_would_do_and_never_a_plan_that_it_commits(team: Team) -> None:
    intent, planned, work = team.merge_request(team.office.proposes("hana", {"users/hana.yaml": HANA}))
    assert (intent.code, planned.code) == (0, 0), intent.log + planned.log
    (note,) = team.office.forge.comments
    assert "hana@example.com" in plain(note.body)
    widget = json.loads((work / ".bo-sync" / "gitlab-plan.json").read_text())
    assert widget == {"create": 1, "update": 0, "delete": 0}
    assert "hana@example.com" in intent.log
    reports = {file.name for file in team.office.folder.glob("job-*/.bo-sync/*.*")}
    assert {"codequality.json", "junit.xml", "gitlab-plan.json", "plan.json"} <= reports
    team.office.forge.comments.clear()
    plan = (work / ".bo-sync" / "plan.json").read_text(encoding="utf-8")
    planted = {".gitignore": "", ".bo-sync/plan.json": plan, "users/broken.yaml": "email: [\n"}
    _, planned, _ = team.merge_request(team.office.proposes("planted", planted))
    assert planned.code == ExitCode.INVALID
    (note,) = team.office.forge.comments
    assert "there is no plan" in note.body
    assert "hana@example.com" not in plain(note.body)


def test_a_blocked_merge_request_shows_what_to_do_instead(team: Team) -> None:
    renamed = team.office.file("bea").replace("bea@example.com", "beatrix@example.com")
    branch = team.office.proposes("bea", {"users/bea@example.com.yaml": renamed})
    intent, planned, _ = team.merge_request(branch)
    assert (intent.code, planned.code) == (ExitCode.REFUSED, ExitCode.REFUSED)
    (note,) = team.office.forge.comments
    assert "this plan is refused" in note.body
    assert "keep users/bea@example.com.yaml for bea@example.com with `state: absent`" in intent.log
    assert "2 people differ: " in intent.log


@pytest.mark.parametrize("merged", [False, True], ids=["the branch", "the merge"])
def test_a_merge_request_shows_the_guard_that_it_weakens_first(team: Team, *, merged: bool) -> None:
    text = (team.office.desk / "bo-sync.yaml").read_text(encoding="utf-8")
    ours, theirs = (text.replace(*words) for words in ((": report", ": ignore"), ("owners: 2", "owners: 1")))
    branch = team.office.proposes("guard", {"bo-sync.yaml": ours, "users/hana.yaml": HANA})
    team.office.merges({"bo-sync.yaml": theirs, "users/ivo.yaml": HANA.replace("hana", "ivo")}, number=8)
    intent, planned, _ = team.merge_request(branch, merged=merged)
    assert (intent.code, planned.code) == (0, 0), intent.log + planned.log
    assert "hana@example.com" in intent.log
    assert "ivo@example.com" not in intent.log
    (note,) = team.office.forge.comments
    first = note.body.split("\n#### ")[1]
    assert first.startswith("Guards loosened (1)\n")
    assert "unmanaged | report | ignore" in plain(first)
    assert "guardrails.min_role_owners" not in plain(note.body)


def test_a_merge_is_applied_as_it_was_planned(team: Team) -> None:
    team.office.merges({"users/hana.yaml": HANA})
    _, applied = team.apply(PUSH)
    assert applied.code == 0, applied.log
    assert "hana@example.com" in team.office.emails()
    assert len(list(team.office.folder.glob("job-*/.bo-sync/journal/*.jsonl"))) == 1


def test_a_guardrail_is_passed_by_hand_for_one_run_and_nothing_else_can_be_typed(team: Team) -> None:
    team.office.merges(HALF)
    assert team.runs("plan-to-apply", PUSH)[0].code == ExitCode.REFUSED
    by_hand = {"BO_SYNC_TASK": "apply"}
    for typed in ("max_user_deletes=4 --hub http://127.0.0.1:9/", "--detailed-exitcode"):
        refused, _ = team.runs("plan-to-apply", {**by_hand, "BO_SYNC_ALLOW": typed})
        assert refused.code == ExitCode.USAGE
        assert "error: Invalid value for '--allow': '--" in refused.log
    _, applied = team.apply({**by_hand, "BO_SYNC_ALLOW": "max_grant_losses=9 max_user_deletes=4"})
    assert applied.code == 0, applied.log
    assert len(team.office.emails()) == 4


def test_a_schedule_revokes_expired_access_also_when_a_user_is_blocked_and_nothing_else(team: Team) -> None:
    until = "modules:\n  pricing:\n    access: viewer\n    until: 2020-01-01\n"
    team.office.merges(
        {
            "users/bea@example.com.yaml": f"{team.office.file('bea')}{until}",
            "users/cas@example.com.yaml": f"{team.office.file('cas')}until: 2020-01-01\n",
            "users/emil@example.com.yaml": f"{team.office.file('emil')}until: 2020-01-01\n",
        }
    )
    team.office.grants_by_hand("bea@example.com", "pricing")
    team.office.changes_by_hand("dora@example.com", lastName="Director")
    team.office.has_twin("cas@example.com")
    assert team.apply(EXPIRED)[1].code == ExitCode.REFUSED
    assert team.office.access("bea@example.com", "pricing") == "NONE"
    assert "emil@example.com" not in team.office.emails()
    assert team.office.last_name("dora@example.com") == "Director"
    assert {"cas@example.com", "CAS@example.com"} <= team.office.emails()
    assert team.apply(EXPIRED)[1].code == ExitCode.REFUSED
    assert team.runs("plan-to-apply", PUSH)[0].code == ExitCode.REFUSED


def test_a_scheduled_plan_that_cannot_be_made_fails(team: Team) -> None:
    team.office.merges({"bo-sync.yaml": "nonsense: 1\n"})
    assert team.runs("plan-to-apply", EXPIRED)[0].code == ExitCode.INVALID


def test_drift_opens_one_issue_and_closes_it_when_it_is_over(team: Team) -> None:
    team.office.changes_by_hand("bea@example.com", lastName="Director")
    assert team.runs("drift", {})[0].code == 0
    assert len(team.office.forge.open_issues) == 1
    team.office.changes_by_hand("bea@example.com", lastName="Seller")
    assert team.runs("drift", {})[0].code == 0
    assert (team.office.forge.open_issues, len(team.office.forge.issues)) == ([], 1)


def test_drift_is_reported_when_guardrails_block_the_plan_that_would_undo_it(team: Team) -> None:
    team.office.merges(HALF)
    assert team.runs("drift", {})[0].code == 0
    (issue,) = team.office.forge.open_issues
    assert "Refused by max_user_deletes" in plain(issue.body)


def test_drift_becomes_a_branch_with_a_merge_request(team: Team) -> None:
    assert "The files say what the hub holds." in team.runs("pull", {})[0].log
    team.office.changes_by_hand("bea@example.com", lastName="Director")
    pulled, _ = team.runs("pull", {})
    assert pulled.code == 0, pulled.log
    team.office.git("fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*")
    assert "+last_name: Director" in team.office.git("diff", "main", "origin/bo-sync/pull").splitlines()
