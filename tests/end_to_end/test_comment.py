"""`comment` as a pipeline runs it: a real process, a plan of a real hub, and both forges over real sockets."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.world import file, files, rows, user
from tests.support.forges import MALLORY, Account, Forge, InjectedAnswer, refusal
from tests.support.github_double import ACTIONS, READER, USER, WORKFLOW, github, github_env
from tests.support.gitlab_double import BOT, PROJECT_BOT, gitlab, gitlab_env
from tests.support.hostile import HOSTILE
from tests.support.process import COMMAND, SECONDS, Ran, Served, bo_sync, environment, served, write

LIVE = [
    user("ada@example.com", *rows(order="OWNER")),
    user("owner@example.com", *rows(role="OWNER", backoffice="OWNER")),
]
OWNER = file("owner@example.com", "modules: {roles_permissions: owner}", "platform: {backoffice: true}")
DRIFTED = files(file("ada@example.com", "modules: {pricing: editor}"), OWNER)
SETTLED = files(file("ada@example.com", "modules: {order_data: owner}"), OWNER)


@dataclass(frozen=True)
class Where:
    """A forge and how to reach it."""

    option: str
    double: Callable[[], AbstractContextManager[Forge]]
    env: Callable[..., dict[str, str]]
    token: str
    me: Account


WHERE = {
    "GitHub": Where("--github", github, github_env, WORKFLOW, ACTIONS),
    "GitLab": Where("--gitlab", gitlab, gitlab_env, BOT, PROJECT_BOT),
}
on_both = pytest.mark.parametrize("where", WHERE.values(), ids=WHERE)


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the plan of files that differ from the hub, and of files that do not."""
    folder = tmp_path_factory.mktemp("plans")
    with served(folder, {"users": LIVE}) as hub:
        for name, text in (("drifted", DRIFTED), ("settled", SETTLED)):
            root = write(folder / name, text)
            assert planned(root, hub, folder / f"{name}.json").code == 0
            shown = bo_sync(root, "plan", "--format", "markdown", env=hub.env())
            (folder / f"{name}.md").write_text(shown.out, encoding="utf-8")
    return folder


def planned(root: Path, hub: Served, out: Path) -> Ran:
    return bo_sync(root, "plan", "--out", str(out), env=hub.env())


def quiet(ran: Ran, *tokens: str) -> Ran:
    """The same, when it tells no token, nor eight characters of one."""
    for token in tokens:
        assert all(token[start : start + 8] not in ran.out + ran.err for start in range(len(token) - 7))
    return ran


def comment(folder: Path, where: Where, env: Mapping[str, str], *arguments: str) -> Ran:
    return quiet(bo_sync(folder, "comment", where.option, *arguments, env=env), where.token, WORKFLOW, BOT)


@on_both
def test_the_comment_is_created_left_alone_and_edited(where: Where, plans: Path) -> None:
    with where.double() as forge:
        env = where.env(forge)
        forged = forge.write((plans / "drifted.md").read_text("utf-8"), MALLORY)
        ran = [comment(plans, where, env, plan) for plan in ("drifted.json", "drifted.json", "settled.json")]
        assert [done.code for done in ran] == [0, 0, 0], ran
        assert [done.out.partition(":")[0] for done in ran] == ["created", "unchanged", "edited"]
        ours = forge.comments[-1]
        assert (len(forge.comments), ours.author, ours.edits, forged.edits) == (2, where.me, 1, 0)
        assert ours.body.rstrip() == (plans / "settled.md").read_text("utf-8").rstrip()
        assert forge.obeyed == []


def test_what_is_said_names_the_place_and_its_address(plans: Path) -> None:
    with github() as forge:
        ran = comment(plans, WHERE["GitHub"], github_env(forge), "drifted.json")
        number = forge.comments[0].id
    assert ran.out == (
        f"created: pull request acme/access#7, https://github.example.com/acme/access/pull/7#issuecomment-{number}\n"
    )
    assert ran.err == ""


def test_the_same_for_programs(plans: Path) -> None:
    with gitlab() as forge:
        ran = comment(plans, WHERE["GitLab"], gitlab_env(forge), "drifted.json", "--format", "json")
        number = forge.comments[0].id
    assert json.loads(ran.out) == {
        "format_version": 2,
        "action": "created",
        "place": "merge request 4242!7",
        "url": f"https://gitlab.example.com/acme/platform/access/-/merge_requests/7#note_{number}",
        "superseded": 0,
    }


