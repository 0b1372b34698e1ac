"""What became of people between two states of the files: whose address changed, and whose entry went away.

The hub cannot change an address. Files that give the same person another one would make a second account and leave the
first with all its access; so would a file that is simply removed, unless people without a file are deleted. Both are
seen here without a hub, by comparing the files of a git revision (the base) with those of today (the head).
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from bo_sync.core.base_compare import Entries, Sign, entries, readdressed
from bo_sync.core.guardrails import GuardrailName, GuardrailResult, GuardrailRow
from bo_sync.core.guards import GuardComparison, Loosened, loosened, loosened_ignores, loosened_policies
from bo_sync.core.model import Declaration, DesiredUser
from bo_sync.core.policy import Policy
from bo_sync.core.presets import departure
from bo_sync.core.settings import Settings, Unmanaged
from bo_sync.core.text import Text
from bo_sync.core.unannounced import unannounced_deletions, unannounced_losses


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the files said at one time. `people` includes entries with errors, as far as they name somebody.

    `lists` are the files that hold a list of people; `unread` are files and folders that may hold people who are not
    in `people`, because of an error. `has_settings` is False where the settings have one, and nothing is said about
    them then; `has_policies` is so of the policies, and matters at the head: one that the base lacks loosens nothing.
    `users` is what the entries mean on the day of the comparison; empty where a file has an error.
    """

    people: tuple[Declaration, ...] = ()
    settings: Settings = field(default_factory=Settings)
    lists: frozenset[Text] = frozenset()
    unread: tuple[Text, ...] = ()
    has_settings: bool = True
    policies: tuple[Policy, ...] = ()
    has_policies: bool = True
    users: tuple[DesiredUser, ...] = ()


@dataclass(frozen=True, slots=True)
class AddressChange:
    """One person under two addresses: the entry at the base, the entry at the head, and why they are one person's.

    `standing` is the entry at the head that has the old address, where there is one.
    """

    before: Declaration
    after: Declaration
    sign: Sign
    standing: Declaration | None = None


@dataclass(frozen=True, slots=True)
class Comparison(GuardComparison):
    """The files against those of a revision: which guards are weaker, and the guardrails that need no hub."""

    guardrails: tuple[GuardrailResult, ...] = ()

    @property
    def refused(self) -> tuple[GuardrailResult, ...]:
        return tuple(guardrail for guardrail in self.guardrails if not guardrail.ok)


def changed_addresses(base: Snapshot, head: Snapshot, today: date) -> tuple[AddressChange, ...]:
    """Every user with another address than at the base (`readdressed`), sorted by the new address."""
    then, now = entries(base.people, base.lists), entries(head.people, head.lists)
    changes = (
        AddressChange(before, after, sign, next(iter(now.by_address.get(before.email.folded, ())), None))
        for sign, (before, after) in readdressed(then, now, today)
    )
    return tuple(sorted(changes, key=lambda change: (change.after.email.folded, change.before.email.folded)))


def removed_people(
    base: Snapshot, head: Snapshot, today: date, changes: Collection[AddressChange]
) -> tuple[Declaration, ...]:
    """Entries at the base whose person no file speaks of any more, and would keep all access; sorted by address.

    Nobody where people without a file are deleted. Not those of `changes`, which are told already, nor those who were
    and are protected: they need no file.
    """
    if head.settings.unmanaged is Unmanaged.DELETE:
        return ()
    told = {change.before.email.folded for change in changes}
    return tuple(
        person
        for person in _missing(base, head, today)
        if person.email.folded not in told
        and not (base.settings.is_protected(person.email) and head.settings.is_protected(person.email))
    )


def _missing(base: Snapshot, head: Snapshot, today: date) -> tuple[Declaration, ...]:
    """Entries of people who were to stay at the base and whose address the head certainly does not name."""
    named = {person.email.folded for person in head.people}
    known = {person.source.path for person in base.people}
    if any(path not in known for path in head.unread):
        return ()  # a new file that cannot be read may hold anybody; that it cannot is an error, and told as one
    gone = {
        person.email.folded: person
        for person in base.people
        if person.email.folded not in named
        and person.source.path not in head.unread
        and departure(person, today) is None
    }
    return tuple(gone[email] for email in sorted(gone))


