"""`bo-sync needs`: find the minimal grants for an operation or menu item."""

import click

from bo_sync.cli.console import redactable, shown
from bo_sync.cli.options import Common, common, output_format
from bo_sync.cli.source import Whose, whose, words


@click.command(name="needs", short_help="The least grants that open all that is asked.")
@click.argument("questions", metavar="QUESTION...", nargs=-1, required=True)
@common
@whose
@output_format("text", "json")
@redactable
def command(asked: Whose, chosen: Common, *, questions: tuple[str, ...], form: str) -> None:
    """Find the minimal grants for each QUESTION, spelled as in a file.

    Each QUESTION is an operation of the hub, a menu item, or a role and a level, as for who-can. Minimal is fewest
    grants, then lowest levels, then the order of roles. Alternatives are other sets in which no grant can be lowered
    or left out. What no grant opens is listed.

    The answer comes from facts about the hub, not from any user's access: --at and --live only choose the names of
    the roles.
    """
    from bo_sync.access.capabilities import powers
    from bo_sync.access.queries import needs
    from bo_sync.access.query_terms import read_question
    from bo_sync.cli.console import coloured, result, width
    from bo_sync.cli.context import warn_of_age
    from bo_sync.render.layout import Page

    settings, named = words(chosen, asked)
    place = shown(named)
    warn_of_age(chosen, settings)
    bound = powers(settings)
    found = needs([read_question(word, bound, settings.roles) for word in questions], bound, settings.roles)
    if form == "json":
        from bo_sync.render.access_json import needs_json

        result(needs_json(found, place))
    else:
        from bo_sync.render.access_text import needs_text

        result(needs_text(found, place.told, Page(width(), coloured())))
