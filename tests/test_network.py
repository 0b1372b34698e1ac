"""Tests cannot reach beyond this machine, whichever way they try."""

import socket
from collections.abc import Callable

import pytest
import requests

REFUSAL = "a test (looked up|reached for)"
# A reserved address (RFC 5737): were the block to fail, nobody would be there.
ELSEWHERE = ("192.0.2.1", 9)


def _datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.sendto(b"x", ELSEWHERE)


WAYS: dict[str, Callable[[], object]] = {
    "a look-up is refused": lambda: socket.getaddrinfo("hub.example.com", 443),
    "an old look-up is refused": lambda: socket.gethostbyname("hub.example.com"),
    "a connection is refused": lambda: socket.create_connection(ELSEWHERE, timeout=1),
    "a datagram is refused": _datagram,
    "a library is refused": lambda: requests.get("http://hub.example.com/", timeout=1),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_beyond_loopback(way: Callable[[], object]) -> None:
    with pytest.raises(RuntimeError, match=REFUSAL):
        way()


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()[:2]) as ours:
        theirs, _ = server.accept()
        with theirs:
            ours.sendall(b"here")
            assert theirs.recv(4) == b"here"
