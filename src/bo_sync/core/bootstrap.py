"""From the hub to a file: the shortest declaration that means what a live person is and may do.

A preset is named where that is shorter than listing; what the preset says otherwise becomes the person's own entry.
Texts are written in normal form. What the hub leaves empty is left out, unless a default would fill it; so is what no
file can hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bo_sync.core.changes import RemoveDuplicate, UpdateUser
from bo_sync.core.live import LivePerson
from bo_sync.core.model import (
    Access,
    Declaration,
    FieldValue,
    Override,
    Profile,
    Role,
    Source,
    in_normal_form,
    is_same_value,
)
from bo_sync.core.presets import Presets, expand
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text


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
    return tuple(
        FieldValue(entry.field, in_normal_form(entry.field, entry.value))
        for entry in live
        if not is_same_value(entry.field, entry.value, given.get(entry.field))
        and (entry.value is None or entry.value.is_writable)
    )


def shortest(
    grants: Mapping[Role, Access], presets: Presets, roles: tuple[Role, ...], source: Source
) -> tuple[str | None, tuple[Override, ...]]:
    """A preset's name, or None, and the entries beside it. Fewest lines win, then fewest entries, then the name."""
    names: tuple[str | None, ...] = (None, *sorted(presets))
    candidates = [(name, _beside(name, grants, presets, roles)) for name in names]
    name, entries = min(candidates, key=lambda fit: (len(fit[1]) + (fit[0] is not None), len(fit[1]), fit[0] or ""))
    return name, tuple(Override(role, access, source) for role, access in entries)


def _beside(
    name: str | None, grants: Mapping[Role, Access], presets: Presets, roles: tuple[Role, ...]
) -> list[tuple[Role, Access]]:
    given = {role: grant.access for role, grant in expand([name], presets).items()} if name else {}
    wanted = [(role, grants.get(role, Access.NONE)) for role in roles]
    return [(role, access) for role, access in wanted if access is not given.get(role, Access.NONE)]


@dataclass(frozen=True, slots=True)
class Correction:
    """What to write into one person's entry so that it says what the hub says; only what differs today.

    `fields` with None are cleared (`null`). `accesses` with None: the person's own entry goes, the presets say it all.
    """

    email: Text
    fields: Profile
    accesses: tuple[tuple[Role, Access | None], ...]


def correct(change: UpdateUser, declaration: Declaration, presets: Presets) -> Correction | None:
    """The correction that makes `change` unnecessary, or None when it is about surplus rows only."""
    given = {role: grant.access for role, grant in expand(declaration.presets, presets).items()}
    edits = [edit for edit in change.grants if not isinstance(edit, RemoveDuplicate)]
    accesses = tuple(
        (edit.role, None if edit.before is given.get(edit.role, Access.NONE) else edit.before) for edit in edits
    )
    fields = tuple(FieldValue(entry.field, in_normal_form(entry.field, entry.before)) for entry in change.profile)
    return Correction(change.email, fields, accesses) if fields or accesses else None
