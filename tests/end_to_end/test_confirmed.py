"""What `applied` means: the hub holds it, as read afterwards. Each hub here misbehaves in one way."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from bo_sync.journal.reader import read
from bo_sync.sandbox.behaviour import Behaviour, NewUserRows
from bo_sync.sandbox.population import DefinitionRecord, Population, RoleShape, UserRecord, baseline_definitions
from bo_sync.sandbox.store import Store
from tests.end_to_end.world import by_address, file, files, rows, seen, user
from tests.support.applying import applied
from tests.support.misbehaving_hub import MisbehavingHub, Misbehaviour
from tests.support.process import write

OWNER = rows(role="OWNER", backoffice="OWNER")
KEEPER = user("keeper@example.com", *OWNER, firstName="Kim", lastName="Keeper")
KEPT = file(
    "keeper@example.com",
    "platform: {backoffice: true}",
    "modules: {roles_permissions: owner}",
    first="Kim",
    last="Keeper",
)


@contextmanager
def hub_of(does: Misbehaviour, *users: UserRecord, defaults: tuple[str, ...] = ()) -> Iterator[MisbehavingHub]:
    """A hub that gives new users OWNER of `defaults` by itself."""
    found = [
        {**definition, "defaultAccess": "OWNER"} if definition["name"] in defaults else definition
        for definition in baseline_definitions()
    ]
    behaviour = Behaviour(new_user_rows=NewUserRows.DEFAULT if defaults else NewUserRows.ABSENT)
    with Store.open() as store:
        store.load({"users": [KEEPER, *users], "definitions": cast("list[DefinitionRecord]", found)})
        yield MisbehavingHub(store, does, behaviour, keyless=True)


def held(hub: MisbehavingHub) -> Population:
    return hub.store.snapshot()


ADA = "ada@example.com"
PHONE = user(ADA, phone="1")

IGNORED = [
    pytest.param(
        "roleUpdate", user(ADA, *rows(pricing="OWNER")), file(ADA), "pricing: sent none, found owner", id="a revoke"
    ),
    pytest.param(
        "roleUpdate",
        user(ADA, *rows(pricing="VIEWER")),
        file(ADA, "modules: {pricing: owner}"),
        "pricing: sent owner, found viewer",
        id="a raise",
    ),
    pytest.param(
        "roleCreate",
        user(ADA),
        file(ADA, "modules: {pricing: editor}"),
        "pricing: sent editor, found none",
        id="a new grant",
    ),
    pytest.param(
        "roleDelete",
        user(ADA, *rows(pricing="VIEWER"), *rows(pricing="VIEWER")),
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
    tmp_path: Path, *, operation: str, live: UserRecord | None, text: str, told: str
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
    tmp_path: Path, *, operation: str, live: UserRecord | None, text: str, told: str
) -> None:
    del operation, told
    with hub_of(Misbehaviour(lag=2, catches_up=True), *([live] if live else [])) as hub:
        done = applied(write(tmp_path, files(KEPT, text)), hub)
    assert (done.code, done.outcomes) == (0, {"ada": "applied"})


def test_what_no_read_shows_is_unconfirmed_though_the_hub_did_it(tmp_path: Path) -> None:
    with hub_of(Misbehaviour(lag=1), user(ADA, *rows(pricing="OWNER"))) as hub:
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
    clerk = user("clerk@example.com", firstName="Cleo", lastName="Clerk")
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
            user(ADA, *rows(pricing="OWNER")),
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
    tmp_path: Path, *, live: UserRecord | None, text: str, sql: str, told: str
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
            Misbehaviour(meanwhile={1: "UPDATE users SET phone = '1', lastModifiedAt = '2099-01-01T00:00:00.000Z'"}),
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
            user(ADA, *rows(pricing="OWNER")),
            file(ADA),
            "pricing: sent none, found owner",
            id="a revoke that the hub ignored",
        ),
        pytest.param(
            Misbehaviour(ignored=frozenset({"roleUpdate"}), ignored_moment=LATER),
            user(ADA, *rows(pricing="VIEWER")),
            file(ADA, "modules: {pricing: owner}"),
            "pricing: sent owner, found viewer",
            id="a raise that the hub ignored",
        ),
        pytest.param(
            Misbehaviour(ignored=frozenset({"roleUpdate"}), ignored_moment=LATER),
            user(ADA, *rows(pricing="OWNER")),
            file(ADA, "modules: {pricing: viewer}"),
            "pricing: sent viewer, found owner",
            id="a lowering that the hub ignored",
        ),
        pytest.param(
            Misbehaviour(ignored=frozenset({"roleUpdate"}), ignored_moment=LATER),
            user(ADA, *rows(sales="EDITOR")),
            file(ADA),
            "sales_hub: sent none, found owner",
            id="a platform area that the hub left on",
        ),
        pytest.param(
            Misbehaviour(ignored=frozenset({"roleUpdate"}), ignored_moment=LATER),
            user(ADA, *rows(pricing="NONE")),
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
            user(ADA, *rows(pricing="OWNER")),
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
    tmp_path: Path, *, does: Misbehaviour, live: UserRecord | None, text: str, told: str
) -> None:
    with hub_of(does, *([live] if live else [])) as hub:
        done = applied(write(tmp_path, files(KEPT, text)), hub)
    assert (done.code, done.outcomes) == (5, {"ada": "unconfirmed"})
    assert done.errors["ada"] == f"the hub answered success, but shows another value: {told}"


SET_BACK = """UPDATE roles SET access = 'VIEWER'
WHERE access = 'NONE' AND roleDefinitionId = (SELECT id FROM definitions WHERE name = 'pricing')"""
MORE_LATER = """UPDATE roles SET access = 'EDITOR', lastModifiedAt = '2099-01-01T00:00:00.000Z'
WHERE access = 'NONE' AND roleDefinitionId = (SELECT id FROM definitions WHERE name = 'pricing')"""
GIVEN = ("role", "backoffice", "pricing")
"""The definitions of which a hub gives new users OWNER."""


@pytest.mark.parametrize(
    ("does", "text", "defaults", "told"),
    [
        pytest.param(
            Misbehaviour(lag=1, catches_up=True),
            file(ADA),
            GIVEN,
            "backoffice: sent none, found owner; roles_permissions: sent none, found owner; "
            "pricing: sent none, found owner",
            id="without grants, and a read that does not show the new user",
        ),
        pytest.param(
            Misbehaviour(lag=1, catches_up=True),
            file(ADA, "phone: '1'"),
            ("backoffice",),
            "backoffice: sent none, found owner",
            id="with a phone number, in a platform area",
        ),
        pytest.param(
            Misbehaviour(lag=1, catches_up=True),
            file(ADA, "modules: {logistics: viewer}"),
            ("pricing",),
            "pricing: sent none, found owner",
            id="with a grant of another role",
        ),
        pytest.param(
            Misbehaviour(lag=1),
            file(ADA),
            GIVEN,
            "sent a new user, found none with the id that the hub answered",
            id="reads that never show the new user",
        ),
        pytest.param(
            Misbehaviour(ignored=frozenset({"roleUpdate"})),
            file(ADA),
            ("pricing",),
            "pricing: sent none, found owner",
            id="a removal that the hub ignored",
        ),
        pytest.param(
            Misbehaviour(meanwhile={2: SET_BACK}),
            file(ADA),
            ("pricing",),
            "pricing: sent none, found viewer",
            id="a removal that another client set back",
        ),
        pytest.param(
            Misbehaviour(meanwhile={2: MORE_LATER}),
            file(ADA),
            ("pricing",),
            "pricing: sent none, found editor",
            id="more access with a later moment",
        ),
    ],
)
def test_a_new_user_with_more_than_the_file_gives_is_unconfirmed(
    tmp_path: Path, *, does: Misbehaviour, text: str, defaults: tuple[str, ...], told: str
) -> None:
    with hub_of(does, defaults=defaults) as hub:
        done = applied(write(tmp_path, files(KEPT, text)), hub)
    assert (done.code, done.outcomes) == (5, {"ada": "unconfirmed"})
    assert done.errors["ada"] == f"the hub answered success, but shows another value: {told}"


@pytest.mark.parametrize("text", [file(ADA), file(ADA, "modules: {pricing: viewer}")], ids=["no grants", "a grant"])
def test_a_new_user_with_what_the_file_gives_is_applied(tmp_path: Path, text: str) -> None:
    with hub_of(Misbehaviour(), defaults=GIVEN) as hub:
        done = applied(write(tmp_path, files(KEPT, text)), hub)
    assert (done.code, done.outcomes) == (0, {"ada": "applied"})


FIRST, SECOND = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
LOWERED = "UPDATE roles SET access = 'NONE' WHERE id LIKE '00000000-%1'"


def twice(email: str, name: str, first: str, second: str) -> UserRecord:
    """An owner of the hub's roles by two rows."""
    owns: list[RoleShape] = [{"id": row, "definition": "role", "access": "OWNER"} for row in (first, second)]
    return user(email, *rows(backoffice="OWNER"), *owns, firstName=name, phone="1")


