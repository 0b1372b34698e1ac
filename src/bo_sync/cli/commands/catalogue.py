"""`bo-sync catalogue`: refresh and compare the operations table."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import click

from bo_sync.access.catalogue import CatalogueError, catalogue, in_use, read_operations, write_operations
from bo_sync.access.introspection import IntrospectionError, operations_of
from bo_sync.cli.context import load_settings, open_transport
from bo_sync.cli.file_writer import open_named
from bo_sync.cli.options import Common, HubChoice, common, hub_choice, output_format
from bo_sync.core.hub_operations import Operation
from bo_sync.core.text import Message, Text
from bo_sync.errors import HubError, UsageError
from bo_sync.exit_codes import ExitCode
from bo_sync.hub.compatibility import read_introspection
from bo_sync.render.escape import csv_cell, terminal
from bo_sync.render.operations_diff import Table

LARGEST: Final = 64 * 1024 * 1024
_EXPECTED: Final = "name a table that `bo-sync catalogue refresh` made, or an introspection result in JSON"


@dataclass(frozen=True, slots=True)
class OperationTable:
    """Operations, the day of their introspection, and the name of their table."""

    name: Text
    taken: Text
    operations: tuple[Operation, ...]

    @property
    def table(self) -> Table:
        return Table(self.name, self.taken, len(self.operations))

    @property
    def text(self) -> str:
        """The table as CSV. Much of it is the hub's text, which must become neither a formula nor a command."""
        inert = (_reworded(entry, lambda said: terminal(csv_cell(said))) for entry in self.operations)
        return write_operations(str(self.taken), inert)

    @property
    def told(self) -> Message:
        """How many operations the table has, and how many of them are unannotated."""
        unknown = sum(not entry.is_annotated for entry in self.operations)
        every = len(self.operations)
        lacking = "; the hub describes no access at all" if unknown == every else ""
        return Message(
            "{} operations of {}: {} annotated, {} unannotated{}", every, self.taken, every - unknown, unknown, lacking
        )


def packaged() -> OperationTable:
    """The table of this version."""
    facts = catalogue()
    return OperationTable(Text("this version's own table"), Text(facts.taken), facts.operations)


def in_use_here(common: Common) -> OperationTable:
    """The table in use: the built-in one, with what `catalogue:` of bo-sync.yaml adds."""
    settings = load_settings(common)
    if settings.catalogue is None:
        return packaged()
    facts = in_use(settings)
    return OperationTable(
        Text(f"the table in use, with {settings.catalogue.path.raw}"), Text(facts.taken), facts.operations
    )


def of_hub(common: Common, choice: HubChoice) -> OperationTable:
    """The table of the chosen hub. Raises HubError, UsageError and FilesError, as reading it does."""
    with open_transport(common, choice) as transport:
        found = read_introspection(transport)
        url, redact = transport.address.url, transport.credentials.redact
    try:
        operations = tuple(_reworded(entry, redact) for entry in operations_of(found))
    except IntrospectionError as err:
        raise HubError(
            Message("catalogueProbe: {} answers no introspection result: {}", url, Text(str(err))),
            operation="catalogueProbe",
            hint="check the address; `bo-sync doctor` compares the hub's schema with what we send",
        ) from err
    return OperationTable(Text(url), Text(_today(common).isoformat()), operations)


def _reworded(operation: Operation, change: Callable[[str], str]) -> Operation:
    """Applies `change` to all text of the hub, since any of it may quote the key or act on a terminal."""
    return replace(
        operation,
        name=change(operation.name),
        alternatives=tuple((change(definition), least) for definition, least in operation.alternatives),
        system=tuple(map(change, operation.system)),
        when=change(operation.when),
    )


def made_from(path: Path, common: Common) -> OperationTable:
    """The table of a saved introspection result. Raises UsageError for any other file."""
    return _introspected(path, _read(path), common)


