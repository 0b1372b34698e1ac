"""Findings about the files, derived only from the files: one function per subject, gathered by `judge`."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Final

from bo_sync.access.capabilities import READ_KEYS, READ_TOKENS, Powers, powers
from bo_sync.access.catalogue import Levels, idle, kept
from bo_sync.access.finding_codes import (
    ACCOUNT_EXPIRED,
    ACCOUNT_EXPIRES_SOON,
    BUILT_IN_KEPT,
    EQUALS_PRESET,
    GIVES_LATER,
    GRANT_EXPIRED,
    GRANT_EXPIRES_SOON,
    IDLE_GRANT,
    IGNORE_EXPIRED,
    IGNORE_IDLE,
    NO_AREA,
    PRESET_GIVES_MORE,
    RAISES_ITSELF,
    READS_CREDENTIALS,
    REPEATS_PRESET,
    ROLES_WITHOUT_BACKOFFICE,
    RULES,
    SALES_HUB_PARTLY,
    SUPPRESSED,
    UNUSED_PRESET,
    VIEWER_CHANGES,
    Origin,
    Rule,
)
from bo_sync.core.expiry import has_passed
from bo_sync.core.model import (
    BACKOFFICE,
    PLATFORM,
    ROLES_PERMISSIONS,
    SALES_HUB,
    Access,
    Declaration,
    Departure,
    DesiredGrant,
    DesiredUser,
    Ignore,
    Override,
    Preset,
    Role,
    Source,
)
from bo_sync.core.plan import Finding
from bo_sync.core.presets import Presets, expand, lineage, preset_of
from bo_sync.core.settings import Settings
from bo_sync.core.text import Message, Text

Given = Mapping[Role, DesiredGrant]
"""What presets give together."""


@dataclass(frozen=True, slots=True)
class Declared:
    """Files without errors."""

    declarations: tuple[Declaration, ...]
    presets: Presets
    settings: Settings

    @property
    def by_name(self) -> tuple[Preset, ...]:
        return tuple(self.presets[name] for name in sorted(self.presets))


@dataclass(frozen=True, slots=True)
class UserEntry:
    """One user's entry. `given` is what the presets give, `held` what the user has in the end, without NONE."""

    declaration: Declaration
    user: DesiredUser
    given: Given
    held: Levels
    day: date

    @property
    def own(self) -> tuple[Override, ...]:
        """The direct grants that hold on the day."""
        return tuple(own for own in self.declaration.overrides if not has_passed(own.until, self.day))

    def preset_access(self, role: Role) -> Access:
        """What only the presets give of a role."""
        given = self.given.get(role)
        return given.access if given else Access.NONE

    def left(self, role: Role) -> Message:
        """What remains of a role without the direct grant, as a clause."""
        given = self.given.get(role)
        if given is None or given.preset is None:
            return Message(f"no preset gives {role}")
        return Message("preset {} gives {}", Text(given.preset), written(role, given.access))


def entries(declared: Declared, users: Iterable[DesiredUser], day: date) -> tuple[UserEntry, ...]:
    """Every user in the files, also users who leave, in the order of the files."""
    given: dict[tuple[str, ...], Given] = {}
    found = []
    for declaration, user in zip(declared.declarations, users, strict=True):
        names = declaration.presets
        if names not in given:
            given[names] = expand(names, declared.presets)
        held = {grant.role: grant.access for grant in user.grants}
        found.append(UserEntry(declaration, user, given[names], held, day))
    return tuple(found)


def written(role: Role, access: Access) -> str:
    """A grant as files spell it, between backticks: `pricing: viewer`, `backoffice: true`."""
    word = ("true" if access else "false") if role in PLATFORM else access.word
    return f"`{role}: {word}`"


def _account_findings(entry: UserEntry, declared: Declared, _: Powers) -> Iterator[Finding]:
    """About the end of the account."""
    within = declared.settings.expiring_within
    until, email, source = entry.declaration.until, entry.declaration.email, entry.declaration.source
    if entry.user.departure is Departure.UNTIL_PASSED:
        message = f"the account ended on {until}, so apply deletes this person; to keep them, write a later `until`"
        yield ACCOUNT_EXPIRED.finding(message, email, source)
    elif entry.user.departure is None and until is not None and _is_soon(until, entry.day, within):
        message = f"the account ends {_when(until, entry.day)}; after that day apply deletes this person"
        yield ACCOUNT_EXPIRES_SOON.finding(message, email, source)


