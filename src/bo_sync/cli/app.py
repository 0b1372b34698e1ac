"""The entry point, and the only exit: errors become a message, a hint and a promised exit code here.

Command modules are imported only when they run. Their short help is here, so that `--help` imports none.
"""

import os
import re
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Final, NoReturn, TextIO

import click

from bo_sync import __version__
from bo_sync.core.text import Message
from bo_sync.errors import AfterWriteError, BoSyncError, FilesError, StalePlanError
from bo_sync.exit_codes import ExitCode

if TYPE_CHECKING:
    from bo_sync.render.redact import Redactor

COMMANDS: Final[dict[str, str]] = {
    "init": "Write what a new repository needs.",
    "validate": "Check the files, offline.",
    "fmt": "Put the files into canonical form, comments kept.",
    "plan": "Show what apply would do, and what refuses it.",
    "apply": "Make the hub say what the files say.",
    "pull": "Write the live people as files.",
    "users": "List people, from the files or from the hub.",
    "show": "One person's access, and what it lets them do.",
    "who-can": "Who can run an operation, open a menu item, or has a role.",
    "needs": "The least grants that open all that is asked.",
    "matrix": "Everybody against every role, or where two sides differ.",
    "diff": "Who gained and who lost what between two revisions.",
    "journal": "Read back what applies did, and what is unknown.",
    "catalogue": "The table of the hub's operations: make it, compare it.",
    "comment": "Put a plan on a pull request, or drift into an issue.",
    "doctor": "Check the hub, the key and what it may do.",
    "schema": "Print JSON Schemas of the files for editors.",
    "sandbox": "Serve, reset or seed the embedded hub.",
    "demo": "Validate, plan, apply and plan again on a hub of its own.",
    "completion": "Print what completes commands in a shell.",
}
"""Command: its short help. Each is a module of `bo_sync.cli.commands` that defines `command`."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"bo_sync.cli.commands.{cmd_name.replace('-', '_')}").command
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
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 nothing to do, or done; 1 the hub, the network or the tool failed; 2 changes pending; "
    "3 invalid files; 4 refused by a guardrail or a policy; 5 partly applied, unconfirmed or interrupted; "
    "6 stale plan; 64 usage.",
)
@click.version_option(__version__, prog_name="bo-sync", message="%(prog)s %(version)s")
def root() -> None:
    """Keep the backoffice users and role grants of a Propeller Commerce Hub in git."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and exits the process."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _open_what_is_closed()
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        _never_fail_on_characters(stream)
    stops = stop_signals()
    for number in stops:  # a cancelled pipeline and a closed terminal count as Ctrl-C
        signal.signal(number, signal.default_int_handler)
    _keep_secret(given)
    code = _run(given, verbose=any(map(_ASKS_FOR_MORE, given)))
    for number in stops:  # a late Ctrl-C must not change the exit code
        signal.signal(number, signal.SIG_IGN)
    sys.exit(_flushed(code))


