"""A real apply, killed with SIGKILL at each of its requests, before the hub runs it and after.

The hub runs in this process, so the client dies at exactly that request: the hub holds it back until the process is
gone. One request is in flight at a time, so what each of them is stands in `COURSE`.
"""

import json
import os
import signal
from pathlib import Path
from subprocess import Popen
from threading import Event
from typing import Final, NamedTuple

import pytest

from bo_sync.journal.directory import read_bytes, runs
from bo_sync.journal.reader import Past, read
from bo_sync.journal.records import Fate
from bo_sync.sandbox.interception import Alteration, ConnectionCut, HubAnswer, HubRequest
from bo_sync.sandbox.population import FIRST_USER, Population, baseline_definitions, baseline_keys, first_user
from tests.end_to_end.hubs import observed
from tests.end_to_end.world import by_address, file, files, held, rows, seen, user
from tests.support.faults import Stage
from tests.support.process import SECONDS, bo_sync, ended, started, write

NEW, CHANGED, GONE, BOSS = (f"{name}@example.com" for name in ("new", "changed", "gone", "old-boss"))
LIVE: Final[Population] = {
    "definitions": baseline_definitions(),
    "keys": baseline_keys(),
    "users": [
        first_user(),
        user(CHANGED, *rows(pricing="VIEWER", order="OWNER", product="OWNER"), *rows(order="VIEWER"), phone="1"),
        user(GONE, *rows(order="OWNER")),
        user(BOSS, *rows(role="OWNER", backoffice="OWNER")),
    ],
}
FILES: Final = files(
    file(NEW, "language: en", "gender: female", "modules: {pricing: editor, order_data: viewer}", first="Nora"),
    file(CHANGED, "phone: '2'", "modules: {pricing: owner, order_data: editor, shop_channel: viewer}"),
    f"email: {GONE}\nstate: absent\n",
    file(BOSS, "platform: {backoffice: true}", "modules: {roles_permissions: viewer}"),
)
AFTER: Final = {
    NEW: held({"firstName": "Nora", "gender": "F"}, pricing="EDITOR", order="VIEWER"),
    CHANGED: held({"phone": "2"}, pricing="OWNER", order="EDITOR", shop="VIEWER"),
    BOSS: held(role="VIEWER", backoffice="OWNER"),
    FIRST_USER: seen(first_user()),
}


class Sent(NamedTuple):
    """A request's first root field, and which intent of the journal it belongs to: what, and about whom."""

    root: str
    intent: tuple[str, str] | None = None


COURSE: Final = (
    Sent("adminUsers"),
    Sent("roleDefinitions"),
    Sent("tenant"),
    Sent("roles"),
    Sent("adminUserCreate", ("create_user", NEW)),
    Sent("adminUser", ("update_profile", CHANGED)),  # the live language, which an update would otherwise reset
    Sent("adminUserUpdate", ("update_profile", CHANGED)),
    Sent("roleCreate", ("write_rows", CHANGED)),
    Sent("roleCreate", ("write_rows", NEW)),
    Sent("roles"),  # whether the row to be removed is a duplicate still
    Sent("roleUpdate", ("write_rows", CHANGED)),
    Sent("roles"),  # whether somebody made an owner of whoever is deleted
    Sent("adminUser", ("delete_user", GONE)),  # whether it is the same user still
    Sent("adminUserDelete", ("delete_user", GONE)),
    Sent("roles"),  # who would still own the roles
    Sent("roleUpdate", ("write_rows", BOSS)),
    Sent("roles"),  # who owns the roles after the last loss
    Sent("adminUsers"),  # the profile, the creation and the deletion are confirmed
    Sent("roles"),  # and so are the grants
)
"""Every request of the whole apply, in order."""


