"""The steps of the workflows that `init` writes, run as they are against a hub and a double of GitHub.

Each test names the steps that GitHub would run; `tests/scaffold` compares their conditions. Comments are golden files.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bo_sync.exit_codes import ExitCode
from bo_sync.sandbox.population import VIEWER_KEY
from tests.end_to_end.office import HANA, SELLERS, Office, begun, office, plain
from tests.support.golden import check_golden
from tests.support.process import Served, bo_sync, write
from tests.support.steps import SCHEDULED, Done, Steps, not_scheduled

CHECK = "Check the files, and what of them may not change like this"
DIFFERENCE = "Say who gains and who loses what"
COMMENT = "Comment it, also when it is refused"
NO_PLAN = "Say that there is no plan, lest an older one is taken for it"
ISSUE = "Open the issue, bring it up to date, or close it"
HALF = {f"users/{name}@example.com.yaml": f"email: {name}@example.com\nstate: absent\n" for name in SELLERS[:4]}
UNTIL = "modules:\n  pricing:\n    access: viewer\n    until: 2020-01-01\n"
OURS = re.compile(r"::(?:error|warning|notice) (?:file=([^,]*),line=|title=[a-z ]+::).*").fullmatch
"""An annotation of bo-sync: of a file, which it names, or of all of them."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with begun(tmp_path_factory.mktemp("begun"), "github") as made:
        yield made


@pytest.fixture
def team(hub: Served, tmp_path: Path) -> Iterator[Office]:
    with office(hub, tmp_path, "github") as made:
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


def intent(team: Office) -> tuple[Done, str]:
    """The check of a pull request's files, and the summary of its job with the difference when that step runs."""
    job = team.job("pull-request", "intent", number=7)
    checked = job.run(CHECK)
    if checked.code not in {ExitCode.OK, ExitCode.REFUSED}:
        return checked, checked.summary
    shown = job.run(DIFFERENCE)
    assert shown.code == 0, shown.log
    return checked, checked.summary + shown.summary


def live_plan(team: Office) -> tuple[Done, str]:
    job = team.job("pull-request", "plan", number=7)
    planned = job.run("Plan")
    posted = job.run(COMMENT if planned.outputs.get("digest") else NO_PLAN)
    assert posted.code == 0, posted.log
    (comment,) = team.forge.comments
    return planned, comment.body


def plan(team: Office, values: dict[str, str]) -> tuple[Done, Steps]:
    job = team.job("apply", "plan", values)
    return job.run("Plan"), job


def apply(team: Office, values: dict[str, str], planned: Steps) -> Done:
    """The apply of the plan that was kept; one journal is left when it wrote."""
    job = team.job("apply", "apply", values)
    (job.temp / "plan").mkdir()
    shutil.copy(planned.temp / "plan.json", job.temp / "plan" / "plan.json")
    return job.run("Apply exactly this plan")


def drift(team: Office) -> None:
    job = team.job("drift", "drift")
    assert job.run("Compare").code == 0
    assert job.run(ISSUE).code == 0


def test_init_and_a_first_commit_leave_nothing_to_apply_and_no_drift(team: Office) -> None:
    planned, _ = plan(team, not_scheduled())
    assert (planned.code, planned.outputs["has_changes"]) == (0, "false"), planned.log
    drift(team)
    assert team.forge.issues == []


def test_a_pull_request_that_adds_a_user_keeps_one_comment_up_to_date_and_changes_nothing(team: Office) -> None:
    team.proposes("hana", {"users/hana.yaml": HANA})
    checked, summary = intent(team)
    assert checked.code == 0, checked.log
    assert team.forge.heard == []
    check_golden("workflow-adds-intent.md", steady(summary))
    planned, body = live_plan(team)
    assert planned.code == 0, planned.log
    check_golden("workflow-adds.md", steady(body))
    assert planned.summary.startswith("<!-- bo-sync:plan http://127.0.0.1:")
    team.proposes("hana", {"users/hana.yaml": HANA.replace("Sato", "Suzuki")})
    assert "Suzuki" in live_plan(team)[1]
    assert "hana@example.com" not in team.emails()
    team.proposes("typo", {"users/hana.yaml": HANA.replace("preset", "prest")})
    checked, _ = intent(team)
    assert checked.code == ExitCode.INVALID
    assert "::error file=users/hana.yaml,line=4," in checked.log
    planned, body = live_plan(team)
    assert planned.code == ExitCode.INVALID
    check_golden("workflow-without-a-plan.md", steady(body))


