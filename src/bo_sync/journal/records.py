"""The lines of a journal as values and as JSON: one ASCII object per line. `reader.py` reads them back."""

import json
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, assert_never

from bo_sync.core.apply_report import Outcome, UserOutcome
from bo_sync.core.changes import Direction, FieldChange
from bo_sync.core.changes_json import FORMAT_VERSION, Json
from bo_sync.core.model import Access, Profile, Role
from bo_sync.core.plan import Action
from bo_sync.core.text import Text

Operation = Literal["create_user", "update_profile", "write_rows", "delete_user", "invite_user"]
"""A call of `ports.HubWriter` or `ports.HubInviter`: one request (on a hub that refuses several changes at once, one a
change)."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who ran it: the user whose session it was, when there was one, and who this machine says was at work."""

    viewer: Text | None
    user: Text
    host: Text


@dataclass(frozen=True, slots=True)
class OtherGrant:
    """A row of a role definition that we do not know: never touched, but it ends with its user's account."""

    definition: Text
    access: Access


@dataclass(frozen=True, slots=True)
class Before:
    """All that the hub held of a user when the plan was made: enough to declare them again."""

    email: Text
    profile: Profile
    grants: tuple[tuple[Role, Access], ...]
    others: tuple[OtherGrant, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedGrant:
    role: Role
    before: Access
    after: Access
    direction: Direction


@dataclass(frozen=True, slots=True)
class PlannedUser:
    """What the plan was to do with one user, and who they were; `id` and `before` are None for a new one."""

    email: Text
    action: Action
    id: int | None
    profile: tuple[FieldChange, ...] = ()
    grants: tuple[PlannedGrant, ...] = ()
    before: Before | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """The files of the run. `commit` and `dirty` are None where git knew none."""

    digest: Text
    commit: Text | None
    dirty: bool | None


@dataclass(frozen=True, slots=True)
class Previous:
    """The newest finished run before another one. `digest` is `sha256:` and the SHA-256 of its file's bytes."""

    run: str
    digest: Text


@dataclass(frozen=True, slots=True)
class Header:
    """Where a run begins. `started` is in UTC, `digest` the plan's, `allowed` the guardrails that were passed by
    number. `previous` is None where no finished run was before it in its folder."""

    run: Text
    version: Text
    started: Text
    who: Who
    hub: Text
    identity: Text
    tenant: Text | None
    config: Config
    digest: Text
    allowed: tuple[tuple[Text, int], ...]
    users: tuple[PlannedUser, ...]
    previous: Previous | None = None


@dataclass(frozen=True, slots=True)
class RowIntent:
    """One row to be written. `role` is None where the row is of no role that we know.

    A new row has no `row` yet; a row that is removed gets no `access`.
    """

    write: Literal["create", "update", "delete"]
    role: Role | None
    row: Text | None
    access: Access | None


@dataclass(frozen=True, slots=True)
class Intent:
    """A request that is about to be sent. `id` is None where the hub's id is not known yet."""

    seq: int
    at: Text
    operation: Operation
    email: Text
    id: int | None = None
    profile: Profile = ()
    rows: tuple[RowIntent, ...] = ()


class Fate(StrEnum):
    """What the sender learned of a request. UNKNOWN: sent, and no sound answer came."""

    APPLIED = "applied"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class JournalAnswer:
    """What became of the request `seq`. `id` is the hub's, of a user who was created."""

    seq: int
    at: Text
    fate: Fate
    error: Text | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True)
class End:
    """The run's own report of each user, made after every doubt was read again."""

    at: Text
    outcomes: tuple[UserOutcome, ...]


Entry = Header | Intent | JournalAnswer | End


def spell(entry: Entry) -> bytes:
    """The entry as one line, with its line break."""
    return json.dumps(document(entry), ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"


def document(entry: Entry) -> dict[str, Json]:
    """The entry as JSON."""
    match entry:
        case Header():
            return _header_document(entry)
        case Intent():
            return {
                "entry": "intent",
                "seq": entry.seq,
                "at": entry.at.raw,
                "operation": entry.operation,
                "email": entry.email.raw,
                "id": entry.id,
                "profile": [{"field": value.field, "value": _raw(value.value)} for value in entry.profile],
                "rows": [_row_document(row) for row in entry.rows],
            }
        case JournalAnswer():
            return {
                "entry": "outcome",
                "seq": entry.seq,
                "at": entry.at.raw,
                "outcome": entry.fate.value,
                "error": _raw(entry.error),
                "id": entry.id,
            }
        case End():
            return _end_document(entry)
        case unreachable:
            assert_never(unreachable)


def _header_document(header: Header) -> dict[str, Json]:
    return {
        "entry": "header",
        "format_version": FORMAT_VERSION,
        "run": header.run.raw,
        "tool": {"name": "bo-sync", "version": header.version.raw},
        "started": header.started.raw,
        "who": {"viewer": _raw(header.who.viewer), "user": header.who.user.raw, "host": header.who.host.raw},
        "hub": {"url": header.hub.raw, "identity": header.identity.raw, "tenant": _raw(header.tenant)},
        "config": {
            "digest": header.config.digest.raw,
            "commit": _raw(header.config.commit),
            "dirty": header.config.dirty,
        },
        "digest": header.digest.raw,
        "previous": (
            None if header.previous is None else {"run": header.previous.run, "digest": header.previous.digest.raw}
        ),
        "allowed": {guardrail.raw: number for guardrail, number in header.allowed},
        "users": [_user_document(user) for user in header.users],
    }


def _user_document(user: PlannedUser) -> Json:
    return {
        "email": user.email.raw,
        "action": user.action,
        "id": user.id,
        "profile": [
            {"field": change.field, "before": _raw(change.before), "after": _raw(change.after)}
            for change in user.profile
        ],
        "grants": [
            {
                "role": grant.role,
                "before": grant.before.word,
                "after": grant.after.word,
                "direction": grant.direction.value,
            }
            for grant in user.grants
        ],
        "before": None if user.before is None else _before_document(user.before),
    }


def _before_document(before: Before) -> Json:
    return {
        "email": before.email.raw,
        "profile": [{"field": value.field, "value": _raw(value.value)} for value in before.profile],
        "grants": {role: access.word for role, access in before.grants},
        "other_grants": [{"definition": row.definition.raw, "access": row.access.word} for row in before.others],
    }


def _row_document(row: RowIntent) -> Json:
    return {
        "write": row.write,
        "role": row.role,
        "row": _raw(row.row),
        "access": None if row.access is None else row.access.word,
    }


def _end_document(end: End) -> dict[str, Json]:
    counts = Counter(user.outcome for user in end.outcomes)
    return {
        "entry": "end",
        "at": end.at.raw,
        "summary": {outcome.value: counts[outcome] for outcome in Outcome},
        "outcomes": [
            {
                "email": user.email.raw,
                "action": user.action,
                "outcome": user.outcome.value,
                "error": user.error,
            }
            for user in end.outcomes
        ],
    }


def _raw(text: Text | None) -> str | None:
    return None if text is None else text.raw
