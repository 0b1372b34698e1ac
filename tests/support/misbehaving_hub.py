"""The sandbox's hub with a misbehaviour: what the real hub may do, and the sandbox never does.

    hub = MisbehavingHub(store, Misbehaviour(moves=1), keyless=True)

Every option is off by default. `OPTIONS` names one misbehaviour of each kind, for tests that draw from them.
"""

import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import Any, Final

from bo_sync.sandbox.behaviour import Behaviour
from bo_sync.sandbox.faults import Answer, Calm, Weather
from bo_sync.sandbox.hub import SandboxHub
from bo_sync.sandbox.store import Store

Json = Any
"""A piece of a request or of an answer."""

_TEXTS: Final = ("firstName", "middleName", "lastName", "phone", "job")
_FORBIDDEN: Final = {"message": "Insufficient permissions", "extensions": {"code": "FORBIDDEN"}, "path": ["tenant"]}


@dataclass(frozen=True, slots=True)
class OddUser:
    """A user whom the hub answers with another value in one field than it stores, as in `email` with ""."""

    email: str
    field: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """One way in which the hub misbehaves; options combine.

    - `moves`: so often, after it answered a first page of several, the hub loses the last user of that page and gets a
      new one. The list keeps its length, and the first user of the second page moves to the first.
    - `announces`: users that the hub says it has, while each page holds one.
    - `tenant`: the id of the tenant; "" where the key may not read it.
    - `tenants`: API key and tenant; such a key reaches a hub of its own at the same address.
    - `normalises`: text is stored decomposed (NFD), without outer white space, and a phone without spaces.
    - `twins`: addresses that another user also has, in upper case.
    - `odd`: users whom no file can name, or whose profile no file can hold.
    """

    moves: int = 0
    announces: int = 0
    tenant: str = ""
    tenants: tuple[tuple[str, str], ...] = ()
    normalises: bool = False
    twins: tuple[str, ...] = ()
    odd: tuple[OddUser, ...] = ()


NOTHING: Final = Misbehaviour()

OPTIONS: Final[Mapping[str, Misbehaviour]] = {
    "nothing": NOTHING,
    "users move once between two pages": Misbehaviour(moves=1),
    "users move between pages again and again": Misbehaviour(moves=1000),
    "the hub announces more users than any hub has": Misbehaviour(announces=9_999_999),
    "the hub repeats one user on every page": Misbehaviour(announces=999_999),
    "the key may read the tenant": Misbehaviour(tenant="acme"),
    "two tenants at one address": Misbehaviour(tenant="acme", tenants=(("other-key", "globex"),)),
    "text is stored in another form": Misbehaviour(normalises=True),
    "two addresses differ in case": Misbehaviour(twins=("ann@example.com",)),
    "a user without an address": Misbehaviour(odd=(OddUser("odd@example.com", "email", ""),)),
    "a lone surrogate in a name": Misbehaviour(odd=(OddUser("odd@example.com", "firstName", "J\ud800n"),)),
}
"""One of each kind; what a test draws from. `odd` and `twins` name users of `tests/support/…` populations, if any."""


