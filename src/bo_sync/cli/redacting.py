"""`--redact`: pseudonyms in everything that a command tells, on stdout, in reports and on stderr.

While such a command runs, whoever is read from the files or the hub is met here, so that their names are known when a
sentence about them is told. Nothing is remembered afterwards, and without `--redact` nobody is met at all.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

import click

from bo_sync.cli.options import Common, taken
from bo_sync.cli.secrecy import reworded
from bo_sync.errors import BoSyncError, FilesError

if TYPE_CHECKING:
    from pathlib import Path

    from bo_sync.config.load import Tree
    from bo_sync.core.model import LiveUser
    from bo_sync.render.pseudonyms import Acquaintance, Pseudonyms

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
_WHO: "ContextVar[Pseudonyms | None]" = ContextVar("who", default=None)
_KEY: Final = "BO_SYNC_REDACT_KEY"
_SHORTEST: Final = 16
"""Characters of a key that nobody tries out."""
_DEFECTS: Final = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What ends in a traceback, which quotes what it likes."""
_HELP: Final = (
    f"Tell of people by pseudonyms that stay the same. They are hashes: without the secret {_KEY}, whoever "
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
            _warn(args)
            return command(*args, **kwargs)

    return gathered


def _warn(args: tuple[object, ...]) -> None:
    """Says that the pseudonyms are weak, but for --quiet. A fork's pipeline has an empty key, and nobody would see."""
    from bo_sync.cli.talk import say

    length = len(os.environ.get(_KEY, ""))
    if length < _SHORTEST and not any(isinstance(each, Common) and each.quiet for each in args):
        lack = f"is shorter than {_SHORTEST} characters" if length else "is not set"
        say(f"note: {_KEY} {lack}: whoever guesses a name or an address can check the guess")


def own_pseudonyms() -> "Pseudonyms":
    """Those of the key in the environment, before any user is known."""
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
    """A sentence of ours as it may be told."""
    who = _WHO.get()
    return said if who is None else who.told(said)


def _reword(error: BoSyncError) -> None:
    """What ends the command is told outside of it, so it is changed before it leaves."""
    error.message, error.hint, error.detail = map(told, (error.message, error.hint, error.detail))
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


def meet_files(root: "Path") -> None:
    """Everybody whom the files below `root` name, for a command that does not read them all by itself."""
    if is_redacting():
        from bo_sync.config.load import load_tree

        meet_tree(load_tree(root))


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
