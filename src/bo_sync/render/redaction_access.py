"""Copies of answers about access, with pseudonyms in place of people: panels, matrices, differences."""

from collections.abc import Iterable
from dataclasses import replace
from operator import attrgetter
from typing import assert_never

from bo_sync.access.difference import PersonDifference
from bo_sync.access.matrix import Contrast, Matrix
from bo_sync.access.panel import Panel
from bo_sync.access.people import Grant, Granted, Person
from bo_sync.access.place import AnyPlace, HubPlace, Place
from bo_sync.access.questions import Able, Answer, Reaching
from bo_sync.core.model import Preset
from bo_sync.core.text import Text
from bo_sync.render.difference import Difference
from bo_sync.render.pseudonyms import HIDDEN, Acquaintance, Pseudonyms
from bo_sync.render.redaction import met_in_findings, redacted_findings, redacted_guard, redacted_user


def met(person: Person) -> Acquaintance:
    """Somebody whose access is asked for."""
    path = person.source.path if person.source is not None else None
    reasons = tuple(grant.reason for grant in person.grants if grant.reason is not None)
    return Acquaintance(person.email, person.profile, path, reasons)


def redacted_person(person: Person, who: Pseudonyms) -> Person:
    return Person(
        who.email(person.email),
        _grants(person.grants, who),
        who.place(person.source),
        who.profile(person.profile),
        tuple(map(who.told, person.presets)),
    )


def _grant(grant: Granted, who: Pseudonyms) -> Grant:
    preset = None if grant.preset is None else who.told(grant.preset)
    reason = None if grant.reason is None else Text(HIDDEN)
    return Grant(grant.role, grant.access, who.place(grant.source), preset, grant.until, reason)


def redacted_answer(answer: Answer, who: Pseudonyms) -> Answer:
    """Who can do something; the question and what is said of it name nobody."""
    people = (*(entry.person for entry in answer.able), *(entry.person for entry in answer.reaching))
    who = who.knowing(map(met, people))
    able = (Able(redacted_person(entry.person, who), _grants(entry.because, who)) for entry in answer.able)
    reaching = (Reaching(redacted_person(entry.person, who), entry.steps) for entry in answer.reaching)
    return replace(
        answer,
        able=tuple(sorted(able, key=lambda entry: entry.person.email.folded)),
        reaching=tuple(sorted(reaching, key=lambda entry: entry.person.email.folded)),
    )


def _grants(grants: Iterable[Granted], who: Pseudonyms) -> tuple[Grant, ...]:
    return tuple(_grant(grant, who) for grant in grants)


def redacted_panel(panel: Panel, who: Pseudonyms) -> Panel:
    who = who.knowing((met(panel.person), *met_in_findings(panel.findings)))
    return replace(
        panel,
        person=redacted_person(panel.person, who),
        preset=None if panel.preset is None else _preset(panel.preset, who),
        leaves=None if panel.leaves is None else redacted_user(panel.leaves, who),
        findings=redacted_findings(panel.findings, who),
    )


def _preset(preset: Preset, who: Pseudonyms) -> Preset:
    return replace(
        preset,
        name=who.told(preset.name),
        source=who.source(preset.source),
        label=None if preset.label is None else who.text(preset.label),
        description=None if preset.description is None else who.text(preset.description),
    )


def redacted_matrix(matrix: Matrix, who: Pseudonyms) -> Matrix:
    people = (redacted_person(person, who) for person in matrix.people)
    return replace(matrix, people=tuple(sorted(people, key=lambda person: person.email.folded)))


def redacted_place(place: AnyPlace, who: Pseudonyms) -> AnyPlace:
    """A revision, or a hub, may be called by an address."""
    match place:
        case Place():
            return redacted_side(place, who)
        case HubPlace():
            return replace(place, hub=who.text(place.hub))
        case unreachable:
            assert_never(unreachable)


def redacted_contrast(contrast: Contrast, who: Pseudonyms) -> Contrast:
    """Either side may be called by an address."""
    who = who.knowing(Acquaintance(person.email) for person in contrast.people)
    people = (replace(person, email=who.email(person.email)) for person in contrast.people)
    return replace(
        contrast,
        here=redacted_place(contrast.here, who),
        there=who.text(contrast.there),
        people=tuple(sorted(people, key=lambda person: person.email.folded)),
    )


def redacted_difference(found: Difference, who: Pseudonyms) -> Difference:
    who = who.knowing(_differing(person) for person in found.people)
    return Difference(
        redacted_side(found.base, who),
        redacted_side(found.head, who),
        tuple(redacted_guard(entry, who) for entry in found.loosened),
        tuple(sorted((_moved(person, who) for person in found.people), key=attrgetter("email"))),
    )


def _differing(person: PersonDifference) -> Acquaintance:
    return Acquaintance(person.email, path=person.source.path if person.source is not None else None)


def redacted_side(place: Place, who: Pseudonyms) -> Place:
    return replace(place, revision=None if place.revision is None else who.text(place.revision))


def _moved(person: PersonDifference, who: Pseudonyms) -> PersonDifference:
    return replace(person, email=who.email(person.email), source=who.place(person.source))
