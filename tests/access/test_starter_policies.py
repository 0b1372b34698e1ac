"""The policies of this repository: each fails for a small company that breaks it, and holds for one that does not."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from bo_sync.access.policies import evaluate, on_files, subjects
from bo_sync.access.user_access import of_files
from bo_sync.config.load import load_tree
from bo_sync.core.model import ROLES, Severity
from bo_sync.core.policy import PolicyResult
from bo_sync.core.presets import resolve
from tests.access.companies import POWERS, TODAY, company, subject

TREE = load_tree(Path(__file__).parents[2])
POLICIES = {policy.id: policy for policy in TREE.policies}
EVERYTHING = " ".join(f"{role}:owner" for role in ROLES)
ALL_BUT_KEYS = EVERYTHING.replace("api_keys:owner", "")
ROLE_OWNER = "backoffice roles_permissions:owner"
SALES = "sales_hub user_management:owner product_data:owner order_data:owner"


@dataclass(frozen=True, slots=True)
class Case:
    """The grants of the users of a company that breaks a policy, and of one that keeps it."""

    breaks: tuple[str, ...]
    keeps: tuple[str, ...]


CASES = {
    "self-escalation": Case(breaks=("roles_permissions:editor",) * 4, keeps=("roles_permissions:editor",) * 3),
    "api-keys": Case(breaks=("backoffice api_keys:viewer",), keeps=(ALL_BUT_KEYS,)),
    "login-as-a-customer": Case(
        breaks=(*(SALES,) * 4, *("backoffice configuration:viewer",) * 3),
        keeps=(*(SALES,) * 6, "sales_hub user_management:editor", "backoffice shop_channel:owner"),
    ),
    "price-and-order": Case(
        breaks=("backoffice pricing:editor order_data:editor",),
        keeps=("backoffice pricing:editor order_data:viewer", "backoffice pricing:viewer order_data:owner"),
    ),
    "limit-and-approval": Case(
        breaks=(SALES,), keeps=("sales_hub user_management:viewer order_data:owner", "sales_hub user_management:owner")
    ),
    "full-admins": Case(breaks=(ALL_BUT_KEYS,) * 4, keeps=(*(EVERYTHING,) * 3, ALL_BUT_KEYS.replace("sales_hub:", ""))),
    "role-owners": Case(breaks=(ROLE_OWNER, "roles_permissions:owner"), keeps=(ROLE_OWNER, ROLE_OWNER)),
    "mail-and-customers": Case(
        breaks=("configuration:editor user_management:viewer",),
        keeps=("configuration:viewer user_management:owner", "configuration:owner"),
    ),
    "paymethods-and-payments": Case(
        breaks=("configuration:editor order_data:editor",),
        keeps=("configuration:editor order_data:viewer", "configuration:viewer order_data:owner"),
    ),
    "whole-price-list": Case(breaks=("pricing:owner",) * 4, keeps=(*("pricing:owner",) * 3, "pricing:editor")),
    "accounts-by-hand": Case(
        breaks=(ROLE_OWNER,) * 4, keeps=(*(ROLE_OWNER,) * 3, "roles_permissions:owner", "backoffice")
    ),
}


def result(name: str, users: tuple[str, ...]) -> PolicyResult:
    everybody = [subject(f"p{number}", grants) for number, grants in enumerate(users)]
    (found,) = evaluate((POLICIES[name],), everybody, POWERS, TODAY)
    return found


def test_every_policy_has_a_case() -> None:
    assert not TREE.problems
    assert sorted(CASES) == sorted(POLICIES)


@pytest.mark.parametrize("name", CASES)
def test_a_company_that_breaks_it_fails(name: str) -> None:
    found = result(name, CASES[name].breaks)
    assert not found.ok
    assert found.is_violated is (POLICIES[name].severity is Severity.ERROR)


@pytest.mark.parametrize("name", CASES)
def test_a_company_that_keeps_it_passes(name: str) -> None:
    assert result(name, CASES[name].keeps).ok


@pytest.mark.parametrize("name", CASES)
def test_it_says_what_it_demands_and_what_could_happen(name: str) -> None:
    policy = POLICIES[name]
    assert policy.title.raw != policy.id
    assert policy.why is not None
    assert policy.source.path.raw == f"policies/{name}.yaml"


def test_the_sample_users_keep_them_all_and_every_exception_of_theirs_is_needed() -> None:
    users = tuple(resolve(user, TREE.presets, TREE.settings, TODAY) for user in TREE.declarations)
    results = on_files(TREE.policies, subjects(of_files(users)), POWERS, TODAY)
    assert [found.policy.id for found in results if not found.ok] == []
    assert [(found.policy.id, note.message) for found in results for note in found.notes] == []


def test_the_first_user_of_a_hub_is_excepted_from_what_everything_breaks() -> None:
    users = company(**{"break-glass": EVERYTHING})
    failing = [found.policy.id for found in evaluate(TREE.policies, users, POWERS, TODAY) if not found.ok]
    assert failing == ["role-owners"]
