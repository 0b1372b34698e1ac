"""What grants let somebody do, for a whole company: the catalogue bound to our names of the hub's role definitions.

The same grants always give the same power, and companies have few different ones, so each is worked out once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bo_sync.access.catalogue import Catalogue, in_use
from bo_sync.access.menu import Levels, MenuItem, opened
from bo_sync.core.effect import Shift
from bo_sync.core.model import DEFAULT_HUB_NAMES, Access, Role
from bo_sync.core.operations import Operation, Verdict
from bo_sync.core.settings import Settings

_Key = frozenset[tuple[Role, Access]]


@dataclass(frozen=True, slots=True)
class Power:
    """Names of menu items that open, and of operations that are allowed, as sets."""

    menu: frozenset[str]
    operations: frozenset[str]


@dataclass(frozen=True, slots=True)
class Powers:
    """Answers about any set of grants. `names` are our names by the hub's, as bo-sync.yaml may change them."""

    facts: Catalogue
    names: Mapping[str, Role]
    _given: Mapping[tuple[Role, Access], frozenset[str]] = field(repr=False)
    _ranks: Mapping[str, int] = field(repr=False)
    _items: Mapping[str, MenuItem] = field(repr=False)
    _operations: Mapping[str, Operation] = field(repr=False)
    _known: dict[_Key, Power] = field(default_factory=dict, repr=False, compare=False)

    def of(self, held: Levels) -> Power:
        """What somebody who holds `held` may open and run."""
        key = frozenset(held.items())
        power = self._known.get(key)
        if power is None:
            allowed: frozenset[str] = frozenset().union(*(self._given.get(grant, ()) for grant in key))
            power = Power(frozenset(item.name for item in opened(self.facts.menu, held)), allowed)
            self._known[key] = power
        return power

    def shift(self, before: Levels, after: Levels) -> Shift:
        """What somebody can do more, and less, who held `before` and will hold `after`."""
        then, now = self.of(before), self.of(after)
        return Shift(
            opened=self.ordered(now.menu - then.menu),
            closed=self.ordered(then.menu - now.menu),
            gained=self.ordered(now.operations - then.operations),
            lost=self.ordered(then.operations - now.operations),
        )

    def ordered(self, names: Iterable[str]) -> tuple[str, ...]:
        """Names of items and operations in the catalogue's order: the menu from top to bottom, queries, mutations."""
        return tuple(sorted(names, key=self._ranks.__getitem__))

    def item(self, name: str) -> MenuItem:
        """The item of that name. Raises KeyError."""
        return self._items[name]

    def operation(self, name: str) -> Operation:
        """The operation of that name. Raises KeyError."""
        return self._operations[name]

    def ways(self, name: str) -> tuple[tuple[Role, Access], ...]:
        """The grants of which each allows the operation of that name; none when it is not in the table."""
        operation = self._operations.get(name)
        return () if operation is None else operation.ways(self.names)

    def with_verdict(self, held: Levels, verdict: Verdict) -> tuple[str, ...]:
        """The operations of which exactly this can be said about somebody who holds `held`."""
        return tuple(entry.name for entry in self.facts.operations if entry.judge(held, self.names) is verdict)


def powers(settings: Settings, facts: Catalogue | None = None) -> Powers:
    """The catalogue that holds for `settings`, in their names: a hub may have other names of the definitions."""
    found, names = facts or in_use(settings), _by_hub_name(settings)
    return Powers(
        facts=found,
        names=names,
        _given=_given(found.operations, names),
        _ranks={name: rank for rank, name in enumerate(_names(found))},
        _items={item.name: item for item in found.menu},
        _operations={operation.name: operation for operation in found.operations},
    )


def _by_hub_name(settings: Settings) -> dict[str, Role]:
    """Our names by those of the annotations.

    A renamed definition of ours keeps what the annotations say of its documented name: the hub annotates its domains,
    and `role_definitions` only says under which name a hub keeps the definition of one.
    """
    documented = {hub_name: role for role, hub_name in DEFAULT_HUB_NAMES.items()}
    added = {name.raw: role for role, name in settings.role_definitions if role not in DEFAULT_HUB_NAMES}
    return added | documented


def _given(operations: Iterable[Operation], names: Mapping[str, Role]) -> dict[tuple[Role, Access], frozenset[str]]:
    """What each grant allows by itself; a level allows what the lower ones do."""
    found: dict[tuple[Role, Access], set[str]] = {}
    for operation in operations:
        for role, least in operation.ways(names):
            for access in Access:
                if access >= least:
                    found.setdefault((role, access), set()).add(operation.name)
    return {grant: frozenset(allowed) for grant, allowed in found.items()}


def _names(facts: Catalogue) -> Iterable[str]:
    yield from (item.name for item in facts.menu)
    yield from (operation.name for operation in facts.operations)
