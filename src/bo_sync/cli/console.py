"""Where output goes: results to stdout, messages to stderr, a progress bar to a terminal; and `--redact`.

Nothing reaches a stream without its escaper. Colour is never the only sign; `NO_COLOR` turns it off.
"""

import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

import click

from bo_sync.cli.api_key import discreet, without_secrets
from bo_sync.cli.options import Common, taken
from bo_sync.render.escape import terminal

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from bo_sync.ports import Progress
    from bo_sync.render.redact import Redactor


def result(text: str) -> None:
    """Prints a renderer's escaped text to stdout, without our secrets."""
    text = without_secrets(text)
    click.echo(text, nl=not text.endswith("\n"), color=True)


def say(line: str) -> None:
    """Prints one message line to stderr. A failure of that (a full disk, a closed pipe) stops no work."""
    with suppress(OSError):
        click.echo(discreet(terminal(shown(line))), err=True)


def width() -> int | None:
    """Columns of the terminal; None when stdout is not a terminal, and then nothing is wrapped."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def coloured() -> bool:
    """Whether the result may be coloured."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class Silent:
    """A progress without output."""

    def advance(self, what: str, done: int, total: int) -> None:
        """Does nothing."""


class _Drawn:
    """A progress drawn as one bar per kind of work."""

    def __init__(self, bar: "Bar") -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def advance(self, what: str, done: int, total: int) -> None:
        with self._lock:
            if what not in self._tasks:
                self._tasks[what] = self._bar.add_task(what, total=total or None)
            self._bar.update(self._tasks[what], completed=done, total=total or None)


@contextmanager
def progress(*, quiet: bool) -> Iterator["Progress"]:
    """A progress bar on stderr while the block runs, if stderr is a terminal and not `quiet`."""
    if quiet or not sys.stderr.isatty():
        yield Silent()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Drawn(bar)


P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
_KEY: Final = "BO_SYNC_REDACT_KEY"
_SHORTEST: Final = 16
"""Minimum characters of a key against brute force."""
_HELP: Final = (
    f"Tell of people by pseudonyms that stay the same. They are hashes: without the secret {_KEY}, whoever "
    "guesses an address can check the guess."
)


def redactable(command: Callable[P, R]) -> Callable[P, R]:
    """--redact, which puts pseudonyms into all output of the command, its errors too."""

    @click.option("--redact", is_flag=True, help=_HELP)
    @wraps(command)
    def gathered(*args: P.args, **kwargs: P.kwargs) -> R:
        if taken(kwargs, "redact"):
            _warn(args)
        return command(*args, **kwargs)

    return gathered


def _warn(args: tuple[object, ...]) -> None:
    """Warns of weak pseudonyms, except with --quiet. In a fork's pipeline an empty key would go unnoticed."""

    length = len(os.environ.get(_KEY, ""))
    if length < _SHORTEST and not any(isinstance(each, Common) and each.quiet for each in args):
        lack = f"is shorter than {_SHORTEST} characters" if length else "is not set"
        say(f"note: {_KEY} {lack}: whoever guesses a name or an address can check the guess")


def redactor_of(given: Iterable[str]) -> "Redactor | None":
    """What makes the pseudonyms of a run with these arguments, by the key in the environment; None for a plain run."""
    if "--redact" not in given:
        return None
    from bo_sync.render.redact import Redactor

    return Redactor(os.environ.get(_KEY, "").encode("utf-8", "surrogateescape"))


def _redactor() -> "Redactor | None":
    """That of the command that runs: the object of click's context."""
    context = click.get_current_context(silent=True)
    return None if context is None else context.obj


def is_redacting() -> bool:
    return _redactor() is not None


def shown(value: T) -> T:
    """`value` as it may be shown: with pseudonyms under --redact, else unchanged."""
    redactor = _redactor()
    return value if redactor is None else redactor.redacted(value)
