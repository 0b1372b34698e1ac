"""`bo-sync validate`: the files, offline."""

import click

from bo_sync.cli.options import Common, common, output_format
from bo_sync.errors import ExitCode


@click.command(name="validate", short_help="Check the files, offline.")
@common
@output_format("text", "json")
def command(chosen: Common, *, form: str) -> int:
    """Read every file and tell all that is wrong, each with its place. Needs no hub, no key and no network.

    Exits 0, 3 when a file has an error, or 4 when there is not one person in the files.
    """
    from bo_sync.cli.talk import result
    from bo_sync.config.load import load_tree
    from bo_sync.core.model import Severity

    tree = load_tree(chosen.root)
    if form == "json":
        from bo_sync.render.json import problems_json

        result(problems_json(tree.problems, len(tree.declarations), len(tree.presets)))
    else:
        from bo_sync.render.text import problems_text

        result(problems_text(tree.problems))
    if any(problem.severity is Severity.ERROR for problem in tree.problems):
        return ExitCode.INVALID
    return ExitCode.OK if tree.declarations else ExitCode.REFUSED
