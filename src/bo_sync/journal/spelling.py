"""How the lines of a journal are spelled: one JSON object a line, pure ASCII. `journal/parsing.py` reads them back."""

import json
from collections import Counter
from typing import assert_never

from bo_sync.core.document import FORMAT_VERSION, Json
from bo_sync.core.report import Outcome
from bo_sync.core.text import Text
from bo_sync.journal.entries import Answer, Before, End, Entry, Header, Intent, Person, RowIntent


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
        case Answer():
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
        "users": [_person_document(person) for person in header.people],
    }


def _person_document(person: Person) -> Json:
    return {
        "email": person.email.raw,
        "action": person.action,
        "id": person.id,
        "profile": [
            {"field": change.field, "before": _raw(change.before), "after": _raw(change.after)}
            for change in person.profile
        ],
        "grants": [
            {
                "role": grant.role,
                "before": grant.before.word,
                "after": grant.after.word,
                "direction": grant.direction.value,
            }
            for grant in person.grants
        ],
        "before": None if person.before is None else _before_document(person.before),
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
    counts = Counter(person.outcome for person in end.outcomes)
    return {
        "entry": "end",
        "at": end.at.raw,
        "summary": {outcome.value: counts[outcome] for outcome in Outcome},
        "outcomes": [
            {
                "email": person.email.raw,
                "action": person.action,
                "outcome": person.outcome.value,
                "error": person.error,
            }
            for person in end.outcomes
        ],
    }


def _raw(text: Text | None) -> str | None:
    return None if text is None else text.raw
