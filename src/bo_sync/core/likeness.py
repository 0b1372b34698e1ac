"""What makes two profiles look like one person's: the same first and last name, or the same phone and one name.

Names are compared by their words, without regard to case, accents, what has no width, apostrophes and other marks; a
hyphen parts words. Which word of a full name is first, middle or last says nothing: files and hubs are of two minds
about `van der`, and about who is called Lee Ann. A first or last name of punctuation alone counts as it is written: "-"
is the usual last name of a shared account. Beside a phone it does not count, because many accounts share both. Phones
are compared by their digits, `00` at the beginning being a plus. What is empty is like nothing.

And what makes two written addresses look alike to a reader who cannot see code points.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final
from unicodedata import category, decimal, normalize

from bo_sync.core.model import LiveUser, Profile, ProfileField
from bo_sync.core.text import Text

_ACCENTS: Final = range(0x300, 0x370)
"""Marks above and below letters. Those of scripts in which a mark is a vowel are elsewhere, and stay."""
_APOSTROPHES: Final = dict.fromkeys(map(ord, "\u00b4\u02b9\u02bb\u02bc\u02bd"))
"""Those that count as letters, or would be taken apart into a space and an accent; the others are punctuation."""
_around_addresses: Final = re.compile(r'[<>()\[\]:;,"\\]').split
"""Characters around an address and never in one: of `mailto:`, a display name, a list of several."""


FULL_NAME: Final = "first and last name"


@dataclass(frozen=True, slots=True, order=True)
class Trait:
    """Something that two people would have to share to be taken for one; `noun` names it."""

    noun: str
    values: tuple[str, ...]


def traits(profile: Profile) -> tuple[Trait, ...]:
    """What identifies a person short of their address, each once: two profiles that share a trait look alike."""
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
    """The full name without and with the middle name; none where the first or the last name is missing."""
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
    """Each address in `raw` as a reader sees it; none where there is nothing with an @.

    Full-width and other forms are their plain letters; case, accents, white space and what is drawn as nothing are
    left out.
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
