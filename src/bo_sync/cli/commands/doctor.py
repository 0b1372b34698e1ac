"""`bo-sync doctor`: do the hub, the key and bo-sync fit together?"""

import click

from bo_sync.cli.options import Common, HubChoice, hub_choice, located, output_format
from bo_sync.cli.redacting import redactable, told
from bo_sync.errors import ExitCode


@click.command(name="doctor", short_help="Check the hub, the key and what it may do.")
@located
@hub_choice
@output_format("text", "json")
@redactable
@click.option("--probe-writes", is_flag=True, help="Try changes to people and grants that cannot exist.")
def command(choice: HubChoice, chosen: Common, *, form: str, probe_writes: bool) -> int:
    """Ask the hub whether it can be reached, knows the key, lets it read, and has what bo-sync needs.

    Reads all users, grants and role definitions, as a plan does, and counts the owners: users who own Roles &
    permissions with Backoffice on. Fewer than min_role_owners are a warning.

    What cannot be known is said to be unknown. Nothing in the hub changes. Exits 1 when a check fails.
    """
    from bo_sync.cli.session import load_settings, open_transport
    from bo_sync.cli.talk import result, width
    from bo_sync.hub.doctor import Status, examine
    from bo_sync.hub.paging import Sizes
    from bo_sync.render.checks import CheckRow, checks_json, checks_text

    with open_transport(chosen, choice) as transport:
        sizes = Sizes(choice.page_size, choice.batch_size)
        checks = examine(transport, sizes, load_settings(chosen), probe_writes=probe_writes)
    rows = [CheckRow(check.name, check.status.value, told(check.message), told(check.hint)) for check in checks]
    result(checks_json(rows) if form == "json" else checks_text(rows, width()))
    return ExitCode.FAILED if any(check.status is Status.FAILED for check in checks) else ExitCode.OK
