"""The hub's address: checked once, before anything is sent to it.

A key must never travel unencrypted or to another host. So an address is HTTPS, or HTTP on this machine, or the embedded
`sandbox:`. It holds nothing that could be a secret, so it can be shown.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

from bo_sync.core.live import identity_of
from bo_sync.core.model import LiveState
from bo_sync.core.text import Message, Text
from bo_sync.errors import HubError, UsageError

SANDBOX: Final = "sandbox:"
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_PATH: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:%/-]*")
_HINT: Final = "write https://host/v2/graphql; http:// is for this machine only; sandbox: is the embedded hub"


@dataclass(frozen=True, slots=True)
class HubAddress:
    """A checked address. `url` is canonical ASCII without secrets, both for display and for requests.

    `host` is in lower case, with the port if it is not the scheme's default, and empty for the sandbox.
    """

    url: str
    host: str
    scheme: Literal["https", "http", "sandbox"]


def parse_address(raw: str) -> HubAddress:
    """The address in `--hub` or `BO_SYNC_HUB_URL`. Raises UsageError without quoting user info or query."""
    text = raw.strip()
    if text.lower() == SANDBOX:
        return HubAddress(SANDBOX, "", "sandbox")
    parts, host, port = _split(text)
    if parts.scheme == "https":
        return _address("https", host if port in (None, 443) else f"{host}:{port}", parts.path)
    if parts.scheme != "http":
        raise _refusal("a hub is reached over https://", text)
    if not is_loopback(host):
        raise _refusal("http:// would send the key in the clear: only this machine may be addressed so", text)
    return _address("http", host if port in (None, 80) else f"{host}:{port}", parts.path)


def _address(scheme: Literal["https", "http"], authority: str, path: str) -> HubAddress:
    return HubAddress(f"{scheme}://{authority}{path}", authority, scheme)


def _split(text: str) -> tuple[SplitResult, str, int | None]:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as err:
        raise UsageError("the hub's address is not an address", hint=_HINT) from err
    if not text.isprintable():
        raise _refusal("it holds a control character, which some readers of addresses leave out", text)
    if "@" in text:
        raise UsageError("the hub's address holds a user name or password before the @", hint=f"leave it out: {_HINT}")
    if "?" in text or "#" in text:
        message = "the hub's address holds a query (?…) or a fragment (#…)"
        raise UsageError(message, hint="leave it out; a key goes into BO_SYNC_API_KEY")
    if parts.scheme in ("https", "http"):
        host = f"[{host}]" if ":" in host else host.rstrip(".")
        if not _HOST.fullmatch(host):
            raise _refusal("a host name is made of ASCII letters, digits, dots and dashes (xn--… for others)", text)
        if not _PATH.fullmatch(parts.path):
            raise _refusal("a path is made of ASCII without white space, quotes and backslashes", text)
    return parts, host, port


def _refusal(reason: str, found: str) -> UsageError:
    return UsageError(Message("the hub's address `{}` is refused: {}", Text(found), reason), hint=_HINT)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: `localhost`, 127.0.0.0/8 or ::1, spelled plainly (`127.1` is not)."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_host(address: HubAddress, expected: Text | None) -> None:
    """Compare the address with `hub_host` of bo-sync.yaml (with or without a port). Raises UsageError on another host.

    The sandbox is exempt: neither data nor a key leaves the machine.
    """
    if expected is None or address.scheme == "sandbox":
        return
    wanted = expected.folded.strip().rstrip(".")
    if wanted not in (address.host, address.host.removesuffix(_port(address.host))):
        message = Message("the hub is at {}, but bo-sync.yaml (hub_host) allows only {}", address.host, expected)
        raise UsageError(message, hint="address that hub with --hub or BO_SYNC_HUB_URL, or change hub_host")


def check_identity(live: LiveState, expected: Text | None, address: HubAddress) -> None:
    """Compare the hub that was read with `hub_identity` of bo-sync.yaml; the sandbox is exempt, as for `hub_host`.

    Raises UsageError for another hub, and HubError if the key may not read the tenant to compare.
    """
    if expected is None or address.scheme == "sandbox":
        return
    identity = identity_of(live.definitions, live.users)
    named = expected.raw.removeprefix("tenant/")
    if named == expected.raw:
        found = Text(identity)
    elif live.tenant is None:
        message = "tenant: the API key may not read the tenant that hub_identity names"
        raise HubError(message, operation="tenant", hint=f"if this is the right hub: `hub_identity: {identity}`")
    else:
        found = Text(f"tenant/{live.tenant.raw}")
    if found != expected:
        message = f"{address.url} is not the hub that bo-sync.yaml (hub_identity) names"
        raise UsageError(message, hint=Message("check the API key, which selects the tenant; this hub is {}", found))


def _port(host: str) -> str:
    found = re.search(r":\d+$", host)
    return found[0] if found else ""
