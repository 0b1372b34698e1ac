"""The document of a plan, which `--format json` prints and `plan --out` saves: its keys, and how a plan is read back.

Where the fields of a class of the core differ from the document's keys, a class here has the keys.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Final, Literal

from bo_sync import __version__
from bo_sync.access.capabilities import Powers, parts, powers
from bo_sync.codec import Codec, MisfitError, Shape, Via, spelled
from bo_sync.core.base_compare import Comparison
from bo_sync.core.changes import (
    Cause,
    Change,
    CreateUser,
    DeleteUser,
    Direction,
    Effect,
    GrantChange,
    LostGrant,
    RemoveDuplicate,
    RevokeGrant,
    SetGrant,
    Shift,
    UpdateUser,
)
from bo_sync.core.diff import UnmanageableUser, UnmanagedUser
from bo_sync.core.guardrails import NAMES, Basis, GuardrailResult
from bo_sync.core.hub_operations import is_operation_name
from bo_sync.core.model import FieldValue, Role, Severity, Source
from bo_sync.core.plan import ConfigFacts, Finding, HubFacts, Plan, Summary
from bo_sync.core.plan_digest import FORMAT_VERSION, ChangeContent, content_of, digest
from bo_sync.core.policy import Match, Policy, PolicyResult, PolicyRow
from bo_sync.core.settings import Limit, Settings
from bo_sync.core.text import Message, Text, visible
from bo_sync.core.weakened_guards import GuardComparison, Weakened


def _spelled(pattern: str, what: str) -> Any:
    return Annotated[str, spelled(re.compile(pattern).fullmatch, what)]


@cache
def _known() -> Powers:
    """The built-in catalogue. A plan may name more operations, from a repository's own table."""
    return powers(Settings())


@cache
def _menu() -> frozenset[str]:
    return frozenset(item.name for item in _known().facts.menu)


class _Exact:
    """A message whose texts are written exactly, not as they are printed."""


_Item = Annotated[str, spelled(lambda word: word in _menu(), "an item of this bo-sync's menu")]
_Operation = Annotated[str, spelled(is_operation_name, "the name of an operation")]


