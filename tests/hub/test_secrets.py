"""A secret reaches the header, and nothing that anybody reads."""

import copy
import json
import logging
import os
import pickle
import socket
import stat
import threading
import traceback
from pathlib import Path

import pytest

from bo_sync.core.text import Text
from bo_sync.errors import BoSyncError, HubError, UsageError
from bo_sync.hub.graphql import GraphQLRequest
from bo_sync.hub.secrets import Credentials, Secret
from bo_sync.hub.transport import Transport
from tests.hub.scripted import KEY, TOKEN, Cut, Say, Scene, Scripted, data, errors, html, impatient, transport_to

CALL = GraphQLRequest("adminUsers", "query adminUsers { adminUsers { itemsFound } }", {})


class TestTheType:
    def test_it_shows_nothing_however_it_is_printed(self) -> None:
        secret = Secret(KEY)
        shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>60}", "%s" % secret, repr([secret]), repr(vars)]  # noqa: UP031
        assert not [text for text in shown if KEY[:5] in text]

    def test_it_is_neither_pickled_nor_copied_nor_hashed_nor_json(self) -> None:
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy, hash, json.dumps, vars):
            with pytest.raises(TypeError) as caught:
                attempt(Secret(KEY))
            assert KEY not in str(caught.value)

    def test_it_equals_another_secret_and_never_a_string(self) -> None:
        assert Secret(KEY) == Secret(KEY)
        assert Secret(KEY) != Secret(TOKEN)
        assert Secret(KEY) != KEY

    def test_it_is_read_without_the_last_newline_of_its_file(self) -> None:
        assert Secret.parse(f" {KEY}\r\n", "BO_SYNC_API_KEY") == Secret(KEY)

    @pytest.mark.parametrize("raw", ["two words", "new\nline", "nul\0", "kéy", "\u200bkey", "", "  "])
    def test_what_cannot_stand_in_a_header_is_refused_without_being_quoted(self, raw: str) -> None:
        with pytest.raises(UsageError, match="BO_SYNC_API_KEY") as caught:
            Secret.parse(raw, "BO_SYNC_API_KEY")
        assert not raw.strip() or raw not in caught.value.message

    def test_what_a_hub_says_is_shown_without_our_secrets_on_one_line_and_short(self) -> None:
        credentials = Credentials(Secret(KEY), Secret(TOKEN))
        said = credentials.said(f"no key {KEY}\n or token {TOKEN} " + "x" * 300, limit=60)
        assert said == Text("no key [secret] or token [secret] " + "x" * 25 + "…")


def everything_about(error: BaseException) -> str:
    """All that any log or traceback of an error could hold, causes and the local values of our own frames too."""
    error = error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)
    told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    extra = [error.message, error.hint, error.detail] if isinstance(error, BoSyncError) else []
    return told + repr(error) + repr(vars(error)) + " ".join(map(str, extra))


