"""What a sandbox holds after `reset`: the role definitions, one key a level, and one person with a session.

The names are those of the hub's own annotations (`role.OWNER`, `order.EDITOR`, …); `sales` and `backoffice` are not
annotated anywhere and are what bo-sync expects by default. `ticket` stands for the definitions that bo-sync does not
know and must leave alone.
"""

from typing import Final
from uuid import UUID, uuid5

from bo_sync.sandbox.shape import DefinitionShape, KeyShape, Population, SessionShape, UserShape

NAMESPACE: Final = UUID("5f0c3f6e-2c0b-4a4e-9d57-0b5a4d6b7c21")
FIRST_PERSON: Final = "break-glass@example.com"
OWNER_KEY: Final = "sandbox-owner"
EDITOR_KEY: Final = "sandbox-editor"
VIEWER_KEY: Final = "sandbox-viewer"
NONE_KEY: Final = "sandbox-none"
SESSION_TOKEN: Final = "sandbox-session"  # noqa: S105 - opens nothing but a sandbox

KNOWN_DEFINITIONS: Final = {
    "sales": "Sales Hub",
    "backoffice": "Backoffice",
    "apikey": "API Keys",
    "user": "User management",
    "shop": "Shop & channel",
    "role": "Roles & permissions",
    "pricing": "Pricing",
    "logistics": "Logistics",
    "configuration": "Configuration",
    "product": "Product Data",
    "order": "Order Data",
}
UNKNOWN_DEFINITION: Final = "ticket"


def definition_id(name: str) -> str:
    """The UUID of the definition `name` where the population gives none: the same in every sandbox."""
    return str(uuid5(NAMESPACE, f"definition {name}"))


def role_id(number: int) -> str:
    """The UUID of the `number`th role row that a sandbox makes after it was last loaded."""
    return str(uuid5(NAMESPACE, f"role {number}"))


def definitions() -> list[DefinitionShape]:
    """The eleven definitions that bo-sync knows, and one that it does not."""
    named = {**KNOWN_DEFINITIONS, UNKNOWN_DEFINITION: "Tickets"}
    return [{"name": name, "description": description, "defaultAccess": "NONE"} for name, description in named.items()]


def keys() -> list[KeyShape]:
    """One key for each level of the definition `role`."""
    return [
        {"key": OWNER_KEY, "access": "OWNER"},
        {"key": EDITOR_KEY, "access": "EDITOR"},
        {"key": VIEWER_KEY, "access": "VIEWER"},
        {"key": NONE_KEY, "access": "NONE"},
    ]


def first_person() -> UserShape:
    """The person who is there before anybody else, with everything on."""
    return {
        "email": FIRST_PERSON,
        "firstName": "Break",
        "lastName": "Glass",
        "gender": "U",
        "language": "EN",
        "job": "Emergency access",
        "roles": [{"definition": name, "access": "OWNER"} for name in KNOWN_DEFINITIONS],
    }


def baseline() -> Population:
    """The population after `reset`."""
    session: SessionShape = {"token": SESSION_TOKEN, "email": FIRST_PERSON}
    return {"definitions": definitions(), "users": [first_person()], "keys": keys(), "sessions": [session]}
