"""Who says yes, and what happens to whoever says stop."""

import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bo_sync.sandbox.interception import HubAnswer, HubRequest
from bo_sync.sandbox.population import Population
from tests.end_to_end.hubs import ObservedHub, observed
from tests.end_to_end.world import file, files, rows, seen, user
from tests.support.process import SECONDS, Keys, bo_sync, ended, in_terminal, served, started, write

EVERYBODY = tuple(f"{name}@example.com" for name in ("ada", "bob", "cy", "dan", "eve", "fay"))
LIVE: Population = {"users": [user(email) for email in EVERYBODY]}
ROOT = files(*(file(email, "phone: '2'") for email in EVERYBODY))
PROMPT = "Apply this plan? Only a typed yes does: "


def phones(population: Population) -> list[str | None]:
    return [seen(user).profile.get("phone") for user in population["users"]]


def test_only_a_typed_yes_applies_and_the_plan_is_shown_before_the_question(tmp_path: Path) -> None:
    root = write(tmp_path / "files", ROOT)
    with served(tmp_path, LIVE) as hub:
        for typed in ("y\n", "YES\n", "\x04"):
            done = in_terminal(root, "apply", env=hub.env(), keys=Keys(PROMPT, typed))
            assert (done.code, set(phones(hub.holds()))) == (5, {None}), typed
            assert done.out.index("Guardrails: none refuses") < done.out.index(PROMPT)
            assert done.out.endswith("\nNothing was sent: not confirmed.\n")
        interrupted = in_terminal(root, "apply", env=hub.env(), keys=Keys(PROMPT, "\x03"))
        assert (interrupted.code, set(phones(hub.holds()))) == (5, {None})
        assert interrupted.out.endswith("\ninterrupted: nothing more was sent\n")
        done = in_terminal(root, "apply", env=hub.env(), keys=Keys(PROMPT, "yes\n"))
        assert (done.code, set(phones(hub.holds()))) == (0, {"2"})
        assert done.out.endswith("6 people: 6 applied.\n")


@dataclass(slots=True)
class Meanwhile:
    """While the question stands, somebody else works in the hub: done before the users are listed a second time."""

    work: Callable[[], None] | None = None
    lists: int = 0

    def before(self, request: HubRequest, /) -> HubAnswer | None:
        self.lists += request.operation == "adminUsers"
        if self.lists == 2 and self.work is not None:
            work, self.work = self.work, None
            work()
        return None

    def after(self, _request: HubRequest, answer: HubAnswer, /) -> HubAnswer:
        return answer


@pytest.mark.parametrize(
    ("moved", "told"),
    [
        pytest.param(
            "UPDATE users SET phone = '3' WHERE email = 'ada@example.com'",
            'ada@example.com: phone: was to change (empty) → "2", now "3" → "2"',
            id="what the plan changes",
        ),
        pytest.param(
            "UPDATE users SET firstName = 'Other' WHERE email = 'ada@example.com'",
            "ada@example.com: first_name",
            id="what the plan did not",
        ),
    ],
)
def test_a_plan_that_moved_while_the_question_stood_is_not_run(tmp_path: Path, moved: str, told: str) -> None:
    root, interceptor = write(tmp_path, ROOT), Meanwhile()
    with observed(LIVE, interceptor) as hub:

        def work() -> None:
            with hub.hub.store.writing() as db:
                db.execute(moved)

        interceptor.work = work
        report = ("--report", f"markdown={tmp_path / 'out.md'}")
        done = in_terminal(root, "apply", *report, env=hub.env(), keys=Keys(PROMPT, "yes\n"))
        assert done.code == 6
        assert "**The plan that was shown is stale.**" in (tmp_path / "out.md").read_text(encoding="utf-8")
        assert "error: the plan that was shown is not what would be done now:" in done.out
        assert told in done.out
        assert "next: plan again, and have that plan reviewed" in done.out
        assert set(phones(hub.holds())) <= {None, "3"}
        again = in_terminal(root, "apply", env=hub.env(), keys=Keys(PROMPT, "yes\n"))
    assert again.code == 0


def test_a_guardrail_that_refuses_by_the_time_of_the_answer_refuses(tmp_path: Path) -> None:
    staying = {
        **files(*(file(email) for email in EVERYBODY[2:])),
        "bo-sync.yaml": "guardrails: {max_user_deletes: {percent: 10}}\n",
    }
    gone = {f"users/gone-{number}.yaml": f"email: {EVERYBODY[number]}\nstate: absent\n" for number in range(2)}
    others = [user(f"p{number}@example.com") for number in range(30)]
    others.append(user("owner@example.com", *rows(role="OWNER", backoffice="OWNER")))
    live: Population = {"users": [*LIVE["users"], *others]}
    root, interceptor = write(tmp_path, {**staying, **gone}), Meanwhile()
    with observed(live, interceptor) as hub:

        def work() -> None:
            with hub.hub.store.writing() as db:
                db.execute("DELETE FROM users WHERE email LIKE 'p%'")

        interceptor.work = work
        done = in_terminal(root, "apply", env=hub.env(), keys=Keys(PROMPT, "yes\n"))
        assert done.code == 4
        assert "Nothing was sent: refused by max_user_deletes." in done.out
        assert len(hub.holds()["users"]) == 7


def test_nothing_is_asked_where_nothing_is_to_be_done(tmp_path: Path) -> None:
    root = write(tmp_path / "files", files(*(file(email) for email in EVERYBODY)))
    with served(tmp_path, LIVE) as hub:
        done = in_terminal(root, "apply", env=hub.env())
    assert done.code == 0
    assert PROMPT not in done.out


