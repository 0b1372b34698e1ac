"""Which users gained or lost access between two sides: two revisions, the files and the hub, or two days."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from bo_sync.access.capabilities import Power, Powers
from bo_sync.access.catalogue import Levels
from bo_sync.access.user_access import UserAccess
from bo_sync.core.changes import Shift
from bo_sync.core.diff import PROTECTED
from bo_sync.core.model import ROLES, Access, DesiredUser, Role, Source, Span
from bo_sync.core.settings import Settings, Unmanaged
from bo_sync.core.text import Text

Users = tuple[DesiredUser, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """Users, each address once, and the powers by which the settings of this side name what grants allow."""

    users: tuple[UserAccess, ...]
    powers: Powers


@dataclass(frozen=True, slots=True)
class GrantDifference:
    """One role whose access differs; NONE means no grant.

    `kept`: the later side no longer manages the hub's definition, so the hub keeps the access.
    """

    role: Role
    before: Access
    after: Access
    kept: bool = False

    @property
    def is_gain(self) -> bool:
        return self.after > self.before


@dataclass(frozen=True, slots=True)
class EndStep:
    """An end by `until` that differs: of the account (`role` is None), or of access to one role.

    `before` and `after` are the access with its end. For an account the access is OWNER until the last day, then NONE.
    """

    role: Role | None
    before: Span
    after: Span
    is_gain: bool
    is_loss: bool


@dataclass(frozen=True, slots=True)
class UserDifference:
    """One user whose access, or presence, differs.

    `email` and `source` are from the later side, or from the earlier one if the user is only there. `steps` are in the
    order of the roles. `shift` is what all steps together open, close, allow and forbid.

    `kept` is set for a user whose account and access the hub keeps, whatever is in the files: the reason, in the words
    of a plan's unmanaged users (`report`, `ignore`, `protected`). Even then, `steps` and `shift` are those of the
    files. For other users, `shift` leaves out what only a kept step would close.
    """

    email: Text
    source: Source | None
    steps: tuple[GrantDifference, ...]
    shift: Shift
    joined: bool = False
    left: bool = False
    kept: str | None = None
    ends: tuple[EndStep, ...] = ()

    @property
    def longer(self) -> tuple[EndStep, ...]:
        """The ends after which the user holds more than before the change."""
        return tuple(end for end in self.ends if end.is_gain)

    @property
    def sooner(self) -> tuple[EndStep, ...]:
        """The ends after which the user holds less than before the change."""
        return tuple(end for end in self.ends if end.is_loss)

    @property
    def gained(self) -> tuple[GrantDifference, ...]:
        return tuple(step for step in self.steps if step.is_gain)

    @property
    def lost(self) -> tuple[GrantDifference, ...]:
        return tuple(step for step in self.steps if not step.is_gain and not step.kept)

    @property
    def kept_grants(self) -> tuple[GrantDifference, ...]:
        """What the files no longer give, and the hub keeps because its role is no longer managed."""
        return tuple(step for step in self.steps if step.kept)

    @property
    def gains(self) -> bool:
        """Whether the user has, or may do, more, now or after a day. False for a user that the hub keeps."""
        return self.kept is None and bool(self.gained or self.shift.opened or self.shift.gained or self.longer)

    @property
    def loses(self) -> bool:
        """Whether the user has, or may do, less. False for a user that the hub keeps."""
        return self.kept is None and bool(self.lost or self.shift.closed or self.shift.lost or self.sooner)


def difference(before: Side, after: Side) -> tuple[UserDifference, ...]:
    """Every user who differs, sorted by address; empty for equal sides."""
    then, now = _by_address(before.users), _by_address(after.users)
    if _mean_the_same(before.powers, after.powers):
        same = [key for key, user in now.items() if key in then and _holds_the_same(then[key], user)]
        for key in same:
            del then[key], now[key]
    comparing = _Comparing(before.powers, after.powers)
    found = (comparing.user(then.get(key), now.get(key)) for key in sorted({*then, *now}))
    return tuple(user for user in found if user is not None)


def with_kept(
    users: Iterable[UserDifference], after: Iterable[DesiredUser], settings: tuple[Settings, Settings], known: Powers
) -> tuple[UserDifference, ...]:
    """`users`, with what the hub keeps: users who left and have no entry in the files `after`, protected users, and
    grants in roles that the later one of `settings` no longer manages. `known` are the powers of the earlier one.

    A user who leaves by `state: absent` or `until` has an entry. A protected user who joins may not be in the hub.
    """
    entries = {user.email.folded: user for user in after}
    unmanaged, now = _no_longer_managed(*settings), settings[1]
    kept: list[UserDifference] = []
    for user in users:
        entry = entries.get(user.email.folded)
        if (user.left and entry is None) or (not user.joined and now.is_protected(user.email)):
            kept.append(replace(user, kept=_keeping(user.email, now)))
        elif user.left or entry is None:
            kept.append(user)
        else:
            kept.append(_with_kept_grants(user, entry, unmanaged, known))
    return tuple(kept)


def _with_kept_grants(
    user: UserDifference, entry: DesiredUser, unmanaged: frozenset[Role], known: Powers
) -> UserDifference:
    kept = {step.role: step.before for step in user.steps if step.role in unmanaged and not step.is_gain}
    if not kept:
        return user
    steps = tuple(replace(step, kept=step.role in kept) for step in user.steps)
    power = known.of({grant.role: grant.access for grant in entry.grants} | kept)
    shift = replace(
        user.shift,
        closed=tuple(item for item in user.shift.closed if item not in power.menu),
        lost=tuple(name for name in user.shift.lost if name not in power.operations),
    )
    return replace(user, steps=steps, shift=shift)


def _no_longer_managed(then: Settings, now: Settings) -> frozenset[Role]:
    """Roles of `then` whose definitions in the hub have no role in `now`."""
    managed = {name for _, name in now.role_definitions}
    return frozenset(role for role, name in then.role_definitions if name not in managed)


def _keeping(email: Text, settings: Settings) -> str | None:
    """The rule by which a user without a file stays in the hub, as in a plan (`core/diff.py`); None: is deleted."""
    if settings.is_protected(email):
        return PROTECTED
    return None if settings.unmanaged is Unmanaged.DELETE else settings.unmanaged.value


def differing(before: Iterable[DesiredUser], after: Iterable[DesiredUser]) -> tuple[Users, Users]:
    """Both sides of the files without users who stay on both and hold the same: most users, in most changes.

    Users who are left out do not differ if the settings of both sides name the roles the same.
    """
    then, now = ({user.email.folded: user for user in users if user.departure is None} for users in (before, after))
    same = {
        key
        for key, user in now.items()
        if key in then
        and (then[key].grants, then[key].until, then[key].ending) == (user.grants, user.until, user.ending)
    }
    return tuple(then[key] for key in then if key not in same), tuple(now[key] for key in now if key not in same)


def _holds_the_same(then: UserAccess, now: UserAccess) -> bool:
    return (then.held, then.until, then.ending) == (now.held, now.until, now.ending)


def _by_address(users: Iterable[UserAccess]) -> dict[str, UserAccess]:
    return {user.email.folded: user for user in users}


def _mean_the_same(before: Powers, after: Powers) -> bool:
    """Whether equal grants allow a user the same on both sides."""
    return before.names == after.names and before.facts is after.facts


@dataclass(frozen=True, slots=True)
class _Comparing:
    """Both sides' powers, and every shift that is known already: companies have few different grants."""

    before: Powers
    after: Powers
    shifts: dict[tuple[Power, Power], Shift] = field(default_factory=dict)

    def user(self, then: UserAccess | None, now: UserAccess | None) -> UserDifference | None:
        """How one user differs, or None if nothing does."""
        shown = now or then
        held = then.held if then is not None else {}, now.held if now is not None else {}
        is_here_and_there = then is not None and now is not None
        if shown is None:
            return None
        steps, shift = tuple(_steps(*held)), self._shift(*held)
        ends = tuple(_ends(then, now)) if now is not None else ()
        if is_here_and_there and not steps and shift.is_nothing and not ends:
            return None
        found = UserDifference(shown.email, shown.source, steps, shift, joined=then is None, left=now is None)
        return replace(found, ends=ends)

    def _shift(self, before: Levels, after: Levels) -> Shift:
        """What opens and closes, in the order of the catalogue, which both sides share."""
        powers = then, now = self.before.of(before), self.after.of(after)
        if powers not in self.shifts:
            ordered = self.after.ordered
            self.shifts[powers] = Shift(
                opened=ordered(now.menu - then.menu),
                closed=ordered(then.menu - now.menu),
                gained=ordered(now.operations - then.operations),
                lost=ordered(then.operations - now.operations),
            )
        return self.shifts[powers]