class MisbehavingHub(SandboxHub):
    """A hub over `store` that misbehaves as told. `others` are the hubs of further tenants, by tenant."""

    def __init__(
        self,
        store: Store,
        misbehaviour: Misbehaviour = NOTHING,
        behaviour: Behaviour | None = None,
        *,
        latency: float = 0.0,
        weather: Weather | None = None,
        keyless: bool = False,
    ) -> None:
        super().__init__(store, behaviour or Behaviour(), latency=latency, weather=weather or Calm(), keyless=keyless)
        self.misbehaviour = misbehaviour
        self.others = {tenant: _tenant(misbehaviour, tenant) for _, tenant in misbehaviour.tenants}
        self._moved = 0
        self._lock = Lock()
        for email in misbehaviour.twins:
            _add_twin(store, email)

    def answer(self, method: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to one HTTP request, with the misbehaviour in it."""
        key = next((value for name, value in headers.items() if name.lower() == "apikey"), "")
        tenant = dict(self.misbehaviour.tenants).get(key)
        if tenant is not None:
            return self.others[tenant].answer(method, headers, body)
        asked = self._stored(_json(body))
        answer = super().answer(method, headers, body if asked is None else json.dumps(asked).encode())
        said = _json(answer.body)
        if asked is None or not isinstance(said, dict):
            return answer
        changed = self._said(str(asked.get("operationName")), said)
        if _page_number(asked) == 1:
            self._move(changed)
        return replace(answer, body=json.dumps(changed, separators=(",", ":")).encode())

    def _stored(self, asked: Json) -> Json:
        """The request that the hub executes in place of the one that came; None when it is not one."""
        if not isinstance(asked, dict):
            return None
        if self.misbehaviour.normalises:
            return {**asked, "variables": _walked(asked.get("variables"), _normalised)}
        return asked

    def _said(self, operation: str, said: Json) -> Json:
        if operation == "tenant":
            return self._tenant()
        for user in self.misbehaviour.odd:
            said = _walked(said, partial(_odd, user))
        page = (said.get("data") or {}).get("adminUsers")
        if page and self.misbehaviour.announces:
            number = self.misbehaviour.announces
            page.update(items=page["items"][:1], itemsFound=number, offset=1, pages=number)
        return said

    def _tenant(self) -> Json:
        if not self.misbehaviour.tenant:
            return {"data": None, "errors": [_FORBIDDEN]}
        return {"data": {"tenant": {"id": self.misbehaviour.tenant}}}

    def _move(self, said: Json) -> None:
        """Another user of the hub deletes one and creates one, right after a first page was read."""
        page = (said.get("data") or {}).get("adminUsers") or {}
        with self._lock:
            if self._moved >= self.misbehaviour.moves or page.get("pages", 0) < 2 or not page["items"]:
                return
            self._moved += 1
            with self.store.writing() as db:
                gone = int(page["items"][-1]["id"])
                db.execute("DELETE FROM roles WHERE userId = ?", (gone,))
                db.execute("DELETE FROM users WHERE id = ?", (gone,))
                _insert(db, f"guest{self._moved}@example.com", self.store.now())


def _page_number(asked: Json) -> int:
    """The page that a request asks for; 0 for a request without pages."""
    given = (asked.get("variables") or {}).get("input")
    return int(given.get("page", 0)) if isinstance(given, dict) else 0


def _tenant(misbehaviour: Misbehaviour, tenant: str) -> MisbehavingHub:
    """Another hub, empty except for its baseline, that takes every key for an owner's."""
    readable = replace(misbehaviour, tenant=tenant if misbehaviour.tenant else "", tenants=(), twins=())
    return MisbehavingHub(Store.open(), readable, keyless=True)


def _add_twin(store: Store, email: str) -> None:
    with store.writing() as db:
        if db.execute("SELECT 1 FROM users WHERE email = ?", (email,)).fetchone():
            _insert(db, email.upper(), store.now())


def _insert(db: Any, email: str, now: str) -> None:
    db.execute(
        "INSERT INTO users (email, createdAt, createdBy, lastModifiedAt, lastModifiedBy) VALUES (?, ?, 0, ?, 0)",
        (email, now, now),
    )


def _json(body: bytes) -> Json:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _walked(found: Json, change: Callable[[dict[str, Json]], dict[str, Json]]) -> Json:
    """`found` with every object in it changed, the innermost first."""
    if isinstance(found, dict):
        return change({name: _walked(value, change) for name, value in found.items()})
    return [_walked(each, change) for each in found] if isinstance(found, list) else found


def _normalised(found: dict[str, Json]) -> dict[str, Json]:
    texts = {name: found[name] for name in _TEXTS if isinstance(found.get(name), str)}
    stored = {name: unicodedata.normalize("NFD", text).strip() for name, text in texts.items()}
    if "phone" in stored:
        stored["phone"] = "".join(stored["phone"].split())
    return {**found, **stored}


def _odd(user: OddUser, found: dict[str, Json]) -> dict[str, Json]:
    return {**found, user.field: user.value} if found.get("email") == user.email and user.field in found else found
