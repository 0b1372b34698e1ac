"""Nobody locks the company out: whatever the files say, one after another, enough owners of the roles remain.

Owners are counted in the hub's own tables after every single request. They are users with owner of Roles &
permissions and Backoffice on; the minimum is two, and nobody passes `--allow`.
`BO_SYNC_COURSES=4000` applies that many random sequences of files.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

import pytest

from bo_sync.apply.executor import apply_plan
from bo_sync.apply.planner import Desired, PlanRequest, make_plan
from bo_sync.cli.console import Silent
from bo_sync.core.apply_report import Outcome, Report
from bo_sync.core.model import Access, Declaration, FieldValue, Override, Role, State
from bo_sync.core.plan import ConfigFacts
from bo_sync.core.presets import resolve
from bo_sync.core.settings import GuardrailLimits, Settings, Unmanaged, fixed
from bo_sync.core.text import Text
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.hub_url import SANDBOX, parse_address
from bo_sync.hub.transport import Transport
from bo_sync.sandbox.adapter import SandboxAdapter
from bo_sync.sandbox.hub import SandboxHub
from bo_sync.sandbox.interception import Alteration, HubAnswer, Interceptor, PassThrough
from bo_sync.sandbox.interception import HubRequest as Traffic
from bo_sync.sandbox.population import Access as AccessWord
from bo_sync.sandbox.population import RoleShape, UserRecord
from bo_sync.sandbox.store import Store
from tests.model.course import AT_ONCE
from tests.model.coverage import Cover
from tests.model.watch import Watch, owners
from tests.support.faults import ClientKilled, Fault, FaultKind, InjectedFaults, KillClient, Nth, Rate, Stage
from tests.support.hub_double import hurried
from tests.support.worlds import NOWHERE, TODAY

USERS: Final = tuple(f"person{number}@example.com" for number in range(5))
ROLES, AREA, OTHER = Role("roles_permissions"), Role("backoffice"), Role("pricing")
LEAST: Final = 2
SEQUENCES: Final = int(os.environ.get("BO_SYNC_COURSES", "45"))
OWNER: Final = {ROLES: Access.OWNER, AREA: Access.OWNER}


def live(email: str, access: AccessWord, area: AccessWord) -> UserRecord:
    rows: list[RoleShape] = [{"definition": "role", "access": access}, {"definition": "backoffice", "access": area}]
    return {"email": email, "firstName": "Old", "lastName": email, "language": "EN", "roles": rows}


def wish(email: str, grants: dict[Role, Access]) -> Declaration:
    overrides = tuple(Override(role, access, NOWHERE) for role, access in grants.items())
    names = (FieldValue("first_name", Text("Old")), FieldValue("last_name", Text(email)))
    return Declaration(Text(email), NOWHERE, profile=names, overrides=overrides)


def gone(email: str) -> Declaration:
    return Declaration(Text(email), NOWHERE, state=State.ABSENT)


@dataclass(slots=True)
class Company:
    """A hub under watch, and commits that are applied to it in turn."""

    store: Store
    watch: Watch
    hub: SandboxHub
    unmanaged: Unmanaged = Unmanaged.REPORT
    limit: PlanRequest = field(default_factory=PlanRequest)
    refused: int = 0

    def apply(self, *files: Declaration, interceptor: Interceptor | None = None, concurrency: int = 4) -> Report | None:
        """Plans, and applies what no guardrail refuses; the interceptor begins with the apply."""
        limits = GuardrailLimits(fixed(999), fixed(999), fixed(999), fixed(999), LEAST)
        settings = Settings(unmanaged=self.unmanaged, guardrails=limits)
        users = tuple(resolve(entry, {}, settings, TODAY) for entry in files)
        self.watch.now = PassThrough()
        adapters = {SANDBOX: SandboxAdapter(self.hub)}
        hub = CommerceHub(Transport(parse_address(SANDBOX), adapters=adapters, pace=AT_ONCE, concurrency=2))
        desired = Desired(users, settings, ConfigFacts(len(users), "sha256:0"))
        reading = make_plan(desired, hub.read_all(Silent()), hub.url, self.limit)
        if reading.plan.refused:
            self.refused += 1
            return None
        self.watch.begin()
        roles = {definition.id: role for role, definition in reading.live.definitions.items()}
        self.watch.cover = Cover(reading.plan, roles, self.watch.known)
        self.watch.now = interceptor or PassThrough()
        self.hub.traffic.clear()
        try:
            return apply_plan(reading, hub, hurried("run", concurrency), Silent())
        except ClientKilled:
            return None

    def set_access(self, email: str, definition: str, access: str) -> None:
        """What somebody else does, in the hub's own tables."""
        with self.store.writing() as db:
            db.execute(
                """UPDATE roles SET access = ? WHERE userId = (SELECT id FROM users WHERE email = ?)
                AND roleDefinitionId = (SELECT id FROM definitions WHERE name = ?)""",
                (access, email, definition),
            )


