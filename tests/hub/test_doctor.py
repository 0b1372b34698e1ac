"""What doctor says of hubs and keys in every state."""

import json
from dataclasses import replace

import pytest

from bo_sync.core.guardrail_checks import role_owners
from bo_sync.core.live import index
from bo_sync.core.model import Role
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text
from bo_sync.hub.compatibility import differences
from bo_sync.hub.doctor import Check, Status, examine
from bo_sync.hub.graphql import document
from bo_sync.hub.hub_url import parse_address
from bo_sync.hub.pagination import Sizes
from bo_sync.hub.transport import Transport
from bo_sync.sandbox.adapter import SandboxAdapter
from bo_sync.sandbox.behaviour import Behaviour, LargePages
from bo_sync.sandbox.population import Population, baseline_population
from bo_sync.sandbox.store import Store
from tests.hub.sandboxed import JANE, Trial
from tests.hub.scripted import Scripted, errors, failed, html, impatient, transport_to
from tests.sandbox.asking import Hub, grant, holding, user
from tests.support.misbehaving_hub import MisbehavingHub, Misbehaviour, OddUser


def checks(
    trial: Trial, settings: Settings | None = None, *, probe_writes: bool = False, sizes: Sizes | None = None
) -> dict[str, Check]:
    sizes, settings = sizes or Sizes(100, 100), settings or Settings()
    return {check.name: check for check in examine(trial.transport, sizes, settings, probe_writes=probe_writes)}


def statuses(found: dict[str, Check]) -> dict[str, str]:
    return {name: str(check.status) for name, check in found.items()}


def test_all_is_well_with_an_owners_key() -> None:
    two = [user("ann@example.com", *FULL), user("ben@example.com", *FULL)]
    found = checks(
        Trial({**baseline_population(), "users": two, "sessions": []}, key="sandbox-owner"), probe_writes=True
    )
    assert set(statuses(found).values()) == {"ok"}
    assert list(found) == [
        "endpoint",
        "key",
        "read",
        "write",
        "users",
        "owners",
        "role definitions",
        "default access",
        "identity",
        "schema",
    ]


def test_what_a_key_may_write_is_unknown_until_it_is_tried() -> None:
    found = checks(Trial(key="sandbox-owner"))
    assert found["write"].status is Status.UNKNOWN
    assert "--probe-writes" in found["write"].hint


@pytest.mark.parametrize(
    ("key", "status", "told"),
    [
        ("sandbox-owner", Status.OK, "role.OWNER"),
        ("sandbox-editor", Status.WARNING, "role.EDITOR: it updates, but neither creates nor deletes"),
        ("sandbox-viewer", Status.WARNING, "less than role.EDITOR"),
        ("sandbox-none", Status.WARNING, "less than role.EDITOR"),
    ],
)
def test_probing_tells_what_a_key_may_write(key: str, status: Status, told: str) -> None:
    write = checks(Trial(key=key), probe_writes=True)["write"]
    assert write.status is status
    assert told in write.message


def test_probing_changes_nothing() -> None:
    trial = Trial(holding(user(JANE, grant("order", "OWNER"))))
    before = trial.sandbox.store.snapshot()
    checks(trial, probe_writes=True)
    assert trial.sandbox.store.snapshot() == before
    assert len([name for name in trial.sent if name.endswith(("Update", "Delete"))]) == 4


def test_a_hub_that_answers_probes_oddly_leaves_the_level_unknown() -> None:
    with Scripted(play=lambda _: failed("INTERNAL_SERVER_ERROR", "x")) as hub:
        checked = examine(transport_to(hub.url), Sizes(100, 100), Settings(), probe_writes=True)
    found = {check.name: check for check in checked}
    assert found["write"].status is found["schema"].status is found["key"].status is Status.UNKNOWN
    assert found["role definitions"].status is Status.FAILED


def test_a_key_without_rights_is_known_but_may_not_read() -> None:
    found = checks(Trial(key="sandbox-none"))
    assert (found["key"].status, found["read"].status) == (Status.OK, Status.FAILED)
    assert "role.VIEWER" in found["read"].hint


def test_an_unknown_key_fails_and_says_where_keys_come_from() -> None:
    found = checks(Trial(key="no-such-key"))
    assert (found["key"].status, found["read"].status) == (Status.FAILED, Status.UNKNOWN)
    assert "BO_SYNC_API_KEY" in found["key"].hint


