"""The hub's answers, checked and put into our words."""

import pytest

from bo_sync.core.model import PROFILE_FIELDS, Access, GrantRow
from bo_sync.core.text import Text
from bo_sync.errors import HubError
from bo_sync.hub.graphql import JsonObject, JsonValue
from bo_sync.hub.wire import (
    DefinitionShape,
    PageShape,
    RowShape,
    UserShape,
    ViewerShape,
    definition,
    grant_row,
    live_user,
    parse,
    profile_input,
)
from tests.hub.sandboxed import fields

USER: JsonObject = {
    "id": "1042",
    "email": "Jane@example.com",
    "gender": "F",
    "firstName": "Jane",
    "middleName": "",
    "lastName": "Doe",
    "phone": None,
    "job": "\x1b[31mCook",
    "language": "nl",
    "createdAt": "2026-01-01T00:00:00.000Z",
    "lastModifiedAt": "2026-01-02T00:00:00.000Z",
}
ROW: JsonObject = {"id": "7", "userId": 1042, "roleDefinitionId": "d", "access": "EDITOR"}
PAGE: JsonObject = {"items": [ROW], "itemsFound": 1, "offset": 100, "pages": 1}


def test_a_user_has_every_field_in_order_with_empty_as_none_and_the_language_in_upper_case() -> None:
    live = live_user(parse(UserShape, "adminUser", USER))
    assert [value.field for value in live.profile] == list(PROFILE_FIELDS)
    names = {"gender": "female", "first_name": "Jane", "middle_name": None, "last_name": "Doe"}
    assert live.profile == fields(**names, phone=None, job="\x1b[31mCook", language="NL")
    assert (live.email, live.created_at) == (Text("Jane@example.com"), Text("2026-01-01T00:00:00.000Z"))
    assert parse(UserShape, "adminUser", {**USER, "lastLogin": 1}) == parse(UserShape, "adminUser", USER)


@pytest.mark.parametrize("language", ["\ufb01", "\u00df", "\uff4e\uff4c"])
def test_a_language_beyond_ascii_stays_as_the_hub_has_it(language: str) -> None:
    live = live_user(parse(UserShape, "adminUser", {**USER, "language": language}))
    assert live.profile[-1] == fields(language=language)[0]


@pytest.mark.parametrize(("letter", "word"), [("M", "male"), ("F", "female"), ("U", "unknown"), (None, None)])
def test_a_gender_has_our_word_there_and_back(letter: str | None, word: str | None) -> None:
    live = live_user(parse(UserShape, "adminUser", {**USER, "gender": letter}))
    assert live.profile[0] == fields(gender=word)[0]
    assert profile_input(fields(gender=word)) == {"gender": letter}


@pytest.mark.parametrize("text", [str, int], ids=["a string", "a number"])
def test_ids_of_users_are_numbers_and_ids_of_rows_characters_whether_they_come_as(text: type[str | int]) -> None:
    assert parse(UserShape, "adminUser", {**USER, "id": text(1042)}).id == 1042
    assert parse(RowShape, "roles", {**ROW, "userId": text(1042)}).userId == 1042
    assert grant_row(parse(RowShape, "roles", {**ROW, "id": text(7)})) == GrantRow("7", "d", Access.EDITOR)


def test_a_definition_that_we_do_not_know_is_as_good_as_any() -> None:
    row: JsonObject = {"id": "d", "name": "Tickets?", "defaultAccess": "VIEWER", "createdAt": "2026-01-01"}
    found = definition(parse(DefinitionShape, "roleDefinitions", row))
    assert (found.name, found.default_access) == (Text("Tickets?"), Access.VIEWER)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        pytest.param({"id": "x1"}, "id: ", id="an id that is no number"),
        pytest.param({"id": "٤"}, "id: ", id="an id in other digits"),
        pytest.param({"id": True}, "id: ", id="an id that is a truth"),
        pytest.param({"id": "0"}, "id: ", id="an id that is not positive"),
        pytest.param({"id": None}, "id: ", id="no id"),
        pytest.param({"email": 7}, "email: ", id="an address that is a number"),
        pytest.param({"gender": "X"}, "gender: Input should be 'M', 'F' or 'U', found a text$", id="another gender"),
        pytest.param({"language": ["nl"]}, "language: ", id="a list for a language"),
    ],
)
def test_an_unsound_user_is_an_error_that_names_the_field(changed: JsonObject, told: str) -> None:
    with pytest.raises(HubError, match=told) as caught:
        parse(UserShape, "adminUser", {**USER, **changed})
    assert caught.value.operation == "adminUser"


@pytest.mark.parametrize("missing", sorted(USER))
def test_a_missing_field_is_an_error_that_names_it(missing: str) -> None:
    with pytest.raises(HubError, match=f"{missing}: Field required"):
        parse(UserShape, "adminUser", {name: value for name, value in USER.items() if name != missing})


@pytest.mark.parametrize(
    ("found", "told"),
    [
        pytest.param({**PAGE, "items": [{**ROW, "access": "SUPER"}]}, "items.0.access: ", id="an unknown access"),
        pytest.param({**PAGE, "items": None}, "items: ", id="no list"),
        pytest.param({**PAGE, "items": [None]}, "items.0: ", id="a hole in the list"),
        pytest.param({**PAGE, "itemsFound": -1}, "itemsFound: ", id="fewer than none"),
        pytest.param({**PAGE, "itemsFound": 10**7}, "itemsFound: ", id="more than anybody could read"),
        pytest.param({**PAGE, "itemsFound": "1"}, "itemsFound: ", id="a count as text"),
        pytest.param([], "the answer: ", id="a list"),
        pytest.param("page", "the answer: ", id="a text"),
    ],
)
def test_an_unsound_page_is_an_error_that_names_the_place(found: JsonValue, told: str) -> None:
    with pytest.raises(HubError, match=told):
        parse(PageShape[RowShape], "roles", found)


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (None, "null"),
        (True, "true or false"),
        (-7, "a number"),
        (0.5, "a number"),
        ("X", "a text"),
        ("", "an empty text"),
        (["F"], "a list"),
        ({"F": 1}, "an object"),
    ],
)
def test_of_an_unsound_field_the_kind_is_told_and_never_what_it_holds(found: JsonValue, kind: str) -> None:
    with pytest.raises(HubError, match=f"id: .*, found {kind}$"):
        parse(ViewerShape, "roles", {"id": found, "email": "jane@example.com"})


def test_what_an_unsound_field_holds_is_not_in_the_causes_either() -> None:
    with pytest.raises(HubError) as caught:
        parse(UserShape, "adminUser", {**USER, "gender": "key-of-the-tests"})
    assert "key-of-the-tests" not in repr(caught.value) + repr(caught.value.__cause__) + str(caught.value.__cause__)


def test_a_cleared_field_is_an_explicit_null() -> None:
    assert profile_input(fields(phone=None, middle_name="van")) == {"phone": None, "middleName": "van"}
