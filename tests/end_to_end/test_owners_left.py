"""A hub is never left without owners: by reads that lag, by writes that are not done, or by two runs at once."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from bo_sync.apply.executor import apply_plan
from bo_sync.journal.reader import Past, read
from bo_sync.sandbox.hub import SandboxHub
from bo_sync.sandbox.interception import HubAnswer
from bo_sync.sandbox.store import Store
from tests.end_to_end.world import by_address, file, files, rows, seen, user
from tests.support.applying import Applied, applied, client_of, planned
from tests.support.hub_double import SILENT, hurried
from tests.support.misbehaving_hub import MisbehavingHub, Misbehaviour
from tests.support.process import ended, served, started, write

OWNER = rows(role="OWNER", backoffice="OWNER")
OWNS = ("platform: {backoffice: true}", "modules: {roles_permissions: owner}")
ANN, BOB, DAN = (f"{name}@example.com" for name in ("ann", "bob", "dan"))


def user_file(email: str, *lines: str) -> str:
    return file(email, *lines, first=email.partition("@")[0])


def gone(email: str) -> str:
    return f"email: {email}\nstate: absent\n"


LIVE = [
    user(ANN, *OWNER, firstName="ann"),
    user(BOB, *OWNER, firstName="bob"),
    user(DAN, *rows(role="VIEWER", backoffice="OWNER"), firstName="dan"),
]
BOTH_DEMOTED = (user_file(ANN), user_file(BOB), user_file(DAN, *OWNS))
BOTH_DELETED = (gone(ANN), gone(BOB), user_file(DAN, *OWNS))


def owners(store: Store) -> set[str]:
    """Who really owns, by the name before the `@`."""
    return {
        email.partition("@")[0]
        for email, found in by_address(store.snapshot()).items()
        if seen(found).access.get("role") == "OWNER" and "backoffice" in seen(found).access
    }


def run(root: Path, does: Misbehaviour, *texts: str) -> tuple[Applied, set[str]]:
    """How the apply ends, and who owns afterwards."""
    with Store.open() as store:
        store.load({"users": LIVE})
        done = applied(write(root, files(*texts)), MisbehavingHub(store, does, keyless=True))
        return done, owners(store)


@pytest.mark.parametrize("lag", [0, 1, 2, 3, 5])
def test_nobody_is_the_last_to_be_demoted_when_the_raise_is_refused_and_reads_lag(tmp_path: Path, lag: int) -> None:
    done, left = run(tmp_path, Misbehaviour(lag=lag, refused_for=frozenset({DAN})), *BOTH_DEMOTED)
    assert (done.code, left) == (5, {"bob"})
    assert done.outcomes["dan"] == "failed"
    assert done.outcomes["bob"] in {"failed", "not_attempted"}
    assert "0 would still own Roles & permissions" in done.errors["bob"]


@pytest.mark.parametrize(
    ("lag", "catches_up"), [*((lag, True) for lag in (0, 1, 2, 3, 5)), *((lag, False) for lag in (0, 2, 3, 5))]
)
def test_the_last_demotion_is_reversed_when_the_raise_is_not_done(
    tmp_path: Path, lag: int, *, catches_up: bool
) -> None:
    does = Misbehaviour(lag=lag, catches_up=catches_up, ignored=frozenset({"roleUpdate"}), ignored_for=frozenset({DAN}))
    done, left = run(tmp_path, does, *BOTH_DEMOTED)
    assert (done.code, left) == (5, {"bob"})
    assert done.outcomes["bob"] == "reversed"
    assert done.outcomes["dan"] == "unconfirmed"
    assert done.errors["bob"] == (
        "ownership given back: 0 would own Roles & permissions with Backoffice on, and at least 1 must"
    )
    assert done.report["owners"] is None


class ForgetfulHub(MisbehavingHub):
    """From the third write on, every change of a grant is answered and not done."""

    def _is_ignored(self, fields: list[str], asked: dict[str, Any]) -> bool:
        return super()._is_ignored(fields, asked) or self.writes >= 3


@pytest.mark.parametrize("lag", [0, 1])
@pytest.mark.parametrize("catches_up", [False, True])
def test_an_ownership_that_is_returned_and_not_stored_is_reported(
    tmp_path: Path, lag: int, *, catches_up: bool
) -> None:
    does = Misbehaviour(ignored=frozenset({"roleUpdate"}), ignored_for=frozenset({DAN}), lag=lag, catches_up=catches_up)
    with Store.open() as store:
        store.load({"users": LIVE})
        done = applied(write(tmp_path, files(*BOTH_DEMOTED)), ForgetfulHub(store, does, keyless=True))
        assert owners(store) == set()
    assert (done.code, done.outcomes["bob"]) == (5, "unconfirmed")
    assert done.errors["bob"] == "ownership given back, but the hub still shows the user as not an owner"
    assert done.report["owners"] == {"left": 0, "least": 1, "command": "bo-sync apply --only dan@example.com"}


def test_an_ownership_whose_return_no_read_shows_is_unconfirmed(tmp_path: Path) -> None:
    does = Misbehaviour(lag=1, ignored=frozenset({"roleUpdate"}), ignored_for=frozenset({DAN}))
    done, left = run(tmp_path, does, *BOTH_DEMOTED)
    assert (done.code, left, done.outcomes["bob"]) == (5, {"bob"}, "unconfirmed")
    assert done.report["owners"]["left"] == 0


class HubThatGoesDown(MisbehavingHub):
    """After the fourth write, the one that gives back, roles cannot be read."""

    def _read(self, method: str, headers: Mapping[str, str], body: bytes) -> HubAnswer:
        if self.writes >= 4 and b"roles(" in body:
            return HubAnswer(503, b"<html>down</html>", {"Content-Type": "text/html"})
        return super()._read(method, headers, body)


def test_an_ownership_that_is_given_back_and_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    does = Misbehaviour(ignored=frozenset({"roleUpdate"}), ignored_for=frozenset({DAN}))
    with Store.open() as store:
        store.load({"users": LIVE})
        done = applied(write(tmp_path, files(*BOTH_DEMOTED)), HubThatGoesDown(store, does, keyless=True))
    assert (done.code, done.outcomes["ann"], done.outcomes["bob"]) == (5, "unknown", "unknown")
    assert done.errors["bob"].startswith("who still owns Roles & permissions could not be read")


def test_a_reversal_is_in_the_journal_before_it_is_sent(tmp_path: Path) -> None:
    does = Misbehaviour(ignored=frozenset({"roleUpdate"}), ignored_for=frozenset({DAN}))
    run(tmp_path, does, *BOTH_DEMOTED)
    past = journal_of(tmp_path)
    assert [(found.intent.email.raw, found.fate.value) for found in past.requests][-1] == (BOB, "applied")
    assert [entry.access.word for entry in past.requests[-1].intent.rows if entry.access] == ["owner", "owner"]
    assert {each.outcome.value for each in past.outcomes if each.email.raw == BOB} == {"reversed"}


def journal_of(root: Path) -> Past:
    (journal,) = (root / ".bo-sync/journal").iterdir()
    return read(journal.stem, journal.read_bytes())


@pytest.mark.parametrize("lag", [0, 1, 3])
def test_no_owner_is_deleted_while_no_read_shows_the_new_one(tmp_path: Path, lag: int) -> None:
    does = Misbehaviour(lag=lag, ignored=frozenset({"roleUpdate"}), ignored_for=frozenset({DAN}))
    done, left = run(tmp_path, does, *BOTH_DELETED)
    assert done.code == 5
    assert left
    assert "not_attempted" in done.outcomes.values()


class OldReplica(MisbehavingHub):
    """Once a write was sent, a second replica answers reads of roles; it is older than the plan, and has no owners."""

    def _read(self, method: str, headers: Mapping[str, str], body: bytes) -> HubAnswer:
        if not self.writes or b"roles(" not in body:
            return super()._read(method, headers, body)
        with Store.open() as old:
            clerk = rows(role="VIEWER", backoffice="OWNER")
            old.load({"users": [{**found, "roles": user("", *clerk)["roles"]} for found in LIVE]})
            return SandboxHub(old, keyless=True).answer(method, headers, body)


@pytest.mark.parametrize(
    ("texts", "ann", "bob"),
    [
        pytest.param(BOTH_DELETED, "not_attempted", "not_attempted", id="both owners are deleted"),
        pytest.param(BOTH_DEMOTED, None, "unconfirmed", id="both owners are lowered"),
        pytest.param(
            (gone(ANN), user_file(BOB), user_file(DAN, *OWNS)), "not_attempted", "unconfirmed", id="one of each"
        ),
    ],
)
@pytest.mark.parametrize("ignored", [True, False], ids=["the raise is not done", "the raise is done"])
def test_reads_older_than_the_plan_do_not_take_the_last_ownership(
    tmp_path: Path, *, texts: tuple[str, ...], ann: str | None, bob: str, ignored: bool
) -> None:
    does = Misbehaviour(ignored=frozenset({"roleUpdate"} if ignored else ()), ignored_for=frozenset({DAN}))
    with Store.open() as store:
        store.load({"users": LIVE})
        done = applied(write(tmp_path, files(*texts)), OldReplica(store, does, keyless=True))
        assert owners(store)
    assert done.code == 5
    assert ann is None or done.outcomes["ann"] == ann
    assert done.outcomes["bob"] == bob


def test_owners_are_deleted_once_a_read_shows_the_new_one(tmp_path: Path) -> None:
    done, left = run(tmp_path, Misbehaviour(lag=2, catches_up=True), *BOTH_DELETED)
    assert (done.code, left) == (0, {"dan"})
    assert set(done.outcomes.values()) == {"applied"}


def test_a_handover_on_a_hub_that_behaves_is_applied(tmp_path: Path) -> None:
    done, left = run(tmp_path, Misbehaviour(), *BOTH_DEMOTED)
    assert (done.code, left, done.report["owners"]) == (0, {"dan"}, None)


DAN_LOSES_IT = (
    "UPDATE roles SET access = 'VIEWER' WHERE userId = (SELECT id FROM users WHERE email = 'dan@example.com')"
)


def test_where_nothing_can_be_given_back_the_report_names_the_command_that_makes_an_owner(tmp_path: Path) -> None:
    done, left = run(tmp_path, Misbehaviour(meanwhile={3: DAN_LOSES_IT}), *BOTH_DELETED)
    assert (done.code, left) == (5, set())
    assert done.report["owners"] == {"left": 0, "least": 1, "command": "bo-sync apply --only dan@example.com"}


ENDED = "{access: owner, until: 2020-01-01, reason: CHG-1}"
ROLES_END = ("platform: {backoffice: true}", f"modules: {{roles_permissions: {ENDED}}}")
AREA_ENDS = ("platform: {backoffice: {access: true, until: 2020-01-01}}", "modules: {roles_permissions: owner}")
ACCOUNT_ENDS = (*OWNS, "until: 2020-01-01")


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(ROLES_END, id="the ownership has expired"),
        pytest.param(AREA_ENDS, id="Backoffice has expired"),
        pytest.param(ACCOUNT_ENDS, id="the account has expired"),
    ],
)
@pytest.mark.parametrize(
    "does",
    [
        pytest.param(
            Misbehaviour(ignored=frozenset({"roleUpdate"}), ignored_for=frozenset({DAN})),
            id="the hub answers the raise and does not store it",
        ),
        pytest.param(Misbehaviour(meanwhile={2: DAN_LOSES_IT}), id="another client takes the raise back"),
    ],
)
def test_an_end_takes_no_ownership_that_only_a_promised_raise_would_replace(
    tmp_path: Path, lines: tuple[str, ...], does: Misbehaviour
) -> None:
    """It would not be given back, so that a read must show the new owner before it is taken."""
    done, left = run(tmp_path, does, user_file(ANN, *lines), user_file(BOB, *lines), user_file(DAN, *OWNS))
    assert (done.code, left, done.report["owners"]) == (5, {"bob"}, None)
    assert done.outcomes["bob"] == "not_attempted"
    assert "0 would still own Roles & permissions" in done.errors["bob"]


def test_an_end_takes_the_ownership_once_a_read_shows_the_new_owner(tmp_path: Path) -> None:
    does = Misbehaviour(lag=2, catches_up=True)
    done, left = run(tmp_path, does, user_file(ANN, *ROLES_END), user_file(BOB, *ROLES_END), user_file(DAN, *OWNS))
    assert (done.code, left, set(done.outcomes.values())) == (0, {"dan"}, {"applied"})


# Two runs at once: each demotes the other's owner.


def two_files(keeps: str, demotes: str) -> dict[str, str]:
    clerk = user_file(DAN, "platform: {backoffice: true}", "modules: {roles_permissions: viewer}")
    return files(user_file(keeps, *OWNS), user_file(demotes), clerk)


@pytest.mark.parametrize("trial", range(4))
@pytest.mark.parametrize("lag", [0, 2])
def test_two_machines_that_demote_each_others_owner_leave_one(tmp_path: Path, lag: int, trial: int) -> None:
    del trial
    with Store.open() as store:
        store.load({"users": LIVE})
        hub, barrier = MisbehavingHub(store, Misbehaviour(lag=lag, catches_up=True), keyless=True), Barrier(2)

        def apply(keeps: str, demotes: str) -> bool:
            client = client_of(hub)
            reading = planned(write(tmp_path / keeps, two_files(keeps, demotes)), client)
            barrier.wait()
            return apply_plan(reading, client, hurried(concurrency=1), SILENT).complete

        with ThreadPoolExecutor(2) as pool:
            complete = list(pool.map(apply, (ANN, BOB), (BOB, ANN)))
        assert owners(store)
        assert not all(complete)


@pytest.mark.parametrize("trial", range(3))
def test_two_clones_on_one_machine_run_one_after_the_other(tmp_path: Path, trial: int) -> None:
    del trial
    roots = [write(tmp_path / keeps, two_files(keeps, demotes)) for keeps, demotes in ((ANN, BOB), (BOB, ANN))]
    with served(tmp_path, {"users": LIVE}) as hub:
        env = {**hub.env(), "XDG_STATE_HOME": str(tmp_path / "state")}
        with (
            started(roots[0], "apply", "--yes", env=env) as first,
            started(roots[1], "apply", "--yes", env=env) as second,
        ):
            done = [ended(first), ended(second)]
        left = {
            email
            for email, found in by_address(hub.holds()).items()
            if seen(found).access.get("role") == "OWNER" and "backoffice" in seen(found).access
        }
    assert left
    for each in done:
        assert each.code == 0 or "another apply is running against this hub" in each.err, each
