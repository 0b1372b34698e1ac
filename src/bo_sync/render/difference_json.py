"""Who gained and who lost what, as JSON for programs."""

from collections.abc import Sequence

from bo_sync.access.difference import EndStep, GrantStep, PersonDifference
from bo_sync.core.document import Json
from bo_sync.core.model import Span
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
        "ends": [_end(end) for end in person.ends],
    }


def _moved(grants: Sequence[GrantStep], menu: Sequence[str], operations: Sequence[str]) -> Json:
    return {"grants": _steps(grants), "menu": list(menu), "operations": list(operations)}


def _end(end: EndStep) -> Json:
    return {
        "role": end.role,
        "before": _span(end, end.before),
        "after": _span(end, end.after),
        "longer": end.is_gain,
        "sooner": end.is_loss,
    }


def _span(end: EndStep, span: Span) -> Json:
    until = span.until.isoformat() if span.until else None
    levels = (span.access, span.then) if end.role else ()
    access, then = [level.word for level in levels] or (None, None)
    return {"access": access, "until": until, "then": then}


def _steps(grants: Sequence[GrantStep]) -> list[Json]:
    return [{"role": grant.role, "before": grant.before.word, "after": grant.after.word} for grant in grants]
