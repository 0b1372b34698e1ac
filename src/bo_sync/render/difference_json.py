"""Who gained and who lost what, as JSON for programs."""

from collections.abc import Sequence

from bo_sync.access.difference import GrantStep, PersonDifference
from bo_sync.core.document import Json
from bo_sync.render.difference import Difference
from bo_sync.render.guards import guard_documents
from bo_sync.render.json import envelope
from bo_sync.render.places import place_document


def difference_json(found: Difference) -> str:
    """Both sides, the loosened guards, and everybody who differs, sorted by address; every item and operation."""
    return envelope(
        {
            "base": place_document(found.base),
            "head": place_document(found.head),
            "loosened": guard_documents(found.loosened),
            "users": [_person(person) for person in found.people],
        }
    )


def _person(person: PersonDifference) -> Json:
    shift = person.shift
    return {
        "email": person.email.raw,
        "source": person.source.short.raw if person.source is not None else None,
        "joined": person.joined,
        "left": person.left,
        "kept": person.kept is not None,
        "kept_grants": _steps(person.kept_grants),
        "gained": _moved(person.gained, shift.opened, shift.gained),
        "lost": _moved(person.lost, shift.closed, shift.lost),
    }


def _moved(grants: Sequence[GrantStep], menu: Sequence[str], operations: Sequence[str]) -> Json:
    return {"grants": _steps(grants), "menu": list(menu), "operations": list(operations)}


def _steps(grants: Sequence[GrantStep]) -> list[Json]:
    return [{"role": grant.role, "before": grant.before.word, "after": grant.after.word} for grant in grants]
