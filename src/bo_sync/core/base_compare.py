"""Compare the users of the files with those of a base revision: changed addresses, removed entries, ends unannounced.

The hub cannot change an address. Files that give a user another address would create a second account and leave the
first with all its access. Three signs, in this order: the pinned `id`; the same single-user file, also renamed; a full
name that is unique in the tree before and after, in lists too. The position in a list is not a sign.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from bo_sync.core.expiry import departure
from bo_sync.core.guardrail_checks import GuardrailRow, has_area
from bo_sync.core.guardrails import Basis, GuardrailResult, at_most, none_allowed
from bo_sync.core.model import PLATFORM, Access, Declaration, Departure, DesiredUser, Override, Role
from bo_sync.core.policy import Policy
from bo_sync.core.settings import Settings, Unmanaged
from bo_sync.core.text import Message, Text
from bo_sync.core.user_matching import Trait, full_names
from bo_sync.core.weakened_guards import GuardComparison, Weakened, weakened, weakened_ignores, weakened_policies

Sign = Literal["id", "file", "name"]
Pair = tuple[Declaration, Declaration]
"""One user's entry at the base, and in the current files."""
_Keys = Callable[[Declaration], Iterable[Hashable]]
_ByKey = Mapping[Hashable, Sequence[Declaration]]
_WAY_OF_USERS: Final = "correct `until`; to delete these users, write `state: absent` instead, which a plan counts"
_WAY_OF_GRANTS: Final = "correct `until`; to revoke these grants, remove them instead, which a plan counts"


@dataclass(frozen=True, slots=True)
class EntryIndex:
    """All entries of one side, by folded address and counted. `lists` are the files that hold a list of users."""

    everyone: Sequence[Declaration]
    lists: frozenset[Text]
    by_address: Mapping[str, Sequence[Declaration]]
    files: Counter[Text]
    named: Counter[Trait]

    def own_file(self, user: Declaration) -> Text | None:
        """The path, where the file has the form for one user."""
        path = user.source.path
        return None if path in self.lists else path


def entries(users: Iterable[Declaration], lists: frozenset[Text]) -> EntryIndex:
    """Entries in the order of address and source, whatever the order of `users`."""
    everyone = sorted(users, key=lambda user: (user.email.folded, user.source))
    by_address: dict[str, list[Declaration]] = {}
    for user in everyone:
        by_address.setdefault(user.email.folded, []).append(user)
    files = Counter(user.source.path for user in everyone)
    named = Counter(name for user in everyone for name in full_names(user.profile))
    return EntryIndex(everyone, lists, by_address, files, named)


def readdressed(then: EntryIndex, now: EntryIndex, today: date) -> Iterator[tuple[Sign, Pair]]:
    """Each user with another address than at the base, once, with the surest sign.

    Users who were absent or expired at the base are left out. So are those whose old address keeps an entry that is
    absent or expired: that is the documented way to give a user another address.
    """
    leaving = {email for email, held in now.by_address.items() if any(departure(entry, today) for entry in held)}
    lasting = _lasting(then, now)
    free = [user for user in then.everyone if departure(user, today) is None and user.email.folded not in leaving]
    moved = [user for user in free if user.email.folded not in lasting]
    heirs = [user for user in now.everyone if user.email.folded not in lasting]
    staying = [user for user in heirs if departure(user, today) is None]
    unpinned = [user for user in staying if user.id is None]
    steps: tuple[tuple[Sign, Sequence[Declaration], _Keys, _ByKey], ...] = (
        ("id", free, _id, _by_key(now.everyone, _id)),
        ("file", moved, _path(then, now), _by_key(heirs, _path(now, then))),
        ("name", moved, _unique_name(then), _by_key(staying, _unique_name(now))),
        ("file", moved, _content(then, now), _by_key(unpinned, _content(now, then))),
    )
    used: set[int] = set()
    for sign, old, keys, new in steps:
        for before, after in _matched(old, keys, new, used):
            is_readdressed = before.email.folded != after.email.folded
            if is_readdressed or sign == "id":  # an id that stays settles who it is; a file that stays does not
                used.update((id(before), id(after)))
            if is_readdressed:
                yield sign, (before, after)


def _lasting(then: EntryIndex, now: EntryIndex) -> set[str]:
    """Addresses whose user is the same by full name, or by everything in the entry except the address."""
    return {
        email
        for email, held in then.by_address.items()
        for before in held
        for after in now.by_address.get(email, ())
        if not full_names(before.profile).isdisjoint(full_names(after.profile)) or _stated(before) == _stated(after)
    }


def _by_key(users: Iterable[Declaration], keys: _Keys) -> _ByKey:
    found: dict[Hashable, list[Declaration]] = {}
    for user in users:
        for key in keys(user):
            found.setdefault(key, []).append(user)
    return found