@on_both
def test_drift_opens_one_issue_edits_it_and_closes_it(where: Where, plans: Path) -> None:
    with where.double() as forge:
        env = where.env(forge, number=None)
        stranger = forge.open_issue((plans / "drifted.md").read_text("utf-8"), MALLORY)
        first = comment(plans, where, env, "--drift", "drifted.json")
        again = comment(plans, where, env, "--drift", "drifted.json")
        ours = forge.issues[-1]
        assert (ours.author, ours.is_open, ours.labels) == (where.me, True, ("bo-sync-drift",))
        assert ours.title == f"Drift on {host(plans)}: 1 person differs from the files"
        ours.body += "\nwhat somebody added"
        edited = comment(plans, where, env, "--drift", "drifted.json")
        closed = comment(plans, where, env, "--drift", "settled.json")
        settled = comment(plans, where, env, "--drift", "settled.json")
        assert [ran.out.partition(":")[0] for ran in (first, again, edited, closed, settled)] == [
            "created",
            "unchanged",
            "edited",
            "closed",
            "nothing to do",
        ]
        assert ours.body.rstrip() == (plans / "settled.md").read_text("utf-8").rstrip()
        assert (ours.is_open, stranger.is_open, stranger.edits, len(forge.issues)) == (False, True, 0, 2)


def host(plans: Path) -> str:
    url: str = json.loads((plans / "drifted.json").read_text("utf-8"))["hub"]["url"]
    return url.split("/")[2]


def test_a_dry_run_prints_it_and_asks_nobody(plans: Path) -> None:
    ran = bo_sync(plans, "comment", "--github", "--dry-run", "drifted.json")
    assert (ran.code, ran.out, ran.err) == (0, (plans / "drifted.md").read_text("utf-8"), "")


@on_both
@pytest.mark.parametrize(("code", "why"), [(1, "failed"), (3, "the files are invalid"), (137, "did not end by itself")])
def test_without_a_plan_the_older_one_is_replaced_until_the_next(
    where: Where, code: int, why: str, plans: Path
) -> None:
    hub: str = json.loads((plans / "drifted.json").read_text("utf-8"))["hub"]["url"]
    with where.double() as forge:
        env = {**where.env(forge), "BO_SYNC_HUB_URL": hub}
        comment(plans, where, env, "drifted.json")
        failed = comment(plans, where, env, "--failed", str(code))
        assert (failed.code, failed.out.partition(":")[0]) == (0, "edited")
        (ours,) = forge.comments
        assert f"exit code {code}: " in ours.body
        assert why in ours.body
        assert "person differs" not in ours.body
        assert comment(plans, where, env, "drifted.json").out.partition(":")[0] == "edited"
        assert ours.body.rstrip() == (plans / "drifted.md").read_text("utf-8").rstrip()


@pytest.mark.parametrize(
    ("arguments", "env", "told"),
    [
        (("--failed", "4", "--hub", "sandbox:"), {}, "with that exit code there is a plan"),
        (("--failed", "1"), {}, "--failed needs to know the hub"),
        (("--failed", "1", "drifted.json"), {}, "because there is no plan"),
        (("--failed", "1", "--drift"), {}, "--drift is an issue made of a plan"),
        (("--failed", "1", "--hub", "http://hub.example.com/"), {}, "in the clear"),
    ],
    ids=["an exit code with a plan", "no hub", "a plan as well", "drift", "an address that is none"],
)
def test_a_failure_is_told_plainly(arguments: tuple[str, ...], env: Mapping[str, str], told: str, plans: Path) -> None:
    ran = bo_sync(plans, "comment", "--github", "--dry-run", *arguments, env=env)
    assert (ran.code, ran.out) == (64, "")
    assert told in ran.err


@pytest.mark.parametrize(
    ("env", "link"),
    [
        (
            {"GITHUB_SERVER_URL": "https://ghe.example.com", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "12"},
            "[log of this run](https://ghe.example.com/a/b/actions/runs/12)",
        ),
        (
            {"CI_JOB_URL": "https://gitlab.example.com/a/-/jobs/9"},
            "[log of this run](https://gitlab.example.com/a/-/jobs/9)",
        ),
        ({"GITHUB_SERVER_URL": "https://ghe.example.com", "GITHUB_REPOSITORY": "a/b"}, "the log of this run"),
        ({"CI_JOB_URL": "https://x/a) @everybody [b](https://y/"}, "the log of this run"),
        ({}, "the log of this run"),
    ],
    ids=["GitHub", "GitLab", "GitHub without a run", "somebody else's words", "nowhere"],
)
def test_the_way_to_the_log_is_a_link_only_where_it_is_plainly_one(env: dict[str, str], link: str, plans: Path) -> None:
    ran = bo_sync(plans, "comment", "--gitlab", "--dry-run", "--failed", "1", "--hub", "sandbox:", env=env)
    assert ran.out.splitlines()[0] == "<!-- bo-sync:plan sandbox: -->"
    assert link in ran.out
    assert "@everybody" not in ran.out


