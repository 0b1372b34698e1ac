"""What users can give to themselves, against a search through everything that they could do."""

from dataclasses import replace
from itertools import product
from random import Random

import pytest

from bo_sync.access.capabilities import Powers, powers
from bo_sync.access.escalation import ADD, RAISE, CredentialStep, Step, path, shortest
from bo_sync.access.queries import who_can, who_could, with_indirect
from bo_sync.access.query_terms import Question, ToRun, read_question, sufficient
from bo_sync.access.user_access import UserAccess
from bo_sync.core.model import MODULES, PLATFORM, ROLES, ROLES_PERMISSIONS, Access, Role
from bo_sync.core.settings import Settings
from tests.access.asking import BOUND, Levels, can, every_question, holding, random_levels, random_users, user

DRAWS = 120
API_KEYS = Role("api_keys")
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
        users = random_users(seed)
        for question in QUESTIONS[::7]:
            able = {entry.user for entry in who_can(users, question, BOUND).able}
            could = {entry.user for entry in who_could(users, question, BOUND)}
            assert not able & could
            if sufficient(question, BOUND) and not (isinstance(question, ToRun) and question.operation.when):
                assert could == {one for one in users if may_escalate(one)} - able


def may_escalate(user: UserAccess) -> bool:
    """By their own grants or through an API key, read from the facts themselves."""
    level = user.held.get
    return level(ROLES_PERMISSIONS, Access.NONE) >= Access.EDITOR or level(API_KEYS, Access.NONE) >= Access.VIEWER


def steps_of(word: str, **access: Access) -> list[tuple[str, str, str]] | None:
    held = {Role(role): level for role, level in access.items()}
    question = read_question(word, BOUND, ROLES)
    steps = shortest(held, sufficient(question, BOUND), BOUND)
    return None if steps is None else [(step.operation, step.role, step.access.word) for step in steps]


VIEWER, EDITOR, OWNER = Access.VIEWER, Access.EDITOR, Access.OWNER


def test_an_editor_raises_a_row_that_stands_or_becomes_an_owner_to_add_one() -> None:
    raised = [("roleUpdate", "order_data", "editor")]
    assert steps_of("orderUpdate", roles_permissions=EDITOR, order_data=VIEWER) == raised
    added = [("roleUpdate", "roles_permissions", "owner"), ("roleCreate", "order_data", "editor")]
    assert steps_of("orderUpdate", roles_permissions=EDITOR) == added
    of_two_ways = steps_of("attributeUpdate", roles_permissions=EDITOR, product_data=VIEWER)
    assert of_two_ways == [("roleUpdate", "product_data", "editor")], "the one with fewer steps"


def test_an_owner_adds_each_row_that_an_item_needs() -> None:
    both = [("roleCreate", "backoffice", "owner"), ("roleCreate", "logistics", "viewer")]
    assert steps_of("Carriers", roles_permissions=OWNER) == both


def annotated(name: str, *alternatives: tuple[str, Access]) -> Powers:
    """A hub that opens the operation `name` to other grants than the usual ones."""
    usual = BOUND.facts.operations
    operations = tuple(replace(each, alternatives=alternatives) if each.name == name else each for each in usual)
    return powers(Settings(), replace(BOUND.facts, operations=operations))


@pytest.mark.parametrize(
    ("alternatives", "expected"),
    [
        pytest.param((("role", Access.OWNER),), ["roleUpdate", "roleCreate"], id="of a role that the user holds"),
        pytest.param(
            (("order", Access.OWNER), ("role", Access.OWNER)),
            ["roleUpdate", "roleCreate"],
            id="of either a role that the user lacks or one that the user holds",
        ),
        pytest.param((("order", Access.OWNER),), None, id="of a role that the user lacks"),
    ],
)
def test_only_a_row_that_exists_is_raised_to_add_others(
    alternatives: tuple[tuple[str, Access], ...], expected: list[str] | None
) -> None:
    bound = annotated("roleCreate", *alternatives)
    held = {ROLES_PERMISSIONS: Access.EDITOR}
    steps = shortest(held, sufficient(read_question("pricing:viewer", bound, ROLES), bound), bound)
    assert (None if steps is None else [step.operation for step in steps]) == expected
    assert steps is None or steps[0].role == ROLES_PERMISSIONS


def test_a_key_that_is_widened_and_cannot_be_read_leads_to_nothing() -> None:
    bound, held = annotated("gqlApiKeyUpdate", ("pricing", Access.EDITOR)), {Role("pricing"): Access.EDITOR}
    assert path(held, read_question("roleUpdate", bound, ROLES), bound) is None


