"""The embedded hub behind `sandbox:`, opened where it is needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bo_sync.sandbox.adapter import SandboxAdapter
from bo_sync.sandbox.hub import SandboxHub
from bo_sync.sandbox.store import Store


@contextmanager
def embedded_hub(database: Path) -> Iterator[SandboxAdapter]:
    """An adapter onto the hub in `database`, made with its baseline population when it is not there yet."""
    with Store.open(database) as store:
        yield SandboxAdapter(SandboxHub(store, keyless=True))