def test_a_hub_that_cannot_be_reached_is_the_only_finding() -> None:
    with Scripted(*[html(502)] * 5) as hub:
        (only,) = examine(transport_to(hub.url), Sizes(100, 100), Settings())
    assert (only.name, only.status) == ("endpoint", Status.FAILED)
    assert "HTTP 502" in only.message


def test_a_gateway_that_forbids_everything_leaves_it_unknown_whether_the_hub_knows_the_key() -> None:
    with Scripted(play=lambda _: html(403)) as hub:
        found = examine(transport_to(hub.url), Sizes(100, 100), Settings(), probe_writes=True)
    endpoint, key, read, write, *_ = found
    assert [check.status for check in (endpoint, key, read, write)] == ["unknown", "unknown", "failed", "unknown"]
    assert "HTTP 403 with an HTML page" in endpoint.message
    assert "the key" not in key.message.replace("whether it knows the key", "")
    assert "proxy" in read.hint


def test_a_hub_that_forbids_in_graphql_with_status_403_knows_the_key() -> None:
    with Scripted(play=lambda _: errors("FORBIDDEN", status=403)) as hub:
        endpoint, key, read, *_ = examine(transport_to(hub.url), Sizes(100, 100), Settings())
    assert [check.status for check in (endpoint, key, read)] == ["ok", "ok", "failed"]


def test_a_gateway_that_wants_a_key_is_reached() -> None:
    with Scripted(play=lambda _: html(401)) as hub:
        endpoint, key, *_ = examine(transport_to(hub.url), Sizes(100, 100), Settings())
    assert (endpoint.status, key.status) == (Status.OK, Status.FAILED)


def test_definitions_under_other_names_are_told_with_the_hubs_list() -> None:
    settings = replace(
        Settings(), role_definitions=((Role("sales_hub"), Text("saleshub")), (Role("pricing"), Text("pricing")))
    )
    check = checks(Trial(), settings)["role definitions"]
    assert check.status is Status.WARNING
    assert check.message.startswith(
        "the hub has no role definition named saleshub (our sales_hub); it has: apikey, back"
    )
    assert "role_definitions" in check.hint


REFUSING = Behaviour(max_page_size=5, large_pages=LargePages.REFUSE)


def test_a_hub_that_refuses_every_page_asked_for_is_told_with_the_option_that_helps() -> None:
    check = checks(Trial(behaviour=REFUSING))["role definitions"]
    assert check.status is Status.FAILED
    assert check.hint.startswith("if a page of 12 is too large for it, give a smaller --page-size")


def test_pages_of_the_size_that_was_chosen_are_asked_for() -> None:
    assert checks(Trial(behaviour=REFUSING), sizes=Sizes(5, 5))["role definitions"].status is Status.OK


def odd(*users: OddUser, twins: tuple[str, ...] = ()) -> Check:
    population = holding({"id": 1, "email": "ann@example.com"}, {"id": 2, "email": "bob@example.com"})
    with Store.open() as store:
        store.load(population)
        hub = MisbehavingHub(store, Misbehaviour(odd=users, twins=twins), keyless=True)
        transport = Transport(parse_address("sandbox:"), adapters={"sandbox:": SandboxAdapter(hub)}, pace=impatient())
        return next(check for check in examine(transport, Sizes(100, 100), Settings()) if check.name == "users")


@pytest.mark.parametrize(
    ("user", "told"),
    [
        pytest.param(OddUser("ann@example.com", "email", ""), "id 1 has no address", id="an empty address"),
        pytest.param(OddUser("ann@example.com", "email", None), "id 1 has no address", id="an address of null"),
        pytest.param(OddUser("ann@example.com", "email", "ann"), "id 1 has an invalid address", id="no @"),
        pytest.param(
            OddUser("ann@example.com", "email", "\ud800@example.com"),
            "id 1 has an invalid address",
            id="a lone surrogate in the address",
        ),
        pytest.param(
            OddUser("ann@example.com", "lastName", "\ud800"),
            "the profile of id 1 holds text that no file can hold",
            id="a lone surrogate in a name",
        ),
        pytest.param(
            OddUser("ann@example.com", "email", "Bob@example.com"), "id 1 and id 2 have one address", id="one address"
        ),
    ],
)
def test_users_who_cannot_be_managed_are_told(user: OddUser, told: str) -> None:
    check = odd(user)
    assert (check.status, check.message) == (Status.WARNING, f"not all can be managed: {told}")
    assert check.hint.startswith("plan manages all other users")


