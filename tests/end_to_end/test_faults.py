"""Every kind of fault between real processes, over a real socket: nothing is lost or doubled, and the report is true.

A hub that is served with faults is applied to, and then without them: the second apply is the last that is needed.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from bo_sync.sandbox.interception import HubRequest, PassThrough
from bo_sync.sandbox.population import Population, baseline_definitions, baseline_keys, first_user
from bo_sync.sandbox.resolvers import MUTATIONS
from tests.end_to_end.hubs import observed
from tests.end_to_end.world import TODAY, Held, by_address, file, files, held, rows, seen, user
from tests.support.faults import FaultKind, Switchable, injected, parse_fault
from tests.support.process import Ran, bo_sync, hasty, served, write

NEW, CHANGED, LESS, GONE = (f"{name}@example.com" for name in ("new", "changed", "less", "gone"))
STRANGER: Final = user(
    "stranger@example.com", *rows(pricing="OWNER", ticket="VIEWER"), firstName="Sam", lastName="Stranger"
)
LIVE: Final[Population] = {
    "definitions": baseline_definitions(),
    "keys": baseline_keys(),
    "users": [
        first_user(),
        STRANGER,
        user(CHANGED, *rows(pricing="VIEWER", shop="NONE"), phone="1"),
        user(LESS, *rows(order="OWNER", product="EDITOR", user="VIEWER"), *rows(user="NONE")),
        user(GONE, *rows(order="OWNER")),
    ],
}
FILES: Final = files(
    file(
        NEW,
        "language: en",
        "platform: {backoffice: true}",
        "modules: {pricing: editor, order_data: viewer}",
        first="Nora",
    ),
    file(CHANGED, "phone: '2'", "modules: {pricing: owner, shop_channel: viewer, logistics: editor}"),
    file(LESS, "modules: {order_data: viewer, user_management: viewer}"),
    f"email: {GONE}\nstate: absent\n",
)
AFTER: Final[Mapping[str, Held | None]] = {
    NEW: held({"firstName": "Nora"}, backoffice="OWNER", pricing="EDITOR", order="VIEWER"),
    CHANGED: held({"phone": "2"}, pricing="OWNER", shop="VIEWER", logistics="EDITOR"),
    LESS: held(order="VIEWER", user="VIEWER"),
    GONE: None,
}
EVERYBODY: Final = dict.fromkeys(sorted(AFTER), "applied")

pytestmark = pytest.mark.usefixtures("_hasty")


@dataclass(frozen=True, slots=True)
class FaultyApply:
    """An apply under faults, and what the hub held then; the plan that is left without them, and what it held at last.

    In between a second apply, unless the first said that all is done. `before` is what it held at first.
    """

    before: Population
    apply: Ran
    outcomes: Mapping[str, str]
    between: Population
    left: Ran
    after: Population


def applied_while_watched(folder: Path, *faults: str) -> FaultyApply:
    """As `applied_under`, but the hub runs in this process, which sees that each fault was injected."""
    root, trial = write(folder, FILES), injected(*faults)
    switchable = Switchable(trial)
    with observed(LIVE, switchable) as hub:
        before = hub.holds()
        apply = bo_sync(root, "apply", "--yes", "--format", "json", env=hub.env())
        between, met = hub.holds(), {trial.fault_for(request) for request in hub.traffic.requests}
        switchable.now = PassThrough()
        left = bo_sync(root, "plan", "--detailed-exitcode", env=hub.env())
        after = hub.holds()
    assert met == {None, *trial.faults}
    return FaultyApply(before, apply, outcomes_of(apply), between, left, after)


def outcomes_of(apply: Ran) -> dict[str, str]:
    report = json.loads(apply.out)["outcomes"] if apply.out else []
    return {each["email"]: each["outcome"] for each in report}


def applied_under(folder: Path, *faults: str, seed: int = 0) -> FaultyApply:
    root = write(folder / "files", FILES)
    with served(folder, LIVE, interceptor=injected(*faults, seed=seed)) as hub:
        before = hub.holds()
        apply = bo_sync(root, "apply", "--yes", "--format", "json", env=hub.env())
        between = hub.holds()
    with served(folder) as hub:
        if apply.code != 0:
            again = bo_sync(root, "apply", "--yes", env=hub.env())
            assert again.code == 0, again
        left = bo_sync(root, "plan", "--detailed-exitcode", env=hub.env())
        after = hub.holds()
    return FaultyApply(before, apply, outcomes_of(apply), between, left, after)


def check(done: FaultyApply) -> None:
    for holds in (done.between, done.after):
        check_nothing_doubled(holds)
        users = by_address(holds)
        for unmanaged in (STRANGER["email"], first_user()["email"]):
            assert users[unmanaged] == by_address(done.before)[unmanaged]
        assert set(users) <= {*AFTER, STRANGER["email"], first_user()["email"]}
    check_the_report(done)
    assert done.left.code == 0, done.left
    assert "Nothing to do: the hub holds what the files say" in done.left.out
    assert now(done.after) == AFTER


def now(holds: Population) -> dict[str, Held | None]:
    users = by_address(holds)
    return {email: seen(users[email]) if email in users else None for email in AFTER}


def check_nothing_doubled(holds: Population) -> None:
    emails = [live_user["email"].lower() for live_user in holds["users"]]
    assert len(emails) == len(set(emails)), emails
    for live_user in holds["users"]:
        held_rows = [row["definition"] for row in live_user["roles"]]
        doubled = {name for name in held_rows if held_rows.count(name) > 1}
        assert doubled <= ({"user"} if live_user["email"] == LESS else set()), (live_user["email"], held_rows)


def check_the_report(done: FaultyApply) -> None:
    """Who was applied is as the files say, who was not attempted is as before, and the exit code says the same."""
    if done.apply.code == 1:
        assert done.apply.out == ""
        assert now(done.between) == now(LIVE)
        return
    assert set(done.outcomes) == set(AFTER)
    assert done.apply.code == (0 if set(done.outcomes.values()) == {"applied"} else 5)
    for email, outcome in done.outcomes.items():
        if outcome == "applied":
            assert now(done.between)[email] == AFTER[email], email
        if outcome == "not_attempted":
            assert now(done.between)[email] == now(LIVE)[email], email


READ_AGAIN: Final = {
    "429 at the first page": ("429:adminUsers@1",),
    "429 with Retry-After at the first page": ("429-retry-after:adminUsers@1",),
    "500 at a page of grants": ("500:roles@1",),
    "502 with an HTML page at the role definitions": ("502:roleDefinitions@1",),
    "a connection cut at the first two requests": ("cut-before@1", "cut-after@2"),
    "no answer for a second, and then a cut": ("slow-before=1:adminUsers@1",),
    "half an answer": ("cut-half:adminUsers@1",),
    "a page that drops a person": ("page-drops:adminUsers@1",),
    "a page that repeats a person": ("page-repeats:adminUsers@1",),
    "a page that drops a grant": ("page-drops:roles@1",),
    "a page that repeats a role definition": ("page-repeats:roleDefinitions@1",),
}
EACH_WRITE: Final = ("adminUserCreate", "adminUserUpdate", "adminUserDelete", "roleCreate", "roleDelete")
"""A root field of every kind of request that an apply of these files writes with; roleUpdate is in two of them."""
WRITTEN: Final = {
    "429 at a create": ("429:adminUserCreate@1",),
    "429 with Retry-After at grants": ("429-retry-after:roleCreate@1",),
    "500 at a delete that did not run": ("500:adminUserDelete@1",),
    "500 at a delete that ran": ("500-after:adminUserDelete@1",),
    "502 at a create that did not run": ("502:adminUserCreate@1",),
    "502 at a create that ran": ("502-after:adminUserCreate@1",),
    "502 at every create, the first of which ran": ("502-after:adminUserCreate",),
    "a connection cut before a create ran": ("cut-before:adminUserCreate@1",),
    "a connection cut after a create ran": ("cut-after:adminUserCreate@1",),
    "a connection cut after every kind of write ran": tuple(f"cut-after:{field}@1" for field in EACH_WRITE),
    "a connection cut before every kind of write ran": tuple(f"cut-before:{field}@1" for field in EACH_WRITE),
    "half an answer to a change of grants": ("cut-half:roleUpdate@1",),
    "one of several new grants failed": ("partial:roleCreate@1",),
    "one of several lowered grants failed": ("partial:roleDelete@1",),
}


@pytest.mark.parametrize("faults", list(READ_AGAIN.values()), ids=list(READ_AGAIN))
def test_a_read_that_failed_is_repeated_and_nobody_need_know(tmp_path: Path, faults: tuple[str, ...]) -> None:
    done = applied_while_watched(tmp_path, *faults)
    check(done)
    assert (done.apply.code, done.outcomes) == (0, EVERYBODY)


def test_a_plan_repeats_what_failed_and_says_nothing_of_it(tmp_path: Path) -> None:
    root = write(tmp_path / "files", FILES)
    faults = ("429:adminUsers@1", "cut-half:adminUsers@2", "page-drops:adminUsers@3", "502:roles@1", "500:roles@3")
    with served(tmp_path, LIVE, interceptor=injected(*faults)) as hub:
        plans = [bo_sync(root, "plan", "--format", "json", "--today", TODAY, env=hub.env()) for _ in range(2)]
    assert [(plan.code, plan.err) for plan in plans] == [(0, ""), (0, "")]
    assert plans[0].out == plans[1].out


@pytest.mark.parametrize("faults", list(WRITTEN.values()), ids=list(WRITTEN))
def test_a_write_in_doubt_is_settled_and_the_report_says_applied(tmp_path: Path, faults: tuple[str, ...]) -> None:
    done = applied_while_watched(tmp_path, *faults)
    check(done)
    assert (done.apply.code, done.outcomes) == (0, EVERYBODY), done.apply
    check_the_journal(tmp_path, *faults)


def check_the_journal(root: Path, *faults: str) -> None:
    """Each write whose fate an answer did not tell was doubted, and nothing stays unknown."""
    journal = json.loads(bo_sync(root, "journal", "latest", "--format", "json").out)
    doubted = {request["email"] for request in journal["requests"] if request["outcome"] != "applied"}
    met = [parse_fault(fault) for fault in faults]
    assert {SUBJECT[fault.field] for fault in met if fault.kind not in ANSWERED and fault.field in SUBJECT} <= doubted
    assert bool(doubted) is any(fault.kind not in ANSWERED for fault in met), journal["requests"]
    assert journal["unknown"] == []


SUBJECT: Final = {"adminUserCreate": NEW, "adminUserUpdate": CHANGED, "adminUserDelete": GONE}
ANSWERED: Final = {FaultKind.TOO_MANY, FaultKind.TOO_MANY_RETRY_AFTER}
"""Kinds after which it is certain that nothing ran."""
DENIED: Final = "UNAUTHENTICATED"
NOT_DONE: Final = {
    "a gateway that answers every create with 502": (
        ("502:adminUserCreate",),
        {**EVERYBODY, NEW: "failed"},
        {NEW: "sent twice, and it does not hold"},
    ),
    "a hub that is too busy to delete": (
        ("429:adminUserDelete",),
        {**EVERYBODY, GONE: "failed"},
        {GONE: "keeps answering HTTP 429"},
    ),
    "a connection that is cut before every change of a profile": (
        ("cut-before:adminUserUpdate",),
        {**EVERYBODY, CHANGED: "failed"},
        {CHANGED: "sent twice, and it does not hold"},
    ),
    "grants of which one fails each time": (
        ("partial", "500:roleUpdate", "500:roleCreate"),
        {**EVERYBODY, NEW: "failed", CHANGED: "failed", LESS: "failed"},
        {NEW: "sent twice, and it does not hold"},
    ),
    "a key that is revoked after a create was cut off": (
        ("cut-after:adminUserCreate@1", "key-revoked:adminUser"),
        {**EVERYBODY, NEW: "unknown", CHANGED: "failed", GONE: "failed"},
        {NEW: "", CHANGED: DENIED, GONE: DENIED},
    ),
    "a key that is revoked after the first write": (
        ("key-revoked@5",),
        dict.fromkeys(AFTER, "failed"),
        dict.fromkeys(AFTER, DENIED),
    ),
}


@pytest.mark.parametrize(("faults", "outcomes", "errors"), list(NOT_DONE.values()), ids=list(NOT_DONE))
def test_what_is_not_done_is_said_of_whom_and_one_more_apply_does_it(
    tmp_path: Path, faults: tuple[str, ...], outcomes: Mapping[str, str], errors: Mapping[str, str]
) -> None:
    done = applied_under(tmp_path, *faults)
    check(done)
    assert (done.apply.code, done.outcomes) == (5, outcomes), done.apply
    told = {each["email"]: each["error"] for each in json.loads(done.apply.out)["outcomes"]}
    assert {email: error for email, error in errors.items() if error not in (told[email] or "")} == {}, told


GIVEN_UP: Final = {
    "a page that always drops a person": (
        ("page-drops:adminUsers",),
        "adminUsers: the hub said that it has 5 items, and gave 4 different ones",
        "the hub may be changing at the moment: try again later",
    ),
    "a page that always repeats a person": (
        ("page-repeats:adminUsers",),
        "adminUsers: the hub said that it has 5 items, and gave 4 different ones",
        "the hub may be changing at the moment: try again later",
    ),
    "a key that is revoked while people are read": (
        ("key-revoked:roles@1",),
        f"roles: the hub does not accept the key: {DENIED}: “Invalid or missing authentication token”",
        "set BO_SYNC_API_KEY to a valid key of this hub; a BO_SYNC_SESSION_TOKEN must be valid too, or unset",
    ),
    "a gateway that is down": (
        ("502:adminUsers",),
        "adminUsers: URL keeps answering HTTP 502 with an HTML page: “502 Bad Gateway Bad Gateway”",
        "try again in a while",
    ),
}


@pytest.mark.parametrize(("faults", "told", "hint"), list(GIVEN_UP.values()), ids=list(GIVEN_UP))
def test_a_hub_not_read_whole_is_not_written_to(tmp_path: Path, faults: tuple[str, ...], told: str, hint: str) -> None:
    root = write(tmp_path / "files", FILES)
    with served(tmp_path, LIVE, interceptor=injected(*faults)) as hub:
        before = hub.holds()
        done = bo_sync(root, "apply", "--yes", env=hub.env())
        assert hub.holds() == before
    assert (done.code, done.out) == (1, "")
    assert done.complaint == (f"error: {told.replace('URL', hub.url)}", f"next: {hint}")


@pytest.mark.parametrize("seed", range(4))
def test_faults_of_every_kind_at_random_lose_and_double_nothing(tmp_path: Path, seed: int) -> None:
    kinds = [
        kind for kind in FaultKind if kind not in (FaultKind.SLOW_BEFORE, FaultKind.SLOW_AFTER, FaultKind.KEY_REVOKED)
    ]
    check(applied_under(tmp_path, *(f"{kind}:0.04" for kind in kinds), seed=seed))


SLOW: Final = ("slow-before", "slow-after")


@pytest.mark.parametrize("kind", SLOW)
def test_a_create_whose_answer_comes_too_late_is_settled(tmp_path: Path, kind: str) -> None:
    started = time.monotonic()
    with hasty(3.0):
        done = applied_under(tmp_path, f"{kind}:adminUserCreate@1")
    check(done)
    assert (done.apply.code, done.outcomes) == (0, EVERYBODY)
    assert time.monotonic() - started > 3
    check_the_journal(tmp_path / "files", f"{kind}:adminUserCreate@1")


def test_every_kind_of_fault_is_tried() -> None:
    tried = (*READ_AGAIN.values(), *WRITTEN.values(), *(faults for faults, *_ in NOT_DONE.values()), SLOW)
    assert {parse_fault(fault).kind for faults in tried for fault in faults} == set(FaultKind)


RAN_NOT: Final = {*ANSWERED, FaultKind.FAILED, FaultKind.GATEWAY, FaultKind.CUT_BEFORE}


@pytest.mark.parametrize("kind", ["429", "502", "502-after", "cut-before", "cut-after", "cut-half"])
def test_no_write_runs_twice(tmp_path: Path, kind: str) -> None:
    trial = injected(*(f"{kind}:{field}@1" for field in EACH_WRITE))
    with observed(LIVE, trial) as hub:
        done = bo_sync(write(tmp_path, FILES), "apply", "--yes", env=hub.env())
        held_then = now(hub.holds())
    assert (done.code, held_then) == (0, AFTER), done
    writes = [request for request in hub.traffic.requests if set(request.roots) & set(MUTATIONS)]
    met = [fault.kind for request in writes if (fault := trial.fault_for(request))]
    ran = [
        told(request) for request in writes if (fault := trial.fault_for(request)) is None or fault.kind not in RAN_NOT
    ]
    assert len(met) == len(EACH_WRITE)
    assert len(ran) == len(set(ran)), ran


def told(request: HubRequest) -> str:
    return json.dumps([request.roots, request.variables])
