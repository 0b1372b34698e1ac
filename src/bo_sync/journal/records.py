"""The lines of a journal as values and as JSON: one ASCII object per line, whose keys are the fields of its class.

The first line of a run is its `Header`. An `Intent` precedes each write request, its answer follows with the same
number, an `End` closes the run. An intent without an answer is a request with unknown outcome.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Literal

from bo_sync.codec import Codec, MisfitError, Shape, Via, spelled
from bo_sync.core.apply_report import Outcome, UserOutcome
from bo_sync.core.changes import FieldChange
from bo_sync.core.model import Access, Profile, Role
from bo_sync.core.plan import Action
from bo_sync.core.plan_digest import FORMAT_VERSION, Json, PlannedGrant
from bo_sync.core.text import Text
from bo_sync.journal.directory import is_run

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


RunName = Annotated[str, spelled(is_run, "the name of a run")]


@dataclass(frozen=True, slots=True)
class Previous:
    """The newest finished run before another one. `digest` is `sha256:` and the SHA-256 of its file's bytes."""

    run: RunName
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

    @property
    def summary(self) -> Mapping[Outcome, int]:
        """How many users came to each outcome."""
        counts = Counter(user.outcome for user in self.outcomes)
        return {outcome: counts[outcome] for outcome in Outcome}


Entry = Header | Intent | JournalAnswer | End


@dataclass(frozen=True, slots=True)
class ToolVersion:
    name: Literal["bo-sync"]
    version: Text


@dataclass(frozen=True, slots=True)
class HubName:
    url: Text
    identity: Text
    tenant: Text | None


@dataclass(frozen=True, slots=True)
class HeaderDocument:
    format_version: Literal[2]
    run: Text
    tool: ToolVersion
    started: Text
    who: Who
    hub: HubName
    config: Config
    digest: Text
    previous: Previous | None
    allowed: tuple[tuple[Text, int], ...]
    users: tuple[PlannedUser, ...]


def _header_document(header: Header) -> HeaderDocument:
    return HeaderDocument(
        FORMAT_VERSION,
        header.run,
        ToolVersion("bo-sync", header.version),
        header.started,
        header.who,
        HubName(header.hub, header.identity, header.tenant),
        header.config,
        header.digest,
        header.previous,
        header.allowed,
        header.users,
    )


def _header_of(written: HeaderDocument) -> Header:
    return Header(
        written.run,
        written.tool.version,
        written.started,
        written.who,
        written.hub.url,
        written.hub.identity,
        written.hub.tenant,
        written.config,
        written.digest,
        written.allowed,
        written.users,
        written.previous,
    )


_SHAPES: Final[dict[object, Shape | Via]] = {
    Header: Via(HeaderDocument, _header_document, _header_of),
    Before: Shape("email profile grants others=other_grants"),
    JournalAnswer: Shape("seq at fate=outcome error id"),
    End: Shape("at summary outcomes"),
}
_CODEC: Final = Codec(_SHAPES, ignores_other_keys=lambda _: True)
"""A journal may be of a later bo-sync: keys are added without another format version."""
_ENTRIES: Final[Mapping[str, type[Entry]]] = {"header": Header, "intent": Intent, "outcome": JournalAnswer, "end": End}
_WORDS: Final = {kind: word for word, kind in _ENTRIES.items()}


def spell(entry: Entry) -> bytes:
    """The entry as one line, with its line break."""
    return json.dumps(document(entry), ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"


def document(entry: Entry) -> dict[str, Json]:
    """The entry as JSON."""
    return {"entry": _WORDS[type(entry)], **_CODEC.document(entry)}


def parse(line: bytes) -> Entry | None:
    """The entry that a line spells, or None when it spells none. Raises nothing, whatever the bytes."""
    try:
        found: Json = json.loads(line)
        word = found.get("entry") if isinstance(found, dict) else None
        if not isinstance(found, dict) or not isinstance(word, str) or word not in _ENTRIES:
            return None
        return _CODEC.read(_ENTRIES[word], {"previous": None, **found})  # a journal without it names no run
    except (MisfitError, ValueError, RecursionError):
        return None


def other_format(journal: bytes) -> int | None:
    """The format version that the first line of a journal states, when it is not the one that is read here."""
    try:
        line: Json = json.loads(journal.partition(b"\n")[0])
    except (ValueError, RecursionError):
        return None
    version = line.get("format_version") if isinstance(line, dict) and line.get("entry") == "header" else None
    return version if type(version) is int and version != FORMAT_VERSION else None
