"""A checkout with files named as Python modules: nothing of it is imported."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.support.process import SECONDS, environment, write

SCRIPT: Final = Path(sys.executable).with_name("bo-sync")
LATE: Final = ("click", "yaml", "pydantic", "graphql", "requests", "json", "datetime", "zoneinfo", "tempfile", "evil")
"""Modules that Python has not imported yet when our first line runs."""
EARLY: Final = ("bo_sync", "contextlib", "warnings", "runpy", "types", "sitecustomize")
"""Modules that Python may import before it; only a Python that does not look there is safe from them."""
USER: Final = "email: jane@example.com\nfirst_name: Jane\nlast_name: Doe\n"


def planted(folder: Path, names: tuple[str, ...]) -> Path:
    root = write(folder / "checkout", {"users/jane.yaml": USER})
    for name in names:
        touch = f"open({str(folder / 'ran')!r}, 'a').write({name!r})\n"
        write(root, {f"{name}.py": touch, f"{name}/__init__.py": touch, f"{name}/__main__.py": touch})
    metadata = {
        "METADATA": "Metadata-Version: 2.1\nName: evil\nVersion: 1\n",
        "entry_points.txt": "[pydantic]\nx = evil\n",
    }
    return write(root, {f"evil-1.dist-info/{name}": text for name, text in metadata.items()})


@pytest.mark.parametrize(
    ("command", "names"),
    [
        pytest.param((str(SCRIPT),), (*EARLY, *LATE), id="as it is installed"),
        pytest.param((sys.executable, "-P", "-m", "bo_sync"), (*EARLY, *LATE), id="as a module, without this folder"),
        pytest.param((sys.executable, "-I", "-m", "bo_sync"), (*EARLY, *LATE), id="as a module, isolated"),
        pytest.param((sys.executable, "-m", "bo_sync"), LATE, id="as a module"),
    ],
)
@pytest.mark.parametrize("line", [("validate",), ("plan", "--hub", "sandbox:"), ("--help",)], ids=" ".join)
def test_nothing_is_imported(
    command: tuple[str, ...], names: tuple[str, ...], line: tuple[str, ...], tmp_path: Path
) -> None:
    root = planted(tmp_path, names)
    kept = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    ran = subprocess.run(
        [*command, *line], cwd=root, env=kept, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text("utf-8")
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("name", LATE[:5])
def test_the_plants_are_live(name: str, tmp_path: Path) -> None:
    root = planted(tmp_path, (name,))
    subprocess.run(
        [sys.executable, "-c", f"import {name}"], cwd=root, check=False, capture_output=True, timeout=SECONDS
    )
    assert (tmp_path / "ran").exists()
