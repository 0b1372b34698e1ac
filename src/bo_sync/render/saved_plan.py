"""Read a saved plan back, to compare it with a new plan or to show it in another format. It is never run."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, get_args

from bo_sync.core.changes import Cause, Change, DeleteUser, Direction, RemoveDuplicate, UpdateUser
from bo_sync.core.changes_json import FORMAT_VERSION, Json, change_document, digest, digest_of
from bo_sync.core.diff import PROTECTED, UnmanageableUser, UnmanagedUser
from bo_sync.core.guardrails import Basis, GuardrailName, GuardrailResult, GuardrailRow
from bo_sync.core.live import brief, tenants_differ
from bo_sync.core.model import ACCESS_WORDS, Severity
from bo_sync.core.plan import ConfigFacts, Finding, HubFacts, Plan
from bo_sync.core.policy import Match, Policy, PolicyResult, PolicyRow
from bo_sync.core.settings import Limit, Unmanaged
from bo_sync.core.text import Text, visible
from bo_sync.core.weakened_guards import GuardComparison, Weakened
from bo_sync.render.escape import terminal
from bo_sync.render.json import plan_json
from bo_sync.render.saved_changes import (
    a_source_of,
    entry_of,
    exactly,
    flag_of,
    list_of,
    maybe_number_of,
    maybe_text_of,
    name_of,
    number_of,
    object_of,
    objects_of,
    parsed,
    read_change,
    read_effects,
    refuse,
    source_of,
    text_of,
    word_of,
    words_of,
)
from bo_sync.render.wording import address, value


@dataclass(frozen=True, slots=True)
class SavedField:
    before: Text | None
    after: Text | None


@dataclass(frozen=True, slots=True)
class SavedGrant:
    """The words of the file: two levels of access and a direction, each one of ours."""

    before: str
    after: str
    direction: str


@dataclass(frozen=True, slots=True)
class SavedChange:
    """One user's change; fields and roles under their names, several grants of one role in their order.

    `duplicates` are the ids of the rows that are removed.
    """

    email: Text
    id: int | None
    action: str
    profile: Mapping[Text, SavedField]
    grants: Mapping[Text, tuple[SavedGrant, ...]]
    duplicates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What a saved plan would have done, and where. `digest` is what the file says and what its content gives.

    `hub_tenant` is what the file says: the digest does not cover it.
    """

    format_version: int
    hub_url: Text
    hub_identity: str
    hub_tenant: Text | None
    digest: str
    changes: Mapping[Text, SavedChange]


def read_saved(text: str) -> SavedPlan:
    """The saved plan in `text`. Raises StalePlanError when it is no plan of ours, or was altered; nothing else."""
    document = object_of(parsed(text), "the saved plan")
    version = entry_of(document, "format_version")
    if version != FORMAT_VERSION or isinstance(version, bool):
        shown = version if isinstance(version, int) else "no number"
        refuse(f"the saved plan's format version is {shown}; this bo-sync reads {FORMAT_VERSION}")
    hub = exactly(object_of(entry_of(document, "hub"), "`hub`"), _HUB_KEYS)
    url, identity = text_of(hub, "url"), name_of(hub, "identity", IDENTITY)
    entries = [object_of(entry, "a change") for entry in list_of(document, "changes")]
    changes = [_change(entry) for entry in entries]
    by_email = {change.email: change for change in changes}
    if len(by_email) != len(changes):
        refuse("the saved plan changes one person twice")
    written = text_of(document, "digest")
    if written != digest_of(version, url, identity, entries):
        refuse("the saved plan was altered: its content does not have the digest that it names")
    return SavedPlan(FORMAT_VERSION, Text(url), identity, maybe_text_of(hub, "tenant"), written, by_email)


_HUB_KEYS: Final = frozenset({"url", "identity", "identity_after", "tenant", "users", "grants"})
IDENTITY: Final = re.compile(r"sha256:[0-9a-f]{64}")
_FIELD_KEYS: Final = frozenset({"field", "before", "after"})
_GRANT_KEYS: Final = frozenset({"role", "before", "after", "direction"})
_ACTIONS: Final = frozenset({"create", "update", "delete"})
_LEVELS: Final = frozenset(ACCESS_WORDS)
_DIRECTIONS: Final = frozenset(direction.value for direction in Direction)


