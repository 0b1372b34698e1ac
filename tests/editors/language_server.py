"""A small client of the YAML language server, which speaks as an editor does: JSON-RPC over its stdin and stdout.

The server may ask things back; it is told the settings that a repository of ours documents, and that it may look for no
schema on the network.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any, BinaryIO, Final

from tests.support.process import environment

SECONDS: Final = 60
HERE: Final = Path(__file__).parent
SERVER: Final = HERE / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
Message = dict[str, Any]


class LanguageServer:
    """One server and the files that were opened in it, each once."""

    def __init__(self, process: "subprocess.Popen[bytes]", settings: Mapping[str, object]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._said: Queue[Message | None] = Queue()
        self._to = process.stdin
        self._settings = settings
        self._number = 0
        self._diagnostics: dict[str, list[Message]] = {}
        Thread(target=_read, args=(process.stdout, self._said), daemon=True).start()

    def start(self, root: Path) -> None:
        """Says hello, as an editor that can do what these tests ask about."""
        asks = {"completion": {"completionItem": {"documentationFormat": ["plaintext"]}}, "publishDiagnostics": {}}
        able = {"textDocument": asks, "workspace": {"configuration": True}}
        self.ask("initialize", {"processId": None, "rootUri": root.as_uri(), "capabilities": able})
        self._tell("initialized", {})
        self._tell("workspace/didChangeConfiguration", {"settings": {"yaml": self._settings}})

    def opened(self, path: Path) -> list[Message]:
        """Opens a file and returns what the server finds wrong in it, by line."""
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": path.read_text(encoding="utf-8")}
        self._tell("textDocument/didOpen", {"textDocument": document})
        while path.as_uri() not in self._diagnostics:
            self._hear()
        return sorted(self._diagnostics[path.as_uri()], key=lambda found: int(found["range"]["start"]["line"]))

    def at(self, method: str, path: Path, line: int, column: int) -> Any:
        """The answer to a question about a place of a file, counted from 0."""
        place = {"line": line, "character": column}
        return self.ask(f"textDocument/{method}", {"textDocument": {"uri": path.as_uri()}, "position": place})

    def ask(self, method: str, parameters: object) -> Any:
        """The result of a request."""
        self._number += 1
        self._send({"id": self._number, "method": method, "params": parameters})
        while True:
            answer = self._hear()
            if answer.get("id") == self._number and "method" not in answer:
                assert "error" not in answer, answer
                return answer["result"]

    def _tell(self, method: str, parameters: object) -> None:
        self._send({"method": method, "params": parameters})

    def _send(self, message: Message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._to.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._to.flush()

    def _hear(self) -> Message:
        """The next message; what the server asks is answered on the way."""
        try:
            message = self._said.get(timeout=SECONDS)
        except Empty:
            raise AssertionError("the language server says nothing more") from None
        assert message is not None, "the language server has ended"
        match message.get("method"):
            case "textDocument/publishDiagnostics":
                self._diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
            case "workspace/configuration":
                wanted = [
                    self._settings if item.get("section") == "yaml" else {} for item in message["params"]["items"]
                ]
                self._send({"id": message["id"], "result": wanted})
            case str() if "id" in message:
                self._send({"id": message["id"], "result": None})
            case _:
                pass
        return message


def _read(stream: BinaryIO, said: "Queue[Message | None]") -> None:
    """Puts each message into the queue, and None at the end."""
    while True:
        length = 0
        while (line := stream.readline()) not in {b"\r\n", b""}:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not line:
            said.put(None)
            return
        said.put(json.loads(stream.read(length)))


@contextmanager
def language_server(root: Path, schemas: Mapping[str, str]) -> Iterator[LanguageServer]:
    """A server for the folder `root`; `schemas` is the editor's setting: a schema's path and the files it is for."""
    settings = {
        "validate": True,
        "completion": True,
        "hover": True,
        "schemas": dict(schemas),
        "schemaStore": {"enable": False},
        "kubernetesCRDStore": {"enable": False},
    }
    process = subprocess.Popen(
        ["node", str(SERVER), "--stdio"],
        cwd=root,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        try:
            server = LanguageServer(process, settings)
            server.start(root)
            yield server
        finally:
            process.kill()
