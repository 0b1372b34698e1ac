"""Which entry of the files today is that of a person whose address stood in the files before.

From the surest sign to the weakest, each entry used once: the pinned id; a file of one person that now names another;
in one file, a full name that nobody else there has; anywhere, a name, or a phone and one name, that nobody else has;
and at last a file of one person that went away, and a new one that resembles it. Position is never a sign. Whoever's
address still stands is looked for too, by id and file: two entries may have changed addresses.
"""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bo_sync.core.likeness import Trait, traits
from bo_sync.core.model import Declaration
from bo_sync.core.text import Text

Sign = Literal["id", "file", "name", "phone", "likeness"]
Pair = tuple[Declaration, Declaration]
"""One person's entry before, and today."""
_Keys = Callable[[Declaration], Iterable[Hashable]]
_Search = Callable[[Sequence[Declaration], Sequence[Declaration]], Iterator[Pair]]

_ENOUGH: Final = 0.5
"""A renamed file keeps more than this share of what it says."""


@dataclass(frozen=True, slots=True)
class Census:
    """All entries at one time, counted: by file, by name within a file, by trait anywhere. `lists` hold a list."""

    lists: Collection[Text]
    files: Counter[Text]
    named: Counter[tuple[Text, Trait]]
    shared: Counter[Trait]

    def own_file(self, person: Declaration) -> Text | None:
        """The file in which nobody else stands, or could."""
        path = person.source.path
        return path if self.files[path] == 1 and path not in self.lists else None


def census(people: Iterable[Declaration], lists: Collection[Text]) -> Census:
    counted = Census(lists, Counter(), Counter(), Counter())
    for person in people:
        counted.files[person.source.path] += 1
        for trait in traits(person.profile):
            counted.shared[trait] += 1
            counted.named[person.source.path, trait] += 1
    return counted


@dataclass(frozen=True, slots=True)
class Candidates:
    """Entries of today that may be somebody's new one: all of them, those whose address is new or no more that of the
    person it was, and the ones with a new address that are to stay."""

    everybody: Sequence[Declaration]
    new: Sequence[Declaration]
    staying: Sequence[Declaration]


@dataclass(frozen=True, slots=True)
class Lost:
    """Entries of before to look for: those whose address is gone; those whose address stands without their id; and
    those whose address stands, yet not with the person whom it was."""

    gone: Sequence[Declaration]
    without_id: Sequence[Declaration]
    estranged: Sequence[Declaration]


def goes_on(before: Declaration, after: Declaration) -> bool:
    """Whether an entry with the same address is still the same person's: by place, id, name, or all that it says."""
    if before.source.path == after.source.path or (before.id is not None and before.id == after.id):
        return True
    return _names(before).intersection(_names(after)) != set() or (
        before.id == after.id and _facts(before) == _facts(after)
    )


def _names(person: Declaration) -> set[Trait]:
    return {trait for trait in traits(person.profile) if trait.noun.startswith("first")}


def find(lost: Lost, candidates: Candidates, then: Census, now: Census) -> Iterator[tuple[Sign, Pair]]:
    """Whom of `lost` a candidate continues, and by which sign. Order decides only ties.

    Only what is sure, an id or a file, speaks of somebody whose address still stands.
    """
    gone, new, staying = lost.gone, candidates.new, candidates.staying
    steps: tuple[tuple[Sign, Sequence[Declaration], Sequence[Declaration], _Search], ...] = (
        ("id", (*gone, *lost.without_id), candidates.everybody, _by_keys(_id, _id)),
        ("file", (*gone, *lost.estranged), new, _by_keys(_file(then), _file(now))),
        ("name", gone, staying, _by_keys(_name_in_file(then), _name_in_file(now))),
        ("name", gone, staying, _by_keys(_unshared(then, "first"), _unshared(now, "first"))),
        ("phone", gone, staying, _by_keys(_unshared(then, "phone"), _unshared(now, "phone"))),
        ("likeness", gone, staying, lambda old, new: _renamed(old, new, then, now)),
    )
    used: set[int] = set()
    for sign, missing, among, search in steps:
        left = [person for person in missing if id(person) not in used]
        free = [person for person in among if id(person) not in used]
        for pair in search(left, free):
            used.update(map(id, pair))
            yield sign, pair


