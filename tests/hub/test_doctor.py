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
from bo_sync.sandbox.population import DefinitionRecord, Population, baseline_population
from bo_sync.sandbox.store import Store
from tests.hub.sandboxed import JANE, Trial
from tests.hub.scripted import Scene, Scripted, errors, failed, html, impatient, transport_to
from tests.sandbox.asking import Hub, grant, holding, user
from tests.support.misbehaving_hub import MisbehavingHub, Misbehaviour, OddUser


def checks(
    trial: Trial, settings: Settings | None = None, *, probe_writes: bool = False, sizes: Sizes | None = None
) -> dict[str, Check]:
    sizes, settings = sizes or Sizes(100, 100), settings or Settings()
    return {check.name: check for check in examine(trial.transport, sizes, settings, probe_writes=probe_writes)}


def statuses(found: dict[str, Check]) -> dict[str, str]:
    return {name: str(check.status) for name, check in found.items()}


def over(scene: Scene, *, probe_writes: bool = False) -> tuple[Check, ...]:
    """The checks of a hub that answers every request in this way."""
    with Scripted(play=lambda _: scene) as hub:
        return tuple(examine(transport_to(hub.url), Sizes(100, 100), Settings(), probe_writes=probe_writes))


def test_all_is_well_with_an_owners_key() -> None:
    two = [user("ann@example.com", *FULL), user("ben@example.com", *FULL)]
    trial = Trial({**baseline_population(), "users": two, "sessions": []}, key="sandbox-owner")
    found = checks(trial, probe_writes=True)
    assert set(statuses(found).values()) == {"ok"}
    assert list(found) == [
        *("endpoint", "key", "read", "write", "users"),
        *("owners", "role definitions", "default access", "identity", "schema"),
    ]
    untried = checks(trial)["write"]
    assert untried.status is Status.UNKNOWN
    assert "--probe-writes" in untried.hint


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
    found = {check.name: check for check in over(failed("INTERNAL_SERVER_ERROR", "x"), probe_writes=True)}
    assert found["write"].status is found["schema"].status is found["key"].status is Status.UNKNOWN
    assert found["role definitions"].status is Status.FAILED


@pytest.mark.parametrize(
    ("key", "expected", "name", "hint"),
    [
        ("sandbox-none", (Status.OK, Status.FAILED), "read", "role.VIEWER"),
        ("no-such-key", (Status.FAILED, Status.UNKNOWN), "key", "BO_SYNC_API_KEY"),
    ],
)
def test_a_key_without_rights_is_known_and_an_unknown_key_fails(
    key: str, expected: tuple[Status, Status], name: str, hint: str
) -> None:
    found = checks(Trial(key=key))
    assert (found["key"].status, found["read"].status) == expected
    assert hint in found[name].hint
    assert "owners" not in found, "owners are not counted where users may not be read"


def test_a_hub_that_cannot_be_reached_is_the_only_finding() -> None:
    with Scripted(*[html(502)] * 5) as hub:
        (only,) = examine(transport_to(hub.url), Sizes(100, 100), Settings())
    assert (only.name, only.status) == ("endpoint", Status.FAILED)
    assert "HTTP 502" in only.message


def test_a_gateway_that_forbids_everything_leaves_it_unknown_whether_the_hub_knows_the_key() -> None:
    endpoint, key, read, write, *_ = over(html(403), probe_writes=True)
    assert [check.status for check in (endpoint, key, read, write)] == ["unknown", "unknown", "failed", "unknown"]
    assert "HTTP 403 with an HTML page" in endpoint.message
    assert "the key" not in key.message.replace("whether it knows the key", "")
    assert "proxy" in read.hint
    graphql = over(errors("FORBIDDEN", status=403))
    assert [check.status for check in graphql[:3]] == ["ok", "ok", "failed"], "a hub that forbids in GraphQL knows it"
    assert [check.status for check in over(html(401))[:2]] == ["ok", "failed"], "a gateway that wants one is reached"


