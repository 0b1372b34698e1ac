"""One user is read whole, or not at all."""

import pytest

from bo_sync.core.model import Access
from bo_sync.core.text import Text
from bo_sync.errors import HubError
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.graphql import JsonObject, JsonValue
from bo_sync.hub.pagination import Sizes
from bo_sync.hub.reader import find_user, read_definitions, read_tenant, read_viewer, sorted_definitions, sorted_rows
from bo_sync.hub.wire import DefinitionShape, RowShape
from bo_sync.sandbox.behaviour import Behaviour, LargePages
from tests.hub.sandboxed import JANE, Trial, somebody
from tests.hub.scripted import KEY, Heard, Say, Scripted, data, errors, failed, transport_to
from tests.sandbox.asking import grant, holding, user

pytestmark = pytest.mark.timeout(10)  # a result that never comes fails a test soon

NOTHING = Say(b'{"data": null}')
DAY = "2026-01-01T00:00:00Z"


class TestOneUser:
    def test_they_are_read_with_all_their_rows(self) -> None:
        trial = Trial(holding(user(JANE, grant("pricing", "VIEWER"), grant("order", "NONE"))))
        assert sorted(row.access for row in trial.live().rows) == [Access.NONE, Access.VIEWER]
        assert trial.live() == trial.read().users[0]

    def test_nobody_there_is_none(self) -> None:
        assert Trial(holding()).hub.read_user(Text(JANE)) is None

    def test_somebody_else_in_the_answer_is_refused(self) -> None:
        with Scripted(data(adminUser=somebody(1))) as hub, pytest.raises(HubError) as caught:
            CommerceHub(transport_to(hub.url)).read_user(Text(JANE))
        message = f"adminUser of {JANE}: the hub answers with somebody else, p1@example.com"
        hint = "nothing was done; report this to Propeller"
        assert (caught.value.message, caught.value.operation, caught.value.hint) == (message, "adminUser", hint)

    @pytest.mark.parametrize(
        ("said", "message"),
        [
            pytest.param(
                NOTHING, f"adminUser of {JANE}: the hub answers neither data nor an error", id="neither data nor error"
            ),
            pytest.param(
                errors("INTERNAL_SERVER_ERROR", path="adminUser", data={"adminUser": somebody(1)}),
                f"adminUser of {JANE}: the hub says INTERNAL_SERVER_ERROR: “no”",
                id="an error beside a user",
            ),
            pytest.param(
                data(adminUser="jane"),
                "adminUser: the hub's answer is not of its schema: the answer: Input should be a valid dictionary or "
                "instance of UserShape, found a text",
                id="not an object",
            ),
        ],
    )
    def test_an_answer_without_a_user_is_an_error(self, said: Say, message: str) -> None:
        with Scripted(play=lambda _: said) as hub, pytest.raises(HubError) as caught:
            find_user(transport_to(hub.url), Text(JANE))
        assert (caught.value.message, caught.value.operation) == (message, "adminUser")

    def test_more_rows_than_a_page_holds_are_all_read(self) -> None:
        rows = [grant(name, "VIEWER") for name in ("role", "order", "product", "user", "shop", "pricing", "logistics")]
        trial = Trial(holding(user(JANE, *rows)), page_size=3)
        assert len(trial.live().rows) == 7

    def test_both_rows_of_one_pair_are_read(self) -> None:
        trial = Trial(holding(user(JANE, grant("order", "VIEWER"), grant("order", "OWNER"))))
        assert sorted(row.access for row in trial.read().users[0].rows) == [Access.VIEWER, Access.OWNER]


