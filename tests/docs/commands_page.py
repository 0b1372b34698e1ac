"""docs/commands.md as it must be: every command with its usage, its words, its arguments and every option."""

import re
from collections.abc import Iterator
from typing import Final

import click

from bo_sync.cli.app import COMMANDS, root

HEAD: Final = """\
# Commands

Every command and every option, as `bo-sync COMMAND --help` tells them. Options stand after the command. What is printed
on stdout is the result, on stderr the talk; off a terminal nothing is wrapped or coloured. The exit codes are explained
in [exit codes](exit-codes.md), the JSON in [JSON documents](json.md).

Four options are common to all commands that read files. Where every day is the same there is no `--today`: in
{timeless}.

{common}
"""
COMMON: Final = ("directory", "quiet", "verbose", "today")
HUB: Final = ("hub", "api_key_file", "concurrency", "page_size", "batch_size")
HUB_HEAD: Final = """\
Five are common to all commands that read a hub. The address and the key come from here and from the environment
(`BO_SYNC_HUB_URL`, `BO_SYNC_API_KEY`; for a person at a desk `BO_SYNC_SESSION_TOKEN`), never from a file of the
repository:

{hub}
"""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that can be run, with the words that call it."""
    for name in COMMANDS:
        command = root.get_command(click.Context(root), name)
        assert command is not None
        if isinstance(command, click.Group):
            for inner, part in command.commands.items():
                yield f"{name} {inner}", part
        else:
            yield name, command


def page() -> str:
    """The whole page."""
    everything = dict(commands())
    shared = {option.name: option for option in _options(everything["plan"])}
    common, hub = (_table([shared[name] for name in names]) for names in (COMMON, HUB))
    timeless = [f"`{name}`" for name, command in everything.items() if _is_timeless(command)]
    parts = [HEAD.format(common=common, timeless=", ".join(timeless)), HUB_HEAD.format(hub=hub)]
    return "\n".join([*parts, *(_section(name, command) for name, command in everything.items())])


def _is_timeless(command: click.Command) -> bool:
    names = {option.name for option in _options(command)}
    return "directory" in names and "today" not in names


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"bo-sync {name}")
    usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
    options = _options(command)
    asks_hub = any(option.name == "api_key_file" for option in options)
    own = [option for option in options if option.name not in {*COMMON, *(HUB if asks_hub else ())}]
    lines = [f"## `{name}`\n", f"`{usage}`\n", _words(command)]
    if asks_hub:
        lines.append("Takes the options of a hub.\n")
    return "\n".join([*lines, *([_table(own) + "\n"] if own else [])])


def _words(command: click.Command) -> str:
    """The help's paragraphs, with what it quotes as it is written."""
    paragraphs = (command.help or "").replace("\f", "").split("\n\n")
    return "".join(f"{_plain(paragraph)}\n\n" for paragraph in paragraphs).removesuffix("\n")


def _options(command: click.Command) -> list[click.Option]:
    return [option for option in command.params if isinstance(option, click.Option)]


def _table(options: list[click.Option]) -> str:
    rows = ["| option | |", "|---|---|"]
    for option in options:
        record = option.get_help_record(click.Context(click.Command("x")))
        assert record is not None
        names, words = record
        rows.append(f"| `{_cell(names)}` | {_cell(_plain(words))} |")
    return "\n".join(rows)


def _cell(text: str) -> str:
    """Without the bars that would end a cell."""
    return text.replace("|", ", ")


def _plain(text: str) -> str:
    """In one line; a placeholder in capitals and an option are shown as what they are."""
    line = " ".join(text.split())
    return re.sub(r"(?<![`\w-])(--[a-z][a-z-]*)", r"`\1`", line)
