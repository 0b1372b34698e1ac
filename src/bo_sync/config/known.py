"""The words that an entry may use because another file, or the product, defines them: roles, presets, domains."""

from dataclasses import dataclass
from typing import Final, Self

from bo_sync.config.complaints import Complaints
from bo_sync.config.words import quoted, unknown
from bo_sync.config.yaml import Items, Mark
from bo_sync.core.model import ACCESS_WORDS, MODULES, PLATFORM, ROLES, Access, Role
from bo_sync.core.settings import Settings

_RANKS: Final = {role: rank for rank, role in enumerate(ROLES)}


def rank(role: Role) -> tuple[int, str]:
    """The sort key of roles: the documented eleven in their order, then added ones by name."""
    return _RANKS.get(role, len(ROLES)), role


@dataclass(frozen=True, slots=True)
class Known:
    """The words that an entry may use: roles in their order, the names of presets, the domains (none: any)."""

    platform: tuple[Role, ...] = PLATFORM
    modules: tuple[Role, ...] = MODULES
    presets: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings, presets: tuple[str, ...] = ()) -> Self:
        """The words of the whole tree; domains are case-folded."""
        modules = tuple(role for role in settings.roles if role not in PLATFORM)
        return cls(PLATFORM, modules, presets, tuple(domain.folded for domain in settings.email_domains))

    def of_area(self, area: str) -> tuple[Role, ...]:
        """The roles that stand under `platform` or under `modules`."""
        return self.platform if area == "platform" else self.modules

    def unknown_role(self, word: str, area: str) -> str:
        """The sentence for a word that is no role of `area`."""
        other = "modules" if area == "platform" else "platform"
        if word in self.of_area(other):
            return f"{word} stands under {area}; expected it under {other}"
        return unknown(f"role under {area}", word, self.of_area(area))


def level(written: bool | str) -> Access:  # noqa: FBT001
    """The access that a platform switch (on is owner, as the backoffice makes it) or a module's word stands for."""
    if isinstance(written, bool):
        return Access.OWNER if written else Access.NONE
    return ACCESS_WORDS[written]


def read_presets(names: Items, presets: tuple[str, ...], complaints: Complaints) -> tuple[str, ...]:
    """A list of preset names, each known and given once."""
    seen: list[str] = []
    for name, at in zip(names, names.values_at, strict=True):
        if not isinstance(name, str):
            continue
        if name in seen:
            complaints.error(at, f"preset {quoted(name)} is listed twice; expected each once")
            continue
        seen.append(name)
        check_preset(name, at, presets, complaints)
    return tuple(seen)


def check_preset(name: str, at: Mark, presets: tuple[str, ...], complaints: Complaints) -> None:
    """A name must be that of a preset file, even when that file has errors of its own."""
    if name in presets:
        return
    if presets:
        complaints.error(at, unknown("preset", name, presets))
    else:
        complaints.error(at, f"unknown preset {quoted(name)}; expected a file of that name in presets/")
