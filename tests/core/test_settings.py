"""The settings' defaults, their limits, and who is protected."""

import pytest

from bo_sync.core.model import ROLES, Role
from bo_sync.core.settings import DEFAULT_ROLE_DEFINITIONS, GuardrailLimits, Limit, Settings, Unmanaged, fixed
from bo_sync.core.text import Text

LIMITS: dict[str, tuple[Limit, int, int]] = {
    "the floor, where the share is smaller": (Limit(20, 1, 10), 4, 1),
    "the floor, where the share equals it": (Limit(20, 1, 10), 5, 1),
    "the share, one above the floor": (Limit(20, 1, 10), 10, 2),
    "the whole part of the share": (Limit(25, 11, 200), 47, 11),
    "the share, just above the floor": (Limit(25, 11, 200), 48, 12),
    "the share, just below the cap": (Limit(20, 1, 10), 49, 9),
    "the cap, where the share equals it": (Limit(20, 1, 10), 50, 10),
    "the cap, where the share is larger": (Limit(20, 1, 10), 200, 10),
    "the cap, for a very large population": (Limit(20, 1, 10), 10_000, 10),
    "floor and cap that are one": (Limit(20, 7, 7), 10_000, 7),
    "a fixed number for nobody": (fixed(3), 0, 3),
    "a fixed number for many": (fixed(3), 10_000, 3),
    "a fixed zero": (fixed(0), 10_000, 0),
    "nothing of nobody": (Limit(20, 0, 10), 0, 0),
    "a large number keeps every digit": (Limit(33, 0, 10**18), 10**18 + 1, 33 * (10**18 + 1) // 100),
}


@pytest.mark.parametrize(("limit", "population", "expected"), LIMITS.values(), ids=LIMITS.keys())
def test_a_limit_is_a_share_between_floor_and_cap(limit: Limit, population: int, expected: int) -> None:
    assert limit.of(population) == expected


def test_the_defaults_are_those_of_the_documentation() -> None:
    settings = Settings()
    assert settings.unmanaged is Unmanaged.REPORT
    assert settings.guardrails == GuardrailLimits(
        max_user_deletes=Limit(20, 1, 10),
        max_access_losses=Limit(20, 1, 10),
        max_grant_losses=Limit(25, 11, 200),
        max_expiries=Limit(20, 10, 200),
        min_role_owners=2,
    )
    assert settings.timezone == "UTC"
    assert settings.roles == ROLES


def test_added_roles_come_after_the_documented_ones() -> None:
    settings = Settings(role_definitions=(*DEFAULT_ROLE_DEFINITIONS, (Role("returns"), Text("rma"))))
    assert settings.roles == (*ROLES, "returns")


PROTECTION = {
    "the very address": ("break-glass@example.com", "break-glass@example.com", True),
    "the address in another case": ("Break-Glass@Example.com", "break-glass@EXAMPLE.com", True),
    "a whole domain": ("*@propeller-commerce.com", "anybody@Propeller-Commerce.com", True),
    "no domain that only ends alike": ("*@propeller-commerce.com", "x@not-propeller-commerce.com", False),
    "no domain that goes on": ("*@example.com", "x@example.com.evil.example", False),
    "one character": ("user?@example.com", "user1@example.com", True),
    "one of some characters": ("user[12]@example.com", "user3@example.com", False),
    "a dot is a dot": ("a.b@example.com", "axb@example.com", False),
    "a line break does not end the address": ("*@example.com", "x@example.com\n", False),
}


@pytest.mark.parametrize(("pattern", "email", "is_protected"), PROTECTION.values(), ids=PROTECTION.keys())
def test_protection(pattern: str, email: str, is_protected: bool) -> None:
    assert Settings(protect=(Text("x@y"), Text(pattern))).is_protected(Text(email)) is is_protected


def test_nobody_is_protected_by_default() -> None:
    assert not Settings().is_protected(Text("x@example.com"))
