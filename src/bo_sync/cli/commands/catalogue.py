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

    What bo-sync says of operations comes from a built-in table. A repository may add newer operations to it: `refresh`
    makes a table from the hub, and `catalogue:` of bo-sync.yaml names it. `diff` shows how two tables differ.
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

    Compare the table with `catalogue diff`. To use it, write it to catalogue/operations.csv and set `catalogue:
    catalogue/operations.csv` in bo-sync.yaml. It only adds: built-in operations keep their lowest level.
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
@click.argument("tables", metavar="[[OLD] NEW]", nargs=-1, type=_file)
@common
@output_format("text", "json")
def diff(chosen: Common, *, tables: tuple[Path, ...], form: str) -> int:
    """Show what differs between two tables, above all silent growth: what a grant that nobody touched newly allows.

    OLD and NEW are tables that `catalogue refresh` made, or introspection results in JSON. Without OLD, NEW is compared
    with the table in use: the built-in one and what `catalogue:` of bo-sync.yaml adds. Without both, the table in use
    is compared with the built-in one.
    """
    from bo_sync.cli.tables import in_use_here, packaged, read_table

    match tables:
        case ():
            _show(packaged(), in_use_here(chosen), form)
        case (new,):
            _show(in_use_here(chosen), read_table(new, chosen), form)
        case (old, new):
            _show(read_table(old, chosen), read_table(new, chosen), form)
        case _:
            raise UsageError("catalogue diff compares two tables", hint="give NEW alone, or OLD and NEW")
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
