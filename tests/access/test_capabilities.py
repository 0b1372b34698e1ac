"""The capabilities that a reviewer sees, word for word, and gravest first."""

from typing import Final

import pytest

from bo_sync.access.capabilities import CAPABILITIES, READ_KEYS, READ_TOKENS, RESET_PASSWORDS, among
from tests.access.asking import BOUND

GRAVE: Final = {
    "change anyone's access, including their own": "roleUpdate",
    "give anyone any role": "roleCreate",
    "read the values of API keys": "gqlApiKeys restApiKeys gqlApiKey restApiKey",
    "create API keys": "gqlApiKeyCreate restApiKeyCreate",
    "change the roles of API keys": "gqlApiKeyUpdate",
    "create and delete users": "adminUserCreate adminUserDelete",
    "read login tokens and possibly log in as a customer": "magicTokens magicToken",
    "create login tokens and log in as a customer": "magicTokenCreate",
    "grant administrative access to an organisation": "adminUserTenantCreate",
}
LESS_GRAVE: Final = {
    "reset passwords, possibly also of backoffice users": "passwordResetLink",
    "change what customers may buy without approval": "purchaseAuthorizationConfigUpdate",
    "approve customers' purchases": "cartAcceptPurchaseAuthorizationRequest",
}
TABLE: Final = [
    (words, tuple(operations.split()), is_grave)
    for is_grave, part in ((True, GRAVE), (False, LESS_GRAVE))
    for words, operations in part.items()
]


def test_the_capabilities_are_these_in_this_order() -> None:
    assert [(one.words, one.operations, one.is_grave) for one in CAPABILITIES] == TABLE
    named = [READ_KEYS, READ_TOKENS, (RESET_PASSWORDS,)]
    assert named == [TABLE[2][1], TABLE[6][1], TABLE[9][1]]


def test_each_operation_is_one_of_the_hub() -> None:
    known = {operation.name for operation in BOUND.facts.operations}
    assert {name for _, operations, _ in TABLE for name in operations} <= known


@pytest.mark.parametrize(
    ("operations", "found"),
    [
        pytest.param([], [], id="no operation"),
        pytest.param(["orderUpdate"], [], id="an operation that is no capability"),
        pytest.param(["magicToken"], ["read login tokens and possibly log in as a customer"], id="one of two"),
        pytest.param(["adminUserDelete", "adminUserCreate"], ["create and delete users"], id="both of two"),
        pytest.param(
            ["passwordResetLink", "orders", "roleCreate"],
            ["give anyone any role", "reset passwords, possibly also of backoffice users"],
            id="the gravest comes first, whatever the order",
        ),
    ],
)
def test_a_capability_needs_one_of_its_operations(operations: list[str], found: list[str]) -> None:
    assert [one.words for one in among(operations)] == found
