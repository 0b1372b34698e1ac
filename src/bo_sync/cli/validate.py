"""`bo-sync validate`: the files, offline."""

from typing import TYPE_CHECKING

import click

from bo_sync.cli.options import Common, common, output_format
from bo_sync.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bo_sync.config.load import Tree
    from bo_sync.core.history import Comparison
    from bo_sync.core.model import Problem


@click.command(name="validate", short_help="Check the files, offline.")
@common
@output_format("text", "json")
@click.option("--base", metavar="REV", help="Also compare with the files of this git revision, as in origin/main.")
def command(chosen: Common, *, form: str, base: str | None) -> int:
    """Read every file and tell all that is wrong, each with its place. Needs no hub, no key and no network.

    With --base, also show which guards are loosened since that revision, and refuse a person whose address changed, or
    whose file went away while all access would stay.

    Exits 0, 3 when a file has an error, or 4 when a rail refuses: there is not one person in the files, or --base found
    somebody.
    """
    from bo_sync.config.load import load_tree

    tree = load_tree(chosen.root)
    if base is None:
        _show(tree, tree.problems, None, form)
        if not tree.declarations:
            _say_empty()
        return _exit_code(tree, refused=not tree.declarations)
    from bo_sync.cli.base import compare_with

    comparison, doubts = compare_with(chosen, base, tree)
    _show(tree, (*tree.problems, *doubts), comparison, form)
    return _exit_code(tree, refused=bool(comparison.refused))


def _say_empty() -> None:
    from bo_sync.cli.talk import say
    from bo_sync.core.rails import IMPASSABLE

    say(f"refused by the rail empty: 0 people in the files, at least 1 expected; {IMPASSABLE['empty']}")


def _exit_code(tree: "Tree", *, refused: bool) -> ExitCode:
    if tree.errors:
        return ExitCode.INVALID
    return ExitCode.REFUSED if refused else ExitCode.OK


def _show(tree: "Tree", problems: "Sequence[Problem]", comparison: "Comparison | None", form: str) -> None:
    from dataclasses import replace

    from bo_sync.cli.secrecy import discreet
    from bo_sync.cli.talk import coloured, result, width

    problems = [replace(problem, message=discreet(problem.message)) for problem in problems]
    if form == "json":
        from bo_sync.render.json import problems_json

        result(problems_json(problems, len(tree.declarations), len(tree.presets), comparison))
    elif comparison is None:
        from bo_sync.render.text import problems_text

        result(problems_text(problems))
    else:
        from bo_sync.render.history import comparison_text

        result(comparison_text(comparison, problems, width=width(), color=coloured()))
