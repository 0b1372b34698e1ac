"""A hub that only replays: answers made beforehand, given after a latency, in a process of its own.

Executing GraphQL costs more than our client does, so a real hub would hide what is measured. What is asked for is
looked up by operation, page and first user; a question that has no answer gets HTTP 500, which fails the run.
`GET /reset?latency=SECONDS` sets the latency and forgets; `GET /traffic` tells how much was asked and how much at once.
"""

import asyncio
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

PAGE: Final = 100
DEFINITIONS: Final = (
    "sales backoffice apikey user shop role pricing logistics configuration product order ticket".split()  # noqa: SIM905
)

_PROFILE: Final = ("gender", "firstName", "middleName", "lastName", "phone", "job", "language")

Item = dict[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Traffic:
    requests: int
    peak: int


@dataclass(frozen=True, slots=True)
class Replay:
    """A running replay: where the client finds it, and how it is told what to do."""

    url: str
    pages: int

    def reset(self, latency: float) -> None:
        """From now on each answer takes so many seconds; what was asked before is forgotten."""
        _get(f"{self.url}/reset?latency={latency}")

    def traffic(self) -> Traffic:
        """What was asked since."""
        return Traffic(**json.loads(_get(f"{self.url}/traffic")))


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  # our own process
        found: bytes = answer.read()
    return found


@contextmanager
def replay(users: int, rows: int) -> Iterator[Replay]:
    """A hub of that many users with that many grants each. `pages` is the least number of requests that reads all."""
    command = [sys.executable, "-m", "bench.replay", str(users), str(rows)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url, pages = process.stdout.readline().split()
            yield Replay(url, int(pages))
        finally:
            process.terminate()


def record(users: int, rows: int) -> dict[tuple[str, int, int], bytes]:
    """Every answer by operation, page and, for grants, the first user asked about."""
    begun = {"defaultAccess": "NONE", "createdAt": "2026-01-01T00:00:00.000Z"}
    kinds: list[Item] = [{"id": f"d-{name}", "name": name, **begun} for name in DEFINITIONS]
    answers = _paged("roleDefinitions", kinds, 0)
    answers["tenant", 0, 0] = b'{"data":{"tenant":{"id":"bench"}}}'
    everybody = [_user(number) for number in range(1, users + 1)]
    answers |= _paged("adminUsers", everybody, 0)
    for start in range(0, users, PAGE):
        numbers = range(start + 1, min(users, start + PAGE) + 1)
        answers |= _paged("roles", [_row(number, each) for number in numbers for each in range(rows)], start + 1)
    return answers


def _paged(operation: str, items: list[Item], first: int) -> dict[tuple[str, int, int], bytes]:
    count = max(1, -(-len(items) // PAGE))
    whole = {"itemsFound": len(items), "offset": PAGE, "pages": count}
    return {
        (operation, number, first): json.dumps(
            {"data": {operation: {**whole, "items": items[(number - 1) * PAGE : number * PAGE]}}}
        ).encode()
        for number in range(1, count + 1)
    }


def _user(number: int) -> Item:
    moment = f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.000Z"
    names: Item = {
        "firstName": f"First{number}",
        "middleName": None,
        "lastName": f"Last{number}",
    }
    rest = {"phone": "+31 20 123 4567", "job": "Account manager", "language": "NL", "gender": "U"}
    known = {"id": str(number), "email": f"person{number}@example.com", "createdAt": moment, "lastModifiedAt": moment}
    return {**known, **names, **rest}


def _row(number: int, each: int) -> Item:
    kind = DEFINITIONS[(number + each) % len(DEFINITIONS)]
    return {"id": f"r-{number}-{each}", "userId": number, "roleDefinitionId": f"d-{kind}", "access": "VIEWER"}


@dataclass(slots=True)
class _State:
    answers: dict[tuple[str, int, int], bytes]
    latency: float = 0.0
    requests: int = 0
    in_flight: int = 0
    peak: int = 0
    users: list[Item] = field(default_factory=list)
    rows: dict[int, list[Item]] = field(default_factory=dict)


class _Connection(asyncio.Protocol):
    """One kept connection: requests come one after another."""

    def __init__(self, state: _State) -> None:
        self._state = state
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        head, separator, rest = self._held.partition(b"\r\n\r\n")
        if not separator:
            return
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        if len(rest) >= length:
            self._held = rest[length:]
            self._take(head, rest[:length])

    def _take(self, head: bytes, body: bytes) -> None:
        target = head.split(b" ", 2)[1].decode()
        if "/reset" in target or "/traffic" in target:
            self._say(self._control(target))
            return
        state = self._state
        state.requests += 1
        state.in_flight += 1
        state.peak = max(state.peak, state.in_flight)
        asyncio.get_running_loop().call_later(state.latency, self._answer, body)

    def _control(self, target: str) -> bytes:
        state = self._state
        if "/reset" in target:
            state.latency, state.requests, state.peak = float(target.rpartition("=")[2]), 0, 0
            state.users, state.rows = [], {}
        return json.dumps({"requests": state.requests, "peak": state.peak}).encode()

    def _answer(self, body: bytes) -> None:
        self._state.in_flight -= 1
        asked = json.loads(body)
        operation, variables = asked["operationName"], asked["variables"]
        given = variables.get("input", {})
        key = (operation, given.get("page", 0), given.get("userIds", [0])[0])
        self._say(self._written(operation, variables) or self._state.answers.get(key) or b"")

    def _written(self, operation: str, variables: dict[str, Any]) -> bytes:
        """The answer to a write, and to a read of what was written; b"" for every other question."""
        state = self._state
        match operation:
            case "adminUserCreate":
                number = len(state.users) + 1
                state.users.append({**_user(number), **dict.fromkeys(_PROFILE), **variables["input"]})
                return json.dumps({"data": {operation: state.users[-1]}}).encode()
            case "roleChanges":
                inputs = [found for name, found in variables.items() if name.startswith("input_")]
                user_id = inputs[0]["userId"]
                moment = {"lastModifiedAt": "2026-01-02T00:00:00.000Z"}
                rows: list[Item] = [{"id": f"r-{user_id}-{at}", **found, **moment} for at, found in enumerate(inputs)]
                state.rows[user_id] = rows
                return json.dumps({"data": {f"w{at}": row for at, row in enumerate(rows)}}).encode()
            case "adminUsers" if state.users:
                return self._listed(operation, state.users, variables)
            case "roles" if state.users:
                asked = variables["input"]["userIds"]
                return self._listed(operation, [row for number in asked for row in state.rows[number]], variables)
        return b""

    @staticmethod
    def _listed(operation: str, items: list[Item], variables: dict[str, Any]) -> bytes:
        number, size = variables["input"]["page"], variables["input"]["offset"]
        page = {"itemsFound": len(items), "offset": size, "pages": -(-len(items) // size)}
        shown = items[(number - 1) * size : number * size]
        return json.dumps({"data": {operation: {**page, "items": shown}}}).encode()

    def _say(self, body: bytes) -> None:
        status = b"200 OK" if body else b"500 No Such Answer"
        head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        self._transport.write(head + body)


async def _serve(users: int, rows: int) -> None:
    answers = record(users, rows)
    state = _State(answers)
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(state), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port} {len(answers)}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