def test_a_viewer_reaches_nothing_and_nobody_reaches_what_no_grant_opens() -> None:
    assert steps_of("orderUpdate", roles_permissions=Access.VIEWER) is None
    assert steps_of("logout", roles_permissions=Access.OWNER) is None
    assert steps_of("bundles", roles_permissions=Access.OWNER) is None


def test_what_else_a_user_holds_leads_to_no_grant_except_api_keys() -> None:
    held = {role: Access.OWNER for role in MODULES if role not in {ROLES_PERMISSIONS, API_KEYS}}
    assert not who_could((holding(1, held),), read_question("roles_permissions:viewer", BOUND, ROLES), BOUND)


@pytest.mark.parametrize(
    ("word", "held", "expected"),
    [
        pytest.param("pricing:editor", {"api_keys": "viewer"}, "gqlApiKeys", id="a viewer reads a key"),
        pytest.param("orderUpdate", {"api_keys": "viewer"}, "gqlApiKeys", id="for an operation too"),
        pytest.param("Carriers", {"api_keys": "viewer"}, "gqlApiKeys", id="for a menu item too: a key can grant"),
        pytest.param("roleUpdate", {"api_keys": "editor"}, "gqlApiKeyUpdate gqlApiKeys", id="an editor widens a key"),
        pytest.param("roleUpdate", {"api_keys": "owner"}, "gqlApiKeyCreate", id="an owner creates a key"),
        pytest.param(
            "logout", {"configuration": "viewer"}, "magicTokens magicTokenLogin", id="a session that no grant opens"
        ),
        pytest.param(
            "cartAcceptPurchaseAuthorizationRequest",
            {"configuration": "viewer"},
            "magicTokens magicTokenLogin",
            id="a session does what its customer may",
        ),
        pytest.param("orderUpdate", {"configuration": "owner"}, None, id="no session of a customer opens it"),
        pytest.param("pricing:viewer", {"configuration": "owner"}, None, id="a token gives no grant"),
        pytest.param("logout", {"api_keys": "owner"}, None, id="no role of a key opens it"),
        pytest.param("bundles", {"api_keys": "owner", "configuration": "owner"}, None, id="what is unknown stays so"),
        pytest.param("orderUpdate", {"roles_permissions": "viewer"}, None, id="a viewer of roles"),
    ],
)
def test_credentials_are_a_path(word: str, held: dict[str, str], expected: str | None) -> None:
    levels = {Role(role): Access[level.upper()] for role, level in held.items()}
    steps = path(levels, read_question(word, BOUND, ROLES), BOUND)
    assert (None if steps is None else " ".join(step.operation for step in steps)) == expected
    assert all(isinstance(step, CredentialStep) for step in steps or ())


def test_own_grants_come_before_credentials_and_only_credentials_are_uncertain() -> None:
    both = user(1, api_keys=Access.OWNER, roles_permissions=Access.EDITOR, pricing=Access.VIEWER)
    reads = user(2, api_keys=Access.VIEWER)
    found = who_could((both, reads), read_question("pricing:editor", BOUND, ROLES), BOUND)
    assert [(entry.user, entry.is_certain) for entry in found] == [(both, True), (reads, False)]


def test_users_who_may_reset_passwords_are_counted_in_a_note_unless_they_are_listed() -> None:
    question = read_question("pricing:editor", BOUND, ROLES)
    resets, more = user(1, user_management=Access.OWNER), user(2, user_management=Access.OWNER)
    listed = user(3, user_management=Access.OWNER, api_keys=Access.VIEWER)
    edits, able = user(4, user_management=Access.EDITOR), user(5, pricing=Access.OWNER)

    def notes(*users: UserAccess) -> tuple[str, ...]:
        return with_indirect(who_can(users, question, BOUND), users, BOUND).notes

    told = (
        "may reset passwords (passwordResetLink), possibly also those of users who can: "
        "`bo-sync who-can passwordResetLink` lists them"
    )
    assert notes(listed, edits, able) == ()
    assert notes(resets, edits) == (), "there is no password that would open it"
    assert notes(resets, edits, able) == (f"1 user who is not listed {told}",)
    assert notes(resets, more, edits, able) == (f"2 users who are not listed {told}",)
    assert who_can((resets, able), question, BOUND).notes == (), "it was not asked who could"


def test_no_key_leads_to_what_no_grant_opens() -> None:
    question, users = read_question("bundles", BOUND, ROLES), (user(1, api_keys=Access.OWNER),)
    plain = who_can(users, question, BOUND)
    assert with_indirect(plain, users, BOUND) == plain