def test_a_pull_request_that_renames_an_address_is_blocked_with_what_to_do_instead(team: Office) -> None:
    renamed = team.file("bea").replace("bea@example.com", "beatrix@example.com")
    team.proposes("bea", {"users/bea@example.com.yaml": renamed})
    checked, summary = intent(team)
    assert checked.code == ExitCode.REFUSED
    assert "::error file=users/bea@example.com.yaml,line=1," in checked.log
    check_golden("workflow-renames-intent.md", steady(summary))
    planned, body = live_plan(team)
    assert planned.code == ExitCode.REFUSED
    assert "keep the file of bea@example.com with `state: absent`" in plain(body)
    check_golden("workflow-renames.md", steady(body))


def test_a_pull_request_that_deletes_half_the_team_is_blocked(team: Office) -> None:
    team.proposes("half", HALF)
    assert intent(team)[0].code == 0
    planned, body = live_plan(team)
    assert planned.code == ExitCode.REFUSED
    check_golden("workflow-deletes-half.md", steady(body))
    assert "4 deletions, limit 1" in plain(body)
    assert "pass --allow max_user_deletes=4" in plain(body)


def test_a_pull_request_that_removes_half_the_files_is_blocked_without_the_hub(team: Office) -> None:
    team.proposes("half", dict.fromkeys(HALF))
    checked, summary = intent(team)
    assert checked.code == ExitCode.REFUSED
    assert "Refused by removed_file" in plain(summary)
    assert team.forge.heard == []


def test_a_pull_request_that_weakens_a_guard_shows_that_first(team: Office) -> None:
    weaker = (team.desk / "bo-sync.yaml").read_text(encoding="utf-8").replace("unmanaged: report", "unmanaged: ignore")
    team.proposes("guard", {"bo-sync.yaml": weaker, "users/hana.yaml": HANA})
    assert intent(team)[0].code == 0
    planned, body = live_plan(team)
    assert planned.code == 0, planned.log
    for text in (body, planned.summary):
        first = text.split("\n#### ")[1]
        assert first.startswith("Guards loosened (1)\n")
        assert "unmanaged | report | ignore" in plain(first)
    annotations = [line for line in planned.log.splitlines() if line.startswith("::")]
    assert annotations[0].startswith("::warning title=a guard is loosened since the base::unmanaged: ")


def test_names_and_texts_of_a_fork_are_shown_and_run_nothing(team: Office) -> None:
    user = "email: {}@example.com\nfirst_name: '{}'\nlast_name: Li\npreset: sales-representative\n"
    text = "</b><img src=x>::x::$(id)"
    files = {
        "users/$(touch pwned).yaml": user.format("a", text),
        "users/`touch pwned`.yaml": user.format("b", text),
        "users/::error file=x,line=1::gone.yaml": user.format("c", text),
        "users/x\n::stop-commands::y.yaml": user.format("d", text),
        "users/%0A::error::z.yaml": "emial: e@example.com\n",
        "users/-rf.yaml": user.format("f", text),
        "users/empty.yaml": "\n::error::x\n##[error]x\n",
        "bo-sync.yaml": "hub_host: evil.example.com\nunmanaged: delete\n",
        ".git-blame": "$(touch pwned)\n",
    }
    team.proposes("a$(touch${IFS}pwned)b;`id`", files)
    checked, summary = intent(team)
    assert checked.code == ExitCode.INVALID
    commands = [line for line in checked.log.splitlines() if line.lstrip().startswith("::") or "##[" in line]
    named = [found[1] for line in commands if (found := OURS(line))]
    assert len(named) == len(commands)
    assert {name for name in named if name} == {"users/%250A%3A%3Aerror%3A%3Az.yaml", "users/empty.yaml"}
    assert "<img" not in summary
    assert [path for path in team.folder.rglob("*pwned*") if path.name == "pwned"] == []
    assert team.forge.heard == []