@contextmanager
def company(*users: UserRecord) -> Iterator[Company]:
    with Store.open() as store:
        store.load({"users": list(users)})
        watch = Watch(store, least=LEAST)
        yield Company(store, watch, SandboxHub(store, interceptor=watch, keyless=True))
        assert not watch.wrong, watch.wrong


def commit(chance: Random) -> tuple[Declaration, ...]:
    """Any files: owners made, lowered, switched off, deleted, forgotten, in any mixture; often nobody is to own."""
    levels = (Access.OWNER, Access.OWNER, Access.EDITOR, Access.NONE)
    found: list[Declaration] = []
    for email in USERS:
        match chance.randrange(6):
            case 0:
                found.append(gone(email))
            case 1:
                continue
            case _:
                found.append(wish(email, {ROLES: chance.choice(levels), AREA: chance.choice((levels[0], levels[3]))}))
    return tuple(found) or (gone(USERS[0]),)


def random_interceptor(chance: Random) -> Interceptor:
    kinds = [kind for kind in FaultKind if kind is not FaultKind.TOO_MANY_RETRY_AFTER]
    fault = Fault(chance.choice(kinds), chance.choice((Rate(0.4), Nth(2), Nth(3))), chance.choice(("", "roleCreate")))
    killed = KillClient(chance.randint(1, 8), chance.choice(list(Stage)))
    return chance.choice((PassThrough(), InjectedFaults([fault], chance.randrange(999)), killed))


