"""The key and the session go to the hub, and nowhere else: no stream, file, other program or list of processes."""

import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from bo_sync.sandbox.population import FIRST_USER, SESSION_TOKEN, Population, baseline_population
from tests.end_to_end.world import file, files, user
from tests.support.process import Page, Ran, answering, bo_sync, ended, environment, in_terminal, served, started, write
from tests.support.repository import commit, repository

KEY = "recognisable-key-4711"
TOKEN = "recognisable-token-0815"
SECRETS = {"BO_SYNC_API_KEY": KEY, "BO_SYNC_SESSION_TOKEN": TOKEN}
USER = {"users/a.yaml": "email: a@example.com\nfirst_name: A\nlast_name: B\n"}
_TELLING_GIT = f"""#!{sys.executable}
import os, sys
with open({{told!r}}, "ab") as file:
    file.write(repr((sorted(os.environ.items()), sys.argv)).encode() + b"\\n")
os.execv({{git!r}}, [{{git!r}}, *sys.argv[1:]])
"""


def telling_git(folder: Path) -> tuple[Path, dict[str, str]]:
    """A git that writes down its environment and arguments; where it does, and a PATH that has it first."""
    told, found = folder / "told", shutil.which("git")
    assert found is not None
    (folder / "bin").mkdir()
    program = folder / "bin" / "git"
    program.write_text(_TELLING_GIT.format(told=str(told), git=found))
    program.chmod(0o755)
    return told, {"PATH": f"{folder / 'bin'}{os.pathsep}{environment()['PATH']}"}


def test_git_is_asked_without_our_secrets(tmp_path: Path) -> None:
    told, path = telling_git(tmp_path)
    root = repository(tmp_path / "files", USER)
    commit(root, {"users/b.yaml": "email: b@example.com\nfirst_name: B\nlast_name: C\n"})
    hub = {"BO_SYNC_HUB_URL": "sandbox:"}
    codes = [
        bo_sync(root, *command, env={**SECRETS, **hub, **path}).code
        for command in (("validate", "--base", "HEAD~1"), ("plan",), ("apply", "--yes"))
    ]
    asked = told.read_text()
    assert codes == [0, 0, 0]
    assert asked.count("\n") > len(codes)
    assert "HEAD~1" in asked
    assert KEY not in asked
    assert TOKEN not in asked
    assert "BO_SYNC_" not in asked


def test_no_list_of_processes_shows_a_secret(tmp_path: Path) -> None:
    root = write(tmp_path / "files", USER)
    key = tmp_path / "key"
    key.write_text(KEY)
    key.chmod(0o600)
    given = ("plan", "--api-key-file", str(key))
    callers = baseline_population()
    callers["keys"] = [{"key": KEY, "access": "OWNER"}]
    with served(tmp_path, callers, latency=0.7) as hub:
        env = {"BO_SYNC_HUB_URL": hub.url, "BO_SYNC_SESSION_TOKEN": SESSION_TOKEN}
        with started(root, *given, env=env) as process:
            seen = watched(process)
    lines = {line for lines in seen.values() for line in lines}
    assert any(str(key) in line for line in lines)
    assert not any(KEY in line or SESSION_TOKEN in line for line in lines)


def watched(process: subprocess.Popen[str]) -> dict[int, set[str]]:
    """The command lines of a process and its children, by their ids, as they were while it ran."""
    seen: dict[int, set[str]] = {}
    while process.poll() is None:
        for pid in (process.pid, *children(process.pid)):
            with suppress(OSError):
                line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                seen.setdefault(pid, set()).add(line)
        time.sleep(0.01)
    assert ended(process).code == 0
    return seen


def children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


PASTED = {
    "users/a.yaml": f"email: {KEY}\n{KEY}: {KEY}\nmodules: {{{TOKEN}: {KEY}}}\nlanguage: {KEY}\nuntil: x{KEY}\n",
    "presets/p.yaml": f"extends: [{KEY}]\n",
    "bo-sync.yaml": f"hub_host: {KEY}.example.com\n{TOKEN}: x\ntimezone: {KEY}\n",
}


