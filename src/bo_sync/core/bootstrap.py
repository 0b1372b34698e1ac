"""From the hub to a file: the shortest declaration that means what a live person is and may do.

A preset is named where that is shorter than listing; what the preset says otherwise becomes the person's own entry.
What the hub leaves empty is left out, unless a default would fill it.
"""

from collections.abc import Mapping

from bo_sync.core.live import LivePerson
from bo_sync.core.model import Access, Declaration, FieldValue, Override, Profile, Role, Source
from bo_sync.core.presets import Presets, expand
from bo_sync.core.settings import Settings


def declare(person: LivePerson, presets: Presets, settings: Settings, source: Source) -> Declaration:
    """The declaration that, resolved, differs from `person` in nothing that bo-sync compares."""
    name, overrides = shortest(person.grants, presets, settings.roles, source)
    return Declaration(
        email=person.user.email,
        source=source,
        id=person.user.id,
        profile=own_profile(person.user.profile, settings.defaults),
        presets=(name,) if name else (),
        overrides=overrides,
    )


def own_profile(live: Profile, defaults: Profile) -> Profile:
    """The fields that a file has to state so that it says what the hub says, given the defaults."""
    given = {entry.field: entry.value for entry in defaults}
    return tuple(FieldValue(entry.field, entry.value) for entry in live if entry.value != given.get(entry.field))


def shortest(
    grants: Mapping[Role, Access], presets: Presets, roles: tuple[Role, ...], source: Source
) -> tuple[str | None, tuple[Override, ...]]:
    """A preset's name, or None, and the entries beside it. Fewest lines win, then fewest entries, then the name."""
    candidates = [(None, _beside(None, grants, presets, roles))]
    candidates += [(name, _beside(name, grants, presets, roles)) for name in sorted(presets)]
    name, entries = min(
        candidates,
        key=lambda candidate: (len(candidate[1]) + bool(candidate[0]), len(candidate[1]), candidate[0] or ""),
    )
    return name, tuple(Override(role, access, source) for role, access in entries)


def _beside(
    name: str | None, grants: Mapping[Role, Access], presets: Presets, roles: tuple[Role, ...]
) -> list[tuple[Role, Access]]:
    given = {role: grant.access for role, grant in expand([name], presets).items()} if name else {}
    wanted = [(role, grants.get(role, Access.NONE)) for role in roles]
    return [(role, access) for role, access in wanted if access is not given.get(role, Access.NONE)]
