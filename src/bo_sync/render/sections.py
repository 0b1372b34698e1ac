"""A plan as rows in sections, most severe first, and what each change allows in words.

A row is in exactly one section, most severe first (`Gravity`). Grants of Roles & permissions and of API keys are
listed with blocked changes and deletions, and so is every grant that gives a grave capability (`is_grave`).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, auto
from functools import lru_cache
from typing import Final, NamedTuple, assert_never

from bo_sync.access.capabilities import among
from bo_sync.access.catalogue import catalogue
from bo_sync.core.apply_report import UserOutcome
from bo_sync.core.changes import (
    Cause,
    Change,
    CreateUser,
    DeleteUser,
    Effect,
    FieldChange,
    GrantChange,
    RemoveDuplicate,
    Shift,
    UpdateUser,
    place_of_grant,
)
from bo_sync.core.diff import PROTECTED
from bo_sync.core.guardrail_checks import by_expiry
from bo_sync.core.model import BACKOFFICE, ROLES_PERMISSIONS, Access, Profile, ProfileField, Role, Severity, Source
from bo_sync.core.plan import Finding, Plan
from bo_sync.core.settings import Unmanaged
from bo_sync.core.text import Text
from bo_sync.render.guardrails import measure_of, told_of
from bo_sync.render.layout import Pieces, Row, row
from bo_sync.render.wording import address, counted, level, step, users


class Gravity(IntEnum):
    """Gravest first. Rows of equal gravity are in the order of their addresses."""

    WEAKENED_GUARD = auto()
    BLOCKED = auto()
    """The first row of each file error, guardrail and policy that blocks."""
    OWNER_GAINED = auto()
    """Ownership of Roles & permissions: this user can change all access."""
    CAPABILITY_GAINED = auto()
    """Another grant of a delicate role, or a grant with a grave capability."""
    DELETION = auto()
    OWNERSHIP_LOST = auto()
    """Loss of a delicate role, or of Backoffice by a user who owns Roles & permissions."""
    BLOCKED_TOO = auto()
    """The other rows of what blocks, and of weakened guards those after the first."""
    WARNING = auto()
    GAIN_IN_WORDS = auto()
    """A grant with a capability that is not grave."""
    GAIN = auto()
    LOSS = auto()
    REST = auto()

    @property
    def is_change_to_review(self) -> bool:
        """Whether a reviewer must see this change, whatever else is left out."""
        return self in _CHANGES_TO_REVIEW


_CHANGES_TO_REVIEW: Final = frozenset(
    {Gravity.OWNER_GAINED, Gravity.CAPABILITY_GAINED, Gravity.DELETION, Gravity.OWNERSHIP_LOST}
)


def gravity_of_gain(after: Mapping[Role, Access], *, is_delicate: bool, has_capability: bool) -> Gravity:
    """The gravity of the grants that one row adds, by the access after it."""
    if after.get(ROLES_PERMISSIONS) is Access.OWNER:
        return Gravity.OWNER_GAINED
    if is_delicate:
        return Gravity.CAPABILITY_GAINED
    return Gravity.GAIN_IN_WORDS if has_capability else Gravity.GAIN


DELICATE: Final = frozenset({ROLES_PERMISSIONS, Role("api_keys")})
"""A user with these can raise their own access, or make a key that outlives the account."""

NAMED: Final = 2
"""Maximum number of menu items that are named; more are counted."""


@lru_cache(maxsize=1024)  # users with one preset gain the same
def meaning(shift: Shift, *, explain: bool = False) -> str:
    """`can now create API keys; opens Admin > API Keys; +10 operations`; with `explain` every item and operation."""
    return "; ".join(_parts(shift, explain=explain)) or "opens and closes nothing that is known"


def _parts(shift: Shift, *, explain: bool) -> Iterator[str]:
    if gained := _capabilities(shift.gained, shift.lost):
        yield f"can now {gained}"
    if lost := _capabilities(shift.lost, shift.gained):
        yield f"can no longer {lost}"
    for verb, items in (("opens", shift.opened), ("closes", shift.closed)):
        if items:
            yield f"{verb} {_items(items, explain=explain)}"
    for sign, names in (("+", shift.gained), ("-", shift.lost)):
        if names:
            told = f": {', '.join(names)}" if explain else ""
            yield f"{sign}{counted(len(names), 'operation')}{told}"


def _capabilities(here: Sequence[str], elsewhere: Sequence[str]) -> str:
    """Capabilities among the operations `here`, except those that the other direction has too."""
    return "; ".join(entry.words for entry in among(here) if entry not in among(elsewhere))


def _items(items: Sequence[str], *, explain: bool) -> str:
    if explain or len(items) <= NAMED:
        return ", ".join(items)
    return counted(len(items), "menu item")


@lru_cache(maxsize=1024)
def is_grave(shift: Shift) -> bool:
    """Whether the user gains a grave capability, or opens a menu item of a delicate role.

    That item may open by another grant: Backoffice switched on for an owner of Roles & permissions.
    """
    return any(entry.is_grave for entry in among(shift.gained)) or not _delicate_items().isdisjoint(shift.opened)


def has_ability(shift: Shift) -> bool:
    """Whether a gain has a capability."""
    return bool(among(shift.gained))


@lru_cache(maxsize=1)
def _delicate_items() -> frozenset[str]:
    return frozenset(item.name for item in catalogue().menu if not DELICATE.isdisjoint(item.modules))


_NAMES: Final[tuple[ProfileField, ...]] = ("first_name", "middle_name", "last_name")


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    rows: tuple[Row, ...]


class Told(NamedTuple):
    """A row about a change, or about a part of it that has its own line."""

    change: Change
    row: Row
    gravity: Gravity
    place: Source | None = None


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Rows by section, each in the plan's order, which is by address."""

    grave: list[Told]
    gained: list[Told]
    lost: list[Told]
    profile: list[Told]