def _matched(old: Iterable[Declaration], keys: _Keys, new: _ByKey, used: set[int]) -> Iterator[Pair]:
    """Pairs of entries with a common key; the same address is preferred, then the first."""
    for user in old:
        alike = [] if id(user) in used else [heir for key in keys(user) for heir in new.get(key, ())]
        free = [heir for heir in alike if id(heir) not in used]
        if free:
            yield user, next((heir for heir in free if heir.email.folded == user.email.folded), free[0])


def _id(user: Declaration) -> Iterable[Hashable]:
    return () if user.id is None else (user.id,)


def _path(here: EntryIndex, there: EntryIndex) -> _Keys:
    """The path of a file with one user. It may change its form, but is not a list at both times."""
    lists = here.lists & there.lists

    def keys(user: Declaration) -> Iterable[Hashable]:
        path = user.source.path
        return (path,) if here.files[path] == 1 and path not in lists else ()

    return keys


def _content(here: EntryIndex, there: EntryIndex) -> _Keys:
    """What a file of one user holds, if `there` has no file of that path: the file was renamed.

    Everything except the address and `id` is the same. If the file holds more than names, one common name is enough.
    """

    def keys(user: Declaration) -> Iterator[Hashable]:
        path = here.own_file(user)
        if path is None or path in there.files:
            return
        _, names, *rest = _stated(user)
        has_rest = any(rest)
        if names or has_rest:
            yield *rest, names
        if has_rest:
            yield from ((*rest, name) for name in sorted(names) if name[1])

    return keys


def _unique_name(here: EntryIndex) -> _Keys:
    return lambda user: (name for name in sorted(full_names(user.profile)) if here.named[name] == 1)


def _stated(user: Declaration) -> tuple[int | None, frozenset[tuple[str, str]], *tuple[Hashable, ...]]:
    """Everything in an entry except the address: the `id`, the names, and the rest."""
    profile = frozenset((entry.field, entry.value.folded if entry.value else "") for entry in user.profile)
    names = frozenset(fact for fact in profile if fact[0] in _NAMES)
    grants = frozenset((grant.role, grant.access, grant.until) for grant in user.overrides)
    return user.id, names, profile - names, frozenset(user.presets), grants, user.until


