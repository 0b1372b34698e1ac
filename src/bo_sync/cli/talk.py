"""What goes where: the result to stdout, the talk to stderr, a progress bar to a terminal only.

Nothing reaches a stream without its escaper; colour is never the only sign of anything, and `NO_COLOR` turns it off.
"""

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from bo_sync.cli.secrecy import discreet, without_secrets
from bo_sync.render.escape import terminal

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from bo_sync.ports import Progress


def result(text: str) -> None:
    """Prints a renderer's whole text to stdout, where it has been escaped already; without our secrets."""
    text = without_secrets(text)
    click.echo(text, nl=not text.endswith("\n"), color=True)


def say(line: str) -> None:
    """Prints one line of talk to stderr. That nobody hears it (a full disk, a closed pipe) stops no work."""
    with suppress(OSError):
        click.echo(discreet(terminal(line)), err=True)


def width() -> int | None:
    """Columns of the terminal that stdout is; None when it is none, and then nothing is wrapped."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def coloured() -> bool:
    """Whether the result may be coloured."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class Silent:
    """A progress that nobody watches."""

    def advance(self, what: str, done: int, total: int) -> None:
        """Nothing."""


class _Drawn:
    """A progress drawn as one bar a kind of thing."""

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
    """A progress bar on stderr while the block runs, if stderr is a terminal and `quiet` is not asked for."""
    if quiet or not sys.stderr.isatty():
        yield Silent()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Drawn(bar)