def test_a_user_of_another_shape_fails_the_check_of_users() -> None:
    check = odd(OddUser("ann@example.com", "gender", "X"))
    assert (check.status, "items.0.gender" in check.message) == (Status.FAILED, True)


def test_users_who_can_all_be_managed_are_counted() -> None:
    assert odd() == Check("users", Status.OK, "all 2 can be managed")


def test_a_default_access_that_is_not_none_is_told() -> None:
    trial = Trial({"definitions": [{"name": "order", "defaultAccess": "VIEWER"}, {"name": "shop"}]})
    assert checks(trial)["default access"].message.startswith("is not none for order (viewer):")


def test_a_hub_that_hides_its_schema_leaves_it_unknown() -> None:
    assert checks(Trial(behaviour=Behaviour(introspection=False)))["schema"].status is Status.UNKNOWN


def probed() -> dict[str, object]:
    answer = json.loads(Hub().post(document("schemaProbe")).body)["data"]
    assert isinstance(answer, dict)
    return answer


def test_a_schema_that_lost_or_demands_something_is_told() -> None:
    found = json.dumps(probed())
    found = found.replace('"name": "userIds"', '"name": "users"').replace('"name": "firstName"', '"name": "givenName"')
    told = differences(json.loads(found))
    assert "RoleSearchInput.userIds is gone" in told
    assert "RoleSearchInput now demands users" in told
    assert "AdminUser.firstName is gone" in told
    assert "UpdateUserDto.firstName is gone" in told


def test_an_operation_that_lost_an_argument_or_demands_another_is_told() -> None:
    found = json.dumps(probed()).replace(
        '"name": "email", "defaultValue": null', '"name": "mail", "defaultValue": null'
    )
    told = differences(json.loads(found))
    assert {"Query.adminUser(email) is gone", "Query.adminUser now demands mail"} <= set(told)


def test_a_type_that_is_gone_is_told() -> None:
    assert differences({**probed(), "Role": None}) == ("the type Role is gone",)  # type: ignore[dict-item]


def test_what_is_no_introspection_is_no_answer() -> None:
    with pytest.raises(ValueError, match="not the answer to an introspection"):
        differences({"Query": "yes"})


FULL = (grant("role", "OWNER"), grant("backoffice", "OWNER"))
OWN = "Roles & permissions with Backoffice on, the minimum is"
MAKE = "owner of Roles & permissions with Backoffice on"


def named(role: str, name: str) -> Settings:
    """Settings in which one of our roles has another name in the hub."""
    usual = Settings().role_definitions
    return replace(
        Settings(), role_definitions=tuple((ours, Text(name) if ours == role else theirs) for ours, theirs in usual)
    )


def least(number: int) -> Settings:
    return replace(Settings(), guardrails=replace(Settings().guardrails, min_role_owners=number))


def owned_by(number: int) -> Population:
    """So many owners, and two users who own only one half of what it takes."""
    owners = [user(f"owner{index}@example.com", *FULL) for index in range(number)]
    return holding(*owners, user("half@example.com", FULL[0]), user("viewer@example.com", FULL[1]))


NO_BACKOFFICE = holding(user("ann@example.com", FULL[0]), definitions=[{"name": "role"}, {"name": "order"}])
NO_ROLE = holding(user("ann@example.com", FULL[1]), definitions=[{"name": "backoffice"}])
RENAMED = holding(
    user("ann@example.com", grant("permissions", "OWNER"), FULL[1]),
    definitions=[{"name": "permissions"}, {"name": "backoffice"}],
)


