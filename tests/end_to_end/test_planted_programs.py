"""No command runs a program that a repository names, wherever git would find it named."""

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest

from bo_sync.cli.app import COMMANDS
from bo_sync.config.revision import read_revision
from bo_sync.errors import UsageError
from tests.end_to_end.world import file
from tests.support.inside import inside
from tests.support.process import write
from tests.support.repository import commit, git, repository

FILES: Final = {
    "users/jane.yaml": file("jane@example.com", "language: en"),
    "users/bob.yaml": file("bob@example.com", "language: en"),
    "bo-sync.yaml": "guardrails: {min_role_owners: 1}\n",
}
HUB: Final = ("--hub", "sandbox:")
LINES: Final[dict[str, Sequence[tuple[str, ...]]]] = {
    "init": [("init", "{root}", "--github", "--gitlab")],
    "validate": [("validate",), ("validate", "--base", "HEAD~1")],
    "fmt": [("fmt", "-C", "{root}", "--check")],
    "plan": [("plan", *HUB), ("plan", *HUB, "--format", "github", "--out", "{out}/plan.json")],
    "apply": [("apply", *HUB, "--yes"), ("apply", *HUB, "--yes", "{out}/plan.json")],
    "pull": [("pull", *HUB), ("pull", *HUB, "--update")],
    "users": [("users",), ("users", "--live", *HUB)],
    "show": [("show", "jane@example.com"), ("show", "jane@example.com", "--at", "HEAD~1")],
    "who-can": [("who-can", "price"), ("who-can", "price", "--at", "HEAD~1")],
    "needs": [("needs", "orders")],
    "matrix": [
        ("matrix",),
        ("matrix", "--at", "HEAD~1"),
        ("matrix", "--live", *HUB),
        ("matrix", "--diff-with", "live", *HUB),
    ],
    "diff": [("diff",), ("diff", "HEAD~1"), ("diff", "HEAD~1", "HEAD"), ("diff", "@2099-01-01")],
    "journal": [("journal",)],
    "catalogue": [("catalogue", "diff", "-C", "{root}")],
    "comment": [("comment", "--github", "--dry-run", "--failed", "1", *HUB)],
    "doctor": [("doctor", *HUB)],
    "schema": [("schema", "user")],
    "sandbox": [("sandbox", "seed", "3"), ("sandbox", "reset")],
    "demo": [("demo",)],
    "completion": [("completion", "bash")],
}
"""Each command, in the ways in which it may come to ask git something."""
_NAMED: Final = """
[core]
    fsmonitor = {run} fsmonitor
    hooksPath = {hooks}
    pager = {run} pager
    editor = {run} editor
    sshCommand = {run} sshCommand
    gitProxy = {run} gitProxy
    askPass = {run} askPass
    alternateRefsCommand = {run} alternateRefsCommand
[filter "x"]
    clean = {run} clean
    smudge = {run} smudge
[filter "y"]
    process = {run} process
    required = true
[diff]
    external = {run} external
[diff "x"]
    textconv = {run} textconv
    command = {run} command
[merge "x"]
    driver = {run} driver
[alias]
    rev-parse = "!{run} alias"
    ls-tree = "!{run} alias"
    log = "!{run} alias"
    cat-file = "!{run} alias"
[pager]
    log = {run} pager.log
    rev-list = {run} pager.rev-list
[credential]
    helper = "!{run} credential"
[gpg]
    program = {run} gpg
[log]
    showSignature = true
[protocol]
    allow = always
[remote "origin"]
    url = "ext::{run} remote"
    uploadpack = {run} uploadpack
    promisor = true
    partialclonefilter = blob:none
[submodule "sub"]
    url = "ext::{run} submodule"
    update = "!{run} update"
    active = true
[submodule]
    recurse = true
[status]
    submoduleSummary = true
[maintenance]
    auto = true
[gc]
    auto = 1
"""
TRACKED: Final = {
    ".gitattributes": "*.yaml filter=x diff=x merge=x\n*.yml filter=y\n",
    ".gitmodules": '[submodule "sub"]\n    path = users/sub\n    url = ext::false\n    update = checkout\n',
    ".gitconfig": "[include]\n    path = planted\n",
    "hooks/post-checkout": "#!/bin/sh\n",
}


class Planted:
    """A program that leaves its name behind when it runs, and the settings of git that name it."""

    def __init__(self, folder: Path) -> None:
        self.left = folder / "left"
        self.left.mkdir(parents=True)
        program = write(folder, {"run": f'#!/bin/sh\n: > "{self.left}/$1"\ncat\n'}) / "run"
        program.chmod(0o755)
        for hook in (
            "post-index-change",
            "reference-transaction",
            "post-checkout",
            "pre-auto-gc",
            "fsmonitor-watchman",
        ):
            write(folder, {f"hooks/{hook}": f'#!/bin/sh\n: > "{self.left}/hook"\n'})
            (folder / "hooks" / hook).chmod(0o755)
        self.settings = _NAMED.format(run=program, hooks=folder / "hooks")
        self.included = write(folder, {"planted": self.settings}) / "planted"

    @property
    def ran(self) -> list[str]:
        return sorted(path.name for path in self.left.iterdir())


