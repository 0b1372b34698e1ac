"""What the client sends to change a user, and what it makes of every way in which that can go wrong."""

from collections.abc import Sequence

import pytest

from bo_sync.core.model import Access
from bo_sync.core.text import Text
from bo_sync.errors import (
    HubDeniedError,
    HubError,
    HubFateUnknownError,
    HubMovedError,
    HubUnconfirmedError,
    WrongUserError,
)
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.graphql import JsonValue
from bo_sync.ports import Created, CreateRow, DeleteRow, RowWrite, UpdateRow
from bo_sync.sandbox.behaviour import Behaviour, NewUserRows, RefusalForm
from tests.hub.sandboxed import JANE, Trial, fields
from tests.hub.scripted import Cut, Say, Scene, Scripted, data, errors, failed, html, transport_to
from tests.sandbox.asking import definition_id, grant, holding, user

ADDRESS = Text(JANE)
THREE: tuple[RowWrite, ...] = (CreateRow("d", Access.OWNER), UpdateRow("7", Access.NONE), DeleteRow("8"))
FOUND: dict[str, JsonValue] = {
    "id": "7",
    "email": JANE,
    **dict.fromkeys(("gender", "firstName", "middleName", "lastName", "phone", "job")),
    "language": "de",
    "createdAt": "2026-01-01T00:00:00Z",
    "lastModifiedAt": "2026-01-01T00:00:00Z",
}
BUSY = Say(b"", 429)
ANEW = (data(adminUser=FOUND), BUSY, data(adminUser={**FOUND, "id": "8"}))


def updated(**fields: JsonValue) -> Say:
    """The answer to an update that stored these fields."""
    return data(adminUserUpdate={**FOUND, **fields})


def changed(row_id: str, access: str = "NONE", **fields: JsonValue) -> JsonValue:
    """The answer to a change of a role row."""
    return {"id": row_id, "userId": 7, "roleDefinitionId": "d", "access": access, "lastModifiedAt": None, **fields}


CREATED_ROW, UPDATED_ROW = changed("1", "OWNER"), changed("7")


def client(hub: Scripted) -> CommerceHub:
    return CommerceHub(transport_to(hub.url))


