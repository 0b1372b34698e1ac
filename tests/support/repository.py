"""Real git repositories for a test, made without regard to whoever's configuration."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_ENVIRONMENT: Final = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_TERMINAL_PROMPT": "0",
}


def git(root: Path, *arguments: str, when: str = "") -> str:
    """What `git ARGUMENTS` says in `root`; it must end well. `when`: as if now were then, `2026-03-01T23:30:00Z`."""
    assert "--global" not in arguments, "as root, git would put a plain file in the place of the null device"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    then = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when} if when else {}
    done = subprocess.run(
        ["git", *arguments],
        cwd=root,
        env={**environment, **_ENVIRONMENT, **then},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def repository(root: Path, files: Mapping[str, str], top: Path | None = None, when: str = "") -> Path:
    """`root`, in a new repository (at `top`, where that is not `root`), with `files` committed on `main`."""
    root.mkdir(parents=True, exist_ok=True)
    git(top or root, "init", "--quiet", "--initial-branch=main")
    commit(root, files, when)
    return root


def commit(root: Path, files: Mapping[str, str | None], when: str = "") -> str:
    """Writes `files` (None: removes one), commits everything, and returns the commit's whole name."""
    for path, text in files.items():
        place = root / path
        if text is None:
            place.unlink()
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8", newline="")
    git(root, "add", "--all", ".")
    git(root, "commit", "--quiet", "--message", "change", when=when)
    return git(root, "rev-parse", "HEAD")
