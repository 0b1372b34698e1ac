"""`bo-sync schema`: what an editor needs to complete and check the files."""

from typing import TYPE_CHECKING

import click

from bo_sync.cli.options import Common, common

if TYPE_CHECKING:
    from bo_sync.config.files import Kind


@click.command(name="schema", short_help="Print a JSON Schema of the files for editors.")
@click.argument("kind", type=click.Choice(["user", "preset", "policy", "config"]))
@common
def command(chosen: Common, *, kind: "Kind") -> None:
    """Print the JSON Schema (draft-07) of a person's file, a preset's, a policy's, or bo-sync.yaml."""
    del chosen
    from bo_sync.cli.talk import result
    from bo_sync.config.schema import json_schema

    result(json_schema(kind))
