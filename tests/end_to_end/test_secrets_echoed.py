"""A hub that says our secrets back, in every part of every answer: none of it is printed, kept, or told on."""

import json
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest

from bo_sync.sandbox.interception import HubAnswer
from bo_sync.sandbox.population import FIRST_USER, baseline_population
from tests.cli.lying import HTML, JSON, READS, WRITES, Liar, page
from tests.end_to_end.hubs import ObservedHub, observed
from tests.end_to_end.world import file, files, user
from tests.support.inside import inside
from tests.support.process import Ran, bo_sync, write

KEY: Final = "recognisable-key-4711"
TOKEN: Final = "recognisable-token-0815"
ECHO: Final = " ".join(
    (KEY, TOKEN, KEY.upper(), "-".join(KEY), "\u200b".join(TOKEN), quote(KEY).replace("-", "%2d"), f"({TOKEN[3:]})")
)
ENTITIES: Final = "".join(f"&#x{ord(character):x};" for character in KEY)
FILES: Final = files(file("old@example.com", "job: Poet"), file("new@example.com", "modules: {pricing: viewer}"))
READING: Final = ("plan", "apply --yes", "apply --yes --format json", "pull", "users --live", "doctor --format json")


def graphql(status: int = 200, code: str = "BAD_REQUEST") -> HubAnswer:
    """A GraphQL error of which every part is a secret, but for a code that is to be believed."""
    errors: list[dict[str, object]] = [
        {"message": ECHO, "path": [KEY, TOKEN], "extensions": {"code": code, "key": KEY, TOKEN: [ECHO]}, KEY: TOKEN},
        {"message": TOKEN, "path": [TOKEN], "extensions": {"code": KEY.upper().replace("-", "_")}},
    ]
    return page(status, json.dumps({"errors": errors, "data": None, "extensions": {KEY: TOKEN}}), JSON)


def whoever(**more: object) -> dict[str, object]:
    names = ("gender", "firstName", "middleName", "lastName", "phone", "job", "language")
    return {"id": 1, "email": "a@example.com", **dict.fromkeys(names), "createdAt": "", "lastModifiedAt": "", **more}


def result(found: object) -> HubAnswer:
    roots = ("adminUsers", "roleDefinitions", "adminUserViewer", "adminUserCreate", "adminUserUpdate", "adminUser")
    return page(200, json.dumps({"data": dict.fromkeys(roots, found)}), JSON)


def one(**more: object) -> HubAnswer:
    return result({"items": [whoever(**more)], "itemsFound": 1, "offset": 100, "pages": 1})


LOUD: Final = {"Server": KEY, "Set-Cookie": f"k={KEY}", "WWW-Authenticate": f"Basic {TOKEN}", "X-Key": KEY, KEY: TOKEN}
ANSWERS: Final[dict[str, HubAnswer]] = {
    "an error": graphql(),
    "a denial": graphql(code="FORBIDDEN"),
    "an error with 400": graphql(400),
    "a denial with 401": graphql(401),
    "a denial with 403": graphql(403),
    "a page": page(404, f"<title>{ECHO}</title><p>{ENTITIES}</p>", {**HTML, **LOUD}),
    "a gateway's denial": page(403, ECHO, {**LOUD, "Content-Type": f"text/{KEY}"}),
    "a text": page(200, ECHO, {**LOUD, "Content-Type": f"{TOKEN}/{KEY}"}),
    "a redirect": page(302, KEY, {**LOUD, "Location": f"https://{TOKEN}.example.com/{KEY}?key={KEY}#{TOKEN}"}),
    "a redirect to nowhere": page(308, KEY, {**LOUD, "Location": f"{KEY}:{TOKEN}"}),
    "a text as a result": result(ECHO),
    "a list as a result": result([KEY, {KEY: TOKEN}]),
    "unknown keys": result({KEY: TOKEN}),
    "a key as an id": one(id=KEY),
    "a key as a gender": one(gender=TOKEN),
    "a key as keys of a name": one(firstName={KEY: TOKEN}),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "files", FILES)


@pytest.fixture
def liar() -> Liar:
    return Liar()


@pytest.fixture
def hub(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObservedHub]:
    population = baseline_population()
    population["keys"] = [{"key": KEY, "access": "OWNER"}]
    population["sessions"] = [{"token": TOKEN, "email": FIRST_USER}]
    population["users"] = [*population["users"], user("old@example.com")]
    monkeypatch.setenv("BO_SYNC_API_KEY", KEY)
    monkeypatch.setenv("BO_SYNC_SESSION_TOKEN", TOKEN)
    with observed(population, liar) as made:
        yield made


def check(root: Path, ran: Ran) -> None:
    """No eight characters of a secret in a row are in what was said, or in any file."""
    kept = [path.read_text("utf-8", "replace") for path in root.rglob("*") if path.is_file()]
    for text in (ran.out, ran.err, *kept):
        folded = text.lower()
        for secret in (KEY, TOKEN):
            for start in range(len(secret) - 7):
                assert secret[start : start + 8] not in folded, text


OTHERS: Final = (frozenset({"roleDefinitions"}), frozenset({"adminUserViewer"}), frozenset({"__type"}))
"""What else is asked, beside users."""


@pytest.mark.parametrize("command", READING)
def test_no_question_brings_a_secret_to_light(command: str, root: Path, hub: ObservedHub, liar: Liar) -> None:
    answers = list(ANSWERS.values())
    for roots, answer in (*product([READS], answers), *product(OTHERS, answers[::3])):
        liar.roots, liar.said = roots, said(answer)
        ran = inside(*command.split(), "-C", str(root), "--hub", hub.url, "--page-size", "1", "--verbose")
        check(root, ran)
        if roots == READS and not command.startswith("doctor"):
            assert ran.code == 1


def said(answer: HubAnswer) -> Callable[[str], HubAnswer]:
    return lambda _: answer


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_no_change_reveals_a_secret(answer: HubAnswer, root: Path, hub: ObservedHub, liar: Liar) -> None:
    for roots in (WRITES, frozenset({"roleCreate"}), frozenset({"adminUser"}) | WRITES):
        liar.roots, liar.said = roots, said(answer)
        for form in ("text", "json"):
            command = ("apply", "--yes", "--format", form, "--verbose")
            check(root, inside(*command, "-C", str(root), "--hub", hub.url))
        check(root, inside("journal", "latest", "-C", str(root)))
    assert list((root / ".bo-sync" / "journal").iterdir())


@pytest.mark.parametrize("command", [*READING, "doctor --probe-writes"])
def test_a_real_process_keeps_it_too(command: str, root: Path, hub: ObservedHub, liar: Liar) -> None:
    liar.roots, liar.said = READS | WRITES, said(ANSWERS["an error"])
    env = {**hub.env(KEY), "BO_SYNC_SESSION_TOKEN": TOKEN}
    ran = bo_sync(root, *command.split(), "--verbose", env=env)
    check(root, ran)
    assert "[secret]" in ran.out + ran.err
