"""An apply in which bo-sync itself fails: report and journal are whole, and the failure is told after them."""

from pathlib import Path
from time import sleep

from requests import PreparedRequest, Response

from bo_sync.cli.commands.apply import _Orders, _run, new_run
from bo_sync.cli.options import Common
from bo_sync.cli.session import load_files
from bo_sync.cli.talk import Silent
from bo_sync.core.report import Outcome
from bo_sync.hub.address import SANDBOX, parse_address
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.transport import Transport
from bo_sync.journal.past import read
from bo_sync.journal.place import is_run
from bo_sync.reconcile import make_plan
from bo_sync.sandbox.adapter import SandboxAdapter
from bo_sync.sandbox.hub import SandboxHub
from bo_sync.sandbox.store import Store
from tests.support.process import write


class Defective(SandboxAdapter):
    """Stands for a defect of ours: sending anything about Ben raises what nobody foresees."""

    def send(self, request: PreparedRequest, *given: object, timeout: object = None, **more: object) -> Response:
        if "ben@example.com" in str(request.body):
            raise ZeroDivisionError
        return super().send(request, *given, timeout=timeout, **more)


def test_the_report_and_the_journal_tell_of_everybody_and_then_the_failure_is_told(tmp_path: Path) -> None:
    people = {name: f"email: {name}@example.com\nfirst_name: {name}\nlast_name: X\n" for name in ("ann", "ben", "cem")}
    write(tmp_path, {f"users/{name}.yaml": content for name, content in people.items()})
    common = Common(tmp_path, quiet=True, verbose=False, today=None)
    with Store.open() as store:
        adapter = Defective(SandboxHub(store, keyless=True))
        hub = CommerceHub(Transport(parse_address(SANDBOX), adapters={SANDBOX: adapter}))
        reading = make_plan(load_files(common).desired, hub.read_all(Silent()), hub.url)
        ran = _run(common, hub, reading, _Orders("run", 1, fail_fast=False, allowed=()))
        report = ran.report
    assert isinstance(ran.trouble, ZeroDivisionError)
    assert ran.has_sent
    told = {person.email.raw: person.outcome for person in report.outcomes}
    assert told == {
        "ann@example.com": Outcome.APPLIED,
        "ben@example.com": Outcome.UNKNOWN,
        "cem@example.com": Outcome.NOT_ATTEMPTED,
    }
    past = read("run", (tmp_path / ".bo-sync/journal/run.jsonl").read_bytes())
    assert past.end is not None
    assert [outcome.outcome for outcome in past.end.outcomes] == list(told.values())


def test_the_names_of_runs_sort_as_they_began_also_within_a_second() -> None:
    names = []
    for _ in range(200):
        names.append(new_run())
        sleep(0.0001)
    assert all(map(is_run, names))
    assert len(set(names)) == 200
    assert names == sorted(names)