class TestOtherTexts:
    def test_a_body_has_a_marker_of_its_own_and_a_comment_of_its_own(self, plans: Path) -> None:
        (plans / "diff.md").write_text("**1 person differs**\n", encoding="utf-8")
        with github() as forge:
            env = github_env(forge)
            where = WHERE["GitHub"]
            runs = [
                comment(plans, where, env, "drifted.json"),
                comment(plans, where, env, "--body", "diff.md", "--marker", "intent"),
                comment(plans, where, env, "--body", "diff.md", "--marker", "intent"),
            ]
            assert [ran.out.partition(":")[0] for ran in runs] == ["created", "created", "unchanged"]
            assert forge.comments[1].body == "<!-- bo-sync:intent -->\n**1 person differs**\n"

    def test_a_plan_in_markdown_finds_the_plans_comment(self, plans: Path) -> None:
        with github() as forge:
            env = github_env(forge)
            comment(plans, WHERE["GitHub"], env, "drifted.json")
            ran = comment(plans, WHERE["GitHub"], env, "--body", "drifted.md")
            assert ran.out.startswith("unchanged: ")

    def test_a_text_that_holds_the_token_is_not_sent(self, plans: Path) -> None:
        (plans / "leak.md").write_text(f"<!-- bo-sync:intent -->\n{WORKFLOW}\n", encoding="utf-8")
        with github() as forge:
            ran = comment(plans, WHERE["GitHub"], github_env(forge), "--body", "leak.md")
            assert (ran.code, forge.heard) == (64, [])
            assert "holds the token itself" in ran.err

    def test_a_text_that_is_too_long_is_not_sent(self, plans: Path) -> None:
        (plans / "long.md").write_text("<!-- bo-sync:intent -->\n" + "x" * 65_536, encoding="utf-8")
        with github() as forge:
            ran = comment(plans, WHERE["GitHub"], github_env(forge), "--body", "long.md")
            assert (ran.code, forge.heard) == (64, [])
            assert "more than the 65536 of a comment" in ran.err


USAGE: dict[str, tuple[tuple[str, ...], str]] = {
    "no forge": (("drifted.json",), "needs to know the forge"),
    "nothing to say": (("--github",), "comment takes one thing"),
    "two things to say": (("--github", "drifted.json", "--body", "drifted.md"), "comment takes one thing"),
    "a marker for a plan": (("--github", "drifted.json", "--marker", "x"), "a plan has a marker of its own"),
    "a text without a marker": (("--github", "--body", "plain.md"), "does not begin with a marker"),
    "a marker with a blank": (("--github", "--body", "plain.md", "--marker", "a b"), "not the name of a marker"),
    "a marker that ends itself": (("--github", "--body", "plain.md", "--marker", "-->"), "not the name of a marker"),
    "drift of a pull request": (("--github", "--drift", "drifted.json", "--pull", "7"), "--drift is an issue"),
    "drift of a text": (("--github", "--drift", "--body", "drifted.md"), "--drift is an issue"),
    "a plan that is not there": (("--github", "nowhere.json"), "nowhere.json cannot be read"),
    "a folder": (("--github", "."), "cannot be read"),
    "no token": (("--github", "drifted.json", "--repository", "a/b", "--pull", "7"), "GITHUB_TOKEN is not set"),
    "pull request zero": (("--github", "drifted.json", "--pull", "0"), "--pull"),
}


@pytest.mark.parametrize(("arguments", "told"), USAGE.values(), ids=USAGE)
def test_what_is_not_plain_is_refused(arguments: tuple[str, ...], told: str, plans: Path) -> None:
    (plans / "plain.md").write_text("hello\n", encoding="utf-8")
    ran = bo_sync(plans, "comment", *arguments)
    assert (ran.code, ran.out) == (64, ""), ran
    assert told in ran.err


