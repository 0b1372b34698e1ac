"""`bo-sync.yaml` as a value, with the defaults that hold when it, or a key of it, is missing."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, fields
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import zip_longest
from typing import Final

from bo_sync.core.hub_operations import AddedOperations
from bo_sync.core.model import DEFAULT_HUB_NAMES, ROLES, Profile, Role, Source
from bo_sync.core.text import Text


class Unmanaged(StrEnum):
    """What happens to users in the hub who have no file."""

    REPORT = "report"
    IGNORE = "ignore"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Limit:
    """`percent` of a population, rounded down, at least `floor` and at most `cap`. `floor` is not above `cap`."""

    percent: int
    floor: int
    cap: int

    def of(self, population: int) -> int:
        """The limit for `population`, in the unit of what is counted."""
        return min(self.cap, max(self.floor, self.share(population)))

    def share(self, population: int) -> int:
        """`percent` of `population`, rounded down, before floor and cap."""
        return population * self.percent // 100


def fixed(number: int) -> Limit:
    """The limit that a plain integer in the file means: the same number for every population."""
    return Limit(0, number, number)


@dataclass(frozen=True, slots=True)
class GuardrailLimits:
    max_user_deletes: Limit = Limit(percent=20, floor=1, cap=10)
    max_access_losses: Limit = Limit(percent=20, floor=1, cap=10)
    max_grant_losses: Limit = Limit(percent=25, floor=11, cap=200)
    max_expiries: Limit = Limit(percent=20, floor=10, cap=200)
    min_role_owners: int = 2

    @property
    def least_role_owners(self) -> int:
        """How many owners must remain, at least 1 whatever the files say."""
        return max(self.min_role_owners, 1)

    def of(self, guardrail: str) -> Limit:
        """The limit of a numeric guardrail; of a minimum, which is at least 1, a fixed one."""
        limit: Limit | int = getattr(self, guardrail)
        return limit if isinstance(limit, Limit) else fixed(max(limit, 1))


LIMITS: Final = tuple(each.name for each in fields(GuardrailLimits) if isinstance(each.default, Limit))
"""The guardrails whose limit is a share of a population."""


DEFAULT_ROLE_DEFINITIONS: Final = tuple((role, Text(DEFAULT_HUB_NAMES[role])) for role in ROLES)


@dataclass(frozen=True, slots=True)
class Settings:
    """`protect` and `email_domains` are compared case-folded; `role_definitions` maps our names to the hub's.

    `protect_places` are the places of the entries of `protect`, in their order, for settings that were read.
    `hub_identity` is `sha256:` and 64 digits, or `tenant/` and an id. `expiring_within` is in days from today: an
    `until` up to then gives a warning.
    """

    defaults: Profile = ()
    unmanaged: Unmanaged = Unmanaged.REPORT
    protect: tuple[Text, ...] = ()
    email_domains: tuple[Text, ...] = ()
    timezone: str = "UTC"
    expiring_within: int = 14
    hub_host: Text | None = None
    hub_identity: Text | None = None
    guardrails: GuardrailLimits = GuardrailLimits()
    role_definitions: tuple[tuple[Role, Text], ...] = DEFAULT_ROLE_DEFINITIONS
    protect_places: tuple[Source, ...] = field(default=(), compare=False)
    catalogue: AddedOperations | None = None

    @property
    def roles(self) -> tuple[Role, ...]:
        """Our names in the declared order: the documented eleven, then added ones by name."""
        return tuple(role for role, _ in self.role_definitions)

    def is_protected(self, email: Text) -> bool:
        """Whether an address matches a pattern of `protect` (`*`, `?`, `[…]`; case does not matter, in any script)."""
        return any(_matches(pattern, email) for pattern in self.protect)

    def unmatched(self, emails: Collection[Text]) -> Iterator[tuple[Text, Source | None]]:
        """The entries of `protect` that match none of `emails`, each with its place."""
        for pattern, place in zip_longest(self.protect, self.protect_places[: len(self.protect)]):
            if not any(_matches(pattern, email) for email in emails):
                yield pattern, place


def _matches(pattern: Text, email: Text) -> bool:
    return fnmatchcase(email.folded.casefold(), pattern.folded.casefold())