@pytest.mark.parametrize("part", range(3))
def test_no_sequence_of_files_takes_the_owners_below_the_minimum_through_faults_and_kills(part: int) -> None:
    losses = refused = 0
    for number in range(SEQUENCES // 3):
        chance = Random(1000 * part + number)
        levels: tuple[AccessWord, ...] = ("OWNER", "OWNER", "OWNER", "EDITOR", "NONE")
        users = [live(email, chance.choice(levels), chance.choice(levels)) for email in USERS[: chance.randint(2, 5)]]
        boss = live("boss@example.com", "OWNER", "OWNER")
        with company(boss, live("deputy@example.com", "OWNER", "OWNER"), *users) as given:
            given.unmanaged = chance.choice(list(Unmanaged))
            for _ in range(6):
                before = owners(given.store)
                given.apply(*commit(chance), interceptor=random_interceptor(chance), concurrency=chance.choice((1, 4)))
                losses += bool(before - owners(given.store))
                assert len(owners(given.store)) >= LEAST
            refused += given.refused
    assert losses > SEQUENCES // 3, "the files hardly took anything from owners"
    assert refused > SEQUENCES // 3, "the files hardly asked for too much"


ANN, BEN, CEM, DAN = USERS[:4]
HANDOVER: Final = (wish(ANN, {}), gone(BEN), wish(CEM, OWNER), wish(DAN, OWNER))
"""Ann and Ben own the roles; Cem and Dan are to own them instead. Ben is deleted."""


def before_handover() -> tuple[UserRecord, ...]:
    return live(ANN, "OWNER", "OWNER"), live(BEN, "OWNER", "OWNER"), live(CEM, "VIEWER", "OWNER")


def test_a_handover_without_faults_is_done_in_one_run() -> None:
    with company(*before_handover()) as given:
        report = given.apply(*HANDOVER)
        assert report is not None
        assert report.complete
        assert owners(given.store) == {CEM, DAN}


ON_THE_WAY: Final = tuple(
    pytest.param(Fault(kind, Rate(1.0), root), id=f"{kind} at each {root}")
    for root in ("roleCreate", "roleUpdate", "adminUserCreate")
    for kind in (
        FaultKind.FAILED,
        FaultKind.CUT_BEFORE,
        FaultKind.GATEWAY,
        FaultKind.KEY_REVOKED,
        FaultKind.SLOW_BEFORE,
        FaultKind.TOO_MANY,
    )
)


@pytest.mark.parametrize("fault", ON_THE_WAY)
def test_while_the_raise_of_the_new_owners_fails_the_old_ones_stay(fault: Fault) -> None:
    with company(*before_handover()) as given:
        report = given.apply(*HANDOVER, interceptor=InjectedFaults([fault]))
        assert report is not None
        assert not report.complete
        assert len(owners(given.store)) >= LEAST
        again = given.apply(*HANDOVER)
        assert again is not None
        assert again.complete
        assert owners(given.store) == {CEM, DAN}


def test_the_loss_that_would_leave_too_few_is_not_sent_and_says_so() -> None:
    with company(*before_handover()) as given:
        report = given.apply(
            *HANDOVER, interceptor=InjectedFaults([Fault(FaultKind.FAILED, Rate(1.0), "adminUserCreate")])
        )
        assert report is not None
        told = {outcome.email.raw: (outcome.outcome, outcome.error) for outcome in report.outcomes}
        assert told[CEM][0] is Outcome.APPLIED
        assert told[DAN][0] is Outcome.FAILED
        assert {told[ANN][0], told[BEN][0]} == {Outcome.APPLIED, Outcome.NOT_ATTEMPTED}
        assert "at least 2 must" in str(told[BEN][1])
        assert owners(given.store) == {BEN, CEM}


@pytest.mark.parametrize("number", range(1, 6), ids=lambda number: f"after our write {number}")
@pytest.mark.parametrize(
    ("whose", "what"), [(CEM, "role"), (CEM, "backoffice"), (DAN, "role"), (ANN, "role"), (BEN, "backoffice")]
)
def test_when_somebody_else_lowers_an_owner_meanwhile_we_take_no_more(number: int, whose: str, what: str) -> None:
    with company(*before_handover()) as given:
        given.watch.meanwhile = {number: lambda: given.set_access(whose, what, "NONE")}
        given.apply(*HANDOVER, concurrency=1)
        given.watch.meanwhile = {}
        given.apply(*HANDOVER)
        given.apply(*HANDOVER)
        assert owners(given.store) == {CEM, DAN}


@dataclass(slots=True)
class LoweredWhileFailing:
    """The first loss of ownership does not happen; before it is tried again somebody else lowers an owner."""

    given: Company
    fault: Fault
    has_failed: bool = False

    def before(self, request: Traffic, /) -> HubAnswer | Alteration | None:
        if self.has_failed or "roleUpdate" not in request.roots:
            return None
        self.has_failed = True
        self.given.set_access(BEN, "role", "NONE")
        self.given.watch.accept()
        return InjectedFaults([self.fault]).before(request)

    def after(self, _request: Traffic, answer: HubAnswer, /) -> HubAnswer:
        return answer


AGAIN: Final = (
    FaultKind.CUT_BEFORE,
    FaultKind.FAILED,
    FaultKind.GATEWAY,
    FaultKind.SLOW_BEFORE,
    FaultKind.TOO_MANY,
    FaultKind.TOO_MANY_RETRY_AFTER,
)


@pytest.mark.parametrize("kind", AGAIN)
def test_a_loss_that_is_tried_again_looks_at_the_owners_again(kind: FaultKind) -> None:
    users = (live(email, "OWNER", "OWNER") for email in (ANN, BEN, CEM))
    with company(*users) as given:
        files = (wish(ANN, {}), wish(BEN, OWNER), wish(CEM, OWNER))
        report = given.apply(*files, interceptor=LoweredWhileFailing(given, Fault(kind, Rate(1.0))))
        assert report is not None
        (outcome,) = report.outcomes
        assert outcome.outcome is Outcome.FAILED
        assert str(outcome.error).startswith(
            "an earlier try did not do it, then not sent: 1 would still own Roles & permissions"
        )
        assert owners(given.store) == {ANN, CEM}


@pytest.mark.parametrize("name", ["backoffice", "role"])
def test_a_hub_that_calls_half_of_the_ownership_otherwise_does_not_disarm_the_guardrail(name: str) -> None:
    with company(*before_handover()) as given:
        with given.store.writing() as db:
            db.execute("UPDATE definitions SET name = 'otherwise' WHERE name = ?", (name,))
        given.limit = PlanRequest(allowed=(("min_role_owners", 1),))
        lowered = (
            wish(email, {AREA: Access.OWNER} if name == "role" else {OTHER: Access.VIEWER}) for email in (ANN, BEN)
        )
        with given.store.reading() as db:
            before = list(db.execute("SELECT userId, access FROM roles ORDER BY id"))
        assert given.apply(*(gone(ANN), gone(BEN)) if name == "role" else tuple(lowered)) is None
        with given.store.reading() as db:
            assert list(db.execute("SELECT userId, access FROM roles ORDER BY id")) == before


@dataclass(slots=True)
class LandsLate:
    """Ann's deletion is held back, both times, and no raise gets through: a gateway that is slow, and then is not."""

    given: Company
    held: int = 0

    def before(self, request: Traffic, /) -> HubAnswer | Alteration | None:
        is_anns = request.roots == ("adminUserDelete",) and request.variables["email"] == ANN
        is_raise = bool({"roleCreate", "roleUpdate"} & set(request.roots)) and "OWNER" in str(request.variables)
        self.held += is_anns
        if is_anns or is_raise:
            return InjectedFaults([Fault(FaultKind.SLOW_BEFORE, Rate(1.0))]).before(request)
        return None

    def after(self, _request: Traffic, answer: HubAnswer, /) -> HubAnswer:
        return answer

    def land(self) -> None:
        """What was held back happens after all."""
        with self.given.store.writing() as db:
            db.execute("DELETE FROM roles WHERE userId = (SELECT id FROM users WHERE email = ?)", (ANN,))


def test_a_loss_that_may_still_happen_counts_as_happened() -> None:
    with company(*(live(email, "OWNER", "OWNER") for email in (ANN, BEN, CEM)), live(DAN, "NONE", "OWNER")) as given:
        interceptor = LandsLate(given)
        report = given.apply(gone(ANN), gone(BEN), wish(CEM, OWNER), wish(DAN, OWNER), interceptor=interceptor)
        assert report is not None
        assert interceptor.held == 2
        told = {outcome.email.raw: (outcome.outcome, str(outcome.error)) for outcome in report.outcomes}
        assert told[ANN][1].endswith(
            "sent twice, and it does not hold; should a request still be on its way, it may yet"
        )
        assert told[BEN][0] is Outcome.NOT_ATTEMPTED
        interceptor.land()
        given.watch.accept()
        assert owners(given.store) == {BEN, CEM}


def test_somebody_made_anew_at_the_address_is_neither_deleted_nor_written_to() -> None:
    with company(*(live(email, "OWNER", "OWNER") for email in (ANN, BEN, CEM, DAN))) as given:

        def renew() -> None:
            with given.store.writing() as db:
                for number, email in enumerate((ANN, BEN)):
                    old = db.execute("SELECT id FROM users WHERE email = ?", (email,)).fetchone()["id"]
                    db.execute("UPDATE users SET id = ? WHERE email = ?", (4711 + number, email))
                    db.execute("UPDATE roles SET userId = ? WHERE userId = ?", (4711 + number, old))

        given.watch.meanwhile = {1: renew}
        renamed = replace(wish(BEN, OWNER), profile=(FieldValue("first_name", Text("Benjamin")),))
        other = wish(CEM, {**OWNER, OTHER: Access.VIEWER})
        aside = wish("aaa@example.com", {})
        report = given.apply(aside, gone(ANN), renamed, other, wish(DAN, OWNER), concurrency=1)
        assert report is not None
        told = {outcome.email.raw: str(outcome.error) for outcome in report.outcomes}
        assert "this address has another id" in told[ANN]
        assert "this address has another id" in told[BEN]
        assert ANN in owners(given.store)
        with given.store.reading() as db:
            found = db.execute("SELECT firstName FROM users WHERE email = ?", (BEN,)).fetchone()
        assert found["firstName"] == "Old"


def test_the_override_goes_down_to_one_owner_and_never_to_none() -> None:
    with company(*before_handover()) as given:
        given.watch.least = 1
        given.limit = PlanRequest(allowed=(("min_role_owners", 0),))
        assert given.apply(wish(ANN, {}), wish(BEN, {}), wish(CEM, {})) is None
        assert owners(given.store) == {ANN, BEN}
        assert given.apply(wish(ANN, {}), wish(BEN, OWNER), wish(CEM, {})) is not None
        assert owners(given.store) == {BEN}
