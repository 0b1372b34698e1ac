"""The SQLite side: the tables, named as the hub's schema names its fields, and the way to open a file of them.

A row is read as a mapping whose keys are GraphQL field names, so that a list of people is answered without a line of
Python for each field.
"""

import os
import sqlite3
import stat
from pathlib import Path
from typing import Final

from bo_sync.errors import BoSyncError

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
        if os.path.lexists(each) and not stat.S_ISREG(each.lstat().st_mode):
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
