"""Which errors of the files stop a plan for chosen users only, and what is set aside for such a plan.

An error stops the plan if it can be about a chosen user. Everything else is set aside with a warning: the users of such
files are not compared, and count as they are in the hub.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from bo_sync.config.documents import ID
from bo_sync.config.files import File, kind_of, stem_of
from bo_sync.config.load import Tree
from bo_sync.config.yaml_reader import read
from bo_sync.config.yaml_values import Items, Value, YamlMapping
from bo_sync.core.expiry import has_expired_part
from bo_sync.core.model import PROFILE_FIELDS, FieldValue, LiveUser, Preset, Problem, Severity
from bo_sync.core.selection import Candidate, ChosenUsers, Claim, Selection
from bo_sync.core.settings import Unmanaged
from bo_sync.core.text import Text
from bo_sync.core.user_matching import Trait, address_shapes, traits

_is_id: Final = re.compile(ID).fullmatch
_WHOSE: Final = ("users", "email", "id")
"""The keys that identify the user of a file."""


@dataclass(frozen=True, slots=True)
class Aside:
    """Users who are not compared, their file, and the files with the errors that prevent it."""

    path: Text
    claims: tuple[Claim, ...]
    wrong: frozenset[Text]


@dataclass(frozen=True, slots=True)
class Broken:
    """A tree and its files, and its errors by what they can be about. `today` decides what has expired.

    `everyone`: files whose errors can be about any user. `asides`: those that can only be about certain users.
    `presets` are names, `policies` files with errors.
    """

    tree: Tree
    files: Sequence[File]
    today: date
    everyone: frozenset[Text]
    asides: tuple[Aside, ...]
    presets: frozenset[str]
    policies: frozenset[Text]

    @property
    def claims(self) -> tuple[Claim, ...]:
        return tuple(claim for aside in self.asides for claim in aside.claims)


def broken(tree: Tree, files: Sequence[File], today: date) -> Broken:
    """The errors of `tree`, which was made of `files`."""
    wrong = {problem.source.path for problem in tree.errors}
    data = dict(files)
    everyone: set[Text] = set()
    policies: set[Text] = set()
    presets: dict[str, Text] = {}
    asides: list[Aside] = []
    for path in sorted(wrong):
        kind = kind_of(path.raw)
        claims = _claims(data[path.raw], path, today) if kind == "user" and path.raw in data else None
        if claims is not None:
            asides.append(Aside(path, claims, frozenset((path,))))
        elif kind == "preset":
            presets[stem_of(path.raw)] = path
        elif kind == "policy":
            policies.add(path)
        else:
            everyone.add(path)
    asides += _without_preset(tree, presets, today)
    return Broken(tree, files, today, frozenset(everyone), tuple(asides), frozenset(presets), frozenset(policies))


def _without_preset(tree: Tree, broken_presets: Mapping[str, Text], today: date) -> Iterator[Aside]:
    """The users whose access is unknown, because a preset that gives it has an error."""
    for declaration in tree.declarations:
        reached = _reached(declaration.presets, tree.presets) & broken_presets.keys()
        if reached:
            claim = Claim(declaration.email, declaration.id, declaration.profile, has_expired_part(declaration, today))
            yield Aside(declaration.source.path, (claim,), frozenset(broken_presets[name] for name in reached))


def _reached(names: Iterable[str], presets: Mapping[str, Preset]) -> set[str]:
    """The names and all that they extend, including those without a valid file."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += presets[name].extends if name in presets else ()
    return found


def standing(errors: Broken, selection: Selection, live: Collection[LiveUser]) -> set[Text]:
    """The files whose errors stop the plan: those that can be about a user that `selection` chooses."""
    tree = errors.tree
    addresses = selection.chosen(_candidates(errors, live))
    ids = {user.id for user in live if user.email.folded in addresses}
    ids |= {entry.id for entry in tree.declarations if entry.id is not None and entry.email.folded in addresses}
    chosen = ChosenUsers.of(selection, addresses, frozenset(ids))
    unfiled = _unfiled(tree, live, addresses)
    stops = set(errors.everyone)
    for aside in errors.asides:
        if chosen.may_be_in(aside.path, aside.claims) or _may_have_moved(aside.claims, unfiled, live):
            stops |= aside.wrong
    return stops


def unmatched(errors: Broken, selection: Selection, live: Collection[LiveUser]) -> tuple[Text, ...]:
    """The patterns that match no user, and that no file with an error can be about."""
    return tuple(
        pattern
        for pattern in selection.unmatched(tuple(_candidates(errors, live)))
        if not any(ChosenUsers.of(Selection((pattern,))).may_be_in(aside.path, aside.claims) for aside in errors.asides)
    )


