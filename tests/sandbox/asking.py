"""One-line builders: a hub at a fixed moment, and questions to it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from bo_sync.sandbox.behaviour import Behaviour
from bo_sync.sandbox.interception import HubAnswer
from bo_sync.sandbox.population import SESSION_TOKEN, Population, RoleShape, UserRecord
from bo_sync.sandbox.store import Store
from tests.support.misbehaving_hub import MisbehavingHub

NOON: Final = datetime(2026, 5, 17, 12, 0, tzinfo=UTC)
USER: Final = "{ id email firstName language gender }"
ROLE: Final = "{ id userId access roleDefinition { name } }"


class TickingClock:
    """Noon, and a second later each time it is asked."""

    def __init__(self) -> None:
        self.seconds = -1

    def __call__(self) -> datetime:
        self.seconds += 1
        return NOON + timedelta(seconds=self.seconds)


def grant(definition: str, access: Any) -> RoleShape:
    return {"definition": definition, "access": access}


def user(email: str, *roles: RoleShape) -> UserRecord:
    return {"email": email, "language": "EN", "roles": list(roles)}


def holding(*users: UserRecord, **rest: Any) -> Population:
    """A population of `users`, and of whatever else is given."""
    return cast("Population", {"users": list(users), **rest})


class Hub(MisbehavingHub):
    """A hub that is asked in GraphQL and answers in Python values."""

    def __init__(self, population: Population | None = None, behaviour: Behaviour | None = None, **rest: Any) -> None:
        store = Store.open(None, TickingClock())
        if population is not None:
            store.load(population)
        super().__init__(store, behaviour=behaviour, **{"keyless": True, **rest})

    def post(self, document: str, headers: dict[str, str] | None = None, **variables: Any) -> HubAnswer:
        body = json.dumps({"query": document, "variables": variables}).encode()
        return self.answer("POST", headers or {}, body)

    def ask(self, document: str, headers: dict[str, str] | None = None, **variables: Any) -> Any:
        """The `data` of an answer that must hold no errors."""
        answer = self.post(document, headers, **variables)
        read = json.loads(answer.body)
        assert answer.status == 200, read
        assert "errors" not in read, read
        return read["data"]

    def refusal(self, document: str, headers: dict[str, str] | None = None, **variables: Any) -> tuple[int, str]:
        """The status and the first code of an answer that must hold errors."""
        answer = self.post(document, headers, **variables)
        return answer.status, json.loads(answer.body)["errors"][0]["extensions"]["code"]

    def rows(self, email: str) -> list[tuple[str, str]]:
        """The definition and access of every row that somebody holds."""
        users = self.store.snapshot()["users"]
        return [(row["definition"], row["access"]) for user in users if user["email"] == email for row in user["roles"]]

    def emails(self) -> list[str]:
        return [user["email"] for user in self.store.snapshot()["users"]]


def definition_id(hub: Hub, name: str) -> str:
    found = hub.ask("query ($n: [String!]) { roleDefinitions(input: {names: $n}) { items { id } } }", n=[name])
    return str(found["roleDefinitions"]["items"][0]["id"])


def key(name: str) -> dict[str, str]:
    return {"apikey": name}


def session(token: str = SESSION_TOKEN) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