def read_table(path: Path, common: Common) -> OperationTable:
    """The table in a file, or of an introspection result. Raises UsageError for any other file."""
    text = _read(path)
    if text.lstrip()[:1] == "{":
        return _introspected(path, text, common)
    try:
        taken, operations = read_operations(text)
    except CatalogueError as err:
        raise UsageError(
            Message("{} is not a table of operations: {}", Text(str(path)), Text(str(err))), hint=_EXPECTED
        ) from err
    return OperationTable(Text(str(path)), Text(taken), operations)


def _read(path: Path) -> str:
    shown = Text(str(path))
    try:
        with os.fdopen(open_named(path), "rb") as file:
            found = file.read(LARGEST + 1)
    except (OSError, ValueError) as err:
        why = err.strerror if isinstance(err, OSError) else "it is no path"
        raise UsageError(Message("{} cannot be read: {}", shown, why), hint=_EXPECTED) from err
    if len(found) > LARGEST:
        raise UsageError(Message("{} holds more than {} MiB", shown, LARGEST >> 20), hint=_EXPECTED)
    try:
        return found.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise UsageError(Message("{} is not text in UTF-8", shown), hint=_EXPECTED) from err


def _introspected(path: Path, text: str, common: Common) -> OperationTable:
    shown = Text(str(path))
    try:
        document = json.loads(text)
        operations = operations_of(document)
    except IntrospectionError as err:
        raise UsageError(Message("{} is no introspection result: {}", shown, Text(str(err))), hint=_EXPECTED) from err
    except (ValueError, RecursionError) as err:
        raise UsageError(Message("{} is not JSON", shown), hint=_EXPECTED) from err
    return OperationTable(shown, Text((_generated(document) or _today(common)).isoformat()), operations)


def _generated(document: object) -> date | None:
    """The day that the introspection result states."""
    said = document.get("__generatedAt") if isinstance(document, dict) else None
    try:
        return date.fromisoformat(said[:10]) if isinstance(said, str) else None
    except ValueError:
        return None


def _today(common: Common) -> date:
    return common.today or datetime.now(UTC).date()


_file = click.Path(path_type=Path, dir_okay=False)


@click.group(short_help="The table of the hub's operations: make it, compare it.")
def command() -> None:
    """Refresh and compare the table of the hub's operations and who may run them.

    bo-sync has a built-in table of operations. A repository may add newer operations: `refresh` makes a table from the
    hub, and `catalogue:` of bo-sync.yaml names it. `diff` shows how two tables differ.
    """


@command.command()
@common
@hub_choice
@click.option("--from", "source", type=_file, metavar="FILE", help="A saved introspection result, instead of a hub.")
@click.option("--output", type=_file, metavar="FILE", help="Write the table there.  [default: standard output]")
def refresh(choice: HubChoice, chosen: Common, *, source: Path | None, output: Path | None) -> None:
    """Make the table from a hub's introspection, or from a saved introspection result (JSON, with or without `data`).

    The day of the table is the result's own (`__generatedAt`), or today. An operation without an AUTH: line in its
    description is listed as unannotated: it is unknown who may run it. A hub that does not show its schema is an
    error. The hub is not changed.

    Compare the table with `catalogue diff`. To use it, write it to catalogue/operations.csv and set `catalogue:
    catalogue/operations.csv` in bo-sync.yaml. It only adds operations: built-in ones keep their lowest level.
    """
    from bo_sync.cli.console import result, say
    from bo_sync.cli.output import write_whole

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
    """Show the differences between two tables, first the operations that unchanged grants newly allow.

    OLD and NEW are tables that `catalogue refresh` made, or introspection results in JSON. Without OLD, NEW is compared
    with the table in use: the built-in one and what `catalogue:` of bo-sync.yaml adds. Without both, the table in use
    is compared with the built-in one.
    """

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
    from bo_sync.access.introspection import growth
    from bo_sync.cli.console import coloured, result, width
    from bo_sync.render.layout import Page
    from bo_sync.render.operations_diff import growth_json, growth_text

    found = growth(old.operations, new.operations)
    if form == "json":
        result(growth_json(found, old.table, new.table))
    else:
        result(growth_text(found, old.table, new.table, Page(width(), coloured())))
