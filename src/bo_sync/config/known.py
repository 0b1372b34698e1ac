"""The words that an entry may use because another file, or the product, defines them: roles, presets, domains."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from bo_sync.access.catalogue import Catalogue, catalogue, in_use
from bo_sync.config.complaints import Complaints
from bo_sync.config.shape import UnsoundError, text
from bo_sync.config.values import Items, Mark, Value
from bo_sync.config.words import quoted, unknown
from bo_sync.core.model import ACCESS_WORDS, PLATFORM, ROLES, Access, Override, Role
from bo_sync.core.settings import Settings

SWITCHES: Final[Mapping[bool | str, Access]] = {True: Access.OWNER, False: Access.NONE}
"""What a platform area's switch stands for: an area that is on is created as owner."""
LEVELS: Final[Mapping[bool | str, Access]] = dict[bool | str, Access](ACCESS_WORDS.items())
"""What a module's word stands for."""
_RANKS: Final = {role: rank for rank, role in enumerate(ROLES)}


def rank(role: Role) -> tuple[int, str]:
    """The sort key of roles: the documented eleven in their order, then added ones by name."""
    return _RANKS.get(role, len(ROLES)), role


@dataclass(frozen=True, slots=True)
class Area:
    """`platform` or `modules`: its roles with their rank, what may be written for them, and the roles of the other."""

    name: str
    roles: Mapping[str, int]
    levels: Mapping[bool | str, Access]
    other: str
    elsewhere: tuple[Role, ...]

    @classmethod
    def of(cls, name: str, roles: Iterable[Role], other: str, elsewhere: Iterable[Role]) -> Self:
        """An area that holds `roles`, beside `other` that holds `elsewhere`."""
        ranks: dict[str, int] = {role: place for place, role in enumerate(sorted(roles, key=rank))}
        return cls(name, ranks, SWITCHES if name == "platform" else LEVELS, other, tuple(elsewhere))

    def rank_of(self, override: Override) -> int:
        """The sort key of overrides of this area."""
        return self.roles[override.role]

    def unknown(self, word: str) -> str:
        """The sentence for a word that is no role of this area."""
        if word in self.elsewhere:
            return f"{word} stands under {self.name}; expected it under {self.other}"
        return unknown(f"role under {self.name}", word, self.roles)


@dataclass(frozen=True, slots=True)
class Known:
    """The words that an entry may use: roles by area, the names of presets, the domains (none: any), and the catalogue
    of menu items and operations."""

    platform: Area
    modules: Area
    presets: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    facts: Catalogue = field(default_factory=catalogue)

    @classmethod
    def of(cls, settings: Settings, presets: tuple[str, ...] = ()) -> Self:
        """The words of the whole tree; domains are case-folded."""
        modules = tuple(role for role in settings.roles if role not in PLATFORM)
        return cls(
            Area.of("platform", PLATFORM, "modules", modules),
            Area.of("modules", modules, "platform", PLATFORM),
            presets,
            tuple(domain.folded for domain in settings.email_domains),
            in_use(settings),
        )


def read_presets(names: Value, presets: tuple[str, ...], complaints: Complaints) -> tuple[str, ...]:
    """A list of preset names, each known and given once."""
    if not isinstance(names, Items):
        raise UnsoundError
    seen: list[str] = []
    for written, at in zip(names, names.values_at, strict=True):
        name = text(written)
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