def _change(entry: Mapping[str, Json]) -> SavedChange:
    number = maybe_number_of(entry, "id")
    fields = [exactly(found, _FIELD_KEYS) for found in list_of(entry, "profile")]
    grants: dict[Text, tuple[SavedGrant, ...]] = {}
    for found in list_of(entry, "grants"):
        held = exactly(found, _GRANT_KEYS)
        role = Text(text_of(held, "role"))
        grants[role] = (*grants.get(role, ()), _grant(held))
    return SavedChange(
        email=Text(text_of(entry, "email")),
        id=number,
        action=word_of(entry, "action", _ACTIONS),
        profile={Text(text_of(field, "field")): _field(field) for field in fields},
        grants=grants,
        duplicates=words_of(entry, "duplicates"),
    )


def _field(entry: Mapping[str, Json]) -> SavedField:
    return SavedField(maybe_text_of(entry, "before"), maybe_text_of(entry, "after"))


def _grant(entry: Mapping[str, Json]) -> SavedGrant:
    before, after = word_of(entry, "before", _LEVELS), word_of(entry, "after", _LEVELS)
    return SavedGrant(before, after, word_of(entry, "direction", _DIRECTIONS))


def differences(saved: SavedPlan, plan: Plan) -> tuple[str, ...]:
    """Who moved, and how, from the saved plan to the one made now: a sentence each, by address; none when equal.

    A plan for another hub at the same address says only that: who is in that hub is not told here.
    """
    if saved.hub_url == Text(plan.hub.url) and (others := tuple(_other_hub(saved, plan.hub))):
        return tuple(map(terminal, others))
    now = {change.email: _change(change_document(change)) for change in plan.changes}
    emails = sorted(saved.changes.keys() | now.keys(), key=lambda email: (email.folded, email))
    url = Text(plan.hub.url)
    found = [f"the saved plan is for {saved.hub_url}, this one for {url}"] if saved.hub_url != url else []
    for email in emails:
        found.extend(_moved(saved.changes.get(email), now.get(email)))
    if not found and saved.digest != digest(plan):
        found.append("the same changes stand in another order")
    return tuple(map(terminal, found))


def _other_hub(saved: SavedPlan, hub: HubFacts) -> Iterator[str]:
    if saved.hub_identity != hub.identity:
        yield f"hub identity: {brief(saved.hub_identity)}, now {brief(hub.identity)}"
        yield "the API key selects another tenant, or the user with the lowest id was deleted"
    elif tenants_differ(saved.hub_tenant, hub.tenant):
        yield f"tenant: {saved.hub_tenant}, now {hub.tenant}"


_VERBS: Final = {"create": "created", "update": "updated", "delete": "deleted"}


def _moved(before: SavedChange | None, after: SavedChange | None) -> Iterator[str]:
    if after is None and before is not None:
        yield f"{address(before.email)}: was to be {_VERBS[before.action]}, now nothing of it is left to do"
    elif before is None and after is not None:
        yield f"{address(after.email)}: was not in that plan, now would be {_VERBS[after.action]}"
    elif before is not None and after is not None:
        yield from (f"{address(after.email)}: {told}" for told in _edits(before, after))


def _edits(before: SavedChange, after: SavedChange) -> Iterator[str]:
    if before.action != after.action:
        yield f"was to be {_VERBS[before.action]}, now would be {_VERBS[after.action]}"
        return
    if before.id != after.id:
        yield f"had id {before.id} in the hub, now has {after.id}"
    for field in _either(before.profile, after.profile):
        was, now = before.profile.get(field), after.profile.get(field)
        if was != now:
            yield f"{field}: {_was_now(_field_told(was), _field_told(now))}"
    for role in _either(before.grants, after.grants):
        held, holds = before.grants.get(role, ()), after.grants.get(role, ())
        if held != holds:
            yield f"{role}: {_was_now(_grants_told(held), _grants_told(holds))}"
    if before.grants == after.grants and before.duplicates != after.duplicates:
        rows, rows_now = (", ".join(change.duplicates) or "none" for change in (before, after))
        yield f"duplicate rows to remove: {Text(rows)}, now {Text(rows_now)}"


def _either(first: Mapping[Text, object], second: Mapping[Text, object]) -> Iterator[Text]:
    yield from first
    yield from (key for key in second if key not in first)


def _was_now(was: str, now: str) -> str:
    if not was:
        return f"was not to change, now would: {now}"
    return f"was to change {was}, now {now}" if now else f"was to change {was}, now would not"


def _field_told(field: SavedField | None) -> str:
    return f"{value(field.before)} → {value(field.after)}" if field else ""


