"""Which hub and which API key: from options and the environment, never from the repository.

A pull request that could name the destination could send the key elsewhere, so `bo-sync.yaml` can only assert a host
(`hub_host`). Without a hub, a terminal gets the embedded sandbox; a pipeline, or a caller with a key, gets an error.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bo_sync.cli.api_key import key_in
from bo_sync.cli.options import HubChoice
from bo_sync.errors import UsageError
from bo_sync.hub.hub_url import SANDBOX, HubAddress, parse_address
from bo_sync.hub.secrets import Credentials, Secret

URL: Final = "BO_SYNC_HUB_URL"
KEY: Final = "BO_SYNC_API_KEY"
SESSION: Final = "BO_SYNC_SESSION_TOKEN"


@dataclass(frozen=True, slots=True)
class Destination:
    address: HubAddress
    credentials: Credentials


def destination(choice: HubChoice, environment: Mapping[str, str] = os.environ) -> Destination:
    """The chosen hub. Raises UsageError when the choice is not clear, or a remote hub would be used without a key."""
    named = choice.address if choice.address is not None else environment.get(URL) or None
    has_key = choice.key_file is not None or bool(environment.get(KEY))
    if named is None:
        _refuse_silent_sandbox(
            environment, "a key" if has_key else "a session token" if environment.get(SESSION) else ""
        )
    address = parse_address(SANDBOX if named is None else named)
    if address.scheme == "sandbox":
        return Destination(address, Credentials())
    if not has_key:
        raise UsageError(
            f"there is an address, {address.url}, but no key",
            hint=f"set {KEY}, or give --api-key-file; --hub sandbox: asks the embedded hub",
        )
    session = environment.get(SESSION) or None
    return Destination(address, Credentials(_key(choice, environment), session and Secret.parse(session, SESSION)))


def _refuse_silent_sandbox(environment: Mapping[str, str], secret: str) -> None:
    """Raises UsageError: a user with a hub's `secret` means that hub, and so does a pipeline."""
    reason = f"there is {secret}" if secret else "CI is set" if environment.get("CI") else None
    if reason is not None:
        raise UsageError(
            f"{reason}, but no hub is named",
            hint=f"set {URL} or give --hub; if the embedded sandbox is meant, say --hub sandbox:",
        )


def _key(choice: HubChoice, environment: Mapping[str, str]) -> Secret:
    return Secret.parse(environment[KEY], KEY) if choice.key_file is None else key_in(choice.key_file).accepted()
