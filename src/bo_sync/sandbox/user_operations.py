"""The hub's operations on users: rules first, then one statement."""

import re
import sqlite3
from typing import Final, NotRequired, TypedDict, cast

from bo_sync.sandbox.behaviour import Behaviour, OmittedGender
from bo_sync.sandbox.paging import Dates, Paging, RowPage, RowSelection, date_conditions, read_page
from bo_sync.sandbox.permissions import RefusedError, bad_request
from bo_sync.sandbox.store import Row

# "Maximum length" in the schema's descriptions of AdminUser; the language has exactly its two letters.
LIMITS: Final = {"firstName": 30, "middleName": 20, "lastName": 50, "phone": 30, "job": 30, "language": 2}
_LANGUAGE: Final = re.compile("[A-Za-z]{2}")
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+")


class UsersSearch(Paging, TypedDict):
    """The hub's AdminUsersSearchInput."""

    createdAt: NotRequired[Dates | None]
    lastModifiedAt: NotRequired[Dates | None]


def page_of_users(db: sqlite3.Connection, search: UsersSearch, behaviour: Behaviour) -> RowPage:
    """The asked page; users of the same moment stand by id."""
    created, created_within = date_conditions("createdAt", search.get("createdAt"))
    modified, modified_within = date_conditions("lastModifiedAt", search.get("lastModifiedAt"))
    where = " AND ".join(["1", *created_within, *modified_within])
    selection = RowSelection("people", where, {**created, **modified}, "number")
    return read_page(db, selection, search, behaviour)


def find(db: sqlite3.Connection, email: str) -> Row | None:
    """The user with exactly this address; two may differ in nothing but case."""
    query = "SELECT * FROM people WHERE email = ?"
    return cast("Row | None", db.execute(query, (email,)).fetchone())


def found(db: sqlite3.Connection, email: str) -> Row:
    """As `find`, but raises NOT_FOUND."""
    user = find(db, email)
    if user is None:
        raise RefusedError("NOT_FOUND", "User with the specified email does not exist")
    return user


def create(db: sqlite3.Connection, given: Row, behaviour: Behaviour, *, now: str, by: int | None) -> Row:
    """A new user. Raises BAD_REQUEST: address taken or malformed, or a field over its limit."""
    _check(given)
    email = str(given["email"])
    if not _ADDRESS.fullmatch(email):
        raise bad_request("email must be an email address")
    if find(db, email) is not None:
        raise bad_request("User with the specified email already exists")
    gender = "U" if behaviour.omitted_gender is OmittedGender.UNKNOWN else None
    _insert(db, {"gender": gender, **given, "createdAt": now, "lastModifiedAt": now}, by or 0)
    return found(db, email)


def _insert(db: sqlite3.Connection, given: Row, by: int) -> None:
    db.execute(
        """INSERT INTO users (email, gender, firstName, middleName, lastName, language, phone, job,
        createdAt, createdBy, lastModifiedAt, lastModifiedBy) VALUES (:email, :gender, :firstName, :middleName,
        :lastName, :language, :phone, :job, :createdAt, :createdBy, :lastModifiedAt, :lastModifiedBy)""",
        {**dict.fromkeys(LIMITS), **given, "createdBy": by, "lastModifiedBy": by},
    )


def update(db: sqlite3.Connection, email: str, given: Row, *, now: str, by: int | None) -> Row:
    """The user with the given fields set, null included. The schema has put a language into `given`, asked or not.

    Raises NOT_FOUND, and BAD_REQUEST for a field over its limit.
    """
    profile = {**found(db, email), **given, "lastModifiedAt": now, "lastModifiedBy": by or 0}
    _check(given)
    db.execute(
        """UPDATE users SET gender = :gender, firstName = :firstName, middleName = :middleName, lastName = :lastName,
        language = :language, phone = :phone, job = :job, lastModifiedAt = :lastModifiedAt,
        lastModifiedBy = :lastModifiedBy WHERE email = :email""",
        profile,
    )
    return found(db, email)


def delete(db: sqlite3.Connection, email: str) -> bool:
    """Removes the user and their rows; a session of theirs stays and proves nothing. Raises NOT_FOUND."""
    user = found(db, email)
    db.execute("DELETE FROM roles WHERE userId = ?", (int(str(user["id"])),))
    db.execute("DELETE FROM users WHERE email = ?", (email,))
    return True


def _check(given: Row) -> None:
    for field, limit in LIMITS.items():
        if len(str(given.get(field) or "")) > limit:
            raise bad_request(f"{field} must not be longer than {limit} characters")
    language = given.get("language")
    if language and not _LANGUAGE.fullmatch(str(language)):
        raise bad_request("language must be a two-letter code of ISO 639-1")