_NAMES: Final = frozenset({"first_name", "middle_name", "last_name"})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the files held at one time. `users` includes entries with errors, as far as they name a user.

    `lists` are the files that hold a list of users. `unread` are files and folders that, because of an error, may hold
    users not in `users`. `has_settings` is False if the settings have an error; then they are not compared.
    `has_policies` is the same for policies, and matters at the head: a policy that the base lacks weakens nothing.
    `users` is what the entries mean on the day of the comparison; empty if a file has an error.
    """

    declarations: tuple[Declaration, ...] = ()
    settings: Settings = field(default_factory=Settings)
    lists: frozenset[Text] = frozenset()
    unread: tuple[Text, ...] = ()
    has_settings: bool = True
    policies: tuple[Policy, ...] = ()
    has_policies: bool = True
    users: tuple[DesiredUser, ...] = ()


@dataclass(frozen=True, slots=True)
class AddressChange:
    """One user under two addresses: the entry at the base, the entry at the head, and the sign that both are one user.

    `standing` is the entry at the head that has the old address, if there is one.
    """

    before: Declaration
    after: Declaration
    sign: Sign
    standing: Declaration | None


@dataclass(frozen=True, slots=True)
class Comparison(GuardComparison):
    """The files compared with a revision: which guards are weaker, and the guardrails that need no hub."""

    guardrails: tuple[GuardrailResult, ...] = ()

    @property
    def refused(self) -> tuple[GuardrailResult, ...]:
        return tuple(guardrail for guardrail in self.guardrails if not guardrail.ok)


def changed_addresses(base: Snapshot, head: Snapshot, today: date) -> tuple[AddressChange, ...]:
    """Every user with another address than at the base (`readdressed`), sorted by the new address."""
    then, now = entries(base.declarations, base.lists), entries(head.declarations, head.lists)
    changes = (
        AddressChange(before, after, sign, next(iter(now.by_address.get(before.email.folded, ())), None))
        for sign, (before, after) in readdressed(then, now, today)
    )
    return tuple(sorted(changes, key=lambda change: (change.after.email.folded, change.before.email.folded)))


def removed_users(
    base: Snapshot, head: Snapshot, today: date, changes: Collection[AddressChange]
) -> tuple[Declaration, ...]:
    """Entries at the base whose user is in no file now and would keep all access; sorted by address.

    Empty if users without a file are deleted. `changes` are left out, as they are reported already. So are users who
    were and are protected: they need no file.
    """
    if head.settings.unmanaged is Unmanaged.DELETE:
        return ()
    told = {change.before.email.folded for change in changes}
    return tuple(
        user
        for user in _missing(base, head, today)
        if user.email.folded not in told
        and not (base.settings.is_protected(user.email) and head.settings.is_protected(user.email))
    )


def _missing(base: Snapshot, head: Snapshot, today: date) -> tuple[Declaration, ...]:
    """Entries of users who were to stay at the base and whose address is certainly not in the head."""
    named = {user.email.folded for user in head.declarations}
    known = {user.source.path for user in base.declarations}
    if any(path not in known for path in head.unread):
        return ()  # a new file that cannot be read may hold any user; it is reported as an error
    gone = {
        user.email.folded: user
        for user in base.declarations
        if user.email.folded not in named and user.source.path not in head.unread and departure(user, today) is None
    }
    return tuple(gone[email] for email in sorted(gone))


def compare(base: Snapshot, head: Snapshot, today: date) -> tuple[tuple[Weakened, ...], tuple[GuardrailResult, ...]]:
    """The guards that the head weakens, and the guardrails that need no hub, in display order. Limits are among them if
    something ends that the base does not announce."""
    changes = changed_addresses(base, head, today)
    removed = removed_users(base, head, today, changes)
    then, now = entries(base.declarations, base.lists), entries(head.declarations, head.lists)
    guardrails = (
        GuardrailResult("empty", len(head.declarations), 1, ok=bool(head.declarations)),
        none_allowed("email_change", tuple(_changed(change, then, now) for change in changes)),
        none_allowed("removed_file", tuple(_removed(user, then, now) for user in removed)),
        *unannounced_deletions(base, head, today),
        *unannounced_losses(base, head),
    )
    return weakened_since(base, head, today), guardrails


def weakened_since(base: Snapshot, head: Snapshot, today: date) -> tuple[Weakened, ...]:
    """The guards that the head weakens, in display order."""
    return tuple(_weakened(base, head, today))


def _weakened(base: Snapshot, head: Snapshot, today: date) -> Iterator[Weakened]:
    if base.has_settings and head.has_settings:
        yield from weakened(base.settings, head.settings)
    if head.has_policies:
        yield from weakened_policies(base.policies, head.policies)
    yield from weakened_ignores(base.declarations, head.declarations, today)


def _changed(change: AddressChange, then: EntryIndex, now: EntryIndex) -> GuardrailRow:
    old, new = change.before, change.after
    recipe = _recipe(change, then, now) if change.standing is None else _restoring(change, change.standing)
    place, without = (
        Message("{} at the base ({})", old.email, old.source.short),
        "" if new.id is None else ", without `id`",
    )
    message = Message("{} of {}; an address cannot change: {}{}", _sign(change), place, recipe, without)
    return GuardrailRow(new.email, message, new.source)


def _recipe(change: AddressChange, then: EntryIndex, now: EntryIndex) -> str:
    """What to do if no file has the old address."""
    old, new = change.before, change.after
    is_in_place = old.source.path == new.source.path
    if not is_in_place:
        place = Message("leave {} to {}", new.source.path, new.email)
    elif then.own_file(old) is None:
        place = Message("let {} stand beside it", new.email)
    else:
        place = Message("add {} for {}", _free_path(new, {*then.files, *now.files}), new.email)
    return Message("keep {}, and {}", _tombstone(old, then, now if not is_in_place else None), place)


def _restoring(change: AddressChange, standing: Declaration) -> Message:
    """What to do if another file has the old address, as if it were another user's."""
    old, new = change.before, change.after
    if change.sign == "name":
        again = Message("give {} this user again, now at {}", old.email, standing.source.short)
        return again + "; to correct the names alone, first pin the `id` of both users in a change of its own"
    if change.sign == "id":
        place = Message("leave the id {} to {}, now at {}", new.id, old.email, standing.source.short)
    else:
        place = Message(
            "leave {} to {}, or give them their names or `id` at {}", new.source.path, old.email, standing.source.short
        )
    renamed = Message("is {} a new address of theirs, give {} `state: absent`", new.email, old.email)
    return Message("{}; {}, and {} an entry of its own", place, renamed, new.email)


def _sign(change: AddressChange) -> str:
    match change.sign:
        case "id":
            return f"has the id {change.after.id}"
        case "file" if change.before.source.path != change.after.source.path:
            return "is in the renamed file"
        case "file":
            return "stands in the file"
        case "name":
            return "has the first and last name"


def _removed(user: Declaration, then: EntryIndex, now: EntryIndex) -> GuardrailRow:
    was = Message("has an entry at the base ({}) and none now, so would keep all access", user.source.short)
    message = Message("{}: keep {}, or set `unmanaged: delete` in bo-sync.yaml", was, _tombstone(user, then, now))
    return GuardrailRow(user.email, message, user.source)


