"""Made-up users: the same for the same seed, unique, and within the hub's limits."""

from datetime import UTC, datetime, timedelta

import pytest

from bo_sync.sandbox.population import KNOWN_DEFINITIONS, UNKNOWN_DEFINITION, synthetic
from bo_sync.sandbox.store import Store
from bo_sync.sandbox.user_operations import LIMITS

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("count", [0, 1, 2, 200])
def test_there_are_as_many_as_asked(count: int) -> None:
    assert len(synthetic(count)["users"]) == count


def test_the_same_seed_gives_the_same_users_and_another_seed_others() -> None:
    assert synthetic(50, 1) == synthetic(50, 1)
    assert synthetic(50, 1) != synthetic(50, 2)


def test_what_a_store_holds_of_a_seed_does_not_depend_on_the_clock() -> None:
    one, other = (Store.open(clock=clock) for clock in (lambda: START, lambda: START + timedelta(days=2000)))
    with one, other:
        for store in (one, other):
            store.load(synthetic(30, 4))
        assert one.snapshot() == other.snapshot()


def test_fewer_users_are_the_first_of_more() -> None:
    assert synthetic(50)["users"] == synthetic(80)["users"][:50]


def test_twenty_thousand_addresses_differ_also_without_case() -> None:
    addresses = [user["email"] for user in synthetic(20_000)["users"]]
    assert len({address.casefold() for address in addresses}) == 20_000
    assert all(address.isascii() and address.endswith("@example.com") for address in addresses)


def test_every_profile_is_one_that_the_hub_would_take() -> None:
    for user in synthetic(2_000)["users"]:
        for field, limit in LIMITS.items():
            assert len(str(user.get(field) or "")) <= limit


def test_rows_of_every_kind_are_there_and_nobody_has_two_for_one_definition() -> None:
    users = synthetic(2_000)["users"]
    rows = [(row["definition"], row["access"]) for user in users for row in user["roles"]]
    assert {access for _, access in rows} == {"OWNER", "EDITOR", "VIEWER", "NONE"}
    assert {definition for definition, _ in rows} == {*KNOWN_DEFINITIONS, UNKNOWN_DEFINITION}
    assert all(access in {"OWNER", "NONE"} for name, access in rows if name in {"sales", "backoffice"})
    assert all(len({row["definition"] for row in user["roles"]}) == len(user["roles"]) for user in users)