def test_a_merge_applies_exactly_the_plan_that_was_kept_and_then_nothing_is_left(team: Office) -> None:
    team.merges({"users/hana.yaml": HANA})
    planned, kept = plan(team, not_scheduled())
    assert (planned.code, planned.outputs["has_changes"]) == (0, "true"), planned.log
    applied = apply(team, not_scheduled(), kept)
    assert applied.code == 0, applied.log
    assert "hana@example.com" in team.emails()
    (journal,) = team.folder.glob("job-*/.bo-sync/journal/*.jsonl")
    assert planned.outputs["digest"] in journal.read_text()
    assert json.loads((kept.temp / "plan.json").read_text())["digest"] == planned.outputs["digest"]
    assert plan(team, not_scheduled())[0].outputs["has_changes"] == "false"


def test_a_kept_plan_is_not_applied_after_a_swap_an_edit_or_a_change_of_the_hub(team: Office) -> None:
    team.merges({"users/hana.yaml": HANA})
    _, kept = plan(team, not_scheduled())
    file = kept.temp / "plan.json"
    shown = file.read_text(encoding="utf-8")
    other = team.folder / "other.json"
    write(team.desk, {"users/eve.yaml": HANA.replace("hana", "eve")})
    assert bo_sync(team.desk, "plan", "--out", str(other), env=team.hub.env(VIEWER_KEY)).code == ExitCode.OK
    for swapped in (shown.replace("hana@", "eve@"), other.read_text(encoding="utf-8")):
        file.write_text(swapped, encoding="utf-8")
        assert apply(team, not_scheduled(), kept).code == ExitCode.STALE
    file.write_text(shown, encoding="utf-8")
    team.changes_by_hand("bea@example.com", lastName="Director")
    applied = apply(team, not_scheduled(), kept)
    assert applied.code == ExitCode.STALE
    assert "the saved plan is not what would be done now" in applied.log
    assert team.emails().isdisjoint({"hana@example.com", "eve@example.com"})


def test_a_blocked_plan_is_applied_only_by_hand_with_the_numbers_that_are_meant(team: Office) -> None:
    team.merges(HALF)
    assert plan(team, not_scheduled())[0].code == ExitCode.REFUSED
    refused, _ = plan(team, not_scheduled("max_user_deletes=4 --hub http://127.0.0.1:9/"))
    assert refused.code == ExitCode.USAGE
    assert "error: Invalid value for '--allow': '--hub' is not a guardrail" in refused.log
    by_hand = not_scheduled("max_grant_losses=9 max_user_deletes=4")
    planned, kept = plan(team, by_hand)
    assert planned.code == 0, planned.log
    assert apply(team, by_hand, kept).code == 0
    assert team.emails() == {f"{name}@example.com" for name in ("anna", "omar", *SELLERS[4:])}


def test_a_schedule_revokes_expired_access_and_nothing_else(team: Office) -> None:
    team.merges(
        {
            "users/bea@example.com.yaml": f"{team.file('bea')}{UNTIL}",
            "users/cas@example.com.yaml": f"{team.file('cas')}until: 2020-01-01\n",
        }
    )
    team.grants_by_hand("bea@example.com", "pricing")
    team.changes_by_hand("dora@example.com", lastName="Director")
    planned, kept = plan(team, SCHEDULED)
    assert (planned.code, apply(team, SCHEDULED, kept).code) == (0, 0), planned.log
    assert "cas@example.com" not in team.emails()
    assert team.last_name("dora@example.com") == "Director"
    assert team.access("bea@example.com", "pricing") == "NONE"


