"""A hub in the test's own process, so that a test can intercept its requests and see what it was asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from bo_sync.sandbox.hub import SandboxHub, Traffic
from bo_sync.sandbox.interception import Interceptor, PassThrough
from bo_sync.sandbox.population import Population
from bo_sync.sandbox.server import SandboxServer
from bo_sync.sandbox.store import Store

_PASS_THROUGH: Final = PassThrough()


@dataclass(frozen=True, slots=True)
class ObservedHub:
    """Where it listens, what it was asked, and what it holds."""

    url: str
    hub: SandboxHub

    @property
    def traffic(self) -> Traffic:
        return self.hub.traffic

    def env(self, key: str = "sandbox-owner") -> dict[str, str]:
        return {"BO_SYNC_HUB_URL": self.url, "BO_SYNC_API_KEY": key}

    def holds(self) -> Population:
        return self.hub.store.snapshot()


@contextmanager
def observed(population: Population, interceptor: Interceptor = _PASS_THROUGH) -> Iterator[ObservedHub]:
    """A hub over HTTP with `population`, which answers as `interceptor` lets it."""
    with Store.open() as store:
        store.load(population)
        hub = SandboxHub(store, interceptor=interceptor)
        with SandboxServer(hub) as server:
            yield ObservedHub(server.url, hub)
