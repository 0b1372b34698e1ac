"""The end of one exchange, in time and in size, whatever the libraries below wait for or loop over.

A time limit of a socket starts anew with each packet, so a header of a byte a second, `100 Continue` for ever or a
proxy that never finishes its greeting would hold us for ever. Here one timer an exchange ends them all: it shuts the
connection down, under every layer of TLS, and whoever waits for it wakes. What comes is counted as it comes over the
wire, so that what unpacks to nothing is bounded too.
"""

import io
import socket
import threading
import time
from contextlib import suppress
from contextvars import ContextVar, Token
from http.client import HTTPResponse
from types import TracebackType
from typing import Final, Self


class TooMuchError(OSError):
    """An answer was longer than it may be."""


class Deadline:
    """What this thread exchanges inside of the block ends after `seconds`, or raises TooMuchError after `most` bytes.

    At the end every connection that was watched is shut down, by a thread that lives from the first one to the end.
    """

    def __init__(self, seconds: float, most: int) -> None:
        self._left = most
        self._ends = time.monotonic() + seconds
        self._lines: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._outer: Token[Deadline | None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether the end has come."""
        return time.monotonic() >= self._ends

    def left(self) -> float:
        """Seconds until the end."""
        return max(0.0, self._ends - time.monotonic())

    def watch(self, descriptor: int) -> None:
        """Takes in a connected socket. A descriptor of our own stands for it: others may close theirs at any time."""
        line = socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM)
        with self._lock:
            self._lines.append(line)
            if self._timer is None:
                self._timer = threading.Timer(self.left(), self._end)
                self._timer.name, self._timer.daemon = "hub-deadline", True
                self._timer.start()
        if self.is_over:
            _shut(line)

    def count(self, length: int) -> None:
        """Takes note of bytes that came. Raises TooMuchError, and TimeoutError after the end: they may be cut short."""
        self._left -= length
        if self._left < 0:
            raise TooMuchError
        if self.is_over:
            raise TimeoutError

    def _end(self) -> None:
        with self._lock:
            for line in self._lines:
                _shut(line)

    def __enter__(self) -> Self:
        self._outer = _CURRENT.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._outer is not None:
            _CURRENT.reset(self._outer)
        with self._lock:
            while self._lines:
                self._lines.pop().close()


_CURRENT: Final[ContextVar[Deadline | None]] = ContextVar("deadline", default=None)


def current() -> Deadline | None:
    """The deadline of what this thread exchanges at the moment."""
    return _CURRENT.get()


class BoundedResponse(HTTPResponse):
    """Reads from its socket under the deadline that holds when it is made: from the status line to the last chunk."""

    def __init__(
        self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        deadline = current()
        if deadline is not None and isinstance(self.fp, io.BufferedReader):
            self.fp = io.BufferedReader(_Counted(self.fp.detach(), deadline))


class _Counted(io.RawIOBase):
    """The bytes of another stream, each counted."""

    def __init__(self, under: io.RawIOBase, deadline: Deadline) -> None:
        self._under = under
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int | None:
        if not isinstance(buffer, memoryview):  # as the buffer above, the only one that asks, gives
            raise TypeError(buffer)
        try:
            length = self._under.readinto(buffer)
        except OSError:
            self._deadline.count(0)
            raise
        self._deadline.count(length or 0)
        return length

    def close(self) -> None:
        self._under.close()
        super().close()


def _shut(line: socket.socket) -> None:
    with suppress(OSError):  # it may be at its end already
        line.shutdown(socket.SHUT_RDWR)