def test_a_blocked_expired_user_does_not_stop_the_schedule_for_the_others_but_stops_a_merge(team: Office) -> None:
    team.merges(
        {
            "users/bea@example.com.yaml": f"{team.file('bea')}{UNTIL}",
            "users/cas@example.com.yaml": f"{team.file('cas')}until: 2020-01-01\n",
        }
    )
    team.grants_by_hand("bea@example.com", "pricing")
    team.has_twin("cas@example.com")
    assert plan(team, not_scheduled())[0].code == ExitCode.REFUSED
    planned, kept = plan(team, SCHEDULED)
    assert (planned.code, planned.outputs["has_changes"]) == (0, "true"), planned.log
    assert apply(team, SCHEDULED, kept).code == ExitCode.REFUSED
    assert team.access("bea@example.com", "pricing") == "NONE"
    assert {"cas@example.com", "CAS@example.com"} <= team.emails()
    again, job = plan(team, SCHEDULED)
    assert (again.code, again.outputs["exitcode"], again.outputs["has_changes"]) == (0, "4", "false")
    assert job.run("Fail when only blocked users are left").code == ExitCode.REFUSED


def test_a_scheduled_plan_that_is_blocked_as_a_whole_changes_nothing(team: Office) -> None:
    expired = {f"users/{name}@example.com.yaml": f"{team.file(name)}until: 2020-01-01\n" for name in SELLERS[:2]}
    settings = (team.desk / "bo-sync.yaml").read_text(encoding="utf-8")
    team.merges({**expired, "bo-sync.yaml": re.sub("max_expiries: .*", "max_expiries: 1", settings)})
    before = team.hub.holds()
    planned, kept = plan(team, SCHEDULED)
    assert (planned.code, planned.outputs["has_changes"]) == (0, "true"), planned.log
    assert apply(team, SCHEDULED, kept).code == ExitCode.REFUSED
    assert team.hub.holds() == before


def test_drift_opens_one_issue_keeps_it_up_to_date_and_closes_it_when_it_is_over(team: Office) -> None:
    team.changes_by_hand("bea@example.com", lastName="Director")
    drift(team)
    (issue,) = team.forge.open_issues
    check_golden("workflow-drift.md", steady(f"# {issue.title}\n\n{issue.body}"))
    team.changes_by_hand("cas@example.com", lastName="Director")
    drift(team)
    assert [each.id for each in team.forge.open_issues] == [issue.id]
    assert "cas@example.com" in plain(issue.body)
    for name in ("bea", "cas"):
        team.changes_by_hand(f"{name}@example.com", lastName="Seller")
    drift(team)
    assert [each.id for each in team.forge.issues] == [issue.id]
    assert team.forge.open_issues == []
    check_golden("workflow-drift-over.md", steady(f"# {issue.title}\n\n{issue.body}"))


def test_drift_is_reported_when_guardrails_block_the_plan_that_would_undo_it(team: Office) -> None:
    team.merges(HALF)
    drift(team)
    (issue,) = team.forge.open_issues
    assert "Refused by max_user_deletes" in plain(issue.body)


def test_drift_becomes_one_pull_request(team: Office) -> None:
    def pull() -> Done:
        job = team.job("pull", "pull")
        assert job.run("Write what the hub holds into the files").code == 0
        proposed = job.run("Propose it")
        assert proposed.code == 0, proposed.log
        return proposed

    said = team.folder / "gh.log"
    assert (pull().summary, said.exists()) == ("The files say what the hub holds.\n", False)
    for name in ("bea", "cas"):  # the second time, the branch of the first exists
        team.changes_by_hand(f"{name}@example.com", lastName="Director")
        pull()
    team.git("fetch", "--quiet", "origin")
    changed = team.git("diff", "--name-only", "main", "origin/bo-sync/pull").split()
    assert changed == ["users/bea@example.com.yaml", "users/cas@example.com.yaml"]
    assert team.git("diff", "main", "origin/bo-sync/pull").splitlines().count("+last_name: Director") == 2
    asked = said.read_text().splitlines()
    assert [" ".join(line.split()[:2]) for line in asked] == ["pr list", "pr create", "pr list"]
    assert asked[1].startswith("pr create --base main --head bo-sync/pull --title ")
