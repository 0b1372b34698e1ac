"""The sandbox's SQLite database: tables, transactions, loading and saving a population."""

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Final, Self, cast

from bo_sync.errors import BoSyncError
from bo_sync.sandbox.population import (
    RANK,
    Access,
    Clock,
    DefinitionRecord,
    KeyShape,
    Population,
    PopulationError,
    RoleShape,
    SessionShape,
    UserRecord,
    baseline_definitions,
    baseline_keys,
    baseline_population,
    definition_id,
    role_id,
    system_clock,
    timestamp,
)

Value = str | int | None
Row = dict[str, Value]

_OURS: Final = 0x626F7379  # "bosy" in SQLite's application_id: a database that a sandbox made
_VERSION: Final = 1

_TABLES: Final = (
    """CREATE TABLE definitions (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  defaultAccess TEXT NOT NULL,
  createdAt TEXT NOT NULL,
  lastModifiedAt TEXT NOT NULL
)""",
    """CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  email TEXT NOT NULL UNIQUE,
  gender TEXT, firstName TEXT, middleName TEXT, lastName TEXT, language TEXT, phone TEXT, job TEXT,
  createdAt TEXT NOT NULL, createdBy INTEGER NOT NULL,
  lastModifiedAt TEXT NOT NULL, lastModifiedBy INTEGER NOT NULL
)""",
    """CREATE TABLE roles (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT UNIQUE,
  roleDefinitionId TEXT NOT NULL,
  userId INTEGER NOT NULL,
  access TEXT NOT NULL,
  createdAt TEXT NOT NULL, createdBy INTEGER,
  lastModifiedAt TEXT NOT NULL, lastModifiedBy INTEGER
)""",
    """CREATE VIEW people AS  -- AdminUser.id is an ID, a string; Role.userId is an Int
  SELECT id AS number, CAST(id AS TEXT) AS id, email, gender, firstName, middleName, lastName, language, phone, job,
  createdAt, createdBy, lastModifiedAt, lastModifiedBy FROM users""",
    """CREATE INDEX roles_of_user ON roles (userId, roleDefinitionId)""",
    """CREATE TABLE keys (key TEXT PRIMARY KEY, access TEXT NOT NULL)""",
    """CREATE TABLE sessions (token TEXT PRIMARY KEY, userId INTEGER NOT NULL)""",
    f"PRAGMA application_id = {_OURS}",
    f"PRAGMA user_version = {_VERSION}",
)


class SandboxDatabaseError(BoSyncError):
    """The sandbox's file cannot be opened, or is not a sandbox's."""


def _check_plain(path: Path) -> None:
    """Raises SandboxDatabaseError where `path`, or a file that SQLite keeps beside it, is a link or a folder."""
    for each in (path, *(path.with_name(f"{path.name}-{kind}") for kind in ("journal", "wal", "shm"))):
        with suppress(FileNotFoundError):  # another process may remove its journal at any moment
            if not stat.S_ISREG(each.lstat().st_mode):
                raise _unusable(each, "is a link or a folder, and must be a file", "not a regular file")


def connect(path: Path | None) -> sqlite3.Connection:
    """A connection to the file at `path` (None: memory), which is a sandbox's, or empty.

    Raises SandboxDatabaseError for a file that cannot be used, and for a link, since SQLite would make a file where it
    leads; a file of somebody else is left as it is.
    """
    try:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            _check_plain(path)
        db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False, timeout=30)
    except (OSError, sqlite3.Error) as err:
        raise _unusable(path, "cannot be opened", str(err)) from err
    try:
        _settle(db, path)
    except sqlite3.Error as err:
        db.close()
        raise _unusable(path, "is not a sandbox database", str(err)) from err
    except BoSyncError:
        db.close()
        raise
    return db


def _settle(db: sqlite3.Connection, path: Path | None) -> None:
    db.row_factory = _as_mapping
    empty = _is_empty(db)  # before the marks are read: they come with the tables, in one transaction
    mark = db.execute("PRAGMA application_id").fetchone()["application_id"]
    version = db.execute("PRAGMA user_version").fetchone()["user_version"]
    if not empty and (mark != _OURS or version != _VERSION):
        raise _unusable(path, "is not a database of this sandbox version", f"mark {mark}, version {version}")
    # A killed process must not spoil the file, a killed machine may: a write-ahead log without waiting for the disk.
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = OFF")


