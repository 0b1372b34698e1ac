"""`bo-sync who-can`: list users who can run an operation or open a menu item."""

import click

from bo_sync.cli.console import redactable, shown
from bo_sync.cli.options import Common, common, output_format
from bo_sync.cli.source import Whose, company, whose


@click.command(name="who-can", short_help="Who can run an operation, open a menu item, or has a role.")
@click.argument("question", metavar="QUESTION")
@common
@whose
@output_format("text", "json")
@redactable
@click.option("--indirect", is_flag=True, help="Also escalation paths: users who could come to it, and by which steps.")
def command(asked: Whose, chosen: Common, *, question: str, form: str, indirect: bool) -> None:
    """List the users who can do what QUESTION asks, each with the grants that allow it.

    QUESTION is an operation of the hub (orderUpdate), a menu item ("Orders > Carriers", or only Carriers), or a role
    and a level (pricing:editor, "Order Data:viewer", backoffice:on). Case and spacing do not matter.

    For an operation that the hub does not annotate, the answer is unknown and no users are listed.
    """
    from bo_sync.access.capabilities import powers
    from bo_sync.access.queries import who_can, with_indirect
    from bo_sync.access.query_terms import read_question
    from bo_sync.cli.console import coloured, result, width
    from bo_sync.cli.context import warn_of_age
    from bo_sync.render.layout import Page

    found = company(chosen, asked)
    warn_of_age(chosen, found.settings)
    bound = powers(found.settings)
    meant = read_question(question, bound, found.settings.roles)
    answer = who_can(found.users, meant, bound)
    if indirect:
        answer = with_indirect(answer, found.users, bound)
    answer, place = shown(answer), shown(found.place)
    if form == "json":
        from bo_sync.render.access_json import answer_json

        result(answer_json(answer, place, indirect=indirect))
    else:
        from bo_sync.render.access_text import answer_text

        result(answer_text(answer, place.told, Page(width(), coloured()), indirect=indirect))
