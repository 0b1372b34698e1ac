"""A saved plan, read back whole, to be shown in another form; it is never run, and could not be.

What a run needs beside (the ids of rows and definitions) was never saved. What is read is believed in nothing: it must
have the digest that it names, hold only words that bo-sync has, and give the same document when it is written again; so
a file that contradicts itself, or that another version wrote, is refused and not shown wrongly.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, get_args

from bo_sync.core.changes import Cause, Change, DeleteUser, RemoveDuplicate, UpdateUser
from bo_sync.core.diff import PROTECTED, UnmanageableUser, UnmanagedPerson
from bo_sync.core.document import Json
from bo_sync.core.guardrails import Basis, GuardrailName, GuardrailResult, GuardrailRow
from bo_sync.core.guards import GuardComparison, Loosened
from bo_sync.core.model import Severity
from bo_sync.core.plan import ConfigFacts, Finding, HubFacts, Plan
from bo_sync.core.policy import Match, Policy, PolicyResult, PolicyRow
from bo_sync.core.settings import Limit, Unmanaged
from bo_sync.core.text import Text, visible
from bo_sync.render.documents import (
    entry_of,
    flag_of,
    maybe_number_of,
    maybe_text_of,
    name_of,
    number_of,
    object_of,
    objects_of,
    parsed,
    refuse,
    text_of,
    word_of,
)
from bo_sync.render.json import plan_json
from bo_sync.render.saved import IDENTITY, read_saved
from bo_sync.render.saved_changes import a_source_of, read_change, read_effects, source_of

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
            UnmanagedPerson(Text(text_of(person, "email")), word_of(person, "policy", _LEFT))
            for person in objects_of(document, "unmanaged")
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
            Loosened(name_of(guard, "guard", _GUARD), maybe_text_of(guard, "before"), maybe_text_of(guard, "after"))
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
