"""The lines of a journal as values.

A run's first line is its `Header`; an `Intent` stands before each write request and an `Answer` after it, tied by a
number; an `End` closes the run. An intent without an answer is a request of which nobody knows what became of it. The
same values are written and read back, so whatever could have come from elsewhere is `Text`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bo_sync.core.changes import Direction, FieldChange
from bo_sync.core.model import Access, Profile, Role
from bo_sync.core.plan import Action
from bo_sync.core.report import PersonOutcome
from bo_sync.core.text import Text

Operation = Literal["create_user", "update_profile", "write_rows", "delete_user", "invite_user"]
"""A call of `ports.HubWriter` or `ports.HubInviter`: one request (on a hub that refuses several changes at once, one a
change)."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who ran it: the person whose session it was, when there was one, and who this machine says was at work."""

    viewer: Text | None
    user: Text
    host: Text


@dataclass(frozen=True, slots=True)
class OtherGrant:
    """A row of a role definition that we do not know: never touched, but it ends with its person's account."""

    definition: Text
    access: Access


@dataclass(frozen=True, slots=True)
class Before:
    """All that the hub held of a person when the plan was made: enough to declare them again."""

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
class Person:
    """What the plan was to do with one person, and who they were; `id` and `before` are None for a new one."""

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
    people: tuple[Person, ...]
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
class Answer:
    """What became of the request `seq`. `id` is the hub's, of a person who was created."""

    seq: int
    at: Text
    fate: Fate
    error: Text | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True)
class End:
    """The run's own report of each person, made after every doubt was read again."""

    at: Text
    outcomes: tuple[PersonOutcome, ...]


Entry = Header | Intent | Answer | End
