"""One-line builders of core values, each sound by itself; a test names only what it is about."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from bo_sync.core.changes import (
    Cause,
    Change,
    CreateUser,
    DeleteUser,
    FieldChange,
    GrantChange,
    LostGrant,
    RemoveDuplicate,
    RevokeGrant,
    SetGrant,
    UpdateUser,
)
from bo_sync.core.diff import UnmanageableUser, UnmanagedUser
from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.model import ACCESS_WORDS, FieldValue, ProfileField, Role, Source
from bo_sync.core.plan import ConfigFacts, Finding, HubFacts, Plan
from bo_sync.core.text import Text
from bo_sync.core.weakened_guards import GuardComparison

HUB_URL = "https://hub.example.com/v2/graphql"
IDENTITY = "sha256:" + "3f2c1ab0" * 8


def text(raw: str | None) -> Text | None:
    return None if raw is None else Text(raw)


def source(path: str = "users/jane.yaml", line: int = 1, column: int = 1) -> Source:
    return Source(Text(path), line, column)


def value(field: ProfileField, after: str | None) -> FieldValue:
    return FieldValue(field, text(after))


def field_change(field: ProfileField, before: str | None, after: str | None) -> FieldChange:
    return FieldChange(field, text(before), text(after))


def set_grant(role: str, before: str, after: str, row_id: str | None = None) -> SetGrant:
    """Access levels by their words: `set_grant("pricing", "viewer", "editor")`."""
    return SetGrant(Role(role), ACCESS_WORDS[before], ACCESS_WORDS[after], f"definition-{role}", row_id)


def revoke(role: str, before: str) -> RevokeGrant:
    return RevokeGrant(Role(role), ACCESS_WORDS[before], f"row-{role}")


def duplicate(role: str, surplus: str, stays: str) -> RemoveDuplicate:
    return RemoveDuplicate(Role(role), ACCESS_WORDS[surplus], ACCESS_WORDS[stays], f"surplus-{role}")


def create(email: str, *grants: SetGrant, profile: tuple[FieldValue, ...] = (), at: Source | None = None) -> CreateUser:
    return CreateUser(Text(email), at or source(_file_of(email)), profile, grants)


def update(
    email: str, *grants: GrantChange, profile: tuple[FieldChange, ...] = (), at: Source | None = None, user_id: int = 7
) -> UpdateUser:
    return UpdateUser(Text(email), at or source(_file_of(email)), user_id, Text(email), profile, grants)


def delete(
    email: str, *grants: tuple[str, str], cause: Cause = Cause.STATE_ABSENT, at: Source | None = None, user_id: int = 7
) -> DeleteUser:
    """Grants as pairs: `delete("k@example.com", ("pricing", "editor"))`. Without a file when the cause says so."""
    lost = tuple(LostGrant(Role(role), ACCESS_WORDS[before]) for role, before in grants)
    where = None if cause is Cause.UNMANAGED else at or source(_file_of(email))
    return DeleteUser(Text(email), where, user_id, Text(email), cause, lost)


def _file_of(email: str) -> str:
    return f"users/{email.partition('@')[0]}.yaml"


def unmanaged(email: str, policy: str = "report") -> UnmanagedUser:
    return UnmanagedUser(Text(email), policy)


def plan(
    *changes: Change,
    unchanged: int = 0,
    unmanaged: tuple[UnmanagedUser, ...] = (),
    findings: tuple[Finding, ...] = (),
    guardrails: tuple[GuardrailResult, ...] = (),
    hub: HubFacts | None = None,
    config: ConfigFacts | None = None,
    unmanageable: tuple[UnmanageableUser, ...] = (),
    base: GuardComparison | None = None,
    left_out: int = 0,
) -> Plan:
    return Plan(
        hub or HubFacts(HUB_URL, 14, 61, IDENTITY),
        config or ConfigFacts(15, "sha256:" + "0" * 64, Text("3f2c1ab"), dirty=False),
        changes,
        unchanged,
        unmanaged,
        findings,
        guardrails,
        unmanageable=unmanageable,
        base=base,
        left_out=left_out,
    )


DIGESTED = ("email", "id", "action", "profile", "grants", "duplicates")
"""The keys of a change that the digest of a plan covers."""


def resealed_digest(document: Mapping[str, Any]) -> str:
    """The digest that the content of a saved plan has, as of an altered one that is to look sound."""
    hub = document["hub"]
    content = {
        "format_version": document["format_version"],
        "hub": {"url": hub["url"], "identity": hub["identity"]},
        "changes": [{key: change.get(key) for key in DIGESTED} for change in document["changes"]],
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode("ascii")).hexdigest()