@dataclass(frozen=True, slots=True)
class _Telling:
    """A plan, and whether each effect lists all operations."""

    plan: Plan
    explain: bool

    def whole(self, change: CreateUser | DeleteUser) -> str:
        """The effects of the whole change, in words."""
        effect = self.plan.effects.get(change.email.folded)
        return meaning(effect.whole, explain=self.explain) if effect else ""

    def part(self, change: UpdateUser, role: Role) -> Shift | None:
        effect = self.plan.effects.get(change.email.folded)
        return effect.parts.get(role, Shift()) if effect else None


def sections(plan: Plan, *, explain: bool = False) -> tuple[Section, ...]:
    """The sections with rows, in order; `explain` names every menu item and operation."""
    found = _sorted(_Telling(plan, explain))
    titled = (
        ("Needs attention", (*_refusals(plan), *_rows(found.grave), *_findings(plan, info=False))),
        ("Access gained", _rows(found.gained)),
        ("Access lost", _rows(found.lost)),
        ("Profile only, no effect on access", _rows(found.profile)),
        ("Not touched", tuple(_untouched(plan))),
    )
    return tuple(Section(title, rows) for title, rows in titled if rows)


def attention(plan: Plan) -> tuple[Told, ...]:
    """The changes that need attention, gravest first."""
    return _gravest_first(_sorted(_Telling(plan, explain=False)).grave)


def by_gravity(outcomes: Iterable[UserOutcome], plan: Plan) -> list[UserOutcome]:
    """`outcomes`, those with the gravest changes of `plan` first."""
    gravest = {entry.change.email.folded: entry.gravity for entry in reversed(attention(plan))}
    return sorted(outcomes, key=lambda outcome: gravest.get(outcome.email.folded, Gravity.REST))


def _gravest_first(told: Iterable[Told]) -> tuple[Told, ...]:
    return tuple(sorted(told, key=lambda entry: entry.gravity))


def _rows(told: Iterable[Told]) -> tuple[Row, ...]:
    return tuple(entry.row for entry in _gravest_first(told))