class TestCreating:
    def test_a_user_is_made_with_the_given_fields_and_their_id_comes_back(self) -> None:
        trial = Trial(holding())
        made = trial.hub.create_user(ADDRESS, fields(gender="female", first_name="Jane", phone=None, language="DE"))
        empty = dict.fromkeys(("gender", "first_name", "middle_name", "last_name", "phone", "job", "language"))
        expected = fields(**{**empty, "gender": "female", "first_name": "Jane", "language": "DE"})
        assert (trial.live().id, trial.live().profile) == (made.id, expected)
        assert trial.sent[0] == "adminUserCreate"

    @pytest.mark.parametrize("message", ["User already exists", "E-Mail-Adresse vergeben"], ids=["plainly", "oddly"])
    def test_an_address_that_is_taken_has_moved_however_the_hub_words_it(self, message: str) -> None:
        refusal = failed("BAD_REQUEST", "adminUserCreate", message)
        scenes = [refusal] if "exists" in message else [refusal, data(adminUser=FOUND)]
        with Scripted(*scenes) as hub, pytest.raises(HubMovedError, match="somebody has this address by now"):
            client(hub).create_user(ADDRESS, ())

    def test_another_bad_request_is_no_move_and_did_not_happen(self) -> None:
        refusal = failed("BAD_REQUEST", "adminUserCreate", "firstName is too long")
        nobody = failed("NOT_FOUND", "adminUser")
        with Scripted(refusal, nobody) as hub, pytest.raises(HubError, match="firstName is too long") as caught:
            client(hub).create_user(ADDRESS, ())
        assert type(caught.value) is HubError

    def test_a_sound_creation_with_an_unsound_answer_is_of_unknown_fate(self) -> None:
        with Scripted(data(adminUserCreate={"id": "x"})) as hub, pytest.raises(HubFateUnknownError):
            client(hub).create_user(ADDRESS, ())

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param({**FOUND, "email": "john@example.com"}, id="another address"),
            pytest.param({**FOUND, "id": "5"}, id="an id that the hub had before"),
        ],
    )
    def test_a_creation_that_answers_with_another_user_says_so(self, answer: JsonValue) -> None:
        answered, told = data(adminUserCreate=answer), "nothing more was sent"
        with Scripted(answered) as hub, pytest.raises(WrongUserError, match=told):
            client(hub).create_user(ADDRESS, (), {5, 6})

    @pytest.mark.parametrize(
        ("sent", "answered", "told"),
        [
            pytest.param({"job": "Cook"}, {"job": None}, "job: sent Cook, answered nothing", id="a field is empty"),
            pytest.param({"job": "Cook"}, {"job": "Boss"}, "job: sent Cook, answered Boss", id="another text"),
            pytest.param({"phone": None}, {"phone": "1"}, "phone: sent nothing, answered 1", id="a field is filled"),
            pytest.param({"language": "DE"}, {"language": "NL"}, "language: sent DE, answered NL", id="the default"),
            pytest.param({"gender": "female"}, {"gender": "M"}, "gender: sent female, answered male", id="a gender"),
        ],
    )
    def test_a_creation_that_answers_with_another_value_is_unconfirmed(
        self, sent: dict[str, str | None], answered: dict[str, JsonValue], told: str
    ) -> None:
        answer = data(adminUserCreate={**FOUND, **answered})
        with Scripted(answer) as hub, pytest.raises(HubUnconfirmedError, match=told):
            client(hub).create_user(ADDRESS, fields(**sent))

    @pytest.mark.parametrize(
        ("sent", "answered"),
        [
            pytest.param({"job": "Cook"}, {"job": "Cook"}, id="the same text"),
            pytest.param({"first_name": "J\u00f6rg"}, {"firstName": "Jo\u0308rg"}, id="another normal form"),
            pytest.param({"phone": "+31 20 1"}, {"phone": "+31201"}, id="a phone without spaces"),
            pytest.param({"language": "DE"}, {"language": "de"}, id="small letters of a language"),
            pytest.param({"job": None}, {"job": ""}, id="an empty text for nothing"),
        ],
    )
    def test_a_creation_that_answers_with_what_was_sent_comes_back_with_the_hubs_moment(
        self, sent: dict[str, str | None], answered: dict[str, JsonValue]
    ) -> None:
        with Scripted(data(adminUserCreate={**FOUND, **answered})) as hub:
            made = client(hub).create_user(ADDRESS, fields(**sent))
        assert made == Created(7, Text("2026-01-01T00:00:00Z"))

    @pytest.mark.parametrize("rows", [NewUserRows.NONE, NewUserRows.DEFAULT])
    def test_a_grant_to_a_new_user_who_got_rows_at_once_has_moved(self, rows: NewUserRows) -> None:
        trial = Trial(holding(), Behaviour(new_user_rows=rows))
        user_id = trial.hub.create_user(ADDRESS, ()).id
        with pytest.raises(HubMovedError, match="ROLE_ALREADY_EXISTS_ERROR"):
            trial.hub.write_rows(user_id, [CreateRow(definition_id(trial.sandbox, "order"), Access.VIEWER)])
        row = next(row for row in trial.live().rows if row.definition_id == definition_id(trial.sandbox, "order"))
        trial.hub.write_rows(user_id, [UpdateRow(row.id, Access.VIEWER)])
        assert ("order", "VIEWER") in trial.sandbox.rows(JANE)


