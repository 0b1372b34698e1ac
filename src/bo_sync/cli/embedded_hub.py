"""Open the embedded hub behind `sandbox:` on demand. It needs the extra `sandbox`."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bo_sync.errors import UsageError
from bo_sync.journal.directory import STATE, private_folder

if TYPE_CHECKING:
    from bo_sync.sandbox.adapter import SandboxAdapter
    from bo_sync.sandbox.store import Store

_HINT: Final = "remove it, or choose a hub with --hub"


def require_sandbox() -> None:
    """Raises UsageError if the extra `sandbox` is not installed. Without it no module of `sandbox` is imported."""
    try:
        import_module("bo_sync.sandbox.hub")
    except ModuleNotFoundError as err:
        if (err.name or "").partition(".")[0] != "graphql":
            raise
        raise UsageError(
            'the embedded hub needs the extra "sandbox"', hint="pip install 'bo-sync[sandbox]'", detail=str(err)
        ) from err


@contextmanager
def embedded_hub(root: Path, database: Path) -> Iterator["SandboxAdapter"]:
    """An adapter to the hub in `database` below `root`; a missing one is made with the baseline population."""
    with open_store(root, database) as store:
        from bo_sync.sandbox.adapter import SandboxAdapter
        from bo_sync.sandbox.hub import SandboxHub

        yield SandboxAdapter(SandboxHub(store, keyless=True))


def open_store(root: Path, database: Path) -> "Store":
    """The sandbox in `database`, a path below `root` or elsewhere. In our own folder no link is followed.

    Raises UsageError without the extra, JournalError where that folder is a link, and SandboxDatabaseError as
    `Store.open` does.
    """
    require_sandbox()
    from bo_sync.sandbox.store import Store

    if database.parts[:1] == (STATE,):
        private_folder(root, hint=_HINT)
    return Store.open(root / database)
