"""What grants allow: operations, menu items and capabilities; for all grants of a user, and for one change of them.

A user has a capability when they can run any of its operations. The hub's annotations say who can run an operation; the
words are ours and claim no more than the descriptions in the hub's schema.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from bo_sync.access.catalogue import Catalogue, Levels, MenuItem, in_use, opened
from bo_sync.core.changes import Change, Effect, Shift
from bo_sync.core.hub_operations import Operation, Verdict
from bo_sync.core.live import GrantsByAddress, key_of
from bo_sync.core.model import DEFAULT_HUB_NAMES, Access, Role
from bo_sync.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Capability:
    """`words` follow "can now". A grave capability puts a change first in a plan."""

    words: str
    operations: tuple[str, ...]
    is_grave: bool = False


READ_KEYS: Final = ("gqlApiKeys", "restApiKeys", "gqlApiKey", "restApiKey")
"""Queries that return the decrypted value of API keys (schema types `GqlApiKey` and `RestApiKey`), lists first."""

READ_TOKENS: Final = ("magicTokens", "magicToken")
"""Queries that return the `id` of login tokens, which `magicTokenLogin` takes instead of a password."""

RESET_PASSWORDS: Final = "passwordResetLink"
"""Takes the address of any "existing user account in the system"; the schema does not limit it to customers."""

CAPABILITIES: Final = (
    Capability("change anyone's access, including their own", ("roleUpdate",), is_grave=True),
    Capability("give anyone any role", ("roleCreate",), is_grave=True),
    Capability("read the values of API keys", READ_KEYS, is_grave=True),
    Capability("create API keys", ("gqlApiKeyCreate", "restApiKeyCreate"), is_grave=True),
    Capability("change the roles of API keys", ("gqlApiKeyUpdate",), is_grave=True),
    Capability("create and delete users", ("adminUserCreate", "adminUserDelete"), is_grave=True),
    Capability("read login tokens and possibly log in as a customer", READ_TOKENS, is_grave=True),
    Capability("create login tokens and log in as a customer", ("magicTokenCreate",), is_grave=True),
    Capability("grant administrative access to an organisation", ("adminUserTenantCreate",), is_grave=True),
    Capability("reset passwords, possibly also of backoffice users", (RESET_PASSWORDS,)),
    Capability("change what customers may buy without approval", ("purchaseAuthorizationConfigUpdate",)),
    Capability("approve customers' purchases", ("cartAcceptPurchaseAuthorizationRequest",)),
)


def among(operations: Collection[str]) -> tuple[Capability, ...]:
    """The capabilities with an operation among `operations`, in the order above."""
    return tuple(entry for entry in CAPABILITIES if not set(entry.operations).isdisjoint(operations))


@dataclass(frozen=True, slots=True)
class Power:
    """Names of menu items that open, and of operations that are allowed, as sets."""

    menu: frozenset[str]
    operations: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Powers:
    """Answers about any set of grants. `names` are our names by the hub's, as bo-sync.yaml may change them."""

    facts: Catalogue
    names: Mapping[str, Role]
    _given: Mapping[tuple[Role, Access], frozenset[str]]
    _ranks: Mapping[str, int]
    _items: Mapping[str, MenuItem]
    _operations: Mapping[str, Operation]
    _known: dict[frozenset[tuple[Role, Access]], Power] = field(default_factory=dict)

    def of(self, held: Levels) -> Power:
        """What a user who holds `held` may open and run."""
        key = frozenset(held.items())
        power = self._known.get(key)
        if power is None:
            allowed: frozenset[str] = frozenset().union(*(self._given.get(grant, ()) for grant in key))
            power = Power(frozenset(item.name for item in opened(self.facts.menu, held)), allowed)
            self._known[key] = power
        return power

    def shift(self, before: Levels, after: Levels) -> Shift:
        """What a user who held `before` and will hold `after` can do more, and less."""
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
        """The grants of which each allows the operation of that name; none if it is not in the table."""
        operation = self._operations.get(name)
        return () if operation is None else operation.ways(self.names)

    def with_verdict(self, held: Levels, verdict: Verdict) -> tuple[str, ...]:
        """The operations for which `verdict` is the answer for a user who holds `held`."""
        return tuple(entry.name for entry in self.facts.operations if entry.judge(held, self.names) is verdict)


def powers(settings: Settings, facts: Catalogue | None = None) -> Powers:
    """The catalogue for `settings`, in their names: a hub may have other names of the definitions."""
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

    A renamed definition of ours keeps what the annotations state about its documented name: the hub annotates its
    domains, and `role_definitions` only maps a role to the name of its definition in one hub.
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


def effects(
    changes: Iterable[Change], before: GrantsByAddress, after: GrantsByAddress, powers: Powers
) -> dict[str, Effect]:
    """By the folded address of each change that changes access; `before` and `after` are every user's grants."""
    unknown = sum(not operation.is_annotated for operation in powers.facts.operations)
    found: dict[str, Effect] = {}
    # Many users change alike, and the effect of a change depends only on the grants. Their order is that of `parts`.
    known: dict[tuple[tuple[tuple[Role, Access], ...], ...], Effect] = {}
    for change in changes:
        key = key_of(change, before)
        then, now = before.get(key, {}), after.get(key, {})
        if then != now:
            pair = (tuple(then.items()), tuple(now.items()))
            if pair not in known:
                known[pair] = effect(then, now, powers, unknown)
            found[change.email.folded] = known[pair]
    return found


def effect(before: Levels, after: Levels, powers: Powers, unknown: int = 0) -> Effect:
    """From everything that a user holds before to everything that they hold after."""
    whole = powers.shift(before, after)
    return Effect(whole, parts(whole, before, after, powers), unknown)


def parts(whole: Shift, before: Levels, after: Levels, powers: Powers) -> dict[Role, Shift]:
    """The part of `whole` of each role whose level changes; nothing need be known about the other roles."""
    changed = [role for role in {**before, **after} if _level(before, role) is not _level(after, role)]
    return {role: _part(whole, role, (before, after), powers) for role in changed}


def _part(whole: Shift, role: Role, levels: tuple[Levels, Levels], powers: Powers) -> Shift:
    """The part of `whole` of one role: items that need it, and operations that its level opens."""
    before, after = levels
    return Shift(
        opened=tuple(name for name in whole.opened if role in powers.item(name).roles),
        closed=tuple(name for name in whole.closed if role in powers.item(name).missing(after)),
        gained=tuple(name for name in whole.gained if _opens(name, role, _level(after, role), powers)),
        lost=tuple(name for name in whole.lost if _opens(name, role, _level(before, role), powers)),
    )


def _opens(name: str, role: Role, held: Access, powers: Powers) -> bool:
    return any(way == role and held >= least for way, least in powers.ways(name))


def _level(held: Mapping[Role, Access], role: Role) -> Access:
    return held.get(role, Access.NONE)
