"""What a grant lets a user do, through the command line: effects of a plan, `who-can` and `needs`."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.inside import inside
from tests.support.process import write

DAY: Final = "--today=2026-06-15"
SETTINGS: Final = "guardrails: {min_role_owners: 1}\n"
LEVELS: Final = ("none", "viewer", "editor", "owner")


def user(name: str, *lines: str) -> str:
    return "\n".join((f"email: {name}@example.com", "first_name: Ada", "last_name: Lovelace", *lines, ""))


def run(root: Path, *arguments: str) -> Any:
    ran = inside(*arguments, DAY, "--format=json", "-q", "-C", str(root))
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


CAPABILITIES: Final = {
    "change anyone's access, including their own": ("roles_permissions", "editor", "roleUpdate"),
    "give anyone any role": ("roles_permissions", "owner", "roleCreate"),
    "read the values of API keys": ("api_keys", "viewer", "gqlApiKeys"),
    "create API keys": ("api_keys", "owner", "gqlApiKeyCreate"),
    "change the roles of API keys": ("api_keys", "editor", "gqlApiKeyUpdate"),
    "create and delete users": ("roles_permissions", "owner", "adminUserCreate"),
    "read login tokens and possibly log in as a customer": ("configuration", "viewer", "magicTokens"),
    "create login tokens and log in as a customer": ("configuration", "owner", "magicTokenCreate"),
    "grant administrative access to an organisation": ("roles_permissions", "viewer", "adminUserTenantCreate"),
    "reset passwords, possibly also of backoffice users": ("user_management", "owner", "passwordResetLink"),
    "change what customers may buy without approval": (
        "user_management",
        "editor",
        "purchaseAuthorizationConfigUpdate",
    ),
    "approve customers' purchases": ("order_data", "editor", "cartAcceptPurchaseAuthorizationRequest"),
}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("fresh"), {"bo-sync.yaml": SETTINGS})


@pytest.mark.parametrize("words", CAPABILITIES)
def test_a_capability_begins_at_its_level(words: str, fresh: Path) -> None:
    role, level, operation = CAPABILITIES[words]
    for access, has_it in ((level, True), (LEVELS[LEVELS.index(level) - 1], False)):
        write(fresh, {"users/cid.yaml": user("cid", f"modules: {{{role}: {access}}}")})
        (change,) = run(fresh, "plan", "--explain")["changes"]
        assert (operation in change["operations"]["gained"], change["operations"]["lost"]) == (has_it, [])
        assert (words in inside("plan", DAY, "-C", str(fresh)).out) is has_it


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that was applied: one user for each way to something."""
    grants = {
        "admin": "roles_permissions: editor",
        "keys": "api_keys: viewer, shop_channel: editor",
        "tokens": "configuration: viewer",
        "resets": "user_management: owner",
        "prices": "pricing: {access: owner, until: 2026-12-31, reason: CHG-7}",
        "carriers": "logistics: viewer",
    }
    areas = {"carriers": "platform: {backoffice: true}"}
    files = {f"users/{n}.yaml": user(n, f"modules: {{{grant}}}", areas.get(n, "")) for n, grant in grants.items()}
    preset = {
        "presets/sales.yaml": "modules: {order_data: viewer}\n",
        "users/seller.yaml": user("seller", "preset: sales"),
    }
    root = write(tmp_path_factory.mktemp("held"), {"bo-sync.yaml": SETTINGS, **files, **preset})
    assert inside("apply", "--yes", DAY, "-C", str(root)).code == 0
    return root


WHO: Final = {
    "an operation": ("priceUpdate", "prices=pricing:owner", "admin keys?"),
    "an operation, in other case": ("PRICEUPDATE", "prices=pricing:owner", "admin keys?"),
    "an operation that two roles open": ("attributeUpdate", "resets=user_management:owner", "admin keys?"),
    "a conditional operation": ("adminUser", "admin=roles_permissions:editor", "keys? tokens?"),
    "an operation that no grant opens": ("adminUserViewer", "", "tokens?"),
    "an operation without an annotation": ("attribute", "", ""),
    "an operation with the name of a menu item": ("carriers", "", ""),
    "a menu item": ("Orders > Carriers", "carriers=backoffice:owner,logistics:viewer", "admin keys?"),
    "a menu item by its last part, which no user has": ("login tokens", "", "admin keys?"),
    "a role and a level": ("pricing:editor", "prices=pricing:owner", "admin keys?"),
    "a role by its documented name": ("Order Data:viewer", "seller=order_data:viewer", "admin keys?"),
    "an area": ("backoffice:on", "carriers=backoffice:owner", "admin keys?"),
    "a user who can needs no path": ("shop_channel:editor", "keys=shop_channel:editor", "admin"),
    "the level that changes grants": ("roles_permissions:editor", "admin=roles_permissions:editor", "keys?"),
}
NOTES: Final = {
    "adminUser": (True, "user is authenticated; email if present in input matches JWT"),
    "adminUserViewer": (True, "user is authenticated"),
    "attribute": (False, None),
    "carriers": (False, None),
}


