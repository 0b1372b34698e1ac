"""The sandbox's memory: one SQLite database, one lock, and one transaction for each thing that is done.

A root mutation field is one transaction, so whatever a later field does, what an earlier one did stays done, as in
the hub. The store knows rows, not rules: those are in `resolvers.py`.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Self, cast

from bo_sync.sandbox import loading
from bo_sync.sandbox.baseline import baseline
from bo_sync.sandbox.shape import RANK, Access, Clock, Population, system_clock, timestamp
from bo_sync.sandbox.tables import connect, make_tables


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
                loading.load(db, baseline(), store.now())
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
        self.load(baseline())

    def load(self, population: Population) -> None:
        """Forgets everything and holds `population`. Raises PopulationError, and then nothing has changed."""
        with self.writing() as db:
            loading.load(db, population, self.now())

    def snapshot(self) -> Population:
        """Everything that is held: comparable, and loading it gives an equal store."""
        with self.reading() as db:
            return loading.snapshot(db)

    def api_keys(self) -> tuple[tuple[str, Access], ...]:
        """The API keys with their levels, strongest first."""
        with self.reading() as db:
            rows = db.execute("SELECT key, access FROM keys ORDER BY key").fetchall()
        pairs = [(str(row["key"]), cast("Access", row["access"])) for row in rows]
        return tuple(sorted(pairs, key=lambda pair: -RANK[pair[1]]))

    def sessions(self) -> tuple[str, ...]:
        """The session tokens of people who are still there."""
        query = "SELECT token FROM sessions WHERE userId IN (SELECT id FROM users) ORDER BY token"
        with self.reading() as db:
            return tuple(str(row["token"]) for row in db.execute(query))

    def counts(self) -> tuple[int, int]:
        """How many people there are, and how many role rows."""
        query = "SELECT (SELECT count(*) FROM users) AS people, (SELECT count(*) FROM roles) AS grants"
        with self.reading() as db:
            row = db.execute(query).fetchone()
        return row["people"], row["grants"]
