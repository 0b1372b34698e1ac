"""Which users can do something, with which grants; and the minimal grants for it.

Each question is answered by alternatives: sets of grants of which one suffices. For several questions the alternatives
are combined (per role the higher level), and every set that another one undercuts is dropped.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from bo_sync.access.capabilities import RESET_PASSWORDS, Powers
from bo_sync.access.escalation import CredentialStep, Path, may_reset_passwords, path
from bo_sync.access.query_terms import Held, Question, ToHold, ToOpen, ToRun, sufficient
from bo_sync.access.user_access import Granted, UserAccess
from bo_sync.core.model import Access, Role


@dataclass(frozen=True, slots=True)
class Able:
    """A user who can, and all of their grants that have a part in it: for an operation or a role each is enough by
    itself, for a menu item all are needed."""

    user: UserAccess
    because: tuple[Granted, ...]


@dataclass(frozen=True, slots=True)
class Reaching:
    """A user who cannot, but could come to it by these steps."""

    user: UserAccess
    steps: Path

    @property
    def is_certain(self) -> bool:
        """False for a path through credentials: it depends on which credentials exist and what they allow."""
        return not any(isinstance(step, CredentialStep) for step in self.steps)


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """`able` and `reaching` in the order of the users. If `by_grants` is false, no grant opens it: no user is able by
    grants, though others may be. If `is_known` is false too, it is unknown who is. `notes` are our own sentences about
    what grants do not decide."""

    question: Question
    able: tuple[Able, ...]
    reaching: tuple[Reaching, ...] = ()
    by_grants: bool = True
    is_known: bool = True
    notes: tuple[str, ...] = ()


def who_can(users: Sequence[UserAccess], question: Question, powers: Powers) -> QueryAnswer:
    """Those of `users` who can do what is asked."""
    sets = sufficient(question, powers)
    found = ((user, because(user, sets)) for user in users)
    able = tuple(Able(user, grants) for user, grants in found if grants)
    notes = tuple(_notes(question, powers))
    return QueryAnswer(question, able, by_grants=bool(sets), is_known=is_known(question), notes=notes)


def who_could(users: Sequence[UserAccess], question: Question, powers: Powers) -> tuple[Reaching, ...]:
    """Those of `users` who cannot do it, but could come to it."""
    sets = sufficient(question, powers)
    paths: dict[frozenset[tuple[Role, Access]], Path | None] = {}
    """Each set of grants is searched once: the path depends only on grants, and companies have few different sets."""
    reaching = []
    for user in users:
        held = frozenset(user.held.items())
        if held not in paths:
            paths[held] = None if because(user, sets) else path(user.held, question, powers)
        steps = paths[held]
        if steps:
            reaching.append(Reaching(user, steps))
    return tuple(reaching)


def with_indirect(answer: QueryAnswer, users: Sequence[UserAccess], powers: Powers) -> QueryAnswer:
    """`answer` with the escalation paths of the same `users`, and a note about those who may reset passwords."""
    reaching = who_could(users, answer.question, powers)
    listed = {id(entry.user) for entry in answer.able} | {id(entry.user) for entry in reaching}
    others = (user for user in users if id(user) not in listed)
    resetting = sum(may_reset_passwords(user.held, powers) for user in others) if answer.able else 0
    notes = (*answer.notes, _by_reset(resetting)) if resetting else answer.notes
    return replace(answer, reaching=reaching, notes=notes)


def _by_reset(number: int) -> str:
    who = "1 user who is not listed" if number == 1 else f"{number} users who are not listed"
    return (
        f"{who} may reset passwords ({RESET_PASSWORDS}), possibly also those of users who can: "
        f"`bo-sync who-can {RESET_PASSWORDS}` lists them"
    )


def because(user: UserAccess, sets: Iterable[Held]) -> tuple[Granted, ...]:
    """The user's grants that together make up some of `sets`, in the order of the roles; empty when none is held."""
    held = user.held
    roles: set[Role] = set()
    for grants in sets:
        if all(held.get(role, Access.NONE) >= least for role, least in grants):
            roles.update(role for role, _ in grants)
    return tuple(grant for grant in user.grants if grant.role in roles) if roles else ()


def is_known(question: Question) -> bool:
    """Whether it is known which users can; it is not for operations that the hub does not annotate."""
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


_Levels = Mapping[Role, Access]


@dataclass(frozen=True, slots=True)
class Needs:
    """`minimal` are all minimal sets, the least first, roles in their order: fewest grants, then lowest levels (their
    sum, then the highest of them), then the order of roles. It is never empty: if no grant is needed it holds ().

    `unanswered` are the questions that no grant opens: operations that are unknown or only conditional. `deprecated`
    are those about deprecated operations of the hub.
    """

    minimal: tuple[Held, ...]
    unanswered: tuple[Question, ...] = ()
    deprecated: tuple[ToRun, ...] = ()


def needs(questions: Iterable[Question], powers: Powers, roles: Sequence[Role]) -> Needs:
    """What opens all of `questions` that grants open; `roles` is the order of roles."""
    minimal: list[_Levels] = [{}]
    unanswered: dict[Question, None] = {}
    asked = tuple(dict.fromkeys(questions))
    for question in asked:
        sets = [dict(grants) for grants in sufficient(question, powers)]
        if sets:
            minimal = _minimal(_joined(known, more) for known in minimal for more in sets)
        else:
            unanswered[question] = None
    rank = {role: number for number, role in enumerate(roles)}
    ordered = (tuple(sorted(levels.items(), key=lambda grant: rank[grant[0]])) for levels in minimal)
    least = tuple(sorted(ordered, key=lambda grants: _cost(grants, rank)))
    old = (question for question in asked if isinstance(question, ToRun) and question.operation.is_deprecated)
    return Needs(least, tuple(unanswered), tuple(old))


def _joined(one: _Levels, other: _Levels) -> _Levels:
    return {role: max(one.get(role, Access.NONE), other.get(role, Access.NONE)) for role in (*one, *other)}


def _minimal(sets: Iterable[_Levels]) -> list[_Levels]:
    """`sets` without those that another one undercuts, and without duplicates."""
    kept: list[_Levels] = []
    for levels in sets:
        if not any(_suffices(levels, other) for other in kept):
            kept = [other for other in kept if not _suffices(other, levels)]
            kept.append(levels)
    return kept


def _suffices(levels: _Levels, other: _Levels) -> bool:
    """Whether `levels` hold all that `other` asks for."""
    return all(levels.get(role, Access.NONE) >= least for role, least in other.items())


def _cost(grants: Held, rank: Mapping[Role, int]) -> tuple[int, int, Access, list[int]]:
    levels = [least for _, least in grants]
    return len(grants), sum(levels), max(levels, default=Access.NONE), [rank[role] for role, _ in grants]
