"""Which addresses may be sent a key, and how they are shown."""

import pytest

from bo_sync.core.text import Text
from bo_sync.errors import UsageError
from bo_sync.hub.hub_url import check_host, parse_address


@pytest.mark.parametrize(
    ("raw", "url", "host"),
    [
        pytest.param(
            "https://api.helice.cloud/v2/graphql",
            "https://api.helice.cloud/v2/graphql",
            "api.helice.cloud",
            id="as it is documented",
        ),
        pytest.param(" HTTPS://Example.Com:443/v2\n", "https://example.com/v2", "example.com", id="tidied"),
        pytest.param("https://example.com.:8443/", "https://example.com:8443/", "example.com:8443", id="port"),
        pytest.param("http://localhost:4000/g", "http://localhost:4000/g", "localhost:4000", id="localhost"),
        pytest.param("http://127.9.9.9/g", "http://127.9.9.9/g", "127.9.9.9", id="loopback"),
        pytest.param("http://[::1]:80/g", "http://[::1]/g", "[::1]", id="loopback of IPv6"),
        pytest.param("https://[2001:DB8::1]/g", "https://[2001:db8::1]/g", "[2001:db8::1]", id="IPv6"),
        pytest.param("sandbox:", "sandbox:", "", id="the embedded hub"),
        pytest.param("Sandbox:", "sandbox:", "", id="the embedded hub in another case"),
    ],
)
def test_an_address_is_taken_and_shown_in_one_form(raw: str, url: str, host: str) -> None:
    address = parse_address(raw)
    assert (address.url, address.host) == (url, host)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param("http://api.helice.cloud/v2", "would send the key in the clear", id="in the clear"),
        pytest.param("http://localhost.example.com/", "would send the key in the clear", id="a name that begins so"),
        pytest.param("http://127.1/", "would send the key in the clear", id="loopback spelled oddly"),
        pytest.param("http://2130706433/", "would send the key in the clear", id="loopback as a number"),
        pytest.param("http://0.0.0.0/", "would send the key in the clear", id="every address of this machine"),
        pytest.param("ftp://hub.example.com/", "is reached over https://", id="another protocol"),
        pytest.param("hub.example.com/graphql", "is reached over https://", id="no protocol"),
        pytest.param("sandbox://hub.example.com", "is reached over https://", id="a sandbox with a host"),
        pytest.param("", "is reached over https://", id="nothing"),
        pytest.param("https:///graphql", "a host name is made of", id="no host"),
        pytest.param("https://hüb.example.com/", "a host name is made of", id="a host beyond ASCII"),
        pytest.param("https://hub.example.com\\.evil.example/", "a host name is made of", id="a backslash"),
        pytest.param("https://hub.example.com/a b", "a path is made of", id="a space in the path"),
        pytest.param("https://hub.exam\tple.com/", "a control character", id="a tab that some readers drop"),
        pytest.param("https://hub.example.com\u202e/", "a control character", id="a reordering character"),
        pytest.param("https://hub.example.com:99999/", "not an address", id="a port too high"),
        pytest.param("https://[::1/", "not an address", id="half a bracket"),
    ],
)
def test_an_address_is_refused(raw: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        parse_address(raw)
    assert caught.value.hint
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("https://jane:hunter2@hub.example.com/", id="user name and password"),
        pytest.param("https://hunter2@hub.example.com/", id="a user name"),
        pytest.param("https://api.helice.cloud\\@hunter2.example/", id="a host behind a backslash and an @"),
        pytest.param("x:hunter2@hub.example.com", id="user info without slashes"),
        pytest.param("https://hub.example.com/?apikey=hunter2", id="a query"),
        pytest.param("https://hub.example.com/#hunter2", id="a fragment"),
    ],
)
def test_what_could_be_a_secret_is_refused_and_not_repeated(raw: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_address(raw)
    assert "hunter2" not in f"{caught.value.message!s} {caught.value.hint!s} {caught.value.detail!s}"


@pytest.mark.parametrize("expected", ["api.helice.cloud", "API.Helice.Cloud", "api.helice.cloud.", None])
def test_the_host_that_the_settings_allow_passes(expected: str | None) -> None:
    check_host(parse_address("https://api.helice.cloud/v2"), None if expected is None else Text(expected))


def test_a_host_may_be_allowed_with_its_port_or_without() -> None:
    address = parse_address("https://hub.example.com:8443/")
    check_host(address, Text("hub.example.com"))
    check_host(address, Text("hub.example.com:8443"))
    with pytest.raises(UsageError):
        check_host(address, Text("hub.example.com:8444"))


@pytest.mark.parametrize("expected", ["helice.cloud", "", "*", "api.helice.cloud.example.com"])
def test_any_other_host_is_refused_with_both_named(expected: str) -> None:
    with pytest.raises(UsageError, match=r"the hub is at api\.helice\.cloud, but bo-sync\.yaml"):
        check_host(parse_address("https://api.helice.cloud/"), Text(expected))


def test_the_sandbox_is_no_other_host_since_nothing_leaves_the_machine() -> None:
    check_host(parse_address("sandbox:"), Text("api.helice.cloud"))
