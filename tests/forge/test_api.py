"""What becomes of each kind of failure: how often a request is sent, what is said of it; nothing tells the token."""

import logging
import socket
import time
import traceback
from collections.abc import Callable

import pytest

from bo_sync.errors import BoSyncError
from bo_sync.forge.api import MOST_PAGES, ForgeError, ForgeFateUnknownError, ForgeMissingError
from bo_sync.forge.sticky_comment import CommentPlace, post
from bo_sync.hub.time_limits import Pace
from tests.forge.places import BODY, OTHER, hurried, merge, pull
from tests.support.backlog import never_connecting
from tests.support.forges import MALLORY, Forge, InjectedAnswer, page, refusal
from tests.support.github_double import ACTIONS, READER, REPOSITORY, WORKFLOW, github
from tests.support.gitlab_double import BOT, gitlab
from tests.support.hostile import HOSTILE
from tests.support.process import Page

COMMENTS = "/issues/7/comments"


def count(forge: Forge, method: str, path: str) -> int:
    return sum(heard.method == method and path in heard.path for heard in forge.heard)


class TestWhatIsSent:
    def test_github_hears_a_bearer_and_json(self) -> None:
        with github() as forge:
            post(pull(forge), BODY)
            created = forge.heard[-2]
        assert (created.method, created.path) == ("POST", f"/repos/{REPOSITORY}{COMMENTS}")
        assert created.headers["authorization"] == f"Bearer {WORKFLOW}"
        assert created.headers["content-type"] == created.headers["accept"] == "application/json"
        assert created.headers["user-agent"].startswith("bo-sync/")
        assert created.content == {"body": BODY}

    def test_gitlab_hears_a_private_token(self) -> None:
        with gitlab() as forge:
            post(merge(forge), BODY)
            assert {heard.headers["private-token"] for heard in forge.heard} == {BOT}
            assert "authorization" not in forge.heard[0].headers

    def test_cookies_are_not_kept(self) -> None:
        with github() as forge:
            forge.injected.append(
                InjectedAnswer("GET", "/user", page({"id": ACTIONS.id}, headers={"Set-Cookie": "a=b"}))
            )
            post(pull(forge), BODY)
            assert all("cookie" not in heard.headers for heard in forge.heard)


PASSING = [429, 500, 502, 503, 504]


