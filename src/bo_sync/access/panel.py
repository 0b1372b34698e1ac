"""One person's access as the backoffice's panel shows it, and further: what each grant lets them read and change.

An operation stands with every module whose grant opens it by itself, so some stand twice; totals count them once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bo_sync.access.menu import MenuItem
from bo_sync.access.people import Person
from bo_sync.access.powers import Powers
from bo_sync.core.model import Access, DesiredUser, Preset, Role
from bo_sync.core.operations import Verdict
from bo_sync.core.plan import Finding
from bo_sync.core.presets import Presets, preset_of


@dataclass(frozen=True, slots=True)
class ClosedItem:
    """A menu item that does not open, and the roles that are missing for it."""

    item: MenuItem
    missing: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """What one grant allows by itself: queries to read, mutations to act; names in the catalogue's order."""

    role: Role
    access: Access
    reads: tuple[str, ...]
    acts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """`roles` are all that there are, in their order; `preset` gives exactly this access, one that the entry names
    before others; None is Custom.

    `allowed`, `unknown` and `conditional` are names of operations in the catalogue's order. `leaves` is set for
    somebody whom the files want deleted, who then has no access.
    """

    person: Person
    roles: tuple[Role, ...]
    preset: Preset | None
    open: tuple[MenuItem, ...]
    closed: tuple[ClosedItem, ...]
    by_role: tuple[Opened, ...]
    allowed: tuple[str, ...]
    unknown: tuple[str, ...]
    conditional: tuple[str, ...]
    is_protected: bool = False
    leaves: DesiredUser | None = None
    findings: tuple[Finding, ...] = ()


def panel_of(person: Person, powers: Powers, presets: Presets, roles: tuple[Role, ...]) -> Panel:
    """The panel of somebody who stays; what else is to be said about them is for the caller to add."""
    held = person.held
    name = preset_of(held, presets, person.presets)
    missing = [(item, item.missing(held)) for item in powers.facts.menu]
    return Panel(
        person=person,
        roles=roles,
        preset=None if name is None else presets[name],
        open=tuple(item for item, lacking in missing if not lacking),
        closed=tuple(ClosedItem(item, lacking) for item, lacking in missing if lacking),
        by_role=tuple(_opened(person, powers)),
        allowed=powers.ordered(powers.of(held).operations),
        unknown=powers.with_verdict(held, Verdict.UNKNOWN),
        conditional=powers.with_verdict(held, Verdict.CONDITIONAL),
    )


def _opened(person: Person, powers: Powers) -> Iterator[Opened]:
    for grant in person.grants:
        names = powers.ordered(powers.of({grant.role: grant.access}).operations)
        if names:
            acts = tuple(name for name in names if powers.operation(name).is_mutation)
            yield Opened(grant.role, grant.access, tuple(name for name in names if name not in acts), acts)
