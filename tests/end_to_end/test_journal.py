"""Every apply leaves a journal; a killed one says what is unknown; what a run did is undone by files; one at a time."""

import json
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from bo_sync.journal.directory import journal_path, read_bytes, runs
from bo_sync.journal.reader import Past, read
from bo_sync.journal.records import Fate
from bo_sync.sandbox.population import FIRST_USER, Population, baseline_population
from tests.end_to_end.world import Held, file, files, held, rows, seen, user
from tests.support.process import COMMAND, SECONDS, Ran, Served, bo_sync, ended, environment, served, started, write

KEY, TOKEN = "recognisable-key-4711", "recognisable-token-0815"
EVERYBODY = tuple(f"{name}@example.com" for name in ("ada", "bob", "cy", "dan", "eve", "fay"))
LIVE: Population = {"users": [user(email) for email in EVERYBODY]}
ROOT = files(*(file(email, "phone: '2'", "modules: {pricing: viewer}") for email in EVERYBODY))


def newest(root: Path) -> Past:
    name = runs(root)[0]
    return read(name, read_bytes(root, name))


def as_json(root: Path, *arguments: str) -> dict[str, object]:
    done = bo_sync(root, "journal", *arguments, "--format", "json")
    assert (done.code, done.err) == (0, ""), done
    assert done.out.isascii()
    found: dict[str, object] = json.loads(done.out)
    return found


MIXED: Population = {
    "users": [
        *baseline_population()["users"],
        user("bob@example.com", *rows(pricing="OWNER", order="VIEWER"), phone="1"),
        user("cy@example.com", *rows(product="EDITOR", ticket="OWNER"), job="Poet"),
        user("dan@example.com", phone="3"),
    ],
    "keys": [{"key": KEY, "access": "OWNER"}],
    "sessions": [{"token": TOKEN, "email": FIRST_USER}],
}
WISHES = files(
    file("ada@example.com", "modules: {pricing: viewer}"),
    file("bob@example.com", "phone: '2'", "job: Poet", "modules: {order_data: owner}"),
    "email: cy@example.com\nstate: absent\n",
    file("dan@example.com"),
)


