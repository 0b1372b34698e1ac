"""A saved plan, read back: only to be compared with the plan made now, never to be run itself.

The file may come from anywhere, so it is believed in nothing: it must have the shape that `plan_json` writes where the
digest looks, and the digest that its own content gives.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bo_sync.core.changes import Direction
from bo_sync.core.document import FORMAT_VERSION, Json, change_document, digest, digest_of
from bo_sync.core.hub_identity import brief, tenants_differ
from bo_sync.core.model import ACCESS_WORDS
from bo_sync.core.plan import HubFacts, Plan
from bo_sync.core.text import Text
from bo_sync.render.documents import (
    entry_of,
    exactly,
    list_of,
    maybe_number_of,
    maybe_text_of,
    name_of,
    object_of,
    parsed,
    refuse,
    text_of,
    word_of,
    words_of,
)
from bo_sync.render.escape import terminal
from bo_sync.render.phrases import address, value


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
