"""No command runs a program that a repository names, wherever git would find it named."""

import os
import pty
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest

from bo_sync.cli.app import COMMANDS
from bo_sync.config.git_revision import read_revision
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
    "plan": [("plan", *HUB), ("plan", *HUB, "--base", "HEAD~1", "--format", "github", "--out", "{out}/plan.json")],
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
    gitProxy = {folder}/gitProxy
    askPass = {folder}/askPass
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
    x = "!{run} alias"
    rev-parse = "!{run} alias.builtin"
    ls-tree = "!{run} alias.builtin"
    log = "!{run} alias.builtin"
    cat-file = "!{run} alias.builtin"
[pager]
    log = {run} pager.log
    rev-list = {run} pager.rev-list
[credential]
    helper = "!{run} credential"
[gpg]
    program = {folder}/gpg
[log]
    showSignature = true
[protocol]
    allow = always
[remote "origin"]
    url = "ext::{run} remote"
    uploadpack = {run} uploadpack
    promisor = true
    partialclonefilter = blob:none
[remote "local"]
    url = {folder}
    uploadpack = {run} uploadpack
[uploadpack]
    packObjectsHook = {run} packObjectsHook
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
HOOKS: Final = ("hooks/post-index-change", "hooks/reference-transaction", "hooks/post-checkout", "hooks/pre-auto-gc")
WITHOUT_ARGUMENTS: Final = ("gitProxy", "askPass", "gpg")
"""Where git takes the whole value for the path of a program, so that each has one of its own."""

_COPIES: Final = 'case "$1" in clean|smudge|textconv) cat ;; pager*) cat >&2 ;; esac\n'
"""Filters give back what they get, and a pager reads all: git ends early otherwise. A transport must not answer."""


class Planted:
    """A program that leaves its name behind when it runs, and the settings of git that name it."""

    def __init__(self, folder: Path) -> None:
        self.left = folder / "left"
        self.left.mkdir(parents=True)
        program = write(folder, {"run": f'#!/bin/sh\n: > "{self.left}/$1"\n{_COPIES}'}) / "run"
        program.chmod(0o755)
        for name in (*HOOKS, *WITHOUT_ARGUMENTS):
            write(folder, {name: f'#!/bin/sh\n: > "{self.left}/{Path(name).name}"\n'})
            (folder / name).chmod(0o755)
        self.settings = _NAMED.format(run=program, folder=folder, hooks=folder / "hooks")
        self.included = write(folder, {"planted": self.settings}) / "planted"

    @property
    def ran(self) -> list[str]:
        return sorted(path.name for path in self.left.iterdir())

    def forget(self) -> None:
        for path in self.left.iterdir():
            path.unlink()


def committed(root: Path) -> Path:
    """Two commits on main, and one on another branch that changes the same file as the second."""
    repository(root, {**FILES, **TRACKED})
    commit(root, {"users/bob.yaml": FILES["users/bob.yaml"] + "job: Painter\n"})
    git(root, "branch", "other")
    git(root, "reset", "--quiet", "--soft", "HEAD~1")
    commit(root, {"users/bob.yaml": FILES["users/bob.yaml"] + "job: Poet\n"})
    return root


def embedded(folder: Path, planted: Planted) -> Path:
    """The configuration in a folder whose tracked files are also a bare repository."""
    inner = committed(folder / "inner")
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
    root = committed(folder / "files")
    write(root, {"users/bob.yaml": FILES["users/bob.yaml"] + "job: Clerk\n"})
    if place == "config.worktree":
        git(root, "config", "core.repositoryFormatVersion", "1")
        git(root, "config", "extensions.worktreeConfig", "true")
    with (root / ".git" / place).open("a", encoding="utf-8") as config:
        config.write(settings)
    return root


def own(folder: Path, planted: Planted) -> Path:
    return with_settings(folder, planted.settings, "config")


def included(folder: Path, planted: Planted) -> Path:
    return with_settings(folder, f"[include]\n    path = {planted.included}\n", "config")


def of_a_worktree(folder: Path, planted: Planted) -> Path:
    return with_settings(folder, planted.settings, "config.worktree")