def test_an_apply_leaves_a_journal_that_tells_who_did_what_and_holds_no_secret(tmp_path: Path) -> None:
    root = write(tmp_path / "files", WISHES)
    with served(tmp_path, {**baseline_population(), **MIXED}) as hub:
        env = {**hub.env(KEY), "BO_SYNC_SESSION_TOKEN": TOKEN}
        done = bo_sync(root, "apply", "--yes", "--allow", "max_user_deletes=9", "--format", "json", env=env)
    assert done.code == 0, done
    report = json.loads(done.out)
    path = journal_path(root, report["run"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for secret in (KEY, TOKEN, KEY[-8:], TOKEN[-8:]):
        assert secret.encode() not in path.read_bytes()

    past = newest(root)
    assert past.header is not None
    assert (past.run, past.header.digest.raw, past.header.hub.raw) == (report["run"], report["digest"], hub.url)
    assert past.header.who.viewer is not None
    assert past.header.who.viewer.raw == FIRST_USER
    assert [(guardrail.raw, number) for guardrail, number in past.header.allowed] == [("max_user_deletes", 9)]
    assert {request.fate for request in past.requests} == {Fate.APPLIED}
    told = [(request.intent.operation, request.intent.email.raw) for request in past.requests]
    assert sorted(told) == [
        ("create_user", "ada@example.com"),
        ("delete_user", "cy@example.com"),
        ("update_profile", "bob@example.com"),
        ("write_rows", "ada@example.com"),
        ("write_rows", "bob@example.com"),
        ("write_rows", "bob@example.com"),
    ]
    outcomes = [[one.email.raw, one.outcome.value] for one in past.outcomes]
    assert outcomes == [[one["email"], one["outcome"]] for one in report["outcomes"]]

    listed = bo_sync(root, "journal")
    assert (listed.code, listed.err) == (0, "")
    assert listed.out.splitlines()[1].startswith(report["run"])
    assert FIRST_USER in listed.out
    one = bo_sync(root, "journal", "latest")
    assert (one.code, one.err) == (0, "")
    assert one.out == bo_sync(root, "journal", report["run"]).out
    assert one.out.rstrip().endswith("; 3 people: 3 applied.")
    assert as_json(root)["runs"]
    assert as_json(root, "latest")["unknown"] == []


def test_the_newest_run_stands_first_and_what_changes_nothing_leaves_none(tmp_path: Path) -> None:
    root = write(tmp_path / "files", files(file("ada@example.com", "phone: '1'")))
    with served(tmp_path, LIVE) as hub:
        assert bo_sync(root, "journal").out == "No run has left a journal here.\n"
        assert bo_sync(root, "apply", "--yes", env=hub.env()).code == 0
        assert bo_sync(root, "apply", "--yes", env=hub.env()).code == 0
        assert len(runs(root)) == 1
        time.sleep(1.1)  # a run's name tells the second
        write(root, files(file("ada@example.com", "phone: '2'")))
        assert bo_sync(root, "apply", "--yes", env=hub.env()).code == 0
    first, second = [line.split()[0] for line in bo_sync(root, "journal").out.splitlines()[1:3]]
    assert first > second
    assert newest(root).run == first


def test_the_files_from_before_a_run_put_in_place_and_applied_restore_what_was(tmp_path: Path) -> None:
    root, before = write(tmp_path / "files", WISHES), tmp_path / "before"
    with served(tmp_path, {**baseline_population(), **MIXED}) as hub:
        then = {user["email"]: seen(user) for user in hub.holds()["users"]}
        assert bo_sync(root, "apply", "--yes", env=hub.env(KEY)).code == 0
        assert {user["email"]: seen(user) for user in hub.holds()["users"]} != then
        done = bo_sync(root, "journal", "latest", "--before", str(before))
        assert done.code == 0, done
        copy = tmp_path / "copy"
        shutil.copytree(root, copy)
        for number in (0, 1, 2):
            (copy / f"users/{number}.yaml").unlink()
        shutil.copytree(before, copy / "users", dirs_exist_ok=True)
        again = bo_sync(copy, "apply", "--yes", env=hub.env(KEY))
        assert again.code == 0, again
        now = {user["email"]: seen(user) for user in hub.holds()["users"]}
    assert sorted(path.name for path in before.iterdir()) == [
        "ada@example.com.yaml",
        "bob@example.com.yaml",
        "cy@example.com.yaml",
    ]
    assert done.out == "".join(f"wrote {before.as_posix()}/{path.name}\n" for path in sorted(before.iterdir()))
    lost = held({"job": "Poet"}, product="EDITOR")  # the ticket role, which no file can give
    assert now == {**then, "cy@example.com": lost}
    told = done.err.splitlines()
    assert len(told) == 2
    assert told[0].startswith("cannot come back as it was: cy@example.com was deleted: the hub will give a new id")
    assert "role definitions that bo-sync does not know" in told[1]


def test_what_the_hub_holds_and_would_not_take_anew_is_told(tmp_path: Path) -> None:
    last, before = "D" * 51, tmp_path / "before"
    root = write(tmp_path / "files", {"users/bob.yaml": file("bob@example.com", "id: 1001", "phone: '2'", last="Doe")})
    with served(tmp_path, {"users": [user("bob@example.com", lastName=last)]}) as hub:
        assert bo_sync(root, "apply", "--yes", env=hub.env()).code == 0
    done = bo_sync(root, "journal", "latest", "--before", str(before))
    assert (done.code, f"last_name: {last}\n" in (before / "bob@example.com.yaml").read_text("utf-8")) == (0, True)
    assert done.err == (
        "may not come back as it was: users/bob@example.com.yaml:4:12: warning: last_name: found 51 characters; "
        "expected at most 50, the hub's limit\n"
    )
    assert bo_sync(root, "journal", "latest", "--before", f"{before}2", "--quiet").err == ""


def test_what_stands_in_the_folder_is_never_written_over(tmp_path: Path) -> None:
    root = write(tmp_path / "files", files(file("ada@example.com", "phone: '1'")))
    with served(tmp_path, LIVE) as hub:
        assert bo_sync(root, "apply", "--yes", env=hub.env()).code == 0
    (tmp_path / "before").mkdir()
    assert bo_sync(root, "journal", "latest", "--before", str(tmp_path / "before")).code == 0
    text = (tmp_path / "before" / "ada@example.com.yaml").read_text()
    done = bo_sync(root, "journal", "latest", "--before", str(tmp_path / "before"))
    assert (done.code, done.out) == (64, "")
    assert done.complaint == (
        f"error: --before {tmp_path / 'before'} is not empty",
        "next: name an empty or a new folder",
    )
    assert (tmp_path / "before" / "ada@example.com.yaml").read_text() == text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(("latest",), "no run has left a journal here", id="no run at all"),
        pytest.param(("--before", "x"), "--before needs a run", id="no run named"),
        pytest.param(("../../etc/passwd",), "no run has left a journal here", id="a path"),
    ],
)
def test_a_run_that_is_not_there_is_a_usage_error(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    done = bo_sync(tmp_path, "journal", *arguments)
    assert (done.code, done.out, done.complaint[0]) == (64, "", f"error: {told}")
    assert list(tmp_path.iterdir()) == []


RUN = "20260615T080909Z-0123ab"
FIRST_LINES = {
    "an older format": ('{"entry":"header","format_version":1}', 6),
    "a newer format": ('{"entry":"header","format_version":3}', 6),
    "a header cut off": ('{"entry":"header","format_ver', 0),
    "a version that is not a number": ('{"entry":"header","format_version":"1"}', 0),
    "a first line that is not a header": ('{"entry":"end","format_version":1}', 0),
    "an empty file": ("", 0),
}


@pytest.mark.parametrize(("first", "code"), FIRST_LINES.values(), ids=FIRST_LINES.keys())
@pytest.mark.parametrize("more", [(), ("--before", "back")], ids=["shown", "restored"])
def test_a_journal_of_another_format_is_exit_6(tmp_path: Path, first: str, code: int, more: tuple[str, ...]) -> None:
    folder = write(tmp_path, {f".bo-sync/journal/{RUN}.jsonl": f"{first}\n"})
    done = bo_sync(folder, "journal", RUN, *more)
    expected = 6 if code else 1 if more else 0  # without a sound header nothing can be restored
    assert done.code == expected, done
    assert ("the journal has format version" in done.err) is bool(code)
    assert bo_sync(folder, "journal").code == 0
    assert not (folder / "back").exists()


def test_a_run_of_another_name_is_a_usage_error_that_cannot_act(tmp_path: Path) -> None:
    folder = tmp_path / ".bo-sync" / "journal"
    folder.mkdir(parents=True)
    (folder / "20260615T080910Z-0a1b2c.jsonl").write_bytes(b"what?")
    done = bo_sync(tmp_path, "journal", "../x\x1b[2J")
    assert done.complaint[0] == r"error: there is no run ../x\x1b[2J here"
    shown = bo_sync(tmp_path, "journal", "latest")
    assert shown.code == 0
    assert "The last line is torn" in shown.out
    restored = bo_sync(tmp_path, "journal", "latest", "--before", "before")
    assert (restored.code, restored.out) == (1, "")
    assert "cannot be read" in restored.complaint[0]


def wait_for_intents(root: Path, number: int, process: subprocess.Popen[str]) -> None:
    """Returns when the run that is under way has begun that many requests."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        names = runs(root)
        if names and len(read(names[0], read_bytes(root, names[0])).requests) >= number:
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    raise AssertionError("the run never came so far")


@pytest.mark.parametrize("number", [1, 5, 12])
def test_a_killed_apply_leaves_a_journal_that_names_unanswered_requests(tmp_path: Path, number: int) -> None:
    root = write(tmp_path / "files", ROOT)
    with served(tmp_path, LIVE, latency=0.08) as hub:
        with started(root, "apply", "--yes", "--concurrency", "2", env=hub.env()) as process:
            wait_for_intents(root, number, process)
            os.kill(process.pid, signal.SIGKILL)
            process.wait(SECONDS)
        past = newest(root)
        time.sleep(0.4)  # what is on its way may still take effect
        stands = {user["email"]: seen(user) for user in hub.holds()["users"]}
        shown = as_json(root, past.run)
        table = bo_sync(root, "journal")
        again = bo_sync(root, "apply", "--yes", env=hub.env())
        left = bo_sync(root, "plan", "--detailed-exitcode", env=hub.env())
        after = {user["email"]: seen(user) for user in hub.holds()["users"]}
    begun = [request for request in past.requests if request.answer is None]
    assert begun
    assert past.unknown == tuple(begun)
    assert shown["unknown"] == [request.intent.seq for request in begun]
    assert past.end is None
    assert "ended without a word" in table.out
    _check_truth(past, stands)
    assert (again.code, left.code) == (0, 0), (again, left)
    assert set(after) >= set(EVERYBODY)
    assert all(after[email] == held({"phone": "2"}, pricing="VIEWER") for email in EVERYBODY)


def _check_truth(past: Past, stands: Mapping[str, Held]) -> None:
    """What the journal calls applied holds in the hub, and whoever it does not name is as before."""
    named = {request.intent.email.raw for request in past.requests}
    applied = {(one.intent.email.raw, one.intent.operation) for one in past.requests if one.fate is Fate.APPLIED}
    for email in EVERYBODY:
        if email not in named:
            assert stands[email] == held()
        if {(email, "update_profile"), (email, "write_rows")} <= applied:
            assert stands[email] == held({"phone": "2"}, pricing="VIEWER")


@contextmanager
def held_apply(root: Path, hub: Served) -> Iterator[subprocess.Popen[str]]:
    """An apply that has begun and takes its time."""
    with started(root, "apply", "--yes", "--concurrency", "1", env=hub.env()) as process:
        wait_for_intents(root, 1, process)
        yield process


def refused(done: Ran, process: subprocess.Popen[str], run: str) -> None:
    assert (done.code, done.out) == (1, ""), done
    assert done.complaint[0].startswith(f"error: another apply is running here: process {process.pid}, since 20")
    assert done.complaint[0].endswith(f", run {run}")
    assert done.complaint[1].startswith("next: wait until it has ended")


def test_a_second_apply_is_refused_at_once_and_plans_are_not(tmp_path: Path) -> None:
    root = write(tmp_path / "files", ROOT)
    with served(tmp_path, LIVE, latency=0.3) as hub:
        with held_apply(root, hub) as process:
            run = runs(root)[0]
            refused(bo_sync(root, "apply", "--yes", env=hub.env()), process, run)
            refused(bo_sync(root, "apply", "--yes", "--format", "json", env=hub.env()), process, run)
            assert bo_sync(root, "plan", env=hub.env()).code == 0
            done = ended(process)
        assert done.code == 0, done
        assert runs(root) == (run,)
        assert bo_sync(root, "apply", "--yes", env=hub.env()).code == 0


def test_a_killed_holder_blocks_nobody(tmp_path: Path) -> None:
    root = write(tmp_path / "files", ROOT)
    with served(tmp_path, LIVE, latency=0.1) as hub:
        with held_apply(root, hub) as process:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(SECONDS)
        assert (root / ".bo-sync" / "lock").read_text()
        done = bo_sync(root, "apply", "--yes", env=hub.env())
    assert done.code == 0, done


def within(root: Path, blocks: int, hub: Served) -> Ran:
    """An apply that may write files of so many half kilobytes and no larger."""
    command = f'ulimit -f {blocks} && exec "$@"'
    done = subprocess.run(
        ["sh", "-c", command, "sh", *COMMAND, "apply", "--yes", "--concurrency", "1", "--format", "json"],
        cwd=root,
        env={**environment(), **hub.env()},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=SECONDS,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_an_apply_that_cannot_write_its_journal_sends_nothing(tmp_path: Path) -> None:
    root = write(tmp_path / "files", ROOT)
    with served(tmp_path, LIVE) as hub:
        done = within(root, 1, hub)
        assert {user["email"]: seen(user) for user in hub.holds()["users"]} == dict.fromkeys(EVERYBODY, held())
    assert (done.code, done.out) == (1, "")
    assert done.complaint[0].startswith("error: .bo-sync/journal/")
    assert done.complaint[0].endswith(".jsonl cannot be written: File too large")
    assert runs(root) == ()


def test_a_journal_that_breaks_under_way_lets_nothing_new_begin_and_the_report_is_whole(tmp_path: Path) -> None:
    root = write(tmp_path / "files", ROOT)
    with served(tmp_path, LIVE) as hub:
        done = within(root, 10, hub)
        stands = {user["email"]: seen(user) for user in hub.holds()["users"]}
        again = bo_sync(root, "apply", "--yes", env=hub.env())
    assert done.code == 5, done  # a write was sent before
    assert done.complaint[0].endswith(".jsonl cannot be written: File too large")
    assert done.complaint[1] == (
        "next: nothing was sent that the journal does not name; see to that disk, then apply again"
    )
    report = json.loads(done.out)
    assert report["summary"]["unknown"] == 0
    assert report["summary"]["failed"] + report["summary"]["not_attempted"] > 0
    run = report["run"]
    past = read(run, read_bytes(root, run))
    assert past.header is not None
    _check_truth(past, stands)
    assert again.code == 0


def test_an_apply_where_nothing_may_be_written_sends_nothing(tmp_path: Path) -> None:
    root = write(tmp_path / "files", {**ROOT, ".bo-sync": ""})
    with served(tmp_path, LIVE) as hub:
        done = bo_sync(root, "apply", "--yes", env=hub.env())
        assert {user["email"]: seen(user) for user in hub.holds()["users"]} == dict.fromkeys(EVERYBODY, held())
        assert bo_sync(root, "plan", env=hub.env()).code == 0
    assert (done.code, done.out) == (1, "")
    assert done.complaint[0] == "error: .bo-sync cannot be made: it is a link or a file, and must be a folder"
