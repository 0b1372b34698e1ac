"""The least grants that open all that is asked.

Each question is answered by alternatives, sets of grants of which one is enough. Taken together, alternatives of all
questions are joined (of each role the higher level) and those that another one undercuts are dropped; what is left are
the minimal sets: no grant of theirs can be lowered or left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bo_sync.access.powers import Powers
from bo_sync.access.words import Held, Question, ToRun, sufficient
from bo_sync.core.model import Access, Role

_Levels = Mapping[Role, Access]


@dataclass(frozen=True, slots=True)
class Needs:
    """`minimal` are all minimal sets, the least first, roles in their order: fewest grants, then lowest levels (their
    sum, then the highest of them), then the order of roles. It is never empty: where no grant is needed it holds ().

    `unanswered` are those of the questions that no grant opens: operations that are unknown or only conditional.
    `deprecated` are those about operations that the hub wants used no more.
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
    """`sets` without those that another one undercuts, and each once."""
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
