"""`bo-sync sandbox`, as a command and as a process."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from bo_sync.cli.commands.sandbox import command
from bo_sync.sandbox.population import synthetic
from bo_sync.sandbox.store import Store

HELD = "The sandbox holds {} with {} role rows.\n"


def run(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@contextmanager
def serving(directory: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A process that serves, and the lines it starts with."""
    arguments = [sys.executable, "-m", "bo_sync.cli.commands.sandbox", "serve", "-C", str(directory), *options]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, [process.stdout.readline().rstrip("\n") for _ in range(6)]
    finally:
        process.kill()
        process.communicate()


def test_seed_and_reset_say_what_is_held(tmp_path: Path) -> None:
    rows = sum(len(user["roles"]) for user in synthetic(30, 4)["users"])
    assert run("seed", "30", "--seed", "4", "-C", str(tmp_path)) == HELD.format("30 people", rows)
    with Store.open(tmp_path / ".bo-sync" / "sandbox.db") as store:
        assert store.counts() == (30, rows)
    assert run("reset", "-C", str(tmp_path)) == HELD.format("1 person", 11)


def test_another_database_is_another_sandbox(tmp_path: Path) -> None:
    run("seed", "3", "-C", str(tmp_path), "--database", "other.db")
    assert [path.name for path in tmp_path.iterdir()] == ["other.db"]


def test_a_database_may_be_named_from_the_directory_or_absolutely(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    run("seed", "3", "-C", str(root), "--database", "../beside.db")
    run("seed", "3", "-C", str(root), "--database", str(tmp_path / "absolute.db"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["absolute.db", "beside.db", "root"]
    assert "from the directory of -C where PATH is relative." in " ".join(run("seed", "--help").split())


@pytest.mark.parametrize("arguments", [("reset",), ("seed", "3"), ("serve",)], ids=" ".join)
def test_a_directory_that_is_not_there_is_refused_and_not_made(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    missing = tmp_path / "missing"
    result = CliRunner().invoke(command, [*arguments, "-C", str(missing)])
    assert result.exit_code == 2
    assert "there is no such directory" in result.output
    assert not missing.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_serve_says_where_and_with_which_keys_and_ends_well(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path) as (process, lines):
        assert lines[1:] == [
            "key sandbox-owner OWNER",
            "key sandbox-editor EDITOR",
            "key sandbox-viewer VIEWER",
            "key sandbox-none NONE",
            "session sandbox-session",
        ]
        url = lines[0].removeprefix("url ")
        ask = {"query": "{ adminUserViewer { email } }"}
        answer = requests.post(url, json=ask, headers={"Authorization": "Bearer sandbox-session"}, timeout=10)
        assert answer.json() == {"data": {"adminUserViewer": {"email": "break-glass@example.com"}}}
        process.send_signal(number)
        assert process.wait(10) == 0
    assert sorted(path.name for path in (tmp_path / ".bo-sync").iterdir()) == [".gitignore", "sandbox.db"]


def test_serve_behaves_as_its_options_say(tmp_path: Path) -> None:
    options = ["--max-page-size", "5", "--large-pages", "refuse", "--refusal", "http-400", "--no-introspection"]
    with serving(tmp_path, *options) as (_, lines):
        url, key = lines[0].removeprefix("url "), {"apikey": "sandbox-owner"}
        for document in ("{ adminUsers { pages } }", "{ __schema { queryType { name } } }"):
            assert requests.post(url, json={"query": document}, headers=key, timeout=10).status_code == 400