def test_a_secret_that_was_pasted_into_a_file_or_an_argument_is_not_quoted(tmp_path: Path) -> None:
    root = write(tmp_path / "files", PASTED)
    sound = repository(tmp_path / "sound", {**USER, "bo-sync.yaml": f"hub_host: {KEY}.example.com\n"})
    remote = ("--hub", "https://hub.example.com/graphql")
    ran = [
        bo_sync(place, *command, "--verbose", env=SECRETS)
        for place, command in (
            (root, ("validate",)),
            (root, ("validate", "--format", "json")),
            (root, ("plan", *remote)),
            (sound, ("plan", *remote)),
            (sound, ("plan", "--hub", KEY)),
            (sound, ("plan", "--hub", "sandbox:", "--only", KEY)),
            (sound, ("apply", KEY, "--yes", "--hub", "sandbox:")),
            (sound, ("plan", *remote, "--api-key-file", KEY)),
            (sound, ("validate", "--base", KEY)),
            (sound, ("plan", "--hub", "sandbox:", "--base", KEY)),
            (sound, (KEY,)),
            (sound, ("plan", f"--{KEY}")),
        )
    ]
    assert {done.code for done in ran} == {3, 64}
    for done in ran:
        said = done.out + done.err
        assert "[secret]" in said, done
        assert KEY[-8:] not in said
        assert TOKEN[-8:] not in said


CALLERS: Population = {"keys": [{"key": KEY, "access": "OWNER"}], "sessions": [{"token": TOKEN, "email": FIRST_USER}]}
ROOT = files(file("bob@example.com", "job: Poet"), file("new@example.com"))
QUOTING = b'{"errors": [{"message": "bad %s and %s", "extensions": {"code": "UNAUTHENTICATED"}}]}'


def check(root: Path, ran: list[Ran]) -> None:
    """Neither secret, nor a good part of one, is in what was said or in any file."""
    kept = b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())
    said = "".join(done.out + done.err for done in ran)
    for part in (KEY, TOKEN, KEY[-8:], TOKEN[-8:]):
        assert part not in said
        assert part.encode() not in kept


def test_where_all_goes_well(tmp_path: Path) -> None:
    root = write(tmp_path / "files", ROOT)
    start = baseline_population()
    live = [*start["users"], user("bob@example.com")]
    commands = (
        ("plan", "--out", "plan.json"),
        ("users", "--live"),
        ("doctor", "--probe-writes"),
        ("apply", "plan.json", "--yes"),
        ("apply", "plan.json", "--yes", "--format", "json"),
    )
    with served(tmp_path, {**start, **CALLERS, "users": live}) as hub:
        env = {**hub.env(KEY), "BO_SYNC_SESSION_TOKEN": TOKEN}
        ran = [bo_sync(root, *command, "--verbose", env=env) for command in commands]
        ran.append(in_terminal(root, "plan", "--verbose", env=env))
    assert [done.code for done in ran] == [0, 0, 0, 0, 6, 0], ran
    check(root, ran)


def test_where_all_goes_wrong(tmp_path: Path) -> None:
    root = write(tmp_path, ROOT)
    (root / "folder").mkdir()
    pages = (
        Page(200, QUOTING % (KEY.encode(), TOKEN.encode())),
        Page(403, f"<p>{KEY} {TOKEN}</p>".encode(), {"Content-Type": "text/html"}),
        Page(302, headers={"Location": f"https://elsewhere.example.com/?key={KEY}&token={TOKEN}"}),
    )
    ran = []
    for page in pages:
        with answering(page) as server:
            env = {"BO_SYNC_HUB_URL": server.url, **SECRETS}
            ran += [bo_sync(root, *command, "--verbose", env=env) for command in (("plan",), ("doctor",))]
    for hub in (f"https://{KEY}:{TOKEN}@hub.example.com/", f"https://hub.example.com/?{KEY}#{TOKEN}"):
        ran.append(bo_sync(root, "plan", "--verbose", "--hub", hub, env=SECRETS))
    ran.append(bo_sync(root, "plan", "--verbose", env=SECRETS))
    for broken in ({"BO_SYNC_API_KEY": f"{KEY}\n{KEY}"}, {"BO_SYNC_SESSION_TOKEN": f"{TOKEN} é"}):
        ran.append(bo_sync(root, "plan", "--verbose", "--hub", "https://hub.example.com/", env={**SECRETS, **broken}))
    assert {done.code for done in ran} == {1, 64}
    check(root, ran)


def test_a_key_file_that_is_refused_is_not_quoted(tmp_path: Path) -> None:
    root = write(tmp_path / "files", ROOT)
    key = tmp_path / "key"
    ran = []
    for data, mode in ((KEY.encode(), 0o644), (f"{KEY} {TOKEN}".encode(), 0o600), (KEY.encode() + b"\xff", 0o600)):
        key.write_bytes(data)
        key.chmod(mode)
        ran.append(bo_sync(root, "plan", "--verbose", "--hub", "https://hub.example.com/", "--api-key-file", str(key)))
    assert [done.code for done in ran] == [64, 64, 64]
    check(root, ran)
