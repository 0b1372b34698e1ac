"""From what an entry declares to what it means today: presets united, then direct grants, with expiry applied.

Presets only give: over `extends` and over several presets the highest access wins. Only direct grants take access away.
An entry whose last day has passed is ignored, so what a preset gives holds again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from bo_sync.core.expiry import departure, has_expired_part, has_passed, spans
from bo_sync.core.model import (
    PROFILE_FIELDS,
    Access,
    Declaration,
    DesiredGrant,
    DesiredUser,
    FieldValue,
    Preset,
    Profile,
    Role,
)
from bo_sync.core.settings import Settings

Presets = Mapping[str, Preset]
"""By name. Every name that a preset or a user uses is present, and no preset extends itself, directly or indirectly."""


def expand(names: Sequence[str], presets: Presets) -> dict[Role, DesiredGrant]:
    """What the named presets give together, each grant with the preset that gives it (the first named, at a tie)."""
    grants: dict[Role, DesiredGrant] = {}
    for name in lineage(names, presets):
        for given in presets[name].grants:
            held = grants.get(given.role)
            if given.access > (held.access if held else Access.NONE):
                grants[given.role] = DesiredGrant(given.role, given.access, given.source, preset=name)
    return grants


def lineage(names: Sequence[str], presets: Presets) -> tuple[str, ...]:
    """The names and all that they extend, each once, a preset before those that it extends."""
    found: dict[str, None] = {}
    waiting = list(reversed(names))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting.extend(reversed(presets[name].extends))
    return tuple(found)


def resolve_all(
    declarations: Iterable[Declaration], presets: Presets, settings: Settings, today: date
) -> tuple[DesiredUser, ...]:
    """The users as the files want them on `today`, in the order of the files."""
    return tuple(resolve(declaration, presets, settings, today) for declaration in declarations)


def resolve(declaration: Declaration, presets: Presets, settings: Settings, today: date) -> DesiredUser:
    """The user as the files want them on `today`; grants in the order of `settings.roles`."""
    leaves, named = departure(declaration, today), declaration.presets
    passed = has_expired_part(declaration, today)
    if leaves is not None:
        expired_on = declaration.until if has_passed(declaration.until, today) else None
        who = declaration.email, declaration.source, declaration.id
        return DesiredUser(*who, departure=leaves, presets=named, expired_on=expired_on, has_expired_part=passed)
    grants = expand(named, presets)
    expired = tuple(own for own in declaration.overrides if has_passed(own.until, today))
    holding = [own for own in declaration.overrides if not has_passed(own.until, today)]
    ending = tuple(spans(holding, grants))
    for own in holding:
        if own.access is Access.NONE:
            grants.pop(own.role, None)
        else:
            grants[own.role] = DesiredGrant(own.role, own.access, own.source, until=own.until, reason=own.reason)
    return DesiredUser(
        email=declaration.email,
        source=declaration.source,
        id=declaration.id,
        profile=merge_profiles(settings.defaults, declaration.profile),
        grants=tuple(grants[role] for role in settings.roles if role in grants),
        expired=expired,
        presets=named,
        withheld=tuple(own for own in holding if own.access is Access.NONE),
        until=declaration.until,
        has_expired_part=passed,
        ending=ending,
    )


def merge_profiles(defaults: Profile, own: Profile) -> Profile:
    """`own`, with the fields that it leaves out taken from `defaults`; in the order of `PROFILE_FIELDS`."""
    values = {entry.field: entry.value for entry in (*defaults, *own)}
    return tuple(FieldValue(name, values[name]) for name in PROFILE_FIELDS if name in values)


def preset_of(grants: Mapping[Role, Access], presets: Presets, preferred: Sequence[str] = ()) -> str | None:
    """The name of a preset that gives exactly `grants` (NONE entries do not count); None: Custom.

    Of several it is the first in `preferred`, the presets that the user's entry names, else the first by name. Names in
    `preferred` that are not in `presets` do not count.
    """
    wanted = {role: access for role, access in grants.items() if access is not Access.NONE}
    names: Iterable[str] = (*(name for name in preferred if name in presets), *sorted(presets))
    for name in names:
        if {role: grant.access for role, grant in expand([name], presets).items()} == wanted:
            return name
    return None
