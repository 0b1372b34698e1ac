"""Which hub was read: the same address may answer for another tenant, since the API key selects it.

The identity is made of what every key that plans may read, and what no change by bo-sync alters: the id and the time of
creation of a role definition, and of the user with the lowest id. Only the deletion of that user gives a hub another
identity.
"""

import hashlib
import json
from collections.abc import Collection, Iterable
from typing import Final

from bo_sync.core.model import DEFAULT_HUB_NAMES, ROLES_PERMISSIONS, LiveState, LiveUser, RoleDefinition
from bo_sync.core.text import Text

_BRIEF: Final = len("sha256:") + 12


def identity_of(definitions: Iterable[RoleDefinition], users: Iterable[LiveUser]) -> str:
    """`sha256:` and 64 hexadecimal digits."""
    own = DEFAULT_HUB_NAMES[ROLES_PERMISSIONS]
    definition = min(definitions, key=lambda found: (found.name.raw != own, found.id), default=None)
    user = min(users, key=lambda found: found.id, default=None)
    content = [
        None if definition is None else [definition.id, _raw(definition.created_at)],
        None if user is None else [user.id, _raw(user.created_at)],
    ]
    canonical = json.dumps(content, separators=(",", ":"))  # ASCII alone, as is the default
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def identity_after(live: LiveState, deleted: Collection[int]) -> str:
    """The identity of the hub once the users with these ids are gone."""
    return identity_of(live.definitions, (user for user in live.users if user.id not in deleted))


def tenants_differ(one: Text | None, other: Text | None) -> bool:
    """Whether both tenants are known, and are two. An unknown one says nothing: the key may not read it."""
    return one is not None and other is not None and one != other


def brief(identity: str) -> str:
    """An identity for a sentence: `sha256:` and the first 12 digits."""
    return identity if len(identity) <= _BRIEF else f"{identity[:_BRIEF]}…"


def _raw(text: Text | None) -> str | None:
    return None if text is None else text.raw
