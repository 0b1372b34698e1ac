"""An apply in which bo-sync itself fails: report and journal are whole, and the failure is told after them."""

from pathlib import Path
from time import sleep
from typing import Any

import click
import pytest
from requests import PreparedRequest, Response

from bo_sync.apply.planner import make_plan
from bo_sync.cli import app
from bo_sync.cli.commands.apply import _Orders, _Ran, _run, _told, new_run
from bo_sync.cli.console import Silent
from bo_sync.cli.context import load_files
from bo_sync.cli.options import Common
from bo_sync.cli.output import Wanted
from bo_sync.core.apply_report import Outcome, Report
from bo_sync.errors import HubUnreachableError
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.hub_url import SANDBOX, parse_address
from bo_sync.hub.transport import Transport
from bo_sync.journal.directory import JournalError, is_run
from bo_sync.journal.reader import read
from bo_sync.sandbox.adapter import SandboxAdapter
from bo_sync.sandbox.hub import SandboxHub
from bo_sync.sandbox.store import Store
from tests.support.builders import plan
from tests.support.process import run_here, write


class Defective(SandboxAdapter):
    """Stands for a defect of ours: sending anything about Ben raises what nobody foresees."""

    def send(self, request: PreparedRequest, *given: object, timeout: object = None, **more: object) -> Response:
        body: Any = request.body
        if b"ben@example.com" in body.getvalue():
            raise ZeroDivisionError
        return super().send(request, *given, timeout=timeout, **more)


def test_the_report_and_the_journal_tell_of_everybody_and_then_the_failure_is_told(tmp_path: Path) -> None:
    users = {name: f"email: {name}@example.com\nfirst_name: {name}\nlast_name: X\n" for name in ("ann", "ben", "cem")}
    write(tmp_path, {f"users/{name}.yaml": content for name, content in users.items()})
    common = Common(tmp_path, quiet=True, verbose=False, today=None)
    with Store.open() as store:
        adapter = Defective(SandboxHub(store, keyless=True))
        hub = CommerceHub(Transport(parse_address(SANDBOX), adapters={SANDBOX: adapter}))
        reading = make_plan(load_files(common).desired, hub.read_all(Silent()), hub.url)
        ran = _run(common, hub, reading, _Orders("run", 1, fail_fast=False, allowed=()))
        report = ran.report
    assert isinstance(ran.trouble, ZeroDivisionError)
    assert ran.has_sent
    told = {user.email.raw: user.outcome for user in report.outcomes}
    assert told == {
        "ann@example.com": Outcome.APPLIED,
        "ben@example.com": Outcome.UNKNOWN,
        "cem@example.com": Outcome.NOT_ATTEMPTED,
    }
    past = read("run", (tmp_path / ".bo-sync/journal/run.jsonl").read_bytes())
    assert past.end is not None
    assert [outcome.outcome for outcome in past.end.outcomes] == list(told.values())


@pytest.mark.parametrize(
    ("trouble", "has_sent", "code"),
    [
        pytest.param(ZeroDivisionError(), True, 5, id="a defect after a write"),
        pytest.param(ZeroDivisionError(), False, 1, id="a defect before any write"),
        pytest.param(OSError(28, "No space left on device"), True, 5, id="a full disk after a write"),
        pytest.param(JournalError("the journal cannot be written"), True, 5, id="a journal that broke after a write"),
        pytest.param(JournalError("the journal cannot be written"), False, 1, id="a journal that broke before"),
        pytest.param(HubUnreachableError("no answer", operation="roles"), True, 5, id="a lost network after a write"),
    ],
)
def test_once_a_write_was_sent_exit_5_comes_before_exit_1(
    trouble: Exception, code: int, *, has_sent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command()
    def command() -> int:
        return _told(_Ran(Report("run", "sha256:0", ()), trouble, has_sent), plan(), Wanted("", (), ""))

    monkeypatch.setattr(app.LazyGroup, "get_command", lambda *_: command)
    assert run_here("apply").code == code


def test_the_names_of_runs_sort_as_they_began_also_within_a_second() -> None:
    names = []
    for _ in range(200):
        names.append(new_run())
        sleep(0.0001)
    assert all(map(is_run, names))
    assert len(set(names)) == 200
    assert names == sorted(names)
