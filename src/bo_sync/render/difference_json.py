"""Who gained and who lost what, as JSON for programs."""

from collections.abc import Sequence

from bo_sync.access.difference import GrantStep, PersonDifference
from bo_sync.core.document import FORMAT_VERSION, Json
from bo_sync.render.difference import Difference, Place
from bo_sync.render.escape import json_text
from bo_sync.render.guards import guard_documents


def difference_json(found: Difference) -> str:
    """Both sides, the loosened guards, and everybody who differs, sorted by address; every item and operation."""
    return json_text(
        {
            "format_version": FORMAT_VERSION,
            "base": _place(found.base),
            "head": _place(found.head),
            "loosened": guard_documents(found.loosened),
            "people": [_person(person) for person in found.people],
        }
    )


def _place(place: Place) -> Json:
    return {
        "revision": place.revision.raw if place.revision is not None else None,
        "commit": place.commit.raw if place.commit is not None else None,
        "dirty": place.dirty,
        "day": place.day.isoformat(),
    }


def _person(person: PersonDifference) -> Json:
    shift = person.shift
    return {
        "email": person.email.raw,
        "source": person.source.short.raw if person.source is not None else None,
        "joined": person.joined,
        "left": person.left,
        "gained": _moved(person.gained, shift.opened, shift.gained),
        "lost": _moved(person.lost, shift.closed, shift.lost),
    }


def _moved(grants: Sequence[GrantStep], menu: Sequence[str], operations: Sequence[str]) -> Json:
    steps: list[Json] = [
        {"role": grant.role, "before": grant.before.word, "after": grant.after.word} for grant in grants
    ]
    return {"grants": steps, "menu": list(menu), "operations": list(operations)}