def _candidates(errors: Broken, live: Iterable[LiveUser]) -> Iterator[Candidate]:
    for entry in errors.tree.declarations:
        yield Candidate(entry.email, entry.source.path, has_expired_part(entry, errors.today))
    for user in live:
        yield Candidate(user.email)


def _unfiled(tree: Tree, live: Iterable[LiveUser], addresses: frozenset[str]) -> list[LiveUser]:
    """The chosen users that the plan would delete because no valid file is about them."""
    if tree.settings.unmanaged is not Unmanaged.DELETE:
        return []
    emails = {entry.email.folded for entry in tree.declarations}
    ids = {entry.id for entry in tree.declarations}
    return [user for user in live if user.email.folded in addresses - emails and user.id not in ids]


def _may_have_moved(claims: Iterable[Claim], unfiled: Collection[LiveUser], live: Collection[LiveUser]) -> bool:
    """Whether an entry whose user is not in the hub may be that of a user without a file, under another address."""
    emails, ids = {user.email.folded for user in live}, {user.id for user in live}
    known = {trait for user in unfiled for trait in traits(user.profile)}
    return bool(unfiled) and any(
        claim.email.folded not in emails and claim.id not in ids and _may_share(traits(claim.profile), known)
        for claim in claims
    )


def _may_share(claimed: Collection[Trait], known: Collection[Trait]) -> bool:
    """Whether one of the traits is known; an entry without readable traits may share any."""
    return not claimed or any(trait in known for trait in claimed)


def sound(errors: Broken) -> Tree:
    """The tree without what is set aside; its errors become warnings."""
    tree = errors.tree
    paths = {aside.path for aside in errors.asides if aside.path in aside.wrong}
    return replace(
        tree,
        declarations=tuple(
            entry
            for entry in tree.declarations
            if entry.source.path not in paths and not _reached(entry.presets, tree.presets) & errors.presets
        ),
        presets={
            name: preset
            for name, preset in tree.presets.items()
            if not _reached((name,), tree.presets) & errors.presets
        },
        problems=warned(tree.problems),
        unsound=(),
    )


def warned(problems: Iterable[Problem], stops: Collection[Text] = ()) -> tuple[Problem, ...]:
    """The problems, with errors outside of the files `stops` as warnings."""
    return tuple(
        problem
        if problem.source.path in stops or problem.severity is not Severity.ERROR
        else replace(problem, severity=Severity.WARNING)
        for problem in problems
    )


def _claims(data: bytes, path: Text, today: date) -> tuple[Claim, ...] | None:
    """What each entry of a user file states for certain; None if an address or an id in it cannot be read."""
    value, _, problems = read(data, path)
    if not isinstance(value, YamlMapping) or not _is_legible(value, problems):
        return None
    entries: list[Value] = [value]
    if "users" in value:
        listed = value["users"]
        if not isinstance(listed, Items) or not value.keys().isdisjoint(_WHOSE[1:]):
            return None
        entries = listed
    named = [_claim(entry, problems, today) for entry in entries]
    claims = tuple(claim for claim in named if claim is not None)
    return claims if len(claims) == len(named) else None


def _is_legible(entries: YamlMapping, problems: Collection[Problem]) -> bool:
    """Whether there is one way to read the keys that identify a user."""
    given = [key for key in _WHOSE if key in entries]
    marks = [mark for key in given for mark in (entries.key_at(key), entries.value_at(key))]
    at = {(mark.line + 1, mark.column + 1) for mark in marks}
    return "<<" not in entries and at.isdisjoint((each.source.line, each.source.column) for each in problems)


def _claim(entries: Value, problems: Collection[Problem], today: date) -> Claim | None:
    if not isinstance(entries, YamlMapping) or not _is_legible(entries, problems):
        return None
    email, pin = entries.get("email"), entries.get("id", "1")
    if not isinstance(email, str) or not address_shapes(email) or not isinstance(pin, str) or not _is_id(pin):
        return None
    profile = tuple(
        FieldValue(name, Text(written)) for name in PROFILE_FIELDS if isinstance(written := entries.get(name), str)
    )
    passed = any(_is_over(until, today) for until in _ends(entries))
    return Claim(Text(email), int(pin) if "id" in entries else None, profile, passed)


def _ends(entries: YamlMapping) -> Iterator[Value]:
    """What is written as a last day: of the account, and of each grant."""
    yield entries.get("until")
    for area in ("platform", "modules"):
        yield from (grant.get("until") for grant in entries.mapping(area).values() if isinstance(grant, YamlMapping))


def _is_over(until: Value, today: date) -> bool:
    try:
        return isinstance(until, str) and date.fromisoformat(until) < today
    except ValueError:
        return False
