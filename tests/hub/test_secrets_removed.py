"""Whatever a hub says, nobody reads eight characters of a secret in a row."""

import html
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from requests.adapters import BaseAdapter

from bo_sync.core.settings import Settings
from bo_sync.core.text import Text
from bo_sync.errors import HubError
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.doctor import examine
from bo_sync.hub.hub_url import parse_address
from bo_sync.hub.pagination import Sizes
from bo_sync.hub.secrets import HIDDEN, Credentials, Secret, masked, without
from bo_sync.hub.transport import Transport
from bo_sync.ports import DeleteRow
from bo_sync.render.escape import csv_cell, json_text, markdown, terminal
from tests.hub.sandboxed import Watched
from tests.hub.scripted import impatient

if TYPE_CHECKING:
    from bo_sync.hub.graphql import JsonObject, JsonValue

KEY = 'AB&cd<E\\f_12%41"34Z'


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        pytest.param(f"no {KEY}.", "no [secret].", id="whole"),
        pytest.param(f"no {KEY.lower()}.", "no [secret].", id="in another case"),
        pytest.param(f"no {KEY[3:11]}!", "no [secret]!", id="eight characters of it"),
        pytest.param(f"no {KEY[3:10]}!", f"no {KEY[3:10]}!", id="seven characters of it"),
        pytest.param(f"no {' '.join(KEY)} .", "no [secret] .", id="with spaces between"),
        pytest.param(f"no {chr(0x200B).join(KEY)}.", "no [secret].", id="with invisible characters between"),
        pytest.param(f"no {html.escape(KEY)}.", "no [secret].", id="escaped for a page"),
        pytest.param(f"no {quote(KEY)}.", "no [secret].", id="escaped for an address"),
        pytest.param(f"no {json.dumps(KEY)}.", 'no "[secret]".', id="escaped for JSON"),
        pytest.param("no " + "".join(f"\\u{ord(c):04x}" for c in KEY), "no [secret]", id="all of it escaped for JSON"),
        pytest.param("no " + "".join(f"&#{ord(c)};" for c in KEY), "no [secret]", id="all of it escaped for a page"),
        pytest.param(f"{KEY} and {KEY}{KEY}", "[secret] and [secret]", id="again and again"),
        pytest.param("nothing of it \\", "nothing of it \\", id="not at all"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_secret_is_hidden_when_it_comes(said: str, shown: str) -> None:
    assert without(said, [KEY]) == shown


ODD = "n\"w\\k_ey::4711##[x&<>@z'"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        pytest.param(f"no {ODD}.", "no [secret].", id="whole"),
        pytest.param(f"no {ODD.upper()}.", "no [secret].", id="in another case"),
        pytest.param(f"no {ODD[:-1]}.", f"no {ODD[:-1]}.", id="without its last character"),
        pytest.param(f"no {ODD[:8]}…", "no [secret]…", id="cut by an output"),
        pytest.param(f"no {ODD[:7]}…", f"no {ODD[:7]}…", id="cut to seven characters"),
        pytest.param(f"no {ODD[:9]}\n      {ODD[9:]}.", "no [secret].", id="wrapped"),
        pytest.param(json_text({"a": f"{ODD}."}), json_text({"a": "[secret]."}), id="in JSON"),
        pytest.param(json_text({"a": ODD[:9] + "…"}), json_text({"a": "[secret]…"}), id="cut, in JSON"),
        pytest.param(json_text({"a": f"x\n{ODD}"}), json_text({"a": "x\n[secret]"}), id="behind an escape in JSON"),
        pytest.param(markdown(f"no {ODD}."), "no [secret].", id="in Markdown"),
        pytest.param(terminal(f"no {ODD}."), "no [secret].", id="in a log"),
        pytest.param(html.escape(f"no {ODD}."), "no [secret].", id="in XML"),
        pytest.param(quote(f"no {ODD}.", safe=" "), "no [secret].", id="in an address"),
        pytest.param(ODD.replace('"', '""'), "[secret]", id="in CSV"),
        pytest.param(ODD.replace("'", "''"), "[secret]", id="in YAML"),
        pytest.param(f"{ODD}{ODD} {ODD}", "[secret][secret] [secret]", id="again and again"),
    ],
)
def test_a_secret_is_masked_in_a_result(said: str, shown: str) -> None:
    assert masked(said, [ODD]) == shown


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param("key;=4711-0815", id="a semicolon before an equals sign"),
        pytest.param("longer-key;+4711", id="a semicolon before a plus sign, behind the first characters"),
        pytest.param("longer-key;-4711", id="a semicolon before a minus sign"),
        pytest.param("longer-key;@4711", id="a semicolon before an at sign"),
        pytest.param('longer-key;"=4711', id="a semicolon before a quotation mark and an equals sign"),
        pytest.param("a;=b;+c;-d;@e;f", id="a semicolon before each sign"),
        pytest.param("longer-key;'=4711", id="a semicolon before a quote of its own"),
        pytest.param(";=longer-key-4711", id="a semicolon at the beginning"),
        pytest.param("=longer-key-4711;", id="a sign at the beginning and a semicolon at the end"),
    ],
)
@pytest.mark.parametrize("around", ["{}", "no {}.", "no {}=1"])
def test_a_secret_is_masked_in_the_cells_of_a_table(secret: str, around: str) -> None:
    for spelled in (csv_cell(around.format(secret)), csv_cell(around.format(secret)).replace('"', '""')):
        shown = masked(spelled, [secret])
        assert HIDDEN in shown
        assert "4711" not in shown.replace(HIDDEN, "")
        assert shown.removeprefix("'") in {around.format(HIDDEN), csv_cell(around.format(HIDDEN))}


