"""Which hub is meant, and with which key: from the command line and the environment, never from the repository.

A pull request that could name the destination could have the key sent elsewhere; so `bo-sync.yaml` can only assert a
host (`hub_host`). Where nothing is named, a person at a desk gets the embedded sandbox; a pipeline, or somebody who
holds a key, is told to say what they mean.
"""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bo_sync.cli.options import HubChoice
from bo_sync.core.text import Text
from bo_sync.errors import UsageError
from bo_sync.hub.address import SANDBOX, HubAddress, parse_address
from bo_sync.hub.secrets import Credentials, Secret

URL: Final = "BO_SYNC_HUB_URL"
KEY: Final = "BO_SYNC_API_KEY"
SESSION: Final = "BO_SYNC_SESSION_TOKEN"
_LARGEST_KEY: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Destination:
    address: HubAddress
    credentials: Credentials


def destination(choice: HubChoice, environment: Mapping[str, str] = os.environ) -> Destination:
    """The hub that is meant. Raises UsageError when that is not plain, or when a remote hub would be asked keyless."""
    named = choice.address if choice.address is not None else environment.get(URL) or None
    has_key = choice.key_file is not None or bool(environment.get(KEY))
    if named is None:
        _refuse_silent_sandbox(environment, has_key=has_key)
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


def _refuse_silent_sandbox(environment: Mapping[str, str], *, has_key: bool) -> None:
    reason = "there is a key" if has_key else "CI is set" if environment.get("CI") else None
    if reason is not None:
        raise UsageError(
            f"{reason}, but no hub is named",
            hint=f"set {URL} or give --hub; if the embedded sandbox is meant, say --hub sandbox:",
        )


def _key(choice: HubChoice, environment: Mapping[str, str]) -> Secret:
    if choice.key_file is None:
        return Secret.parse(environment[KEY], KEY)
    return Secret.parse(_read_private(choice.key_file), f"--api-key-file {Text(str(choice.key_file))}")


def _read_private(path: Path) -> str:
    """The text of a file that only its owner may read. Raises UsageError, without a word of what it holds."""
    shown = Text(str(path))
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except OSError as err:
        raise UsageError(f"--api-key-file {shown}: {err.strerror}", hint="check the path and its permissions") from err
    try:
        mode = os.fstat(descriptor).st_mode
        if os.name == "posix" and stat.S_ISREG(mode) and mode & 0o077:
            raise UsageError(
                f"--api-key-file {shown}: others may read it (mode {stat.S_IMODE(mode):04o})",
                hint="chmod 600 it, and consider the key known",
            )
        raw = os.read(descriptor, _LARGEST_KEY)
    except OSError as err:
        raise UsageError(f"--api-key-file {shown}: {err.strerror}", hint="name a file that holds the key") from err
    finally:
        with suppress(OSError):
            os.close(descriptor)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"--api-key-file {shown}: is not text", hint="put the key alone into the file") from None
