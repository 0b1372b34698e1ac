"""The facts about the real hub that lie beside the repository, not in it."""

import os
from pathlib import Path

import pytest


def shared(name: str) -> Path:
    """The file `name` of facts about the hub. Without it the test is skipped, or, where the environment says
    `BO_SYNC_SHARED=required`, fails."""
    path = Path(__file__).parents[2].parent / "shared" / "hub" / name
    if path.is_file():
        return path
    lacking = f"NOT CHECKED: there is no shared/hub/{name} beside the repository"
    if os.environ.get("BO_SYNC_SHARED") == "required":
        pytest.fail(lacking)
    pytest.skip(lacking)