def _grant_findings(entry: UserEntry, declared: Declared, _: Powers) -> Iterator[Finding]:
    """About the ends of direct grants."""
    within = declared.settings.expiring_within
    for own in entry.user.expired:
        yield _ended(entry, own)
    yield from _later_gains(entry)
    for own in entry.own:
        if own.until is not None and _is_soon(own.until, entry.day, within) and _matters(entry, own):
            more = ", which is more" if entry.preset_access(own.role) > own.access else ""
            ending = f"{written(own.role, own.access)} ends {_when(own.until, entry.day)}; then "
            message = Message("{}{}{}", ending, entry.left(own.role), more)
            yield GRANT_EXPIRES_SOON.finding(message, entry.declaration.email, own.source)


def _later_gains(entry: UserEntry) -> Iterator[Finding]:
    """About direct grants after whose end the presets give more, however far ahead the day is."""
    for own in entry.own:
        if own.until is not None and entry.preset_access(own.role) > own.access and _matters(entry, own):
            held = f"{written(own.role, own.access)} holds until {own.until}"
            message = Message("{}; afterwards {}", held, entry.left(own.role))
            yield GIVES_LATER.finding(message, entry.declaration.email, own.source)


def _ended(entry: UserEntry, own: Override) -> Finding:
    was = f"{written(own.role, own.access)} ended on {own.until}"
    if entry.preset_access(own.role) > own.access:
        more = Message("{}, so {} again, which is more", was, entry.left(own.role))
        message = Message("{}; should it not, write a later `until`", more)
        return PRESET_GIVES_MORE.finding(message, entry.declaration.email, own.source)
    message = Message("{} and is read as if it were not there ({}); take it out", was, entry.left(own.role))
    return GRANT_EXPIRED.finding(message, entry.declaration.email, own.source)


def _matters(entry: UserEntry, own: Override) -> bool:
    """Whether the end changes anything: the presets give something else, and the account does not end as early."""
    account = entry.declaration.until
    is_last = account is not None and own.until is not None and account <= own.until
    return not is_last and entry.preset_access(own.role) is not own.access


def _is_soon(until: date, day: date, within: int) -> bool:
    return (until - day).days <= within


def _when(until: date, day: date) -> str:
    """`today`, `tomorrow`, `on 2026-06-20, in 5 days`."""
    days = (until - day).days
    return {0: "today", 1: "tomorrow"}.get(days, f"on {until}, in {days} days")


SALES_HUB_NEEDS: Final = (Role("user_management"), Role("product_data"), Role("order_data"))
"""The modules of the documentation's Sales Representative, on which every item of the Sales Hub's menu depends."""
_CREDENTIALS: Final = (
    (READ_KEYS, f"may read the values of API keys ({READ_KEYS[0]}) and possibly act with every key"),
    (READ_TOKENS, f"may read login tokens ({READ_TOKENS[0]}) and possibly log in as a customer"),
)
_SHOWN: Final = 3
"""Operations that a message names."""


def _access_findings(entry: UserEntry, _: Declared, powers: Powers) -> Iterator[Finding]:
    """About what the user holds in the end."""
    email, source, held = entry.declaration.email, entry.declaration.source, entry.held
    roles = held.get(ROLES_PERMISSIONS, Access.NONE)
    if roles >= Access.EDITOR and BACKOFFICE not in held:
        message = (
            f"{written(ROLES_PERMISSIONS, roles)} while Backoffice is off: Admin > Backoffice Users does not open, yet "
            "the API allows to change anybody's grants, and no guardrail counts this person as an owner"
        )
        yield ROLES_WITHOUT_BACKOFFICE.finding(message, email, source)
    if roles is Access.EDITOR:
        message = "an editor of Roles & permissions may change every grant, their own too, and so become an owner"
        yield RAISES_ITSELF.finding(message, email, source)
    if roles is not Access.OWNER:
        yield from (READS_CREDENTIALS.finding(message, email, source) for message in _credentials(held, powers))
    missing = [role for role in SALES_HUB_NEEDS if role not in held] if SALES_HUB in held else []
    if missing:
        message = f"Sales Hub is on without {_and(missing)}; its menu needs {_and(SALES_HUB_NEEDS)}"
        yield SALES_HUB_PARTLY.finding(message, email, source)
    for rule, message in _idle(held, powers):
        yield rule.finding(message, email, source)
    viewed = [grant.role for grant in entry.user.grants if grant.preset is None and grant.access is Access.VIEWER]
    yield from (VIEWER_CHANGES.finding(message, email, source) for message in _changes_as_viewer(viewed, powers))


