"""What is said of files and arguments, without the secrets of the environment.

Somebody may paste the key into a file or onto the command line, and a complaint then quotes it, in a log that more
people read. What a hub says is looked through where it arrives, and more closely (`hub/secrets.py`).
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from bo_sync.hub.redaction import SHORTEST, without

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


def discreet(said: str) -> str:
    """`said` with each piece of a secret hidden, of `SHORTEST` characters or more; a shorter secret is let stand."""
    held = (os.environ.get(name, "").strip().lower() for name in _NAMES)
    secrets = [secret for secret in held if _is_in(said.lower(), secret)]
    return _REWORDED.get()(without(said, secrets) if secrets else said)


def _is_in(said: str, secret: str) -> bool:
    return any(secret[start : start + SHORTEST] in said for start in range(len(secret) - SHORTEST + 1))
