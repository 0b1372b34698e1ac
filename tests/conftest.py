"""What holds for every test: no network but loopback, and properties that try the same examples at every run.

`HYPOTHESIS_PROFILE=thorough` tries more examples, and other ones each time.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("steady", max_examples=24, derandomize=True, database=None, deadline=None)
settings.register_profile(
    "thorough", max_examples=2000, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_RESOLVING = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})


class NetworkBlockedError(RuntimeError):
    """A test reached for a machine other than this one."""


def refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: it sees every connection and look-up of this process, whichever library makes it."""
    if event in _RESOLVING and not _is_here(arguments[0]):
        raise NetworkBlockedError(f"a test looked up {arguments[0]!r}")
    if event in _CONNECTING:
        address = arguments[1]
        if isinstance(address, tuple) and not _is_here(address[0]):
            raise NetworkBlockedError(f"a test reached for {address!r}")


def _is_here(host: object) -> bool:
    """Whether a host is this machine: loopback, or every address of a listening socket (no host, 0.0.0.0)."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        address = ip_address(str(name))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


sys.addaudithook(refuse_network)


@pytest.fixture(autouse=True, scope="session")
def _state_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes into the state folder of whoever runs it."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    yield
    del os.environ["XDG_STATE_HOME"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the sums of what tests counted: properties `counted: WHAT`, from whichever process ran the test."""
    sums: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        for name, number in report.user_properties:
            if report.when == "call" and name.startswith("counted: "):
                sums[name.removeprefix("counted: ")] += number
    if sums:
        terminalreporter.write_line("counted: " + ", ".join(f"{number} {what}" for what, number in sums.items()))