def _idle(held: Levels, powers: Powers) -> Iterator[tuple[Rule, str]]:
    """Roles that open no menu item. Roles & permissions is usable without one and has a finding of its own."""
    usable = {role: access for role, access in held.items() if not _is_used_anyhow(role, access)}
    modules = idle(powers.facts.menu, usable)
    if modules:
        off = [role for role in PLATFORM if role not in held]
        message = f"{_and(modules)} {'opens' if len(modules) == 1 else 'open'} no menu item while {_and(off)}"
        yield (NO_AREA, f"{message} are off") if len(off) == len(PLATFORM) else (IDLE_GRANT, f"{message} is off")


def _is_used_anyhow(role: Role, access: Access) -> bool:
    return role == ROLES_PERMISSIONS and access >= Access.EDITOR


def _credentials(held: Levels, powers: Powers) -> Iterator[str]:
    """One sentence per kind of credential that may be read, with the grants that allow it."""
    for names, message in _CREDENTIALS:
        ways = (way for name in names for way in powers.ways(name))
        by = [
            written(role, held[role]) for role in dict.fromkeys(role for role, least in ways if _has(held, role, least))
        ]
        if by:
            yield f"{_and(by)} {message}"


def _has(held: Levels, role: Role, least: Access) -> bool:
    return held.get(role, Access.NONE) >= least


def _changes_as_viewer(roles: Iterable[Role], powers: Powers) -> Iterator[str]:
    """One sentence when a viewer of some of `roles` may run mutations."""
    opening = {role: _mutations(role, powers) for role in roles}
    changing = [role for role, found in opening.items() if found]
    operations = powers.ordered({name for found in opening.values() for name in found})
    if operations:
        more = f" and {len(operations) - _SHOWN} more" if len(operations) > _SHOWN else ""
        yield f"a viewer of {_and(changing)} may do more than look: {', '.join(operations[:_SHOWN])}{more}"


def _mutations(role: Role, powers: Powers) -> tuple[str, ...]:
    allowed = powers.of({role: Access.VIEWER}).operations
    return tuple(name for name in allowed if powers.operation(name).is_mutation)


def _style_findings(entry: UserEntry, declared: Declared, _: Powers) -> Iterator[Finding]:
    """About direct grants that could be written more simply."""
    declaration, own = entry.declaration, entry.own
    for override in own:
        if override.access is entry.preset_access(override.role):
            grant = written(override.role, override.access)
            message = Message("{} changes nothing: {}", grant, entry.left(override.role))
            yield REPEATS_PRESET.finding(message, declaration.email, override.source)
    if not declaration.presets and own and not any(override.until for override in own):
        name = preset_of(entry.held, declared.presets) if entry.held else None
        if name is not None:
            given = Message("the own entries give exactly what preset {} gives", Text(name))
            message = Message("{}; write `preset: {}` instead of them", given, Text(name))
            yield EQUALS_PRESET.finding(message, declaration.email, declaration.source)


def preset_findings(declared: Declared, staying: Iterable[UserEntry], powers: Powers) -> Iterator[Finding]:
    """About presets, independent of who uses them."""
    used = set(lineage([name for entry in staying for name in entry.declaration.presets], declared.presets))
    for preset in declared.by_name:
        yield from _about_preset(preset, powers)
        if preset.name not in used:
            yield UNUSED_PRESET.finding(
                Message("nobody who stays uses preset {}", Text(preset.name)), source=preset.source
            )


def _about_preset(preset: Preset, powers: Powers) -> Iterator[Finding]:
    viewed = [grant.role for grant in preset.grants if grant.access is Access.VIEWER]
    for message in _changes_as_viewer(viewed, powers):
        yield VIEWER_CHANGES.finding(Message("preset {}: {}", Text(preset.name), message), source=preset.source)


