"""`bo-sync catalogue`: the table of the hub's operations, made anew and compared."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bo_sync.cli.options import Common, HubChoice, common, hub_choice, output_format
from bo_sync.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from bo_sync.cli.tables import OperationTable

_file = click.Path(path_type=Path, dir_okay=False)


@click.group(short_help="The table of the hub's operations: make it, compare it.")
def command() -> None:
    """The table of the hub's operations, and who may run them.

    What bo-sync says of operations comes from the table that this version was released with. A table that `refresh`
    makes is for `catalogue diff`, which shows what has become of it in the hub since; whoever works on bo-sync commits
    it as src/bo_sync/access/operations.csv.
    """


@command.command()
@common
@hub_choice
@click.option("--from", "source", type=_file, metavar="FILE", help="A saved introspection result, instead of a hub.")
@click.option("--output", type=_file, metavar="FILE", help="Write the table there.  [default: standard output]")
def refresh(choice: HubChoice, chosen: Common, *, source: Path | None, output: Path | None) -> None:
    """Make the table from a hub's introspection, or from a saved introspection result (JSON, with or without `data`).

    The day of the table is the result's own (`__generatedAt`), or today. An operation whose description has no line of
    AUTH: stands there as unannotated: nobody knows who may run it. A hub that does not show its schema is an error;
    nothing in it changes.

    The table is to be compared, with `catalogue diff`: bo-sync itself goes by the one that it was released with.
    """
    from bo_sync.cli.plans import write_whole
    from bo_sync.cli.tables import made_from, of_hub
    from bo_sync.cli.talk import result, say

    if source is not None and choice.address is not None:
        raise click.UsageError("--from reads a file, --hub asks a hub: give one of them")
    table = of_hub(chosen, choice) if source is None else made_from(source, chosen)
    if output is None:
        result(table.text)
    else:
        write_whole(output, table.text)
    if not chosen.quiet:
        say(table.told)


@command.command()
@click.argument("tables", metavar="[OLD] NEW", nargs=-1, type=_file)
@common
@output_format("text", "json")
def diff(chosen: Common, *, tables: tuple[Path, ...], form: str) -> int:
    """Show what differs between two tables, above all silent growth: what a grant that nobody touched newly allows.

    OLD and NEW are tables that `catalogue refresh` made, or introspection results in JSON. OLD is this version's own
    table where only NEW is given.
    """
    from bo_sync.cli.tables import packaged, read_table

    if not 1 <= len(tables) <= 2:
        raise UsageError("catalogue diff compares two tables", hint="give NEW alone, or OLD and NEW")
    new = read_table(tables[-1], chosen)
    _show(read_table(tables[0], chosen) if len(tables) == 2 else packaged(), new, form)
    return ExitCode.OK


def _show(old: "OperationTable", new: "OperationTable", form: str) -> None:
    from bo_sync.access.growth import growth
    from bo_sync.cli.talk import coloured, result, width
    from bo_sync.render.growth import growth_json, growth_text
    from bo_sync.render.layout import Page

    found = growth(old.operations, new.operations)
    if form == "json":
        result(growth_json(found, old.table, new.table))
    else:
        result(growth_text(found, old.table, new.table, Page(width(), coloured())))