def _tombstone(user: Declaration, then: EntryIndex, now: EntryIndex | None) -> Message:
    """What to keep of a user's entry at the base. `now`, if given, is that user's entry in the current files."""
    path = user.source.path
    if then.own_file(user) is None:
        return Message("the entry of {} in {} with `state: absent`", user.email, path)
    if now is not None and path in now.files:
        return Message("a file for {} with `state: absent`", user.email)
    return Message("{} for {} with `state: absent`", path, user.email)


def _free_path(user: Declaration, taken: Collection[Text]) -> Text:
    """A path for a new file next to the user's present one, named by their address."""
    folder = user.source.path.raw.rpartition("/")[0]
    whole = _UNSAFE.sub("-", user.email.folded).strip("-._")
    names = (_UNSAFE.sub("-", user.email.folded.partition("@")[0]).strip("-._"), whole, f"{whole}.new")
    paths = (Text(f"{folder}/{name}.yaml") for name in names if name)
    return next((path for path in paths if path not in taken), Text(f"{folder}/….yaml"))


_UNSAFE: Final = re.compile("[^a-z0-9._-]+")


def unannounced_deletions(base: Snapshot, head: Snapshot, today: date) -> Iterator[GuardrailResult]:
    """`max_user_deletes` for the users whose `until` has passed, and who were to stay at the base or not in it.

    A plan counts expired entries only in `max_expiries`, because their date was reviewed before it came. A date that is
    already in the past when it is written, for example after a typo in the year, announces nothing. The population is
    the users who were to stay at the base.
    """
    then, settings = {user.email.folded: user for user in base.declarations}, head.settings
    rows = tuple(
        GuardrailRow(user.email, _late_end(user, then.get(user.email.folded)), user.source)
        for user in head.declarations
        if departure(user, today) is Departure.UNTIL_PASSED
        and not settings.is_protected(user.email)
        and _is_staying(then.get(user.email.folded), today)
    )
    staying = sum(departure(user, today) is None for user in then.values())
    yield from _counted("max_user_deletes", rows, Basis(settings.guardrails.max_user_deletes, staying), _WAY_OF_USERS)


def _is_staying(entry: Declaration | None, today: date) -> bool:
    """Whether nothing at the base ends the account. A user without an entry there may be in the hub."""
    return entry is None or departure(entry, today) is None


def _late_end(user: Declaration, then: Declaration | None) -> Message:
    ending = f"ends after {then.until}" if then and then.until else "has no end"
    was = ending if then else "has no entry"
    return Message(f"`until: {user.until}` has passed, so would be deleted; at the base the account {was}")


def unannounced_losses(base: Snapshot, head: Snapshot) -> Iterator[GuardrailResult]:
    """`max_access_losses` and `max_grant_losses` for grants whose `until` has passed, and which the base gives today.

    The populations are those of the limits, in the files of the base.
    """
    then, settings = {user.email.folded: _held(user) for user in base.users}, head.settings
    areas, grants = [], []
    for user in head.users:
        was = then.get(user.email.folded, {})
        lost = () if settings.is_protected(user.email) else tuple(_lost(user, was))
        grants += [GuardrailRow(user.email, _late_loss(own, was, user), own.source) for own in lost]
        ended = [own.role for own in lost if own.role in PLATFORM]
        if ended and not has_area(_held(user)):
            message = Message(f"would lose the last platform area: {', '.join(ended)}")
            areas.append(GuardrailRow(user.email, message, user.source))
    limits, with_area = settings.guardrails, sum(map(has_area, then.values()))
    yield from _counted("max_access_losses", areas, Basis(limits.max_access_losses, with_area), _WAY_OF_GRANTS)
    given = Basis(limits.max_grant_losses, sum(map(len, then.values())))
    yield from _counted("max_grant_losses", grants, given, _WAY_OF_GRANTS)


def _lost(user: DesiredUser, was: Mapping[Role, Access]) -> Iterator[Override]:
    """The expired entries without which the user would hold more, of roles in which the base gives more."""
    held = _held(user)
    for own in user.expired:
        left = held.get(own.role, Access.NONE)
        if own.access > left and was.get(own.role, Access.NONE) > left:
            yield own


def _late_loss(own: Override, was: Mapping[Role, Access], user: DesiredUser) -> Message:
    left = _held(user).get(own.role, Access.NONE)
    ended = f"`until: {own.until}` has passed, and the base gives it today"
    return Message(f"{own.role} {was[own.role].word} → {left.word}: {ended}")


def _held(user: DesiredUser) -> dict[Role, Access]:
    return {grant.role: grant.access for grant in user.grants}


def _counted(guardrail: str, rows: Sequence[GuardrailRow], basis: Basis, way: str) -> Iterator[GuardrailResult]:
    if rows:
        yield at_most(guardrail, tuple(rows), basis, way)
