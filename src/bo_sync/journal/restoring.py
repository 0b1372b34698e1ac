"""The people whom a run changed as they were before it, as declarations: restoring is an ordinary change to files."""

from collections.abc import Iterator
from dataclasses import dataclass

from bo_sync.core.model import Declaration, FieldValue, Override, Profile, Source, State, in_normal_form
from bo_sync.core.text import Text
from bo_sync.journal.entries import Before, Person
from bo_sync.journal.past import Past, created_id, is_changed


@dataclass(frozen=True, slots=True)
class Restored:
    """One person's declaration, and what of them cannot come back: a sentence each."""

    declaration: Declaration
    lost: tuple[str, ...]


def restored(past: Past) -> Iterator[Restored]:
    """Everybody whom the run changed, or may have, in its order."""
    for person in past.people:
        if is_changed(past, person):
            yield _restored(person, created_id(past, person))


def _restored(person: Person, made: int | None) -> Restored:
    source = Source(Text(""), 1)
    if person.before is None:
        return Restored(Declaration(person.email, source, made, state=State.ABSENT), ())
    is_gone = person.action == "delete"
    declaration = Declaration(
        email=person.email,
        source=source,
        id=None if is_gone else person.id,
        profile=_profile(person.before, is_gone=is_gone),
        overrides=tuple(Override(role, access, source) for role, access in person.before.grants),
    )
    return Restored(declaration, tuple(_lost(person, person.before)) if is_gone else ())


def _profile(before: Before, *, is_gone: bool) -> Profile:
    """Every field, empty ones too, so that what the run filled is cleared; a name that a new person lacks is left out.

    The hub creates nobody without a first and last name, and a file without them says so best. Texts are in normal
    form, because odd spaces in a name of a file are an error; what no file can hold is left out.
    """
    values = (
        FieldValue(entry.field, in_normal_form(entry.field, entry.value))
        for entry in before.profile
        if entry.value is None or entry.value.is_writable
    )
    return tuple(
        entry
        for entry in values
        if not (is_gone and entry.value is None and entry.field in {"first_name", "last_name"})
    )


def _lost(person: Person, before: Before) -> Iterator[str]:
    yield f"was deleted: the hub will give a new id instead of {person.id}, and what it kept of the old one is gone"
    if before.others:
        held = ", ".join(f"{row.definition} {row.access.word}" for row in before.others)
        yield f"held access in role definitions that bo-sync does not know, which it cannot give back: {held}"