class TestUpdating:
    def test_an_update_without_a_language_keeps_the_live_one(self) -> None:
        trial = Trial(holding(user(JANE)))
        assert trial.stored()["language"] == "EN"
        trial.hub.update_profile(ADDRESS, fields(phone="+31 20 1"))
        assert (trial.stored()["language"], trial.stored()["phone"]) == ("EN", "+31 20 1")
        assert trial.sent == ["adminUser", "adminUserUpdate"]

    @pytest.mark.parametrize("language", [None, "", "de", "Zx"])
    def test_the_language_is_sent_exactly_as_the_hub_holds_it(self, language: str | None) -> None:
        with Scripted(data(adminUser={**FOUND, "language": language}), updated(job="Cook")) as hub:
            client(hub).update_profile(ADDRESS, fields(job="Cook"))
        assert hub.heard[1].variables == {"email": JANE, "input": {"job": "Cook", "language": language}}

    def test_an_update_that_sets_the_language_needs_no_reading(self) -> None:
        with Scripted(updated(language="NL")) as hub:
            client(hub).update_profile(ADDRESS, fields(phone=None, language="NL"))
        assert hub.heard[0].variables["input"] == {"phone": None, "language": "NL"}

    @pytest.mark.parametrize(
        ("scenes", "sent", "told"),
        [
            pytest.param([failed("NOT_FOUND", "adminUser")], "job", "nobody under this", id="gone before the update"),
            pytest.param(
                [failed("NOT_FOUND", "adminUserUpdate")], "language", "adminUserUpdate", id="gone at the update"
            ),
            pytest.param(
                [data(adminUser=FOUND), BUSY, data(adminUser={**FOUND, "language": "FR"})],
                "job",
                "somebody else changed the language meanwhile",
                id="a language that somebody changes while we wait is not taken back",
            ),
            pytest.param(ANEW, "language", "another id", id="who is made anew while we wait is not written to"),
        ],
    )
    def test_what_has_moved_is_not_written_to(self, scenes: Sequence[Scene], sent: str, told: str) -> None:
        user_id = 7 if len(scenes) > 1 else None
        with Scripted(*scenes) as hub, pytest.raises(HubMovedError, match=told):
            client(hub).update_profile(ADDRESS, fields(**{sent: "NL"}), user_id)

    def test_after_a_wait_in_which_nothing_changed_the_same_is_sent_again(self) -> None:
        found, done = data(adminUser=FOUND), updated(job="Cook")
        with Scripted(found, BUSY, found, done) as hub:
            client(hub).update_profile(ADDRESS, fields(job="Cook"), 7)
        assert hub.heard[1].variables == hub.heard[3].variables

    @pytest.mark.parametrize(
        ("stored", "told"),
        [
            pytest.param({"job": "Chef"}, "job: sent Cook, answered Chef", id="another value"),
            pytest.param({"job": None}, "job: sent Cook, answered nothing", id="no value"),
            pytest.param({"job": "cook"}, "job: sent Cook, answered cook", id="another case"),
            pytest.param({"job": "Cook", "language": "DE"}, "language: sent NL, answered DE", id="another language"),
        ],
    )
    def test_an_update_that_answers_with_another_value_is_unconfirmed(
        self, stored: dict[str, JsonValue], told: str
    ) -> None:
        with Scripted(updated(**stored)) as hub, pytest.raises(HubUnconfirmedError, match=told):
            client(hub).update_profile(ADDRESS, fields(job="Cook", language="NL"))

    @pytest.mark.parametrize(
        ("sent", "stored"),
        [
            pytest.param({"job": "Cook  two"}, {"job": " Cook two"}, id="white space"),
            pytest.param({"job": "Jose\u0301"}, {"job": "Jos\u00e9"}, id="another Unicode form"),
            pytest.param({"job": "A\u00a0B"}, {"job": "A B"}, id="a no-break space"),
            pytest.param({"phone": "+31 20 123"}, {"phone": "+3120123"}, id="a phone number without spaces"),
            pytest.param({"phone": None}, {"phone": ""}, id="an empty text for nothing"),
            pytest.param({"gender": "female"}, {"gender": "F"}, id="the letter of a gender"),
        ],
    )
    def test_an_answer_that_differs_in_form_alone_is_what_was_sent(
        self, sent: dict[str, str | None], stored: dict[str, JsonValue]
    ) -> None:
        with Scripted(updated(language="NL", **stored)) as hub:
            assert client(hub).update_profile(ADDRESS, fields(language="NL", **sent)) == Text("2026-01-01T00:00:00Z")

    @pytest.mark.parametrize("other", [{"id": "8"}, {"email": "john@example.com"}], ids=["another id", "an address"])
    def test_an_update_that_answers_with_another_user_says_so(self, other: dict[str, JsonValue]) -> None:
        answers = data(adminUser=FOUND), updated(**other)
        with Scripted(*answers) as hub, pytest.raises(WrongUserError, match="answers with"):
            client(hub).update_profile(ADDRESS, fields(language="NL"), 7)


