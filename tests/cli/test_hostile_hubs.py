"""Everything that a hub can say, hostile, through every command that asks it: it shows, and does nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from typing import Final

import pytest

from bo_sync.sandbox.interception import HubAnswer
from bo_sync.sandbox.population import FIRST_USER, DefinitionRecord, Population, UserRecord, baseline_population
from tests.cli.lying import JSON, READS, WRITES, Liar, Said, fault, header, page
from tests.end_to_end.hubs import ObservedHub, observed
from tests.support.hostile import HOSTILE
from tests.support.inside import check_inert, check_shown, inside
from tests.support.process import Ran, bo_sync, write

LONGEST: Final = 1000
ATTACKS: Final = {name: attack[:LONGEST] for name, attack in HOSTILE.items() if attack.strip()}
ALL_AT_ONCE: Final = "\x1b]52;c;Zg==\x07 ::error::x\n::add-mask::y ##[error] \u202e\u200b\x85\udcff"
FILES: Final = {
    "bo-sync.yaml": "guardrails: {max_grant_losses: 99, max_user_deletes: 99}\n",
    "users/new.yaml": "email: new@example.com\nfirst_name: New\nlast_name: Person\nmodules: {pricing: viewer}\n",
    "users/old.yaml": "email: old@example.com\nfirst_name: Old\nlast_name: Person\njob: Poet\nphone: null\n",
    "users/gone.yaml": "email: gone@example.com\nstate: absent\n",
}
LIVE: Final[list[UserRecord]] = [
    {"email": f"{name}@example.com", "firstName": name.title(), "lastName": "Person", "language": "NL", "phone": "1"}
    for name in ("old", "gone")
]


def population(*more: UserRecord) -> Population:
    start = baseline_population()
    return {**start, "users": [*start["users"], *LIVE, *more]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "root", FILES)


@pytest.fixture
def liar() -> Liar:
    return Liar()


@pytest.fixture
def hub(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObservedHub]:
    monkeypatch.setenv("BO_SYNC_API_KEY", "sandbox-owner")
    with observed(population(), liar) as made:
        yield made


def asked(root: Path, hub: ObservedHub, *command: str) -> Ran:
    ran = inside(*command, "-C", str(root), "--hub", hub.url, "--verbose")
    check_inert(ran)
    return ran


def one_line(attack: str) -> str:
    return " ".join(attack.split())


QUOTED: Final[dict[str, Said]] = {
    "an error's message": fault,
    "an error's message with 400": lambda attack: fault(attack, 400),
    "a denial": lambda attack: fault(attack, 200, "FORBIDDEN"),
    "a denial of the key": lambda attack: fault(attack, 401, "UNAUTHENTICATED"),
    "a gateway's denial": lambda attack: page(403, attack, {"Content-Type": "text/plain"}),
    "a page of text": lambda attack: page(404, attack, {"Content-Type": "text/plain"}),
}
"""Answers whose attack is quoted, on one line."""


@pytest.mark.parametrize("said", QUOTED.values(), ids=QUOTED)
def test_what_a_hub_answers_shows_and_does_nothing(said: Said, root: Path, hub: ObservedHub, liar: Liar) -> None:
    liar.said, liar.roots = said, READS
    for attack in ATTACKS.values():
        liar.attack = attack
        ran = asked(root, hub, "plan", "--page-size", "1")
        assert ran.code == 1
        if not attack.startswith("<"):
            check_shown(ran, one_line(attack.partition("\udcff")[0]))


@pytest.mark.parametrize("said", QUOTED.values(), ids=QUOTED)
def test_every_command_that_asks_shows_it_harmlessly(said: Said, root: Path, hub: ObservedHub, liar: Liar) -> None:
    liar.said, liar.roots, liar.attack = said, READS, ALL_AT_ONCE
    for command in ("pull", "users --live", "users --live --format json", "doctor", "apply --yes"):
        ran = asked(root, hub, *command.split(), "--page-size", "1")
        assert ran.code in ({0, 1} if command == "doctor" else {1})
        check_shown(ran, one_line(ALL_AT_ONCE))
    told = asked(root, hub, "doctor", "--format", "json", "--page-size", "1")
    assert "x1b]52;c" in told.out
    assert told.out.isascii()


UNSOUND: Final[dict[str, Said]] = {
    "a page of HTML": lambda attack: page(404, f"<h1>{attack}</h1><p>{attack}"),
    "a gateway's page": lambda attack: page(501, f"<b>{attack}"),
    "HTML as entities": lambda attack: page(404, "<i>" + "".join(f"&#{ord(character)};" for character in attack)),
    "a redirect": lambda attack: HubAnswer(302, b"", {"Location": header(attack)}),
    "a redirect to an address": lambda attack: HubAnswer(307, b"", {"Location": f"https://{header(attack)}/"}),
    "a type of content": lambda attack: page(404, "x", {"Content-Type": f"text/{header(attack)}"}),
    "an error's code": lambda attack: fault("no", 200, attack),
    "an error's path": lambda attack: page(200, json.dumps({"errors": [{"message": "", "path": [attack]}]}), JSON),
    "data that is a text": lambda attack: page(200, json.dumps({"data": attack}), JSON),
    "a list that is a text": lambda attack: page(200, json.dumps({"data": {"adminUsers": attack}}), JSON),
    "people who are texts": lambda attack: users([attack]),
    "people of other keys": lambda attack: users([{attack: attack}]),
    "an id that is a text": lambda attack: users([user(id=attack)]),
    "an address that is a list": lambda attack: users([user(email=[attack])]),
    "a gender that is a text": lambda attack: users([user(gender=attack)]),
    "a name that is an object": lambda attack: users([user(firstName={attack: attack})]),
    "a count that is a text": lambda attack: users([], itemsFound=attack),
}
"""Answers of which only what is harmless is told, if anything."""


def users(items: list[object], **more: object) -> HubAnswer:
    held = {"items": items, "itemsFound": len(items), "offset": 100, "pages": 1, **more}
    return page(200, json.dumps({"data": {"adminUsers": held}}), JSON)


def user(**more: object) -> dict[str, object]:
    fields = dict.fromkeys(("gender", "firstName", "middleName", "lastName", "phone", "job", "language"))
    return {"id": 1, "email": "a@b.example", **fields, "createdAt": "", "lastModifiedAt": "", **more}


@pytest.mark.parametrize("said", UNSOUND.values(), ids=UNSOUND)
def test_an_answer_that_makes_no_sense_acts_on_nobody(said: Said, root: Path, hub: ObservedHub, liar: Liar) -> None:
    liar.said, liar.roots = said, READS
    for attack in (*list(ATTACKS.values())[:12], ALL_AT_ONCE):
        liar.attack = attack
        assert asked(root, hub, "plan", "--page-size", "1").code == 1
    for command in (("pull",), ("users", "--live"), ("doctor",), ("apply", "--yes")):
        assert asked(root, hub, *command, "--page-size", "1").code in {0, 1}


REFUSED: Final[dict[str, Said]] = {
    **QUOTED,
    "it is there already": lambda attack: fault(attack, 200, "ROLE_ALREADY_EXISTS_ERROR"),
    "it is gone": lambda attack: fault(attack, 200, "NOT_FOUND"),
    "nobody knows": lambda attack: fault(attack, 200, "INTERNAL_SERVER_ERROR"),
    "half of it": lambda attack: fault(attack, 200, "X", {}),
    **{name: said for name, said in UNSOUND.items() if "people" not in name and "gateway" not in name},
}


@pytest.mark.parametrize("said", REFUSED.values(), ids=REFUSED)
def test_what_a_hub_says_to_a_change_is_reported(said: Said, root: Path, hub: ObservedHub, liar: Liar) -> None:
    liar.said, liar.roots = said, WRITES
    for attack in (ALL_AT_ONCE, *list(ATTACKS.values())[:4]):
        liar.attack = attack
        rmtree(root / ".bo-sync", ignore_errors=True)
        ran = asked(root, hub, "apply", "--yes")
        assert ran.code in {1, 5}, ran
        told = inside("journal", "latest", "-C", str(root))
        check_inert(told)
        if said in QUOTED.values():
            check_shown(ran, one_line(attack))
            check_shown(told, one_line(attack))
    document = asked(root, hub, "apply", "--yes", "--format", "json")
    assert document.out.isascii()
    assert json.loads(document.out)["summary"]["applied"] == 0
    assert inside("journal", "latest", "--format", "json", "-C", str(root)).out.isascii()


NO_SURROGATES: Final = {name: attack for name, attack in ATTACKS.items() if "surrogate" not in name}


def hostile_users() -> list[UserRecord]:
    """Somebody for each attack who has it everywhere, and somebody with a file, whose every field it is."""
    found: list[UserRecord] = []
    for number, attack in enumerate(NO_SURROGATES.values()):
        everywhere: UserRecord = {
            "email": attack,
            "firstName": attack,
            "middleName": attack,
            "lastName": attack,
            "phone": attack,
            "job": attack,
            "createdAt": attack,
        }
        found.append({**everywhere, "roles": [{"definition": attack, "access": "OWNER"}]})
        found.append({**everywhere, "email": f"p{number}@example.com"})
    return found


def hostile_population() -> Population:
    start = population(*hostile_users())
    more: list[DefinitionRecord] = [{"name": attack} for attack in NO_SURROGATES.values()]
    return {**start, "definitions": [*start["definitions"], *more]}


def test_users_and_definitions_of_a_hostile_hub_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BO_SYNC_API_KEY", "sandbox-owner")
    users = {
        f"users/p{number}.yaml": f"email: p{number}@example.com\nfirst_name: P\nlast_name: Q{number}\njob: x\n"
        for number in range(len(NO_SURROGATES))
    }
    settings = FILES["bo-sync.yaml"] + "role_definitions: {mystery: nowhere}\n"
    root = write(tmp_path, {**FILES, **users, "bo-sync.yaml": settings})
    with observed(hostile_population(), Liar()) as hub:
        for command in ("plan", "users --live", "doctor", "apply --yes"):
            ran = asked(root, hub, *command.split())
            for attack in NO_SURROGATES.values():
                check_shown(ran, attack.strip())
        check_inert(inside("journal", "latest", "-C", str(root)))
        asked(root, hub, "pull", "--update")
        write(root, {"bo-sync.yaml": settings + "unmanaged: delete\n"})
        assert asked(root, hub, "plan", "--format", "json").out.isascii()
        assert asked(root, hub, "users", "--live", "--format", "json").out.isascii()
        assert asked(root, hub, "doctor", "--format", "json").out.isascii()
        asked(root, hub, "plan")
        asked(root, hub, "apply", "--yes")


def test_a_session_of_somebody_hostile_is_told_harmlessly(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BO_SYNC_API_KEY", "sandbox-owner")
    monkeypatch.setenv("BO_SYNC_SESSION_TOKEN", "t")
    attack = "".join(ALL_AT_ONCE.replace("\udcff", "").split()) + "@example.com"
    everything = next(user for user in baseline_population()["users"] if user["email"] == FIRST_USER)
    start = population({**everything, "email": attack})
    with observed({**start, "sessions": [{"token": "t", "email": attack}]}, Liar()) as hub:
        write(root, {"bo-sync.yaml": FILES["bo-sync.yaml"] + "unmanaged: delete\n"})
        ran = asked(root, hub, "plan")
        assert ran.code == 4
        check_shown(ran, attack)
        write(root, {"bo-sync.yaml": FILES["bo-sync.yaml"]})
        assert asked(root, hub, "apply", "--yes").code == 0
    told = inside("journal", "latest", "-C", str(root))
    check_inert(told)
    check_shown(told, attack)


def test_a_real_process_shows_it_too(root: Path, hub: ObservedHub, liar: Liar) -> None:
    liar.said, liar.roots, liar.attack = fault, WRITES, ALL_AT_ONCE
    for command in (("plan",), ("apply", "--yes"), ("journal", "latest")):
        ran = bo_sync(root, *command, env={} if command[0] == "journal" else hub.env())
        check_inert(ran)
        if command != ("plan",):
            check_shown(ran, "\x1b]52;c")