def _and(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


_LONGEST: Final = 40
"""Most characters of an untrusted word that a message repeats."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that is not shown, and what suppresses it."""

    finding: Finding
    by: Ignore


def weigh(entry: UserEntry, found: Sequence[Finding]) -> tuple[list[Finding], list[Suppressed]]:
    """The entry's own findings that are left, with the findings about its `ignore`, and those that it suppresses.

    Users who leave can only suppress findings about their account, so their idle suppressions are not findings.
    """
    ended = [ignore for ignore in entry.declaration.ignore if has_passed(ignore.until, entry.day)]
    holding = [ignore for ignore in entry.declaration.ignore if ignore not in ended]
    by_rule = {ignore.rule.raw: ignore for ignore in reversed(holding)}
    accepted = [Suppressed(finding, by_rule[finding.rule]) for finding in found if finding.rule in by_rule]
    left = [finding for finding in found if finding.rule not in by_rule]
    if entry.user.departure is None:
        raised = {finding.rule for finding in found}
        left += _about_suppressions(entry, ended, (ignore for ignore in holding if ignore.rule.raw not in raised))
    return left, accepted


def _about_suppressions(entry: UserEntry, ended: Iterable[Ignore], idle: Iterable[Ignore]) -> Iterator[Finding]:
    email = entry.declaration.email
    for ignore in ended:
        message = Message(
            "the `ignore` of {} ended on {}; take it out, or agree on a later day", _named(ignore.rule), ignore.until
        )
        yield IGNORE_EXPIRED.finding(message, email, ignore.source)
    for ignore in idle:
        yield IGNORE_IDLE.finding(_why_idle(ignore.rule), email, ignore.source)


def _why_idle(word: Text) -> str:
    rule = RULES.get(word.raw)
    if rule is None:
        known = [rule.id for rule in RULES.values() if rule.origin is Origin.USER]
        near = get_close_matches(word.raw[:_LONGEST].upper(), known, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        return Message("the `ignore` of {} accepts nothing: there is no such finding{}", _named(word), meant)
    if rule.origin is not Origin.USER:
        return f"the `ignore` of {rule.id} accepts nothing: that finding is about {rule.origin}, which no entry accepts"
    return f"the `ignore` of {rule.id} accepts nothing: this entry does not raise it; take it out"


def _named(word: Text) -> Message:
    return Message(word.raw) if word.raw in RULES else Message('"{}"', Text(word.raw[:_LONGEST]))


def count(accepted: Sequence[Suppressed]) -> Iterator[Finding]:
    """One finding with the number of suppressed findings and their ids."""
    if accepted:
        times = Counter(entry.finding.rule for entry in accepted)
        rules = ", ".join(rule if number == 1 else f"{rule} ({number} times)" for rule, number in sorted(times.items()))
        verb = "finding is" if len(accepted) == 1 else "findings are"
        yield SUPPRESSED.finding(f"{len(accepted)} {verb} accepted with `ignore`: {rules}")


@dataclass(frozen=True, slots=True)
class Judged:
    """All findings, in the order of the files and of their numbers, and the suppressed ones."""

    findings: tuple[Finding, ...]
    accepted: tuple[Suppressed, ...]

    def of(self, email: Text) -> tuple[Finding, ...]:
        """The findings about one user."""
        return tuple(found for found in self.findings if found.email and found.email.folded == email.folded)


USER_CHECKS: Final[tuple[Callable[[UserEntry, Declared, Powers], Iterator[Finding]], ...]] = (
    _account_findings,
    _grant_findings,
    _access_findings,
    _style_findings,
)
"""The checks of each user who stays. For users who leave, only the account is checked."""


def judge(declared: Declared, users: Iterable[DesiredUser], day: date) -> Judged:
    """Every finding on `day`; the same for every order of the files. `users` is what the entries mean on that day."""
    known = powers(declared.settings)
    everybody = entries(declared, users, day)
    staying = [entry for entry in everybody if entry.user.departure is None]
    findings = [*_settings_findings(declared.settings)]
    if everybody:
        findings += preset_findings(declared, staying, known)
    accepted: list[Suppressed] = []
    for entry in everybody:
        checks = USER_CHECKS if entry.user.departure is None else (_account_findings,)
        left, let_be = weigh(entry, [finding for check in checks for finding in check(entry, declared, known)])
        findings += left
        accepted += let_be
    ordered = (*sorted(findings, key=_place), *count(accepted))
    return Judged(ordered, tuple(sorted(accepted, key=lambda entry: _place(entry.finding))))


def _settings_findings(settings: Settings) -> Iterator[Finding]:
    """About the operations table that the settings name."""
    added = settings.catalogue
    names = kept(added) if added else ()
    if added and names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        message = f"built-in operations keep their lowest level: {', '.join(names[:_SHOWN])}{more}"
        yield BUILT_IN_KEPT.finding(message, source=Source(added.path, 1))


def _place(finding: Finding) -> tuple[object, ...]:
    return (finding.source, finding.rule, finding.message, finding.email or Text(""))