def embedded(folder: Path, planted: Planted) -> Path:
    """The configuration in a folder whose tracked files are also a bare repository."""
    inner = repository(folder / "inner", {**FILES, **TRACKED})
    commit(inner, {"users/bob.yaml": FILES["users/bob.yaml"] + "job: Poet\n"})
    top = repository(folder / "top", {"README.md": "x"})
    root = top / "access"
    (inner / ".git").rename(root)
    commit(top, {f"access/{path}": text for path, text in {**FILES, **TRACKED}.items()})
    (root / "config").write_text(
        f"[core]\nrepositoryformatversion = 0\nbare = false\nworktree = .\n{planted.settings}", encoding="utf-8"
    )
    commit(top, {"access/users/bob.yaml": FILES["users/bob.yaml"] + "job: Clerk\n"})
    return root


def with_settings(folder: Path, settings: str, place: str) -> Path:
    root = repository(folder / "files", {**FILES, **TRACKED})
    commit(root, {"users/bob.yaml": FILES["users/bob.yaml"] + "job: Poet\n"})
    write(root, {"users/bob.yaml": FILES["users/bob.yaml"] + "job: Clerk\n"})
    if place == "config.worktree":
        git(root, "config", "core.repositoryFormatVersion", "1")
        git(root, "config", "extensions.worktreeConfig", "true")
    with (root / ".git" / place).open("a", encoding="utf-8") as config:
        config.write(settings)
    return root


def own(folder: Path, planted: Planted) -> Path:
    """The settings of the repository itself."""
    return with_settings(folder, planted.settings, "config")


def included(folder: Path, planted: Planted) -> Path:
    """A file that the settings of the repository include."""
    return with_settings(folder, f"[include]\n    path = {planted.included}\n", "config")


def of_a_worktree(folder: Path, planted: Planted) -> Path:
    """The settings of a worktree."""
    return with_settings(folder, planted.settings, "config.worktree")


LAYOUTS: Final = (embedded, own, included, of_a_worktree)


def asked_carelessly(root: Path) -> None:
    """What git runs for a program that does not take care."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    for line in (("status",), ("log", "-p", "--textconv", "-1"), ("add", "-A")):
        subprocess.run(
            ["git", *line], cwd=root, env={**environment, "GIT_CONFIG_SYSTEM": os.devnull}, timeout=60, check=False,
            stdin=subprocess.DEVNULL, capture_output=True,
        )  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_plants_are_live(layout: Callable[[Path, Planted], Path], tmp_path: Path) -> None:
    planted = Planted(tmp_path / "planted")
    asked_carelessly(layout(tmp_path, planted))
    assert {"clean", "fsmonitor", "hook"} <= set(planted.ran)


def test_every_command_is_tried() -> None:
    assert list(LINES) == list(COMMANDS)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", LINES)
def test_no_command_runs_what_is_planted(
    name: str, layout: Callable[[Path, Planted], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = Planted(tmp_path / "planted")
    root = layout(tmp_path, planted)
    monkeypatch.chdir(root)
    monkeypatch.setenv("BO_SYNC_API_KEY", "recognisable-key-4711")
    monkeypatch.delenv("CI", raising=False)
    codes = []
    for line in (*(LINES["plan"][1:] if name == "apply" else ()), *LINES[name]):
        words = [word.format(root=root, out=tmp_path) for word in line]
        codes.append(inside(*words).code)
    assert planted.ran == []
    if layout is not embedded and name not in {"doctor", "catalogue"}:
        assert set(codes) <= {0, 1, 2, 4, 6}, codes  # none of usage: each command came as far as it can


URLS: Final = {
    "a transport that is a program": "ext::{run} ext",
    "a repository on this machine": "{folder}",
    "a host behind ssh": "user@host.example.com:path",
    "a host behind git": "git://host.example.com/path",
    "a bundle": "{folder}/bundle",
}


@pytest.mark.parametrize("url", URLS.values(), ids=URLS)
def test_what_a_partial_clone_lacks_is_not_fetched_by_a_planted_program(url: str, tmp_path: Path) -> None:
    planted = Planted(tmp_path / "planted")
    root = own(tmp_path, planted)
    lacking = git(root, "rev-parse", "HEAD~1:users/bob.yaml")
    (root / ".git/objects" / lacking[:2] / lacking[2:]).unlink()
    git(root, "config", "remote.origin.url", url.format(run=tmp_path / "planted/run", folder=tmp_path))
    git(root, "config", "core.repositoryFormatVersion", "1")
    git(root, "config", "extensions.partialClone", "origin")
    for path in planted.left.iterdir():  # what git ran while it was set up
        path.unlink()
    with pytest.raises(UsageError, match="lacks some of them"):
        read_revision(root, "HEAD~1")
    assert planted.ran == []
