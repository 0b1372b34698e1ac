"""A hub on this machine that plays a script: one scene a request. What is not in the script fails the test, and so does
a scene that is never played."""

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from bo_sync.hub.graphql import GraphQLRequest, JsonObject, JsonValue
from bo_sync.hub.hub_url import parse_address
from bo_sync.hub.secrets import Credentials, Secret
from bo_sync.hub.time_limits import Pace
from bo_sync.hub.transport import Transport

KEY = "key-of-the-tests-7f3a"
TOKEN = "token-of-the-tests-91bc"


@dataclass(frozen=True)
class Say:
    """An HTTP answer."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


@dataclass(frozen=True)
class Cut:
    """The connection ends after these bytes of raw HTTP."""

    raw: bytes = b""


@dataclass(frozen=True)
class Hang:
    """Nothing is said for so many seconds, then the connection ends."""

    seconds: float


@dataclass(frozen=True)
class Drip:
    """An answer that never stays away for long, and never ends: a space each so many seconds, for a while."""

    seconds: float
    count: int = 100


@dataclass(frozen=True)
class Heard:
    """What a request held."""

    path: str
    headers: Mapping[str, str]
    operation: str
    query: str
    variables: JsonObject


Scene = Say | Cut | Hang | Drip
Play = Callable[[Heard], Scene]


def data(**fields: JsonValue) -> Say:
    """A GraphQL answer with data."""
    return Say(json.dumps({"data": fields}).encode())


READ = GraphQLRequest("adminUsers", "query adminUsers { adminUsers { itemsFound } }", {})
WRITE = GraphQLRequest("adminUserDelete", "mutation adminUserDelete { adminUserDelete }", {"email": "jane@example.com"})
FINE = data(adminUsers={"itemsFound": 0})


def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def errors(code: str, message: str = "no", *, path: str | None = None, status: int = 200, **top: JsonValue) -> Say:
    """A GraphQL answer with one error; `data=None` beside it when something was run."""
    error: JsonObject = {"message": message, "extensions": {"code": code}}
    if path is not None:
        error["path"] = [path]
    return Say(json.dumps({"errors": [error], **top}).encode(), status)


def failed(code: str, path: str, message: str = "no") -> Say:
    """What a root field that fails makes of the whole answer."""
    return errors(code, message, path=path, data=None)


def html(status: int) -> Say:
    """What a gateway says."""
    return Say(
        b"<html><head><title>Oh no</title></head><body>gone</body></html>", status, {"Content-Type": "text/html"}
    )


class Scripted:
    """The hub. `scenes` are played in the order in which requests come; or `play` answers every request."""

    def __init__(self, *scenes: Scene, play: Play | None = None) -> None:
        self.heard: list[Heard] = []
        self.connections = 0
        self.peak = 0
        self._running = 0
        self._ahead = list(scenes)
        self._play = play
        self._surprises: list[str] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v2/graphql"

    @property
    def operations(self) -> list[str]:
        return [heard.operation for heard in self.heard]

    def next(self, heard: Heard) -> Scene:
        with self._lock:
            self.heard.append(heard)
            if self._play is None and not self._ahead:
                self._surprises.append(heard.operation)
                return errors("FORBIDDEN", "not in the script")
            scene = None if self._play else self._ahead.pop(0)
            self._running += 1
            self.peak = max(self.peak, self._running)
        try:
            return scene or (self._play or _silent)(heard)
        finally:
            with self._lock:
                self._running -= 1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if kind is None:
            assert not self._surprises, f"requests that the script does not have: {self._surprises}"
            assert not self._ahead, f"scenes that were never played: {self._ahead}"


def _silent(heard: Heard) -> Scene:
    raise AssertionError(heard)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up is no news."""


def _handler(hub: Scripted) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            hub.connections += 1
            super().setup()

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard = Heard(self.path, headers, asked["operationName"], asked["query"], asked["variables"])
            _perform(self, hub.next(heard))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Silence: the tests look at what was heard."""

    return Handler


def _perform(to: BaseHTTPRequestHandler, scene: Scene) -> None:
    match scene:
        case Say():
            to.send_response(scene.status)
            for name, value in {**scene.headers, "Content-Length": str(len(scene.body))}.items():
                to.send_header(name, value)
            to.end_headers()
            to.wfile.write(scene.body)
        case Cut():
            to.wfile.write(scene.raw)
            to.wfile.flush()
            _end(to)
        case Drip():
            to.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for _ in range(scene.count):
                to.wfile.write(b" ")
                time.sleep(scene.seconds)
        case Hang():
            time.sleep(scene.seconds)
            _end(to)


def _end(to: BaseHTTPRequestHandler) -> None:
    to.close_connection = True
    to.connection.shutdown(socket.SHUT_RDWR)


def impatient(waits: list[float] | None = None, *, request: float = 30.0, silent: float = 55.0) -> Pace:
    """A pace that notes its waits in place of waiting."""
    noted = [] if waits is None else waits

    def wait(stopped: threading.Event, delay: float) -> bool:
        noted.append(delay)
        return stopped.is_set()

    return Pace(chance=lambda: 1.0, wait=wait, request=request, silent=silent)


def transport_to(url: str, pace: Pace | None = None, *, session: bool = False, concurrency: int = 8) -> Transport:
    """A transport with the key of the tests."""
    credentials = Credentials(Secret(KEY), Secret(TOKEN) if session else None)
    return Transport(parse_address(url), credentials, concurrency=concurrency, pace=pace or impatient())
