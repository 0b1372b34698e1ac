"""What is said of files and arguments, without the secrets of the environment and of the file that holds the key.

Somebody may paste the key into a file or onto the command line, and a complaint then quotes it, in a log that more
people read. What a hub says is looked through where it arrives, and more closely (`hub/secrets.py`).
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from bo_sync.hub.redaction import SHORTEST, masked, without

if TYPE_CHECKING:
    from bo_sync.cli.key_file import KeyFile

_NAMES: Final = ("BO_SYNC_API_KEY", "BO_SYNC_SESSION_TOKEN", "GITHUB_TOKEN", "GITLAB_TOKEN", "CI_JOB_TOKEN")


_REWORDED: "ContextVar[Callable[[str], str]]" = ContextVar("reworded", default=str)


@contextmanager
def reworded(change: Callable[[str], str]) -> Iterator[None]:
    """While the block runs, `change` is made to all that is said."""
    reset = _REWORDED.set(change)
    try:
        yield
    finally:
        _REWORDED.reset(reset)


OPTION: Final = "--api-key-file"
_FILES: "Final[dict[Path, KeyFile | None]]" = {}
"""The files that this run names for the key, and what each held when it was read: a pipe can be read but once."""
_READING: Final = Lock()


def hide_keys_of(arguments: Sequence[str]) -> None:
    """From here on `discreet` hides what is in the files that these arguments name, also where they are wrong."""
    named = [value for option, value in pairwise(arguments) if option == OPTION]
    named += [argument.partition("=")[2] for argument in arguments if argument.startswith(f"{OPTION}=")]
    _FILES.clear()
    _FILES.update(dict.fromkeys(map(Path, named)))


def key_in(path: Path) -> "KeyFile":
    """What the file holds; it is read once a run."""
    from bo_sync.cli.key_file import read_key_file

    with _READING:
        found = _FILES.get(path) or read_key_file(path)
        if path in _FILES:
            _FILES[path] = found
        return found


def discreet(said: str) -> str:
    """`said` with each piece of a secret hidden, of `SHORTEST` characters or more; a shorter secret is let stand."""
    held = _held()
    secrets = [secret for each in held if _is_in(said.lower(), secret := each.lower())]
    return _REWORDED.get()(masked(without(said, secrets) if secrets else said, held))


def without_secrets(result: str) -> str:
    """A result as it may leave this process, on stdout, in a file or to a forge: no secret is in it whole."""
    return masked(result, _held())


def holds_secret(text: str) -> bool:
    """Whether a secret is in what is to be written, where a mask would change its meaning."""
    return without_secrets(text) != text


def _held() -> list[str]:
    held = [os.environ.get(name, "").strip() for name in _NAMES]
    held += [key.reveal() for path in tuple(_FILES) if (key := key_in(path).key) is not None]
    return [secret for secret in held if len(secret) >= SHORTEST]


def _is_in(said: str, secret: str) -> bool:
    return any(secret[start : start + SHORTEST] in said for start in range(len(secret) - SHORTEST + 1))