@given(st.text(max_size=20), st.text([chr(code) for code in range(0x21, 0x7F)], min_size=8, max_size=60), st.text())
def test_a_masked_result_of_json_stays_json_and_holds_no_secret(before: str, secret: str, after: str) -> None:
    shown = masked(json_text({"a": before + secret + after, "b": 1}), [secret])
    document = json.loads(shown)
    assert list(document) == ["a", "b"] or secret.lower() in '{"a":"b"}'
    assert secret.lower() not in document["a"].lower() or secret.lower() in "[secret]"


def test_an_escape_whose_letter_begins_a_secret_goes_with_it() -> None:
    assert json.loads(masked(json_text({"a": "x\newer-key-4711"}), ["newer-key-4711"])) == {"a": "x[secret]"}


def test_a_short_secret_is_hidden_as_a_whole_and_a_tiny_one_is_none() -> None:
    assert without("a hunter and the hunt", ["hunter"]) == "a [secret] and the hunt"
    assert without("a bad key", ["bad"]) == "a bad key"


def test_two_secrets_with_a_part_in_common_are_hidden_each_as_a_whole() -> None:
    assert without("one-of-the-keys two-of-the-keys", ["one-of-the-keys", "two-of-the-keys"]).count("-") == 0


def test_an_escape_that_makes_a_character_visible_completes_no_secret() -> None:
    assert "x1b34567" not in str(Credentials(Secret("\\x1b34567")).said("\x1b34567"))


# No vowels: so nothing that we say ourselves has eight characters of a secret in a row.
SECRETS = st.text(
    [chr(code) for code in range(0x21, 0x7F) if chr(code) not in "aeiouAEIOU"], min_size=8, max_size=30
).filter(lambda raw: "https://" not in raw.lower())
CODES = st.text("BCDFGHJKLMNPQRSTVWXYZ_0123456789", min_size=8, max_size=30).map("K".__add__)
FORMS: tuple[Callable[[str], str], ...] = (
    str,
    html.escape,
    quote,
    lambda raw: json.dumps(raw)[1:-1],
    lambda raw: "".join(f"&#{ord(character)};" for character in raw),
    " ".join,
    "\u200b".join,
    "<i></i>".join,
    "\x00".join,
)


@st.composite
def echoes(draw: st.DrawFn, secrets: tuple[str, str]) -> str:
    """Parts of the secrets in some form, with something between."""
    said = draw(st.text(max_size=3))
    for _ in range(draw(st.integers(1, 4))):
        secret = draw(st.sampled_from(secrets))
        start = draw(st.sampled_from([0, 0, 1, 3]))
        part = secret[start : start + draw(st.sampled_from([4, 7, 8, 99]))]
        said += draw(st.sampled_from(FORMS))(part) + draw(st.sampled_from(["", " ", "\n", "&", "<b>", "é"]))
    return said


@dataclass(frozen=True)
class Said:
    """What a hub answers to everything."""

    status: int
    body: str
    headers: Mapping[str, str]


