"""An apply in the test's own process, from files to exit code, that waits no time between its reads."""

import io
import json
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bo_sync.apply.planner import Reading, make_plan
from bo_sync.cli.commands.apply import _Orders, _run, _told, new_run
from bo_sync.cli.context import load_files
from bo_sync.cli.options import Common
from bo_sync.cli.output import Wanted
from bo_sync.errors import AfterWriteError
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.hub_url import SANDBOX, parse_address
from bo_sync.hub.transport import Transport
from bo_sync.sandbox.adapter import SandboxAdapter
from bo_sync.sandbox.hub import SandboxHub
from tests.hub.scripted import impatient
from tests.support.hub_double import SILENT


@dataclass(frozen=True, slots=True)
class Applied:
    """How an apply ended: its exit code and its report, as JSON and as text."""

    code: int
    report: dict[str, Any]

    @property
    def outcomes(self) -> dict[str, str]:
        """By the name before the `@`."""
        return {each["email"].partition("@")[0]: each["outcome"] for each in self.report["outcomes"]}

    @property
    def errors(self) -> dict[str, str]:
        return {each["email"].partition("@")[0]: each["error"] or "" for each in self.report["outcomes"]}


def client_of(hub: SandboxHub) -> CommerceHub:
    adapters = {SANDBOX: SandboxAdapter(hub)}
    return CommerceHub(Transport(parse_address(SANDBOX), adapters=adapters, pace=impatient()))


def planned(root: Path, client: CommerceHub) -> Reading:
    return make_plan(load_files(_common(root)).desired, client.read_all(SILENT), client.url)


def applied(root: Path, hub: SandboxHub) -> Applied:
    """Plans and applies the files in `root`, one request at a time, journalled."""
    client = client_of(hub)
    reading = planned(root, client)
    assert not reading.plan.refused, reading.plan.refused
    ran = _run(_common(root), client, reading, _Orders(new_run(), 1, fail_fast=False, allowed=(), sleep=lambda _: None))
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            code = int(_told(ran, reading.plan, Wanted("json", (), "")))
    except AfterWriteError:
        code = 5
    return Applied(code, json.loads(printed.getvalue()))


def _common(root: Path) -> Common:
    return Common(root, quiet=True, verbose=False, today=None)
