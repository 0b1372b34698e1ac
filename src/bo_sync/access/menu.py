"""The menu of the backoffice and the Sales Hub: which item opens for which grants.

An item opens when its platform area is on and all its module roles are held, at whatever level. Whether Backoffice
greys module roles out makes no difference: greyed out is not revoked, and the Sales Hub's items open all the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bo_sync.core.model import Access, Role

Levels = Mapping[Role, Access]
"""Somebody's effective access by our name of the role; what is missing is NONE."""


@dataclass(frozen=True, slots=True)
class MenuItem:
    """`name` as in the documentation: `Orders > Carriers`. `page` is the documentation's page that lists it, and
    `words` are that page's own words for the role, some of them older names."""

    name: str
    platform: Role
    modules: tuple[Role, ...]
    page: str
    words: str

    @property
    def roles(self) -> tuple[Role, ...]:
        """All that the item needs, the platform area first."""
        return (self.platform, *self.modules)

    def missing(self, held: Levels) -> tuple[Role, ...]:
        """What keeps the item closed for somebody who holds `held`; empty when it opens."""
        return tuple(role for role in self.roles if held.get(role, Access.NONE) is Access.NONE)


def opened(items: Iterable[MenuItem], held: Levels) -> tuple[MenuItem, ...]:
    """The items that open, in the order of the menu."""
    roles = {role for role, access in held.items() if access is not Access.NONE}
    return tuple(item for item in items if item.platform in roles and roles.issuperset(item.modules))


def idle(items: Iterable[MenuItem], held: Levels) -> tuple[Role, ...]:
    """Module roles that are held although no active platform area has an item that needs them."""
    used = {role for item in items if held.get(item.platform, Access.NONE) is not Access.NONE for role in item.modules}
    known = {role for item in items for role in item.modules}
    return tuple(role for role, access in held.items() if role in known - used and access is not Access.NONE)