class TestDeleting:
    def test_somebody_made_anew_while_we_wait_is_not_deleted(self) -> None:
        with Scripted(*ANEW) as hub, pytest.raises(HubMovedError, match="another id"):
            client(hub).delete_user(ADDRESS, 7)

    def test_after_a_wait_the_caller_is_asked_before_the_user_is_read_again(self) -> None:
        asked: list[list[str]] = []
        found = data(adminUser=FOUND)
        with Scripted(found, BUSY, found, data(adminUserDelete=True)) as hub:
            client(hub).delete_user(ADDRESS, 7, lambda: asked.append(hub.operations))
        assert asked == [["adminUser", "adminUserDelete"]]

    def test_a_user_is_deleted_and_one_who_is_gone_has_moved(self) -> None:
        trial = Trial(holding(user(JANE), user("john@example.com")))
        trial.hub.delete_user(ADDRESS)
        assert trial.sandbox.emails() == ["john@example.com"]
        with pytest.raises(HubMovedError, match=r"adminUserDelete of jane@example\.com: the hub has changed"):
            trial.hub.delete_user(ADDRESS)


FAILURES = [
    pytest.param(failed("NOT_FOUND", "adminUserDelete"), HubMovedError, id="not found"),
    pytest.param(failed("ROLE_NOT_FOUND_ERROR", "adminUserDelete"), HubMovedError, id="role not found"),
    pytest.param(failed("ROLE_ALREADY_EXISTS_ERROR", "adminUserDelete"), HubMovedError, id="already there"),
    pytest.param(failed("FORBIDDEN", "adminUserDelete"), HubDeniedError, id="forbidden"),
    pytest.param(failed("UNAUTHENTICATED", "adminUserDelete"), HubDeniedError, id="unauthenticated"),
    pytest.param(errors("FORBIDDEN", status=400), HubDeniedError, id="forbidden before anything ran"),
    pytest.param(failed("BAD_REQUEST", "adminUserDelete"), HubError, id="a bad request"),
    pytest.param(errors("GRAPHQL_VALIDATION_FAILED", status=400), HubError, id="a document of another schema"),
    pytest.param(errors("WHATEVER"), HubError, id="an error before anything ran"),
    pytest.param(failed("INTERNAL_SERVER_ERROR", "adminUserDelete"), HubFateUnknownError, id="an internal error"),
    pytest.param(failed("ROLE_DELETE_ERROR", "adminUserDelete"), HubFateUnknownError, id="a failure to do it"),
    pytest.param(failed("", "adminUserDelete"), HubFateUnknownError, id="an error without a code"),
    pytest.param(data(adminUserDelete=None), HubFateUnknownError, id="null without an error"),
    pytest.param(data(), HubFateUnknownError, id="nothing about it"),
    pytest.param(html(502), HubFateUnknownError, id="a gateway's error"),
    pytest.param(Cut(), HubFateUnknownError, id="a cut"),
    pytest.param(data(adminUserDelete=False), HubFateUnknownError, id="a deletion that is not owned up to"),
    pytest.param(errors("FORBIDDEN", data={"adminUserDelete": True}), HubFateUnknownError, id="a contradiction"),
]


@pytest.mark.parametrize(("scene", "kind"), FAILURES)
def test_a_write_that_fails_is_told_as_what_it_is(scene: Scene, kind: type[HubError]) -> None:
    with Scripted(scene) as hub, pytest.raises(HubError) as caught:
        client(hub).delete_user(ADDRESS)
    assert type(caught.value) is kind
    assert caught.value.operation == "adminUserDelete"
    assert caught.value.hint


