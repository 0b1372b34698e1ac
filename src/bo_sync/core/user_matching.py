"""Match users of the files to users of the hub: by address or pinned `id`, else uncertain; and look-alike users.

A file that contradicts the hub is blocked; one that matches several live users is uncertain; neither changes a user.
Look-alikes: names are compared by words, without case, accents, zero-width characters and apostrophes; a hyphen splits
words; the order of words does not count. A name of punctuation only counts as written, and not beside a phone, since
many shared accounts have "-". Phones are compared by digits, a leading `00` is a plus. Empty values never match.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final
from unicodedata import category, decimal, normalize

from bo_sync.core.live import HubUser, LiveIndex, why_unmanageable
from bo_sync.core.model import DesiredUser, LiveUser, Profile, ProfileField, Source
from bo_sync.core.text import Message, Text


@dataclass(frozen=True, slots=True)
class IdentityConflict:
    """A file whose user is not certain; `message` names the live users, and what to do."""

    email: Text
    source: Source
    message: Message


@dataclass(frozen=True, slots=True)
class Pair:
    """A user with a file, and that user in the hub; None if the hub has no such user.

    `twins` are the live users who share the address, the paired one included; empty if no other user shares it.
    """

    user: DesiredUser
    hub_user: HubUser | None
    twins: tuple[HubUser, ...] = ()


@dataclass(frozen=True, slots=True)
class MatchConflict:
    """A user with a file who may not be paired. `claims` are the hub's ids that the file may mean."""

    conflict: IdentityConflict
    claims: frozenset[int]


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several live users match the address, and the file does not state which one; none of them is changed."""

    user: DesiredUser
    twins: tuple[HubUser, ...]


def match(user: DesiredUser, live: LiveIndex) -> Pair | MatchConflict | Ambiguous:
    """The live user of the file of `user`."""
    there = live.at(user.email)
    at_id = live.by_id.get(user.id) if user.id is not None else None
    odd = live.odd.get(user.id or 0) or live.odd.get(user.email.folded)
    if odd is not None:
        return _refused(user, _why_unmanageable(odd), there)
    if len(there) > 1 and (user.id is None or at_id in there):
        chosen = at_id or _spelled(user.email, there)
        return Pair(user, chosen, there) if chosen else Ambiguous(user, there)
    at_address = there[0] if there else None
    if user.id is None or (at_address and at_address.user.id == user.id):
        return Pair(user, at_address)
    if at_address is None and at_id is None and user.departure is not None:
        return Pair(user, None)
    return _refused(user, _why_refused(user, at_address, at_id), (*there, *([at_id] if at_id else [])))


def _spelled(email: Text, there: tuple[HubUser, ...]) -> HubUser | None:
    """The one user with exactly this spelling, if no other user at the address holds a grant.

    Otherwise a new user with the file's spelling would hide the one who holds the grants.
    """
    exact = [hub_user for hub_user in there if hub_user.user.email == email]
    others = (hub_user for hub_user in there if hub_user.user.email != email)
    return exact[0] if len(exact) == 1 and not any(hub_user.grants for hub_user in others) else None


def _refused(user: DesiredUser, why: str, claims: Iterable[HubUser]) -> MatchConflict:
    conflict = IdentityConflict(user.email, user.source, Message(why))
    return MatchConflict(conflict, frozenset(hub_user.user.id for hub_user in claims))


def _why_unmanageable(odd: HubUser) -> str:
    return (
        f"id {odd.user.id} has {why_unmanageable(odd.user.email)} in the hub, so no file can manage it: "
        "create this user again in the backoffice, with an address, and drop `id`"
    )


def _why_refused(user: DesiredUser, at_address: HubUser | None, at_id: HubUser | None) -> Message:
    if at_id is not None:
        return Message(
            "id {} is {} in the hub, not {}; an address cannot change: keep the file of {} with "
            "`state: absent`, and add a file without `id` for {}",
            user.id,
            at_id.user.email,
            user.email,
            at_id.user.email,
            user.email,
        )
    if at_address is not None:
        return Message(
            "{} has id {} in the hub, not {}: deleted and made anew; check that this is the same "
            "person, then drop `id`",
            user.email,
            at_address.user.id,
            user.id,
        )
    return Message("the hub has neither id {} nor {}; to create this person anew, drop `id`", user.id, user.email)


_ACCENTS: Final = range(0x300, 0x370)
"""Marks above and below letters. Those of scripts in which a mark is a vowel are elsewhere, and stay."""
_APOSTROPHES: Final = dict.fromkeys(map(ord, "\u00b4\u02b9\u02bb\u02bc\u02bd"))
"""Those that count as letters, or would be taken apart into a space and an accent; the others are punctuation."""
_around_addresses: Final = re.compile(r'[<>()\[\]:;,"\\]').split
"""Characters around an address and never in one: of `mailto:`, a display name, a list of several."""


FULL_NAME: Final = "first and last name"


@dataclass(frozen=True, slots=True, order=True)
class Trait:
    """A trait that makes two users look alike when they share it; `noun` names it."""

    noun: str
    values: tuple[str, ...]


def traits(profile: Profile) -> tuple[Trait, ...]:
    """What identifies a user short of their address, each once: two profiles that share a trait look alike."""
    first, middle, last = (_words(_raw(profile, part)) for part in ("first_name", "middle_name", "last_name"))
    phone = _phone(_raw(profile, "phone"))
    found: list[Trait] = []
    given, family = first or _marks(_raw(profile, "first_name")), last or _marks(_raw(profile, "last_name"))
    if given and family:
        full = (given + family, given + middle + family)
        found += (Trait(FULL_NAME, tuple(sorted(words))) for words in full)
    if phone and first:
        found.append(Trait("phone and first name", (phone, *first)))
    if phone and last:
        found.append(Trait("phone and last name", (phone, *last)))
    return tuple(dict.fromkeys(found))


def full_names(profile: Profile) -> frozenset[Trait]:
    """The full name without and with the middle name; none if the first or the last name is missing."""
    return frozenset(trait for trait in traits(profile) if trait.noun == FULL_NAME)


def _marks(text: str) -> tuple[str, ...]:
    """The visible marks of a name without letters and digits; every dash is the same."""
    kept = (_mark(character) for character in normalize("NFKC", text))
    return tuple("".join(kept).split())


def _mark(character: str) -> str:
    kind = category(character)
    if kind == "Pd":
        return "-"
    return character if kind[0] in ("P", "S") else " " if character.isspace() else ""


def alike(shared: tuple[Trait, ...], by_trait: Mapping[Trait, Sequence[LiveUser]]) -> Iterator[tuple[LiveUser, Trait]]:
    """Live users with the same full name; then the one with the same phone and a name, if there is exactly one."""
    by_name, by_phone = (
        {
            user.id: (user, trait)
            for trait in reversed(shared)
            if (trait.noun == FULL_NAME) is is_name
            for user in by_trait.get(trait, ())
        }
        for is_name in (True, False)
    )
    yield from by_name.values()
    if len(by_phone) == 1:
        yield from (found for number, found in by_phone.items() if number not in by_name)


def _words(text: str) -> tuple[str, ...]:
    parts = normalize("NFKD", normalize("NFKD", text.translate(_APOSTROPHES)).casefold())
    return tuple(normalize("NFC", "".join(map(_folded, parts))).split())


def _folded(character: str) -> str:
    if character.isspace() or category(character) == "Pd":
        return " "
    is_sign = category(character)[0] in ("C", "P", "S") or ord(character) in _ACCENTS
    return "" if is_sign else character


def _phone(text: str) -> str:
    digits = "".join(str(decimal(character)) for character in text if character.isdecimal())
    return digits.removeprefix("00")


def _raw(profile: Profile, field: ProfileField) -> str:
    return next((entry.value.raw for entry in profile if entry.field == field and entry.value is not None), "")


def address_shapes(raw: str) -> tuple[str, ...]:
    """Each address in `raw` as it appears to a reader; none if nothing has an @.

    Full-width and other forms are their plain letters; case, accents, white space and invisible characters are left
    out.
    """
    parts = (_shape(part) for part in _around_addresses(normalize("NFKD", raw)))
    return tuple(part for part in parts if part.partition("@")[0] and part.partition("@")[2])


def _shape(text: str) -> str:
    return "".join(each for each in text if not each.isspace() and category(each)[0] not in ("C", "M")).lower()


def are_alike(one: str, other: str) -> bool:
    """Whether two of `address_shapes` can be taken for each other: any letter beyond ASCII may look like any other."""
    return len(one) == len(other) and all(map(_may_look_alike, one, other))


def _may_look_alike(one: str, other: str) -> bool:
    return one == other or not (one.isascii() and other.isascii())


_SEPARATORS: Final = dict.fromkeys(map(ord, ("-", "_", ".", "+")))
_WILD: Final = ("?", "[", "@")
"""Kept as they are. An edited star would match no more than other edits do."""


def nearly_matches(pattern: Text, email: Text) -> bool:
    """Whether an address matches a pattern with one edit (a letter more, less, other or swapped) or other separators.

    Case does not matter. Wildcards and the @ are kept as they are.
    """
    written, address = pattern.raw.casefold(), email.raw.casefold()
    if fnmatchcase(address.translate(_SEPARATORS), written.translate(_SEPARATORS)):
        return True
    return any(fnmatchcase(address, edited) for edited in _edited(written))


def _edited(pattern: str) -> Iterator[str]:
    """`pattern` with each edit; where another letter belongs, with `?`. Inside of brackets there are none."""
    for at in range(len(pattern) + 1):
        before, rest = pattern[:at], pattern[at:]
        if before.count("[") > before.count("]"):
            continue
        yield f"{before}?{rest}"
        if rest and rest[0] not in _WILD:
            yield before + rest[1:]
            yield f"{before}?{rest[1:]}"
            if rest[1:] and rest[1] not in _WILD:
                yield before + rest[1] + rest[0] + rest[2:]
