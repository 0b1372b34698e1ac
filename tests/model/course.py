"""One course: a company, its files and its hub, and runs through faults and kills, checked at every step."""

import threading
from collections import Counter
from random import Random
from typing import Final

from bo_sync.apply.executor import apply_plan
from bo_sync.apply.owner_guard import least_owners
from bo_sync.apply.planner import Desired, PlanRequest, Reading, make_plan
from bo_sync.cli.console import Silent
from bo_sync.core.apply_report import Report
from bo_sync.core.changes import Change
from bo_sync.core.model import Access, Declaration, State
from bo_sync.core.plan import ConfigFacts
from bo_sync.core.presets import resolve
from bo_sync.core.settings import Unmanaged
from bo_sync.core.text import Text
from bo_sync.errors import HubError
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.hub_url import SANDBOX, parse_address
from bo_sync.hub.time_limits import Pace
from bo_sync.hub.transport import Transport
from bo_sync.sandbox.adapter import SandboxAdapter
from bo_sync.sandbox.interception import Interceptor, PassThrough
from bo_sync.sandbox.population import UNKNOWN_DEFINITION, UserRecord
from bo_sync.sandbox.store import Store
from tests.model.coverage import Cover
from tests.model.draws import PROTECTED, Others, changed_files, company
from tests.model.watch import Watch
from tests.support.faults import ClientKilled, InjectedFaults
from tests.support.hub_double import hurried
from tests.support.misbehaving_hub import NOTHING, MisbehavingHub, Misbehaviour
from tests.support.worlds import NOWHERE, STRANGER, TODAY

PASSED: Final = PlanRequest(allowed=(("min_role_owners", 1),))


def _no_wait(over: threading.Event, _seconds: float) -> bool:
    return over.is_set()


AT_ONCE: Final = Pace(wait=_no_wait)
"""Retries as they are, without the waiting between them."""


