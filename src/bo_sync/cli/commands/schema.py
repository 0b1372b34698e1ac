"""`bo-sync schema`: JSON Schemas with which editors complete and check the files of one repository."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bo_sync.cli.options import Common, located

if TYPE_CHECKING:
    from bo_sync.config.files import Kind
    from bo_sync.config.json_schema import Vocabulary


@click.command(name="schema", short_help="Print JSON Schemas of the files for editors.")
@click.argument("kind", type=click.Choice(["user", "preset", "policy", "config"]), required=False)
@click.option(
    "--all", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Write all four into this folder instead."
)
@located
def command(chosen: Common, *, kind: "Kind | None", folder: Path | None) -> None:
    """Print the JSON Schema (draft-07) of a user file, a preset, a policy, or bo-sync.yaml.

    It names the presets and the added modules of this repository, so generate it again when those change. An editor
    finds it by a first line such as `# yaml-language-server: $schema=../schemas/user.json`.
    """
    from bo_sync.cli.console import result
    from bo_sync.config.json_schema import Vocabulary, json_schema

    if (kind is None) is (folder is None):
        raise click.UsageError("name one of user, preset, policy and config, or a folder with --all")
    words = Vocabulary.of(chosen.root)
    if kind is not None:
        result(json_schema(kind, words))
    elif folder is not None:
        _write_all(folder, words, quiet=chosen.quiet)


def _write_all(folder: Path, words: "Vocabulary", *, quiet: bool) -> None:
    """Writes one file per kind, if its content differs."""
    from bo_sync.cli.console import say
    from bo_sync.cli.file_writer import create_file, replace_file
    from bo_sync.cli.output import check_plain
    from bo_sync.config.json_schema import KINDS, json_schema

    for kind in KINDS:
        check_plain(folder / f"{kind}.json")
    for kind in KINDS:
        name, text = f"{kind}.json", json_schema(kind, words)
        place = folder / name
        if not place.exists():
            create_file(folder, name, text)
        elif place.read_bytes() == text.encode():
            continue
        else:
            replace_file(folder, name, text)
        if not quiet:
            say(f"wrote {place}")
