"""Which user of a base revision has another address in the files of today.

Three signs, the surest first: the pinned `id`; the same single-user file, also renamed; a full name that is unique in
the tree before and after, in lists too. The hub cannot change an address, so each match with two addresses is an error,
also where two users exchange theirs. The position in a list is not a sign.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from bo_sync.core.likeness import Trait, full_names
from bo_sync.core.model import Declaration
from bo_sync.core.presets import departure
from bo_sync.core.text import Text

Sign = Literal["id", "file", "name"]
Pair = tuple[Declaration, Declaration]
"""The entry of one user at the base, and in the files of today."""
_Keys = Callable[[Declaration], Iterable[Hashable]]
_ByKey = Mapping[Hashable, Sequence[Declaration]]


@dataclass(frozen=True, slots=True)
class Entries:
    """All entries at one time, by folded address and counted. `lists` are the files that hold a list of users."""

    everyone: Sequence[Declaration]
    lists: frozenset[Text]
    by_address: Mapping[str, Sequence[Declaration]]
    files: Counter[Text]
    named: Counter[Trait]

    def own_file(self, user: Declaration) -> Text | None:
        """The path, where the file has the form for one user."""
        path = user.source.path
        return None if path in self.lists else path


def entries(users: Iterable[Declaration], lists: frozenset[Text]) -> Entries:
    """Entries in the order of address and place, whatever the order of `users`."""
    everyone = sorted(users, key=lambda user: (user.email.folded, user.source))
    by_address: dict[str, list[Declaration]] = {}
    for user in everyone:
        by_address.setdefault(user.email.folded, []).append(user)
    files = Counter(user.source.path for user in everyone)
    named = Counter(name for user in everyone for name in full_names(user.profile))
    return Entries(everyone, lists, by_address, files, named)


def readdressed(then: Entries, now: Entries, today: date) -> Iterator[tuple[Sign, Pair]]:
    """Each user with another address than at the base, once, with the surest sign.

    Left out are users who were absent or expired at the base, and those whose old address keeps an entry that is absent
    or expired: that is the documented way to give a user another address.
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


def _lasting(then: Entries, now: Entries) -> set[str]:
    """Addresses whose user stays the same by a full name, or by all that the entry says beside the address."""
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


def _path(here: Entries, there: Entries) -> _Keys:
    """The path of a file with one user. It may change its form, but is not a list at both times."""
    lists = here.lists & there.lists

    def keys(user: Declaration) -> Iterable[Hashable]:
        path = user.source.path
        return (path,) if here.files[path] == 1 and path not in lists else ()

    return keys


def _content(here: Entries, there: Entries) -> _Keys:
    """What a file of one user says, where `there` has no file of that path: the file was renamed.

    All beside the address and the `id` is the same. If the file says more than names, one name in common is enough.
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


def _unique_name(here: Entries) -> _Keys:
    return lambda user: (name for name in sorted(full_names(user.profile)) if here.named[name] == 1)


def _stated(user: Declaration) -> tuple[int | None, frozenset[tuple[str, str]], *tuple[Hashable, ...]]:
    """All that an entry says beside the address: the `id`, the names, and the rest."""
    profile = frozenset((entry.field, entry.value.folded if entry.value else "") for entry in user.profile)
    names = frozenset(fact for fact in profile if fact[0] in _NAMES)
    grants = frozenset((grant.role, grant.access, grant.until) for grant in user.overrides)
    return user.id, names, profile - names, frozenset(user.presets), grants, user.until


_NAMES: Final = frozenset({"first_name", "middle_name", "last_name"})