def _is_empty(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM sqlite_schema").fetchone() is None


def make_tables(db: sqlite3.Connection) -> bool:
    """Makes the tables where there are none, within the caller's transaction; whether it did."""
    if not _is_empty(db):
        return False
    for statement in _TABLES:
        db.execute(statement)
    return True


def _as_mapping(cursor: sqlite3.Cursor, values: tuple[Value, ...]) -> Row:
    return dict(zip([column[0] for column in cursor.description], values, strict=True))


def _unusable(path: Path | None, why: str, detail: str) -> SandboxDatabaseError:
    return SandboxDatabaseError(
        f"The sandbox file {str(path)!a} {why}.",
        hint="Name another file with --database, or remove this one if nobody needs it.",
        detail=detail,
    )


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
    definitions = [_definition(shape) for shape in population.get("definitions", baseline_definitions())]
    users = population.get("users", [])
    ids = _ids(users)
    try:
        db.executemany(_DEFINITION, definitions)
        db.executemany(_USER, (_user(shape, ids[shape["email"]], now) for shape in users))
        db.execute(_NEXT_USER, (FIRST_ID - 1,))
        db.executemany(_ROLE, _roles(users, ids, {str(row["name"]): str(row["id"]) for row in definitions}, now))
        db.executemany("INSERT INTO keys VALUES (:key, :access)", population.get("keys", baseline_keys()))
        db.executemany("INSERT INTO sessions VALUES (?, ?)", _sessions(population.get("sessions", []), ids))
    except sqlite3.IntegrityError as err:
        raise PopulationError(
            "The population holds something twice.", hint="Give each its own name.", detail=str(err)
        ) from err


def _definition(shape: DefinitionRecord) -> Row:
    created = shape.get("createdAt", _BEGUN)
    return {
        "id": shape.get("id") or definition_id(shape["name"]),
        "name": shape["name"],
        "description": shape.get("description", shape["name"]),
        "defaultAccess": shape.get("defaultAccess", "NONE"),
        "createdAt": created,
        "lastModifiedAt": shape.get("lastModifiedAt", created),
    }


def _ids(users: list[UserRecord]) -> dict[str, int]:
    """The id of each address: the one that is given, else the next free one."""
    given = {shape["email"]: shape["id"] for shape in users if "id" in shape}
    taken = set(given.values())
    free = (number for number in count(FIRST_ID) if number not in taken)
    return {shape["email"]: given[shape["email"]] if shape["email"] in given else next(free) for shape in users}


def _user(shape: UserRecord, user_id: int, now: str) -> Row:
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


def _roles(users: list[UserRecord], ids: dict[str, int], definitions: dict[str, str], now: str) -> Iterator[Row]:
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
        "id": shape.get("id") or role_id(number),
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
    """The whole of the tables: definitions by position, users by id, rows in the order they were made."""
    roles: dict[int, list[RoleShape]] = {}
    for row in db.execute(_ALL_ROLES):
        roles.setdefault(row.pop("userId"), []).append(cast("RoleShape", row))
    users = db.execute("SELECT * FROM users ORDER BY id").fetchall()
    definitions = db.execute("SELECT * FROM definitions ORDER BY position").fetchall()
    return {
        "definitions": [cast("DefinitionRecord", _without(row, "position")) for row in definitions],
        "users": [cast("UserRecord", {**row, "roles": roles.get(row["id"], [])}) for row in users],
        "keys": cast("list[KeyShape]", db.execute("SELECT key, access FROM keys ORDER BY key").fetchall()),
        "sessions": cast("list[SessionShape]", db.execute(_ALL_SESSIONS).fetchall()),
    }


_ALL_ROLES: Final = """SELECT roles.id, userId, name AS definition, access, roles.createdAt, createdBy,
roles.lastModifiedAt, lastModifiedBy FROM roles JOIN definitions ON definitions.id = roleDefinitionId ORDER BY number"""
_ALL_SESSIONS: Final = "SELECT token, email FROM sessions JOIN users ON users.id = userId ORDER BY token"


def _without(row: Row, key: str) -> Row:
    return {name: value for name, value in row.items() if name != key}


class Store:
    """Users, role definitions, role rows, keys and sessions. Every method may be called from any thread."""

    def __init__(self, db: sqlite3.Connection, clock: Clock) -> None:
        self._db = db
        self._lock = RLock()
        self._clock = clock

    @classmethod
    def open(cls, path: Path | None = None, clock: Clock = system_clock) -> Self:
        """The store in the file at `path`, or in memory. A new one holds the baseline. Raises SandboxDatabaseError."""
        store = cls(connect(path), clock)
        with store.writing() as db:
            if make_tables(db):
                load(db, baseline_population(), store.now())
        return store

    def close(self) -> None:
        """Ends the store; in memory, all is gone."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The database, for a look: everything seen inside is of one moment."""
        with self._transaction("BEGIN") as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The database, for a change: all of it happens, or, when the block raises, none of it."""
        with self._transaction("BEGIN IMMEDIATE") as db:
            yield db

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute(begin)
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def now(self) -> str:
        """The clock's moment, as the hub writes moments."""
        return timestamp(self._clock())

    def reset(self) -> None:
        """Forgets everything and holds the baseline."""
        self.load(baseline_population())

    def load(self, population: Population) -> None:
        """Forgets everything and holds `population`. Raises PopulationError, and then nothing has changed."""
        with self.writing() as db:
            load(db, population, self.now())

    def snapshot(self) -> Population:
        """Everything that is held: comparable, and loading it gives an equal store."""
        with self.reading() as db:
            return snapshot(db)

    def api_keys(self) -> tuple[tuple[str, Access], ...]:
        """The API keys with their levels, strongest first."""
        with self.reading() as db:
            rows = db.execute("SELECT key, access FROM keys ORDER BY key").fetchall()
        pairs = [(str(row["key"]), cast("Access", row["access"])) for row in rows]
        return tuple(sorted(pairs, key=lambda pair: -RANK[pair[1]]))

    def sessions(self) -> tuple[str, ...]:
        """The session tokens of users who are still there."""
        query = "SELECT token FROM sessions WHERE userId IN (SELECT id FROM users) ORDER BY token"
        with self.reading() as db:
            return tuple(str(row["token"]) for row in db.execute(query))

    def counts(self) -> tuple[int, int]:
        """How many users there are, and how many role rows."""
        query = "SELECT (SELECT count(*) FROM users) AS people, (SELECT count(*) FROM roles) AS grants"
        with self.reading() as db:
            row = db.execute(query).fetchone()
        return row["people"], row["grants"]
