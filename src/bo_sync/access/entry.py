"""One person's entry in the files, together with what it means on a day: what findings are derived from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from bo_sync.access.menu import Levels
from bo_sync.core.model import PLATFORM, Access, Declaration, DesiredGrant, DesiredUser, Override, Preset, Role
from bo_sync.core.presets import Presets, expand, has_ended, resolve
from bo_sync.core.settings import Settings

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
class Entry:
    """Somebody's entry. `given` is what the presets give, `held` what the person has in the end, without NONE."""

    declaration: Declaration
    user: DesiredUser
    given: Given
    held: Levels
    day: date

    @property
    def own(self) -> tuple[Override, ...]:
        """The person's own entries that hold on the day."""
        return tuple(own for own in self.declaration.overrides if not has_ended(own.until, self.day))

    def preset_access(self, role: Role) -> Access:
        """What the presets alone give of a role."""
        given = self.given.get(role)
        return given.access if given else Access.NONE

    def left(self, role: Role) -> str:
        """What remains of a role without the person's own entry, as a clause."""
        given = self.given.get(role)
        return f"preset {given.preset} gives {written(role, given.access)}" if given else f"no preset gives {role}"


def entries(declared: Declared, day: date) -> tuple[Entry, ...]:
    """Everybody in the files, also who leaves, in the order of the files."""
    given: dict[tuple[str, ...], Given] = {}
    found = []
    for declaration in declared.declarations:
        names = declaration.presets
        if names not in given:
            given[names] = expand(names, declared.presets)
        user = resolve(declaration, declared.presets, declared.settings, day)
        held = {grant.role: grant.access for grant in user.grants}
        found.append(Entry(declaration, user, given[names], held, day))
    return tuple(found)


def written(role: Role, access: Access) -> str:
    """A grant as files spell it, between backticks: `pricing: viewer`, `backoffice: true`."""
    word = ("true" if access else "false") if role in PLATFORM else access.word
    return f"`{role}: {word}`"
