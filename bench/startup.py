"""How long an installed `bo-sync --help` takes, against an interpreter that only imports click."""

import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.result import Result

ROUNDS = 25
BOUND = 1.5
ROOT = Path(__file__).parent.parent


def measure() -> list[Result]:
    """Builds the wheel, installs it into an environment of its own, and times both commands in turn."""
    with TemporaryDirectory(prefix="bo-sync-bench-") as folder:
        scripts = _install(Path(folder))
        ours, theirs = [str(scripts / "bo-sync"), "--help"], [str(scripts / "python"), "-c", "import click"]
        for command in (ours, theirs):
            _seconds(command)
        pairs = [(_seconds(ours), _seconds(theirs)) for _ in range(ROUNDS)]
    mine, bare = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    figures = f"--help {mine * 1000:.0f} ms, import click {bare * 1000:.0f} ms (fastest of {ROUNDS})"
    return [Result("start-up of an installed wheel", mine / bare, BOUND, figures)]


def _install(folder: Path) -> Path:
    environment = folder / "environment"
    venv.create(environment, with_pip=True)
    scripts = environment / "bin"
    pip = [str(scripts / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT)], check=True, capture_output=True)
    subprocess.run([*pip, "install", *map(str, folder.glob("bo_sync-*.whl"))], check=True, capture_output=True)
    return scripts


def _seconds(command: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.stdout.writelines(f"{result}\n" for result in measure())
