"""The hub's operations as its own introspection tells them: names, descriptions, and which are deprecated."""

from bo_sync.errors import HubError
from bo_sync.hub.answers import JsonObject
from bo_sync.hub.documents import call
from bo_sync.hub.refusals import DENIALS, read_failure
from bo_sync.hub.transport import Transport

_PROBE = "catalogueProbe"


def read_introspection(transport: Transport) -> JsonObject:
    """The fields of the hub's root types, in the form of an introspection result.

    Raises HubError when the hub cannot be reached, denies access, or does not show its schema.
    """
    reply = transport.read(call(_PROBE))
    if any(fault.code in DENIALS for fault in reply.faults):
        raise read_failure(_PROBE, None, reply)
    if reply.faults or reply.data is None or not isinstance(reply.data.get("__schema"), dict):
        said = f": it says {reply.faults[0]}" if reply.faults else ""
        raise HubError(
            f"{_PROBE}: {transport.address.url} does not show its schema{said}",
            operation=_PROBE,
            hint="have its introspection switched on, or take it where it is, and give the file with --from",
        )
    return reply.data
