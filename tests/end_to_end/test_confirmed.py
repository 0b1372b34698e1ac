"""What `applied` means: the hub holds it, as read afterwards. Each hub here misbehaves in one way."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from bo_sync.journal.reader import read
from bo_sync.sandbox.behaviour import Behaviour, NewUserRows
from bo_sync.sandbox.population import Access, DefinitionRecord, RoleShape, UserRecord, baseline_definitions
from bo_sync.sandbox.store import Store
from tests.end_to_end.world import by_address, file, files, rows, seen, user
from tests.support.applying import Applied, applied
from tests.support.misbehaving_hub import MisbehavingHub, Misbehaviour
from tests.support.process import write

OWNS = ("platform: {backoffice: true}", "modules: {roles_permissions: owner}")
KEEPER = user("keeper@example.com", *rows(role="OWNER", backoffice="OWNER"), firstName="Kim", lastName="Keeper")
KEPT = file("keeper@example.com", *OWNS, first="Kim", last="Keeper")
ADA = "ada@example.com"
PHONE = user(ADA, phone="1")
PLAIN, PHONE_2, CLERK = file(ADA), file(ADA, "phone: '2'"), file(ADA, "job: Clerk")
ABSENT = f"email: {ADA}\nstate: absent\n"
UPDATE = "UPDATE {} SET {} WHERE {}"
LATER, NOON = "2099-01-01T00:00:00.000Z", "2099-01-01T00:00Z"
UNCONFIRMED = "the hub answered success, but shows another value: "


@contextmanager
def hub_of(does: Misbehaviour, *users: UserRecord | None, defaults: tuple[str, ...] = ()) -> Iterator[MisbehavingHub]:
    """A hub that gives new users OWNER of `defaults` by itself."""
    found = [
        {**definition, "defaultAccess": "OWNER"} if definition["name"] in defaults else definition
        for definition in baseline_definitions()
    ]
    behaviour = Behaviour(new_user_rows=NewUserRows.DEFAULT if defaults else NewUserRows.ABSENT)
    live = [KEEPER, *(each for each in users if each)]
    with Store.open() as store:
        store.load({"users": live, "definitions": cast("list[DefinitionRecord]", found)})
        yield MisbehavingHub(store, does, behaviour, keyless=True)


def access(hub: MisbehavingHub) -> Mapping[str, str]:
    return seen(by_address(hub.store.snapshot())[ADA]).access


def check(done: Applied, outcome: str, error: str = "") -> None:
    assert (done.code, done.outcomes) == (0 if outcome == "applied" else 5, {"ada": outcome})
    assert done.errors["ada"] == error


def holds(**roles: Access) -> UserRecord:
    return user(ADA, *rows(**roles))


def gives(**grants: str) -> str:
    return file(ADA, f"modules: {{{', '.join(f'{role}: {level}' for role, level in grants.items())}}}")


def ignores(*operations: str, moment: str | None = LATER) -> Misbehaviour:
    return Misbehaviour(ignored=frozenset(operations), ignored_moment=moment)


def sets(change: str, where: str = "1", writes: int = 1, moment: str | None = LATER) -> Misbehaviour:
    """Another client sets TABLE.COLUMN = VALUE after that many writes."""
    table, _, value = change.partition(".")
    stamp = f", lastModifiedAt = '{moment}'" if moment else ""
    return Misbehaviour(meanwhile={writes: UPDATE.format(table, value + stamp, where)})


IGNORED: dict[str, tuple[str, UserRecord | None, str]] = {
    "a revoke → pricing: sent none, found owner": ("roleUpdate", holds(pricing="OWNER"), PLAIN),
    "a raise → pricing: sent owner, found viewer": ("roleUpdate", holds(pricing="VIEWER"), gives(pricing="owner")),
    "a new grant → pricing: sent editor, found none": ("roleCreate", user(ADA), gives(pricing="editor")),
    "a duplicate → pricing: sent the removal of a duplicate role row, found the row": (
        *("roleDelete", user(ADA, *rows(pricing="VIEWER"), *rows(pricing="VIEWER"))),
        gives(pricing="viewer"),
    ),
    "a field → phone: sent “2”, found “1”": ("adminUserUpdate", PHONE, PHONE_2),
    "a clearing → phone: sent nothing, found “1”": ("adminUserUpdate", PHONE, file(ADA, "phone: null")),
    "a deletion → sent a deletion, found the user": ("adminUserDelete", PHONE, ABSENT),
    "a new user → sent a new user, found none with the id that the hub answered": ("adminUserCreate", None, PLAIN),
}
"""Each request that a hub can answer and not do, and the two values that are told then."""


@pytest.mark.parametrize(("case", "operation", "live", "text"), [(case, *row) for case, row in IGNORED.items()])
def test_what_a_hub_answers_and_does_not_do_is_unconfirmed_with_both_values_and_applied_where_reads_only_lag(
    tmp_path: Path, *, case: str, operation: str, live: UserRecord | None, text: str
) -> None:
    root = write(tmp_path, files(KEPT, text))
    with hub_of(ignores(operation, moment=None), live) as hub:
        done = applied(root, hub)
    check(done, "unconfirmed", UNCONFIRMED + case.partition(" → ")[2])
    assert {outcome: number for outcome, number in done.report["summary"].items() if number} == {"unconfirmed": 1}
    with hub_of(Misbehaviour(lag=2, catches_up=True), live) as hub:
        check(applied(root, hub), "applied")


def test_what_no_read_shows_is_unconfirmed_though_the_hub_did_it(tmp_path: Path) -> None:
    with hub_of(Misbehaviour(lag=1), holds(pricing="OWNER")) as hub:
        done = applied(write(tmp_path, files(KEPT, PLAIN)), hub)
        assert access(hub) == {}
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
    [("job: Clerk", "job: sent Clerk, answered Boss"), ("job: null", "job: sent nothing, answered Boss")],
    ids=["another text", "a text for nothing"],
)
def test_a_creation_that_stored_another_value_is_unconfirmed_without_grants(
    tmp_path: Path, line: str, told: str
) -> None:
    with Store.open() as store:
        store.load({"users": [KEEPER]})
        hub = PromotingHub(store, Misbehaviour(tenant="acme"), keyless=True)
        done = applied(write(tmp_path, files(KEPT, file(ADA, line, "modules: {pricing: owner}"))), hub)
        assert access(hub) == {}
    check(done, "unconfirmed", f"adminUserCreate of {ADA}: the hub stored another value: {told}")


def test_two_creations_with_one_id_give_nobody_anything(tmp_path: Path) -> None:
    texts = [file(f"{name}@example.com", "modules: {pricing: owner}", first=name) for name in ("ann", "ben")]
    with hub_of(Misbehaviour(answers_old_id=777)) as hub:
        done = applied(write(tmp_path, files(KEPT, *texts)), hub)
        assert hub.writes == 2
    assert (done.code, done.outcomes) == (5, {"ann": "failed", "ben": "failed"})
    assert "answers two creations with the same id (777)" in done.errors["ben"]


EMPTY = "access = 'NONE'"
OF_PRICING = "access = 'NONE' AND roleDefinitionId = (SELECT id FROM definitions WHERE name = 'pricing')"
GIVEN = ("role", "backoffice", "pricing")
"""The definitions of which a hub gives new users OWNER."""
LAGS, DEAF = Misbehaviour(lag=1, catches_up=True), ignores("roleUpdate")
BOSS_FOR_NOTHING = (
    sets("users.job = 'Boss'", "job IS NULL"),
    None,
    file(ADA, "job: null", "modules: {pricing: viewer}"),
)
Row = tuple[Misbehaviour, UserRecord | None, str]
CHANGED_LATER: dict[str, Row] = {
    "a grant → pricing: sent none, found editor": (
        sets("roles.access = 'EDITOR'", EMPTY),
        holds(pricing="OWNER"),
        PLAIN,
    ),
    "a field → phone: sent “2”, found “3”": (sets("users.phone = '3'", "phone = '2'"), PHONE, PHONE_2),
    "a new user's → job: sent “Clerk”, found “Boss”": (sets("users.job = 'Boss'", "job = 'Clerk'"), None, CLERK),
    "an empty field of a new user who gets a grant → job: sent nothing, found “Boss”": BOSS_FOR_NOTHING,
}


@pytest.mark.parametrize(("case", "does", "live", "text"), [(case, *row) for case, row in CHANGED_LATER.items()])
def test_what_somebody_else_changes_after_us_is_applied_with_a_warning(
    tmp_path: Path, *, case: str, does: Misbehaviour, live: UserRecord | None, text: str
) -> None:
    with hub_of(does, live) as hub:
        done = applied(write(tmp_path, files(KEPT, text)), hub)
    check(done, "applied", f"warning: changed in the hub after this run: {case.partition(' → ')[2]}")


# A value from before is not a later change, whatever moment the hub gives it.
SET_BACK: dict[str, Row] = {
    "a field set back → phone: sent “2”, found “1”": (sets("users.phone = '1'"), PHONE, PHONE_2),
    "a field ignored → phone: sent “2”, found “1”": (ignores("adminUserUpdate"), PHONE, PHONE_2),
    "a new user's field cleared → job: sent “Clerk”, found nothing": (sets("users.job = NULL"), None, CLERK),
    "a revoke ignored → pricing: sent none, found owner": (DEAF, holds(pricing="OWNER"), PLAIN),
    "a raise ignored → pricing: sent owner, found viewer": (DEAF, holds(pricing="VIEWER"), gives(pricing="owner")),
    "a lowering ignored → pricing: sent viewer, found owner": (DEAF, holds(pricing="OWNER"), gives(pricing="viewer")),
    "a platform area left on → sales_hub: sent none, found owner": (DEAF, holds(sales="EDITOR"), PLAIN),
    "an empty row ignored → pricing: sent editor, found none": (DEAF, holds(pricing="NONE"), gives(pricing="editor")),
    "a revoke set back → pricing: sent none, found owner": (
        *(sets("roles.access = 'OWNER'", EMPTY, moment=NOON), holds(pricing="OWNER")),
        PLAIN,
    ),
    "a new user's grant taken away → pricing: sent editor, found none": (
        *(sets(f"roles.{EMPTY}", "access = 'EDITOR'", writes=2, moment=NOON), None),
        gives(pricing="editor"),
    ),
}
# A new user with more than the file gives.
TOO_MUCH: dict[str, tuple[Misbehaviour, str, tuple[str, ...]]] = {
    "without grants, late → backoffice: sent none, found owner; roles_permissions: sent none, found owner; "
    "pricing: sent none, found owner": (LAGS, PLAIN, GIVEN),
    "with a phone number, in a platform area → backoffice: sent none, found owner": (
        *(LAGS, file(ADA, "phone: '1'")),
        ("backoffice",),
    ),
    "with another grant → pricing: sent none, found owner": (LAGS, gives(logistics="viewer"), ("pricing",)),
    "never shown → sent a new user, found none with the id that the hub answered": (Misbehaviour(lag=1), PLAIN, GIVEN),
    "a removal ignored → pricing: sent none, found owner": (ignores("roleUpdate", moment=None), PLAIN, ("pricing",)),
    "a removal set back → pricing: sent none, found viewer": (
        *(sets("roles.access = 'VIEWER'", OF_PRICING, writes=2, moment=None), PLAIN),
        ("pricing",),
    ),
    "more access with a later moment → pricing: sent none, found editor": (
        *(sets("roles.access = 'EDITOR'", OF_PRICING, writes=2), PLAIN),
        ("pricing",),
    ),
}


@pytest.mark.parametrize(
    ("case", "does", "live", "text", "defaults"),
    [
        *((case, *row, ()) for case, row in SET_BACK.items()),
        *((f"a new user: {case}", does, None, text, given) for case, (does, text, given) in TOO_MUCH.items()),
    ],
)
def test_what_the_hub_shows_instead_is_unconfirmed(
    tmp_path: Path, *, case: str, does: Misbehaviour, live: UserRecord | None, text: str, defaults: tuple[str, ...]
) -> None:
    with hub_of(does, live, defaults=defaults) as hub:
        done = applied(write(tmp_path, files(KEPT, text)), hub)
    check(done, "unconfirmed", UNCONFIRMED + case.partition(" → ")[2])


@pytest.mark.parametrize("text", [PLAIN, gives(pricing="viewer")], ids=["no grants", "a grant"])
def test_a_new_user_with_what_the_file_gives_is_applied(tmp_path: Path, text: str) -> None:
    with hub_of(Misbehaviour(), defaults=GIVEN) as hub:
        check(applied(write(tmp_path, files(KEPT, text)), hub), "applied")


OWNS_TWICE: list[RoleShape] = [
    {"id": f"00000000-0000-4000-8000-00000000000{number}", "definition": "role", "access": "OWNER"} for number in (1, 2)
]
GONE = "DELETE FROM roles WHERE id LIKE '00000000-%1'"
LOWERED = "UPDATE roles SET access = 'NONE' WHERE id LIKE '00000000-%1'"
SET = "another client set the other row of roles_permissions to {}, so this one is not a duplicate"
BESIDE = "roles_permissions: the row beside the duplicate had owner, found none"
REMOVALS = {
    "no other client": ("", "", "applied", ""),
    "the row that stays is lowered before the removal": (LOWERED, "", "failed", SET.format("none")),
    "the row that stays is lowered to viewer before": (
        *(LOWERED.replace("NONE", "VIEWER"), "", "failed"),
        SET.format("viewer"),
    ),
    "the row that stays is removed before the removal": (
        *(GONE, "", "failed"),
        "the other row of roles_permissions is gone, so this one is no duplicate any more",
    ),
    "the row that stays is lowered after the removal": ("", LOWERED, "unconfirmed", BESIDE),
    "the row that stays is removed after the removal": ("", GONE, "unconfirmed", BESIDE),
}


@pytest.mark.parametrize(("before", "after", "outcome", "told"), REMOVALS.values(), ids=REMOVALS)
def test_the_removal_of_a_duplicate_never_takes_the_access_that_is_planned(
    tmp_path: Path, *, before: str, after: str, outcome: str, told: str
) -> None:
    meanwhile = {number: sql for number, sql in ((1, before), (2, after)) if sql}
    twice = user(ADA, *rows(backoffice="OWNER"), *OWNS_TWICE, phone="1")
    with hub_of(Misbehaviour(meanwhile=meanwhile), twice) as hub:
        done = applied(write(tmp_path, files(KEPT, file(ADA, "phone: '2'", *OWNS))), hub)
        left = access(hub)
    assert (done.code, done.outcomes) == (0 if outcome == "applied" else 5, {"ada": outcome})
    assert told in done.errors["ada"]
    assert after or "OWNER" in left["role"]


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
    with hub_of(ignores("adminUserDelete", moment=None), PHONE) as hub:
        done = applied(write(tmp_path, files(KEPT, ABSENT)), hub)
    (journal,) = (tmp_path / ".bo-sync/journal").iterdir()
    past = read(journal.stem, journal.read_bytes())
    assert [(each.outcome.value, each.error) for each in past.outcomes] == [("unconfirmed", done.errors["ada"])]
    assert past.unreadable == ()
