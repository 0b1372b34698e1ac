"""Capabilities: operations in words that a reviewer must not overlook, gravest first.

A user has a capability when they may run any of its operations. Who may run an operation is the hub's own statement.
The words are ours, and claim no more than the descriptions of the hub's schema do.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Capability:
    """`words` follow "can now". A grave capability puts a change first in a plan."""

    words: str
    operations: tuple[str, ...]
    is_grave: bool = False


READ_KEYS: Final = ("gqlApiKeys", "restApiKeys", "gqlApiKey", "restApiKey")
"""Queries that return the decrypted value of API keys (schema types `GqlApiKey` and `RestApiKey`), lists first."""

READ_TOKENS: Final = ("magicTokens", "magicToken")
"""Queries that return the `id` of login tokens, which `magicTokenLogin` takes instead of a password."""

RESET_PASSWORDS: Final = "passwordResetLink"
"""Takes the address of any "existing user account in the system"; the schema does not limit it to customers."""

CAPABILITIES: Final = (
    Capability("change anyone's access, including their own", ("roleUpdate",), is_grave=True),
    Capability("give anyone any role", ("roleCreate",), is_grave=True),
    Capability("read the values of API keys", READ_KEYS, is_grave=True),
    Capability("create API keys", ("gqlApiKeyCreate", "restApiKeyCreate"), is_grave=True),
    Capability("change the roles of API keys", ("gqlApiKeyUpdate",), is_grave=True),
    Capability("create and delete users", ("adminUserCreate", "adminUserDelete"), is_grave=True),
    Capability("read login tokens and possibly log in as a customer", READ_TOKENS, is_grave=True),
    Capability("create login tokens and log in as a customer", ("magicTokenCreate",), is_grave=True),
    Capability("grant administrative access to an organisation", ("adminUserTenantCreate",), is_grave=True),
    Capability("reset passwords, possibly also of backoffice users", (RESET_PASSWORDS,)),
    Capability("change what customers may buy without approval", ("purchaseAuthorizationConfigUpdate",)),
    Capability("approve customers' purchases", ("cartAcceptPurchaseAuthorizationRequest",)),
)


def among(operations: Collection[str]) -> tuple[Capability, ...]:
    """The capabilities with an operation among `operations`, in the order above."""
    return tuple(entry for entry in CAPABILITIES if not set(entry.operations).isdisjoint(operations))
