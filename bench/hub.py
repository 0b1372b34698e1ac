"""What a plan and an apply cost on the wire: how many requests, and how long they wait for the hub.

A hub's own time is not ours to measure. So the same work is done with answers that take no time and with answers that
take 50 ms, and the difference, the time spent waiting, is held against the least that 8 requests in flight allow.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

from bench.replay import DEFINITIONS, Replay, replay
from bench.result import Result
from bo_sync.apply.executor import Options, apply_plan
from bo_sync.apply.planner import Desired, Reading, make_plan
from bo_sync.core.model import Access, DesiredGrant, DesiredUser, FieldValue, LiveState, Role, RoleDefinition, Source
from bo_sync.core.plan import ConfigFacts
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.hub_url import parse_address
from bo_sync.hub.secrets import Credentials, Secret
from bo_sync.hub.transport import Transport

LATENCY: Final = 0.05
CONCURRENCY: Final = 8
ROUNDS: Final = 3
BOUND: Final = 1.25
ROWS: Final = 5
NEW_USERS: Final = 200


class Silent:
    """Progress that nobody watches."""

    def advance(self, what: str, done: int, total: int) -> None:
        """Says nothing."""


def measure() -> list[Result]:
    """Every measurement of this module."""
    return [*measure_plan(2000), *measure_plan(200), *measure_apply()]


def measure_plan(users: int) -> list[Result]:
    """A plan with nothing to do: its requests, how many at once, and its waiting."""
    with replay(users, ROWS) as hub:
        waited, fastest = _waiting(hub, _read)
        traffic = hub.traffic()
    least = -(-hub.pages // CONCURRENCY) + 3
    asked = f"{traffic.requests} requests, {hub.pages} pages"
    waits = f"waited {waited:.2f} s of {least * LATENCY:.2f} s; {fastest:.2f} s without latency"
    return [
        Result(f"requests, plan of {users}", traffic.requests / hub.pages, 1.0, asked),
        Result(f"in flight, plan of {users}", traffic.peak / CONCURRENCY, 1.0, f"{traffic.peak} of {CONCURRENCY}"),
        Result(f"wall, plan of {users}", waited / (least * LATENCY), BOUND, waits),
    ]


def measure_apply() -> list[Result]:
    """An apply that creates users with two grants each: three requests that read the empty hub at once, two per
    user, six that confirm them all (200 users are two pages, their 400 grants four), and its waiting."""
    reading = _plan_of_new_users()

    def apply(hub: CommerceHub) -> None:
        hub.read_all(Silent())
        report = apply_plan(reading, hub, Options("bench", CONCURRENCY), Silent())
        assert {outcome.outcome.value for outcome in report.outcomes} == {"applied"}

    with replay(0, 0) as hub:
        waited, fastest = _waiting(hub, apply)
        traffic = hub.traffic()
    written, confirmed = 2 * NEW_USERS, 6
    needed = 3 + written + confirmed
    floor = (1 + -(-written // CONCURRENCY) + confirmed) * LATENCY
    waits = f"waited {waited:.2f} s, floor {floor:.2f} s; {fastest:.2f} s without latency"
    return [
        Result(f"requests, apply of {NEW_USERS}", traffic.requests / needed, 1.0, f"{traffic.requests} of {needed}"),
        Result(f"in flight, apply of {NEW_USERS}", traffic.peak / CONCURRENCY, 1.0, f"{traffic.peak} of {CONCURRENCY}"),
        Result(f"wall, apply of {NEW_USERS}", waited / floor, BOUND, waits),
    ]


def _waiting(hub: Replay, work: Callable[[CommerceHub], None]) -> tuple[float, float]:
    """Seconds that `work` waits for the hub, and its seconds without latency: the fastest of some rounds of each.

    The traffic that the replay then tells is that of the last round, with latency.
    """
    without = min(_seconds(hub, work, 0.0) for _ in range(ROUNDS))
    with_latency = min(_seconds(hub, work, LATENCY) for _ in range(ROUNDS))
    return with_latency - without, without


def _seconds(hub: Replay, work: Callable[[CommerceHub], None], latency: float) -> float:
    hub.reset(latency)
    transport = Transport(parse_address(hub.url), Credentials(Secret("bench-key")), concurrency=CONCURRENCY)
    try:
        started = time.perf_counter()
        work(CommerceHub(transport))
        return time.perf_counter() - started
    finally:
        transport.close()


def _read(hub: CommerceHub) -> None:
    live = hub.read_all(Silent())
    reading = make_plan(Desired((), Settings(), ConfigFacts(0, "sha256:")), live, hub.url)
    assert not reading.plan.changes


def _plan_of_new_users() -> Reading:
    definitions = tuple(RoleDefinition(f"d-{name}", Text(name), Access.NONE) for name in DEFINITIONS)
    users = tuple(_new_user(number) for number in range(NEW_USERS))
    desired = Desired(users, Settings(), ConfigFacts(len(users), "sha256:"))
    return make_plan(desired, LiveState((), definitions), "http://127.0.0.1")


def _new_user(number: int) -> DesiredUser:
    source = Source(Text(f"users/{number}.yaml"), 1)
    names: Sequence[FieldValue] = (
        FieldValue("first_name", Text(f"First{number}")),
        FieldValue("last_name", Text(f"Last{number}")),
    )
    grants = tuple(DesiredGrant(Role(role), Access.EDITOR, source) for role in ("pricing", "order_data"))
    return DesiredUser(Text(f"new{number}@example.com"), source, profile=tuple(names), grants=grants)


if __name__ == "__main__":
    for each in measure():
        print(each)
