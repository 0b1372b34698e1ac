"""The one person whom an address on the command line means."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TypeVar

from bo_sync.access.people import Person
from bo_sync.core.model import DesiredUser
from bo_sync.core.text import Text
from bo_sync.errors import UsageError

SomePerson = TypeVar("SomePerson", Person, DesiredUser)


def somebody(email: str, people: Sequence[SomePerson]) -> SomePerson | None:
    """Whoever of `people` has the address, whose case matters only where it tells two people apart.

    Raises UsageError when it does not tell them apart.
    """
    alike = [person for person in people if person.email.folded == Text(email).folded]
    exact = [person for person in alike if person.email.raw == email]
    if len(alike) > 1 and not exact:
        spellings = ", ".join(str(person.email) for person in alike)
        raise UsageError(
            f"{Text(email)}: several people have this address: {spellings}", hint="spell it as one of them"
        )
    return next(iter(exact or alike), None)


def nobody(email: str, where: str, people: Sequence[Person | DesiredUser]) -> UsageError:
    """The error for an address that none of `people` has."""
    near = get_close_matches(Text(email).folded, sorted({person.email.folded for person in people}), n=1)
    spelled = next((person.email for person in people if near and person.email.folded == near[0]), None)
    return UsageError(
        f"{Text(email)}: nobody has this address in {where}",
        hint=f"did you mean {spelled}?" if spelled else "bo-sync users lists everybody; --live asks the hub",
    )