def _sorted(telling: _Telling) -> _Sorted:
    found, plan = _Sorted([], [], [], []), telling.plan
    leaving = {
        entry.email
        for guardrail in plan.guardrails
        if guardrail.guardrail == "min_role_owners"
        for entry in guardrail.rows
    }
    for change in plan.changes:
        match change:
            case CreateUser():
                gravity = _gravity_of_create(change, telling)
                place = found.grave if gravity.is_change_to_review else found.gained
                place.append(Told(change, _created(change, telling), gravity))
            case UpdateUser():
                _sort_update(change, found, telling, DELICATE | {BACKOFFICE} if change.email in leaving else DELICATE)
            case DeleteUser():
                found.grave.append(Told(change, _deleted(change, telling), Gravity.DELETION))
            case unreachable:
                assert_never(unreachable)
    return found


def _gravity_of_create(change: CreateUser, telling: _Telling) -> Gravity:
    effect = telling.plan.effects.get(change.email.folded, Effect())
    return gravity_of_gain(
        {grant.role: grant.after for grant in change.grants},
        is_delicate=any(grant.role in DELICATE for grant in change.grants) or is_grave(effect.whole),
        has_capability=has_ability(effect.whole),
    )


def _refusals(plan: Plan) -> Iterator[Row]:
    for guardrail in plan.refused:
        yield row(
            "!", "", f"{guardrail.guardrail} refuses this plan: {measure_of(guardrail)}; see the guardrails below"
        )
    for guardrail in plan.skipped:
        told = (
            f"{guardrail.guardrail} blocks users, who are left out: {measure_of(guardrail)}; see the guardrails below"
        )
        yield row("!", "", told)
    for result in plan.violated:
        told = f"the policy {result.policy.id} refuses this plan: {told_of(result)}; see the policies below"
        yield row("!", "", told)


def _findings(plan: Plan, *, info: bool) -> Iterator[Row]:
    for finding in sorted(plan.findings, key=lambda finding: _SEVERITIES.index(finding.severity)):
        if (finding.severity is Severity.INFO) is info:
            yield _finding(finding)


_SEVERITIES: Final = tuple(Severity)


def _finding(finding: Finding) -> Row:
    told = finding.message if finding.severity is Severity.INFO else f"{finding.severity}: {finding.message!s}"
    return row(
        "=" if finding.severity is Severity.INFO else "!",
        address(finding.email) if finding.email else "",
        f"{told!s} ({finding.rule})",
        source=str(finding.source.short) if finding.source else "",
    )


def _created(change: CreateUser, telling: _Telling) -> Row:
    given = ", ".join(f"{grant.role} {level(grant.role, grant.after)}" for grant in change.grants)
    effect = (*_introduced(change.profile), f"; gets {given or 'no access'}")
    return row("+", address(change.email), effect, source=str(change.source.short), meaning=telling.whole(change))


def _introduced(profile: Profile) -> Iterator[str | Text]:
    """`created as "Ada Lovelace", phone "…"`."""
    values = {entry.field: entry.value for entry in profile if entry.value is not None}
    name = " ".join(values[field].raw for field in _NAMES if field in values)
    yield from ("created as ", Text(name)) if name else ("created",)
    for field, held in values.items():
        if field not in _NAMES:
            yield from (f", {_words(field)} ", held)


_BECAUSE: Final = {
    Cause.STATE_ABSENT: "the file says `state: absent`",
    Cause.UNTIL_PASSED: "the file's `until` has passed",
    Cause.UNMANAGED: "there is no file (`unmanaged: delete`)",
}


def _deleted(change: DeleteUser, telling: _Telling) -> Row:
    held = ", ".join(f"{grant.role} {level(grant.role, grant.before)}" for grant in change.grants)
    effect = (f"deleted, because {_BECAUSE[change.cause]}; loses {held or 'no access'}",)
    source = str(change.source.short) if change.source else ""
    return row("-", address(change.email), effect, source=source, meaning=telling.whole(change))