def _grants_told(grants: tuple[SavedGrant, ...]) -> str:
    return " and ".join(
        f"{'a duplicate ' if grant.direction == Direction.DUPLICATE else ''}{grant.before} → {grant.after}"
        for grant in grants
    )


_RULE: Final = re.compile(r"[A-Z]{2,8}[0-9]{3}")
_POLICY: Final = re.compile(r"[a-z0-9-]{1,200}")
_GUARD: Final = re.compile(r"[a-z0-9_.-]{1,250}")
_COMMIT: Final = re.compile(r"[0-9a-f]{4,64}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_ALLOWED: Final = re.compile(r"--allow [a-z_]{1,40}=[0-9]{1,8}")
_GUARDRAILS: Final[dict[str, GuardrailName]] = {name: name for name in get_args(GuardrailName)}
_SEVERITIES: Final = frozenset(severity.value for severity in Severity)
_UNMANAGEABLE: Final = re.compile(r"no address|an invalid address|same address as id [0-9]{1,18}(, id [0-9]{1,18})*")
_LEFT: Final = frozenset({*(policy.value for policy in Unmanaged), PROTECTED})


def read_plan(text: str) -> Plan:
    """The plan that `plan --out` wrote. Raises StalePlanError when `text` is no plan of ours, or was altered."""
    read_saved(text)
    document = object_of(parsed(text), "the saved plan")
    plan = _plan(document)
    _check_verdicts(plan)
    if _without_tool(parsed(plan_json(plan))) != _without_tool(document):
        refuse("the saved plan contradicts itself, or another version of bo-sync made it")
    return plan


def _check_verdicts(plan: Plan) -> None:
    """Refuses a guardrail whose verdict contradicts its own numbers or the changes.

    The digest does not cover verdicts, so one that contradicts nothing is as trustworthy as the writer of the file.
    """
    counted = _counted(plan.changes)
    for result in plan.guardrails:
        if not _is_consistent(result) or (result.ok and counted[result.guardrail] > result.limit):
            refuse(f"the saved plan contradicts itself in guardrail {result.guardrail}")
    if len({result.guardrail for result in plan.guardrails}) != len(plan.guardrails):
        refuse("the saved plan contradicts itself: a guardrail appears twice")


def _counted(changes: Iterable[Change]) -> Counter[GuardrailName]:
    """What the changes themselves show of the numbers that guardrails limit."""
    found: Counter[GuardrailName] = Counter()
    for change in changes:
        if isinstance(change, DeleteUser):
            found["max_expiries" if change.cause is Cause.UNTIL_PASSED else "max_user_deletes"] += 1
        elif isinstance(change, UpdateUser):
            for edit in change.grants:
                if edit.direction.takes and not isinstance(edit, RemoveDuplicate):
                    found["max_grant_losses" if edit.expired is None else "max_expiries"] += 1
    return found


def _is_consistent(result: GuardrailResult) -> bool:
    """Whether `ok` follows from the numbers, `limit` from its origin, and a failure has a row."""
    name, actual, limit = result.guardrail, result.actual, result.limit
    if result.allowed_by is not None and result.allowed_by not in {f"--allow {name}={n}" for n in _named(name, limit)}:
        return False
    if (
        result.allowed_by is None
        and result.basis is not None
        and result.basis.limit.of(result.basis.population) != limit
    ):
        return False
    match name:
        case "empty":
            return result.ok == (actual >= limit)
        case "min_role_owners":  # a hub that has too few owners already may keep them
            return result.ok or (actual < limit and bool(result.rows))
        case _:
            return result.ok == (actual <= limit) and (result.ok or bool(result.rows))


def _named(name: GuardrailName, limit: int) -> tuple[int, ...]:
    """The numbers of an override that give this limit: at least one owner always remains."""
    return (0, 1) if name == "min_role_owners" and limit == 1 else (limit,)


def _without_tool(document: Json) -> str:
    shown = {key: found for key, found in object_of(document, "the saved plan").items() if key != "tool"}
    return json.dumps(shown, sort_keys=True)


def _plan(document: Mapping[str, Json]) -> Plan:
    hub, config, summary = (object_of(entry_of(document, key), f"`{key}`") for key in ("hub", "config", "summary"))
    changes = objects_of(document, "changes")
    read = tuple(read_change(entry) for entry in changes)
    return Plan(
        _hub(hub),
        _config(config),
        read,
        number_of(summary, "unchanged"),
        tuple(
            UnmanagedUser(Text(text_of(user, "email")), word_of(user, "policy", _LEFT))
            for user in objects_of(document, "unmanaged")
        ),
        tuple(_finding(found) for found in objects_of(document, "findings")),
        tuple(_guardrail(found) for found in objects_of(document, "guardrails")),
        dict(read_effects(zip(read, changes, strict=True))),
        tuple(_policy(found) for found in objects_of(document, "policies")),
        unmanageable=tuple(
            UnmanageableUser(number_of(user, "id"), name_of(user, "reason", _UNMANAGEABLE), Text(""))
            for user in objects_of(document, "unmanageable")
        ),
        base=_base(document) if "base" in document else None,
        left_out=number_of(document, "left_for_full_apply"),
    )


def _base(document: Mapping[str, Json]) -> GuardComparison:
    """The guards against those of a revision, which only a plan with `--base` has."""
    found = object_of(entry_of(document, "base"), "`base`")
    return GuardComparison(
        Text(text_of(found, "revision")),
        name_of(found, "commit", _COMMIT),
        tuple(
            Weakened(name_of(guard, "guard", _GUARD), maybe_text_of(guard, "before"), maybe_text_of(guard, "after"))
            for guard in objects_of(document, "loosened")
        ),
        None if entry_of(found, "tip") is None else name_of(found, "tip", _COMMIT),
    )


def _hub(found: Mapping[str, Json]) -> HubFacts:
    after = None if entry_of(found, "identity_after") is None else name_of(found, "identity_after", IDENTITY)
    return HubFacts(
        text_of(found, "url"),
        number_of(found, "users"),
        number_of(found, "grants"),
        name_of(found, "identity", IDENTITY),
        maybe_text_of(found, "tenant"),
        after,
    )


def _config(found: Mapping[str, Json]) -> ConfigFacts:
    dirty = None if entry_of(found, "dirty") is None else flag_of(found, "dirty")
    return ConfigFacts(
        number_of(found, "users"), name_of(found, "digest", _DIGEST), maybe_text_of(found, "commit"), dirty
    )


def _message(found: Mapping[str, Json]) -> str:
    """A sentence of ours. What it quotes was made visible when it was written, and is now for certain."""
    return visible(text_of(found, "message"))


def _finding(found: Mapping[str, Json]) -> Finding:
    severity = Severity(word_of(found, "severity", _SEVERITIES))
    rule = name_of(found, "rule", _RULE)
    return Finding(rule, severity, _message(found), maybe_text_of(found, "email"), source_of(found))


def _guardrail(found: Mapping[str, Json]) -> GuardrailResult:
    return GuardrailResult(
        _GUARDRAILS[word_of(found, "guardrail", frozenset(_GUARDRAILS))],
        number_of(found, "actual"),
        number_of(found, "limit"),
        flag_of(found, "ok"),
        None if entry_of(found, "allowed_by") is None else name_of(found, "allowed_by", _ALLOWED),
        tuple(
            GuardrailRow(Text(text_of(row, "email")), _message(row), source_of(row))
            for row in objects_of(found, "rows")
        ),
        None if entry_of(found, "basis") is None else _basis(object_of(entry_of(found, "basis"), "`basis`")),
        flag_of(found, "skipped"),
    )


def _basis(found: Mapping[str, Json]) -> Basis:
    percent, floor, cap = (number_of(found, key) for key in ("percent", "floor", "cap"))
    return Basis(Limit(percent, floor, cap), number_of(found, "population"))


def _policy(found: Mapping[str, Json]) -> PolicyResult:
    """A result. Whom the policy means was not saved, only who they are; nor that an exception has expired, which shows
    where a policy fails that is within its limits."""
    policy = Policy(
        name_of(found, "id", _POLICY),
        Text(text_of(found, "title")),
        Match((), is_all=True),
        a_source_of(found),
        Severity(word_of(found, "severity", _SEVERITIES)),
        maybe_text_of(found, "why"),
        maybe_number_of(found, "at_most") if "at_most" in found else None,
        maybe_number_of(found, "at_least") if "at_least" in found else None,
    )
    rows, excepted, notes = (tuple(map(_policy_row, objects_of(found, key))) for key in ("rows", "excepted", "notes"))
    result = PolicyResult(policy, rows, excepted, notes, flag_of(found, "tolerated"))
    return replace(result, has_expired=result.ok and not flag_of(found, "ok"))


def _policy_row(row: Mapping[str, Json]) -> PolicyRow:
    is_new = flag_of(row, "new") if "new" in row else False
    return PolicyRow(Text(text_of(row, "email")), _message(row), source_of(row), is_new)