@on_both
def test_an_altered_plan_is_refused_before_anybody_is_asked(where: Where, plans: Path) -> None:
    text = (plans / "drifted.json").read_text("utf-8").replace('"after": "editor"', '"after": "viewer"')
    (plans / "altered.json").write_text(text, encoding="utf-8")
    with where.double() as forge:
        ran = comment(plans, where, where.env(forge), "altered.json")
        assert (ran.code, ran.out, forge.heard) == (6, "", [])
        assert (
            ran.complaint[0] == "error: the saved plan was altered: its content does not have the digest that it names"
        )


class TestRefusals:
    def test_a_token_that_may_only_read_says_which_permission_is_missing(self, plans: Path) -> None:
        with github() as forge:
            ran = quiet(comment(plans, WHERE["GitHub"], github_env(forge, READER), "drifted.json"), READER)
            assert (ran.code, ran.out, forge.comments) == (1, "", [])
        refused, way_out = ran.complaint
        assert refused == (
            "error: writing a comment of pull request acme/access#7: GitHub says HTTP 403 “Resource not accessible by "
            "integration”: the token may not do this"
        )
        assert way_out.startswith(
            "next: the token needs `pull-requests: write`; that of a pull request from a fork has"
        )

    def test_a_job_token_is_no_token(self, plans: Path) -> None:
        with gitlab() as forge:
            env = {**gitlab_env(forge), "GITLAB_TOKEN": ""}
            ran = quiet(comment(plans, WHERE["GitLab"], env, "drifted.json"), env["CI_JOB_TOKEN"])
        assert ran.code == 64
        assert "CI_JOB_TOKEN is there, but cannot write notes" in ran.err

    def test_a_forge_that_quotes_the_token_does_not_get_it_shown(self, plans: Path) -> None:
        with github() as forge:
            forge.injected.append(InjectedAnswer("GET", "/user", refusal(401, f"no such token: {USER}")))
            ran = quiet(comment(plans, WHERE["GitHub"], github_env(forge, USER), "drifted.json", "-v"), USER)
        assert ran.code == 1
        assert "[secret]" in ran.err

    def test_a_token_in_an_argument_is_not_shown(self, plans: Path) -> None:
        with github() as forge:
            ran = comment(plans, WHERE["GitHub"], github_env(forge), WORKFLOW)
        assert ran.code == 64
        assert "[secret] cannot be read" in ran.err


def test_two_runs_at_once_leave_one_comment_that_speaks(plans: Path) -> None:
    with github() as forge:
        env = {**environment(), **github_env(forge)}
        started = [
            subprocess.Popen(
                [*COMMAND, "comment", "--github", plan],
                cwd=plans,
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for plan in ("drifted.json", "settled.json", "drifted.json")
        ]
        ended = [process.communicate(timeout=SECONDS) for process in started]
        assert [process.returncode for process in started] == [0, 0, 0], ended
        ran = comment(plans, WHERE["GitHub"], github_env(forge), "drifted.json")
        assert ran.code == 0
        speaking = [entry for entry in forge.comments if "superseded" not in entry.body]
        assert [entry.body for entry in speaking] == [(plans / "drifted.md").read_text("utf-8")]


@on_both
def test_what_others_write_on_the_forge_does_nothing_here(where: Where, plans: Path) -> None:
    with where.double() as forge:
        marker = (plans / "drifted.md").read_text("utf-8").partition("\n")[0]
        others = [
            forge.write(f"{prefix}{text}", MALLORY) for text in HOSTILE.values() for prefix in ("", f"{marker}\n")
        ]
        before = [entry.body for entry in others]
        ran = comment(plans, where, where.env(forge), "drifted.json", "-v")
        assert (ran.code, ran.err) == (0, "")
        assert [entry.body for entry in others] == before
        assert len(forge.comments) == len(others) + 1


def test_a_text_that_is_no_unicode_is_sent_without_what_is_none(tmp_path: Path) -> None:
    (tmp_path / "body.md").write_bytes(b"\xef\xbb\xbf<!-- bo-sync:intent -->\r\na\xffb\r\n/close\r\n")
    with gitlab() as forge:
        ran = comment(tmp_path, WHERE["GitLab"], gitlab_env(forge), "--body", "body.md")
        assert (ran.code, forge.obeyed) == (0, [])
        assert [entry.body for entry in forge.comments] == ["<!-- bo-sync:intent -->\na\ufffdb\n&#47;close"]


def test_the_help_imports_no_http() -> None:
    told = (
        "import sys, bo_sync.cli.commands.comment; print(sorted({'requests', 'bo_sync.forge.api'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", told], env=environment(), capture_output=True, text=True, timeout=SECONDS, check=True
    )
    assert done.stdout.strip() == "[]"