def compare(base: Snapshot, head: Snapshot, today: date) -> tuple[tuple[Loosened, ...], tuple[GuardrailResult, ...]]:
    """The guards that the head loosens, and the guardrails that can be judged without a hub, in the order of
    showing. Limits are among them where something ends that the base does not announce."""
    changes = changed_addresses(base, head, today)
    removed = removed_people(base, head, today, changes)
    then, now = entries(base.people, base.lists), entries(head.people, head.lists)
    guardrails = (
        GuardrailResult("empty", len(head.people), 1, ok=bool(head.people)),
        _none_allowed("email_change", tuple(_changed(change, then, now) for change in changes)),
        _none_allowed("removed_file", tuple(_removed(person, then, now) for person in removed)),
        *unannounced_deletions(base.people, head.people, head.settings, today),
        *unannounced_losses(base.users, head.users, head.settings),
    )
    return loosened_since(base, head, today), guardrails


def loosened_since(base: Snapshot, head: Snapshot, today: date) -> tuple[Loosened, ...]:
    """The guards that the head weakens, in the order of showing."""
    return tuple(_loosened(base, head, today))


def _loosened(base: Snapshot, head: Snapshot, today: date) -> Iterator[Loosened]:
    if base.has_settings and head.has_settings:
        yield from loosened(base.settings, head.settings)
    if head.has_policies:
        yield from loosened_policies(base.policies, head.policies)
    yield from loosened_ignores(base.people, head.people, today)


def _none_allowed(guardrail: GuardrailName, rows: tuple[GuardrailRow, ...]) -> GuardrailResult:
    return GuardrailResult(guardrail, len(rows), 0, not rows, rows=rows)


def _changed(change: AddressChange, then: Entries, now: Entries) -> GuardrailRow:
    old, new = change.before, change.after
    recipe = _recipe(change, then, now) if change.standing is None else _restoring(change, change.standing)
    message = (
        f"{_sign(change)} of {old.email} at the base ({old.source.short}); an address cannot change: {recipe}"
        f"{'' if new.id is None else ', without `id`'}"
    )
    return GuardrailRow(new.email, message, new.source)


def _recipe(change: AddressChange, then: Entries, now: Entries) -> str:
    """What to do where the old address stands nowhere."""
    old, new = change.before, change.after
    is_in_place = old.source.path == new.source.path
    if not is_in_place:
        place = f"leave {new.source.path} to {new.email}"
    elif then.own_file(old) is None:
        place = f"let {new.email} stand beside it"
    else:
        place = f"add {_free_path(new, {*then.files, *now.files})} for {new.email}"
    return f"keep {_tombstone(old, then, now if not is_in_place else None)}, and {place}"


def _restoring(change: AddressChange, standing: Declaration) -> str:
    """What to do where the old address stands elsewhere, as if it were another person's."""
    old, new = change.before, change.after
    if change.sign == "name":
        return (
            f"give {old.email} this user again, now at {standing.source.short}; to correct the names alone, first "
            "pin the `id` of both users in a change of its own"
        )
    if change.sign == "id":
        place = f"leave the id {new.id} to {old.email}, now at {standing.source.short}"
    else:
        place = f"leave {new.source.path} to {old.email}, or give them their names or `id` at {standing.source.short}"
    return (
        f"{place}; is {new.email} a new address of theirs, give {old.email} `state: absent`, and {new.email} "
        "an entry of its own"
    )


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


def _removed(person: Declaration, then: Entries, now: Entries) -> GuardrailRow:
    message = (
        f"has an entry at the base ({person.source.short}) and none now, so would keep all access: "
        f"keep {_tombstone(person, then, now)}, or set `unmanaged: delete` in bo-sync.yaml"
    )
    return GuardrailRow(person.email, message, person.source)


def _tombstone(person: Declaration, then: Entries, now: Entries | None) -> str:
    """What to keep of somebody's entry at the base, where `now`, if given, is who stands in which file today."""
    path = person.source.path
    if then.own_file(person) is None:
        return f"the entry of {person.email} in {path} with `state: absent`"
    if now is not None and path in now.files:
        return f"a file for {person.email} with `state: absent`"
    return f"{path} for {person.email} with `state: absent`"


def _free_path(person: Declaration, taken: Collection[Text]) -> Text:
    """A path for a new file beside the person's present one, named by their address."""
    folder = person.source.path.raw.rpartition("/")[0]
    whole = _UNSAFE.sub("-", person.email.folded).strip("-._")
    names = (_UNSAFE.sub("-", person.email.folded.partition("@")[0]).strip("-._"), whole, f"{whole}.new")
    paths = (Text(f"{folder}/{name}.yaml") for name in names if name)
    return next((path for path in paths if path not in taken), Text(f"{folder}/….yaml"))


_UNSAFE: Final = re.compile("[^a-z0-9._-]+")
