"""What the hub's GraphQL errors mean: which of our errors they are, and what the reader can do about them."""

from collections.abc import Sequence
from typing import Final

from bo_sync.core.text import Text
from bo_sync.errors import HubDeniedError, HubError, HubFateUnknownError, HubMovedError
from bo_sync.hub.answers import Fault, Reply

NEEDS: Final = {
    "adminUsers": "VIEWER",
    "adminUser": "VIEWER",
    "roles": "VIEWER",
    "adminUserCreate": "OWNER",
    "adminUserUpdate": "EDITOR",
    "adminUserDelete": "OWNER",
    "roleCreate": "OWNER",
    "roleUpdate": "EDITOR",
    "roleDelete": "OWNER",
}
"""The least access to the role definition `role` that opens an operation (the hub's AUTH annotations)."""

DENIALS: Final = frozenset({"UNAUTHENTICATED", "FORBIDDEN"})
_REFUSALS: Final = frozenset({"BAD_REQUEST", "BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"})
"""Codes that say: looked at, and not done. Whatever else fails a write may have failed halfway."""


def is_missing(fault: Fault) -> bool:
    """NOT_FOUND, ROLE_NOT_FOUND_ERROR and their kind."""
    return fault.code.endswith(("NOT_FOUND", "NOT_FOUND_ERROR"))


def is_moved(fault: Fault) -> bool:
    """Not found, or there already: the hub is not as it was when it was read."""
    return is_missing(fault) or "ALREADY_EXISTS" in fault.code


def denied_hint(operation: str, code: str) -> str:
    """What to do about a denied operation; `code` is "" when something before the hub seems to deny it."""
    if not code:
        return "a gateway or proxy says this, not the hub: check the address, the network and the proxy settings"
    if operation == "adminUserViewer":
        return "the session has ended or is not one of the backoffice: set BO_SYNC_SESSION_TOKEN anew, or unset it"
    if code == "UNAUTHENTICATED":
        return "set BO_SYNC_API_KEY to a valid key of this hub; a BO_SYNC_SESSION_TOKEN must be valid too, or unset"
    needed = NEEDS.get(operation)
    least = f"{operation} needs role.{needed} or more: " if needed else ""
    return f"{least}give the key that access, or use another key; `bo-sync doctor` says what a key may do"


def read_failure(operation: str, subject: Text | None, reply: Reply) -> HubError:
    """The error for a read that the hub refused, or answered with nothing."""
    where = operation if subject is None else f"{operation} of {subject}"
    if not reply.faults:
        hint = "the hub broke its own schema: report this to Propeller"
        return HubError(f"{where}: the hub answers neither data nor an error", operation=operation, hint=hint)
    fault = _telling(reply.faults)
    if fault.code in DENIALS:
        return _denied(where, operation, fault)
    return HubError(f"{where}: the hub says {fault}", operation=operation, code=fault.code, hint=_hint(fault))


def write_failure(operation: str, subject: Text | str, reply: Reply) -> HubError:
    """The error for a write without a whole result; of several operations in one request, the one that failed.

    HubFateUnknownError unless the hub says, with a code that leaves no doubt, that it looked and did not do it.
    """
    where = f"{operation} of {subject}"
    fault = _telling(reply.faults) if reply.faults else None
    if fault is None or reply.data is not None:
        said = "nothing about it" if fault is None else str(fault)
        message = f"{where}: whether it happened is unknown: the hub says {said}"
        return HubFateUnknownError(message, operation=operation, hint="plan again to see")
    if fault.code in DENIALS:
        return _denied(where, operation, fault)
    if is_moved(fault):
        message = f"{where}: the hub has changed since it was read: it says {fault}"
        return HubMovedError(message, operation=operation, code=fault.code, hint="plan again")
    if fault.code in _REFUSALS or not reply.executed:
        message = f"{where}: the hub refuses it: {fault}"
        return HubError(message, operation=operation, code=fault.code, hint=_hint(fault))
    message = f"{where}: whether it happened is unknown: the hub says {fault}"
    return HubFateUnknownError(message, operation=operation, code=fault.code, hint="plan again to see")


def _telling(faults: Sequence[Fault]) -> Fault:
    """The fault to go by: a denial before all else, then one with a code, then the first."""
    return min(faults, key=lambda fault: (fault.code not in DENIALS, not fault.code))


def _denied(where: str, operation: str, fault: Fault) -> HubDeniedError:
    refused = "does not accept the key" if fault.code == "UNAUTHENTICATED" else "says that the key may not do this"
    message = f"{where}: the hub {refused}: {fault}"
    return HubDeniedError(message, operation=operation, code=fault.code, hint=denied_hint(operation, fault.code))


def _hint(fault: Fault) -> str:
    if fault.code == "GRAPHQL_VALIDATION_FAILED":
        return "the hub's schema may have changed: run `bo-sync doctor`"
    return "correct what the hub complains about; `bo-sync doctor` checks the hub and the key"
