"""Read a saved plan back, to compare it with a new plan or to show it in another format. It is never run.

The file is not trusted: it must have the digest that it names, hold only words that bo-sync has, and give the same
document when it is written again. Ids of rows and definitions were never saved.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, NoReturn, ParamSpec, TypeVar

from bo_sync.codec import Codec, MisfitError, read_json
from bo_sync.core.changes import Cause, Change, DeleteUser, Direction, FieldChange, RemoveDuplicate, UpdateUser
from bo_sync.core.guardrails import BY_NAME, Guardrail, GuardrailResult
from bo_sync.core.live import brief, tenants_differ
from bo_sync.core.plan import HubFacts, Plan
from bo_sync.core.plan_digest import FORMAT_VERSION, ChangeContent, Json, PlannedGrant, content_of, digest, digest_of
from bo_sync.core.text import Message, Text
from bo_sync.errors import StalePlanError
from bo_sync.render.plan_document import CODEC, SHAPES, PlanDocument, document_of, plan_of
from bo_sync.render.wording import address, value


@dataclass(frozen=True, slots=True)
class DigestedPlan:
    """The part of a saved plan that its digest covers, and the digest that the file names."""

    format_version: Literal[2]
    hub: HubFacts
    changes: tuple[ChangeContent, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """The changes of a saved plan, by address, and its hub. The digest does not cover the tenant."""

    hub: HubFacts
    digest: str
    changes: Mapping[Text, ChangeContent]

    @property
    def hub_url(self) -> Text:
        return Text(self.hub.url)


_DIGESTED: Final = Codec(SHAPES, {DigestedPlan, ChangeContent}.__contains__)


def read_saved(text: str) -> SavedPlan:
    """The saved plan in `text`. Raises only StalePlanError, when it is not a plan of ours or was altered."""
    return _read_saved(_parsed(text))


def _read_saved(document: Json) -> SavedPlan:
    if isinstance(document, dict) and "format_version" in document:
        version = document["format_version"]
        if type(version) is not int or version != FORMAT_VERSION:
            shown = version if type(version) is int else "no number"
            _refuse(f"the saved plan's format version is {shown}; this bo-sync reads {FORMAT_VERSION}")
    saved = _fitting(_DIGESTED.read, DigestedPlan, document)
    by_email = {change.email: change for change in saved.changes}
    if len(by_email) != len(saved.changes):
        _refuse("the saved plan changes one user twice")
    if saved.digest != digest_of(saved.hub.url, saved.hub.identity, saved.changes):
        _refuse("the saved plan was altered: its content does not have the digest that it names")
    return SavedPlan(saved.hub, saved.digest, by_email)


def _refuse(message: str) -> NoReturn:
    raise StalePlanError(message, hint="make a new one with plan --out FILE, and have that one reviewed")


_P = ParamSpec("_P")
_T = TypeVar("_T")


def _fitting(read: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    try:
        return read(*args, **kwargs)
    except MisfitError as err:
        hint = "make a new one with plan --out FILE, and have that one reviewed"
        raise StalePlanError(Message("the saved plan is malformed: {}", Text(str(err))), hint=hint) from err


def _parsed(text: str) -> Json:
    try:
        return read_json(text)
    except MisfitError as err:
        raise StalePlanError(
            Message("the saved plan is not the JSON of a plan: {}", Text(str(err))),
            hint="make a new one with plan --out FILE",
        ) from err


def differences(saved: SavedPlan, plan: Plan) -> tuple[Message, ...]:
    """The users that differ between the saved plan and the one made now, and how: one sentence each, by address.

    For another hub at the same address that is the only sentence: the users of that hub are not shown here.
    """
    if saved.hub_url == Text(plan.hub.url) and (others := tuple(_other_hub(saved, plan.hub))):
        return others
    now = {change.email: content_of(change) for change in plan.changes}
    emails = sorted(saved.changes.keys() | now.keys(), key=lambda email: (email.folded, email))
    url = Text(plan.hub.url)
    found = [Message("the saved plan is for {}, this one for {}", saved.hub_url, url)] if saved.hub_url != url else []
    for email in emails:
        found.extend(_moved(saved.changes.get(email), now.get(email)))
    if not found and saved.digest != digest(plan):
        found.append(Message("the same changes stand in another order"))
    return tuple(found)


def _other_hub(saved: SavedPlan, hub: HubFacts) -> Iterator[Message]:
    if saved.hub.identity != hub.identity:
        yield Message(f"hub identity: {brief(saved.hub.identity)}, now {brief(hub.identity)}")
        yield Message("the API key selects another tenant, or the user with the lowest id was deleted")
    elif tenants_differ(saved.hub.tenant, hub.tenant):
        yield Message("tenant: {}, now {}", saved.hub.tenant, hub.tenant)


_VERBS: Final = {"create": "created", "update": "updated", "delete": "deleted"}


def _moved(before: ChangeContent | None, after: ChangeContent | None) -> Iterator[Message]:
    if after is None and before is not None:
        yield Message("{}: was to be {}, now nothing of it is left to do", address(before.email), _VERBS[before.action])
    elif before is None and after is not None:
        yield Message("{}: was not in that plan, now would be {}", address(after.email), _VERBS[after.action])
    elif before is not None and after is not None:
        yield from (Message("{}: {}", address(after.email), told) for told in _edits(before, after))


def _edits(before: ChangeContent, after: ChangeContent) -> Iterator[Message]:
    if before.action != after.action:
        yield Message(f"was to be {_VERBS[before.action]}, now would be {_VERBS[after.action]}")
        return
    if before.id != after.id:
        yield Message(f"had id {before.id} in the hub, now has {after.id}")
    was, now = _by_name(before), _by_name(after)
    moved = [(kind, name) for kind, name in {**was, **now} if was.get((kind, name)) != now.get((kind, name))]
    for kind, name in moved:
        yield Message("{}: {}", name, _was_now(_told(was.get((kind, name), ())), _told(now.get((kind, name), ()))))
    if before.duplicates != after.duplicates and all(kind is FieldChange for kind, _ in moved):
        rows, rows_now = (", ".join(change.duplicates) or "none" for change in (before, after))
        yield Message("duplicate rows to remove: {}, now {}", Text(rows), Text(rows_now))


_Edits = tuple[FieldChange | PlannedGrant, ...]


def _by_name(change: ChangeContent) -> dict[tuple[type, str], _Edits]:
    """The edits by profile field and by role."""
    found: dict[tuple[type, str], _Edits] = {}
    edits: _Edits = (*change.profile, *change.grants)
    for edit in edits:
        key = type(edit), edit.field if isinstance(edit, FieldChange) else edit.role
        found[key] = (*found.get(key, ()), edit)
    return found


def _was_now(was: Message, now: Message) -> Message:
    if not was:
        return Message("was not to change, now would: {}", now)
    return Message("was to change {}, now {}", was, now) if now else Message("was to change {}, now would not", was)


def _told(edits: _Edits) -> Message:
    return Message.of(map(_edited, edits), " and ")


def _edited(edit: FieldChange | PlannedGrant) -> Message:
    if isinstance(edit, FieldChange):
        return Message("{} → {}", value(edit.before), value(edit.after))
    surplus = "a duplicate " if edit.direction is Direction.DUPLICATE else ""
    return Message(f"{surplus}{edit.before.word} → {edit.after.word}")


def read_plan(text: str) -> Plan:
    """The plan that `plan --out` wrote. Raises StalePlanError when `text` is not a plan of ours, or was altered."""
    found = _parsed(text)
    _read_saved(found)
    written = _fitting(CODEC.read, PlanDocument, found)
    plan = _fitting(plan_of, written)
    _check_verdicts(plan)
    if CODEC.write(replace(document_of(plan), tool=written.tool)) != found:
        _refuse("the saved plan contradicts itself, or another version of bo-sync made it")
    return plan


def _check_verdicts(plan: Plan) -> None:
    """Rejects a guardrail whose verdict contradicts its own numbers or the changes.

    The digest does not cover verdicts, so one that contradicts nothing is as trustworthy as the writer of the file.
    """
    counted = _counted(plan.changes)
    for result in plan.guardrails:
        if not _is_consistent(result) or (result.ok and counted[result.guardrail] > result.limit):
            _refuse(f"the saved plan contradicts itself in guardrail {result.guardrail}")
    if len({result.guardrail for result in plan.guardrails}) != len(plan.guardrails):
        _refuse("the saved plan contradicts itself: a guardrail appears twice")


def _counted(changes: Iterable[Change]) -> Counter[str]:
    """The numbers that guardrails limit, counted from the changes."""
    found: Counter[str] = Counter()
    for change in changes:
        if isinstance(change, DeleteUser):
            found["max_expiries" if change.cause is Cause.UNTIL_PASSED else "max_user_deletes"] += 1
        elif isinstance(change, UpdateUser):
            for edit in change.grants:
                if edit.direction.takes and not isinstance(edit, RemoveDuplicate):
                    found["max_grant_losses" if edit.expired is None else "max_expiries"] += 1
    return found


def _is_consistent(result: GuardrailResult) -> bool:
    """Whether `ok` follows from the numbers, `limit` from its origin, and a failed guardrail has a row."""
    guardrail = BY_NAME[result.guardrail]
    if not _has_origin(result, guardrail):
        return False
    if guardrail.is_minimum and guardrail.is_numeric and result.ok:  # a hub that already has too few may keep them
        return True
    is_kept = result.actual >= result.limit if guardrail.is_minimum else result.actual <= result.limit
    return result.ok == is_kept and (result.ok or bool(result.rows) or result.guardrail == "empty")


def _has_origin(result: GuardrailResult, guardrail: Guardrail) -> bool:
    """Whether the limit is the guardrail's own, or follows from the override or the basis."""
    limit, basis = result.limit, result.basis
    if guardrail.fixed_limit is not None:
        return limit == guardrail.fixed_limit and result.allowed_by is None and basis is None
    if result.allowed_by is not None:
        numbers = {limit, 0} if guardrail.is_minimum and limit == 1 else {limit}  # at least one always remains
        return result.allowed_by in {f"--allow {guardrail.name}={number}" for number in numbers}
    return basis is None or basis.limit.of(basis.population) == limit
