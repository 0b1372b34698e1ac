"""`bo-sync doctor`: check the connection and the API key's permissions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import click

from bo_sync.cli.console import redactable, shown
from bo_sync.cli.options import Common, HubChoice, hub_choice, located, output_format
from bo_sync.exit_codes import ExitCode
from bo_sync.render.escape import terminal
from bo_sync.render.layout import Page


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check: its name, `ok`, `warning`, `failed` or `unknown`, the answer, and a hint or ""."""

    name: str
    status: str
    message: str
    hint: str = ""


def checks_text(rows: Iterable[CheckRow], width: int | None = None) -> str:
    """One line per check, its hint below; wrapped with a hanging indent where it is wider than `width`."""
    page = Page(width)
    return "".join(f"{line}\n" for row in rows for line in _lines(row, page))


def _lines(row: CheckRow, page: Page) -> Iterator[str]:
    yield from page.hang(f"{row.status:<8} {terminal(row.name):<17} ", terminal(row.message))
    if row.hint:
        yield from page.hang(f"{'':<8} {'':<17} next: ", terminal(row.hint))


def checks_json(rows: Iterable[CheckRow]) -> str:
    """The same as JSON."""
    from bo_sync.render.json import envelope

    return envelope({"checks": tuple(rows)})


@click.command(name="doctor", short_help="Check the hub, the key and what it may do.")
@located
@hub_choice
@output_format("text", "json")
@redactable
@click.option("--probe-writes", is_flag=True, help="Try changes to people and grants that cannot exist.")
def command(choice: HubChoice, chosen: Common, *, form: str, probe_writes: bool) -> int:
    """Check the connection, the API key's permissions, and that the hub has what bo-sync needs.

    Reads all users, grants and role definitions, as a plan does, and counts the owners: users who own Roles &
    permissions with Backoffice on. Fewer than min_role_owners are a warning.

    A check without an answer is unknown. The hub is not changed. Exits 1 when a check fails.
    """
    from bo_sync.cli.console import result, width
    from bo_sync.cli.context import load_settings, open_transport
    from bo_sync.hub.doctor import Status, examine
    from bo_sync.hub.pagination import Sizes

    with open_transport(chosen, choice) as transport:
        sizes = Sizes(choice.page_size, choice.batch_size)
        checks = examine(transport, sizes, load_settings(chosen), probe_writes=probe_writes)
    rows = [CheckRow(check.name, check.status.value, shown(check.message), shown(check.hint)) for check in checks]
    result(checks_json(rows) if form == "json" else checks_text(rows, width()))
    return ExitCode.FAILED if any(check.status is Status.FAILED for check in checks) else ExitCode.OK
