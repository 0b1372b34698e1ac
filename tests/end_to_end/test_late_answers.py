"""Answers that come too late, over a real socket to a client that waits a third of a second in place of thirty.

The pace is the client's own seam; nothing else is shortened. One apply that really waits is in `test_faults.py`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from bo_sync.core.model import FieldValue
from bo_sync.core.text import Text
from bo_sync.errors import HubFateUnknownError
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.hub_url import parse_address
from bo_sync.hub.secrets import Credentials, Secret
from bo_sync.hub.time_limits import Pace
from bo_sync.hub.transport import Transport
from tests.end_to_end.hubs import ObservedHub, observed
from tests.end_to_end.world import rows, user
from tests.support.faults import injected

BOB = Text("bob@example.com")
NEW = Text("new@example.com")


@contextmanager
def late(*faults: str) -> Iterator[tuple[ObservedHub, CommerceHub]]:
    """A hub with Bob, and a client that waits for 0.3 seconds."""
    with observed({"users": [user(BOB.raw, *rows(order="OWNER"))]}, injected(*faults)) as hub:
        transport = Transport(
            parse_address(hub.url), Credentials(Secret("sandbox-owner")), pace=Pace(request=0.3, chance=lambda: 0.0)
        )
        try:
            yield hub, CommerceHub(transport)
        finally:
            transport.close()


def asked(hub: ObservedHub) -> Sequence[str]:
    return [request.operation for request in hub.traffic.requests]


@pytest.mark.parametrize("kind", ["slow-before", "slow-after"])
def test_a_read_that_takes_too_long_is_repeated(kind: str) -> None:
    with late(f"{kind}:adminUser@1") as (hub, client):
        found = client.read_user(BOB)
        assert found is not None
        assert asked(hub) == ["adminUser", "adminUser", "roles"]


@pytest.mark.parametrize(
    ("kind", "exists"),
    [pytest.param("slow-before", False, id="and it never ran"), pytest.param("slow-after", True, id="and it ran")],
)
def test_a_create_that_takes_too_long_is_sent_once_and_its_fate_is_unknown(kind: str, *, exists: bool) -> None:
    with late(f"{kind}:adminUserCreate@1") as (hub, client):
        with pytest.raises(HubFateUnknownError, match="whether it happened is unknown: no answer in time"):
            client.create_user(NEW, (FieldValue("first_name", Text("Nora")),))
        assert asked(hub) == ["adminUserCreate"]
        assert (client.read_user(NEW) is not None) is exists


@pytest.mark.parametrize("kind", ["slow-before", "slow-after"])
def test_a_delete_that_takes_too_long_is_sent_once_and_its_fate_is_unknown(kind: str) -> None:
    with late(f"{kind}:adminUserDelete@1") as (hub, client):
        with pytest.raises(HubFateUnknownError, match="no answer in time"):
            client.delete_user(BOB)
        assert asked(hub) == ["adminUserDelete"]
        assert (client.read_user(BOB) is None) is (kind == "slow-after")


def test_an_answer_that_is_slow_but_in_time_is_no_fault() -> None:
    with late("slow-after=0.1") as (hub, client):
        assert client.read_user(BOB) is not None
        assert asked(hub) == ["adminUser", "roles"]