def _steps(before: Levels, after: Levels) -> Iterator[GrantDifference]:
    for role in sorted({*before, *after}, key=_rank):
        then, now = before.get(role, Access.NONE), after.get(role, Access.NONE)
        if then is not now:
            yield GrantDifference(role, then, now)


def _ends(then: UserAccess | None, now: UserAccess) -> Iterator[EndStep]:
    """Every end that differs: of the account, then of the roles in their order.

    An access that differs today, and afterwards in the same way, is a step and not an end. After the last day of both
    accounts nothing is held.
    """
    if then is not None and then.until != now.until:
        before, after = (Span(Access.OWNER, side.until, Access.NONE) for side in (then, now))
        yield _end(None, before, after)
    last = max(side.until or date.max for side in (then, now) if side is not None)
    spans = dict(then.ending) if then else {}, dict(now.ending)
    for role in sorted({*spans[0], *spans[1]}, key=_rank):
        before, after = (
            side.get(role) or _for_good(user.held.get(role, Access.NONE) if user else Access.NONE)
            for side, user in zip(spans, (then, now), strict=True)
        )
        end = _end(role, before, after, last)
        if end.is_gain or end.is_loss:
            yield end


def _for_good(access: Access) -> Span:
    return Span(access, None, access)


def _end(role: Role | None, before: Span, after: Span, last: date = date.max) -> EndStep:
    """What differs after the last days of both, other than today, up to the day `last`."""
    days = [until + timedelta(days=1) for until in (before.until, after.until) if until is not None and until < last]
    pairs = [(before.on(day), after.on(day)) for day in days]
    later = [pair for pair in pairs if pair != (before.access, after.access)]
    return EndStep(
        role,
        before,
        after,
        is_gain=any(now > then for then, now in later),
        is_loss=any(now < then for then, now in later),
    )


def _rank(role: Role) -> tuple[int, str]:
    """The documented roles in their order, then added ones by name."""
    return (ROLES.index(role) if role in ROLES else len(ROLES), role)
