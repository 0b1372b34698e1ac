"""The hub's operations on role definitions and role rows (`roleCreate`, `roleUpdate`, …)."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Final, Literal, NotRequired, TypedDict, cast

from bo_sync.sandbox.behaviour import Behaviour, NewUserRows
from bo_sync.sandbox.paging import Paging, RowPage, RowSelection, read_page
from bo_sync.sandbox.permissions import RefusedError, bad_request
from bo_sync.sandbox.population import Access, role_id
from bo_sync.sandbox.store import Row

Definition = dict[str, str | list[dict[str, str]] | None]
Grant = dict[str, str | int | Definition | None]

_CONDITIONS: Final = {
    "ids": "id IN (SELECT value FROM json_each(:ids))",
    "names": "name IN (SELECT value FROM json_each(:names))",
}


class DefinitionSearch(Paging, TypedDict):
    """The hub's RoleDefinitionSearchInput."""

    ids: NotRequired[list[str] | None]
    names: NotRequired[list[str] | None]


class RoleSearch(Paging, TypedDict):
    """The hub's RoleSearchInput."""

    userIds: list[int]


class NewRole(TypedDict):
    """The hub's RoleCreateInput."""

    roleDefinitionId: str
    access: Access
    userId: int


def page_of_definitions(db: sqlite3.Connection, search: DefinitionSearch, behaviour: Behaviour) -> RowPage:
    """The asked page, in the order in which the definitions were made."""
    wanted = {"ids": search.get("ids"), "names": search.get("names")}
    given = {name: json.dumps(values) for name, values in wanted.items() if values is not None}
    where = " AND ".join(["1", *(_CONDITIONS[name] for name in given)])
    return read_page(db, RowSelection("definitions", where, given, "position"), search, behaviour)


def page_of_roles(db: sqlite3.Connection, search: RoleSearch, behaviour: Behaviour) -> RowPage:
    """The asked page of the rows of all asked users together. Raises BAD_REQUEST: ids that repeat or are below 1."""
    user_ids = search["userIds"]
    if len(set(user_ids)) != len(user_ids) or any(user_id < 1 for user_id in user_ids):
        raise bad_request("userIds must be unique and positive")
    where = "userId IN (SELECT value FROM json_each(:userIds))"
    selection = RowSelection("roles", where, {"userIds": json.dumps(user_ids)}, "number")
    return read_page(db, selection, search, behaviour)


def definitions(db: sqlite3.Connection) -> dict[str, Definition]:
    """All definitions by id, as the schema has them."""
    rows = db.execute("SELECT * FROM definitions").fetchall()
    return {str(row["id"]): as_definition(row) for row in rows}


def as_definition(row: Row) -> Definition:
    """A definition's row as the schema has it: nobody made it, and it is described in one language."""
    description = str(row["description"])
    given = {name: str(value) for name, value in row.items()}
    described = [{"language": "EN", "value": description}]
    return {**given, "descriptions": described, "createdBy": None, "lastModifiedBy": None}


def as_grants(db: sqlite3.Connection, rows: Iterable[Row]) -> list[Grant]:
    """Role rows as the schema has them, each with its definition; one look at the definitions for all."""
    known = definitions(db)
    return [{**row, "roleDefinition": known[str(row["roleDefinitionId"])]} for row in rows]


def definition(db: sqlite3.Connection, definition_id: str) -> Definition:
    """One definition. Raises ROLE_DEFINITION_NOT_FOUND_ERROR."""
    try:
        return definitions(db)[definition_id]
    except KeyError as err:
        raise RefusedError("ROLE_DEFINITION_NOT_FOUND_ERROR", "Role definition does not exist") from err


def role(db: sqlite3.Connection, wanted: str) -> Grant:
    """One row. Raises ROLE_NOT_FOUND_ERROR."""
    return as_grants(db, [_row(db, wanted)])[0]


def _row(db: sqlite3.Connection, wanted: str) -> Row:
    row = db.execute("SELECT * FROM roles WHERE id = ?", (wanted,)).fetchone()
    if row is None:
        raise RefusedError("ROLE_NOT_FOUND_ERROR", "Role with the specified ID does not exist")
    return cast("Row", row)


def roles_in(db: sqlite3.Connection, definition_id: str, user_id: int) -> list[Grant]:
    """The rows of one user in one definition."""
    query = "SELECT * FROM roles WHERE roleDefinitionId = ? AND userId = ? ORDER BY number"
    return as_grants(db, db.execute(query, (definition_id, user_id)).fetchall())


def create(db: sqlite3.Connection, given: NewRole, *, now: str, by: int | None) -> Grant:
    """A new row. Raises ROLE_CREATE_ERROR: no such user or definition; ROLE_ALREADY_EXISTS_ERROR: even a NONE."""
    known = definitions(db)
    user = db.execute("SELECT 1 FROM users WHERE id = ?", (given["userId"],)).fetchone()
    if given["roleDefinitionId"] not in known or user is None:
        raise RefusedError("ROLE_CREATE_ERROR", "Failed to create the role: no such user or role definition")
    if roles_in(db, given["roleDefinitionId"], given["userId"]):
        raise RefusedError("ROLE_ALREADY_EXISTS_ERROR", "A role of this user in this definition already exists")
    return role(db, _insert(db, given, now=now, by=by))


def _insert(db: sqlite3.Connection, given: NewRole, *, now: str, by: int | None) -> str:
    cursor = db.execute(
        """INSERT INTO roles (roleDefinitionId, userId, access, createdAt, createdBy, lastModifiedAt, lastModifiedBy)
        VALUES (:roleDefinitionId, :userId, :access, :now, :by, :now, :by)""",
        {**given, "now": now, "by": by},
    )
    made = role_id(cursor.lastrowid or 0)
    db.execute("UPDATE roles SET id = ? WHERE number = ?", (made, cursor.lastrowid))
    return made


def update(db: sqlite3.Connection, wanted: str, access: Access, *, now: str, by: int | None) -> Grant:
    """The row with its new access. Raises ROLE_NOT_FOUND_ERROR."""
    _row(db, wanted)
    statement = "UPDATE roles SET access = ?, lastModifiedAt = ?, lastModifiedBy = ? WHERE id = ?"
    db.execute(statement, (access, now, by, wanted))
    return role(db, wanted)


def delete(db: sqlite3.Connection, wanted: str) -> Literal[True]:
    """Removes the row. Raises ROLE_NOT_FOUND_ERROR."""
    _row(db, wanted)
    db.execute("DELETE FROM roles WHERE id = ?", (wanted,))
    return True


def add_first_rows(db: sqlite3.Connection, user_id: int, behaviour: Behaviour, *, now: str) -> None:
    """The rows that a new user has at once, which nobody in particular made."""
    if behaviour.new_user_rows is NewUserRows.ABSENT:
        return
    as_default = behaviour.new_user_rows is NewUserRows.DEFAULT
    for row in db.execute("SELECT id, defaultAccess FROM definitions ORDER BY position").fetchall():
        access: Access = row["defaultAccess"] if as_default else "NONE"
        _insert(db, {"roleDefinitionId": row["id"], "access": access, "userId": user_id}, now=now, by=None)
