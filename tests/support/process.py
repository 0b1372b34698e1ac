"""`bo-sync` as people run it: a process of its own, against a hub in another process, over a real socket."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bo_sync.sandbox.shape import Population
from bo_sync.sandbox.store import Store

SECONDS: Final = 60
COMMAND: Final = (sys.executable, "-m", "bo_sync")
_KEPT: Final = ("PATH", "HOME", "LANG", "SYSTEMROOT", "PYTHONPATH", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class Ran:
    """How a process ended, and what it said."""

    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    """What a process needs to run at all, and nothing that decides for bo-sync; `more` on top."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    source = str(Path(__file__).parent.parent.parent / "src")
    return {**kept, "PYTHONPATH": source, "PYTHONWARNINGS": "error", "NO_PROXY": "*", **more}


def bo_sync(root: Path, *arguments: str, env: Mapping[str, str] | None = None, typed: str | None = None) -> Ran:
    """Runs one command in `root` to its end; stdin is what is `typed`, or empty, and never a terminal."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=root,
        env={**environment(), **(env or {})},
        input=typed or "",
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True, slots=True)
class Served:
    """A hub over HTTP: where it listens, its database, and the environment with which a client reaches it as owner."""

    url: str
    database: Path

    def env(self, key: str = "sandbox-owner") -> dict[str, str]:
        return {"BO_SYNC_HUB_URL": self.url, "BO_SYNC_API_KEY": key}

    def holds(self) -> Population:
        """Everything that is in the hub now."""
        with Store.open(self.database) as store:
            return store.snapshot()


@contextmanager
def served(folder: Path, population: Population | None = None, *options: str) -> Iterator[Served]:
    """A hub with `population` (the baseline when None), served by `bo-sync sandbox serve` with `options`."""
    database = folder / "hub.db"
    with Store.open(database) as store:
        if population is not None:
            store.load(population)
    process = subprocess.Popen(
        [*COMMAND, "sandbox", "serve", "--database", str(database), *options],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield Served(process.stdout.readline().removeprefix("url ").strip(), database)
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Puts files, by their path with `/`, below `root`, and returns `root`."""
    for path, text in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return root
