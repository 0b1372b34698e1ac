"""Everything is read, nothing twice, nothing without need; and what cannot be proved complete is not believed."""

import json
import re
import time
import tracemalloc

import pytest

from bo_sync.core.text import Text
from bo_sync.errors import HubDeniedError, HubError, HubIncompleteError
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.graphql import JsonObject, JsonValue
from bo_sync.hub.pagination import Sizes, users
from bo_sync.hub.reader import QUEUED, read_list
from bo_sync.sandbox.behaviour import Behaviour, LargePages, RefusalForm, ViewerForKey
from bo_sync.sandbox.population import FIRST_USER, SESSION_TOKEN
from tests.hub.sandboxed import Trial, Watched, crowd, somebody, wanting
from tests.hub.scripted import Hang, Heard, Scene, Scripted, data, errors, failed, html, impatient, transport_to
from tests.support.misbehaving_hub import Misbehaviour

pytestmark = pytest.mark.timeout(20)  # a result that never comes fails a test soon


def pages(items: int, size: int) -> int:
    return max(1, -(-items // size))


class TestRequests:
    @pytest.mark.parametrize(
        ("count", "size"), [(0, 100), (1, 100), (100, 100), (101, 100), (230, 50), (37, 12), (5, 1)]
    )
    def test_a_read_sends_the_pages_of_users_and_of_their_grants_and_the_definitions(
        self, count: int, size: int
    ) -> None:
        trial = Trial(crowd(count), page_size=size, batch_size=size)
        state = trial.read()
        batches = [size] * (count // size) + ([count % size] if count % size else [])
        assert trial.sent.count("adminUsers") == pages(count, size)
        assert trial.sent.count("roles") == sum(pages(2 * batch, size) for batch in batches)
        assert trial.sent.count("roleDefinitions") == pages(len(state.definitions), size)
        assert trial.sent.count("tenant") == 1
        assert set(trial.sent) <= {"adminUsers", "roles", "roleDefinitions", "tenant"}
        assert [len(user.rows) for user in state.users] == [2] * count

    def test_batches_may_be_smaller_than_pages(self) -> None:
        trial = Trial(crowd(25), batch_size=10)
        assert len(trial.read().users) == 25
        assert trial.sent.count("roles") == 3

    def test_the_concurrency_is_used_and_never_exceeded(self) -> None:
        trial = Trial(crowd(120), page_size=12, latency=0.005)
        trial.read()
        assert trial.sandbox.traffic.peak == 8

    def test_grants_are_asked_for_before_all_users_are_there(self) -> None:
        trial = Trial(crowd(120), page_size=12, latency=0.005)
        trial.read()
        assert trial.sent.index("roles") < len(trial.sent) - trial.sent[::-1].index("adminUsers") - 1

    def test_progress_is_told_up_to_the_whole(self) -> None:
        watched = Watched()
        Trial(crowd(30), page_size=12).hub.read_all(watched)
        assert max(told for told in watched.told if told[0] == "people") == ("people", 30, 30)
        assert max(told for told in watched.told if told[0] == "grants") == ("grants", 60, 0)


class TestPageSizes:
    def test_more_definitions_than_the_hubs_default_page_of_12_are_all_read(self) -> None:
        trial = Trial({"definitions": [{"name": f"domain{number}"} for number in range(30)]})
        assert len(trial.read().definitions) == 30
        assert trial.sent.count("roleDefinitions") == 1

    def test_more_users_and_rows_than_the_hubs_default_page_of_12_are_all_read(self) -> None:
        state = Trial(crowd(50, rows=3)).read()
        assert (len(state.users), sum(len(user.rows) for user in state.users)) == (50, 150)

    @pytest.mark.parametrize("limit", [99, 50, 30, 12])
    def test_a_hub_that_clamps_pages_in_silence_is_believed(self, limit: int) -> None:
        trial = Trial(crowd(130), Behaviour(max_page_size=limit, large_pages=LargePages.CLAMP))
        state = trial.read()
        assert (len(state.users), sum(len(user.rows) for user in state.users)) == (130, 260)
        assert trial.sent.count("adminUsers") == pages(130, limit)

    @pytest.mark.parametrize("refusal", list(RefusalForm))
    @pytest.mark.parametrize("limit", [99, 50, 30, 12])
    def test_a_hub_that_refuses_large_pages_is_asked_for_smaller_ones_from_then_on(
        self, limit: int, refusal: RefusalForm
    ) -> None:
        trial = Trial(crowd(130), Behaviour(max_page_size=limit, large_pages=LargePages.REFUSE, refusal=refusal))
        assert len(trial.read().users) == 130
        tried = len(trial.sandbox.traffic.requests)
        assert len(trial.read().users) == 130
        trial.live("person0007@example.com")
        inputs = [request.variables.get("input") for request in trial.sandbox.traffic.requests[tried:]]
        sizes = {given["offset"] for given in inputs if isinstance(given, dict)}
        assert sizes
        assert max(sizes) <= limit

    def test_a_hub_that_refuses_even_the_smallest_page_that_is_tried_is_an_error_with_the_option_that_helps(
        self,
    ) -> None:
        behaviour = Behaviour(max_page_size=5, large_pages=LargePages.REFUSE)
        with pytest.raises(HubError) as caught:
            Trial(crowd(7), behaviour).read()
        assert "if a page of 12 is too large for it, give a smaller --page-size" in caught.value.hint
        assert len(Trial(crowd(7), behaviour, page_size=5).read().users) == 7

    def test_a_hub_that_refuses_many_users_at_once_is_asked_about_fewer(self) -> None:
        def play(heard: Heard) -> Scene:
            if heard.operation == "roles" and len(user_ids(heard)) > 30:
                return failed("BAD_USER_INPUT", "roles", "too many ids")
            return answer(heard, users=60)

        with Scripted(play=play) as hub:
            state = CommerceHub(transport_to(hub.url)).read_all(Watched())
        assert len(state.users) == 60
        asked = [len(user_ids(heard)) for heard in hub.heard if heard.operation == "roles"]
        assert max(asked[-3:]) <= 30

    def test_a_gateway_that_answers_400_to_a_large_page_is_asked_for_a_smaller_one(self) -> None:
        def play(heard: Heard) -> Scene:
            given = heard.variables["input"]
            assert isinstance(given, dict)
            return html(400) if given["offset"] == 100 else answer(heard, users=60)

        with Scripted(play=play) as hub:
            assert len(CommerceHub(transport_to(hub.url)).read_all(Watched()).users) == 60

    def test_when_no_smaller_page_helps_the_hubs_own_words_are_told(self) -> None:
        refusal = errors("GRAPHQL_VALIDATION_FAILED", "no such field", status=400)
        told = "GRAPHQL_VALIDATION_FAILED: “no such field”"
        with Scripted(play=lambda _: refusal) as hub, pytest.raises(HubError, match=told) as caught:
            CommerceHub(transport_to(hub.url)).read_all(Watched())
        assert "doctor" in caught.value.hint

    def test_a_denial_is_told_at_once_and_no_smaller_page_is_tried(self) -> None:
        with Scripted(play=lambda _: failed("FORBIDDEN", "adminUsers")) as hub, pytest.raises(HubDeniedError) as caught:
            CommerceHub(transport_to(hub.url)).read_all(Watched())
        assert len(hub.heard) <= 3
        assert "role.VIEWER" in caught.value.hint or caught.value.operation == "roleDefinitions"

    @pytest.mark.parametrize("claimed", [50, 100], ids=["and says so", "and does not say so"])
    def test_a_hub_that_cuts_pages_short_is_asked_for_the_rest(self, claimed: int) -> None:
        def play(heard: Heard) -> Scene:
            return answer(heard, users=130, largest=50, claimed=claimed)

        with Scripted(play=play) as hub:
            assert len(CommerceHub(transport_to(hub.url)).read_all(Watched()).users) == 130


def user_ids(heard: Heard) -> list[JsonValue]:
    given = heard.variables["input"]
    assert isinstance(given, dict)
    found = given["userIds"]
    assert isinstance(found, list)
    return found


def order(heard: Heard) -> str:
    found = re.search(r"'sortInputs': \[{'field': '(\w+)', 'order': '(\w+)'}]", str(heard.variables))
    return " ".join(found.groups()) if found else ""


def answer(
    heard: Heard, *, users: int, largest: int = 1000, claimed: int | None = None, wrong: JsonObject | None = None
) -> Scene:
    """A page of a hub of that many users without grants; `wrong` sets fields of the page of users."""
    if heard.operation == "tenant":
        return data(tenant={"id": "acme"})
    given = heard.variables["input"]
    assert isinstance(given, dict)
    number, asked = given["page"], given["offset"]
    assert isinstance(number, int)
    assert isinstance(asked, int)
    if heard.operation != "adminUsers":
        none: JsonValue = {"items": [], "itemsFound": 0, "offset": asked, "pages": 0}
        return data(**{heard.operation: none})
    size = min(asked, largest)
    shown = range((number - 1) * size, min(users, number * size))
    items: list[JsonValue] = [somebody(each + 1) for each in shown]
    whole: dict[str, JsonValue] = {"items": items, "itemsFound": users, "offset": claimed or size}
    return data(adminUsers={**whole, "pages": -(-users // (claimed or size)), **(wrong or {})})


class TestProof:
    def test_a_read_that_somebody_disturbs_is_repeated_whole(self) -> None:
        disturbed = [True]

        def play(heard: Heard) -> Scene:
            given = heard.variables["input"]
            assert isinstance(given, dict)
            if heard.operation == "adminUsers" and given["page"] == 2 and disturbed:
                disturbed.clear()
                return answer(heard, users=129)
            return answer(heard, users=130)

        with Scripted(play=play) as hub:
            assert len(CommerceHub(transport_to(hub.url)).read_all(Watched()).users) == 130
        assert hub.operations.count("adminUsers") == 4

    def test_a_repeated_read_asks_in_another_order_in_case_ties_are_the_reason(self) -> None:
        def play(heard: Heard) -> Scene:
            ties = "CREATED_AT" in json.dumps(heard.variables)
            same: JsonValue = [somebody(1)] * 30
            if heard.operation == "adminUsers" and ties:
                return data(adminUsers={"items": same, "itemsFound": 30, "offset": 100, "pages": 1})
            return answer(heard, users=30)

        with Scripted(play=play) as hub:
            assert len(CommerceHub(transport_to(hub.url)).read_all(Watched()).users) == 30

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            pytest.param({"itemsFound": 3}, "3 items, and gave 2 different ones", id="a person is missing"),
            pytest.param({"itemsFound": 1}, "1 items, and gave 2 different ones", id="a person is too many"),
            pytest.param({"items": [somebody(1)] * 2}, "2 items, and gave 1 different ones", id="a person comes twice"),
        ],
    )
    def test_what_stays_incomplete_after_three_reads_is_refused(self, wrong: dict[str, JsonValue], told: str) -> None:
        def play(heard: Heard) -> Scene:
            return answer(heard, users=2, wrong=wrong)

        with Scripted(play=play) as hub, pytest.raises(HubIncompleteError, match=told):
            CommerceHub(transport_to(hub.url)).read_all(Watched())
        assert hub.operations.count("roleDefinitions") == 3

    def test_grants_that_are_incomplete_are_no_better(self) -> None:
        def play(heard: Heard) -> Scene:
            if heard.operation == "roles":
                return data(roles={"items": [], "itemsFound": 1, "offset": 100, "pages": 1})
            return answer(heard, users=2)

        with Scripted(play=play) as hub, pytest.raises(HubIncompleteError, match="roles: "):
            CommerceHub(transport_to(hub.url)).read_all(Watched())
        asked = {name: [order(heard) for heard in hub.heard if heard.operation == name] for name in hub.operations}
        assert asked == {
            "adminUsers": ["CREATED_AT ASC", "LAST_MODIFIED_AT ASC", ""],
            "roleDefinitions": ["NAME ASC", "", ""],
            "roles": ["CREATED_AT ASC", "USER_ID ASC", ""],
            "tenant": ["", "", ""],
        }

    def test_grants_of_somebody_whom_nobody_asked_about_are_refused(self) -> None:
        row: JsonValue = {"id": "1", "userId": 99, "roleDefinitionId": "d", "access": "OWNER"}

        def play(heard: Heard) -> Scene:
            if heard.operation == "roles":
                return data(roles={"items": [row], "itemsFound": 1, "offset": 100, "pages": 1})
            return answer(heard, users=2)

        with Scripted(play=play) as hub, pytest.raises(HubError, match="of 1 people whom nobody asked about"):
            CommerceHub(transport_to(hub.url)).read_all(Watched())

    def test_the_state_does_not_depend_on_the_order_of_the_pages(self) -> None:
        one, other = (Trial(crowd(60), page_size=size).read() for size in (7, 100))
        assert one == other
        assert [user.id for user in one.users] == sorted(user.id for user in one.users)


class TestMissingUsers:
    """A list of several pages has the right length, all ids differ, and a user of the hub is not in it."""

    def test_a_user_who_moves_between_two_pages_is_read(self) -> None:
        trial = Trial(crowd(250), does=Misbehaviour(moves=1))
        state = trial.hub.read_all(Watched(), wanting("person0100@example.com"))
        assert [user.email.raw for user in state.users] == trial.sandbox.emails()
        assert trial.sent.count("adminUser") == 1
        assert trial.sent.count("adminUsers") == 2 * 3

    def test_without_an_address_that_matters_the_list_is_taken_as_it_is(self) -> None:
        trial = Trial(crowd(250), does=Misbehaviour(moves=1))
        state = trial.hub.read_all(Watched(), wanting("person0001@example.com"))
        assert (len(state.users), trial.sent.count("adminUsers"), trial.sent.count("adminUser")) == (250, 3, 0)

    @pytest.mark.parametrize(
        ("wanted", "read", "asked", "lists"),
        [
            pytest.param(250, 0, 0, 1, id="no address is missing"),
            pytest.param(250, 1, 1, 1, id="one is missing, and is asked for"),
            pytest.param(0, 3, 3, 1, id="as many as pages are asked for"),
            pytest.param(0, 4, 0, 2, id="more than pages are looked for in a second list"),
            pytest.param(250, 400, 0, 2, id="hundreds are looked for in a second list"),
        ],
    )
    def test_the_check_costs_the_fewest_requests(self, wanted: int, read: int, asked: int, lists: int) -> None:
        trial = Trial(crowd(250))
        emails = [f"person{number:04}@example.com" for number in range(wanted)]
        emails += [f"new{number}@example.com" for number in range(read)]
        assert len(trial.hub.read_all(Watched(), wanting(*emails)).users) == 250
        assert (trial.sent.count("adminUser"), trial.sent.count("adminUsers")) == (asked, 3 * lists)
        orders = [str(request.variables) for request in trial.sandbox.traffic.requests]
        assert sum("DESC" in order for order in orders) == 3 * (lists - 1)

    def test_a_second_list_finds_a_user_who_moved(self) -> None:
        trial = Trial(crowd(250), does=Misbehaviour(moves=1))
        emails = ["person0100@example.com", *(f"new{number}@example.com" for number in range(9))]
        state = trial.hub.read_all(Watched(), wanting(*emails))
        assert [user.email.raw for user in state.users] == trial.sandbox.emails()

    @pytest.mark.parametrize(("count", "asked"), [(100, 0), (101, 1)])
    def test_a_list_of_one_page_is_of_one_moment_so_no_question_follows(self, count: int, asked: int) -> None:
        trial = Trial(crowd(count))
        trial.hub.read_all(Watched(), wanting("new@example.com"))
        assert trial.sent.count("adminUser") == asked

    @pytest.mark.parametrize(
        ("new", "message"),
        [
            pytest.param(0, r"the list lacks person010[0-2]@example\.com, who is in the hub", id="asked one by one"),
            pytest.param(9, "two lists, one from each end, hold different users", id="looked for in a second list"),
        ],
    )
    def test_a_hub_that_never_rests_is_an_error_after_three_reads(self, new: int, message: str) -> None:
        trial = Trial(crowd(250), does=Misbehaviour(moves=1000))
        emails = [f"person{number:04}@example.com" for number in range(100, 103)]
        emails += [f"new{number}@example.com" for number in range(new)]
        with pytest.raises(HubIncompleteError, match=f"^adminUsers: {message}$") as caught:
            trial.hub.read_all(Watched(), wanting(*emails))
        assert trial.sent.count("roleDefinitions") == 3
        assert caught.value.operation == "adminUsers"
        assert caught.value.exit_code == 1
        assert "try again later" in caught.value.hint

    def test_an_address_in_another_case_is_not_missing(self) -> None:
        trial = Trial(crowd(250))
        trial.hub.read_all(Watched(), wanting("PERSON0007@example.com"))
        assert trial.sent.count("adminUser") == 0

    def test_a_user_of_the_list_whom_the_hub_finds_under_another_spelling_is_not_missing(self) -> None:
        def play(heard: Heard) -> Scene:
            return data(adminUser=somebody(1)) if heard.operation == "adminUser" else answer(heard, users=130)

        with Scripted(play=play) as hub:
            live = CommerceHub(transport_to(hub.url)).read_all(Watched(), wanting("p01@example.com"))
        assert (len(live.users), hub.operations.count("adminUser")) == (130, 1)


class TestLongLists:
    def test_a_hub_that_announces_more_users_than_are_read_is_an_error_at_once(self) -> None:
        trial = Trial(crowd(30), does=Misbehaviour(announces=9_999_999))
        with pytest.raises(HubError) as caught:
            trial.read()
        assert caught.value.message == "adminUsers: the hub announces 9999999 items, more than 1000000"
        assert trial.sent.count("adminUsers") == 1

    def test_a_hub_that_repeats_one_user_on_every_page_is_asked_for_few_pages_and_in_little_memory(self) -> None:
        trial = Trial(crowd(1), does=Misbehaviour(announces=999_999))
        tracemalloc.start()
        try:
            with pytest.raises(HubIncompleteError, match="the hub said that it has 999999 items, and gave 1 different"):
                trial.read()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert QUEUED == 2
        assert trial.sent.count("adminUsers") <= 3 * (1 + QUEUED * 8)
        assert peak < 50 * 1024 * 1024

    def test_definitions_and_grants_of_that_length_are_errors_too(self) -> None:
        def play(heard: Heard) -> Scene:
            if heard.operation == "roleDefinitions":
                return data(roleDefinitions={"items": [], "itemsFound": 1_000_001, "offset": 1, "pages": 1_000_001})
            return answer(heard, users=2)

        with Scripted(play=play) as hub, pytest.raises(HubError, match="roleDefinitions: the hub announces 1000001"):
            CommerceHub(transport_to(hub.url)).read_all(Watched())

    def test_a_list_read_page_after_page_ends_as_soon_as_it_cannot_be_whole(self) -> None:
        def play(heard: Heard) -> Scene:
            same: JsonValue = [somebody(1)]
            return data(adminUsers={"items": same, "itemsFound": 999_999, "offset": 1, "pages": 999_999})

        with Scripted(play=play) as hub, pytest.raises(HubIncompleteError):
            read_list(transport_to(hub.url), users, Sizes(100, 100))
        assert len(hub.heard) == 3 * 2

    def test_a_list_of_more_pages_than_wait_at_once_is_read_whole(self) -> None:
        trial = Trial(crowd(300, rows=0), page_size=1, batch_size=1)
        assert len(trial.read().users) == 300
        assert trial.sent.count("adminUsers") == 300
        last = max(number for number, operation in enumerate(trial.sent) if operation == "adminUsers")
        assert trial.sent[:last].count("roles") > 250, "each page read asks for one more"


class TestTheViewer:
    def test_a_session_tells_who_is_running(self) -> None:
        trial = Trial(session=SESSION_TOKEN, key="sandbox-owner")
        assert trial.read().viewer == Text(FIRST_USER)
        assert trial.sent.count("adminUserViewer") == 1

    @pytest.mark.parametrize("told", list(ViewerForKey))
    def test_a_key_alone_has_no_viewer_and_none_is_asked_for(self, told: ViewerForKey) -> None:
        trial = Trial(key="sandbox-owner", behaviour=Behaviour(viewer_for_key=told))
        assert trial.read().viewer is None
        assert "adminUserViewer" not in trial.sent

    def test_a_session_without_a_viewer_is_no_fault_when_the_hub_says_so(self) -> None:
        def play(heard: Heard) -> Scene:
            return data(adminUserViewer=None) if heard.operation == "adminUserViewer" else answer(heard, users=1)

        with Scripted(play=play) as hub:
            live = CommerceHub(transport_to(hub.url, session=True)).read_all(Watched())
        assert (live.viewer, live.tenant) == (None, Text("acme"))

    def test_a_session_that_has_ended_is_refused_since_nobody_would_guard_the_viewer(self) -> None:
        def play(heard: Heard) -> Scene:
            if heard.operation == "adminUserViewer":
                return errors("UNAUTHENTICATED", "expired", path="adminUserViewer", data=None)
            return answer(heard, users=1)

        with Scripted(play=play) as hub, pytest.raises(HubDeniedError) as caught:
            CommerceHub(transport_to(hub.url, session=True)).read_all(Watched())
        assert caught.value.operation == "adminUserViewer"
        assert "BO_SYNC_SESSION_TOKEN" in caught.value.hint


def test_an_error_does_not_wait_for_what_is_still_in_flight() -> None:
    def play(heard: Heard) -> Scene:
        return Hang(20) if heard.operation == "roleDefinitions" else failed("FORBIDDEN", "adminUsers")

    started = time.monotonic()
    with Scripted(play=play) as hub, pytest.raises(HubDeniedError):
        CommerceHub(transport_to(hub.url, impatient(request=20))).read_all(Watched())
    assert time.monotonic() - started < 10
