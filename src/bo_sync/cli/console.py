"""Where output goes: results to stdout, messages to stderr, a progress bar to a terminal; and `--redact`.

Nothing reaches a stream without its escaper. Colour is never the only sign; `NO_COLOR` turns it off.
"""

import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

import click

from bo_sync.cli.api_key import discreet, reworded, without_secrets
from bo_sync.cli.options import Common, taken
from bo_sync.errors import BoSyncError, FilesError
from bo_sync.render.escape import terminal

if TYPE_CHECKING:
    from pathlib import Path

    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from bo_sync.config.load import Tree
    from bo_sync.core.model import LiveUser
    from bo_sync.ports import Progress
    from bo_sync.render.pseudonyms import Acquaintance, Pseudonyms


def result(text: str) -> None:
    """Prints a renderer's escaped text to stdout, without our secrets."""
    text = without_secrets(text)
    click.echo(text, nl=not text.endswith("\n"), color=True)


def say(line: str) -> None:
    """Prints one message line to stderr. A failure of that (a full disk, a closed pipe) stops no work."""
    with suppress(OSError):
        click.echo(discreet(terminal(line)), err=True)


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
_WHO: "ContextVar[Pseudonyms | None]" = ContextVar("who", default=None)
_KEY: Final = "BO_SYNC_REDACT_KEY"
_SHORTEST: Final = 16
"""Minimum characters of a key against brute force."""
_DEFECTS: Final = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""Errors that end in a traceback, which may quote anything."""
_HELP: Final = (
    f"Tell of people by pseudonyms that stay the same. They are hashes: without the secret {_KEY}, whoever "
    "guesses an address can check the guess."
)


def redactable(command: Callable[P, R]) -> Callable[P, R]:
    """--redact, which puts pseudonyms into all output of the command, its errors too."""

    @click.option("--redact", is_flag=True, help=_HELP)
    @wraps(command)
    def gathered(*args: P.args, **kwargs: P.kwargs) -> R:
        if not taken(kwargs, "redact"):
            return command(*args, **kwargs)
        with _redacting():
            _warn(args)
            return command(*args, **kwargs)

    return gathered


def _warn(args: tuple[object, ...]) -> None:
    """Warns of weak pseudonyms, except with --quiet. In a fork's pipeline an empty key would go unnoticed."""

    length = len(os.environ.get(_KEY, ""))
    if length < _SHORTEST and not any(isinstance(each, Common) and each.quiet for each in args):
        lack = f"is shorter than {_SHORTEST} characters" if length else "is not set"
        say(f"note: {_KEY} {lack}: whoever guesses a name or an address can check the guess")


def own_pseudonyms() -> "Pseudonyms":
    """The pseudonyms of the key in the environment, before any user is known."""
    from bo_sync.render.pseudonyms import Pseudonyms

    return Pseudonyms(os.environ.get(_KEY, "").encode("utf-8", "surrogateescape"))


@contextmanager
def _redacting() -> Iterator[None]:
    reset = _WHO.set(own_pseudonyms())
    try:
        with reworded(told):
            yield
    except BoSyncError as error:
        _reword(error)
        raise
    except click.UsageError as error:
        raise click.UsageError(told(error.message), error.ctx) from error
    except OSError as error:
        if error.filename is not None:
            error.filename = told(str(error.filename))
        raise
    except _DEFECTS as error:
        said = f"bo-sync itself failed: {type(error).__name__}; this is a defect, please report it"
        hint = "run it again without --redact, where nobody else reads, for the details"
        raise BoSyncError(said, hint=hint) from None
    finally:
        _WHO.reset(reset)


def told(said: str) -> str:
    """Our own sentence as it may be shown."""
    who = _WHO.get()
    return said if who is None else who.told(said)


def _reword(error: BoSyncError) -> None:
    """Redacts an error before it leaves the command, since it is printed outside."""
    error.message, error.hint, error.detail = map(told, (error.message, error.hint, error.detail))
    error.args = (error.message,)
    who = _WHO.get()
    if isinstance(error, FilesError) and who is not None:
        error.lines = tuple(sorted(map(who.complaint, error.lines)))


def is_redacting() -> bool:
    return _WHO.get() is not None


def shown(value: T, redact: "Callable[[T, Pseudonyms], T]") -> T:
    """`value` as it may be shown: changed by `redact` under --redact, else unchanged."""
    who = _WHO.get()
    return value if who is None else redact(value, who)


def meet_files(root: "Path") -> None:
    """Adds all users that the files below `root` name, for a command that does not read them all."""
    if is_redacting():
        from bo_sync.config.load import load_tree

        meet_tree(load_tree(root))


def meet_tree(tree: "Tree") -> None:
    """Adds all users that the files name."""

    def named() -> "Iterator[Acquaintance]":
        from bo_sync.render.redact import declared, excepted

        yield from map(declared, (*tree.declarations, *tree.unsound))
        for policy in tree.policies:
            yield from excepted(policy)

    _meet(named)


def meet_live(users: "Iterable[LiveUser]") -> None:
    """Adds all users of the hub."""

    def named() -> "Iterator[Acquaintance]":
        from bo_sync.render.redact import living

        yield from map(living, users)

    _meet(named)


def _meet(named: "Callable[[], Iterator[Acquaintance]]") -> None:
    who = _WHO.get()
    if who is not None:
        _WHO.set(who.knowing(named()))
