"""What people can give to themselves, against a search through everything that they could do."""

from itertools import product
from random import Random

from bo_sync.access.people import Person
from bo_sync.access.questions import who_can, who_could, with_indirect
from bo_sync.access.reach import ADD, RAISE, Step, shortest
from bo_sync.access.words import Question, ToRun, read_question, sufficient
from bo_sync.core.model import MODULES, PLATFORM, ROLES, ROLES_PERMISSIONS, Access, Role
from tests.access.asking import BOUND, Levels, can, every_question, holding, person, random_levels, random_people

DRAWS = 120
QUESTIONS = list(every_question())


def may(operation: str, held: Levels) -> bool:
    return can(held, ToRun(BOUND.operation(operation)))


def next_levels(held: Levels, roles: list[Role]) -> list[Levels]:
    """Everything that one call of an operation can make of one's own grants, among `roles`."""
    found = []
    for role, level in product(roles, (Access.VIEWER, Access.EDITOR, Access.OWNER)):
        operation = RAISE if role in held else ADD
        if may(operation, held) and (role not in PLATFORM or level is Access.OWNER):
            found.append({**held, role: level})
    return found


def fewest(held: Levels, question: Question) -> int | None:
    """How many calls it takes, tried breadth first; None when no number is enough."""
    spoken = {role for grants in sufficient(question, BOUND) for role, _ in grants}
    roles = sorted({ROLES_PERMISSIONS, *spoken})
    seen, waiting, calls = {frozenset(held.items())}, [held], 0
    while waiting:
        if any(can(levels, question) for levels in waiting):
            return calls
        reached = [levels for before in waiting for levels in next_levels(before, roles)]
        waiting = []
        for levels in reached:
            key = frozenset(levels.items())
            if key not in seen:
                seen.add(key)
                waiting.append(levels)
        calls += 1
    return None


def replay(held: Levels, steps: tuple[Step, ...]) -> Levels:
    """The levels after `steps`, each of which must be allowed when it is taken, and be of the right kind."""
    for step in steps:
        assert may(step.operation, held), (held, steps)
        assert step.operation == (RAISE if step.role in held else ADD)
        held = {**held, step.role: step.access}
    return held


def test_the_steps_are_allowed_lead_there_and_are_the_fewest() -> None:
    chance = Random(3)
    for _ in range(DRAWS):
        held = random_levels(chance)
        if chance.random() < 0.6:
            held[ROLES_PERMISSIONS] = chance.choice((Access.EDITOR, Access.OWNER))
        question = chance.choice(QUESTIONS)
        steps = shortest(held, sufficient(question, BOUND), BOUND)
        assert (None if steps is None else len(steps)) == fewest(held, question)
        assert steps is None or can(replay(dict(held), steps), question)


def test_nobody_is_both_able_and_only_could_be() -> None:
    for seed in range(20):
        people = random_people(seed)
        for question in QUESTIONS[::7]:
            able = {entry.person for entry in who_can(people, question, BOUND).able}
            could = {entry.person for entry in who_could(people, question, BOUND)}
            assert not able & could
            if sufficient(question, BOUND):
                editors = {one for one in people if one.held.get(ROLES_PERMISSIONS, Access.NONE) >= Access.EDITOR}
                assert could == editors - able


def steps_of(word: str, **access: Access) -> list[tuple[str, str, str]] | None:
    held = {Role(role): level for role, level in access.items()}
    question = read_question(word, BOUND, ROLES)
    steps = shortest(held, sufficient(question, BOUND), BOUND)
    return None if steps is None else [(step.operation, step.role, step.access.word) for step in steps]


def test_an_editor_raises_a_row_that_stands() -> None:
    assert steps_of("orderUpdate", roles_permissions=Access.EDITOR, order_data=Access.VIEWER) == [
        ("roleUpdate", "order_data", "editor")
    ]


def test_an_editor_becomes_an_owner_to_add_a_row() -> None:
    assert steps_of("orderUpdate", roles_permissions=Access.EDITOR) == [
        ("roleUpdate", "roles_permissions", "owner"),
        ("roleCreate", "order_data", "editor"),
    ]


def test_an_owner_adds_each_row_that_an_item_needs() -> None:
    assert steps_of("Carriers", roles_permissions=Access.OWNER) == [
        ("roleCreate", "backoffice", "owner"),
        ("roleCreate", "logistics", "viewer"),
    ]


def test_of_two_ways_the_one_with_fewer_steps_is_told() -> None:
    assert steps_of("attributeUpdate", roles_permissions=Access.EDITOR, product_data=Access.VIEWER) == [
        ("roleUpdate", "product_data", "editor")
    ]


def test_a_viewer_reaches_nothing_and_nobody_reaches_what_no_grant_opens() -> None:
    assert steps_of("orderUpdate", roles_permissions=Access.VIEWER) is None
    assert steps_of("logout", roles_permissions=Access.OWNER) is None
    assert steps_of("bundles", roles_permissions=Access.OWNER) is None


def test_everything_else_that_somebody_holds_gives_them_nothing_more() -> None:
    held = {role: Access.OWNER for role in MODULES if role != ROLES_PERMISSIONS}
    assert not who_could((holding(1, held),), read_question("roles_permissions:viewer", BOUND, ROLES), BOUND)


def test_whoever_may_give_roles_to_api_keys_is_counted_in_a_note_but_not_those_who_can_anyway() -> None:
    question = read_question("pricing:editor", BOUND, ROLES)
    widens, makes = person(1, api_keys=Access.EDITOR), person(2, api_keys=Access.OWNER)
    looks, able = person(3, api_keys=Access.VIEWER), person(4, api_keys=Access.OWNER, pricing=Access.OWNER)

    def notes(*people: Person) -> tuple[str, ...]:
        return with_indirect(who_can(people, question, BOUND), people, BOUND).notes

    through = (
        "give roles to API keys (gqlApiKeyCreate, gqlApiKeyUpdate), and could do it through a key: "
        "`bo-sync who-can gqlApiKeyUpdate` lists them"
    )
    assert notes(looks, able) == ()
    assert notes(widens, looks, able) == (f"1 person who cannot do it may {through}",)
    assert notes(widens, makes, looks, able) == (f"2 people who cannot do it may {through}",)
    assert who_can((widens,), question, BOUND).notes == (), "it was not asked who could"


def test_of_what_no_grant_opens_no_key_is_told() -> None:
    question, people = read_question("bundles", BOUND, ROLES), (person(1, api_keys=Access.OWNER),)
    plain = who_can(people, question, BOUND)
    assert with_indirect(plain, people, BOUND).notes == plain.notes