def stop_signals() -> tuple[signal.Signals, ...]:
    """The signals that stop a command: Ctrl-C, SIGTERM, and SIGHUP, unless it is ignored, as under nohup."""
    wanted = (getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP"))
    found = [number for number in wanted if isinstance(number, signal.Signals)]
    return tuple(
        number for number in found if number.name != "SIGHUP" or signal.getsignal(number) is not signal.SIG_IGN
    )


_ASKS_FOR_MORE: Final = re.compile("--verbose|-[a-zA-Z]*v[a-zA-Z]*").fullmatch
"""Set before the arguments are parsed, since that may fail too."""


def _keep_secret(given: list[str]) -> None:
    """Called before anything is parsed: errors of the arguments are shown too."""
    if any(argument.startswith("--api-key-file") for argument in given):
        from bo_sync.cli.api_key import hide_keys_of

        hide_keys_of(given)


def _open_what_is_closed() -> None:
    """A standard stream that was closed before we started is None in Python, and another file may get its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False))


def _never_fail_on_characters(stream: TextIO) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _run(arguments: list[str], *, verbose: bool) -> int:
    redactor = _redactor_of(arguments)
    try:
        result = root.main(args=arguments, prog_name="bo-sync", standalone_mode=False, obj=redactor)
    except AfterWriteError as after:
        _code_of(_shown(after.__cause__ or after, redactor, arguments), verbose=verbose)
        return ExitCode.PARTIAL
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last line of defence: never a traceback
        return _code_of(_shown(error, redactor, arguments), verbose=verbose)
    return int(result) if isinstance(result, int) else ExitCode.OK


def _redactor_of(given: list[str]) -> "Redactor | None":
    """Known before anything is parsed: errors of the arguments quote them."""
    if "--redact" not in given:
        return None
    from bo_sync.cli.console import redactor_of

    return redactor_of(given)


def _shown(error: BaseException, redactor: "Redactor | None", arguments: list[str]) -> BaseException:
    """The error as it may be printed: with pseudonyms under --redact. What may quote anything has no details then."""
    if redactor is None:
        return error
    match error:
        case FilesError() | StalePlanError():
            error.lines = tuple(sorted(redactor.redacted(error.lines)))
            error.message, error.hint = redactor.redacted((error.message, error.hint))
        case BoSyncError():
            error.message, error.hint, error.detail = redactor.redacted((error.message, error.hint, Message()))
        case click.exceptions.NoArgsIsHelpError() | click.MissingParameter():
            return error
        case click.ClickException():
            from bo_sync.render.redact import without_arguments

            context: click.Context | None = getattr(error, "ctx", None)
            parameters = context.command.params if context is not None else []
            ours = {name for each in parameters for name in (*each.opts, *each.secondary_opts)}
            said = without_arguments(error.format_message(), arguments, {*ours, *COMMANDS})
            return click.UsageError(said, context)
        case OSError() if not isinstance(error, BrokenPipeError):
            return BoSyncError(Message("the system refuses: {}", error.strerror or type(error).__name__))
        case Exception() if not isinstance(error, click.Abort):
            said = f"bo-sync itself failed: {type(error).__name__}; this is a defect, please report it"
            return BoSyncError(said, hint="run it again without --redact, where nobody else reads, for the details")
        case _:
            pass
    return error


def _code_of(error: BaseException, *, verbose: bool) -> int:
    """Prints the error that ended the command, and returns its exit code. A traceback needs --verbose."""
    match error:
        case click.Abort() | KeyboardInterrupt():
            _say("interrupted", "nothing more was sent")
            return ExitCode.PARTIAL
        case click.ClickException():
            _say_usage(error)
            return ExitCode.USAGE
        case BoSyncError():
            _say_error(error, verbose=verbose)
            return error.exit_code
        case _:
            return _unforeseen(error, verbose=verbose)


def _say(kind: str, message: str) -> None:
    from bo_sync.render.escape import terminal

    lines = message.splitlines() or [""]
    _tell(f"{kind}: {terminal(lines[0])}")
    for line in lines[1:]:
        _tell(f"  {terminal(line)}")


def _tell(line: str) -> None:
    from bo_sync.cli.api_key import discreet

    with suppress(OSError):  # without a reader, the exit code still counts
        click.echo(discreet(line), err=True)


def _say_usage(error: click.ClickException) -> None:
    from bo_sync.core.text import visible

    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        _tell(error.format_message())
        return
    message = error.format_message()
    # An argument is quoted as given, and adds no line; only missing arguments take several, and quote nothing.
    _say("error", message if isinstance(error, click.MissingParameter) else visible(message))
    if isinstance(error, click.UsageError) and error.ctx is not None:
        _say("next", f"{error.ctx.command_path} --help")


def _say_error(error: BoSyncError, *, verbose: bool) -> None:
    from bo_sync.render.escape import terminal

    if isinstance(error, FilesError):
        for line in error.lines:
            _tell(terminal(line))
    _say("error", error.message)
    if isinstance(error, StalePlanError):
        for line in error.lines:
            _tell(f"  {terminal(line)}")
    if error.hint:
        _say("next", error.hint)
    if verbose and error.detail:
        _say("detail", error.detail)


def _unforeseen(error: BaseException, *, verbose: bool) -> int:
    if isinstance(error, BrokenPipeError):  # the reader of our output is gone
        return ExitCode.FAILED
    if isinstance(error, OSError):  # a full disk behind the output is not a defect
        about = f" ({error.filename})" if error.filename else ""
        _say("error", f"the system refuses: {error.strerror or type(error).__name__!s}{about}")
    else:
        _say("error", f"bo-sync itself failed: {type(error).__name__}; this is a defect, please report it")
    if verbose:
        import traceback

        _say("detail", "".join(traceback.format_exception(error)))
    else:
        _say("next", "run it again with --verbose for the details")
    return ExitCode.FAILED


def _flushed(code: int) -> int:
    """`code`, or FAILED where the result could not be written; a lost message on stderr changes no code."""
    if not _flush(sys.stdout):
        code = code or ExitCode.FAILED
    _flush(sys.stderr)
    return code


def _flush(stream: TextIO) -> bool:
    """Whether all was written. If not, the rest is dropped, so that the interpreter's own flush does not fail."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return False
    return True


if __name__ == "__main__":
    main()
