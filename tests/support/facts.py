"""The facts about the real hub that lie beside the repository, not in it."""

import os
from pathlib import Path
from typing import Final, NoReturn

import pytest

_SHARED: Final = Path(__file__).parents[2].parent / "shared"


def shared(name: str) -> Path:
    """The file `name` of facts about the hub. Without it the test is skipped, or, where the environment says
    `BO_SYNC_SHARED=required`, fails."""
    path = _SHARED / "hub" / name
    if not path.is_file():
        _lacking(f"hub/{name}")
    return path


def documentation(title: str) -> str:
    """The page of the product's documentation that has `title`, as text; skips or fails as `shared` does."""
    pages = (path.read_text(encoding="utf-8") for path in sorted((_SHARED / "seeds").glob("*.txt")))
    found = next((page for page in pages if page.startswith(f"Skip to main content\n\n{title}\n")), None)
    if found is None:
        _lacking(f"seeds/ page {title!r}")
    return found


def _lacking(name: str) -> NoReturn:
    told = f"NOT CHECKED: there is no shared/{name} beside the repository"
    if os.environ.get("BO_SYNC_SHARED") == "required":
        pytest.fail(told)
    pytest.skip(told)
