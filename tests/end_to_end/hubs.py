"""A hub in the test's own process, so that a test can make its weather and see what it was asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bo_sync.sandbox.baseline import Population
from bo_sync.sandbox.faults import Weather
from bo_sync.sandbox.hub import SandboxHub, Traffic
from bo_sync.sandbox.server import SandboxServer
from bo_sync.sandbox.store import Store


@dataclass(frozen=True, slots=True)
class Weathered:
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
def weathered(population: Population, weather: Weather) -> Iterator[Weathered]:
    """A hub over HTTP with `population`, which answers as `weather` lets it."""
    with Store.open() as store:
        store.load(population)
        hub = SandboxHub(store, weather=weather)
        with SandboxServer(hub) as server:
            yield Weathered(server.url, hub)
