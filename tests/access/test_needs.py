"""What it takes: against every set of grants that there is, tried one by one."""

from itertools import product
from random import Random

import pytest

from bo_sync.access.queries import needs, who_can
from bo_sync.access.query_terms import Held, Question, ToRun, read_question, sufficient
from bo_sync.core.model import PLATFORM, ROLES, Access, Role
from tests.access.asking import BOUND, Levels, can, every_question, holding, less, levels_of

DRAWS = 250
QUESTIONS = list(every_question())


def opens_all(held: Levels, questions: list[Question]) -> bool:
    return all(can(held, question) for question in questions)


def answerable(questions: list[Question]) -> list[Question]:
    return [question for question in questions if sufficient(question, BOUND)]


def draw(seed: int) -> list[Question]:
    chance = Random(seed)
    two_ways = [question for question in QUESTIONS if len(sufficient(question, BOUND)) > 1]
    return [*chance.sample(QUESTIONS, chance.randint(1, 3)), *chance.sample(two_ways, chance.randint(0, 3))]


def brute_force(questions: list[Question]) -> list[Levels]:
    """The minimal sets, by trying every level of every role that any question speaks of."""
    roles = sorted({role for question in questions for grants in sufficient(question, BOUND) for role, _ in grants})
    choices = [(Access.NONE, Access.OWNER) if role in PLATFORM else tuple(Access) for role in roles]
    tried = [{role: level for role, level in zip(roles, levels, strict=True) if level} for levels in product(*choices)]
    enough = [held for held in tried if opens_all(held, questions)]
    return [held for held in enough if not any(opens_all(lower, questions) for lower in less(held))]


def cost(held: Levels) -> tuple[int, int]:
    return len(held), sum(1 if role in PLATFORM else level for role, level in held.items())


def frozen(sets: list[Levels]) -> set[frozenset[tuple[Role, Access]]]:
    return {frozenset(held.items()) for held in sets}


def test_what_is_needed_opens_all_and_nothing_less_does_and_there_is_no_other() -> None:
    for seed in range(DRAWS):
        asked = draw(seed)
        found = needs(asked, BOUND, ROLES)
        sets = [levels_of(grants) for grants in found.minimal]
        questions = answerable(asked)
        for held in sets:
            assert opens_all(held, questions)
            assert not any(opens_all(lower, questions) for lower in less(held))
        assert frozen(sets) == frozen(brute_force(questions))
        assert [cost(held) for held in sets] == sorted(cost(held) for held in sets)
        assert set(found.unanswered) == set(asked) - set(questions)


def test_whoever_holds_what_is_needed_can_and_whoever_holds_less_cannot() -> None:
    for question in QUESTIONS:
        found = needs([question], BOUND, ROLES)
        for grants in found.minimal if not found.unanswered else ():
            held = levels_of(grants)
            enough, *lower = (holding(number, one) for number, one in enumerate((held, *less(held))))
            able = [entry.user for entry in who_can((enough, *lower), question, BOUND).able]
            assert able == [enough]


def test_all_that_is_asked_at_once_is_answered_and_the_order_does_not_matter() -> None:
    found = needs(QUESTIONS, BOUND, ROLES)
    assert [levels_of(grants) for grants in found.minimal] == [dict.fromkeys(ROLES, Access.OWNER)]
    assert needs(reversed(QUESTIONS), BOUND, ROLES).minimal == found.minimal


def words(*asked: str) -> list[str]:
    found = needs([read_question(word, BOUND, ROLES) for word in asked], BOUND, ROLES)
    return [told(grants) for grants in found.minimal]


def told(grants: Held) -> str:
    return " ".join(f"{role}:{'on' if role in PLATFORM else least.word}" for role, least in grants)


EXAMPLES = {
    "an operation": (["orderUpdate"], ["order_data:editor"]),
    "an item": (["Carriers"], ["backoffice:on logistics:viewer"]),
    "an item and an operation of its module": (["Orders > Orders", "orderUpdate"], ["backoffice:on order_data:editor"]),
    "an operation with two ways": (["attributeUpdate"], ["user_management:editor", "product_data:editor"]),
    "two ways, one of which is needed anyway": (
        ["attributeUpdate", "product_data:viewer"],
        ["product_data:editor", "user_management:editor product_data:viewer"],
    ),
    "items of both areas": (["Sales > Orders", "Orders > Orders"], ["sales_hub:on backoffice:on order_data:viewer"]),
    "a role twice": (["pricing:viewer", "Pricing management:owner"], ["pricing:owner"]),
    "nothing that a grant opens": (["logout", "bundles"], [""]),
}


@pytest.mark.parametrize(("asked", "minimal"), EXAMPLES.values(), ids=EXAMPLES)
def test_it_takes(asked: list[str], minimal: list[str]) -> None:
    assert words(*asked) == minimal


def test_what_no_grant_opens_is_not_guessed() -> None:
    found = needs([read_question(word, BOUND, ROLES) for word in ("logout", "orderUpdate", "bundles")], BOUND, ROLES)
    assert [question.operation.name for question in found.unanswered if isinstance(question, ToRun)] == [
        "logout",
        "bundles",
    ]


def test_what_is_deprecated_is_said_once_whether_a_grant_opens_it_or_not() -> None:
    asked = [read_question(word, BOUND, ROLES) for word in ("logout", "addressesByOrderId", "orderUpdate", "logout")]
    found = needs(asked, BOUND, ROLES)
    assert [question.operation.name for question in found.deprecated] == ["logout", "addressesByOrderId"]
