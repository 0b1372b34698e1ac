"""Copies of runs, as a journal tells of them, with pseudonyms in place of people: to be shown."""

from collections.abc import Iterator
from dataclasses import replace
from operator import attrgetter

from bo_sync.core.changes import FieldChange
from bo_sync.core.model import FieldValue, Profile
from bo_sync.core.report import PersonOutcome
from bo_sync.core.text import Text
from bo_sync.journal.entries import Answer, Before, End, Header, Intent, OtherGrant, Person, Who
from bo_sync.journal.past import Past, Request
from bo_sync.render.pseudonyms import HIDDEN, Acquaintance, Pseudonyms


def redacted_past(past: Past, who: Pseudonyms) -> Past:
    """`past` with pseudonyms; days, numbers, roles and the names of runs stay. Requests keep their order."""
    who = who.knowing(_met(past))
    return replace(
        past,
        header=None if past.header is None else _header(past.header, who),
        requests=tuple(Request(_intent(one.intent, who), _answer(one.answer, who)) for one in past.requests),
        end=None if past.end is None else _end(past.end, who),
    )


def _met(past: Past) -> Iterator[Acquaintance]:
    """Everybody whom the run itself names."""
    for person in past.people:
        yield Acquaintance(person.email, _values(person.profile))
        if person.before is not None:
            yield Acquaintance(person.before.email, person.before.profile)
    yield from (Acquaintance(request.intent.email, request.intent.profile) for request in past.requests)
    yield from (Acquaintance(outcome.email) for outcome in past.outcomes)
    if past.header is not None and past.header.who.viewer is not None:
        yield Acquaintance(past.header.who.viewer)


def _values(changes: tuple[FieldChange, ...]) -> Profile:
    return tuple(FieldValue(entry.field, value) for entry in changes for value in (entry.before, entry.after))


def _header(header: Header, who: Pseudonyms) -> Header:
    return replace(
        header,
        who=_ran(header.who, who),
        hub=who.text(header.hub),
        tenant=None if header.tenant is None else who.text(header.tenant),
        config=replace(header.config, digest=Text(who.digest(header.config.digest.raw))),
        digest=Text(who.digest(header.digest.raw)),
        previous=(
            None
            if header.previous is None
            else replace(header.previous, digest=Text(who.digest(header.previous.digest.raw)))
        ),
        people=tuple(sorted((_person(person, who) for person in header.people), key=attrgetter("email"))),
    )


def _ran(ran: Who, who: Pseudonyms) -> Who:
    """The account on the machine is a name like any other; a machine may be called after its owner."""
    return Who(None if ran.viewer is None else who.email(ran.viewer), who.name(ran.user), Text(HIDDEN))


def _person(person: Person, who: Pseudonyms) -> Person:
    return replace(
        person,
        email=who.email(person.email),
        profile=tuple(
            replace(entry, before=who.value(entry.field, entry.before), after=who.value(entry.field, entry.after))
            for entry in person.profile
        ),
        before=None if person.before is None else _before(person.before, who),
    )


def _before(before: Before, who: Pseudonyms) -> Before:
    others = tuple(OtherGrant(who.text(other.definition), other.access) for other in before.others)
    return replace(before, email=who.email(before.email), profile=who.profile(before.profile), others=others)


def _intent(intent: Intent, who: Pseudonyms) -> Intent:
    return replace(intent, email=who.email(intent.email), profile=who.profile(intent.profile))


def _answer(answer: Answer | None, who: Pseudonyms) -> Answer | None:
    if answer is None or answer.error is None:
        return answer
    return replace(answer, error=who.text(answer.error))


def _end(end: End, who: Pseudonyms) -> End:
    return replace(end, outcomes=tuple(sorted((_outcome(one, who) for one in end.outcomes), key=attrgetter("email"))))


def _outcome(outcome: PersonOutcome, who: Pseudonyms) -> PersonOutcome:
    error = None if outcome.error is None else who.told(outcome.error)
    return replace(outcome, email=who.email(outcome.email), error=error)
