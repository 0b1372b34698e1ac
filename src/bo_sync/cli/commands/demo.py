"""`bo-sync demo`: every step once, on a temporary embedded hub."""

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from bo_sync.cli.options import Common, common
from bo_sync.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bo_sync.apply.planner import Reading
    from bo_sync.cli.context import Files
    from bo_sync.core.apply_report import Report
    from bo_sync.hub.client import CommerceHub


@click.command(name="demo", short_help="Validate, plan, apply and plan again on a hub of its own.")
@common
def command(chosen: Common) -> int:
    """Validate the files, plan, apply and plan again, against an embedded hub with drift.

    The hub is in a temporary folder, which is removed. Needs no key and no network, but the extra `sandbox`.
    """
    from tempfile import TemporaryDirectory

    from bo_sync.cli.console import result
    from bo_sync.cli.context import load_files
    from bo_sync.cli.embedded_hub import require_sandbox
    from bo_sync.render.text import problems_text

    require_sandbox()
    click.echo("A demonstration on a hub of its own, which has drifted away from the files here.")
    _headline("bo-sync validate")
    files = load_files(chosen)
    result(problems_text(files.tree.problems, files.judged.findings))
    with TemporaryDirectory(prefix="bo-sync-demo-") as folder, _drifted_hub(files, folder) as hub:
        return _walk(files, hub)


def _walk(files: "Files", hub: "CommerceHub") -> int:
    from bo_sync.cli.console import result, width
    from bo_sync.render.text import report_text

    _headline("bo-sync plan")
    reading = _plan(files, hub)
    if reading.plan.refused or reading.plan.violated:
        return ExitCode.REFUSED
    _headline("bo-sync apply --yes")
    report = _apply(reading, hub)
    result(report_text(report, reading.plan, width()))
    _headline("bo-sync plan --detailed-exitcode")
    left = _plan(files, hub).plan
    return ExitCode.OK if report.complete and not left.changes else ExitCode.FAILED


def _headline(command_line: str) -> None:
    click.echo(f"\n$ {command_line}")


@contextmanager
def _drifted_hub(files: "Files", folder: str) -> "Iterator[CommerceHub]":
    """A client of a hub in `folder`, filled with the files' users and drift."""
    from pathlib import Path

    from bo_sync.cli.demo_hub import drifted
    from bo_sync.hub.client import CommerceHub
    from bo_sync.hub.hub_url import SANDBOX, parse_address
    from bo_sync.hub.transport import Transport
    from bo_sync.sandbox.adapter import SandboxAdapter
    from bo_sync.sandbox.hub import SandboxHub
    from bo_sync.sandbox.store import Store

    with Store.open(Path(folder) / "sandbox.db") as store:
        store.load(drifted(files.desired))
        adapter = SandboxAdapter(SandboxHub(store, keyless=True))
        transport = Transport(parse_address(SANDBOX), adapters={SANDBOX: adapter})
        try:
            yield CommerceHub(transport)
        finally:
            transport.close()


def _plan(files: "Files", hub: "CommerceHub") -> "Reading":
    from bo_sync.cli.console import Silent
    from bo_sync.cli.context import plan_of
    from bo_sync.cli.options import Narrowing
    from bo_sync.cli.output import show_plan

    reading = plan_of(files, hub.read_all(Silent()), hub, Narrowing((), ()))
    show_plan(reading.plan, "text")
    return reading


def _apply(reading: "Reading", hub: "CommerceHub") -> "Report":
    from bo_sync.apply.executor import Options, apply_plan
    from bo_sync.cli.console import Silent

    return apply_plan(reading, hub, Options("demo"), Silent())
