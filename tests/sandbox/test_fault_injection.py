"""Which requests a fault is injected into, the same for the same seed, and how faults are written."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bo_sync.sandbox.interception import HubRequest
from tests.sandbox.asking import Hub
from tests.support.faults import Fault, FaultKind, InjectedFaults, Nth, Rate, injected, parse_fault

USERS = "{ adminUsers { itemsFound } }"


def requests_of(*roots: str) -> list[HubRequest]:
    hub = Hub()
    for name in roots:
        hub.post(f"{{ {name} {{ page }} }}")
    return list(hub.traffic.requests)


def test_the_nth_request_of_all_or_with_a_field() -> None:
    asked_for = requests_of("adminUsers", "roleDefinitions", "adminUsers", "roleDefinitions")
    for text, expected in (
        ("429@3", [3]),
        ("429:roleDefinitions@2", [4]),
        ("429:adminUsers", [1, 3]),
        ("429:roles", []),
        ("429", [1, 2, 3, 4]),
        ("429:0", []),
    ):
        faults = injected(text)
        assert [request.number for request in asked_for if faults.fault_for(request)] == expected, text


def test_the_first_fault_that_is_about_a_request_decides() -> None:
    faults = injected("429@2", "502", "cut-after@1")
    kinds = [fault.kind for number in (1, 2) if (fault := faults.fault_for(HubRequest(number, "", (), {})))]
    assert kinds == [FaultKind.GATEWAY, FaultKind.TOO_MANY]


def test_a_rate_is_kept_and_the_seed_decides_alone() -> None:
    def chosen(seed: int, order: range) -> set[int]:
        faults = injected("429:0.1", seed=seed)
        return {number for number in order if faults.fault_for(HubRequest(number, "", (), {}))}

    assert 800 < len(chosen(1, range(1, 10_001))) < 1200
    assert chosen(1, range(1, 1001)) == chosen(1, range(1000, 0, -1))
    assert chosen(1, range(1, 1001)) != chosen(2, range(1, 1001))
    assert sorted(chosen(0, range(1, 40))) == [3, 8, 15, 26, 31], "the same in every process and version of Python"


def test_two_faults_of_one_rate_are_injected_into_different_requests() -> None:
    faults = injected("429:0.5", "502:0.5")
    kinds = {
        fault and fault.kind for number in range(1, 100) for fault in [faults.fault_for(HubRequest(number, "", (), {}))]
    }
    assert kinds == {FaultKind.TOO_MANY, FaultKind.GATEWAY, None}


def test_many_threads_meet_the_faults_that_their_numbers_say() -> None:
    faults = injected("429:adminUsers@7", "502:0.3", seed=5)
    hub = Hub(interceptor=faults)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: hub.post(USERS).status, range(60)))
    expected = [faults.fault_for(request) for request in hub.traffic.requests]
    kinds = [fault.kind if fault else "200" for fault in expected]
    assert sorted(map(str, statuses)) == sorted(map(str, kinds))
    assert kinds[6] == "429"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("cut-after@3", Fault(FaultKind.CUT_AFTER, Nth(3))),
        ("429:0.1", Fault(FaultKind.TOO_MANY, Rate(0.1))),
        ("502:adminUserCreate@1", Fault(FaultKind.GATEWAY, Nth(1), "adminUserCreate")),
        ("429-retry-after=2:roles:.5", Fault(FaultKind.TOO_MANY_RETRY_AFTER, Rate(0.5), "roles", 2.0)),
        ("slow-after=0.25", Fault(FaultKind.SLOW_AFTER, Rate(1.0), "", 0.25)),
        ("key-revoked:1", Fault(FaultKind.KEY_REVOKED, Rate(1.0))),
        ("partial:roleCreate@2", Fault(FaultKind.PARTIAL, Nth(2), "roleCreate")),
    ],
)
def test_a_fault_is_read(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cut",
        "4290",
        "cut-aftr@3",
        "429@1@2",
        "429:0.5@1",
        "429:0.1:roles",
        "429@0",
        "429@",
        "429@\u0663",
        "429:",
        "429:1.5",
        "429:-1",
        "429:1e-3",
        "429:adminUserCrate@1",
        "partial:adminUsers",
        "page-drops:role",
        "cut-after=3",
        "429=3",
        "slow-after=-1",
        "slow-after=",
    ],
)
def test_a_typing_error_is_not_a_fault(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a valid FaultKind|not a fault|cannot be injected|takes no seconds"):
        parse_fault(text)


def test_a_key_is_revoked_from_the_first_request_that_the_rate_chooses() -> None:
    faults = InjectedFaults([Fault(FaultKind.KEY_REVOKED, Rate(0.2))], seed=2)
    chosen = [faults.fault_for(HubRequest(number, "", (), {})) is not None for number in range(1, 60)]
    first = chosen.index(True)
    assert first > 0
    assert chosen == [False] * first + [True] * (59 - first)
