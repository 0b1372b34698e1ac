"""What a course is made of: a company of few users, files for it, edits that others make, and faults."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from bo_sync.core.model import Access, Declaration, FieldValue, ProfileField
from bo_sync.core.settings import GuardrailLimits, Unmanaged, fixed
from bo_sync.core.text import Text
from bo_sync.errors import HubError
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.hub_url import SANDBOX, parse_address
from bo_sync.hub.transport import Transport
from bo_sync.ports import CreateRow, UpdateRow
from bo_sync.sandbox.adapter import SandboxAdapter
from bo_sync.sandbox.hub import SandboxHub
from bo_sync.sandbox.population import KNOWN_DEFINITIONS, UserRecord, definition_id
from bo_sync.sandbox.store import Store
from tests.support.faults import Fault, FaultKind, InjectedFaults, Nth, Rate
from tests.support.worlds import STRANGER, World, world

ADDRESSES: Final = tuple(f"person{number}@example.com" for number in range(5))
PROTECTED: Final = "glass@example.com"
_LIMITS: Final = GuardrailLimits(fixed(999), fixed(999), fixed(999), fixed(999), 2)
_WRITES: Final = ("adminUserCreate", "adminUserUpdate", "adminUserDelete", "roleCreate", "roleUpdate", "")


def company(chance: Random) -> World:
    """A world whose deletions and losses are allowed, and where nobody's first or last name is another's too.

    Two users have no file: one owns the roles, and one is protected, whatever happens to users without a file.
    """
    drawn = world(chance.randrange(1_000_000))
    users = [_named(user) for user in drawn.population["users"] if user["email"].lower() in {*ADDRESSES, STRANGER}]
    glass: UserRecord = {"email": PROTECTED, "firstName": "Glass", "lastName": "Protected", "roles": []}
    return replace(
        drawn,
        settings=replace(
            drawn.settings,
            unmanaged=chance.choice(list(Unmanaged)),
            protect=(Text(PROTECTED), Text(STRANGER)),
            guardrails=_LIMITS,
        ),
        population={**drawn.population, "users": [*users, glass]},
        declarations=tuple(files_of(drawn, drawn)),
        behaviour=drawn.behaviour if chance.random() < 0.3 else replace(drawn.behaviour, max_page_size=None),
    )


def files_of(drawn: World, home: World) -> Iterator[Declaration]:
    """The files of a world that fit a company: its addresses, the company's presets, and names of their own."""
    for entry in drawn.declarations:
        if entry.email.folded in ADDRESSES:
            presets = tuple(name for name in entry.presets if name in home.presets)
            yield replace(entry, presets=presets, profile=tuple(_renamed(entry.email, it) for it in entry.profile))


def _renamed(email: Text, entry: FieldValue) -> FieldValue:
    local = email.folded.partition("@")[0]
    names: dict[ProfileField, str] = {"first_name": f"New {local}", "last_name": local}
    return FieldValue(entry.field, Text(names[entry.field])) if entry.field in names else entry


def _named(user: UserRecord) -> UserRecord:
    if user["email"] == STRANGER:
        return user
    return {**user, "lastName": f"Old {user['email'].lower().partition('@')[0]}"}


def changed_files(files: tuple[Declaration, ...], home: World, chance: Random) -> tuple[Declaration, ...]:
    """The files after a commit: some entries are those of another world, some are new, some are gone. Never none."""
    other = {entry.email.folded: entry for entry in files_of(world(chance.randrange(1_000_000)), home)}
    held = {entry.email.folded: entry for entry in files}
    for address in sorted(other):
        if chance.random() < 0.6:
            held[address] = other[address]
    for address in sorted(held):
        if len(held) > 1 and chance.random() < 0.15:
            del held[address]
    return tuple(held.values())


@dataclass(frozen=True, slots=True)
class Others:
    """Somebody else with a backoffice of their own. What they do to the stranger's ownership is nothing."""

    store: Store
    touched: set[str]
    before: Callable[[], None]
    """Called when it is decided whom an edit is about: somebody may be made just now, and be gone at once."""

    def edit(self, chance: Random, *, may_create: bool = True) -> None:
        """One edit. Under way nobody is made: an address that differs in case alone could cross with one of ours."""
        kinds = [self._grant, self._grant, self._rename, self._delete, *([self._create] if may_create else [])]
        with suppress(HubError):  # whom we deleted meanwhile they cannot edit
            chance.choice(kinds)(chance)

    def _grant(self, chance: Random) -> None:
        user = self._somebody(chance)
        name = chance.choice([*KNOWN_DEFINITIONS, "role", "backoffice"])
        access = chance.choice(list(Access))
        row = next((row["id"] for row in user.get("roles", []) if row["definition"] == name), None)
        write = CreateRow(definition_id(name), access) if row is None else UpdateRow(row, access)
        self._hub().write_rows(user["id"], [write])

    def _rename(self, chance: Random) -> None:
        field: ProfileField = chance.choice(("phone", "job", "language"))
        value = Text(chance.choice(("FR", "ES")) if field == "language" else f"other {chance.randrange(9)}")
        self._hub().update_profile(Text(self._somebody(chance)["email"]), (FieldValue(field, value),))

    def _delete(self, chance: Random) -> None:
        self._hub().delete_user(Text(self._somebody(chance)["email"]))

    def _create(self, chance: Random) -> None:
        address = chance.choice((*ADDRESSES, *ADDRESSES, "guest@example.com"))
        spelled = address.upper() if chance.random() < 0.15 else address
        self.touched.add(address)
        self._hub().create_user(Text(spelled), (FieldValue("first_name", Text(f"Others' {spelled}")),))

    def _somebody(self, chance: Random) -> UserRecord:
        users = [user for user in self.store.snapshot()["users"] if user["email"] not in {STRANGER, PROTECTED}]
        if not users:
            raise HubError("nobody is there", operation="")
        self.before()
        user = chance.choice(users)
        self.touched.add(user["email"].casefold())
        return user

    def _hub(self) -> CommerceHub:
        adapter = SandboxAdapter(SandboxHub(self.store, keyless=True))
        return CommerceHub(Transport(parse_address(SANDBOX), adapters={SANDBOX: adapter}))


def some_faults(chance: Random) -> InjectedFaults:
    """One or two faults, at an early request or at a share of them; about writes more often than not."""
    return InjectedFaults([_fault(chance) for _ in range(chance.randint(1, 2))], chance.randrange(1_000_000))


def _fault(chance: Random) -> Fault:
    kind = chance.choice(list(FaultKind))
    field = "" if kind in {FaultKind.PARTIAL, FaultKind.PAGE_DROPS, FaultKind.PAGE_REPEATS} else chance.choice(_WRITES)
    when = Nth(chance.randint(1, 3)) if chance.random() < 0.5 else Rate(chance.choice((0.2, 0.5, 1.0)))
    return Fault(kind, when, field, 0 if kind is FaultKind.TOO_MANY_RETRY_AFTER else None)
