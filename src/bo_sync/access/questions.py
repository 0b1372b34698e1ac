"""Who can do what is asked, and by which grants; and what can be said where grants alone do not decide it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from bo_sync.access.capabilities import RESET_PASSWORDS
from bo_sync.access.escalation import CredentialStep, Path, may_reset_passwords, path
from bo_sync.access.people import Granted, Person
from bo_sync.access.powers import Powers
from bo_sync.access.words import Held, Question, ToHold, ToOpen, ToRun, sufficient
from bo_sync.core.model import Access, Role


@dataclass(frozen=True, slots=True)
class Able:
    """Somebody who can, and all of their grants that have a part in it: for an operation or a role each is enough by
    itself, for a menu item all are needed."""

    person: Person
    because: tuple[Granted, ...]


@dataclass(frozen=True, slots=True)
class Reaching:
    """A user who cannot, but could come to it by these steps."""

    person: Person
    steps: Path

    @property
    def is_certain(self) -> bool:
        """False for a path through credentials: it depends on which ones exist, and on what they may do."""
        return not any(isinstance(step, CredentialStep) for step in self.steps)


@dataclass(frozen=True, slots=True)
class Answer:
    """`able` and `reaching` in the order of the people. Where `by_grants` is false no grant opens it: nobody is able by
    grants, though others may be; where `is_known` is false too, nobody knows who. `notes` are sentences of ours about
    what grants do not decide."""

    question: Question
    able: tuple[Able, ...]
    reaching: tuple[Reaching, ...] = ()
    by_grants: bool = True
    is_known: bool = True
    notes: tuple[str, ...] = ()


def who_can(people: Sequence[Person], question: Question, powers: Powers) -> Answer:
    """Those of `people` who can do what is asked."""
    sets = sufficient(question, powers)
    found = ((person, because(person, sets)) for person in people)
    able = tuple(Able(person, grants) for person, grants in found if grants)
    notes = tuple(_notes(question, powers))
    return Answer(question, able, by_grants=bool(sets), is_known=is_known(question), notes=notes)


def who_could(people: Sequence[Person], question: Question, powers: Powers) -> tuple[Reaching, ...]:
    """Those of `people` who cannot do it, but could come to it."""
    sets = sufficient(question, powers)
    paths: dict[frozenset[tuple[Role, Access]], Path | None] = {}
    """Each is searched once: it depends on nothing but the grants, and companies have few different sets of them."""
    reaching = []
    for person in people:
        held = frozenset(person.held.items())
        if held not in paths:
            paths[held] = None if because(person, sets) else path(person.held, question, powers)
        steps = paths[held]
        if steps:
            reaching.append(Reaching(person, steps))
    return tuple(reaching)


def with_indirect(answer: Answer, people: Sequence[Person], powers: Powers) -> Answer:
    """`answer` with the escalation paths of the same `people`, and a note about those who may reset passwords."""
    reaching = who_could(people, answer.question, powers)
    listed = {id(entry.person) for entry in answer.able} | {id(entry.person) for entry in reaching}
    others = (person for person in people if id(person) not in listed)
    resetting = sum(may_reset_passwords(person.held, powers) for person in others) if answer.able else 0
    notes = (*answer.notes, _by_reset(resetting)) if resetting else answer.notes
    return replace(answer, reaching=reaching, notes=notes)


def _by_reset(number: int) -> str:
    who = "1 user who is not listed" if number == 1 else f"{number} users who are not listed"
    return (
        f"{who} may reset passwords ({RESET_PASSWORDS}), possibly also those of users who can: "
        f"`bo-sync who-can {RESET_PASSWORDS}` lists them"
    )


def because(person: Person, sets: Iterable[Held]) -> tuple[Granted, ...]:
    """The person's grants that together make up some of `sets`, in the order of the roles; empty when none is held."""
    held = person.held
    roles: set[Role] = set()
    for grants in sets:
        if all(held.get(role, Access.NONE) >= least for role, least in grants):
            roles.update(role for role, _ in grants)
    return tuple(grant for grant in person.grants if grant.role in roles) if roles else ()


def is_known(question: Question) -> bool:
    """Whether anything is known about who can; it is not for operations that the hub does not annotate."""
    return not isinstance(question, ToRun) or question.operation.is_annotated


def _notes(question: Question, powers: Powers) -> Iterator[str]:
    match question:
        case ToRun(operation):
            name = operation.name
            if operation.is_deprecated:
                yield f"{name} is deprecated in the hub"
            if not operation.is_annotated:
                yield f"who may run {name} is unknown: the hub's annotations do not say, so nobody is counted"
            yield from _otherwise(question, powers)
            yield from _namesakes(question, powers)
        case ToOpen() | ToHold():
            return
        case unreachable:
            assert_never(unreachable)


def _otherwise(asked: ToRun, powers: Powers) -> Iterator[str]:
    """What opens an operation besides the roles that have a name here."""
    operation = asked.operation
    if operation.is_annotated and not operation.ways(powers.names):
        yield f"no grant of a role opens {operation.name}"
    foreign = [f"{name}:{least.word}" for name, least in operation.alternatives if name not in powers.names]
    if foreign:
        yield f"opened too by {', '.join(foreign)}, which have no name in `role_definitions`"
    if operation.system:
        yield f"opened too by a system role of the hub, whatever the grants: {', '.join(operation.system)}"
    if operation.when:
        yield f'opened too, whatever the grants, when the hub finds, in its words: "{operation.when}"'


def _namesakes(asked: ToRun, powers: Powers) -> Iterator[str]:
    """The menu items whose submenu has the letters of the operation."""
    name = asked.operation.name.casefold()
    for item in powers.facts.menu:
        if item.name.partition(" > ")[2].casefold() == name:
            yield f'this is about the operation {asked.operation.name}; the menu item is asked for as "{item.name}"'
