"""What a store keeps, forgets and gives back."""

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

from bo_sync.sandbox.population import (
    FIRST_USER,
    KNOWN_DEFINITIONS,
    Population,
    PopulationError,
    baseline_population,
    synthetic,
)
from bo_sync.sandbox.store import SandboxDatabaseError, Store
from tests.sandbox.asking import Hub, TickingClock, grant, holding, user


def test_a_new_store_holds_the_baseline() -> None:
    with Store.open(None, TickingClock()) as store:
        held = store.snapshot()
        assert [user["email"] for user in held["users"]] == [FIRST_USER]
        assert store.api_keys() == (
            ("sandbox-owner", "OWNER"),
            ("sandbox-editor", "EDITOR"),
            ("sandbox-viewer", "VIEWER"),
            ("sandbox-none", "NONE"),
        )
        assert store.sessions() == ("sandbox-session",)
        assert store.counts() == (1, len(KNOWN_DEFINITIONS))


@pytest.mark.parametrize(
    "population",
    [
        pytest.param(baseline_population(), id="the baseline"),
        pytest.param(synthetic(40, 3), id="made-up people"),
        pytest.param(holding(), id="nobody"),
        pytest.param(holding(definitions=[], keys=[], sessions=[]), id="nothing"),
        pytest.param(holding(user("a@example.com", grant("order", "NONE"), grant("order", "OWNER"))), id="two rows"),
    ],
)
def test_what_is_loaded_is_given_back_and_loading_that_changes_nothing(population: Population) -> None:
    with Store.open(None, TickingClock()) as store:
        store.load(population)
        first = store.snapshot()
        store.load(first)
        assert store.snapshot() == first
        assert [user["email"] for user in first["users"]] == [user["email"] for user in population["users"]]


def test_equal_populations_make_equal_stores_ids_included() -> None:
    with Store.open(None, TickingClock()) as one, Store.open(None, TickingClock()) as other:
        one.load(synthetic(30))
        other.load(synthetic(30))
        assert one.snapshot() == other.snapshot()


def test_ids_are_those_given_and_the_free_ones_from_1001() -> None:
    with Store.open(None) as store:
        users = [
            user("a@example.com"),
            {**user("b@example.com"), "id": 1001},
            {**user("c@example.com"), "id": 7},
        ]
        store.load(cast("Population", {"users": users}))
        assert {user["email"]: user["id"] for user in store.snapshot()["users"]} == {
            "a@example.com": 1002,
            "b@example.com": 1001,
            "c@example.com": 7,
        }


def test_reset_forgets_everything_but_the_baseline() -> None:
    with Store.open(None, TickingClock()) as store:
        store.load(synthetic(20))
        store.reset()
        assert store.counts() == (1, len(KNOWN_DEFINITIONS))


def test_a_file_keeps_what_was_done(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "sandbox.db"
    with Store.open(path) as store:
        store.load(synthetic(5))
        before = store.snapshot()
    with Store.open(path) as again:
        assert again.snapshot() == before


def test_a_file_that_eight_open_at_once_is_made_once(tmp_path: Path) -> None:
    def held(_: int) -> tuple[int, int]:
        with Store.open(tmp_path / "s.db") as store:
            return store.counts()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(held, range(8))) == {(1, len(KNOWN_DEFINITIONS))}


def test_a_file_beside_that_another_process_removes_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = tmp_path / "s.db-journal"
    beside.touch()
    looked_at = Path.lstat

    def removed_first(path: Path) -> os.stat_result:
        beside.unlink(missing_ok=True)
        return looked_at(path)

    monkeypatch.setattr(Path, "lstat", removed_first)
    with Store.open(tmp_path / "s.db") as store:
        assert store.counts() == (1, len(KNOWN_DEFINITIONS))


def test_two_stores_on_one_file_see_each_others_changes(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.db") as one, Store.open(tmp_path / "s.db") as other:
        one.load(holding(user("a@example.com")))
        assert [user["email"] for user in other.snapshot()["users"]] == ["a@example.com"]


def test_a_change_that_fails_is_undone() -> None:
    with Store.open(None, TickingClock()) as store:
        before = store.snapshot()

        def fail() -> None:
            with store.writing() as db:
                db.execute("DELETE FROM users")
                raise KeyError

        with pytest.raises(KeyError):
            fail()
        assert store.snapshot() == before


@pytest.mark.parametrize(
    ("population", "said"),
    [
        pytest.param(
            holding(user("a@example.com", grant("nothing", "OWNER"))),
            "A role of 'a@example.com' is in 'nothing', which is not a definition.",
            id="a role in a definition that is not there",
        ),
        pytest.param(
            holding(sessions=[{"token": "t", "email": "\u202ea@example.com"}]),
            r"A session belongs to '\u202ea@example.com', who is not in the population.",
            id="a session of somebody who is not there",
        ),
        pytest.param(
            holding({**user("a@example.com"), "id": 7}, {**user("b@example.com"), "id": 7}),
            "The population holds something twice.",
            id="one id for two people",
        ),
        pytest.param(
            holding(user("a@example.com"), user("a@example.com")),
            "The population holds something twice.",
            id="one address for two people",
        ),
    ],
)
def test_a_population_that_contradicts_itself_changes_nothing(population: Population, said: str) -> None:
    with Store.open(None, TickingClock()) as store:
        before = store.snapshot()
        with pytest.raises(PopulationError) as caught:
            store.load(population)
        assert caught.value.message == said
        assert store.snapshot() == before


def _text(path: Path) -> None:
    path.write_text("dear diary, " * 100)


def _foreign(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE accounts (id)")
    db.close()


def _folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(_text, "is not a sandbox database", id="a text"),
        pytest.param(_foreign, "is not a database of this sandbox version", id="somebody else's database"),
        pytest.param(_folder, "is a link or a folder, and must be a file", id="a folder"),
    ],
)
def test_a_file_of_somebody_else_is_refused_and_left_alone(tmp_path: Path, make: Any, said: str) -> None:
    path = tmp_path / "precious"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(SandboxDatabaseError, match=said):
        Store.open(path)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_the_clock_is_the_one_that_was_given() -> None:
    hub = Hub(holding())
    made = hub.ask('mutation { adminUserCreate(input: {email: "a@example.com"}) { createdAt lastModifiedAt } }')
    assert made["adminUserCreate"] == {
        "createdAt": "2026-05-17T12:00:02.000Z",
        "lastModifiedAt": "2026-05-17T12:00:02.000Z",
    }
