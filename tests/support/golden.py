"""Golden files: what a renderer wrote when somebody last read it and found it good."""

import os
from pathlib import Path
from typing import Final

GOLDENS: Final = Path(__file__).parents[1] / "goldens"


def are_written() -> bool:
    """Whether tests write what they compare: with BO_SYNC_GOLDENS=write, which is an error in CI."""
    asked = os.environ.get("BO_SYNC_GOLDENS", "")
    assert asked in {"", "write"}, f"BO_SYNC_GOLDENS={asked}: only `write` is known"
    assert not (asked and os.environ.get("CI")), "CI compares golden files: unset BO_SYNC_GOLDENS"
    return asked == "write"


def check_golden(name: str, text: str) -> None:
    """Compares `text` with the golden file `name`, exactly; with BO_SYNC_GOLDENS=write, writes the file anew."""
    path = GOLDENS / name
    if are_written():
        path.write_bytes(text.encode())
    assert path.is_file(), f"{path} is missing: make goldens writes it"
    assert text == path.read_bytes().decode(), f"{path.name} differs: read the change, then make goldens"
