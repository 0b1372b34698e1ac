"""`--redact`: pseudonyms in everything that a command tells, on stdout, in reports and on stderr.

While such a command runs, whoever is read from the files or the hub is met here, so that their names are known when a
sentence about them is told. Nothing is remembered afterwards, and without `--redact` nobody is met at all.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from bo_sync.cli.options import taken
from bo_sync.cli.secrecy import reworded
from bo_sync.errors import BoSyncError, FilesError

if TYPE_CHECKING:
    from bo_sync.config.load import Tree
    from bo_sync.core.model import LiveUser
    from bo_sync.render.pseudonyms import Acquaintance, Pseudonyms

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
_WHO: "ContextVar[Pseudonyms | None]" = ContextVar("who", default=None)
_HELP = (
    "Tell of people by pseudonyms that stay the same. They are hashes: without the secret BO_SYNC_REDACT_KEY, whoever "
    "guesses an address can check the guess."
)


def redactable(command: Callable[P, R]) -> Callable[P, R]:
    """--redact, which puts pseudonyms into all that the command tells, its errors too."""

    @click.option("--redact", is_flag=True, help=_HELP)
    @wraps(command)
    def gathered(*args: P.args, **kwargs: P.kwargs) -> R:
        if not taken(kwargs, "redact"):
            return command(*args, **kwargs)
        with _redacting():
            return command(*args, **kwargs)

    return gathered


@contextmanager
def _redacting() -> Iterator[None]:
    from bo_sync.render.pseudonyms import Pseudonyms

    key = os.environ.get("BO_SYNC_REDACT_KEY", "").encode("utf-8", "surrogateescape")
    reset = _WHO.set(Pseudonyms(key))
    try:
        with reworded(_told):
            yield
    except BoSyncError as error:
        _reword(error)
        raise
    except click.UsageError as error:
        raise click.UsageError(_told(error.message), error.ctx) from error
    finally:
        _WHO.reset(reset)


def _told(said: str) -> str:
    who = _WHO.get()
    return said if who is None else who.told(said)


def _reword(error: BoSyncError) -> None:
    """What ends the command is told outside of it, so it is changed before it leaves."""
    error.message, error.hint, error.detail = map(_told, (error.message, error.hint, error.detail))
    error.args = (error.message,)
    who = _WHO.get()
    if isinstance(error, FilesError) and who is not None:
        error.lines = tuple(sorted(map(who.complaint, error.lines)))


def is_redacting() -> bool:
    return _WHO.get() is not None


def shown(value: T, redact: "Callable[[T, Pseudonyms], T]") -> T:
    """`value` as it may be told: changed by `redact` under --redact, or as it is."""
    who = _WHO.get()
    return value if who is None else redact(value, who)


def meet_tree(tree: "Tree") -> None:
    """Everybody whom the files name."""

    def named() -> "Iterator[Acquaintance]":
        from bo_sync.render.redaction import declared, excepted

        yield from map(declared, (*tree.declarations, *tree.unsound))
        for policy in tree.policies:
            yield from excepted(policy)

    _meet(named)


def meet_live(users: "Iterable[LiveUser]") -> None:
    """Everybody whom the hub holds."""

    def named() -> "Iterator[Acquaintance]":
        from bo_sync.render.redaction import living

        yield from map(living, users)

    _meet(named)


def _meet(named: "Callable[[], Iterator[Acquaintance]]") -> None:
    who = _WHO.get()
    if who is not None:
        _WHO.set(who.knowing(named()))
