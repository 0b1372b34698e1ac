"""`pip install bo-sync` without an extra: commands run where neither `graphql` nor `jinja2` can be imported.

One new process runs all command lines in turn, behind an import hook that notes and refuses these two.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from bo_sync.cli.app import COMMANDS
from tests.support.process import SECONDS, environment, served, write

REPOSITORY: Final = Path(__file__).parents[2]
DRIVER: Final = """
import contextlib, io, json, sys
from importlib.abc import MetaPathFinder

tried = []

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("graphql", "jinja2"):
            tried.append(name)
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from bo_sync.cli.app import main

def run(line):
    tried.clear()
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        try:
            main(line)
        except SystemExit as ended:
            code = ended.code
    return [line, code, *(stream.buffer.getvalue().decode() for stream in streams), [*tried]]

print(json.dumps([run(line) for line in json.load(sys.stdin)]))
"""
JANE: Final = """\
email: jane@example.com
first_name: Jane
last_name: Doe
language: en
platform: {backoffice: true}
modules: {pricing: viewer}
"""
EXTRA: Final = "error: the embedded hub needs the extra \"sandbox\"\nnext: pip install 'bo-sync[sandbox]'\n"


@dataclass(frozen=True, slots=True)
class WithoutExtra:
    """How a command line ended, and which of the missing modules it tried to import."""

    line: str
    code: int
    out: str
    err: str
    tried: tuple[str, ...]


def run_without(root: Path, *lines: Sequence[str], **env: str) -> list[WithoutExtra]:
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        cwd=root,
        env=environment(**env),
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ended = json.loads(done.stdout)
    return [WithoutExtra(" ".join(line), code, out, err, tuple(tried)) for line, code, out, err, tried in ended]


def check_each_runs(ran: Sequence[WithoutExtra]) -> None:
    assert [one for one in ran if one.code or one.tried] == []
    assert all(one.out for one in ran if one.line != "fmt --check")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "files", {"users/jane.yaml": JANE})


def test_only_the_extra_asks_for_graphql() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert [name for name in project["dependencies"] if name.lower().startswith(("graphql", "jinja"))] == []
    assert [name.partition(">")[0] for name in extras["sandbox"]] == ["graphql-core"]
    assert "bo-sync[sandbox]" in extras["dev"]


def test_every_command_prints_its_help(root: Path) -> None:
    within = (("sandbox", "serve"), ("sandbox", "reset"), ("sandbox", "seed"), ("catalogue", "diff"))
    ran = run_without(root, ("--help",), ("--version",), *((*words, "--help") for words in (*zip(COMMANDS), *within)))
    check_each_runs(ran)
    assert len(ran) == 2 + len(COMMANDS) + len(within)


def test_commands_over_files_run(root: Path) -> None:
    check_each_runs(
        run_without(
            root,
            ("validate",),
            ("fmt", "--check"),
            ("users",),
            ("show", "jane@example.com"),
            ("who-can", "pricing:viewer"),
            ("needs", "pricing:viewer"),
            ("matrix",),
            ("schema", "user"),
            ("completion", "bash"),
            ("init", "-C", str(root.parent)),
        )
    )


def test_commands_against_a_hub_run(root: Path, tmp_path: Path) -> None:
    with served(tmp_path) as hub:
        ran = run_without(
            root,
            ("doctor",),
            ("plan", "--out", "plan.json"),
            ("apply", "plan.json", "--yes"),
            ("plan", "--detailed-exitcode"),
            ("users", "--live"),
            ("matrix", "--diff-with", "live"),
            ("pull",),
            ("journal",),
            **hub.env(),
        )
        held = {user["email"] for user in hub.holds()["users"]}
    check_each_runs(ran)
    assert "jane@example.com" in held


DOORS: Final = (
    ("demo",),
    ("demo", "--verbose"),
    ("sandbox", "serve"),
    ("sandbox", "reset"),
    ("sandbox", "seed", "3"),
    ("plan",),
    ("plan", "--hub", "sandbox:"),
    ("apply", "--yes", "--hub", "sandbox:"),
    ("doctor", "--hub", "sandbox:"),
    ("users", "--live", "--hub", "sandbox:"),
)


def test_every_door_to_the_embedded_hub_names_the_extra(root: Path) -> None:
    ran = run_without(root, *DOORS)
    assert [(one.line, one.code, one.out) for one in ran] == [(" ".join(line), 64, "") for line in DOORS]
    for one in ran:
        found = one.err.removeprefix("hub: the embedded sandbox, .bo-sync/sandbox.db\n")
        assert found == EXTRA + ("detail: No module named 'graphql'\n" if "--verbose" in one.line else ""), one
    assert [path.name for path in root.iterdir()] == ["users"]
