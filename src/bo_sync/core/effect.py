"""What a change of access lets somebody do: names of menu items and operations, worked out by `access/effects.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bo_sync.core.model import Role


@dataclass(frozen=True, slots=True)
class Shift:
    """Menu items that open and close, operations that are gained and lost; in the menu's and the catalogue's order."""

    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def is_nothing(self) -> bool:
        return not (self.opened or self.closed or self.gained or self.lost)


@dataclass(frozen=True, slots=True)
class Effect:
    """What all changes of one person together do, and what of it each role has a part in.

    A menu item that needs two roles which are both given stands in the part of both. `unknown` is the number of
    operations of which the hub does not say who may run them.
    """

    whole: Shift = Shift()
    parts: Mapping[Role, Shift] = field(default_factory=dict)
    unknown: int = 0