FAILURES = {
    "a hub that quotes the key in its error": errors("UNAUTHENTICATED", f"unknown key {KEY} or {TOKEN}"),
    "a gateway that quotes the key": Say(f"<b>{KEY} {TOKEN}</b>".encode(), 403, {"Content-Type": "text/html"}),
    "a page that quotes the key": Say(f"<b>{KEY} {TOKEN}</b>".encode(), 200, {"Content-Type": "text/html"}),
    "a redirect to an address with the key": Say(b"", 302, {"Location": f"https://evil.example/{KEY}?{TOKEN}"}),
    "a cut": Cut(),
    "half an answer": Cut(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"),
    "a broken header": Cut(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"),
    "a broken encoding": Say(b"no gzip", 200, {"Content-Encoding": "gzip"}),
    "503": html(503),
}


class TestErrors:
    @pytest.mark.parametrize("kind", ["read", "write"])
    @pytest.mark.parametrize("scene", FAILURES.values(), ids=FAILURES.keys())
    def test_no_secret_is_in_an_error_its_causes_or_its_traceback_after(
        self, scene: Scene, kind: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        with Scripted(play=lambda _: scene) as hub:
            transport = transport_to(hub.url, session=True)
            try:
                told = repr(getattr(transport, kind)(CALL))
            except HubError as err:
                told = everything_about(err)
        assert KEY not in told + caplog.text
        assert TOKEN not in told + caplog.text

    def test_a_redirect_is_not_followed_and_the_error_names_where_it_pointed(self) -> None:
        with Scripted() as elsewhere:
            scene = Say(b"", 307, {"Location": elsewhere.url})
            with Scripted(scene) as hub, pytest.raises(HubError) as caught:
                transport_to(hub.url).read(CALL)
        assert f"a redirect to {elsewhere.url}, which is not followed" in str(caught.value)
        assert elsewhere.heard == []

    @pytest.mark.parametrize("target", ["http://[::1", "//", "javascript:1", "\u00e9\x7f", "https://x:y@z:99999/"])
    def test_a_redirect_to_nonsense_is_an_error_like_any_other(self, target: str) -> None:
        raw = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + target.encode() + b"\r\n\r\n"
        with Scripted(Cut(raw)) as hub, pytest.raises(HubError, match="a redirect to"):
            transport_to(hub.url).read(CALL)


class TestTheEnvironment:
    def test_netrc_is_never_read_nor_sent(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        netrc = tmp_path / ".netrc"
        netrc.write_text("machine 127.0.0.1 login jane password hunter2\ndefault login jane password hunter2\n")
        netrc.chmod(stat.S_IRUSR | stat.S_IWUSR)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("NETRC", str(netrc))
        with Scripted(data(a=1), Say(b"", 302, {"Location": "http://127.0.0.1:1/"})) as hub:
            transport = transport_to(hub.url)
            transport.read(CALL)
            with pytest.raises(HubError):
                transport.read(CALL)
            keyless = Transport(transport.address, pace=impatient())
        assert [heard.headers.get("authorization") for heard in hub.heard] == [None, None]
        assert "apikey" in hub.heard[0].headers
        assert keyless.credentials.key is None

    def test_netrc_is_not_sent_by_a_transport_without_a_key_either(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / ".netrc").write_text("default login jane password hunter2\n")
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        with Scripted(data(a=1)) as hub:
            Transport(transport_to(hub.url).address).read(CALL)
        assert not {"authorization", "apikey"} & set(hub.heard[0].headers)

    def test_what_goes_in_the_clear_to_this_machine_goes_to_no_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Scripted() as proxy, Scripted(data(a=1)) as hub:
            monkeypatch.setenv("http_proxy", proxy.url)
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            monkeypatch.delenv("no_proxy", raising=False)
            transport_to(hub.url).read(CALL)
        assert proxy.heard == []

    def test_what_goes_over_https_goes_through_the_proxy_of_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        proxy = Connecting()
        monkeypatch.setenv("https_proxy", f"http://jane:hunter2@127.0.0.1:{proxy.port}")
        for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(HubError) as caught:
            transport_to("https://hub.example.com/graphql").read(CALL)
        assert proxy.heard.startswith(b"CONNECT hub.example.com:443 ")
        assert KEY.encode() not in proxy.heard
        assert "hunter2" not in everything_about(caught.value)

    def test_a_bundle_of_certificate_authorities_is_taken_from_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", f"{os.sep}nowhere{os.sep}bundle.pem")
        waits: list[float] = []
        with pytest.raises(HubError) as caught:
            transport_to("https://127.0.0.1:1/graphql", impatient(waits)).read(CALL)
        assert ("REQUESTS_CA_BUNDLE" in caught.value.hint, waits) == (True, [])


class Connecting:
    """A proxy that hears one request after another and refuses them all."""

    def __init__(self) -> None:
        self.heard = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        for _ in range(5):
            peer, _ = self._listener.accept()
            with peer:
                self.heard += peer.recv(65536)
                peer.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        self._listener.close()
