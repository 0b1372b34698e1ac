"""How far a secret travels inside our own machine: into no other program, no list of processes, no file."""

import os
import shutil
import sys
from pathlib import Path

from tests.support.process import bo_sync, environment
from tests.support.repository import commit, repository

KEY = "recognisable-key-4711"
TOKEN = "recognisable-token-0815"
SECRETS = {"BO_SYNC_API_KEY": KEY, "BO_SYNC_SESSION_TOKEN": TOKEN}
PERSON = {"users/a.yaml": "email: a@example.com\nfirst_name: A\nlast_name: B\n"}
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
    root = repository(tmp_path / "files", PERSON)
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