def test_without_a_terminal_nobody_is_asked_and_nothing_is_read(tmp_path: Path) -> None:
    root = write(tmp_path, ROOT)
    with observed(LIVE, Gate()) as hub:
        done = bo_sync(root, "apply", env=hub.env(), typed="yes\n")
        assert hub.traffic.count == 0
    assert (done.code, done.out) == (64, "")
    assert done.complaint == (
        "error: apply asks before it writes, and there is nobody to ask",
        "next: give --yes if this is meant to run",
    )


class Gate:
    """A hub that takes its time over what is written, and lets everything through."""

    seconds = 0.5

    def before(self, request: HubRequest, /) -> HubAnswer | None:
        if request.operation == "adminUserUpdate":
            time.sleep(self.seconds)
        return None

    def after(self, _request: HubRequest, answer: HubAnswer, /) -> HubAnswer:
        return answer


class Busy(Gate):
    def before(self, request: HubRequest, /) -> HubAnswer | None:
        return HubAnswer(429, b"", {"Retry-After": "60"}) if request.operation == "adminUserUpdate" else None


STOPS = pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["Ctrl-C", "SIGTERM", "SIGHUP"]
)


@STOPS
def test_a_stopped_apply_finishes_what_is_in_flight_and_reports_it(tmp_path: Path, number: signal.Signals) -> None:
    root, interceptor = write(tmp_path, ROOT), Gate()
    with observed(LIVE, interceptor) as hub:
        with started(root, "apply", "--yes", "--concurrency", "2", env=hub.env()) as process:
            wait_until_asked(hub, "adminUserUpdate")
            process.send_signal(number)
            done = ended(process)
        held = phones(hub.holds())
        interceptor.seconds = 0
        again = bo_sync(root, "apply", "--yes", env=hub.env())
        left = bo_sync(root, "plan", "--detailed-exitcode", env=hub.env())
    assert done.code == 5, done
    assert 1 <= held.count("2") <= 3
    assert done.out.endswith(f"6 people: {held.count('2')} applied, {held.count(None)} not attempted.\n")
    assert "Not attempted: nothing was sent for these people; plan and apply again" in done.out
    assert (again.code, left.code) == (0, 0)


def test_a_hangup_that_is_ignored_as_under_nohup_stops_nothing(tmp_path: Path) -> None:
    root, interceptor = write(tmp_path, ROOT), Gate()
    with observed(LIVE, interceptor) as hub:
        ignored = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a process inherits that
        try:
            with started(root, "apply", "--yes", "--concurrency", "2", env=hub.env()) as process:
                signal.signal(signal.SIGHUP, ignored)
                wait_until_asked(hub, "adminUserUpdate")
                process.send_signal(signal.SIGHUP)
                done = ended(process)
        finally:
            signal.signal(signal.SIGHUP, ignored)
        held = phones(hub.holds())
    assert (done.code, set(held)) == (0, {"2"})


@pytest.mark.parametrize("pause", [0.0, 0.02, 0.1])
def test_however_often_somebody_presses_there_is_one_report_and_the_code_is_5(tmp_path: Path, pause: float) -> None:
    root = write(tmp_path, ROOT)
    with observed(LIVE, Gate()) as hub:
        with started(root, "apply", "--yes", "--concurrency", "2", env=hub.env()) as process:
            wait_until_asked(hub, "adminUserUpdate")
            for _ in range(400):
                if process.poll() is not None:
                    break
                process.send_signal(signal.SIGINT)
                time.sleep(pause)
            done = ended(process)
        held = phones(hub.holds())
    assert done.code == 5, done
    assert done.out.endswith(f"6 people: {held.count('2')} applied, {held.count(None)} not attempted.\n")


def wait_until_asked(hub: ObservedHub, operation: str) -> None:
    for _ in range(600):
        if any(name == operation for name, _ in hub.traffic.sent):
            return
        time.sleep(0.05)
    raise AssertionError(f"{operation} was never asked for")


def test_an_apply_that_is_stopped_waits_for_no_patience_that_the_hub_asks_for(tmp_path: Path) -> None:
    root = write(tmp_path, ROOT)
    with observed(LIVE, Busy()) as hub, started(root, "apply", "--yes", env=hub.env()) as process:
        wait_until_asked(hub, "adminUserUpdate")
        time.sleep(0.3)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        done = ended(process)
        assert time.monotonic() - begun < 10
        assert set(phones(hub.holds())) == {None}
    assert done.code == 5
    assert "6 failed" in done.out


@STOPS
def test_a_plan_that_is_interrupted_ends_at_once_and_quietly(tmp_path: Path, number: signal.Signals) -> None:
    root = write(tmp_path, ROOT)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and never answers
        env = {"BO_SYNC_HUB_URL": f"http://127.0.0.1:{silent.getsockname()[1]}/", "BO_SYNC_API_KEY": "some-key"}
        env["PYTHONWARNINGS"] = "error,ignore::ResourceWarning"  # a git that was just being started is nobody's child
        with started(root, "plan", env=env) as process:
            silent.settimeout(SECONDS)
            with silent.accept()[0]:
                begun = time.monotonic()
                process.send_signal(number)
                done = ended(process)
                assert time.monotonic() - begun < 5
    assert (done.code, done.out, done.err.strip()) == (5, "", "interrupted: nothing more was sent")
