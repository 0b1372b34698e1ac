"""`bo-sync` as users run it: in the test's process, or in its own where the process is the subject.

The hub is served over a real socket, by a thread of the test.
"""

import fcntl
import io
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout, suppress
from contextvars import Context
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Final, Protocol
from unittest.mock import patch

import pytest

from bo_sync.cli import api_key
from bo_sync.cli.app import main
from bo_sync.hub import transport
from bo_sync.hub.time_limits import Pace
from bo_sync.sandbox.behaviour import Behaviour
from bo_sync.sandbox.hub import SandboxHub
from bo_sync.sandbox.interception import Interceptor, PassThrough
from bo_sync.sandbox.population import Population
from bo_sync.sandbox.server import SandboxServer
from bo_sync.sandbox.store import Store

SECONDS: Final = 60
COMMAND: Final = (sys.executable, "-m", "bo_sync")
_AS_IT_IS: Final = Behaviour()
_PASS_THROUGH: Final = PassThrough()
_READ_AT_THE_START: Final = ("PYTHON", "LANG", "LC_", "TZ")
_KEPT: Final = ("PATH", "HOME", "XDG_STATE_HOME", "LANG", "SYSTEMROOT", "PYTHONPATH", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def complaint(self) -> tuple[str, ...]:
        """The lines of stderr from the first error on: the error itself, and what to do next."""
        lines = self.err.splitlines()
        first = next((number for number, line in enumerate(lines) if line.startswith("error: ")), len(lines))
        return tuple(lines[first:])


def environment(**more: str) -> dict[str, str]:
    """What a process needs to run at all, and nothing that decides for bo-sync; `more` on top."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    source = str(Path(__file__).parent.parent.parent / "src")
    return {**kept, "PYTHONPATH": source, "PYTHONWARNINGS": "error", "NO_PROXY": "*", **more}


def bo_sync(root: Path, *arguments: str, env: Mapping[str, str] | None = None, typed: str | None = None) -> Ran:
    """Runs one command in `root` to its end, in this process; stdin is what is `typed`, or empty, never a terminal.

    Its folder, environment and warnings are those of `bo_sync_process`. Only the main thread can run it.
    """
    only_a_process = [name for name in env or () if name.startswith(_READ_AT_THE_START)]
    assert not only_a_process, f"only a new process reads {only_a_process}: use bo_sync_process"
    with chdir(root), patch.dict(os.environ, {**environment(), **(env or {})}, clear=True), warnings.catch_warnings():
        warnings.simplefilter("error")
        return run_here(*arguments, typed=typed or "")


class Terminal(Protocol):
    """What a command asks of a terminal at which a user types."""

    def isatty(self) -> bool: ...

    def readline(self) -> str: ...


def run_here(*arguments: str, typed: str | Terminal = "") -> Ran:
    """Runs one command by the entry point, in the current folder and environment, with the state of a new process."""
    given = io.TextIOWrapper(io.BytesIO(typed.encode()), encoding="utf-8") if isinstance(typed, str) else typed
    stdout, stderr = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    api_key._FILES.clear()
    with (
        _signals_kept(),
        patch.object(tempfile, "tempdir", None),
        patch.object(sys, "stdin", given),
        redirect_stdout(stdout),
        redirect_stderr(stderr),
    ):
        code = Context().run(_exit_code, arguments)
    out, err = _written(stdout), _written(stderr)
    assert "Traceback" not in err, err
    return Ran(code, out, err)


class SocketUsedError(Exception):
    """A command that must work offline used a socket."""


_OFFLINE: Final = Event()


def _refuse_sockets(event: str, _arguments: tuple[object, ...]) -> None:
    if event.startswith("socket.") and _OFFLINE.is_set():
        raise SocketUsedError(event)


sys.addaudithook(_refuse_sockets)


@contextmanager
def offline() -> Iterator[None]:
    """While the block runs, each use of a socket in this process fails with SocketUsedError."""
    _OFFLINE.set()
    try:
        yield
    finally:
        _OFFLINE.clear()


@contextmanager
def hasty(request: float = 30.0) -> Iterator[None]:
    """While the block runs, commands here wait `request` seconds for an answer, and pause a tenth as long."""

    def wait(stopped: Event, seconds: float) -> bool:
        return stopped.wait(seconds / 10)

    with patch.object(transport, "Pace", partial(Pace, request=request, wait=wait)):
        yield


def _exit_code(arguments: tuple[str, ...]) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int), ended.value.code
    return int(ended.value.code)


@contextmanager
def _signals_kept() -> Iterator[None]:
    """A command leaves its handlers behind, since its own process would have ended."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode("utf-8")


def bo_sync_process(root: Path, *arguments: str, env: Mapping[str, str] | None = None, typed: str | None = None) -> Ran:
    """`bo_sync` in its own process: for its streams, imports and locale, and for commands that run at the same time."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=root,
        env={**environment(), **(env or {})},
        input=typed or "",
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


_HEAR_CTRL_C: Final = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""Becomes the command, which hears Ctrl-C also where the tests run in the background of a shell that ignores it."""


@contextmanager
def started(root: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A command that runs in `root`, to be signalled or left; it is over, one way or another, after the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HEAR_CTRL_C, *COMMAND[1:], *arguments],
        cwd=root,
        env={**environment(), **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> Ran:
    out, err = process.communicate(timeout=SECONDS)
    assert "Traceback" not in err, err
    return Ran(process.returncode, out, err)


_TAKE_THE_TERMINAL: Final = f"""
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
{_HEAR_CTRL_C}
"""
"""Makes the terminal the process's own, so that Ctrl-C typed at it is a signal, and becomes the command."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What somebody types at a terminal once it shows `after`."""

    after: str
    typed: str


def in_terminal(
    root: Path, *arguments: str, env: Mapping[str, str] | None = None, keys: Keys | None = None, columns: int = 80
) -> Ran:
    """Runs one command with a terminal as stdin, stdout and stderr; `out` is all that the terminal was sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", _TAKE_THE_TERMINAL, *COMMAND[1:], *arguments],
        cwd=root,
        env={**environment(), "TERM": "xterm-256color", **(env or {})},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        shown = _watched(ours, keys)
        code = process.wait(SECONDS)
    finally:
        process.kill()
        process.wait(SECONDS)
        os.close(ours)
    assert "Traceback" not in shown, shown
    return Ran(code, shown.replace("\r\n", "\n"), "")


def _watched(terminal: int, keys: Keys | None) -> str:
    """All that is sent to a terminal until its process ends; types once."""
    shown, typed, deadline = b"", keys is None, time.monotonic() + SECONDS
    while time.monotonic() < deadline and select.select([terminal], [], [], SECONDS)[0]:
        with suppress(OSError):  # Linux says EIO where others say that nothing is left
            chunk = os.read(terminal, 65536)
            if chunk:
                shown += chunk
                if not typed and keys is not None and keys.after.encode() in shown:
                    os.write(terminal, keys.typed.encode())
                    typed = True
                continue
        break
    return shown.decode("utf-8")


@dataclass(frozen=True, slots=True)
class Said:
    """What a page server was sent: the headers by lower-case name, and the body."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listening:
    """A server that answers every request with one page, and what it was sent."""

    url: str
    heard: list[Said]


@contextmanager
def answering(page: Page) -> Iterator[Listening]:
    """A server on the loopback interface that is no hub."""
    heard: list[Said] = []

    class Answerer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            heard.append(Said({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(page.status)
            for name, value in {**page.headers, "Content-Length": str(len(page.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answerer) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield Listening(f"http://127.0.0.1:{server.server_address[1]}/v2/graphql", heard)
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True, slots=True)
class Served:
    """A hub over HTTP: where it listens, its database, and the environment with which a client reaches it as owner."""

    url: str
    database: Path

    def env(self, key: str = "sandbox-owner") -> dict[str, str]:
        return {"BO_SYNC_HUB_URL": self.url, "BO_SYNC_API_KEY": key}

    def holds(self) -> Population:
        with Store.open(self.database) as store:
            return store.snapshot()


@contextmanager
def served(
    folder: Path,
    population: Population | None = None,
    behaviour: Behaviour = _AS_IT_IS,
    *,
    latency: float = 0.0,
    interceptor: Interceptor = _PASS_THROUGH,
) -> Iterator[Served]:
    """A hub with `population` (the baseline when None) over HTTP; `latency` in seconds, before each answer."""
    database = folder / "hub.db"
    with Store.open(database) as store:
        if population is not None:
            store.load(population)
        with SandboxServer(SandboxHub(store, behaviour, latency=latency, interceptor=interceptor)) as server:
            yield Served(server.url, database)


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Puts files, by their path with `/`, below `root`, and returns `root`."""
    for path, text in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return root