class TestTryingAgain:
    @pytest.mark.parametrize("status", PASSING)
    def test_a_list_is_asked_for_again(self, status: int) -> None:
        waits: list[float] = []
        with github() as forge:
            forge.injected += [InjectedAnswer("GET", COMMENTS, refusal(status, "later"))] * 2
            assert post(pull(forge, pace=hurried(waits)), BODY).action == "created"
            assert waits == [0.5, 1.0]

    @pytest.mark.parametrize("status", PASSING)
    def test_an_edit_is_sent_again(self, status: int) -> None:
        with gitlab() as forge:
            ours = forge.write(BODY, forge.accounts[BOT])
            forge.injected.append(InjectedAnswer("PUT", f"/notes/{ours.id}", refusal(status, "later")))
            assert post(merge(forge), OTHER).action == "edited"

    def test_five_times_and_no_more(self) -> None:
        with github() as forge:
            forge.injected += [InjectedAnswer("GET", COMMENTS, refusal(503, "later"))] * 9
            with pytest.raises(ForgeError, match="HTTP 503 “later”, again and again"):
                post(pull(forge), BODY)
            assert count(forge, "GET", COMMENTS) == 5

    def test_as_long_as_retry_after_asks(self) -> None:
        waits: list[float] = []
        with github() as forge:
            forge.injected.append(InjectedAnswer("GET", COMMENTS, page({}, 429, {"Retry-After": "17"})))
            post(pull(forge, pace=hurried(waits)), BODY)
            assert waits == [17.0]

    @pytest.mark.parametrize("status", [403, 429])
    def test_until_the_moment_at_which_a_spent_limit_is_renewed(self, status: int) -> None:
        waits: list[float] = []
        spent = page(
            {"message": "API rate limit exceeded"}, status, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1030"}
        )
        with github() as forge:
            forge.injected.append(InjectedAnswer("POST", COMMENTS, spent))
            assert post(pull(forge, pace=hurried(waits, wall=1000)), BODY).action == "created"
            assert (waits, len(forge.comments)) == ([30.0], 1)

    @pytest.mark.parametrize("status", [403, 429])
    def test_a_minute_where_github_names_its_other_limit_and_no_time(self, status: int) -> None:
        waits: list[float] = []
        hour = {"x-ratelimit-remaining": "4900", "x-ratelimit-reset": "4600"}
        busy = page({"message": "You have exceeded a secondary rate limit. Please wait a few minutes"}, status, hour)
        with github() as forge:
            forge.injected += [InjectedAnswer("GET", "/user", busy), InjectedAnswer("POST", COMMENTS, busy)]
            assert post(pull(forge, pace=hurried(waits, wall=1000)), BODY).action == "created"
            assert (waits, len(forge.comments)) == ([60.0, 60.0], 1)

    def test_that_limit_is_not_taken_for_a_token_that_may_not(self) -> None:
        busy = page({"message": "You have exceeded a secondary rate limit."}, 403)
        with github() as forge:
            forge.injected += [InjectedAnswer("POST", COMMENTS, busy)] * 5
            with pytest.raises(ForgeError, match="its rate limit is reached, and asks to wait 60 s") as refused:
                post(pull(forge), BODY)
            assert type(refused.value) is ForgeError
            assert forge.comments == []

    def test_a_limit_that_is_renewed_in_an_hour_is_not_waited_for(self) -> None:
        waits: list[float] = []
        spent = page({"message": "limit"}, 403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4600"})
        with github() as forge:
            forge.injected.append(InjectedAnswer("GET", COMMENTS, spent))
            with pytest.raises(ForgeError, match="its rate limit is reached, and asks to wait 3600 s"):
                post(pull(forge, pace=hurried(waits, wall=1000)), BODY)
            assert waits == []

    @pytest.mark.parametrize("asked", ["-1", "soon", "1e9", "²", ""])
    def test_what_is_no_number_of_seconds_is_not_waited_for(self, asked: str) -> None:
        waits: list[float] = []
        with github() as forge:
            headers = {"Retry-After": asked.encode("utf-8").decode("latin-1")}
            forge.injected.append(InjectedAnswer("GET", COMMENTS, page({}, 429, headers)))
            post(pull(forge, pace=hurried(waits)), BODY)
            assert waits == [0.5]


class TestCreatingOnce:
    @pytest.mark.parametrize("found", [refusal(502, "gone"), refusal(408, "slow"), None, Page(201, b"<html>")])
    def test_one_that_was_made_all_the_same_is_found_and_not_made_again(self, found: Page | None) -> None:
        with github() as forge:
            forge.injected.append(InjectedAnswer("POST", COMMENTS, found, carried_out=True))
            assert post(pull(forge), BODY).action == "created"
            assert len(forge.comments) == 1
            assert count(forge, "POST", COMMENTS) == 1

    @pytest.mark.parametrize("found", [refusal(500, "oh"), None], ids=["a failure", "a cut connection"])
    def test_one_that_was_not_made_is_told_and_not_made_blindly(self, found: Page | None) -> None:
        with gitlab() as forge:
            forge.injected.append(InjectedAnswer("POST", "/notes", found))
            with pytest.raises(ForgeFateUnknownError, match="whether it happened is unknown"):
                post(merge(forge), BODY)
            assert count(forge, "POST", "/notes") == 1

    def test_somebody_elses_words_are_not_taken_for_what_was_made(self) -> None:
        with github() as forge:
            forge.write(BODY, MALLORY)
            forge.injected.append(InjectedAnswer("POST", COMMENTS, refusal(502, "gone")))
            with pytest.raises(ForgeFateUnknownError):
                post(pull(forge), BODY)

    def test_what_certainly_did_not_leave_is_sent_again(self) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            closed = Forge({}, f"http://127.0.0.1:{listener.getsockname()[1]}")
        waits: list[float] = []
        with pytest.raises(ForgeError, match=r"no answer from GitHub at .*: no connection could be made"):
            pull(closed, pace=hurried(waits)).create(BODY)
        assert len(waits) == 4


def seen(refused: BaseException) -> str:
    """All that could be shown of an error."""
    told = [f"{refused!r} {getattr(refused, 'hint', '')!s} {getattr(refused, 'detail', '')!s}"]
    return "".join([*told, *traceback.format_exception(refused)])


REFUSALS: dict[str, tuple[InjectedAnswer, str, str]] = {
    "a token that is not known": (
        InjectedAnswer("GET", "/user", refusal(401, "Bad credentials")),
        "accept the token",
        "valid",
    ),
    "a token that may not write": (
        InjectedAnswer("POST", COMMENTS, refusal(403, "Resource not accessible by integration")),
        "comment of pull request acme/access#7: GitHub says HTTP 403 “Resource not accessible by integration”",
        "pull-requests: write",
    ),
    "a pull request that is not there": (
        InjectedAnswer("GET", COMMENTS, refusal(404, "Not Found")),
        "is not there",
        "needs",
    ),
    "a repository that has moved": (
        InjectedAnswer("GET", COMMENTS, Page(301, b"", {"Location": "https://evil.example/"})),
        "a redirect, which is not followed",
        "present name",
    ),
    "words that are refused": (
        InjectedAnswer("POST", COMMENTS, refusal(422, "Validation Failed")),
        "Validation Failed",
        "",
    ),
    "a page of HTML": (InjectedAnswer("GET", COMMENTS, Page(200, b"<html>hello</html>")), "not its API's", "address"),
    "an object in the place of a list": (InjectedAnswer("GET", COMMENTS, page({"a": 1})), "not its API's", "address"),
    "a list of texts": (InjectedAnswer("GET", COMMENTS, page(["a"])), "not its API's", "address"),
    "a list of comments without numbers": (InjectedAnswer("GET", COMMENTS, page([{}])), "without a number at `id`", ""),
    "absurd nesting": (InjectedAnswer("GET", COMMENTS, Page(200, b"[" * 100_000)), "not its API's", ""),
    "a user without a number": (InjectedAnswer("GET", "/user", page({"id": True})), "without a number at `id`", ""),
    "a viewer that is nobody": (
        InjectedAnswer("POST", "/graphql", page({"data": {"viewer": None}})),
        "without a number at `data.viewer.databaseId`",
        "",
    ),
}


@pytest.mark.parametrize(("injected", "told", "hint"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_says_what_was_asked_what_came_and_what_to_do(injected: InjectedAnswer, told: str, hint: str) -> None:
    with github() as forge:
        forge.injected.append(injected)
        with pytest.raises(ForgeError) as refused:
            post(pull(forge), BODY)
    assert told in refused.value.message
    assert hint in refused.value.hint
    assert WORKFLOW not in seen(refused.value)


def test_a_token_of_a_fork_is_told_what_it_lacks() -> None:
    with github() as forge, pytest.raises(ForgeError, match="the token may not do this") as refused:
        post(pull(forge, READER), BODY)
    assert "from a fork has read access alone" in refused.value.hint


def test_a_list_without_end_is_given_up_and_nothing_is_written() -> None:
    with github() as forge:
        forge.per_page = 1
        for _ in range(MOST_PAGES + 1):
            forge.write("a remark", MALLORY)
        with pytest.raises(ForgeError, match="lists more than 10000 entries"):
            post(pull(forge), BODY)
        assert forge.written == []


def test_a_missing_project_is_missing() -> None:
    with gitlab() as forge:
        place = merge(forge)
        with pytest.raises(ForgeMissingError):
            post(type(place)(place.api, "1/2", 7), BODY)


def test_an_answer_that_drips_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        forge = Forge({}, f"http://127.0.0.1:{listener.getsockname()[1]}")
        started = time.monotonic()
        with pytest.raises(ForgeError, match="no answer"):
            pull(forge, pace=Pace(request=0.2, silent=0.5)).me()
        assert time.monotonic() - started < 10


def test_a_connection_that_never_completes_ends_within_the_limit_of_silence() -> None:
    with never_connecting() as url:
        started = time.monotonic()
        with pytest.raises(ForgeError, match="connecting took too long"):
            pull(Forge({}, url), pace=Pace(silent=0.6)).me()
        assert time.monotonic() - started < 2


def test_a_comment_without_an_answer_is_given_up_within_the_limit_of_a_request() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        forge = Forge({}, f"http://127.0.0.1:{listener.getsockname()[1]}")
        started = time.monotonic()
        with pytest.raises(ForgeFateUnknownError, match="no answer in time"):
            pull(forge, pace=Pace(request=0.2, silent=3)).create(BODY)
        assert time.monotonic() - started < 1.5


PLACES: dict[str, tuple[Callable[[Forge], CommentPlace], str, str]] = {
    "GitHub": (pull, WORKFLOW, COMMENTS),
    "GitLab": (merge, BOT, "/notes"),
}


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("status", [400, 403, 500])
def test_what_a_forge_says_is_shown_harmlessly(where: str, text: str, status: int) -> None:
    place, token, path = PLACES[where]
    with github() if where == "GitHub" else gitlab() as forge:
        forge.injected += [InjectedAnswer("GET", path, refusal(status, f"{text} {token}"))] * 5
        with pytest.raises(BoSyncError) as refused:
            post(place(forge), BODY)
    message = refused.value.message
    assert message.isprintable()
    assert len(message) < 600
    assert token not in seen(refused.value)
    assert all(token[start : start + 8] not in message for start in range(len(token) - 7))


def test_nothing_is_logged_of_the_token(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), github() as forge:
        post(pull(forge), BODY)
    assert WORKFLOW not in caplog.text


def test_the_token_is_found_in_a_text() -> None:
    place = pull(Forge({}, "http://127.0.0.1:1"))
    assert place.api.holds_token(f"x{WORKFLOW}y")
    assert not place.api.holds_token(WORKFLOW[:-1])
    assert WORKFLOW not in repr(place)