@pytest.mark.parametrize(
    ("population", "settings", "message", "missing"),
    [
        pytest.param(owned_by(2), Settings(), f"2 users own {OWN} 2", None, id="as many as the minimum"),
        pytest.param(owned_by(3), Settings(), f"3 users own {OWN} 2", None, id="more than the minimum"),
        pytest.param(owned_by(1), Settings(), f"1 user owns {OWN} 2", f"make another user {MAKE}", id="one too few"),
        pytest.param(owned_by(2), least(3), f"2 users own {OWN} 3", f"make another user {MAKE}", id="a minimum of 3"),
        pytest.param(owned_by(1), least(1), f"1 user owns {OWN} 1", None, id="a minimum of 1"),
        pytest.param(owned_by(0), Settings(), f"0 users own {OWN} 2", f"make a user {MAKE}", id="halves do not count"),
        pytest.param(
            owned_by(0), least(0), f"0 users own {OWN} 1", f"make a user {MAKE}", id="0 warns at a minimum of 0"
        ),
        pytest.param(holding(), Settings(), f"0 users own {OWN} 2", f"make a user {MAKE}", id="an empty list of users"),
        pytest.param(
            NO_BACKOFFICE,
            Settings(),
            "1 user owns Roles & permissions, the minimum is 2",
            "make another user owner of Roles & permissions",
            id="without a definition of Backoffice every owner counts",
        ),
        pytest.param(
            NO_ROLE,
            Settings(),
            "none counted, the minimum is 2: the hub has no role definition for Roles & permissions",
            "role_definitions",
            id="an unknown definition of Roles & permissions",
        ),
        pytest.param(
            RENAMED,
            Settings(),
            "none counted, the minimum is 2: the hub has no role definition for Roles & permissions",
            "role_definitions",
            id="a renamed definition without a mapping",
        ),
        pytest.param(
            RENAMED,
            replace(named("roles_permissions", "permissions"), guardrails=least(1).guardrails),
            f"1 user owns {OWN} 1",
            None,
            id="a renamed definition with its mapping",
        ),
        pytest.param(
            owned_by(2),
            named("roles_permissions", "order"),
            "not counted: role_definitions maps roles_permissions to order, but the hub has role too",
            "remove roles_permissions from role_definitions",
            id="a mapping to another definition",
        ),
        pytest.param(
            owned_by(2),
            named("backoffice", "order"),
            "not counted: role_definitions maps backoffice to order, but the hub has backoffice too",
            "remove backoffice from role_definitions",
            id="a mapping of Backoffice beside a definition of that name",
        ),
    ],
)
def test_too_few_owners_are_a_warning_with_what_to_do(
    population: Population, settings: Settings, message: str, missing: str | None
) -> None:
    check = checks(Trial(population), settings)["owners"]
    assert (check.status, check.message) == (Status.OK if missing is None else Status.WARNING, message)
    assert (missing or "") in check.hint
    assert bool(check.hint) is bool(missing)


def test_the_owners_are_those_of_the_guardrail_on_several_pages() -> None:
    trial = Trial(owned_by(9))
    counted = role_owners(index(trial.read(), Settings()))
    assert checks(trial, sizes=Sizes(2, 2))["owners"].message == f"{len(counted)} users own {OWN} 2"


def test_a_key_that_may_not_read_grants_is_told_and_the_other_checks_still_answer() -> None:
    found = checks(Trial(owned_by(2), does=Misbehaviour(denied=frozenset({"roles"}))))
    assert found["owners"].status is Status.FAILED
    assert found["owners"].message.startswith("the key may not read grants: roles: the hub says that the key may not")
    assert found["owners"].hint.startswith("roles needs role.VIEWER or more")
    rest = {name: found[name].status for name in ("users", "role definitions", "identity")}
    assert set(rest.values()) == {Status.OK}


@pytest.mark.parametrize(
    ("does", "told"),
    [
        pytest.param(Misbehaviour(announces=9_999_999), "not counted: adminUsers", id="a list that is never complete"),
        pytest.param(Misbehaviour(denied=frozenset({"roleDefinitions"})), "not counted: role", id="no definitions"),
        pytest.param(
            Misbehaviour(odd=(OddUser("half@example.com", "gender", "X"),)), "not counted: adminUsers", id="an odd user"
        ),
    ],
)
def test_a_hub_that_cannot_be_read_whole_leaves_the_owners_uncounted(does: Misbehaviour, told: str) -> None:
    check = checks(Trial(owned_by(2), does=does))["owners"]
    assert check.status is Status.FAILED
    assert check.message.startswith(told)


def test_owners_are_not_counted_where_users_may_not_be_read() -> None:
    assert "owners" not in checks(Trial(key="sandbox-none"))


def test_grants_are_read_once_and_nothing_twice() -> None:
    trial = Trial(owned_by(2))
    checks(trial)
    assert [trial.sent.count(name) for name in ("roles", "roleDefinitions")] == [1, 1]
    assert trial.sent.count("adminUsers") == 2  # the first is of one user, to try the key