@pytest.mark.parametrize(
    ("said", "tenant"),
    [
        pytest.param(data(tenant={"id": "acme"}), Text("acme"), id="the hub names it"),
        pytest.param(data(tenant={"id": f"acme {KEY}"}), Text("acme [secret]"), id="with the key in it"),
        pytest.param(data(tenant=None), None, id="the hub has none"),
        pytest.param(NOTHING, None, id="no data"),
        pytest.param(data(tenant={"name": "acme"}), None, id="it has no id"),
        pytest.param(data(tenant="acme"), None, id="it is not an object"),
        pytest.param(failed("FORBIDDEN", "tenant"), None, id="the key may not read it"),
        pytest.param(
            errors("INTERNAL_SERVER_ERROR", path="tenant", data={"tenant": {"id": "acme"}}),
            None,
            id="an error beside it",
        ),
        pytest.param(errors("BAD_USER_INPUT"), None, id="an error without data"),
    ],
)
def test_the_tenant_is_known_or_none_and_never_an_error(said: Say, tenant: Text | None) -> None:
    with Scripted(said) as hub:
        assert read_tenant(transport_to(hub.url)) == tenant
    assert [heard.operation for heard in hub.heard] == ["tenant"]


def test_a_viewer_is_named_or_missing_and_of_another_shape_is_an_error() -> None:
    with Scripted(data(adminUserViewer={"id": "1", "email": JANE}), NOTHING, data(adminUserViewer={"id": "1"})) as hub:
        transport = transport_to(hub.url)
        assert (read_viewer(transport), read_viewer(transport)) == (Text(JANE), None)
        with pytest.raises(HubError, match=r"^adminUserViewer: the hub's answer is not of its schema: email: "):
            read_viewer(transport)


def kind(name: str, identifier: str) -> JsonObject:
    return {"id": identifier, "name": name, "defaultAccess": "NONE", "createdAt": DAY, "lastModifiedAt": DAY}


def test_a_list_is_asked_for_in_smaller_pages_until_the_hub_accepts_all_of_them() -> None:
    asked: list[tuple[int, int]] = []

    def play(heard: Heard) -> Say:
        given = heard.variables["input"]
        assert isinstance(given, dict)
        number, size = given["page"], given["offset"]
        assert isinstance(number, int)
        assert isinstance(size, int)
        asked.append((number, size))
        if size > 25 or (number, size) == (2, 25):
            return failed("BAD_USER_INPUT", "roleDefinitions")
        items: list[JsonValue] = [kind(f"d{each:02}", f"{each}") for each in range(30)]
        return data(
            roleDefinitions={
                "items": items[(number - 1) * size : number * size],
                "itemsFound": 30,
                "offset": size,
                "pages": -(-30 // size),
            }
        )

    with Scripted(play=play) as hub:
        found = read_definitions(transport_to(hub.url), Sizes(100, 100))
    assert [each.name.raw for each in found] == [f"d{each:02}" for each in range(30)]
    assert asked == [(1, 100), (1, 50), (1, 25), (2, 25), (1, 12), (2, 12), (3, 12)]


def test_no_smaller_page_than_the_smallest_is_asked_for() -> None:
    behaviour = Behaviour(max_page_size=5, large_pages=LargePages.REFUSE)
    trial = Trial(behaviour=behaviour)
    with pytest.raises(HubError, match="roleDefinitions: ") as caught:
        read_definitions(trial.transport, Sizes(25, 25))
    assert "a page of 12 is too large" in caught.value.hint
    assert trial.sent == ["roleDefinitions"] * 2


def test_rows_and_definitions_come_in_an_order_of_their_own() -> None:
    rows = [RowShape(id=row, userId=1, roleDefinitionId=name, access="VIEWER") for name, row in ("b1", "a3", "a2")]
    assert [(row.definition_id, row.id) for row in sorted_rows(rows)] == [("a", "2"), ("a", "3"), ("b", "1")]
    kinds = [DefinitionShape.model_validate(kind(name, each)) for name, each in ("b1", "a3", "a2")]
    found = sorted_definitions({each.id: each for each in kinds})
    assert [f"{each.name!s}{each.id}" for each in found] == ["a2", "a3", "b1"]