def test_definitions_under_other_names_are_told_with_the_hubs_list() -> None:
    names = ((Role("sales_hub"), Text("saleshub")), (Role("pricing"), Text("pricing")))
    check = checks(Trial(), Settings(role_definitions=names))["role definitions"]
    assert check.status is Status.WARNING
    told = "the hub has no role definition named saleshub (our sales_hub); it has: apikey, back"
    assert check.message.startswith(told)
    assert "role_definitions" in check.hint


def test_a_hub_that_refuses_every_page_asked_for_is_told_with_the_option_that_helps() -> None:
    refusing = Behaviour(max_page_size=5, large_pages=LargePages.REFUSE)
    check = checks(Trial(behaviour=refusing))["role definitions"]
    assert check.status is Status.FAILED
    assert check.hint.startswith("if a page of 12 is too large for it, give a smaller --page-size")
    assert checks(Trial(behaviour=refusing), sizes=Sizes(5, 5))["role definitions"].status is Status.OK


def odd(*users: OddUser, twins: tuple[str, ...] = ()) -> Check:
    population = holding({"id": 1, "email": "ann@example.com"}, {"id": 2, "email": "bob@example.com"})
    with Store.open() as store:
        store.load(population)
        hub = MisbehavingHub(store, Misbehaviour(odd=users, twins=twins), keyless=True)
        transport = Transport(parse_address("sandbox:"), adapters={"sandbox:": SandboxAdapter(hub)}, pace=impatient())
        return next(check for check in examine(transport, Sizes(100, 100), Settings()) if check.name == "users")


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        pytest.param("email", "", "id 1 has no address", id="an empty address"),
        pytest.param("email", None, "id 1 has no address", id="an address of null"),
        pytest.param("email", "ann", "id 1 has an invalid address", id="no @"),
        pytest.param("email", "\ud800@example.com", "id 1 has an invalid address", id="a lone surrogate"),
        pytest.param("lastName", "\ud800", "the profile of id 1 holds text that no file can hold", id="in a name"),
        pytest.param("email", "Bob@example.com", "id 1 and id 2 have one address", id="one address"),
    ],
)
def test_users_who_cannot_be_managed_are_told(field: str, value: str | None, told: str) -> None:
    check = odd(OddUser("ann@example.com", field, value))
    assert (check.status, check.message) == (Status.WARNING, f"not all can be managed: {told}")
    assert check.hint.startswith("plan manages all other users")


def test_a_user_of_another_shape_fails_the_check_of_users() -> None:
    check = odd(OddUser("ann@example.com", "gender", "X"))
    assert (check.status, "items.0.gender" in check.message) == (Status.FAILED, True)
    assert odd() == Check("users", Status.OK, "all 2 can be managed")


def test_a_default_access_that_is_not_none_is_told_and_a_hidden_schema_is_unknown() -> None:
    definitions: Population = {"definitions": [{"name": "order", "defaultAccess": "VIEWER"}, {"name": "shop"}]}
    found = checks(Trial(definitions, behaviour=Behaviour(introspection=False)))
    assert found["default access"].message.startswith("is not none for order (viewer):")
    assert found["schema"].status is Status.UNKNOWN


def probed() -> dict[str, object]:
    answer = json.loads(Hub().post(document("schemaProbe")).body)["data"]
    assert isinstance(answer, dict)
    return answer


def test_a_schema_that_lost_or_demands_something_is_told() -> None:
    found = json.dumps(probed())
    found = found.replace('"name": "userIds"', '"name": "users"').replace('"name": "firstName"', '"name": "givenName"')
    found = found.replace('"name": "email", "defaultValue": null', '"name": "mail", "defaultValue": null')
    assert {
        *("RoleSearchInput.userIds is gone", "RoleSearchInput now demands users", "AdminUser.firstName is gone"),
        *("UpdateUserDto.firstName is gone", "Query.adminUser(email) is gone", "Query.adminUser now demands mail"),
    } <= set(differences(json.loads(found)))
    assert differences({**probed(), "Role": None}) == ("the type Role is gone",)  # type: ignore[dict-item]
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


