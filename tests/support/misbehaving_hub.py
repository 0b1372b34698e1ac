"""The sandbox's hub with a misbehaviour: what the real hub may do, and the sandbox never does.

    hub = MisbehavingHub(store, Misbehaviour(moves=1), keyless=True)

Every option is off by default. `OPTIONS` names one misbehaviour of each kind, for tests that draw from them.
"""

import json
import unicodedata
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any, Final

from bo_sync.sandbox.behaviour import Behaviour
from bo_sync.sandbox.hub import SandboxHub
from bo_sync.sandbox.interception import HubAnswer, Interceptor, PassThrough
from bo_sync.sandbox.store import Store

if TYPE_CHECKING:
    from bo_sync.sandbox.population import Population

Json = Any
"""A piece of a request or of an answer."""

_TEXTS: Final = ("firstName", "middleName", "lastName", "phone", "job")
_WRITES: Final = ("adminUserCreate", "adminUserUpdate", "adminUserDelete", "roleCreate", "roleUpdate", "roleDelete")
_FORBIDDEN: Final = {"message": "Insufficient permissions", "extensions": {"code": "FORBIDDEN"}, "path": ["tenant"]}
_PASS_THROUGH: Final = PassThrough()


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
    - `lag`: reads show the state of that many writes ago, for good; with `catches_up` each read shows one write more.
    - `ignored`: root fields that answer success and change nothing, for the users in `ignored_for` (all when empty).
    - `ignored_moment`: what `ignored` leaves in the users that it is about, and their rows, as their last change.
    - `answers_another`: a creation answers with the id and address of this user.
    - `answers_old_id`: a creation answers with the right address and this id.
    - `denied`: root fields that the key may not ask for.
    - `refused_for`: addresses of users for whom every write is refused.
    - `down_after`: after so many writes, no request is answered.
    - `meanwhile`: the SQL of another client, by the number of the write after which it runs.
    """

    moves: int = 0
    announces: int = 0
    tenant: str = ""
    tenants: tuple[tuple[str, str], ...] = ()
    normalises: bool = False
    twins: tuple[str, ...] = ()
    odd: tuple[OddUser, ...] = ()
    lag: int = 0
    catches_up: bool = False
    ignored: frozenset[str] = frozenset()
    ignored_for: frozenset[str] = frozenset()
    ignored_moment: str | None = None
    answers_another: str | None = None
    answers_old_id: int | None = None
    denied: frozenset[str] = frozenset()
    refused_for: frozenset[str] = frozenset()
    down_after: int | None = None
    meanwhile: Mapping[int, str] = field(default_factory=dict)


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
    "the key may not list the role definitions": Misbehaviour(denied=frozenset({"roleDefinitions"})),
    "two addresses differ in case": Misbehaviour(twins=("ann@example.com",)),
    "a user without an address": Misbehaviour(odd=(OddUser("odd@example.com", "email", ""),)),
    "reads lag by three writes for a while": Misbehaviour(lag=3, catches_up=True),
    "reads lag by three writes for good": Misbehaviour(lag=3),
    "changes of grants are answered and not done": Misbehaviour(ignored=frozenset({"roleUpdate", "roleCreate"})),
    "changes of grants are answered and not done, but get a later moment": Misbehaviour(
        ignored=frozenset({"roleUpdate", "roleCreate"}), ignored_moment="2099-01-01T00:00:00.000Z"
    ),
    "deletions are answered and not done": Misbehaviour(ignored=frozenset({"adminUserDelete"})),
    "a creation answers with another user": Misbehaviour(answers_another="ann@example.com"),
    "a creation answers with an old id": Misbehaviour(answers_old_id=1),
    "one user cannot be changed": Misbehaviour(refused_for=frozenset({"ann@example.com"})),
    "the hub goes down after a write": Misbehaviour(down_after=1),
    "a lone surrogate in a name": Misbehaviour(odd=(OddUser("odd@example.com", "firstName", "J\ud800n"),)),
}
"""One of each kind; what a test draws from. `odd` and `twins` name users of `tests/support/…` populations, if any."""

_IGNORED: Final = ("ignored", "ignored_for", "ignored_moment")
WRITE_OPTIONS: Final = frozenset(
    (*_IGNORED, "answers_another", "answers_old_id", "refused_for", "down_after", "meanwhile")
)
"""What a hub does wrong in writes alone. Every other option, also a new one, is one of a read."""
_IN_TURN: Final = (*sorted(WRITE_OPTIONS), "lag", "catches_up")
"""Options that need the writes one at a time."""


class MisbehavingHub(SandboxHub):
    """A hub over `store` that misbehaves as told. `others` are the hubs of further tenants, by tenant."""

    def __init__(
        self,
        store: Store,
        misbehaviour: Misbehaviour = NOTHING,
        behaviour: Behaviour | None = None,
        *,
        latency: float = 0.0,
        interceptor: Interceptor = _PASS_THROUGH,
        keyless: bool = False,
    ) -> None:
        super().__init__(store, behaviour or Behaviour(), latency=latency, interceptor=interceptor, keyless=keyless)
        self.misbehaviour = misbehaviour
        self.others = {tenant: _tenant(misbehaviour, tenant) for _, tenant in misbehaviour.tenants}
        self.moved: list[str] = []
        """Addresses of users whom the hub itself removed or created."""
        self._moves = 0
        self._lock = Lock()
        for email in misbehaviour.twins:
            _add_twin(store, email)
        self.writes = 0
        self._is_wrong_in_writes = any(getattr(misbehaviour, name) != getattr(NOTHING, name) for name in _IN_TURN)
        self._turn = RLock()
        self._states: deque[Population] = deque([store.snapshot()], maxlen=misbehaviour.lag + 1)

    def answer(self, method: str, headers: Mapping[str, str], body: bytes) -> HubAnswer:
        """The answer to one HTTP request, with the misbehaviour in it."""
        if self.misbehaviour == NOTHING:
            return super().answer(method, headers, body)
        key = next((value for name, value in headers.items() if name.lower() == "apikey"), "")
        tenant = dict(self.misbehaviour.tenants).get(key)
        if tenant is not None:
            return self.others[tenant].answer(method, headers, body)
        asked = self._stored(_json(body))
        for name in self.misbehaviour.denied.intersection(_root_fields(str((asked or {}).get("query")))):
            return _refusal("FORBIDDEN", "Insufficient permissions", name)
        answer = self._executed(method, headers, body if asked is None else json.dumps(asked).encode())
        said = _json(answer.body)
        if asked is None or not isinstance(said, dict):
            return answer
        changed = self._said(str(asked.get("operationName")), said)
        if _page_number(asked) == 1:
            self._move(changed)
        return replace(answer, body=json.dumps(changed, separators=(",", ":")).encode())

    def _executed(self, method: str, headers: Mapping[str, str], body: bytes) -> HubAnswer:
        """What the hub does, wrongly, and answers; one request at a time where writes are wrong."""
        if not self._is_wrong_in_writes:
            return super().answer(method, headers, body)
        with self._turn:
            asked = _json(body)
            if not isinstance(asked, dict):
                return super().answer(method, headers, body)
            if self.misbehaviour.down_after is not None and self.writes >= self.misbehaviour.down_after:
                return HubAnswer(503, b"<html>down</html>", {"Content-Type": "text/html"})
            fields = _root_fields(str(asked.get("query")))
            if not any(name in _WRITES for name in fields):
                return self._read(method, headers, body)
            if self._is_refused(asked):
                return _refusal("BAD_REQUEST", "this user cannot be changed", fields[0])
            return self._written(method, headers, body, fields)

    def _read(self, method: str, headers: Mapping[str, str], body: bytes) -> HubAnswer:
        if not self.misbehaviour.lag:
            return super().answer(method, headers, body)
        with Store.open() as old:
            old.load(self._states[0])
            answer = SandboxHub(old, keyless=True).answer(method, headers, body)
        if self.misbehaviour.catches_up and len(self._states) > 1:
            self._states.popleft()
        return answer

    def _written(self, method: str, headers: Mapping[str, str], body: bytes, fields: list[str]) -> HubAnswer:
        asked = json.loads(body)
        before, is_ignored = self.store.snapshot(), self._is_ignored(fields, asked)
        answer = super().answer(method, headers, body)
        if is_ignored:
            self.store.load(before)
            self._touch(self._subjects(asked))
        self.writes += 1
        if self.writes in self.misbehaviour.meanwhile:
            with self.store.writing() as db:
                db.execute(self.misbehaviour.meanwhile[self.writes])
        self._states.append(self.store.snapshot())
        return self._twisted(answer)

    def _touch(self, emails: set[str]) -> None:
        if self.misbehaviour.ignored_moment is None:
            return
        with self.store.writing() as db:
            for email in emails:
                given = (self.misbehaviour.ignored_moment, email)
                db.execute("UPDATE users SET lastModifiedAt = ? WHERE email = ?", given)
                db.execute(
                    "UPDATE roles SET lastModifiedAt = ? WHERE userId = (SELECT id FROM users WHERE email = ?)", given
                )

    def _is_refused(self, asked: dict[str, Any]) -> bool:
        return any(email in self.misbehaviour.refused_for for email in self._subjects(asked))

    def _is_ignored(self, fields: list[str], asked: dict[str, Any]) -> bool:
        if not self.misbehaviour.ignored.intersection(fields):
            return False
        return not self.misbehaviour.ignored_for or bool(
            self.misbehaviour.ignored_for.intersection(self._subjects(asked))
        )

    def _subjects(self, asked: dict[str, Any]) -> set[str]:
        """The addresses of the users whom a request is about; of a role row, as the database has it."""
        found: set[str] = set()
        with self.store.reading() as db:
            for name, value in _flat(asked.get("variables")):
                if name == "email":
                    found.add(str(value))
                query = {
                    "userId": "SELECT email FROM users WHERE id = ?",
                    "id": "SELECT email FROM users WHERE id = (SELECT userId FROM roles WHERE id = ?)",
                }.get(name)
                if query is not None:
                    found |= {str(row["email"]) for row in db.execute(query, (value,))}
        return found

    def _twisted(self, answer: HubAnswer) -> HubAnswer:
        content = json.loads(answer.body)
        made = (content.get("data") or {}).get("adminUserCreate")
        if made is None:
            return answer
        if self.misbehaviour.answers_another is not None:
            with self.store.reading() as db:
                row = db.execute(
                    "SELECT id FROM users WHERE email = ?", (self.misbehaviour.answers_another,)
                ).fetchone()
            made |= {"id": str(row["id"]), "email": self.misbehaviour.answers_another}
        if self.misbehaviour.answers_old_id is not None:
            made |= {"id": str(self.misbehaviour.answers_old_id)}
        return HubAnswer(answer.status, json.dumps(content).encode(), answer.headers)

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
            if self._moves >= self.misbehaviour.moves or page.get("pages", 0) < 2 or not page["items"]:
                return
            self._moves += 1
            created = f"guest{self._moves}@example.com"
            self.moved += [page["items"][-1]["email"], created]
            with self.store.writing() as db:
                gone = int(page["items"][-1]["id"])
                db.execute("DELETE FROM roles WHERE userId = ?", (gone,))
                db.execute("DELETE FROM users WHERE id = ?", (gone,))
                _insert(db, created, self.store.now())


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


def _root_fields(query: str) -> list[str]:
    return [name for name in (*_WRITES, "adminUsers", "adminUser", "roles", "roleDefinitions") if f"{name}(" in query]


def _flat(variables: object) -> list[tuple[str, object]]:
    """Every name and value of a request's variables; of a composed request (`id_0`), without the number."""
    if not isinstance(variables, dict):
        return []
    pairs = [(str(name).split("_")[0], value) for name, value in variables.items()]
    return [*pairs, *(pair for _, value in pairs for pair in _flat(value))]


def _refusal(code: str, message: str, path: str) -> HubAnswer:
    error = {"message": message, "extensions": {"code": code}, "path": [path]}
    return HubAnswer(200, json.dumps({"data": None, "errors": [error]}).encode())
