"""An interceptor that looks into the hub at every request: who owns the roles, what stands twice, what was sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from bo_sync.sandbox.interception import Alteration, HubAnswer, HubRequest, Interceptor, PassThrough
from bo_sync.sandbox.resolvers import MUTATIONS
from bo_sync.sandbox.store import Store
from tests.model.coverage import Cover, Known

_OWNERS: Final = """SELECT email FROM users WHERE
id IN (SELECT userId FROM roles JOIN definitions ON definitions.id = roleDefinitionId
       WHERE name = 'role' AND access = 'OWNER') AND
id IN (SELECT userId FROM roles JOIN definitions ON definitions.id = roleDefinitionId
       WHERE name = 'backoffice' AND access != 'NONE')"""
_TWICE: Final = """SELECT 'person ' || lower(email) AS what FROM users GROUP BY lower(email) HAVING count(*) > 1
UNION SELECT 'row of ' || userId || ' in ' || roleDefinitionId FROM roles
GROUP BY userId, roleDefinitionId HAVING count(*) > 1"""


def owners(store: Store) -> frozenset[str]:
    """Who can give and take access at this moment."""
    with store.reading() as db:
        return frozenset(str(row["email"]) for row in db.execute(_OWNERS))


def twice(store: Store) -> frozenset[str]:
    """Addresses, but for case, and pairs of user and definition that the hub holds more than once."""
    with store.reading() as db:
        return frozenset(str(row["what"]) for row in db.execute(_TWICE))


@dataclass(slots=True)
class Watch:
    """Lets `now` decide about every request, and notes what is `wrong`: all of it must stay empty.

    `meanwhile` are edits of others, by the number of our executed writes after which they happen. An edit's work is
    never held against us: what is compared is always the state after the last request or edit.
    """

    store: Store
    now: Interceptor = field(default_factory=PassThrough)
    least: int = 1
    cover: Cover | None = None
    meanwhile: Mapping[int, Callable[[], None]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    known: Known = field(default_factory=Known)
    executed: int = 0
    fewest: int = 99
    _owners: frozenset[str] = frozenset()
    _twice: frozenset[str] = frozenset()
    _lock: Lock = field(default_factory=Lock)

    def begin(self) -> None:
        """Takes what the hub holds now as what others made it, and forgets what was known before."""
        self.known = Known()
        self.executed = 0
        self.accept()

    def accept(self) -> None:
        """Takes what the hub holds now as what others made it."""
        self._owners, self._twice = owners(self.store), twice(self.store)
        self.learn()

    def before(self, request: HubRequest, /) -> HubAnswer | Alteration | None:
        """Checks what is sent, whatever becomes of it; then as the interceptor of the moment."""
        if _is_write(request):
            with self._lock:
                self.learn()
                found = ["a write without a plan"] if self.cover is None else self.cover.uncovered(request)
                self.wrong += found
        return self.now.before(request)

    def after(self, request: HubRequest, answer: HubAnswer, /) -> HubAnswer:
        """Checks what a write did; then others may edit; then as the interceptor of the moment."""
        if _is_write(request):
            with self._lock:
                self._check(request)
                self.learn()
                self.executed += 1
                if edit := self.meanwhile.get(self.executed):
                    edit()
                    self.accept()
        return self.now.after(request, answer)

    def _check(self, request: HubRequest) -> None:
        held, doubled = owners(self.store), twice(self.store)
        lost = self._owners - held
        self.fewest = min(self.fewest, len(held))
        if lost and len(held) < self.least:
            self.wrong.append(f"request {request.number} took {sorted(lost)} and left {len(held)} owners")
        self.wrong += [f"request {request.number} made a second {what}" for what in doubled - self._twice]
        self._owners, self._twice = held, doubled

    def learn(self) -> None:
        """Notes who and what stands in the hub now, so that it is known when it is gone."""
        with self.store.reading() as db:
            for user in db.execute("SELECT id, email, language FROM users"):
                self.known.addresses[int(user["id"])] = str(user["email"])
                self.known.languages.setdefault(str(user["email"]), set()).add(user["language"])
            for row in db.execute("SELECT id, userId, roleDefinitionId FROM roles"):
                self.known.rows[str(row["id"])] = (int(row["userId"]), str(row["roleDefinitionId"]))


def _is_write(request: HubRequest) -> bool:
    return bool(request.roots) and request.roots[0] in MUTATIONS