ANN = "ann@example.com"
NO_BACKOFFICE = holding(user(ANN, FULL[0]), definitions=[{"name": "role"}, {"name": "order"}])
NO_ROLE = holding(user(ANN, FULL[1]), definitions=[{"name": "backoffice"}])
TWO_NAMES: list[DefinitionRecord] = [{"name": "permissions"}, {"name": "backoffice"}]
RENAMED = holding(user(ANN, grant("permissions", "OWNER"), FULL[1]), definitions=TWO_NAMES)
NONE_COUNTED = "none counted, the minimum is 2: the hub has no role definition for Roles & permissions"
MAPPED = "not counted: role_definitions maps {} to order, but the hub has {} too"


@pytest.mark.parametrize(
    ("population", "settings", "message", "missing"),
    [
        pytest.param(owned_by(2), Settings(), f"2 users own {OWN} 2", None, id="as many as the minimum"),
        pytest.param(owned_by(3), Settings(), f"3 users own {OWN} 2", None, id="more than the minimum"),
        pytest.param(owned_by(1), Settings(), f"1 user owns {OWN} 2", f"make another user {MAKE}", id="one too few"),
        pytest.param(owned_by(2), least(3), f"2 users own {OWN} 3", f"make another user {MAKE}", id="a minimum of 3"),
        pytest.param(owned_by(1), least(1), f"1 user owns {OWN} 1", None, id="a minimum of 1"),
        pytest.param(owned_by(0), Settings(), f"0 users own {OWN} 2", f"make a user {MAKE}", id="halves do not count"),
        pytest.param(owned_by(0), least(0), f"0 users own {OWN} 1", f"make a user {MAKE}", id="a minimum of 0 is 1"),
        pytest.param(holding(), Settings(), f"0 users own {OWN} 2", f"make a user {MAKE}", id="an empty list of users"),
        pytest.param(
            NO_BACKOFFICE,
            Settings(),
            "1 user owns Roles & permissions, the minimum is 2",
            "make another user owner of Roles & permissions",
            id="without a definition of Backoffice every owner counts",
        ),
        pytest.param(NO_ROLE, Settings(), NONE_COUNTED, "role_definitions", id="no definition of Roles & permissions"),
        pytest.param(RENAMED, Settings(), NONE_COUNTED, "role_definitions", id="a renamed one without a mapping"),
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
            MAPPED.format("roles_permissions", "role"),
            "remove roles_permissions from role_definitions",
            id="a mapping to another definition",
        ),
        pytest.param(
            owned_by(2),
            named("backoffice", "order"),
            MAPPED.format("backoffice", "backoffice"),
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


NO_DEFINITIONS = Misbehaviour(denied=frozenset({"roleDefinitions"}))
ODD_GENDER = Misbehaviour(odd=(OddUser("half@example.com", "gender", "X"),))


@pytest.mark.parametrize(
    ("does", "told"),
    [
        pytest.param(Misbehaviour(announces=9_999_999), "not counted: adminUsers", id="a list that is never complete"),
        pytest.param(NO_DEFINITIONS, "not counted: role", id="no definitions"),
        pytest.param(ODD_GENDER, "not counted: adminUsers", id="an odd user"),
    ],
)
def test_a_hub_that_cannot_be_read_whole_leaves_the_owners_uncounted(does: Misbehaviour, told: str) -> None:
    check = checks(Trial(owned_by(2), does=does))["owners"]
    assert check.status is Status.FAILED
    assert check.message.startswith(told)


def test_grants_are_read_once_and_nothing_twice() -> None:
    trial = Trial(owned_by(2))
    checks(trial)
    assert [trial.sent.count(name) for name in ("roles", "roleDefinitions")] == [1, 1]
    assert trial.sent.count("adminUsers") == 2  # the first is of one user, to try the key
