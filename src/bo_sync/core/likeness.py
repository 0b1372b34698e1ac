"""What makes two profiles look like one person's: the same first and last name, or the same phone and one name.

Names are compared without regard to case, spacing and the composition of accents, phones by their digits. What is empty
is like nothing.
"""

from dataclasses import dataclass
from unicodedata import normalize

from bo_sync.core.model import Profile, ProfileField


@dataclass(frozen=True, slots=True)
class Trait:
    """Something that two people would have to share to be taken for one; `noun` names it."""

    noun: str
    values: tuple[str, str]


def traits(profile: Profile) -> tuple[Trait, ...]:
    """What identifies a person short of their address: two profiles that share a trait look alike."""
    first, last, phone = _name(profile, "first_name"), _name(profile, "last_name"), _phone(profile)
    candidates = (
        Trait("first and last name", (first, last)),
        Trait("phone and first name", (phone, first)),
        Trait("phone and last name", (phone, last)),
    )
    return tuple(trait for trait in candidates if all(trait.values))


def _name(profile: Profile, field: ProfileField) -> str:
    return " ".join(normalize("NFKC", _raw(profile, field)).casefold().split())


def _phone(profile: Profile) -> str:
    return "".join(character for character in _raw(profile, "phone") if character.isdigit())


def _raw(profile: Profile, field: ProfileField) -> str:
    return next((entry.value.raw for entry in profile if entry.field == field and entry.value is not None), "")