def _sort_update(change: UpdateUser, found: _Sorted, telling: _Telling, delicate: Collection[Role]) -> None:
    who = address(change.email)
    for grant in change.grants:
        if isinstance(grant, RemoveDuplicate):
            found.profile.append(Told(change, _row_of(change, "-", _duplicate(grant, change.grants)), Gravity.REST))
            continue
        gains = grant.direction.gives
        shift = telling.part(change, grant.role)
        is_delicate = grant.role in delicate or (shift is not None and is_grave(shift))
        means = meaning(shift, explain=telling.explain) if shift else ""
        effect = (step(grant.role, grant.before, grant.after) + by_expiry(grant),)
        at = place_of_grant(grant, change) or change.source
        told = row("▲" if gains else "▼", who, effect, topic=grant.role, source=str(at.short), meaning=means)
        if gains:
            able = shift is not None and has_ability(shift)
            gravity = gravity_of_gain({grant.role: grant.after}, is_delicate=is_delicate, has_capability=able)
        else:
            gravity = Gravity.OWNERSHIP_LOST if is_delicate else Gravity.LOSS
        place = found.gained if gains else found.lost
        (found.grave if gravity.is_change_to_review else place).append(Told(change, told, gravity, at))
    edits = (_row_of(change, "~", _edited(field), _words(field.field)) for field in change.profile)
    found.profile.extend(Told(change, edit, Gravity.REST) for edit in edits)


def _row_of(change: UpdateUser, symbol: str, effect: Pieces, topic: str = "") -> Row:
    return row(symbol, address(change.email), effect, topic=topic, source=str(change.source.short))


def _edited(change: FieldChange) -> Pieces:
    before, after = (_EMPTY if text is None else text for text in (change.before, change.after))
    return (before, " → ", after)


_EMPTY: Final = "(empty)"


def _words(field: ProfileField) -> str:
    return field.replace("_", " ")


def _duplicate(surplus: RemoveDuplicate, grants: Sequence[GrantChange]) -> Pieces:
    role = surplus.role
    becomes = (grant.after for grant in grants if grant.role == role and not isinstance(grant, RemoveDuplicate))
    changed = next(becomes, None)
    rest = f"{level(role, surplus.after)} stays" if changed is None else f"the other becomes {level(role, changed)}"
    return (f"a second row for {role} ({level(role, surplus.before)}) is removed; {rest}",)


def _untouched(plan: Plan) -> Iterator[Row]:
    ignored = 0
    for unmanaged in plan.unmanaged:
        if unmanaged.policy == Unmanaged.IGNORE:
            ignored += 1
        else:
            yield row("=", address(unmanaged.email), (_LEFT[unmanaged.policy],))
    if ignored:
        yield row("=", "", (f"{users(ignored)} in the hub without a file, left alone (`unmanaged: ignore`)",))
    for user in plan.unmanageable:
        yield row("=", f"id {user.id}", (f"in the hub, cannot be managed: {user.reason}",))
    if plan.changes and plan.unchanged:
        yield row("=", "", (f"{users(plan.unchanged)} already as the files say",))
    yield from _findings(plan, info=True)


def nothing_of(plan: Plan) -> str:
    """The sentence of a plan without changes: it covers all users of the files only where all were compared.

    With `--only` and `--expired` most are not, and users whose addresses differ only in case never are.
    """
    if plan.unchanged == plan.config.users:
        return "The hub holds what the files say"
    return f"The hub holds what the files say of {plan.unchanged} of {users(plan.config.users)}; no more were compared"


def left_out_of(plan: Plan) -> str:
    """The changes of chosen users that `--expired` leaves out; "" for none."""
    if not plan.left_out:
        return ""
    verb = "is" if plan.left_out == 1 else "are"
    changes = counted(plan.left_out, "other change")
    return f"{changes} of users with an expired account or grant {verb} left for a full apply."


_LEFT: Final = {
    Unmanaged.REPORT.value: "in the hub without a file, left alone (`unmanaged: report`)",
    PROTECTED: "in the hub without a file, protected",
}