LAYOUTS: Final = (embedded, own, included, of_a_worktree)
CONTROLS: Final[dict[str, tuple[str, ...]]] = {
    "fsmonitor": ("status",),
    "post-index-change": ("update-index", "--refresh", "--force-write-index"),
    "reference-transaction": ("update-ref", "refs/heads/new", "HEAD"),
    "post-checkout": ("checkout", "HEAD", "--", "users/jane.yaml"),
    "pre-auto-gc": ("gc", "--auto"),
    "clean": ("add", "users/bob.yaml"),
    "smudge": ("checkout", "HEAD~1", "--", "users/bob.yaml"),
    "process": ("add", "users/new.yml"),
    "external": ("diff", "--", ".gitconfig"),
    "command": ("diff", "HEAD~1", "HEAD", "--", "users/bob.yaml"),
    "textconv": ("log", "-p", "--textconv", "-1"),
    "driver": ("merge-tree", "--write-tree", "HEAD", "other"),
    "alias": ("x",),
    "pager": ("diff", "HEAD~1"),
    "pager.log": ("log", "-1"),
    "pager.rev-list": ("rev-list", "HEAD"),
    "editor": ("config", "--edit"),
    "sshCommand": ("fetch", "ssh://127.0.0.1:1/x"),
    "gitProxy": ("fetch", "git://127.0.0.1:1/x"),
    "credential": ("credential", "fill"),
    "askPass": ("credential", "fill"),
    "gpg": ("verify-commit", "{signed}"),
    "alternateRefsCommand": ("rev-list", "--alternate-refs"),
    "remote": ("fetch", "origin"),
    "uploadpack": ("fetch", "local"),
    "update": ("submodule", "update"),
}
"""The plain git command that runs each planted program."""
READ_TOO_EARLY: Final = {"alias"}
"""What git (2.39) looks for before it reads the settings of a worktree, so that these cannot name it."""
FORBIDDEN: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "alias.builtin": (("rev-parse", "HEAD"), ""),
    "packObjectsHook": (("upload-pack", "."), ""),
    "submodule": (("submodule", "update", "--init"), "transport 'ext' not allowed"),
}
"""What git never runs from the settings of a repository: a command that would, and what git complains of then."""
ASKED: Final = "protocol=https\nhost=127.0.0.1\n\n"
"""What `git credential fill` reads."""


def plain_git(root: Path, *line: str, feed: str = "") -> str:
    """What git complains of to a program that does not take care. It writes to a terminal, as for a user."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    reading, terminal = pty.openpty()
    try:
        done = subprocess.run(
            ["git", *line], cwd=root, env={**environment, "GIT_CONFIG_SYSTEM": os.devnull}, timeout=20, check=False,
            input=feed, stdout=terminal, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    finally:
        os.close(terminal)
        os.close(reading)
    return done.stderr


def prepared(root: Path, folder: Path) -> dict[str, str]:
    """What the commands of the control need: changes, many objects, a submodule, and the name of a signed commit."""
    store, sub = root / ".git" if (root / ".git").exists() else root, repository(root / "users/sub", {"x": "x"})
    write(root, {"users/new.yml": "x", ".gitconfig": "changed"})
    write(store, {f"objects/17/{number:038x}": "" for number in range(4)})
    git(root, "update-index", "--add", "--cacheinfo", f"160000,{git(sub, 'rev-parse', 'HEAD')},users/sub")
    commit(sub, {"x": "y"})
    other = repository(folder / "other", {"x": "x"})
    write(store, {"objects/info/alternates": f"{other / '.git/objects'}\n"})
    return {"signed": _signed(root, folder)}


def _signed(root: Path, folder: Path) -> str:
    """A commit with a signature, of which gpg.program is asked."""
    lines = git(root, "cat-file", "commit", "HEAD").partition("\n\n")
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----"
    write(folder, {"signed": f"{lines[0]}\n{signature}\n\n{lines[2]}\n"})
    return git(root, "hash-object", "-w", "-t", "commit", "--no-filters", str(folder / "signed"))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_planted_program_is_run_by_plain_git(layout: Callable[[Path, Planted], Path], tmp_path: Path) -> None:
    planted = Planted(tmp_path / "planted")
    root = layout(tmp_path, planted)
    names = prepared(root, tmp_path)
    silent = {}
    for name, line in CONTROLS.items():
        planted.forget()
        complaint = plain_git(root, *(word.format(**names) for word in line), feed=ASKED)
        if name not in planted.ran:
            silent[name] = (planted.ran, complaint)
    assert silent.keys() <= (READ_TOO_EARLY if layout is of_a_worktree else set()), silent


def test_each_planted_program_has_a_control() -> None:
    named = set(re.findall(r"(?:\{run\} |\{folder\}/)([\w.-]+)", _NAMED)) | {Path(hook).name for hook in HOOKS}
    assert named == CONTROLS.keys() | FORBIDDEN.keys()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_git_itself_runs_no_forbidden_kind(layout: Callable[[Path, Planted], Path], tmp_path: Path) -> None:
    planted = Planted(tmp_path / "planted")
    root = layout(tmp_path, planted)
    git(root, "update-index", "--add", "--cacheinfo", f"160000,{git(root, 'rev-parse', 'HEAD')},users/sub")
    for name, (line, said) in FORBIDDEN.items():
        planted.forget()
        assert said in plain_git(root, *line)
        assert name not in planted.ran
    planted.forget()
    write(root, {".gitmodules": TRACKED[".gitmodules"].replace("checkout", f"!{tmp_path}/planted/run tracked")})
    assert "invalid value for 'submodule.sub.update'" in plain_git(root, "submodule", "update")
    assert "tracked" not in planted.ran


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
    planted.forget()  # what git ran while it was set up
    with pytest.raises(UsageError, match="lacks some of them"):
        read_revision(root, "HEAD~1")
    assert planted.ran == []