@pytest.mark.parametrize("live", [(), ("--live",)], ids=["files", "hub"])
@pytest.mark.parametrize("name", WHO)
def test_who_can_lists_users_their_grants_and_escalation_paths(name: str, live: tuple[str, ...], held: Path) -> None:
    question, able, indirect = WHO[name]
    told = run(held, "who-can", question, "--indirect", *live)
    assert told == {
        **told,
        **run(held, "who-can", question, *live),
        "indirect": told["indirect"],
        "notes": told["notes"],
    }
    found = {
        row["email"].partition("@")[0]: ",".join(f"{why['role']}:{why['access']}" for why in row["because"])
        for row in told["users"]
        if not row["email"].startswith("break-glass")
    }
    assert found == dict(row.split("=") for row in able.split())
    reaching = [row["email"].partition("@")[0] + "?" * (not row["certain"]) for row in told["indirect"]]
    reaching = [each for each in reaching if not each.startswith("break-glass")]
    assert sorted(reaching) == sorted(indirect.split())
    known, when = NOTES.get(question, (True, None))
    assert (told["known"], told.get("or_when")) == (known, when)


def test_a_grant_is_listed_with_its_preset_place_day_and_reason(held: Path) -> None:
    (row,) = run(held, "who-can", "pricing:viewer")["users"]
    (why,) = row["because"]
    assert why == {
        "role": "pricing", "access": "owner", "preset": None,
        "source": "users/prices.yaml:4", "until": "2026-12-31", "reason": "CHG-7",
    }  # fmt: skip
    (row,) = run(held, "who-can", "order_data:viewer")["users"]
    assert [(why["preset"], why["source"]) for why in row["because"]] == [("sales", "presets/sales.yaml:1")]


NEEDS: Final = {
    "an operation": (["priceUpdate"], "pricing:editor", "", ""),
    "an operation that two roles open": (["attributeUpdate"], "user_management:editor", "product_data:editor", ""),
    "a conditional operation": (["adminUser"], "roles_permissions:viewer", "", ""),
    "an operation that no grant opens": (["adminUserViewer"], "", "", "adminUserViewer"),
    "an operation without an annotation": (["attribute"], "", "", "attribute"),
    "a menu item": (["Orders > Carriers"], "backoffice logistics:viewer", "", ""),
    "a role and a level": (["Order Data:viewer"], "order_data:viewer", "", ""),
    "an area": (["sales_hub:on"], "sales_hub", "", ""),
    "two questions with one answer": (["priceUpdate", "pricing:owner"], "pricing:owner", "", ""),
    "two questions of which one decides": (["attributeUpdate", "product_data:owner"], "product_data:owner", "", ""),
    "a question with an answer and one without": (["orderUpdate", "attribute"], "order_data:editor", "", "attribute"),
}


@pytest.mark.parametrize("name", NEEDS)
def test_needs_names_the_least_grants_and_what_no_grant_opens(name: str, fresh: Path) -> None:
    questions, least, other, unanswered = NEEDS[name]
    told = run(fresh, "needs", *questions)
    assert spelled(told) == least
    assert [spelled(each) for each in told["alternatives"]] == ([other] if other else [])
    assert [each["question"] for each in told["unanswered"]] == unanswered.split()


def spelled(grants: Any) -> str:
    return " ".join((*grants["platform"], *(f"{role}:{level}" for role, level in grants["modules"].items())))


CHANGES: Final = {
    "a menu item opens with its area": (
        "carriers",
        "platform: {backoffice: true, sales_hub: true}\nmodules: {logistics: viewer, user_management: viewer}",
        "+Sales > Companies",
    ),
    "a menu item closes with its area": ("carriers", "modules: {logistics: viewer}", "-Orders > Carriers"),
    "a menu item closes with its role": ("carriers", "platform: {backoffice: true}", "-Orders > Carriers"),
    "a lower level keeps the menu": ("carriers", "platform: {backoffice: true}\nmodules: {logistics: owner}", ""),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_opens_and_closes_menu_items(name: str, held: Path) -> None:
    who, access, menu = CHANGES[name]
    before = (held / f"users/{who}.yaml").read_text(encoding="utf-8")
    write(held, {f"users/{who}.yaml": user(who, access)})
    (change,) = run(held, "plan", "--explain")["changes"]
    write(held, {f"users/{who}.yaml": before})
    told = [*(f"+{item}" for item in change["menu"]["opened"]), *(f"-{item}" for item in change["menu"]["closed"])]
    assert [item for item in told if "Carriers" in item or "Companies" in item] == ([menu] if menu else [])
    assert change["operations"]["unknown"] == 91
