"""The settings' defaults, their limits, and who is protected."""

import pytest

from bo_sync.core.model import ROLES, Role
from bo_sync.core.settings import DEFAULT_ROLE_DEFINITIONS, Settings, Share, Unmanaged
from bo_sync.core.text import Text

SHARES = {
    "the count, where the share is smaller": (Share(1, 20), 4, 1),
    "the count, where both are equal": (Share(1, 20), 5, 1),
    "the share, where it is larger": (Share(1, 20), 14, 2),
    "the whole part of the share": (Share(11, 25), 47, 11),
    "the share of a large population": (Share(11, 25), 48, 12),
    "nothing of nobody": (Share(0, 20), 0, 0),
    "no large number loses a digit": (Share(0, 33), 10**18 + 1, 33 * (10**18 + 1) // 100),
}


@pytest.mark.parametrize(("share", "population", "limit"), SHARES.values(), ids=SHARES.keys())
def test_a_limit_is_the_larger_of_count_and_share(share: Share, population: int, limit: int) -> None:
    assert share.of(population) == limit


def test_the_defaults_are_those_of_the_documentation() -> None:
    settings = Settings()
    assert settings.unmanaged is Unmanaged.REPORT
    assert settings.guardrails.max_user_deletes == Share(1, 20)
    assert settings.guardrails.max_grant_losses == Share(11, 25)
    assert settings.guardrails.min_role_owners == 2
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