@dataclass(frozen=True, slots=True)
class Tool:
    """The program that wrote a document."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class ExpiredGrant:
    """A role whose direct grant has expired, with its last day."""

    role: Role
    until: date


@dataclass(frozen=True, slots=True)
class GrantPlace:
    role: Role
    source: Source


@dataclass(frozen=True, slots=True)
class MenuShift:
    opened: tuple[_Item, ...]
    closed: tuple[_Item, ...]


@dataclass(frozen=True, slots=True)
class OperationsShift:
    """`unknown` counts the unannotated operations."""

    gained: tuple[_Operation, ...]
    lost: tuple[_Operation, ...]
    unknown: int


@dataclass(frozen=True, slots=True)
class ChangeDocument(ChangeContent):
    """A change, its reason, and its effects. `cause` is of a deletion, `places` are of direct grants."""

    source: Source | None
    cause: Cause | None
    expired: tuple[ExpiredGrant, ...]
    places: tuple[GrantPlace, ...]
    menu: MenuShift
    operations: OperationsShift


@dataclass(frozen=True, slots=True)
class BasisDocument:
    percent: int
    population: int
    floor: int
    cap: int


@dataclass(frozen=True, slots=True)
class CountedRow:
    """A row of a policy. `new`: it matches after the plan but not today."""

    email: Text
    message: Message
    source: Source | None
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyResultDocument:
    """A policy and its result, with only the limits that the policy has."""

    id: Annotated[str, spelled(re.compile("[a-z0-9-]{1,200}").fullmatch, "the id of a policy")]
    severity: Severity
    title: Text
    why: Text | None
    actual: int
    at_most: int | None = None
    at_least: int | None = None
    ok: bool
    tolerated: bool
    source: Source
    rows: tuple[CountedRow, ...]
    excepted: tuple[PolicyRow, ...]
    notes: tuple[PolicyRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDocument:
    """`base` and `loosened` are only in a plan with a base."""

    format_version: Literal[2] = FORMAT_VERSION
    tool: Tool = Tool("bo-sync", __version__)
    hub: HubFacts
    config: ConfigFacts
    base: GuardComparison | None = None
    loosened: tuple[Weakened, ...] | None = None
    summary: Summary
    changes: tuple[ChangeDocument, ...]
    unmanaged: tuple[UnmanagedUser, ...]
    unmanageable: tuple[UnmanageableUser, ...]
    left_for_full_apply: int
    findings: tuple[Finding, ...]
    guardrails: tuple[GuardrailResult, ...]
    policies: tuple[PolicyResult, ...]
    digest: str


def document_of(plan: Plan) -> PlanDocument:
    return PlanDocument(
        hub=plan.hub,
        config=plan.config,
        base=plan.base,
        loosened=None if plan.base is None else plan.base.weakened,
        summary=plan.summary,
        changes=tuple(
            _change_document(change, plan.effects.get(change.email.folded, Effect())) for change in plan.changes
        ),
        unmanaged=plan.unmanaged,
        unmanageable=plan.unmanageable,
        left_for_full_apply=plan.left_out,
        findings=plan.findings,
        guardrails=plan.guardrails,
        policies=plan.policies,
        digest=digest(plan),
    )


def plan_of(document: PlanDocument) -> Plan:
    """The plan of a document. Raises MisfitError for changes that no plan has."""
    read = [(_change_of(change), change) for change in document.changes]
    return Plan(
        document.hub,
        document.config,
        tuple(change for change, _ in read),
        document.summary.unchanged,
        document.unmanaged,
        document.findings,
        document.guardrails,
        {change.email.folded: effect for change, written in read if (effect := _effect(change, written))},
        document.policies,
        unmanageable=document.unmanageable,
        base=None if document.base is None else replace(document.base, weakened=document.loosened or ()),
        left_out=document.left_for_full_apply,
    )


def _change_document(change: Change, effect: Effect) -> ChangeDocument:
    content, whole = content_of(change), effect.whole
    dated = [grant for grant in change.grants if isinstance(grant, SetGrant | RevokeGrant)]
    return ChangeDocument(
        content.email,
        content.id,
        content.action,
        content.profile,
        content.grants,
        content.duplicates,
        source=change.source,
        cause=change.cause if isinstance(change, DeleteUser) else None,
        expired=tuple(ExpiredGrant(grant.role, grant.expired) for grant in dated if grant.expired is not None),
        places=tuple(GrantPlace(grant.role, grant.source) for grant in dated if grant.source is not None),
        menu=MenuShift(whole.opened, whole.closed),
        operations=OperationsShift(whole.gained, whole.lost, effect.unknown),
    )


def _change_of(written: ChangeDocument) -> Change:
    """Ids of definitions and rows are empty, except for duplicates; the address has the file's spelling."""
    email, source, number = written.email, written.source, written.id
    match written.action, number, source, written.cause:
        case "create", None, Source(), None:
            grants = tuple(_grants(written))
            given = tuple(grant for grant in grants if isinstance(grant, SetGrant))
            if grants != given:
                raise _odd(written, "takes access from a user that it creates")
            values = tuple(FieldValue(entry.field, entry.after) for entry in written.profile)
            return CreateUser(email, source, values, given)
        case "update", int(), Source(), None:
            return UpdateUser(email, source, number, email, written.profile, tuple(_grants(written)))
        case "delete", int(), _, Cause() as cause:
            lost = tuple(LostGrant(grant.role, grant.before, grant.after) for grant in written.grants)
            return DeleteUser(email, source, number, email, cause, lost)
        case _:
            raise _odd(written, "has an id, a source or a cause that does not fit its action")


def _odd(written: ChangeDocument, what: str) -> MisfitError:
    return MisfitError(f"the change of {visible(written.email.raw[:40])} {what}")


def _grants(written: ChangeDocument) -> Iterator[GrantChange]:
    ended = {grant.role: grant.until for grant in written.expired}
    places = {grant.role: grant.source for grant in written.places}
    rows = iter(written.duplicates)
    for grant in written.grants:
        role = grant.role
        match grant.direction:
            case Direction.DUPLICATE:
                yield RemoveDuplicate(role, grant.before, grant.after, next(rows, ""))
            case Direction.REVOKED:
                yield RevokeGrant(role, grant.before, "", expired=ended.get(role), source=places.get(role))
            case Direction.ADDED | Direction.RAISED | Direction.LOWERED:
                yield SetGrant(role, grant.before, grant.after, "", expired=ended.get(role), source=places.get(role))


