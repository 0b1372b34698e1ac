"""The embedded hub behind `sandbox:`, opened where it is needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bo_sync.journal.directory import STATE, private_folder
from bo_sync.sandbox.adapter import SandboxAdapter
from bo_sync.sandbox.hub import SandboxHub
from bo_sync.sandbox.store import Store

_HINT: Final = "remove it, or choose a hub with --hub"


@contextmanager
def embedded_hub(root: Path, database: Path) -> Iterator[SandboxAdapter]:
    """An adapter onto the hub in `database` below `root`, made with its baseline population when it is missing."""
    with open_store(root, database) as store:
        yield SandboxAdapter(SandboxHub(store, keyless=True))


def open_store(root: Path, database: Path) -> Store:
    """The sandbox in `database`, a path below `root` or elsewhere. In our own folder no link is followed.

    Raises JournalError where that folder is a link, and SandboxDatabaseError as `Store.open` does.
    """
    if database.parts[:1] == (STATE,):
        private_folder(root, hint=_HINT)
    return Store.open(root / database)
