"""Operations that a reviewer should hear of in words: what they let somebody do to the company or to themselves.

Each ability is had by whoever may run any of its operations. The operations and who may run them are the hub's; the
words are ours.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Ability:
    """`words` follow "can now"; a grave one deserves attention wherever it is gained."""

    words: str
    operations: tuple[str, ...]
    is_grave: bool = False


ABILITIES: Final = (
    Ability("change anybody's grants, their own too", ("roleUpdate",), is_grave=True),
    Ability("give anybody any role", ("roleCreate",), is_grave=True),
    Ability("create and delete backoffice users", ("adminUserCreate", "adminUserDelete"), is_grave=True),
    Ability("make API keys", ("gqlApiKeyCreate", "restApiKeyCreate"), is_grave=True),
    Ability("log in as a customer", ("magicTokenCreate",), is_grave=True),
    Ability("get links that reset customers' passwords", ("passwordResetLink",)),
    Ability("change what customers may buy without approval", ("purchaseAuthorizationConfigUpdate",)),
    Ability("approve customers' purchases", ("cartAcceptPurchaseAuthorizationRequest",)),
)


def among(operations: Collection[str]) -> tuple[Ability, ...]:
    """The abilities of which some operation is among `operations`, in the order above."""
    return tuple(ability for ability in ABILITIES if not set(ability.operations).isdisjoint(operations))
