"""The file that --api-key-file names: read once, whole, and judged by who else could have read or written it.

A file or a pipe, such as `<(pass show hub)`, and nothing else. Nothing is waited for without end: a pipe has to be
written and closed within `PATIENCE` seconds.
"""

import os
import stat
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from bo_sync.core.text import Text
from bo_sync.errors import UsageError
from bo_sync.hub.secrets import Secret

PATIENCE: Final = 10.0
LARGEST: Final = 64 * 1024
_FLAGS: Final = sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY"))
_PASSED_DOWN: Final = ("/dev/fd/", "/proc/self/fd/", "/dev/stdin")
_NAME_ANOTHER: Final = "name a file that holds the key alone"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What a file held, and why it may not be used, if so: even then what it holds is not to be shown."""

    key: Secret | None
    objection: UsageError | None = None

    def accepted(self) -> Secret:
        """The key. Raises UsageError, without a word of what the file holds."""
        if self.objection is not None:
            raise self.objection
        if self.key is None:
            raise ValueError("a file without a key and without an objection")
        return self.key


def read_key_file(path: Path, patience: float = PATIENCE) -> KeyFile:
    """Opens and reads it; `patience` in seconds is for a pipe. Raises nothing: whatever is wrong is the objection."""
    name = f"--api-key-file {Text(str(path))}"
    try:
        with closing(_Opened.at(path)) as opened:
            return _judged(opened, name, patience, passed_down=str(path).startswith(_PASSED_DOWN))
    except OSError as err:
        hint = "check the path and its permissions" if err.filename is not None else _NAME_ANOTHER
        return KeyFile(None, UsageError(f"{name}: {err.strerror}", hint=hint))


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


def _judged(opened: _Opened, name: str, patience: float, *, passed_down: bool) -> KeyFile:
    if not (opened.is_pipe or stat.S_ISREG(opened.status.st_mode)):
        return KeyFile(None, UsageError(f"{name}: is neither a file nor a pipe", hint=_NAME_ANOTHER))
    objection = _objection(name, opened.status, is_nameless=opened.is_pipe and passed_down)
    if objection is not None and opened.is_pipe:  # nothing is waited for that is refused anyway
        return KeyFile(None, objection)
    try:
        return KeyFile(Secret.parse(_text(opened, name, patience), name), objection)
    except UsageError as err:
        return KeyFile(None, objection or err)


def _objection(name: str, status: os.stat_result, *, is_nameless: bool) -> UsageError | None:
    """Why others may know the key, or may have set it."""
    if os.name != "posix":
        return None
    if status.st_uid not in (os.geteuid(), 0):
        message = f"{name}: belongs to somebody else (user {status.st_uid})"
        return UsageError(message, hint="name a file of your own, and consider the key known")
    # A pipe without a name has mode 0600 on Linux, and 0660 on macOS, where nobody can open it either.
    if status.st_mode & (0o007 if is_nameless else 0o077):
        message = f"{name}: others may read it (mode {stat.S_IMODE(status.st_mode):04o})"
        return UsageError(message, hint="chmod 600 it, and consider the key known")
    return None


def _text(opened: _Opened, name: str, patience: float) -> str:
    """All of it. Raises UsageError for what is too long, too slow, or no text."""
    raw, ends = bytearray(), time.monotonic() + patience
    while True:
        if opened.is_pipe and not _is_ready(opened.descriptor, ends - time.monotonic()):
            message = f"{name}: the pipe was not written and closed within {patience:.0f} s"
            raise UsageError(message, hint="check what writes the key")
        chunk = os.read(opened.descriptor, LARGEST)
        raw += chunk
        if not chunk:
            break
        if len(raw) > LARGEST:
            raise UsageError(f"{name}: holds more than any key", hint=_NAME_ANOTHER)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{name}: is not text", hint="put the key alone into the file") from None


def _is_ready(descriptor: int, seconds: float) -> bool:
    """Waits for something to read, or for the end; not for the first writer's mere absence."""
    import select

    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(max(0.0, seconds) * 1000))
