"""What identifies a change, and the plan's digest over it. A plan's JSON is in `render/plan_document.py`.

The digest is the SHA-256 of canonical JSON (sorted keys, no spaces, ASCII): format version, the hub's address and
identity, and each change's content. It covers no time, commit or source.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bo_sync.core.changes import Change, CreateUser, DeleteUser, Direction, FieldChange, RemoveDuplicate, UpdateUser
from bo_sync.core.model import Access, Role
from bo_sync.core.plan import Action, Plan, action_of
from bo_sync.core.text import Text

FORMAT_VERSION: Final = 2

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class PlannedGrant:
    role: Role
    before: Access
    after: Access
    direction: Direction


@dataclass(frozen=True, slots=True)
class ChangeContent:
    """What a change does, and to which user: all that its digest covers. `duplicates` are the ids of removed rows."""

    email: Text
    id: int | None
    action: Action
    profile: tuple[FieldChange, ...]
    grants: tuple[PlannedGrant, ...]
    duplicates: tuple[str, ...]


def content_of(change: Change) -> ChangeContent:
    return ChangeContent(
        change.email,
        None if isinstance(change, CreateUser) else change.id,
        action_of(change),
        field_changes(change),
        tuple(PlannedGrant(grant.role, grant.before, grant.after, grant.direction) for grant in change.grants),
        tuple(grant.row_id for grant in change.grants if isinstance(grant, RemoveDuplicate)),
    )


def field_changes(change: Change) -> tuple[FieldChange, ...]:
    """The profile fields that a change sets. A new user had none before, and a deletion sets none."""
    match change:
        case CreateUser():
            return tuple(FieldChange(entry.field, None, entry.value) for entry in change.profile)
        case UpdateUser():
            return change.profile
        case DeleteUser():
            return ()


def digest(plan: Plan) -> str:
    """`sha256:` and 64 hexadecimal digits, over the plan's own content; a redacted copy keeps the plan's digest."""
    return plan.redacted_from or digest_of(plan.hub.url, plan.hub.identity, map(content_of, plan.changes))


def digest_of(hub_url: str, hub_identity: str, changes: Iterable[ChangeContent]) -> str:
    """The digest of a plan's content, whether the plan was just made or was read from a file."""
    content = {
        "format_version": FORMAT_VERSION,
        "hub": {"url": hub_url, "identity": hub_identity},
        "changes": list(changes),
    }
    canonical = json.dumps(content, default=_canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return "sha256:" + hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _canonical(value: ChangeContent | FieldChange | PlannedGrant | Text) -> Json:
    """The keys are the fields. A level of access is its word: JSON would take it for a number."""
    match value:
        case Text():
            return value.raw
        case PlannedGrant(role, before, after, direction):
            return {"role": role, "before": before.word, "after": after.word, "direction": direction}
        case _:
            return {name: getattr(value, name) for name in value.__match_args__}
