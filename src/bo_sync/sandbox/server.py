"""The sandbox over HTTP/1.1, on the loopback interface: kept-alive connections, a thread each, no waiting for Nagle."""

import socket
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from types import TracebackType
from typing import Final, Self

from bo_sync.errors import BoSyncError
from bo_sync.sandbox.hub import SandboxHub
from bo_sync.sandbox.interception import AnswerCut, AnswerLate, ConnectionCut, HubAnswer

PATH: Final = "/v2/graphql"
LOOPBACK: Final = "127.0.0.1"
_LARGEST_BODY: Final = 16 * 1024 * 1024
_GRACE: Final = 5.0  # seconds in which what is in flight may end


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, hub: SandboxHub, host: str, port: int) -> None:
        self.hub = hub
        self.idle = Condition()
        self.closing = Event()
        self.connections: set[socket.socket] = set()
        super().__init__((host, port), _Connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no news."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer leaves in one piece
    server: _Listener

    def setup(self) -> None:
        super().setup()
        with self.server.idle:
            self.server.connections.add(self.connection)

    def finish(self) -> None:
        with self.server.idle:
            self.server.connections.discard(self.connection)
            self.server.idle.notify_all()
        with suppress(ConnectionError):
            super().finish()

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def _respond(self) -> None:
        body = self._body()
        if isinstance(body, HubAnswer):
            self.close_connection = True
            self._write(body)
            return
        if self.path.partition("?")[0] != PATH:
            self._write(HubAnswer(HTTPStatus.NOT_FOUND, b"Not found", {"Content-Type": "text/plain"}))
            return
        try:
            self._write(self.server.hub.answer(self.command, dict(self.headers.items()), body))
        except AnswerLate as late:
            self._wait(late)
        except AnswerCut as cut:
            self.close_connection = True
            self._write(cut.answer, len(cut.answer.body) // 2)
        except ConnectionCut:
            self.close_connection = True

    def _wait(self, late: AnswerLate) -> None:
        """Says nothing for a while; a server that closes meanwhile ends the connection at once."""
        is_closing = self.server.closing.wait(late.seconds)
        if late.answer is None or is_closing:
            self.close_connection = True
        else:
            self._write(late.answer)

    def _body(self) -> bytes | HubAnswer:
        length = self.headers.get("Content-Length", "0" if self.command == "GET" else "")
        if not (length.isascii() and length.isdigit()):
            return HubAnswer(HTTPStatus.LENGTH_REQUIRED, b"")
        if int(length) > _LARGEST_BODY:
            return HubAnswer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"")
        return self.rfile.read(int(length))

    def _write(self, answer: HubAnswer, length: int | None = None) -> None:
        """The answer, or the first `length` bytes of its body."""
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[:length])
        self.wfile.flush()

    def version_string(self) -> str:
        return "bo-sync-sandbox"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
        """Silent: `SandboxHub.traffic` knows what was asked."""


class SandboxPortError(BoSyncError):
    """The port is taken, or may not be used."""


class SandboxServer:
    """Serves `hub` while its block runs:

    with SandboxServer(hub) as server:
        requests.post(server.url, ...)
    """

    def __init__(self, hub: SandboxHub, *, port: int = 0, host: str = LOOPBACK) -> None:
        """Listens at once; port 0 takes a free one. Raises SandboxPortError when the port is taken."""
        try:
            self._listener = _Listener(hub, host, port)
        except OSError as err:
            raise SandboxPortError(
                f"The sandbox cannot listen on {host}:{port}.", hint="Choose another --port, or 0.", detail=str(err)
            ) from err
        self._thread = Thread(target=self._listener.serve_forever, args=(0.05,), name="sandbox", daemon=True)

    @property
    def url(self) -> str:
        """The endpoint's address."""
        host, port = self._listener.server_address[:2]
        return f"http://{host!s}:{port}{PATH}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Takes no more requests, lets those in flight end for up to five seconds, and closes every connection."""
        self._listener.closing.set()
        self._listener.shutdown()
        self._thread.join()
        self._shut(socket.SHUT_RD)
        with self._listener.idle:
            self._listener.idle.wait_for(lambda: not self._listener.connections, _GRACE)
        self._shut(socket.SHUT_RDWR)
        self._listener.server_close()

    def _shut(self, side: int) -> None:
        with self._listener.idle:
            for connection in self._listener.connections:
                with suppress(OSError):
                    connection.shutdown(side)
