"""What each change of a plan lets its person do, more or less: judged on all that they hold before and after."""

from collections.abc import Iterable, Mapping

from bo_sync.access.menu import Levels
from bo_sync.access.powers import Powers
from bo_sync.core.changes import Change, CreateUser, DeleteUser
from bo_sync.core.effect import Effect, Shift
from bo_sync.core.model import Access, Role
from bo_sync.core.replay import GrantsByAddress, key_of


def effects(
    changes: Iterable[Change], before: GrantsByAddress, after: GrantsByAddress, powers: Powers
) -> dict[str, Effect]:
    """By the folded address of each change that changes access; `before` and `after` are everybody's grants."""
    unknown = sum(not operation.is_annotated for operation in powers.facts.operations)
    found: dict[str, Effect] = {}
    # Many users change alike, and what a change does depends on nothing but the grants. Their order is that of `parts`.
    known: dict[tuple[tuple[tuple[Role, Access], ...], ...], Effect] = {}
    for change in changes:
        then = {} if isinstance(change, CreateUser) else before.get(key_of(change, before), {})
        now = {} if isinstance(change, DeleteUser) else after.get(key_of(change, after), {})
        if then != now:
            pair = (tuple(then.items()), tuple(now.items()))
            if pair not in known:
                known[pair] = effect(then, now, powers, unknown)
            found[change.email.folded] = known[pair]
    return found


def effect(before: Levels, after: Levels, powers: Powers, unknown: int = 0) -> Effect:
    """From all that somebody holds before to all that they hold after."""
    whole = powers.shift(before, after)
    return Effect(whole, parts(whole, before, after, powers), unknown)


def parts(whole: Shift, before: Levels, after: Levels, powers: Powers) -> dict[Role, Shift]:
    """What of `whole` each role has a part in whose level changes; of the other roles nothing need be known."""
    changed = [role for role in {**before, **after} if _level(before, role) is not _level(after, role)]
    return {role: _part(whole, role, (before, after), powers) for role in changed}


def _part(whole: Shift, role: Role, levels: tuple[Levels, Levels], powers: Powers) -> Shift:
    """What of `whole` has to do with one role: items that need it, and operations that its level opens."""
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
