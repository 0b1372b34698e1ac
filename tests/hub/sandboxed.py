"""The client over an embedded hub, and one-line populations."""

from dataclasses import dataclass, field

from bo_sync.core.model import FieldValue, LiveState, LiveUser, Profile, ProfileField
from bo_sync.core.text import Text
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.graphql import JsonValue
from bo_sync.hub.hub_url import parse_address
from bo_sync.hub.secrets import Credentials, Secret
from bo_sync.hub.transport import Transport
from bo_sync.ports import Addresses
from bo_sync.sandbox.adapter import SandboxAdapter
from bo_sync.sandbox.behaviour import Behaviour
from bo_sync.sandbox.population import Population, UserRecord
from tests.hub.scripted import impatient
from tests.sandbox.asking import Hub, grant, holding, user
from tests.support.misbehaving_hub import NOTHING, Misbehaviour

JANE = "jane@example.com"


@dataclass
class Watched:
    """Progress that remembers what it was told."""

    told: list[tuple[str, int, int]] = field(default_factory=list)

    def advance(self, what: str, done: int, total: int) -> None:
        self.told.append((what, done, total))


class Trial:
    """A sandbox and a client of it. Without a key the sandbox takes everybody for an owner."""

    def __init__(
        self,
        population: Population | None = None,
        behaviour: Behaviour | None = None,
        *,
        key: str | None = None,
        session: str | None = None,
        page_size: int = 100,
        batch_size: int = 100,
        latency: float = 0.0,
        does: Misbehaviour = NOTHING,
    ) -> None:
        keyless = key is None and session is None
        self.sandbox = Hub(population, behaviour, keyless=keyless, latency=latency, misbehaviour=does)
        credentials = Credentials(Secret(key) if key else None, Secret(session) if session else None)
        adapters = {"sandbox:": SandboxAdapter(self.sandbox)}
        self.transport = Transport(parse_address("sandbox:"), credentials, adapters=adapters, pace=impatient())
        self.hub = CommerceHub(self.transport, page_size, batch_size)

    def read(self) -> LiveState:
        return self.hub.read_all(Watched())

    def live(self, email: str = JANE) -> LiveUser:
        found = self.hub.read_user(Text(email))
        assert found is not None
        return found

    @property
    def sent(self) -> list[str]:
        return [request.operation for request in self.sandbox.traffic.requests]

    def stored(self, email: str = JANE) -> UserRecord:
        """What the sandbox really holds, asked past the client."""
        return next(user for user in self.sandbox.store.snapshot()["users"] if user["email"] == email)


def crowd(count: int, rows: int = 2) -> Population:
    """Users who each hold the first `rows` definitions."""
    names = ["role", "order", "product", "user", "shop"][:rows]
    grants = [grant(name, "VIEWER") for name in names]
    return holding(*(user(f"person{number:04}@example.com", *grants) for number in range(count)))


def wanting(*emails: str) -> Addresses:
    """The addresses of files, as a read asks for them at its end."""
    return lambda: [Text(email) for email in emails]


def fields(**values: str | None) -> Profile:
    """A profile; the names are ours."""
    named: dict[ProfileField, str | None] = values  # type: ignore[assignment]
    return tuple(FieldValue(name, None if value is None else Text(value)) for name, value in named.items())


def somebody(number: int) -> JsonValue:
    """A user without grants, as the hub answers one."""
    empty = ("gender", "firstName", "middleName", "lastName", "phone", "job", "language")
    return {
        "id": str(number),
        "email": f"p{number}@example.com",
        **dict.fromkeys(empty),
        "createdAt": "2026-01-01T00:00:00Z",
        "lastModifiedAt": "2026-01-01T00:00:00Z",
    }
