"""Read the API key from a file, and remove secrets from what is printed about files and arguments.

A key may be pasted into a file or an argument, and an error would quote it in a log. A key file is a file or a pipe,
read within `PATIENCE` seconds.
"""

import os
import stat
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Final, Self

from bo_sync.core.text import Message, Text
from bo_sync.errors import UsageError
from bo_sync.hub.secrets import SHORTEST, Secret, masked, without

PATIENCE: Final = 10.0
LARGEST: Final = 64 * 1024
_FLAGS: Final = sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY"))
_PASSED_DOWN: Final = ("/dev/fd/", "/proc/self/fd/", "/dev/stdin")
_NAME_ANOTHER: Final = "name a file that holds the key alone"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The content of a key file, and why it may not be used, if so. The content is never shown, even then."""

    key: Secret | None
    objection: UsageError | None = None

    def accepted(self) -> Secret:
        """The key. Raises UsageError, without quoting the file."""
        if self.objection is not None:
            raise self.objection
        if self.key is None:
            raise ValueError("a file without a key and without an objection")
        return self.key


def read_key_file(path: Path, patience: float = PATIENCE) -> KeyFile:
    """Opens and reads it; `patience` in seconds is for a pipe. Raises nothing: an error becomes the objection."""
    name = Message("--api-key-file {}", Text(str(path)))
    try:
        with closing(_Opened.at(path)) as opened:
            return _judged(opened, name, patience, passed_down=str(path).startswith(_PASSED_DOWN))
    except OSError as err:
        hint = "check the path and its permissions" if err.filename is not None else _NAME_ANOTHER
        return KeyFile(None, UsageError(Message("{}: {}", name, err.strerror), hint=hint))


@dataclass(frozen=True, slots=True)
class _Opened:
    descriptor: int
    status: os.stat_result

    @classmethod
    def at(cls, path: Path) -> Self:
        """Without waiting for a writer, as opening a pipe otherwise does."""
        descriptor = os.open(path, os.O_RDONLY | _FLAGS)
        return cls(descriptor, os.fstat(descriptor))

    @property
    def is_pipe(self) -> bool:
        return stat.S_ISFIFO(self.status.st_mode)

    def close(self) -> None:
        with suppress(OSError):
            os.close(self.descriptor)


def _judged(opened: _Opened, name: Message, patience: float, *, passed_down: bool) -> KeyFile:
    if not (opened.is_pipe or stat.S_ISREG(opened.status.st_mode)):
        return KeyFile(None, UsageError(name + ": is neither a file nor a pipe", hint=_NAME_ANOTHER))
    objection = _objection(name, opened.status, is_nameless=opened.is_pipe and passed_down)
    if objection is not None and opened.is_pipe:  # do not wait for a pipe that is rejected anyway
        return KeyFile(None, objection)
    try:
        return KeyFile(Secret.parse(_text(opened, name, patience), name), objection)
    except UsageError as err:
        return KeyFile(None, objection or err)


def _objection(name: Message, status: os.stat_result, *, is_nameless: bool) -> UsageError | None:
    """Why others may know the key or may have set it; None if neither."""
    if os.name != "posix":
        return None
    if status.st_uid not in (os.geteuid(), 0):
        message = name + f": belongs to somebody else (user {status.st_uid})"
        return UsageError(message, hint="name a file of your own, and consider the key known")
    # A pipe without a name has mode 0600 on Linux, and 0660 on macOS, where no one can open it either.
    if status.st_mode & (0o007 if is_nameless else 0o077):
        message = name + f": others may read it (mode {stat.S_IMODE(status.st_mode):04o})"
        return UsageError(message, hint="chmod 600 it, and consider the key known")
    return None


def _text(opened: _Opened, name: Message, patience: float) -> str:
    """The whole text. Raises UsageError for what is too long, too slow, or not text."""
    raw, ends = bytearray(), time.monotonic() + patience
    while True:
        if opened.is_pipe and not _is_ready(opened.descriptor, ends - time.monotonic()):
            message = name + f": the pipe was not written and closed within {patience:.0f} s"
            raise UsageError(message, hint="check what writes the key")
        chunk = os.read(opened.descriptor, LARGEST)
        raw += chunk
        if not chunk:
            break
        if len(raw) > LARGEST:
            raise UsageError(name + ": holds more than any key", hint=_NAME_ANOTHER)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(name + ": is not text", hint="put the key alone into the file") from None


def _is_ready(descriptor: int, seconds: float) -> bool:
    """Waits for data or for the end; a missing first writer is not the end."""
    import select

    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(max(0.0, seconds) * 1000))


_NAMES: Final = ("BO_SYNC_API_KEY", "BO_SYNC_SESSION_TOKEN", "GITHUB_TOKEN", "GITLAB_TOKEN", "CI_JOB_TOKEN")


OPTION: Final = "--api-key-file"
_FILES: "Final[dict[Path, KeyFile | None]]" = {}
"""The key files that this run names, and the content of each: a pipe can be read only once."""
_READING: Final = Lock()


def hide_keys_of(arguments: Sequence[str]) -> None:
    """From here on `discreet` hides the content of the files that these arguments name, even where they are wrong."""
    named = [value for option, value in pairwise(arguments) if option == OPTION]
    named += [argument.partition("=")[2] for argument in arguments if argument.startswith(f"{OPTION}=")]
    _FILES.clear()
    _FILES.update(dict.fromkeys(map(Path, named)))


def key_in(path: Path) -> "KeyFile":
    """The content of the file; it is read once per run."""

    with _READING:
        found = _FILES.get(path) or read_key_file(path)
        if path in _FILES:
            _FILES[path] = found
        return found


def discreet(said: str) -> str:
    """`said` with each piece of a secret hidden, of `SHORTEST` characters or more; a shorter secret is kept."""
    held = _held()
    secrets = [secret for each in held if _is_in(said.lower(), secret := each.lower())]
    return masked(without(said, secrets) if secrets else said, held)


def without_secrets(result: str) -> str:
    """A result as it may leave this process, on stdout, in a file or to a forge: without whole secrets."""
    return masked(result, _held())


def holds_secret(text: str) -> bool:
    """Whether `text`, in which a mask would change the meaning, contains a secret."""
    return without_secrets(text) != text


def _held() -> list[str]:
    held = [os.environ.get(name, "").strip() for name in _NAMES]
    held += [key.reveal() for path in tuple(_FILES) if (key := key_in(path).key) is not None]
    return [secret for secret in held if len(secret) >= SHORTEST]


def _is_in(said: str, secret: str) -> bool:
    return any(secret[start : start + SHORTEST] in said for start in range(len(secret) - SHORTEST + 1))