@pytest.mark.parametrize(
    ("before", "after", "outcome", "told"),
    [
        pytest.param("", "", "applied", "", id="no other client"),
        pytest.param(
            LOWERED,
            "",
            "failed",
            "another client set the other row of roles_permissions to none, so this one is not a duplicate",
            id="the row that stays is lowered before the removal",
        ),
        pytest.param(
            "UPDATE roles SET access = 'VIEWER' WHERE id LIKE '00000000-%1'",
            "",
            "failed",
            "another client set the other row of roles_permissions to viewer, so this one is not a duplicate",
            id="the row that stays is lowered to viewer before the removal",
        ),
        pytest.param(
            "DELETE FROM roles WHERE id LIKE '00000000-%1'",
            "",
            "failed",
            "the other row of roles_permissions is gone, so this one is no duplicate any more",
            id="the row that stays is removed before the removal",
        ),
        pytest.param(
            "",
            LOWERED,
            "unconfirmed",
            "roles_permissions: the row beside the duplicate had owner, found none",
            id="the row that stays is lowered after the removal",
        ),
        pytest.param(
            "",
            "DELETE FROM roles WHERE id LIKE '00000000-%1'",
            "unconfirmed",
            "roles_permissions: the row beside the duplicate had owner, found none",
            id="the row that stays is removed after the removal",
        ),
    ],
)
def test_the_removal_of_a_duplicate_never_takes_the_access_that_is_planned(
    tmp_path: Path, *, before: str, after: str, outcome: str, told: str
) -> None:
    wanted = ("phone: '2'", "platform: {backoffice: true}", "modules: {roles_permissions: owner}")
    meanwhile = {number: sql for number, sql in ((1, before), (2, after)) if sql}
    with hub_of(Misbehaviour(meanwhile=meanwhile), twice(ADA, "Ada", FIRST, SECOND)) as hub:
        done = applied(write(tmp_path, files(KEPT, file(ADA, *wanted))), hub)
        access = seen(by_address(held(hub))[ADA]).access
    assert (done.code, done.outcomes) == (0 if outcome == "applied" else 5, {"ada": outcome})
    assert told in done.errors["ada"]
    assert after or "OWNER" in access["role"]


@pytest.mark.parametrize("writes", [1, 2, 3])
def test_a_run_that_wrote_and_then_lost_the_network_exits_5(tmp_path: Path, writes: int) -> None:
    live = [user(f"{name}@example.com", phone="1", firstName=name) for name in ("ann", "ben", "cem")]
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
