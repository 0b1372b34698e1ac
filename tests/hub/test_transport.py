"""One request over HTTP: what is sent, how often, and what each kind of failure becomes."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from bo_sync.errors import HubDeniedError, HubError, HubUnreachableError
from bo_sync.hub.graphql import call
from bo_sync.hub.time_limits import Pace
from tests.hub.scripted import (
    FINE,
    KEY,
    READ,
    TOKEN,
    WRITE,
    Cut,
    Drip,
    Hang,
    Heard,
    Say,
    Scene,
    Scripted,
    data,
    errors,
    html,
    impatient,
    transport_to,
    unused_port,
)


class TestWhatIsSent:
    def test_a_request_is_json_with_the_document_its_variables_and_the_operations_name(self) -> None:
        with Scripted(data(adminUserDelete=True)) as hub:
            transport_to(hub.url).write(WRITE)
        heard = hub.heard[0]
        assert (heard.operation, heard.query, heard.variables) == (WRITE.operation, WRITE.document, WRITE.variables)
        assert heard.headers["content-type"] == "application/json"
        assert heard.headers["user-agent"].startswith("bo-sync/")

    def test_the_key_travels_as_apikey_and_a_session_as_a_bearer(self) -> None:
        with Scripted(FINE, FINE) as hub:
            transport_to(hub.url).read(READ)
            transport_to(hub.url, session=True).read(READ)
        without, beside = (heard.headers for heard in hub.heard)
        assert without["apikey"] == beside["apikey"] == KEY
        assert "authorization" not in without
        assert beside["authorization"] == f"Bearer {TOKEN}"

    def test_one_connection_serves_one_request_after_another(self) -> None:
        with Scripted(FINE, FINE, FINE) as hub:
            transport = transport_to(hub.url)
            for _ in range(3):
                transport.read(READ)
        assert hub.connections == 1

    def test_cookies_of_the_hub_are_not_kept(self) -> None:
        cookie = Say(FINE.body, headers={"Set-Cookie": "who=jane; Path=/"})
        with Scripted(cookie, FINE) as hub:
            transport = transport_to(hub.url)
            transport.read(READ)
            transport.read(READ)
        assert "cookie" not in hub.heard[1].headers

    @pytest.mark.parametrize("kind", ["read", "write"])
    def test_never_more_than_the_concurrency_is_in_flight(self, kind: str) -> None:
        both = threading.Barrier(2)

        def play(heard: Heard) -> Scene:
            both.wait(5)
            return data(adminUserDelete=True)

        with Scripted(play=play) as hub:
            transport = transport_to(hub.url, concurrency=2)
            with ThreadPoolExecutor(6) as pool:
                for done in [pool.submit(getattr(transport, kind), WRITE) for _ in range(6)]:
                    done.result()
        assert (hub.peak, len(hub.heard), hub.connections) == (2, 6, 2)


PASSING = {
    "429": html(429),
    "500": html(500),
    "502": html(502),
    "503": html(503),
    "504": html(504),
    "a connection that is cut": Cut(),
    "an answer that is cut": Cut(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"data"'),
    "no answer in time": Hang(1.2),
}


class TestReads:
    @pytest.mark.parametrize("scene", PASSING.values(), ids=PASSING.keys())
    def test_a_read_is_asked_again_after(self, scene: Scene) -> None:
        waits: list[float] = []
        with Scripted(scene, scene, FINE) as hub:
            reply = transport_to(hub.url, impatient(waits, request=0.3)).read(READ)
        assert reply.data == {"adminUsers": {"itemsFound": 0}}
        assert len(waits) == 2

    def test_five_tries_with_growing_waits_then_the_hub_counts_as_unreachable(self) -> None:
        waits: list[float] = []
        with Scripted(*[html(503)] * 5) as hub, pytest.raises(HubUnreachableError) as caught:
            transport_to(hub.url, impatient(waits)).read(READ)
        assert waits == [0.5, 1.0, 2.0, 4.0]
        assert str(caught.value) == f"adminUsers: {hub.url} keeps answering HTTP 503 with an HTML page: “Oh no gone”"

    def test_the_hub_may_say_how_long_to_wait(self) -> None:
        waits: list[float] = []
        slow = [Say(b"", 429, {"Retry-After": seconds}) for seconds in ("7", "3600", "soon")]
        with Scripted(*slow, FINE) as hub:
            transport_to(hub.url, impatient(waits)).read(READ)
        assert waits == [7.0, 60.0, 2.0]

    def test_nobody_listening_is_told_with_the_address_and_what_to_check(self) -> None:
        waits: list[float] = []
        url = f"http://127.0.0.1:{unused_port()}/graphql"
        with pytest.raises(HubUnreachableError) as caught:
            transport_to(url, impatient(waits)).read(READ)
        assert str(caught.value) == f"adminUsers: no answer from {url}: no connection could be made"
        assert "proxy" in caught.value.hint
        assert len(waits) == 4

    def test_a_silent_hub_is_given_up_when_its_time_is_over_whatever_the_tries(self) -> None:
        waits: list[float] = []
        with Scripted(Hang(1.0), Hang(1.0)) as hub, pytest.raises(HubUnreachableError, match="no answer in time"):
            transport_to(hub.url, impatient(waits, request=0.5, silent=2.4)).read(READ)
        assert len(waits) == 1

    def test_time_spent_waiting_for_a_hub_that_answers_is_not_silence(self) -> None:
        now = [0.0]

        def wait(stopped: threading.Event, seconds: float) -> bool:
            now[0] += seconds
            return False

        pace = Pace(monotonic=lambda: now[0], wait=wait)
        busy = Say(b"", 429, {"Retry-After": "60"})
        with Scripted(busy, busy, busy, busy, FINE) as hub:
            transport_to(hub.url, pace).read(READ)
        assert now[0] == 240

    def test_silence_is_counted_from_the_last_answer(self) -> None:
        now = [0.0]

        def wait(stopped: threading.Event, seconds: float) -> bool:
            now[0] += seconds
            return False

        busy = Say(b"", 429, {"Retry-After": "60"})
        with Scripted(busy, Cut(), FINE) as hub:
            transport_to(hub.url, Pace(monotonic=lambda: now[0], wait=wait)).read(READ)
        assert now[0] > 60

    def test_an_answer_that_drips_is_not_waited_for(self) -> None:
        started = time.monotonic()
        with Scripted(*[Drip(0.1)] * 5) as hub, pytest.raises(HubUnreachableError, match="no answer in time"):
            transport_to(hub.url, impatient(request=0.3)).read(READ)
        assert time.monotonic() - started < 8

    def test_what_waits_ends_when_the_transport_is_stopped(self) -> None:
        with Scripted(html(503)) as hub:
            transport = transport_to(hub.url)
            transport.stop()
            with pytest.raises(HubUnreachableError):
                transport.read(READ)

    def test_what_is_asked_after_a_stop_ends_when_what_was_in_flight_then_has_to(self) -> None:
        started = time.monotonic()
        with Scripted(Hang(1.5)) as hub:
            transport = transport_to(hub.url, impatient(request=0.8))
            transport.stop()
            time.sleep(0.4)
            with pytest.raises(HubUnreachableError, match="no answer in time"):
                transport.read(READ)
            assert time.monotonic() - started < 1.1
            with pytest.raises(HubUnreachableError, match="it was not asked any more"):
                transport.write(WRITE)

    @pytest.mark.parametrize(
        ("scene", "said"),
        [
            pytest.param(html(200), "HTTP 200 with an HTML page: “Oh no gone”", id="an HTML page"),
            pytest.param(Say(b"fine"), "HTTP 200 with something that is no GraphQL answer: “fine”", id="plain words"),
            pytest.param(Say(b"[]"), "HTTP 200 with something that is no GraphQL answer: “[]”", id="a JSON list"),
            pytest.param(Say(b'{"data": NaN}'), "no GraphQL answer", id="what only Python takes for JSON"),
            pytest.param(Say(b"[" * 200_000), "no GraphQL answer", id="absurd nesting"),
            pytest.param(Say(b""), "HTTP 200 with no body", id="nothing"),
            pytest.param(Say(b"\xff\x1b[31m"), r"\x1b[31m”", id="control characters, made visible"),
            pytest.param(html(404), "HTTP 404 with an HTML page", id="a path where nothing is"),
        ],
    )
    def test_an_answer_that_is_not_graphql_is_told_as_what_it_is(self, scene: Scene, said: str) -> None:
        with Scripted(scene) as hub, pytest.raises(HubError) as caught:
            transport_to(hub.url).read(READ)
        assert type(caught.value) is HubError
        assert said in str(caught.value)
        assert "/graphql" in caught.value.hint

    def test_an_endless_answer_is_not_taken(self) -> None:
        endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        chunk = endless.split(b"\r\n\r\n", 1)[1]
        with Scripted(Cut(endless + chunk * 40)) as hub, pytest.raises(HubError, match="more than 32 MiB"):
            transport_to(hub.url, impatient(request=20)).read(READ)

    @pytest.mark.parametrize(("status", "code"), [(401, "UNAUTHENTICATED"), (403, "")])
    def test_a_gateway_that_denies_is_a_denial_which_says_nothing_about_the_keys_rights(
        self, status: int, code: str
    ) -> None:
        with Scripted(html(status)) as hub, pytest.raises(HubDeniedError) as caught:
            transport_to(hub.url).read(READ)
        assert caught.value.code == code

    def test_application_errors_and_refused_documents_are_replies(self) -> None:
        with Scripted(errors("NOT_FOUND", "nobody", path="adminUser", data=None), errors("X", status=400)) as hub:
            transport = transport_to(hub.url)
            ran, refused = transport.read(READ), transport.read(READ)
        assert (ran.faults[0].code, str(ran.faults[0].said), ran.faults[0].alias) == (
            "NOT_FOUND",
            "nobody",
            "adminUser",
        )
        assert (ran.executed, refused.executed) == (True, False)


def test_a_document_is_read_from_the_package_as_it_is_sent() -> None:
    body = json.loads(call("adminUserDelete", {"email": "jane@example.com"}).body())
    assert body["operationName"] == "adminUserDelete"
    assert body["query"].startswith("mutation adminUserDelete(")