def _by_keys(of_old: _Keys, of_new: _Keys) -> _Search:
    def search(missing: Sequence[Declaration], candidates: Sequence[Declaration]) -> Iterator[Pair]:
        found = {key: person for person in candidates for key in of_new(person)}
        taken: set[int] = set()
        for person in missing:
            heirs = (found[key] for key in of_old(person) if key in found)
            heir = next((heir for heir in heirs if id(heir) not in taken), None)
            if heir is not None:
                taken.add(id(heir))
                yield person, heir

    return search


def _id(person: Declaration) -> Iterable[Hashable]:
    return () if person.id is None else (person.id,)


def _file(counted: Census) -> _Keys:
    def keys(person: Declaration) -> Iterable[Hashable]:
        path = counted.own_file(person)
        return () if path is None else (path,)

    return keys


def _name_in_file(counted: Census) -> _Keys:
    def keys(person: Declaration) -> Iterable[Hashable]:
        pairs = ((person.source.path, trait) for trait in traits(person.profile) if trait.noun.startswith("first"))
        return (pair for pair in pairs if counted.named[pair] == 1)

    return keys


def _unshared(counted: Census, noun: str) -> _Keys:
    """The traits whose noun begins so, and that nobody else has."""

    def keys(person: Declaration) -> Iterable[Hashable]:
        return (trait for trait in traits(person.profile) if trait.noun.startswith(noun) and counted.shared[trait] == 1)

    return keys


def _renamed(
    missing: Sequence[Declaration], candidates: Sequence[Declaration], then: Census, now: Census
) -> Iterator[Pair]:
    """Files of one person that went away, each with the new one that resembles it most."""
    gone = [person for person in missing if (path := then.own_file(person)) and path not in now.files]
    come = [person for person in candidates if (path := now.own_file(person)) and path not in then.files]
    by_hint: dict[Hashable, list[Declaration]] = {}
    for person in come:
        for hint in _hints(person):
            by_hint.setdefault(hint, []).append(person)
    scored = []
    for person in gone:
        alike = {id(heir): heir for hint in _hints(person) for heir in by_hint.get(hint, ())}
        for heir in alike.values():
            score = _resemblance(person, heir)
            if score > _ENOUGH:
                scored.append((-score, person.source, heir.source, (person, heir)))
    used: set[int] = set()
    for *_, pair in sorted(scored, key=lambda entry: entry[:3]):
        if used.isdisjoint(map(id, pair)):
            used.update(map(id, pair))
            yield pair


def _hints(person: Declaration) -> Iterator[Hashable]:
    """What a renamed file keeps at least one of: a name of the person, or its own name in another folder."""
    yield "file", person.source.path.raw.rpartition("/")[2]
    for entry in person.profile:
        if entry.field in {"first_name", "last_name"} and entry.value is not None:
            yield entry.field, entry.value.folded


def _resemblance(one: Declaration, other: Declaration) -> float:
    """The share of what both say, from 0 to 1; above that where they share a trait."""
    ours, theirs = _facts(one), _facts(other)
    share = len(ours & theirs) / max(len(ours), len(theirs), 1)
    return share + len(set(traits(one.profile)) & set(traits(other.profile)))


def _facts(person: Declaration) -> set[Hashable]:
    """All that an entry says beside the address."""
    facts: set[Hashable] = {(entry.field, entry.value.folded if entry.value else "") for entry in person.profile}
    facts.update(("preset", preset) for preset in person.presets)
    facts.update((grant.role, grant.access, grant.until) for grant in person.overrides)
    facts.update(("until", until) for until in (person.until,) if until)
    return facts
