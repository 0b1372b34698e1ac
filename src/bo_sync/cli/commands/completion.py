"""`bo-sync completion`: shell completion of commands, options and choices, by click."""

from typing import Final, Literal

import click

_ASKED_BY: Final = "_BO_SYNC_COMPLETE"
"""The variable that a shell sets; click derives it from the program's name."""


@click.command(name="completion", short_help="Print what completes commands in a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(*, shell: Literal["bash", "zsh", "fish"]) -> None:
    """Print a shell script that completes commands, options and choices of bo-sync.

    \b
    bash: eval "$(bo-sync completion bash)"      in ~/.bashrc
    zsh:  eval "$(bo-sync completion zsh)"       in ~/.zshrc
    fish: bo-sync completion fish | source       in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    from bo_sync.cli.app import root

    completion = get_completion_class(shell)
    if completion is None:
        raise click.UsageError(f"{shell}: click knows no completion for it")
    click.echo(completion(root, {}, "bo-sync", _ASKED_BY).source())