class Course:
    """Steps as methods; each raises AssertionError when it finds something wrong. `counts` tells what happened.

    Of a hub that misbehaves the watch is not asked: it sees requests before the hub twists what they do.
    """

    def __init__(self, chance: Random, misbehaviour: Misbehaviour = NOTHING, page_size: int = 100) -> None:
        self.chance = chance
        self.page_size = page_size
        self.counts: Counter[str] = Counter()
        self.home = company(chance)
        self.files = self.home.declarations
        self.store = Store.open()
        self.store.load(self.home.population)
        self.watch = Watch(self.store)
        self.is_watched = misbehaviour == NOTHING
        self.touched: set[str] = set()
        self.planned = tuple[Change, ...]()
        self.others = Others(self.store, self.touched, self.watch.learn)
        self.hub = MisbehavingHub(self.store, misbehaviour, self.home.behaviour, interceptor=self.watch, keyless=True)

    def commit(self) -> None:
        """The files change."""
        self.files = changed_files(self.files, self.home, self.chance)

    def edit(self) -> None:
        """Others edit the hub, between two runs."""
        self.others.edit(self.chance)

    def run(
        self, interceptor: Interceptor, *, from_plan: bool = False, meanwhile: int = 0, limit: PlanRequest = PASSED
    ) -> Report | None:
        """Plans and applies; the interceptor begins with the plan or with the apply. None when no report came.

        After so many of our writes (0: never) others edit something.
        """
        self.counts["runs"] += 1
        self.touched.clear()
        before = self._users()
        chance = Random(self.chance.random())
        self.watch.meanwhile = {meanwhile: lambda: self.others.edit(chance, may_create=False)} if meanwhile else {}
        self.watch.begin()
        self.watch.cover = None
        self.watch.now = interceptor if from_plan else PassThrough()
        self.hub.traffic.clear()
        try:
            report = self._planned_and_applied(interceptor, limit)
        except ClientKilled:
            self.counts["kills"] += 1
            report = None
        if isinstance(interceptor, InjectedFaults) and any(
            interceptor.fault_for(it) for it in self.hub.traffic.requests
        ):
            self.counts["faults"] += 1
        self.counts["writes"] += self.watch.executed
        self.counts["edits under way"] += 0 < meanwhile <= self.watch.executed
        self._check(before)
        return report

    def _planned_and_applied(self, interceptor: Interceptor, limit: PlanRequest) -> Report | None:
        hub = self._client()
        try:
            reading = self.plan(hub, limit)
        except HubError:
            self.counts["no plan"] += 1
            return None
        if reading.plan.refused:
            self.counts["refused"] += 1
            return None
        roles = {definition.id: role for role, definition in reading.live.definitions.items()}
        self.planned = reading.plan.changes
        self.watch.cover = Cover(reading.plan, roles, self.watch.known)
        self.watch.least = least_owners(reading.plan)
        if self.watch.now is not interceptor:
            self.hub.traffic.clear()
            self.watch.now = interceptor
        return apply_plan(reading, hub, hurried("run", self.chance.choice((1, 1, 1, 4))), Silent())

    def plan(self, hub: CommerceHub, limit: PlanRequest) -> Reading:
        """The plan of the files at this moment."""
        return make_plan(self._desired(self.files), hub.read_all(Silent()), hub.url, limit)

    def name_the_protected(self) -> None:
        """A file ends the account of a protected user: blocked, so nothing is sent."""
        named = Declaration(Text(PROTECTED), NOWHERE, state=State.ABSENT)
        self.files, kept = (*self.files, named), self.files
        writes = self.counts["writes"]
        assert self.run(PassThrough()) is None
        assert self.counts["writes"] == writes
        self.files = kept

    def settle(self) -> None:
        """No more faults: at most two runs, and the plan is empty and the hub as the files say."""
        self.watch.now = PassThrough()
        self._part_twins()
        hub = self._client()
        for _ in range(2):
            if not self.plan(hub, PASSED).plan.changes:
                break
            self.counts["runs to settle"] += 1
            self.run(PassThrough())
        left = self.plan(hub, PASSED).plan.changes
        assert not left, left
        assert not (wrong := self._differences()), wrong

    def _part_twins(self) -> None:
        """In the backoffice all but one of the users with one address are deleted, as the guardrail asks for."""
        seen: set[str] = set()
        for user in sorted(self.store.snapshot()["users"], key=lambda user: user["id"]):
            if user["email"].casefold() in seen:
                with self.store.writing() as db:
                    db.execute("DELETE FROM roles WHERE userId = ?", (user["id"],))
                    db.execute("DELETE FROM users WHERE id = ?", (user["id"],))
                self.counts["twins parted"] += 1
            seen.add(user["email"].casefold())

    def close(self) -> None:
        self.store.close()

    def _client(self) -> CommerceHub:
        adapters = {SANDBOX: SandboxAdapter(self.hub)}
        return CommerceHub(Transport(parse_address(SANDBOX), adapters=adapters, pace=AT_ONCE), self.page_size)

    def _desired(self, files: tuple[Declaration, ...]) -> Desired:
        home = self.home
        users = tuple(resolve(entry, home.presets, home.settings, TODAY) for entry in files)
        return Desired(users, home.settings, ConfigFacts(len(users), "sha256:0"))

    def _users(self) -> dict[str, UserRecord]:
        return {user["email"]: user for user in self.store.snapshot()["users"]}

    def _check(self, before: dict[str, UserRecord]) -> None:
        """What must hold after every run, whatever became of it."""
        assert not (self.is_watched and self.watch.wrong), self.watch.wrong
        after, named = self._users(), {entry.email.folded for entry in self.files}
        everybody = self.home.settings.unmanaged is not Unmanaged.DELETE
        for email, user in before.items():
            if email in self.hub.moved:
                continue
            is_ours = email.casefold() in named or email.casefold() in self.touched
            if email in {STRANGER, PROTECTED} or (everybody and not is_ours):
                assert after.get(email) == user, email

    def _differences(self) -> list[str]:
        """Read from the hub's own tables: whose access is not what the files say, in words."""
        found: dict[str, list[UserRecord]] = {}
        for live_user in self._users().values():
            found.setdefault(live_user["email"].casefold(), []).append(live_user)
        wrong: list[str] = []
        for user in self._desired(self.files).users:
            live = found.get(user.email.folded, [])
            if len(live) > 1:
                continue  # of users with one address only the grants of a certain one are managed
            if user.departure is not None or not live:
                wrong += [f"{user.email!s} {len(live)}"] if (user.departure is None) is not bool(live) else []
                continue
            wished = {self._hub_name[grant.role]: grant.access for grant in user.grants}
            wrong += [f"{user.email!s} {held}" for held in [_access(live[0])] if held != wished]
        return wrong

    @property
    def _hub_name(self) -> dict[str, str]:
        return {role: name.raw for role, name in self.home.settings.role_definitions}


def _access(user: UserRecord) -> dict[str, Access]:
    """A user's access by the hub's name of the role; platform areas are on, whatever the access."""
    held: dict[str, Access] = {}
    for row in user.get("roles", []):
        name, access = row["definition"], Access[row["access"]]
        if name != UNKNOWN_DEFINITION and access is not Access.NONE:
            level = Access.OWNER if name in _AREAS else access
            held[name] = max(held.get(name, level), level)
    return held


_AREAS: Final = ("sales", "backoffice")
