"""The entry point, and the only exit: errors become a sentence, a hint and a promised exit code here.

Command modules are imported when they are called for; their short help stands here, so that `--help` imports none.
"""

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Final, NoReturn, TextIO

import click

from bo_sync import __version__
from bo_sync.errors import BoSyncError, ExitCode, FilesError

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "validate": ("validate", "Check the files, offline."),
    "fmt": ("fmt", "Put the files into canonical form, comments kept."),
    "plan": ("plan", "Show what apply would do, and whether a rail refuses it."),
    "apply": ("apply", "Make the hub say what the files say."),
    "pull": ("pull", "Write the live people as files."),
    "users": ("users", "List people, from the files or from the hub."),
    "doctor": ("doctor", "Check the hub, the key and what it may do."),
    "schema": ("schema", "Print a JSON Schema of the files for editors."),
    "sandbox": ("sandbox", "The embedded hub: serve it, reset it, fill it."),
    "demo": ("demo", "Validate, plan, apply and plan again on a hub of its own."),
}
"""Command: its module below `bo_sync.cli`, which defines `command`, and its short help."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"bo_sync.cli.{COMMANDS[cmd_name][0]}").command
        if not isinstance(command, click.Command):
            raise TypeError(cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            near = get_close_matches(name, COMMANDS, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"There is no command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 nothing to do, or done; 1 the hub, the network or the tool failed; 2 changes pending; "
    "3 invalid files; 4 refused by a rail or a policy; 5 partly applied or interrupted; 6 stale plan; 64 usage.",
)
@click.version_option(__version__, prog_name="bo-sync", message="%(prog)s %(version)s")
def root() -> None:
    """Keep the backoffice users and role grants of a Propeller Commerce Hub in git."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and exits the process."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        _never_fail_on_characters(stream)
    code = _run(given, verbose="--verbose" in given or "-v" in given)
    sys.exit(_flushed(code))


def _never_fail_on_characters(stream: TextIO) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _run(arguments: list[str], *, verbose: bool) -> int:
    try:
        result = root.main(args=arguments, prog_name="bo-sync", standalone_mode=False)
    except click.ClickException as error:
        _say_usage(error)
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted", "nothing more was sent")
        return ExitCode.PARTIAL
    except BrokenPipeError:
        return _nobody_reads()
    except BoSyncError as error:
        _say_error(error, verbose=verbose)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the last line of defence: never a traceback without --verbose
        return _unforeseen(error, verbose=verbose)
    return int(result) if isinstance(result, int) else ExitCode.OK


def _say(kind: str, message: str) -> None:
    from bo_sync.render.escape import terminal

    lines = message.splitlines() or [""]
    click.echo(f"{kind}: {terminal(lines[0])}", err=True)
    for line in lines[1:]:
        click.echo(f"  {terminal(line)}", err=True)


def _say_usage(error: click.ClickException) -> None:
    _say("error", error.format_message())
    if isinstance(error, click.UsageError) and error.ctx is not None:
        click.echo(f"try: {error.ctx.command_path} --help", err=True)


def _say_error(error: BoSyncError, *, verbose: bool) -> None:
    from bo_sync.render.escape import terminal

    if isinstance(error, FilesError):
        for line in error.lines:
            click.echo(terminal(line), err=True)
    _say("error", error.message)
    if error.hint:
        _say("next", error.hint)
    if verbose and error.detail:
        _say("detail", error.detail)


def _unforeseen(error: Exception, *, verbose: bool) -> int:
    _say("error", f"bo-sync itself failed: {type(error).__name__}; this is a defect, please report it")
    if verbose:
        import traceback

        _say("detail", "".join(traceback.format_exception(error)))
    else:
        _say("next", "run it again with --verbose for the details")
    return ExitCode.FAILED


def _nobody_reads() -> int:
    """Whoever read our output went away; the interpreter's own flush at exit must not complain about it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.FAILED


def _flushed(code: int) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _nobody_reads()
    return code


if __name__ == "__main__":
    main()
