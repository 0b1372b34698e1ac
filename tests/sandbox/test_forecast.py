"""Which requests a fault strikes, always the same for the same seed, and how faults are written."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner

from bo_sync.cli.app import root
from bo_sync.errors import UsageError
from bo_sync.sandbox.faults import HubRequest
from bo_sync.sandbox.forecast import parse_fault
from bo_sync.sandbox.storm import MEANINGS, PAGED, SECONDS, Fault, FaultKind, Nth, Rate, Storm
from tests.sandbox.asking import Hub

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
        storm = Storm([parse_fault(text)])
        assert [request.number for request in asked_for if storm.strikes(request)] == expected, text


def test_the_first_fault_that_strikes_decides() -> None:
    storm = Storm([parse_fault("429@2"), parse_fault("502"), parse_fault("cut-after@1")])
    kinds = [fault.kind for number in (1, 2) if (fault := storm.strikes(HubRequest(number, "", (), {})))]
    assert kinds == [FaultKind.GATEWAY, FaultKind.TOO_MANY]


def test_a_rate_is_kept_and_the_seed_decides_alone() -> None:
    def struck(seed: int, order: range) -> set[int]:
        storm = Storm([parse_fault("429:0.1")], seed)
        return {number for number in order if storm.strikes(HubRequest(number, "", (), {}))}

    assert 800 < len(struck(1, range(1, 10_001))) < 1200
    assert struck(1, range(1, 1001)) == struck(1, range(1000, 0, -1))
    assert struck(1, range(1, 1001)) != struck(2, range(1, 1001))
    assert sorted(struck(0, range(1, 40))) == [3, 8, 15, 26, 31], "the same in every process and version of Python"


def test_two_faults_of_one_rate_strike_apart() -> None:
    storm = Storm([parse_fault("429:0.5"), parse_fault("502:0.5")])
    kinds = {
        fault and fault.kind for number in range(1, 100) for fault in [storm.strikes(HubRequest(number, "", (), {}))]
    }
    assert kinds == {FaultKind.TOO_MANY, FaultKind.GATEWAY, None}


def test_many_threads_meet_the_faults_that_their_numbers_say() -> None:
    storm = Storm([parse_fault("429:adminUsers@7"), parse_fault("502:0.3")], 5)
    hub = Hub(weather=storm)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: hub.post(USERS).status, range(60)))
    expected = [storm.strikes(request) for request in hub.traffic.requests]
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
    ("text", "told"),
    [
        ("", "'' is no fault"),
        ("429@1@2", "'429@1@2' is no fault"),
        ("429:0.5@1", "'429:0.5@1' is no fault"),
        ("429:0.1:roles", "'429:0.1:roles' is no fault"),
        ("4290", "'4290' is no kind of fault; did you mean 429?"),
        ("cut", f"'cut' is no kind of fault; there are {', '.join(FaultKind)}"),
        ("cut-aftr@3", "'cut-aftr' is no kind of fault; did you mean cut-after?"),
        ("429@0", "'0' after @ is not the number of a request, 1 for the first"),
        ("429@", "'' after @ is not the number of a request, 1 for the first"),
        ("429@\u0663", "'\u0663' after @ is not the number of a request, 1 for the first"),
        ("429:", "'' is neither a root field nor a rate from 0 to 1"),
        ("429:1.5", "'1.5' is neither a root field nor a rate from 0 to 1"),
        ("429:-1", "'-1' is neither a root field nor a rate from 0 to 1"),
        ("429:1e-3", "'1e-3' is neither a root field nor a rate from 0 to 1"),
        (
            "429:adminUserCrate@1",
            "'adminUserCrate' is no root field that 429 can strike; did you mean adminUserCreate?",
        ),
        (
            "partial:adminUsers",
            "'adminUsers' is no root field that partial can strike; did you mean adminUserUpdate?",
        ),
        ("page-drops:role", "'role' is no root field that page-drops can strike; did you mean roles?"),
        ("page-drops:x", f"'x' is no root field that page-drops can strike; there are {', '.join(PAGED)}"),
        ("cut-after=3", f"cut-after takes no seconds; those that do are {', '.join(SECONDS)}"),
        ("429=3", f"429 takes no seconds; those that do are {', '.join(SECONDS)}"),
        ("slow-after=601", "'601' after = is not a number of seconds from 0 to 600"),
        ("slow-after=-1", "'-1' after = is not a number of seconds from 0 to 600"),
        ("slow-after=", "'' after = is not a number of seconds from 0 to 600"),
        ("429-retry-after=1.5", "'1.5' after = is not a whole number of seconds from 0 to 600"),
    ],
)
def test_what_is_no_fault_is_refused_with_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_fault(text)
    assert caught.value.message == told
    assert (
        caught.value.hint
        == "write KIND[=SECONDS][:FIELD][@N or :RATE], as in cut-after@3, 429:0.1 or 502:adminUserCreate@1"
    )


def test_the_help_names_every_kind() -> None:
    shown = CliRunner().invoke(root, ["sandbox", "serve", "--help"]).output
    assert set(MEANINGS) == set(FaultKind)
    assert all(f"{kind}  " in shown and meaning in shown for kind, meaning in MEANINGS.items())


def test_a_key_is_revoked_from_the_first_request_that_the_rate_strikes() -> None:
    storm = Storm([Fault(FaultKind.KEY_REVOKED, Rate(0.2))], seed=2)
    struck = [storm.strikes(HubRequest(number, "", (), {})) is not None for number in range(1, 60)]
    first = struck.index(True)
    assert first > 0
    assert struck == [False] * first + [True] * (59 - first)
