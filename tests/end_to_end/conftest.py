"""A hub that no test may change: what is refused, or only looks, shares one a module."""

from collections.abc import Iterator

import pytest

from bo_sync.sandbox.population import baseline_population
from tests.end_to_end.world import rows, user
from tests.support.process import Served, hasty, served


@pytest.fixture
def _hasty() -> Iterator[None]:
    """The pauses between tries are short."""
    with hasty():
        yield


@pytest.fixture(scope="module")
def quiet_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The baseline and a user with some access; at the end it must hold just that, byte for byte."""
    start = baseline_population()
    bob = user("bob@example.com", *rows(pricing="OWNER", order="VIEWER"), phone="1")
    with served(tmp_path_factory.mktemp("hub"), {**start, "users": [*start["users"], bob]}) as hub:
        before = hub.holds()
        yield hub
        assert hub.holds() == before, "a command that must change nothing changed the hub"
