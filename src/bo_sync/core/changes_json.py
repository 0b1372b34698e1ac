"""Changes as JSON, and the plan's digest over them. The JSON holds what identifies a change and nothing else."""

import hashlib
import json
from typing import Final

from bo_sync.core.changes import (
    Change,
    CreateUser,
    DeleteUser,
    FieldChange,
    GrantChange,
    LostGrant,
    RemoveDuplicate,
    UpdateUser,
)
from bo_sync.core.plan import Plan, action_of

FORMAT_VERSION: Final = 2

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]

DIGESTED: Final = ("email", "id", "action", "profile", "grants", "duplicates")
"""The keys of a change that its digest covers."""


def change_document(change: Change) -> dict[str, Json]:
    """One entry of a plan's `changes`."""
    return {
        "email": change.email.raw,
        "id": None if isinstance(change, CreateUser) else change.id,
        "action": action_of(change),
        "source": change.source.short.raw if change.source else None,
        "profile": [_field(entry) for entry in field_changes(change)],
        "grants": [_grant(grant) for grant in change.grants],
        "duplicates": [grant.row_id for grant in change.grants if isinstance(grant, RemoveDuplicate)],
    }


def field_changes(change: Change) -> tuple[FieldChange, ...]:
    """The profile fields that a change sets; nothing stood before in a new user, and a deletion sets none."""
    match change:
        case CreateUser():
            return tuple(FieldChange(entry.field, None, entry.value) for entry in change.profile)
        case UpdateUser():
            return change.profile
        case DeleteUser():
            return ()


def _field(change: FieldChange) -> Json:
    return {
        "field": change.field,
        "before": change.before.raw if change.before else None,
        "after": change.after.raw if change.after else None,
    }


def _grant(change: GrantChange | LostGrant) -> Json:
    return {
        "role": change.role,
        "before": change.before.word,
        "after": change.after.word,
        "direction": change.direction.value,
    }


def digest(plan: Plan) -> str:
    """`sha256:` and 64 hexadecimal digits, for the plan's own content; a redacted copy has that of the plan itself."""
    return plan.redacted_from or digest_of(
        FORMAT_VERSION, plan.hub.url, plan.hub.identity, [change_document(change) for change in plan.changes]
    )


def digest_of(format_version: Json, hub_url: Json, hub_identity: Json, changes: list[dict[str, Json]]) -> str:
    """The digest of a plan's document, made anew or read from a file; what is missing in `changes` counts as null."""
    content = {
        "format_version": format_version,
        "hub": {"url": hub_url, "identity": hub_identity},
        "changes": [{key: change.get(key) for key in DIGESTED} for change in changes],
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return "sha256:" + hashlib.sha256(canonical.encode("ascii")).hexdigest()