def bodies(echo: str) -> dict[str, str]:
    """The echo, wherever a hub can put it."""
    error: JsonObject = {"message": echo, "extensions": {"code": echo}, "path": [echo]}
    named: JsonObject = dict.fromkeys(("id", "userId", "name", "email", "access", "gender"), echo)
    page: JsonObject = {"itemsFound": 1, "offset": 100, "pages": 1}
    profile = dict.fromkeys(("firstName", "middleName", "lastName", "phone", "job", "language"), echo)
    times = dict.fromkeys(("createdAt", "lastModifiedAt"), echo)
    demanded: JsonValue = {"name": echo, "defaultValue": None, "type": {"kind": "NON_NULL"}}
    results: dict[str, JsonValue] = {
        "items of the wrong kind": {**page, "items": [named]},
        "a page of the wrong kind": {"items": echo, "itemsFound": 10**12, "offset": [echo], echo: {echo: echo}},
        "definitions": {**page, "items": [{"id": "d", "name": echo, "defaultAccess": "VIEWER"}]},
        "somebody of the wrong kind": {**named, **profile, **times},
        "somebody else": {"id": "1", "email": echo, "gender": None, **profile, **times},
        "a changed schema": {"fields": None, "inputFields": [demanded], "enumValues": None},
        "a list": [echo],
        "a text": echo,
        "an object": {echo: echo},
    }
    operations = ("adminUsers", "roleDefinitions", "roles", "adminUser", "adminUserViewer", "adminUserCreate")
    types = ("AdminUsersSearchInput", "Gender")
    return {
        "an error alone": json.dumps({"errors": [error]}),
        "an error beside no data": json.dumps({"errors": [error], "data": None}),
        "a denial": json.dumps({"errors": [{**error, "extensions": {"code": "FORBIDDEN"}}]}),
        "a page of HTML": f"<html><title>{echo}</title><p>{html.escape(echo)}</p></html>",
        "plain text": echo,
        "JSON of another kind": json.dumps(echo),
        "nothing but headers": "",
        **{name: json.dumps({"data": dict.fromkeys(operations + types, shape)}) for name, shape in results.items()},
    }


def answers(echo: str, place: str) -> st.SearchStrategy[Said]:
    """The echo in one place of the body, and in the headers, with some status."""
    headers = st.fixed_dictionaries(
        {"Content-Type": st.sampled_from(["application/json", "text/html", echo])},
        optional={"Location": st.just(echo), "Retry-After": st.just(echo)},
    )
    statuses = st.sampled_from([200, 200, 200, 302, 400, 401, 403, 404, 500, 503])
    return st.builds(Said, statuses, st.just(bodies(echo)[place]), headers)


class Echoing(BaseAdapter):
    """Gives one answer to every request."""

    def __init__(self, said: Said, reason: str) -> None:
        super().__init__()
        self._said = said
        self._reason = reason

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        response = requests.Response()
        response.status_code, response.reason = self._said.status, self._reason
        response.headers.update(self._said.headers)
        response.raw = io.BytesIO(self._said.body.encode("utf-8", "replace"))
        response.request = request
        return response

    def close(self) -> None:
        """Nothing is open."""


def everything_told(transport: Transport) -> Iterator[str]:
    """All errors of all operations, with their causes, and all that doctor finds."""
    hub, jane = CommerceHub(transport), Text("jane@example.com")
    operations: tuple[Callable[[], object], ...] = (
        lambda: hub.read_all(Watched()),
        hub.read_definitions,
        lambda: hub.read_user(jane),
        lambda: hub.create_user(jane, ()),
        lambda: hub.update_profile(jane, ()),
        lambda: hub.delete_user(jane),
        lambda: hub.write_rows(7, [DeleteRow("8"), DeleteRow("9")]),
    )
    for operation in operations:
        try:
            operation()
        except HubError as err:
            cause: BaseException | None = err
            while cause is not None:
                yield f"{cause} {cause!r} {vars(cause)!r}"
                cause = cause.__cause__
    yield from (
        f"{check.message!s}\n{check.hint!s}"
        for check in examine(transport, Sizes(100, 100), Settings(), probe_writes=True)
    )


@pytest.mark.parametrize("place", bodies(""))
@settings(max_examples=settings().max_examples // 3)
@given(st.data(), st.tuples(SECRETS | CODES, SECRETS))
def test_no_error_tells_eight_characters_of_a_secret_that_a_hub_says_in(
    place: str, data: st.DataObject, secrets: tuple[str, str]
) -> None:
    echo = data.draw(st.sampled_from(secrets) | echoes(secrets))
    said = data.draw(answers(echo, place))
    credentials = Credentials(Secret(secrets[0]), Secret(secrets[1]))
    adapters = {"sandbox:": Echoing(said, echo)}
    transport = Transport(parse_address("sandbox:"), credentials, adapters=adapters, pace=impatient())
    parts = [secret[start : start + 8] for secret in secrets for start in range(len(secret) - 7)]
    for told in everything_told(transport):
        assert not [part for part in parts if part in told], told
