"""`bo-sync plan`: show what apply would do."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bo_sync.cli.console import is_redacting, redactable, shown
from bo_sync.cli.options import Common, HubChoice, Narrowing, common, hub_choice, narrowing, output_format
from bo_sync.cli.output import (
    PLAN_FORMS,
    AskedAs,
    ReportFile,
    plan_as,
    report_option,
    save,
    say_others,
    show_plan,
    write_reports,
)
from bo_sync.core.plan import Plan
from bo_sync.exit_codes import ExitCode

if TYPE_CHECKING:
    from bo_sync.apply.planner import Reading


@click.command(name="plan", short_help="Show what apply would do, and what refuses it.")
@common
@hub_choice
@narrowing
@output_format(*PLAN_FORMS)
@report_option(*PLAN_FORMS)
@redactable
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Save the plan, for `apply FILE`.")
@click.option("--explain", is_flag=True, help="Name every menu item and operation that a change opens or closes.")
@click.option("--base", metavar="REV", help="Show first which guards are weaker than at this git revision.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when changes are pending.")
def command(
    narrowed: Narrowing,
    choice: HubChoice,
    chosen: Common,
    *,
    form: str,
    reports: tuple[ReportFile, ...],
    out: Path | None,
    explain: bool,
    base: str | None,
    detailed_exitcode: bool,
) -> int:
    """Compare the files with the hub and show what `apply` would do. Nothing is written to the hub.

    Each change of access lists its effects: the menu items that open or close, the number of the hub's operations
    gained or lost, and delicate capabilities in words. Risky changes come first.

    With --base, guards of the files that are weaker than at that revision come first: limits, protection, policies,
    suppressed findings. The revision is read as by `validate`. Weaker guards block nothing and change no exit code.

    Exits 0, or 4 when a guardrail or a policy blocks the plan or --skip-blocked leaves users out; with
    --detailed-exitcode 2 when changes are pending.
    """
    from bo_sync.cli.github_actions import below, failures_annotated, plan_told

    if out is not None and is_redacting():
        raise click.UsageError("--redact and --out: a plan with pseudonyms cannot be applied, so it is not saved")
    with failures_annotated(form):
        reading = _read(chosen, choice, narrowed, base)
        plan = reading.plan
        told, place = shown(plan), below(chosen.root)
        show_plan(told, form, explain=explain, below=place)
        write_reports(reports, lambda wanted: plan_as(told, wanted, explain=explain, below=place))
        if out is not None:
            save(plan, out)
    code = _exit_code(plan, detailed=detailed_exitcode)
    plan_told(form, told, code)
    return say_others(code, reading, AskedAs(chosen, choice, narrowed, out))


def _read(chosen: Common, choice: HubChoice, narrowed: Narrowing, base: str | None) -> "Reading":
    """Makes the plan. A base that cannot be read is an error before the hub is read."""
    from bo_sync.cli.base_revision import read_base
    from bo_sync.cli.context import hub_session, read_plan

    compared = read_base(chosen, base) if base is not None else None
    with hub_session(chosen, choice) as hub:
        return read_plan(chosen, hub, narrowed, compared)


def _exit_code(plan: Plan, *, detailed: bool) -> ExitCode:
    if plan.refused or plan.violated or plan.skipped:
        return ExitCode.REFUSED
    return ExitCode.PENDING if detailed and plan.changes else ExitCode.OK
