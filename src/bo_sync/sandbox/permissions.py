"""Who sends a request, what that allows, and how a resolver rejects one."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, assert_never, cast

from bo_sync.sandbox.population import RANK, Access


class RefusedError(Exception):
    """The hub refuses. `code` becomes `errors[].extensions.code`; `status` is that of the HTTP answer."""

    def __init__(self, code: str, message: str, *, status: int = 200) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.extensions = {"code": code}


def bad_request(message: str) -> RefusedError:
    """An argument that the hub does not take."""
    return RefusedError("BAD_REQUEST", message)


# Operation: the least level of the definition `role`, or of the one that `OTHERS` names. None: any caller. The two
# viewers of definitions are unannotated in the hub, which is no promise that they are open to all; here any valid
# caller may read them.
NEEDED: Final[dict[str, Access | None]] = {
    "adminUsers": "VIEWER",
    "adminUser": "VIEWER",
    "adminUserViewer": None,
    "roleDefinitions": None,
    "roleDefinition": None,
    "role": "VIEWER",
    "roles": "VIEWER",
    "adminUserCreate": "OWNER",
    "adminUserUpdate": "EDITOR",
    "adminUserDelete": "OWNER",
    "roleCreate": "OWNER",
    "roleUpdate": "EDITOR",
    "roleDelete": "OWNER",
    "triggerPasswordSendInitEmailEvent": "OWNER",
}

OTHERS: Final = {"triggerPasswordSendInitEmailEvent": "user"}
"""Operations of another definition than `role`. A key has one level, which counts for each definition."""


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """An API key: a level, and nobody behind it."""

    access: Access


@dataclass(frozen=True, slots=True)
class CallingUser:
    """A session: a user, who may do what their own row in the definition `role` says."""

    user_id: int
    email: str
    access: Access


@dataclass(frozen=True, slots=True)
class Stranger:
    """No key or session, or none that is known here. `ghost`: a session whose user has been deleted."""

    ghost: bool = False


Caller = KeyHolder | CallingUser | Stranger

_USER: Final = """SELECT sessions.userId AS id, users.email AS email, users.id IS NULL AS gone
FROM sessions LEFT JOIN users ON users.id = sessions.userId WHERE token = ?"""
_LEVELS: Final = """SELECT access FROM roles JOIN definitions ON definitions.id = roleDefinitionId
WHERE userId = ? AND name = ?"""


def identify(db: sqlite3.Connection, headers: Mapping[str, str], *, keyless: bool) -> Caller:
    """The caller that the headers prove. A session outweighs a key. `keyless`: strangers act with an owner's rights."""
    folded = {name.lower(): value for name, value in headers.items()}
    kind, _, token = folded.get("authorization", "").partition(" ")
    session = db.execute(_USER, (token.strip(),)).fetchone() if kind.lower() == "bearer" else None
    if session is not None:
        return Stranger(ghost=True) if session["gone"] else _user(db, session["id"], session["email"])
    key = db.execute("SELECT access FROM keys WHERE key = ?", (folded.get("apikey", ""),)).fetchone()
    if key is not None and not kind:
        return KeyHolder(key["access"])
    return KeyHolder("OWNER") if keyless else Stranger()


def _user(db: sqlite3.Connection, user_id: int, email: str) -> CallingUser:
    return CallingUser(user_id, email, _level(db, user_id, "role"))


def _level(db: sqlite3.Connection, user_id: int, definition: str) -> Access:
    held = [row["access"] for row in db.execute(_LEVELS, (user_id, definition))]
    return cast("Access", max(held, key=lambda access: RANK[access], default="NONE"))


def for_operation(db: sqlite3.Connection, caller: Caller, operation: str) -> Caller:
    """The caller with the level that counts for an operation of another definition than `role`."""
    if not isinstance(caller, CallingUser):
        return caller
    return replace(caller, access=_level(db, caller.user_id, OTHERS[operation]))


def allow(caller: Caller, operation: str, *, own: bool = False) -> None:
    """Raises UNAUTHENTICATED or FORBIDDEN where the caller may not; `own`: it is about the caller alone."""
    needed = NEEDED[operation]
    match caller:
        case Stranger():
            raise RefusedError("UNAUTHENTICATED", "Invalid or missing authentication token")
        case KeyHolder(access):
            own = False
        case CallingUser(_, _, access):
            pass
        case _:
            assert_never(caller)
    if needed is not None and not own and RANK[access] < RANK[needed]:
        raise RefusedError(
            "FORBIDDEN", f"Insufficient permissions: {operation} needs {OTHERS.get(operation, 'role')}.{needed}"
        )


def actor(caller: Caller) -> int | None:
    """The id for `createdBy` and `lastModifiedBy`: a key leaves none."""
    return caller.user_id if isinstance(caller, CallingUser) else None


def owns(caller: Caller, *, email: str | None = None, user_ids: tuple[int, ...] = ()) -> bool:
    """Whether a question about `email`, or about `user_ids`, is a user's question about themselves."""
    if not isinstance(caller, CallingUser):
        return False
    return caller.email == email or (bool(user_ids) and set(user_ids) == {caller.user_id})
