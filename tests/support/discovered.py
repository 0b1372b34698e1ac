"""What tests find by themselves: files of a folder, for one. A search that finds nothing is an error, not a success."""

from collections.abc import Iterable
from pathlib import Path


def discovered(paths: Iterable[Path]) -> list[Path]:
    """`paths`, sorted; fails where there are none."""
    found = sorted(paths)
    assert found, "nothing was found, so nothing would be tested"
    return found
