"""Pages, their order, and what becomes of large ones."""

from typing import Any

import pytest

from bo_sync.sandbox.behaviour import Behaviour, LargePages, RefusalForm
from bo_sync.sandbox.population import UserRecord
from tests.sandbox.asking import Hub, grant, holding, user

USERS = """query ($i: AdminUsersSearchInput) {
  adminUsers(input: $i) { items { id } itemsFound offset page pages start end }
}"""
ROWS = "query ($i: RoleSearchInput!) { roles(input: $i) { items { userId access } itemsFound offset page pages } }"
DEFINITIONS = "query ($i: RoleDefinitionSearchInput) { roleDefinitions(input: $i) { items { name } itemsFound pages } }"


def _made(number: int, created: str, modified: str) -> UserRecord:
    return {"id": number, "email": f"p{number}@example.com", "createdAt": created, "lastModifiedAt": modified}


def thirty() -> Hub:
    return Hub(holding(*(user(f"p{number}@example.com") for number in range(30))))


@pytest.mark.parametrize(
    ("asked", "size", "told"),
    [
        pytest.param(None, 12, (30, 12, 1, 3, 1, 12), id="no input asks for the first twelve"),
        pytest.param({}, 12, (30, 12, 1, 3, 1, 12), id="an empty input asks for the first twelve"),
        pytest.param({"page": 3}, 6, (30, 12, 3, 3, 25, 30), id="the last page is what remains"),
        pytest.param({"page": 4}, 0, (30, 12, 4, 3, 0, 0), id="a page after the last is empty"),
        pytest.param({"offset": 30}, 30, (30, 30, 1, 1, 1, 30), id="a page that holds all just so"),
        pytest.param({"offset": 100}, 30, (30, 100, 1, 1, 1, 30), id="a page larger than all"),
    ],
)
def test_pages(asked: dict[str, int] | None, size: int, told: tuple[int, ...]) -> None:
    page = thirty().ask(USERS, i=asked)["adminUsers"]
    assert len(page["items"]) == size
    assert tuple(page[key] for key in ("itemsFound", "offset", "page", "pages", "start", "end")) == told


def test_the_pages_together_are_everybody_once() -> None:
    hub = thirty()
    ids = [
        item["id"]
        for page in (1, 2, 3, 4)
        for item in hub.ask(USERS, i={"page": page, "offset": 9})["adminUsers"]["items"]
    ]
    assert ids == [str(number) for number in range(1001, 1031)]


def test_the_rows_of_all_asked_users_share_the_pages() -> None:
    rows = [grant(name, "VIEWER") for name in ("user", "order", "pricing")]
    hub = Hub(holding(*(user(f"p{number}@example.com", *rows) for number in range(5))))
    page = hub.ask(ROWS, i={"userIds": [1005, 1001], "offset": 4})["roles"]
    assert (page["itemsFound"], page["pages"], [row["userId"] for row in page["items"]]) == (
        6,
        2,
        [1001, 1001, 1001, 1005],
    )


def test_nobody_asked_is_no_rows() -> None:
    assert Hub().ask(ROWS, i={"userIds": []})["roles"]["itemsFound"] == 0


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        pytest.param({"names": ["order", "nothing"]}, ["order"], id="by name, unknown names found nowhere"),
        pytest.param({"names": []}, [], id="by no name at all"),
        pytest.param({"offset": 2, "sortInputs": [{"field": "NAME"}]}, ["apikey", "backoffice"], id="sorted, rising"),
        pytest.param(
            {"offset": 2, "sortInputs": [{"field": "NAME", "order": "desc"}]}, ["user", "ticket"], id="sorted, falling"
        ),
    ],
)
def test_definitions(asked: dict[str, Any], names: list[str]) -> None:
    assert [item["name"] for item in Hub().ask(DEFINITIONS, i=asked)["roleDefinitions"]["items"]] == names


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        pytest.param({}, [1, 2, 3], id="by id when nothing is said"),
        pytest.param(
            {"sortInputs": [{"field": "CREATED_AT", "order": "DESC"}]}, [1, 2, 3], id="newest first, ties by id"
        ),
        pytest.param({"sortInputs": [{"field": "LAST_MODIFIED_AT", "order": "ASC"}]}, [3, 2, 1], id="by last change"),
        pytest.param(
            {"sortInputs": [{"field": "CREATED_AT", "order": "asc"}, {"field": "LAST_MODIFIED_AT", "order": "asc"}]},
            [3, 2, 1],
            id="by two keys, the first weighs most",
        ),
        pytest.param({"createdAt": {"greaterThan": "2024-01-01"}}, [1], id="made after a day"),
        pytest.param({"createdAt": {"greaterThan": "2024-01-01T00:00:00+02:00"}}, [1, 2, 3], id="made after a moment"),
        pytest.param({"lastModifiedAt": {"lessThan": "2025-01-02"}}, [3], id="changed before a day"),
        pytest.param({"createdAt": {"lessThan": "2025-01-01", "greaterThan": None}}, [2, 3], id="a null bound is none"),
    ],
)
def test_users_come(asked: dict[str, Any], ids: list[int]) -> None:
    made = ("2025-01-01T00:00:00.000Z", "2024-01-01T00:00:00.000Z", "2024-01-01T00:00:00.000Z")
    hub = Hub(
        holding(*(_made(number, made[number - 1], f"2025-01-0{4 - number}T00:00:00.000Z") for number in (1, 2, 3)))
    )
    assert [int(item["id"]) for item in hub.ask(USERS, i=asked)["adminUsers"]["items"]] == ids


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"page": 0}, id="page zero"),
        pytest.param({"offset": 0}, id="a page of nothing"),
        pytest.param({"offset": -1}, id="a page of less than nothing"),
        pytest.param({"createdAt": {"lessThan": "yesterday"}}, id="a date that is none"),
    ],
)
def test_the_hub_refuses(asked: dict[str, Any]) -> None:
    assert thirty().refusal(USERS, i=asked) == (200, "BAD_REQUEST")


def test_a_clamped_page_is_smaller_and_the_answer_says_so() -> None:
    hub = Hub(holding(*(user(f"p{number}@example.com") for number in range(30))), Behaviour(max_page_size=10))
    page = hub.ask(USERS, i={"offset": 100, "page": 2})["adminUsers"]
    assert (page["offset"], page["pages"], page["start"], page["end"]) == (10, 3, 11, 20)
    assert [item["id"] for item in page["items"]] == [str(number) for number in range(1011, 1021)]


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        pytest.param(RefusalForm.GRAPHQL_ERROR, 200, id="an error in a 200"),
        pytest.param(RefusalForm.HTTP_400, 400, id="a 400"),
    ],
)
@pytest.mark.parametrize(
    ("document", "rest"),
    [(USERS, {}), (ROWS, {"userIds": [1001]}), (DEFINITIONS, {})],
    ids=["people", "rows", "definitions"],
)
def test_a_refused_page_is(document: str, rest: dict[str, Any], refusal: RefusalForm, status: int) -> None:
    behaviour = Behaviour(max_page_size=10, large_pages=LargePages.REFUSE, refusal=refusal)
    hub = Hub(None, behaviour)
    assert hub.refusal(document, i={"offset": 11, **rest}) == (status, "BAD_USER_INPUT")
    assert hub.ask(document, i={"offset": 10, **rest})