class ProcessKiller:
    """Kills the process `victim` at the request `at`, once, and does not go on before it is gone."""

    def __init__(self, at: int, stage: Stage) -> None:
        self._at, self._stage = at, stage
        self._armed = Event()
        self.victim: Popen[str] | None = None
        self.killed: HubRequest | None = None

    def aim(self, victim: Popen[str]) -> None:
        self.victim = victim
        self._armed.set()

    def before(self, request: HubRequest, /) -> HubAnswer | Alteration | None:
        self._armed.wait(SECONDS)
        self._kill(request, Stage.BEFORE)
        return None

    def after(self, request: HubRequest, answer: HubAnswer, /) -> HubAnswer:
        self._kill(request, Stage.AFTER)
        return answer

    def _kill(self, request: HubRequest, stage: Stage) -> None:
        if self.victim is None or self.killed is not None or (request.number, stage) != (self._at, self._stage):
            return
        self.killed = request
        os.kill(self.victim.pid, signal.SIGKILL)
        self.victim.wait(SECONDS)
        raise ConnectionCut


def test_an_apply_that_lives_makes_just_these_requests(tmp_path: Path) -> None:
    root, killer = write(tmp_path, FILES), ProcessKiller(0, Stage.BEFORE)
    with observed(LIVE, killer) as hub, started(root, "apply", "--yes", "--concurrency", "1", env=hub.env()) as one:
        killer.aim(one)
        done = ended(one)
        assert [roots[0] for _, roots in hub.traffic.sent] == [sent.root for sent in COURSE]
        assert {email: seen(user) for email, user in by_address(hub.holds()).items()} == AFTER
    assert done.code == 0, done


@pytest.mark.parametrize("stage", Stage, ids=[f"{stage} it runs" for stage in Stage])
@pytest.mark.parametrize(
    "at", range(1, len(COURSE) + 1), ids=[f"{number} {sent.root}" for number, sent in enumerate(COURSE, start=1)]
)
def test_after_a_kill_the_journal_names_what_is_unknown_and_another_run_ends_as_one_would_have(
    tmp_path: Path, at: int, stage: Stage
) -> None:
    root, killer = write(tmp_path, FILES), ProcessKiller(at, stage)
    with observed(LIVE, killer) as hub:
        with started(root, "apply", "--yes", "--concurrency", "1", env=hub.env()) as process:
            killer.aim(process)
            assert process.wait(SECONDS) == -signal.SIGKILL
        assert killer.killed is not None
        assert killer.killed.roots[0] == COURSE[at - 1].root
        assert hub.traffic.count == at, "a dead client sends nothing"
        check_journal(root, at)
        again = bo_sync(root, "apply", "--yes", "--format", "json", env=hub.env())
        holds = hub.holds()
    assert again.code == 0, again
    assert {email: seen(user) for email, user in by_address(holds).items()} == AFTER
    assert len(holds["users"]) == len(AFTER), "nobody is there twice"
    assert all(len(pairs := [row["definition"] for row in user["roles"]]) == len({*pairs}) for user in holds["users"])
    if again.out:
        assert {each["outcome"] for each in json.loads(again.out)["outcomes"]} <= {"applied"}


def check_journal(root: Path, at: int) -> None:
    """What was answered is applied, what was begun and not answered is unknown, and nothing else is there."""
    begun = COURSE[at - 1].intent
    before = [sent.intent for sent in COURSE[: at - 1] if sent.intent and sent.root != "adminUser"]
    if not runs(root):
        assert (begun, before) == (None, [])
        return
    past = read(runs(root)[0], read_bytes(root, runs(root)[0]))
    assert (past.end, past.unreadable, past.is_torn) == (None, (), False)
    assert told(past, Fate.APPLIED) == before
    assert told(past, Fate.UNKNOWN) == ([begun] if begun else [])
    assert list(past.unknown) == [request for request in past.requests if request.answer is None]
    assert len(past.requests) == len(before) + bool(begun)


def told(past: Past, fate: Fate) -> list[tuple[str, str]]:
    return [(request.intent.operation, request.intent.email.raw) for request in past.requests if request.fate is fate]