def _effect(change: Change, written: ChangeDocument) -> Effect | None:
    menu, operations = written.menu, written.operations
    whole = Shift(menu.opened, menu.closed, operations.gained, operations.lost)
    if whole.is_nothing and not operations.unknown:
        return None
    edits = [grant for grant in change.grants if not isinstance(grant, RemoveDuplicate)]
    before, after = ({grant.role: getattr(grant, side) for grant in edits} for side in ("before", "after"))
    return Effect(whole, parts(whole, before, after, _known()), operations.unknown)


def _policy_document(result: PolicyResult) -> PolicyResultDocument:
    policy = result.policy
    return PolicyResultDocument(
        id=policy.id,
        severity=policy.severity,
        title=policy.title,
        why=policy.why,
        actual=result.actual,
        at_most=policy.at_most,
        at_least=policy.at_least,
        ok=result.ok,
        tolerated=result.is_tolerated,
        source=policy.source,
        rows=tuple(CountedRow(row.email, row.message, row.source, row.is_new) for row in result.rows),
        excepted=result.excepted,
        notes=result.notes,
    )


def _policy_of(written: PolicyResultDocument) -> PolicyResult:
    """A result. The policy's conditions are not saved, only the users; nor are expired exceptions, which follow from a
    policy that fails within its limits."""
    policy = Policy(
        written.id,
        written.title,
        Match((), is_all=True),
        written.source,
        written.severity,
        written.why,
        written.at_most,
        written.at_least,
    )
    rows = tuple(PolicyRow(row.email, row.message, row.source, row.new) for row in written.rows)
    result = PolicyResult(policy, rows, written.excepted, written.notes, written.tolerated)
    return replace(result, has_expired=result.ok and not written.ok)


_CAUSES: Final = {Cause.STATE_ABSENT: "absent", Cause.UNTIL_PASSED: "until", Cause.UNMANAGED: "unmanaged"}
_DIGEST: Final = Annotated[str, spelled(re.compile("sha256:[0-9a-f]{64}").fullmatch, "sha256: and 64 digits")]
_COMMIT: Final = _spelled("[0-9a-f]{4,64}", "a commit")
_BASE: Final = Shape("revision commit tip", {"commit": _COMMIT, "tip": _COMMIT | None})
SHAPES: Final[dict[object, Shape | Via]] = {
    PlanDocument: Shape(left_out="base loosened"),
    HubFacts: Shape(
        "url identity identity_after tenant users grants", {"identity": _DIGEST, "identity_after": _DIGEST | None}
    ),
    ConfigFacts: Shape(types={"digest": _DIGEST}),
    GuardComparison: _BASE,
    Comparison: _BASE,
    _Exact: Via(str, attrgetter("raw"), lambda raw: Message("{}", Text(raw))),
    Weakened: Shape(
        types={
            "guard": _spelled("[a-z0-9_.-]{1,250}", "the name of a guard"),
            "before": _Exact | None,
            "after": _Exact | None,
        }
    ),
    ChangeDocument: Shape("email id action source profile grants duplicates cause expired places menu operations"),
    Cause: Via(
        Literal["absent", "until", "unmanaged"],
        _CAUSES.__getitem__,
        {word: cause for cause, word in _CAUSES.items()}.__getitem__,
    ),
    UnmanagedUser: Shape(types={"policy": Literal["report", "ignore", "delete", "protected"]}),
    UnmanageableUser: Shape(
        "id reason",
        {
            "reason": _spelled(
                "no address|an invalid address|same address as id [0-9]{1,18}(, id [0-9]{1,18})*", "a reason of bo-sync"
            )
        },
    ),
    Finding: Shape(
        "rule severity email message source",
        {"rule": _spelled("[A-Z]{2,8}[0-9]{3}", "the number of a finding")},
    ),
    GuardrailResult: Shape(
        "guardrail of actual limit ok skipped allowed_by basis rows",
        {
            "guardrail": Literal[NAMES],
            "allowed_by": _spelled("--allow [a-z_]{1,40}=[0-9]{1,8}", "an option --allow") | None,
        },
    ),
    Basis: Via(
        BasisDocument,
        lambda basis: BasisDocument(basis.limit.percent, basis.population, basis.limit.floor, basis.limit.cap),
        lambda found: Basis(Limit(found.percent, found.floor, found.cap), found.population),
    ),
    PolicyRow: Shape("email message source"),
    PolicyResultDocument: Shape(left_out="at_most at_least"),
    PolicyResult: Via(PolicyResultDocument, _policy_document, _policy_of),
}
CODEC: Final = Codec(SHAPES)
