"""Who can, against the plainest reading of the facts; and what is said where grants do not decide."""

from random import Random

import pytest

from bo_sync.access.capabilities import powers
from bo_sync.access.queries import who_can
from bo_sync.access.query_terms import ToRun, read_question
from bo_sync.core.hub_operations import Operation
from bo_sync.core.model import ROLES, Access, Role
from bo_sync.core.settings import DEFAULT_ROLE_DEFINITIONS, Settings
from bo_sync.core.text import Text
from tests.access.asking import BOUND, can, every_question, levels_of, random_users, user

SEEDS = 60


def test_those_who_can_are_exactly_those_whose_grants_are_enough() -> None:
    for seed in range(SEEDS):
        users = random_users(seed)
        for question in every_question():
            able = [entry.user for entry in who_can(users, question, BOUND).able]
            assert able == [one for one in users if can(dict(one.held), question)]


def test_the_reason_is_enough_and_nothing_in_it_is_for_nothing() -> None:
    chance = Random(7)
    questions = list(every_question())
    for seed in range(SEEDS):
        for question in chance.sample(questions, 60):
            for able in who_can(random_users(seed), question, BOUND).able:
                assert can({grant.role: grant.access for grant in able.because}, question)
                for grant in able.because:
                    has_part = isinstance(question, ToRun) and can({grant.role: grant.access}, question)
                    others = {other.role: other.access for other in able.because if other is not grant}
                    assert has_part or not can(others, question)


def asked(word: str) -> ToRun:
    question = read_question(word, BOUND, ROLES)
    assert isinstance(question, ToRun)
    return question


WHEN = "opened too, whatever the grants, when the hub finds, in its words: "
NOTES = {
    "an operation that grants decide": ("orderUpdate", []),
    "one without an annotation": (
        "bundles",
        ["who may run bundles is unknown: the hub's annotations do not say, so nobody is counted"],
    ),
    "one that a clause opens too": (
        "adminUser",
        [f'{WHEN}"user is authenticated; email if present in input matches JWT"'],
    ),
    "one that only a clause opens": (
        "adminUserViewer",
        ["no grant of a role opens adminUserViewer", f'{WHEN}"user is authenticated"'],
    ),
    "one that system roles open": (
        "claimsReset",
        [
            "no grant of a role opens claimsReset",
            "opened too by a system role of the hub, whatever the grants: system",
            f'{WHEN}"user is authenticated"',
        ],
    ),
    "a deprecated one": ("addressesByOrderId", ["addressesByOrderId is deprecated in the hub"]),
    "one with the letters of a submenu": (
        "surcharges",
        ['this is about the operation surcharges; the menu item is asked for as "Pricing > Surcharges"'],
    ),
}


@pytest.mark.parametrize(("word", "notes"), NOTES.values(), ids=NOTES)
def test_what_grants_do_not_decide_is_said(word: str, notes: list[str]) -> None:
    assert list(who_can((), asked(word), BOUND).notes) == notes


def test_an_operation_with_the_letters_of_two_submenus_names_both() -> None:
    told = [note.rpartition("as ")[2] for note in who_can((), asked("orders"), BOUND).notes if "asked for" in note]
    assert told == ['"Sales > Orders"', '"Orders > Orders"']


def test_of_an_operation_that_is_not_annotated_nobody_knows_who_can() -> None:
    everything = user(1, **dict.fromkeys(map(str, ROLES), Access.OWNER))
    answer = who_can((everything,), asked("bundles"), BOUND)
    assert (answer.able, answer.by_grants, answer.is_known) == ((), False, False)
    conditional = who_can((everything,), asked("claimsReset"), BOUND)
    assert (conditional.able, conditional.by_grants, conditional.is_known) == ((), False, True)
    assert who_can((), asked("orderUpdate"), BOUND).by_grants


def test_a_role_definition_without_a_name_of_ours_is_named() -> None:
    foreign = Operation(
        "ticketClose", is_mutation=True, alternatives=(("ticket", Access.EDITOR), ("order", Access.OWNER))
    )
    clerk = user(1, order_data=Access.OWNER)
    answer = who_can((clerk,), ToRun(foreign), BOUND)
    assert [able.user for able in answer.able] == [clerk]
    assert answer.notes == ("opened too by ticket:editor, which have no name in `role_definitions`",)
    named = powers(Settings(role_definitions=(*DEFAULT_ROLE_DEFINITIONS, (Role("tickets"), Text("ticket")))))
    assert who_can((user(2, tickets=Access.EDITOR), clerk), ToRun(foreign), named).notes == ()


def test_levels_of_grants_read_an_area_as_on() -> None:
    assert levels_of(((Role("backoffice"), Access.VIEWER),)) == {"backoffice": Access.OWNER}
