"""A population into the tables, and the tables back into a population."""

import sqlite3
from collections.abc import Iterator
from itertools import count
from typing import Final, cast

from bo_sync.sandbox import baseline
from bo_sync.sandbox.shape import (
    DefinitionShape,
    KeyShape,
    Population,
    PopulationError,
    RoleShape,
    SessionShape,
    UserShape,
)
from bo_sync.sandbox.tables import Row

FIRST_ID: Final = 1001
_BEGUN: Final = "2024-01-01T00:00:00.000Z"
"""When a definition was created that has no time of its own: a hub keeps its definitions when its users change."""

_FORGET: Final = (
    "DELETE FROM definitions",
    "DELETE FROM users",
    "DELETE FROM roles",
    "DELETE FROM keys",
    "DELETE FROM sessions",
    "DELETE FROM sqlite_sequence",
)
_DEFINITION: Final = """INSERT INTO definitions (id, name, description, defaultAccess, createdAt, lastModifiedAt)
VALUES (:id, :name, :description, :defaultAccess, :createdAt, :lastModifiedAt)"""
_USER: Final = """INSERT INTO users VALUES (:id, :email, :gender, :firstName, :middleName, :lastName, :language, :phone,
:job, :createdAt, :createdBy, :lastModifiedAt, :lastModifiedBy)"""
_ROLE: Final = """INSERT INTO roles VALUES (:number, :id, :roleDefinitionId, :userId, :access, :createdAt, :createdBy,
:lastModifiedAt, :lastModifiedBy)"""
_NEXT_USER: Final = """INSERT OR REPLACE INTO sqlite_sequence (rowid, name, seq)
SELECT (SELECT rowid FROM sqlite_sequence WHERE name = 'users'), 'users', max(?, coalesce(max(id), 0)) FROM users"""
_PROFILE: Final = ("gender", "firstName", "middleName", "lastName", "language", "phone", "job")


def load(db: sqlite3.Connection, population: Population, now: str) -> None:
    """Replaces everything; `now` is the time of users and rows that have none. Raises PopulationError."""
    for statement in _FORGET:
        db.execute(statement)
    definitions = [_definition(shape) for shape in population.get("definitions", baseline.definitions())]
    users = population.get("users", [])
    ids = _ids(users)
    try:
        db.executemany(_DEFINITION, definitions)
        db.executemany(_USER, (_user(shape, ids[shape["email"]], now) for shape in users))
        db.execute(_NEXT_USER, (FIRST_ID - 1,))
        db.executemany(_ROLE, _roles(users, ids, {str(row["name"]): str(row["id"]) for row in definitions}, now))
        db.executemany("INSERT INTO keys VALUES (:key, :access)", population.get("keys", baseline.keys()))
        db.executemany("INSERT INTO sessions VALUES (?, ?)", _sessions(population.get("sessions", []), ids))
    except sqlite3.IntegrityError as err:
        raise PopulationError(
            "The population holds something twice.", hint="Give each its own name.", detail=str(err)
        ) from err


def _definition(shape: DefinitionShape) -> Row:
    created = shape.get("createdAt", _BEGUN)
    return {
        "id": shape.get("id") or baseline.definition_id(shape["name"]),
        "name": shape["name"],
        "description": shape.get("description", shape["name"]),
        "defaultAccess": shape.get("defaultAccess", "NONE"),
        "createdAt": created,
        "lastModifiedAt": shape.get("lastModifiedAt", created),
    }


def _ids(users: list[UserShape]) -> dict[str, int]:
    """The id of each address: the one that is given, else the next free one."""
    given = {shape["email"]: shape["id"] for shape in users if "id" in shape}
    taken = set(given.values())
    free = (number for number in count(FIRST_ID) if number not in taken)
    return {shape["email"]: given[shape["email"]] if shape["email"] in given else next(free) for shape in users}


def _user(shape: UserShape, user_id: int, now: str) -> Row:
    created = shape.get("createdAt", now)
    return {
        **dict.fromkeys(_PROFILE),
        "createdBy": 0,
        "lastModifiedBy": 0,
        **{key: value for key, value in cast("Row", shape).items() if key != "roles"},
        "id": user_id,
        "createdAt": created,
        "lastModifiedAt": shape.get("lastModifiedAt", created),
    }


def _roles(users: list[UserShape], ids: dict[str, int], definitions: dict[str, str], now: str) -> Iterator[Row]:
    numbers = count(1)
    for user in users:
        for shape in user.get("roles", []):
            if shape["definition"] not in definitions:
                raise PopulationError(
                    f"A role of {user['email']!a} is in {shape['definition']!a}, which is not a definition.",
                    hint="Add it to `definitions`, or leave the role out.",
                )
            row = _role(shape, next(numbers), now)
            yield {**row, "roleDefinitionId": definitions[shape["definition"]], "userId": ids[user["email"]]}


def _role(shape: RoleShape, number: int, now: str) -> Row:
    created = shape.get("createdAt", now)
    return {
        "number": number,
        "id": shape.get("id") or baseline.role_id(number),
        "access": shape["access"],
        "createdAt": created,
        "createdBy": shape.get("createdBy"),
        "lastModifiedAt": shape.get("lastModifiedAt", created),
        "lastModifiedBy": shape.get("lastModifiedBy"),
    }


def _sessions(shapes: list[SessionShape], ids: dict[str, int]) -> Iterator[tuple[str, int]]:
    for shape in shapes:
        if shape["email"] not in ids:
            raise PopulationError(
                f"A session belongs to {shape['email']!a}, who is not in the population.",
                hint="Add the person, or leave the session out.",
            )
        yield shape["token"], ids[shape["email"]]


def snapshot(db: sqlite3.Connection) -> Population:
    """The whole of the tables: definitions by position, people by id, rows in the order they were made."""
    roles: dict[int, list[RoleShape]] = {}
    for row in db.execute(_ALL_ROLES):
        roles.setdefault(row.pop("userId"), []).append(cast("RoleShape", row))
    users = db.execute("SELECT * FROM users ORDER BY id").fetchall()
    definitions = db.execute("SELECT * FROM definitions ORDER BY position").fetchall()
    return {
        "definitions": [cast("DefinitionShape", _without(row, "position")) for row in definitions],
        "users": [cast("UserShape", {**row, "roles": roles.get(row["id"], [])}) for row in users],
        "keys": cast("list[KeyShape]", db.execute("SELECT key, access FROM keys ORDER BY key").fetchall()),
        "sessions": cast("list[SessionShape]", db.execute(_ALL_SESSIONS).fetchall()),
    }


_ALL_ROLES: Final = """SELECT roles.id, userId, name AS definition, access, roles.createdAt, createdBy,
roles.lastModifiedAt, lastModifiedBy FROM roles JOIN definitions ON definitions.id = roleDefinitionId ORDER BY number"""
_ALL_SESSIONS: Final = "SELECT token, email FROM sessions JOIN users ON users.id = userId ORDER BY token"


def _without(row: Row, key: str) -> Row:
    return {name: value for name, value in row.items() if name != key}