def test_a_denial_says_which_access_the_operation_needs_and_where_the_key_comes_from() -> None:
    with pytest.raises(HubDeniedError) as caught:
        Trial(holding(user(JANE)), key="sandbox-editor").hub.delete_user(ADDRESS)
    assert "adminUserDelete needs role.OWNER" in caught.value.hint
    with pytest.raises(HubDeniedError, match="does not accept the key") as caught:
        Trial(holding(), key="nonsense-key").read()
    assert "BO_SYNC_API_KEY" in caught.value.hint


def test_what_the_hub_says_is_shown_harmlessly() -> None:
    said = "\x1b[2J::error::\u202egone\nforged line" + "x" * 900
    with Scripted(failed("BAD_REQUEST", "adminUserDelete", said)) as hub, pytest.raises(HubError) as caught:
        client(hub).delete_user(ADDRESS)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


class TestRoleChanges:
    def test_all_of_one_user_travel_in_one_request_in_order(self) -> None:
        rows = (grant("order", "VIEWER"), grant("order", "OWNER"), grant("user", "OWNER"))
        trial = Trial(holding(user(JANE, *rows)))
        live = trial.live()
        order, user_definition = (definition_id(trial.sandbox, name) for name in ("order", "user"))
        first = next(row for row in live.rows if row.definition_id == order and row.access is Access.VIEWER)
        revoked = next(row for row in live.rows if row.definition_id == user_definition)
        trial.sandbox.traffic.clear()
        create = CreateRow(definition_id(trial.sandbox, "pricing"), Access.EDITOR)
        trial.sandbox.traffic.clear()
        trial.hub.write_rows(live.id, [create, UpdateRow(revoked.id, Access.NONE), DeleteRow(first.id)])
        assert trial.sandbox.traffic.sent == (("roleChanges", ("roleCreate", "roleUpdate", "roleDelete")),)
        assert sorted(trial.sandbox.rows(JANE)) == [("order", "OWNER"), ("pricing", "EDITOR"), ("user", "NONE")]

    def test_no_changes_send_nothing(self) -> None:
        with Scripted() as hub:
            client(hub).write_rows(7, [])

    @pytest.mark.parametrize(
        ("failing", "operation"), [("w0", "roleCreate"), ("w1", "roleUpdate"), ("w2", "roleDelete")]
    )
    def test_the_change_that_failed_is_named_though_all_data_is_null(self, failing: str, operation: str) -> None:
        with Scripted(failed("ROLE_NOT_FOUND_ERROR", failing)) as hub, pytest.raises(HubMovedError) as caught:
            client(hub).write_rows(7, THREE)
        assert caught.value.operation == operation
        assert str(caught.value).startswith(f"{operation} of person 7: ")

    def test_earlier_changes_took_effect_though_all_data_is_null(self) -> None:
        trial = Trial(holding(user(JANE)))
        live = trial.live()
        create = CreateRow(definition_id(trial.sandbox, "pricing"), Access.EDITOR)
        with pytest.raises(HubMovedError, match="ROLE_ALREADY_EXISTS_ERROR"):
            trial.hub.write_rows(live.id, [create, create])
        assert trial.sandbox.rows(JANE) == [("pricing", "EDITOR")]

    @pytest.mark.parametrize(
        ("answer", "kind", "told"),
        [
            pytest.param(changed("1", "VIEWER"), HubUnconfirmedError, "sent owner, answered viewer", id="less access"),
            pytest.param(changed("1", "NONE"), HubUnconfirmedError, "sent owner, answered none", id="no access"),
            pytest.param(changed("1", "OWNER", userId=8), WrongUserError, "user 8", id="another user's row"),
            pytest.param(changed("1", "OWNER", roleDefinitionId="x"), WrongUserError, "row 1", id="another role"),
            pytest.param({"id": "1"}, HubFateUnknownError, "not of the hub's schema", id="an id alone"),
        ],
    )
    def test_a_change_that_answers_with_another_row_is_told_as_what_it_is(
        self, answer: JsonValue, kind: type[HubError], told: str
    ) -> None:
        with Scripted(data(w0=answer, w1=UPDATED_ROW, w2=True)) as hub, pytest.raises(HubError, match=told) as caught:
            client(hub).write_rows(7, THREE)
        assert type(caught.value) is kind

    def test_the_moment_of_a_change_is_the_latest_that_the_hub_answers(self) -> None:
        rows = [changed("1", "OWNER", lastModifiedAt="2026-01-02"), changed("7", lastModifiedAt="2026-01-01")]
        with Scripted(data(w0=rows[0], w1=rows[1], w2=True)) as hub:
            assert client(hub).write_rows(7, THREE) == Text("2026-01-02")

    @pytest.mark.parametrize(
        ("scene", "error"),
        [
            pytest.param(data(w0=CREATED_ROW, w1=UPDATED_ROW), HubFateUnknownError, id="a change is left out"),
            pytest.param(data(w0=CREATED_ROW, w1=UPDATED_ROW, w2=False), HubFateUnknownError, id="a deletion is false"),
            pytest.param(errors("FORBIDDEN", status=400), HubDeniedError, id="a denied request is not split"),
            pytest.param(
                errors("BAD_USER_INPUT", path="w1", status=400, data=None),
                HubError,
                id="what may have run is not sent again",
            ),
        ],
    )
    def test_an_answer_after_which_nothing_more_is_sent(self, scene: Scene, error: type[HubError]) -> None:
        with Scripted(scene) as hub, pytest.raises(error):
            client(hub).write_rows(7, THREE)

    @pytest.mark.parametrize("refusal", list(RefusalForm))
    def test_a_hub_that_refuses_several_gets_one_a_request_from_then_on(self, refusal: RefusalForm) -> None:
        trial = Trial(holding(user(JANE)), Behaviour(single_root_mutations=True, refusal=refusal))
        live = trial.live()
        ids = [definition_id(trial.sandbox, name) for name in ("order", "pricing", "user", "shop")]
        trial.sandbox.traffic.clear()
        trial.hub.write_rows(live.id, [CreateRow(kind, Access.VIEWER) for kind in ids[:2]])
        trial.hub.write_rows(live.id, [CreateRow(kind, Access.VIEWER) for kind in ids[2:]])
        assert [len(roots) for _, roots in trial.sandbox.traffic.sent] == [2, 1, 1, 1, 1]
        assert len(trial.sandbox.rows(JANE)) == 4

    def test_a_refusal_of_the_content_is_not_taken_for_one_of_the_number(self) -> None:
        refused = errors("BAD_USER_INPUT", "roleDefinitionId is no UUID", status=400)
        fine = data(w0=CREATED_ROW, w1=UPDATED_ROW, w2=True)
        with Scripted(refused, refused, fine) as hub:
            same = client(hub)
            with pytest.raises(HubError, match="no UUID"):
                same.write_rows(7, THREE)
            same.write_rows(7, THREE)

    def test_a_gateway_that_answers_400_to_several_gets_one_a_request(self) -> None:
        with Scripted(html(400), data(w0=CREATED_ROW), data(w0=UPDATED_ROW), data(w0=True)) as hub:
            client(hub).write_rows(7, THREE)


@pytest.mark.parametrize(
    ("number", "requests"),
    [
        pytest.param(1, ["adminUser"] * 2, id="two of thirty by one request each"),
        pytest.param(2, ["adminUser"] * 3, id="three of thirty: the list is no fewer"),
        pytest.param(4, ["adminUsers"] * 3, id="five of thirty by the list"),
        pytest.param(30, ["adminUsers"] * 3, id="all by the list"),
    ],
)
def test_several_users_are_read_in_as_few_requests_as_can_be(number: int, requests: list[str]) -> None:
    emails = [f"p{each:03}@example.com" for each in range(30)]
    trial = Trial(holding(*map(user, emails)), page_size=12)
    trial.read()
    trial.sandbox.traffic.clear()
    found = trial.hub.read_users([*map(Text, emails[:number]), Text("gone@example.com")])
    assert trial.sent == requests
    assert sorted(each.email.raw for each in found) == emails[:number]
