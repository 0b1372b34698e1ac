"""Findings about access as it is given: what opens nothing, what opens more than it seems, what is said twice."""

from collections.abc import Iterable, Iterator
from typing import Final

from bo_sync.access.capabilities import READ_KEYS, READ_TOKENS
from bo_sync.access.entry import Declared, Entry, written
from bo_sync.access.menu import Levels, idle
from bo_sync.access.powers import Powers
from bo_sync.access.rules import (
    EQUALS_PRESET,
    IDLE_GRANT,
    NO_AREA,
    RAISES_ITSELF,
    READS_CREDENTIALS,
    REPEATS_PRESET,
    ROLES_WITHOUT_BACKOFFICE,
    SALES_HUB_PARTLY,
    UNUSED_PRESET,
    VIEWER_CHANGES,
    Rule,
)
from bo_sync.core.model import BACKOFFICE, PLATFORM, ROLES_PERMISSIONS, SALES_HUB, Access, Preset, Role
from bo_sync.core.plan import Finding
from bo_sync.core.presets import Presets, lineage, preset_of

SALES_HUB_NEEDS: Final = (Role("user_management"), Role("product_data"), Role("order_data"))
"""The modules of the documentation's Sales Representative, on which every item of the Sales Hub's menu depends."""
_CREDENTIALS: Final = (
    (READ_KEYS, f"may read the values of API keys ({READ_KEYS[0]}) and possibly act with every key"),
    (READ_TOKENS, f"may read login tokens ({READ_TOKENS[0]}) and possibly log in as a customer"),
)
_SHOWN: Final = 3
"""Operations that a message names."""


def access_findings(entry: Entry, powers: Powers) -> Iterator[Finding]:
    """About what somebody who stays holds in the end."""
    email, source, held = entry.declaration.email, entry.declaration.source, entry.held
    roles = held.get(ROLES_PERMISSIONS, Access.NONE)
    if roles >= Access.EDITOR and BACKOFFICE not in held:
        told = (
            f"{written(ROLES_PERMISSIONS, roles)} while Backoffice is off: Admin > Backoffice Users does not open, yet "
            "the API allows to change anybody's grants, and no guardrail counts this person as an owner"
        )
        yield ROLES_WITHOUT_BACKOFFICE.finding(told, email, source)
    if roles is Access.EDITOR:
        told = "an editor of Roles & permissions may change every grant, their own too, and so become an owner"
        yield RAISES_ITSELF.finding(told, email, source)
    if roles is not Access.OWNER:
        yield from (READS_CREDENTIALS.finding(told, email, source) for told in _credentials(held, powers))
    missing = [role for role in SALES_HUB_NEEDS if role not in held] if SALES_HUB in held else []
    if missing:
        told = f"Sales Hub is on without {_and(missing)}; its menu needs {_and(SALES_HUB_NEEDS)}"
        yield SALES_HUB_PARTLY.finding(told, email, source)
    for rule, told in _idle(held, powers):
        yield rule.finding(told, email, source)
    viewed = [grant.role for grant in entry.user.grants if grant.preset is None and grant.access is Access.VIEWER]
    yield from (VIEWER_CHANGES.finding(told, email, source) for told in _changes_as_viewer(viewed, powers))


def _idle(held: Levels, powers: Powers) -> Iterator[tuple[Rule, str]]:
    """Roles of which no menu item comes; Roles & permissions that can be used anyhow is a finding of its own."""
    usable = {role: access for role, access in held.items() if not _is_used_anyhow(role, access)}
    modules = idle(powers.facts.menu, usable)
    if modules:
        off = [role for role in PLATFORM if role not in held]
        told = f"{_and(modules)} {'opens' if len(modules) == 1 else 'open'} no menu item while {_and(off)}"
        yield (NO_AREA, f"{told} are off") if len(off) == len(PLATFORM) else (IDLE_GRANT, f"{told} is off")


def _is_used_anyhow(role: Role, access: Access) -> bool:
    return role == ROLES_PERMISSIONS and access >= Access.EDITOR


def _credentials(held: Levels, powers: Powers) -> Iterator[str]:
    """One sentence for each kind of credential that may be read, with the grants that allow it."""
    for names, told in _CREDENTIALS:
        ways = (way for name in names for way in powers.ways(name))
        by = [
            written(role, held[role]) for role in dict.fromkeys(role for role, least in ways if _has(held, role, least))
        ]
        if by:
            yield f"{_and(by)} {told}"


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


def style_findings(entry: Entry, presets: Presets) -> Iterator[Finding]:
    """About own entries of somebody who stays that could be said simpler."""
    declaration, own = entry.declaration, entry.own
    for override in own:
        if override.access is entry.preset_access(override.role):
            told = f"{written(override.role, override.access)} changes nothing: {entry.left(override.role)}"
            yield REPEATS_PRESET.finding(told, declaration.email, override.source)
    if not declaration.presets and own and not any(override.until for override in own):
        name = preset_of(entry.held, presets) if entry.held else None
        if name is not None:
            told = f"the own entries give exactly what preset {name} gives; write `preset: {name}` instead of them"
            yield EQUALS_PRESET.finding(told, declaration.email, declaration.source)


def preset_findings(declared: Declared, staying: Iterable[Entry], powers: Powers) -> Iterator[Finding]:
    """About presets, whoever uses them."""
    used = set(lineage([name for entry in staying for name in entry.declaration.presets], declared.presets))
    for preset in declared.by_name:
        yield from _about(preset, powers)
        if preset.name not in used:
            yield UNUSED_PRESET.finding(f"nobody who stays uses preset {preset.name}", source=preset.source)


def _about(preset: Preset, powers: Powers) -> Iterator[Finding]:
    viewed = [grant.role for grant in preset.grants if grant.access is Access.VIEWER]
    for told in _changes_as_viewer(viewed, powers):
        yield VIEWER_CHANGES.finding(f"preset {preset.name}: {told}", source=preset.source)


def _and(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
