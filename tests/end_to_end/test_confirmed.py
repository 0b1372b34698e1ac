"""What `applied` means: the hub holds it, as read afterwards. Each hub here misbehaves in one way."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bo_sync.journal.past import read
from bo_sync.sandbox.shape import Population, UserShape
from bo_sync.sandbox.store import Store
from tests.end_to_end.world import by_address, file, files, person, rows, seen
from tests.support.applying import applied
from tests.support.misbehaving_hub import MisbehavingHub, Misbehaviour
from tests.support.process import write

OWNER = rows(role="OWNER", backoffice="OWNER")
KEEPER = person("keeper@example.com", *OWNER, firstName="Kim", lastName="Keeper")
KEPT = file(
    "keeper@example.com",
    "platform: {backoffice: true}",
    "modules: {roles_permissions: owner}",
    first="Kim",
    last="Keeper",
)


@contextmanager
def hub_of(does: Misbehaviour, *users: UserShape) -> Iterator[MisbehavingHub]:
    with Store.open() as store:
        store.load({"users": [KEEPER, *users]})
        yield MisbehavingHub(store, does, keyless=True)


def held(hub: MisbehavingHub) -> Population:
    return hub.store.snapshot()


ADA = "ada@example.com"
PHONE = person(ADA, phone="1")

IGNORED = [
    pytest.param(
        "roleUpdate",
        person(ADA, *rows(pricing="OWNER")),
        file(ADA),
        "pricing: sent none, found owner",
        id="a revoke",
    ),
    pytest.param(
        "roleUpdate",
        person(ADA, *rows(pricing="VIEWER")),
        file(ADA, "modules: {pricing: owner}"),
        "pricing: sent owner, found viewer",
        id="a raise",
    ),
    pytest.param(
        "roleCreate",
        person(ADA),
        file(ADA, "modules: {pricing: editor}"),
        "pricing: sent editor, found none",
        id="a new grant",
    ),
    pytest.param(
        "roleDelete",
        person(ADA, *rows(pricing="VIEWER"), *rows(pricing="VIEWER")),
        file(ADA, "modules: {pricing: viewer}"),
        "pricing: sent the removal of a duplicate role row, found the row",
        id="the removal of a duplicate",
    ),
    pytest.param("adminUserUpdate", PHONE, file(ADA, "phone: '2'"), "phone: sent “2”, found “1”", id="a field"),
    pytest.param("adminUserUpdate", PHONE, file(ADA, "phone: null"), "phone: sent nothing, found “1”", id="a clearing"),
    pytest.param(
        "adminUserDelete", PHONE, f"email: {ADA}\nstate: absent\n", "sent a deletion, found the user", id="a deletion"
    ),
    pytest.param(
        "adminUserCreate",
        None,
        file(ADA),
        "sent a new user, found none with the id that the hub answered",
        id="a new user",
    ),
]


@pytest.mark.parametrize(("operation", "live", "text", "told"), IGNORED)
def test_what_a_hub_answers_and_does_not_do_is_unconfirmed_with_both_values(
    tmp_path: Path, *, operation: str, live: UserShape | None, text: str, told: str
) -> None:
    with hub_of(Misbehaviour(ignored=frozenset({operation})), *([live] if live else [])) as hub:
        done = applied(write(tmp_path, files(KEPT, text)), hub)
    assert (done.code, done.outcomes) == (5, {"ada": "unconfirmed"})
    assert done.errors["ada"] == f"the hub answered success, but shows another value: {told}"
    assert done.report["summary"] == {
        "applied": 0,
        "failed": 0,
        "not_attempted": 0,
        "unknown": 0,
        "unconfirmed": 1,
        "reversed": 0,
    }


@pytest.mark.parametrize(("operation", "live", "text", "told"), IGNORED)
def test_the_same_is_applied_where_the_hub_does_it_though_its_reads_lag_for_a_while(
    tmp_path: Path, *, operation: str, live: UserShape | None, text: str, told: str
) -> None:
    del operation, told
    with hub_of(Misbehaviour(lag=2, catches_up=True), *([live] if live else [])) as hub:
        done = applied(write(tmp_path, files(KEPT, text)), hub)
    assert (done.code, done.outcomes) == (0, {"ada": "applied"})


def test_what_no_read_shows_is_unconfirmed_though_the_hub_did_it(tmp_path: Path) -> None:
    with hub_of(Misbehaviour(lag=1), person(ADA, *rows(pricing="OWNER"))) as hub:
        done = applied(write(tmp_path, files(KEPT, file(ADA))), hub)
        assert seen(by_address(held(hub))[ADA]).access == {}
    assert (done.code, done.outcomes) == (5, {"ada": "unconfirmed"})


@pytest.mark.parametrize(
    "does",
    [
        pytest.param(Misbehaviour(answers_another="keeper@example.com"), id="another user's id and address"),
        pytest.param(Misbehaviour(answers_another="clerk@example.com"), id="a clerk's id and address"),
        pytest.param(Misbehaviour(answers_old_id=1), id="the id of the first user"),
        pytest.param(Misbehaviour(answers_old_id=2), id="the id of the second user"),
    ],
)
def test_a_creation_that_answers_with_another_user_gives_that_user_nothing(tmp_path: Path, does: Misbehaviour) -> None:
    wanted = "modules: {api_keys: owner, pricing: owner, order_data: owner, logistics: owner}"
    clerk = person("clerk@example.com", firstName="Cleo", lastName="Clerk")
    text = file("clerk@example.com", first="Cleo", last="Clerk")
    root = write(tmp_path, files(KEPT, text, file(ADA, wanted)))
    with Store.open() as store:
        store.load({"users": [{**KEEPER, "id": 1}, {**clerk, "id": 2}]})
        before = store.snapshot()["users"][:2]
        hub = MisbehavingHub(store, does, keyless=True)
        done = applied(root, hub)
        assert store.snapshot()["users"][:2] == before
    assert (done.code, done.outcomes) == (5, {"ada": "failed"})
    assert "the hub answers with" in done.errors["ada"]


class PromotingHub(MisbehavingHub):
    """Stores another job than a creation names, and answers with it."""

    def _stored(self, asked: Any) -> Any:
        if asked.get("operationName") == "adminUserCreate":
            asked["variables"]["input"]["job"] = "Boss"
        return asked


@pytest.mark.parametrize(
    ("line", "told"),
    [
        pytest.param("job: Clerk", "job: sent Clerk, answered Boss", id="another text"),
        pytest.param("job: null", "job: sent nothing, answered Boss", id="a text for nothing"),
    ],
)
def test_a_creation_that_answers_with_another_value_is_unconfirmed_and_gets_no_grant(
    tmp_path: Path, line: str, told: str
) -> None:
    with Store.open() as store:
        store.load({"users": [KEEPER]})
        hub = PromotingHub(store, Misbehaviour(tenant="acme"), keyless=True)
        done = applied(write(tmp_path, files(KEPT, file(ADA, line, "modules: {pricing: owner}"))), hub)
        assert seen(by_address(store.snapshot())[ADA]).access == {}
    assert (done.code, done.outcomes) == (5, {"ada": "unconfirmed"})
    assert done.errors["ada"] == f"adminUserCreate of {ADA}: the hub stored another value: {told}"


def test_two_creations_with_one_id_give_nobody_anything(tmp_path: Path) -> None:
    texts = [file(f"{name}@example.com", "modules: {pricing: owner}", first=name) for name in ("ann", "ben")]
    with hub_of(Misbehaviour(answers_old_id=777)) as hub:
        done = applied(write(tmp_path, files(KEPT, *texts)), hub)
        assert hub.writes == 2
    assert (done.code, done.outcomes) == (5, {"ann": "failed", "ben": "failed"})
    assert "answers two creations with the same id (777)" in done.errors["ben"]


@pytest.mark.parametrize(
    ("live", "text", "sql", "told"),
    [
        pytest.param(
            person(ADA, *rows(pricing="OWNER")),
            file(ADA),
            "UPDATE roles SET access = 'EDITOR', lastModifiedAt = '2099-01-01T00:00:00.000Z' WHERE access = 'NONE'",
            "pricing: sent none, found editor",
            id="a grant",
        ),
        pytest.param(
            PHONE,
            file(ADA, "phone: '2'"),
            "UPDATE users SET phone = '3', lastModifiedAt = '2099-01-01T00:00:00.000Z' WHERE phone = '2'",
            "phone: sent “2”, found “3”",
            id="a field",
        ),
        pytest.param(
            None,
            file(ADA, "job: Clerk"),
            "UPDATE users SET job = 'Boss', lastModifiedAt = '2099-01-01T00:00:00.000Z' WHERE job = 'Clerk'",
            "job: sent “Clerk”, found “Boss”",
            id="a field of a new user",
        ),
        pytest.param(
            None,
            file(ADA, "job: null", "modules: {pricing: viewer}"),
            "UPDATE users SET job = 'Boss', lastModifiedAt = '2099-01-01T00:00:00.000Z' WHERE job IS NULL",
            "job: sent nothing, found “Boss”",
            id="an empty field of a new user who gets a grant",
        ),
    ],
)
def test_what_somebody_else_changes_after_us_is_applied_with_a_warning(
    tmp_path: Path, *, live: UserShape | None, text: str, sql: str, told: str
) -> None:
    with hub_of(Misbehaviour(meanwhile={1: sql}), *([live] if live else [])) as hub:
        done = applied(write(tmp_path, files(KEPT, text)), hub)
    assert (done.code, done.outcomes) == (0, {"ada": "applied"})
    assert done.errors["ada"] == f"warning: changed in the hub after this run: {told}"


LATER = "2099-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("does", "live", "text", "told"),
    [
        pytest.param(
            Misbehaviour(
                meanwhile={1: "UPDATE users SET phone = '1', lastModifiedAt = '2099-01-01T00:00:00.000Z'"},
            ),
            PHONE,
            file(ADA, "phone: '2'"),
            "phone: sent “2”, found “1”",
            id="a field that another client set back",
        ),
        pytest.param(
            Misbehaviour(ignored=frozenset({"adminUserUpdate"}), ignored_moment=LATER),
            PHONE,
            file(ADA, "phone: '2'"),
            "phone: sent “2”, found “1”",
            id="a field that the hub ignored",
        ),
        pytest.param(
            Misbehaviour(meanwhile={1: "UPDATE users SET job = NULL, lastModifiedAt = '2099-01-01T00:00:00.000Z'"}),
            None,
            file(ADA, "job: Clerk"),
            "job: sent “Clerk”, found nothing",
            id="a new user's field that another client cleared",
        ),
        pytest.param(
            Misbehaviour(ignored=frozenset({"roleUpdate"}), ignored_moment=LATER),
            person(ADA, *rows(pricing="OWNER")),
            file(ADA),
            "pricing: sent none, found owner",
            id="a revoke that the hub ignored",
        ),
        pytest.param(
            Misbehaviour(ignored=frozenset({"roleUpdate"}), ignored_moment=LATER),
            person(ADA, *rows(pricing="VIEWER")),
            file(ADA, "modules: {pricing: owner}"),
            "pricing: sent owner, found viewer",
            id="a raise that the hub ignored",
        ),
        pytest.param(
            Misbehaviour(ignored=frozenset({"roleUpdate"}), ignored_moment=LATER),
            person(ADA, *rows(pricing="OWNER")),
            file(ADA, "modules: {pricing: viewer}"),
            "pricing: sent viewer, found owner",
            id="a lowering that the hub ignored",
        ),
        pytest.param(
            Misbehaviour(ignored=frozenset({"roleUpdate"}), ignored_moment=LATER),
            person(ADA, *rows(sales="EDITOR")),
            file(ADA),
            "sales_hub: sent none, found owner",
            id="a platform area that the hub left on",
        ),
        pytest.param(
            Misbehaviour(ignored=frozenset({"roleUpdate"}), ignored_moment=LATER),
            person(ADA, *rows(pricing="NONE")),
            file(ADA, "modules: {pricing: editor}"),
            "pricing: sent editor, found none",
            id="a grant in an empty row that the hub ignored",
        ),
        pytest.param(
            Misbehaviour(
                meanwhile={
                    1: "UPDATE roles SET lastModifiedAt = '2099-01-01T00:00Z', access = 'OWNER' WHERE access = 'NONE'"
                }
            ),
            person(ADA, *rows(pricing="OWNER")),
            file(ADA),
            "pricing: sent none, found owner",
            id="a revoke that another client set back",
        ),
        pytest.param(
            Misbehaviour(
                meanwhile={
                    2: "UPDATE roles SET lastModifiedAt = '2099-01-01T00:00Z', access = 'NONE' WHERE access = 'EDITOR'"
                }
            ),
            None,
            file(ADA, "modules: {pricing: editor}"),
            "pricing: sent editor, found none",
            id="a new user's grant that another client took away",
        ),
    ],
)
def test_a_value_from_before_is_not_a_later_change_whatever_moment_the_hub_gives_it(
    tmp_path: Path, *, does: Misbehaviour, live: UserShape | None, text: str, told: str
) -> None:
    with hub_of(does, *([live] if live else [])) as hub:
        done = applied(write(tmp_path, files(KEPT, text)), hub)
    assert (done.code, done.outcomes) == (5, {"ada": "unconfirmed"})
    assert done.errors["ada"] == f"the hub answered success, but shows another value: {told}"


@pytest.mark.parametrize("writes", [1, 2, 3])
def test_a_run_that_wrote_and_then_lost_the_network_exits_5(tmp_path: Path, writes: int) -> None:
    live = [person(f"{name}@example.com", phone="1", firstName=name) for name in ("ann", "ben", "cem")]
    texts = [file(f"{name}@example.com", "phone: '2'", first=name) for name in ("ann", "ben", "cem")]
    with hub_of(Misbehaviour(down_after=writes), *live) as hub:
        done = applied(write(tmp_path, files(KEPT, *texts)), hub)
    assert done.code == 5
    assert list(done.outcomes.values()).count("unconfirmed") == writes
    assert done.report["summary"]["applied"] == 0


def test_the_journal_has_the_outcomes_of_the_report(tmp_path: Path) -> None:
    with hub_of(Misbehaviour(ignored=frozenset({"adminUserDelete"})), PHONE) as hub:
        done = applied(write(tmp_path, files(KEPT, f"email: {ADA}\nstate: absent\n")), hub)
    (journal,) = (tmp_path / ".bo-sync/journal").iterdir()
    past = read(journal.stem, journal.read_bytes())
    assert [(each.outcome.value, each.error) for each in past.outcomes] == [("unconfirmed", done.errors["ada"])]
    assert past.unreadable == ()
