"""The schemas: valid themselves, and of one mind with the loader about sound files."""

import json
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from bo_sync.config.files import Kind
from bo_sync.config.formatting import dump_user
from bo_sync.config.json_schema import ANY, EXAMPLES, KINDS, Vocabulary, json_schema
from bo_sync.config.load import tree_of
from bo_sync.config.yaml_reader import read
from bo_sync.core.model import MODULES, PLATFORM, Declaration, Role
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text
from tests.config.declarations import NAMES, declarations
from tests.support.discovered import discovered
from tests.support.process import write

ROOT = Path(__file__).parent.parent.parent


@cache
def validator(kind: Kind) -> Draft7Validator:
    return Draft7Validator(json.loads(json_schema(kind)))


def complaints(kind: Kind, text: str) -> list[str]:
    value = read(text.encode(), Text("f")).value
    return [error.message for error in validator(kind).iter_errors(value)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_a_sound_draft_7_schema_in_pure_ascii_and_describes_every_key(kind: Kind) -> None:
    text = json_schema(kind)
    schema = json.loads(text)
    Draft7Validator.check_schema(schema)
    assert text.isascii()
    assert json_schema(kind) == text
    for part in [schema, *schema.get("definitions", {}).values()]:
        for name, value in part.get("properties", {}).items():
            assert value.get("description") or name == "users", name


def parts(kind: Kind, words: Vocabulary = ANY) -> dict[str, dict[str, Any]]:
    """The properties of the file and of what it is made of."""
    schema = json.loads(json_schema(kind, words))
    found = {"": schema, **schema["definitions"]}
    return {name: part["properties"] for name, part in found.items() if "properties" in part}


@pytest.mark.parametrize("kind", KINDS)
def test_every_example_and_every_default_satisfies_its_own_schema(kind: Kind) -> None:
    schema = json.loads(json_schema(kind))
    told = []
    for name, value in (entry for properties in parts(kind).values() for entry in properties.items()):
        assert {"examples", "enum", "const", "$ref"} & set(value) or name in {"access", "users"}, name
        own = Draft7Validator({"definitions": schema["definitions"], "allOf": [value]})
        for example in (*value.get("examples", ()), *([value["default"]] if "default" in value else [])):
            told += [error.message for error in own.iter_errors(example)]
    assert told == []


def test_every_example_is_used() -> None:
    values = [value for kind in KINDS for part in parts(kind).values() for value in part.values()]
    used = [repr(value["examples"]) for value in values if "examples" in value]
    assert [name for name, examples in EXAMPLES.items() if repr(list(examples)) not in used] == []


def test_the_defaults_are_those_of_the_settings() -> None:
    default, told = Settings(), {**parts("config")[""], **parts("config")["GuardrailsDocument"]}
    assert told["unmanaged"]["default"] == default.unmanaged
    assert told["timezone"]["default"] == default.timezone
    assert told["expiring_within"]["default"] == default.expiring_within
    assert told["min_role_owners"]["default"] == default.guardrails.min_role_owners
    assert told["max_user_deletes"]["default"] == {"percent": 20, "floor": 1, "cap": 10}


def test_every_role_is_described_in_the_words_of_the_documentation() -> None:
    user = parts("user")["Person"]
    roles = {**user["platform"]["properties"], **user["modules"]["properties"]}
    assert list(roles) == [*PLATFORM, *MODULES]
    assert roles["pricing"]["description"] == "Pricing: prices, pricesheets, discounts, taxes, surcharges."


WAREHOUSE = Vocabulary(("sales",), (*MODULES, Role("warehouse")))


def test_modules_that_a_repository_added_are_named_and_no_others_are_let_through() -> None:
    user, preset, policy = (
        Draft7Validator(json.loads(json_schema(kind, WAREHOUSE))) for kind in ("user", "preset", "policy")
    )
    for module, sound in {"warehouse": True, "pricing": True, "warehous": False}.items():
        assert user.is_valid({"email": "a@b.c", "id": 4, "modules": {module: "owner"}}) is sound
        assert preset.is_valid({"modules": {module: "owner"}}) is sound
        assert policy.is_valid({"id": "x", "match": {"any_of": [{"has": {module: "owner"}}]}}) is sound
    assert "added" in str(parts("user", WAREHOUSE)["Person"]["modules"]["properties"])


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({}, Vocabulary(), id="an empty folder has no words of its own"),
        pytest.param(
            {
                "presets/b.yaml": "label: b\n",
                "presets/deep/a.yml": "]",
                "presets/no such.yaml": "",
                "presets/_c.yaml": "",
            },
            Vocabulary(("a", "b"), MODULES),
            id="presets count by their names, broken ones too",
        ),
        pytest.param(
            {"bo-sync.yaml": "role_definitions: {warehouse: wms}\n", "users/x.yaml": "]"},
            Vocabulary((), (*MODULES, Role("warehouse"))),
            id="an added module, beside people who are not read",
        ),
        pytest.param(
            {"bo-sync.yaml": "role_definitions: {Ware house: wms}\n", "presets/b.yaml": ""},
            Vocabulary(("b",)),
            id="broken settings say nothing certain of modules",
        ),
    ],
)
def test_the_words_of_a_repository(files: dict[str, str], expected: Vocabulary, tmp_path: Path) -> None:
    assert Vocabulary.of(write(tmp_path, files)) == expected


def test_the_repositorys_own_files_satisfy_the_schemas() -> None:
    users, presets = discovered(ROOT.glob("users/**/*.yaml")), discovered(ROOT.glob("presets/*.yaml"))
    assert [complaint for path in users for complaint in complaints("user", path.read_text())] == []
    assert [complaint for path in presets for complaint in complaints("preset", path.read_text())] == []


@given(declarations())
def test_what_we_write_satisfies_the_schema(declaration: Declaration) -> None:
    assert complaints("user", dump_user(declaration)) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"email": "a@b.c", "id": 4}, [], id="an id stands for the names, and is a number"),
        pytest.param(
            {"email": "a@b.c", "first_name": "J", "last_name": "D", "phone": 31, "language": "no"}, [], id="numbers"
        ),
        pytest.param({"users": [{"email": "a@b.c", "id": 4}]}, [], id="a list"),
        pytest.param(
            {"users": [], "email": "x"}, ["Additional properties are not allowed ('email' was unexpected)"], id="both"
        ),
        pytest.param({"id": 4}, ["'email' is a required property"], id="no address"),
        pytest.param(
            {"email": "a@b.c"},
            ["'first_name' is a required property", "'last_name' is a required property"],
            id="no names",
        ),
        pytest.param(
            {"email": "a@b.c", "id": 4, "modules": {"pricing": "none", "warehouse": "owner"}}, [], id="an added role"
        ),
        pytest.param(
            {"email": "a@b.c", "id": 4, "gender": "f"},
            ["'f' is not valid under any of the given schemas"],
            id="an unknown word",
        ),
    ],
)
def test_an_editor_is_told_what_the_loader_would_say(value: object, expected: list[str]) -> None:
    assert [error.message for error in validator("user").iter_errors(value)] == expected


JANE = "email: j@b.c\nfirst_name: J\nlast_name: D\n"
HELD = "email: j@b.c\nid: 7\n"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        pytest.param("user", JANE + "modules: {pricing: owner}\n", id="a module"),
        pytest.param("user", JANE + "phone: 0031\njob: 5\nlanguage: NO\n", id="text that an editor takes for numbers"),
        pytest.param("user", JANE + "preset: 2024\n", id="a preset with a number for a name"),
        pytest.param(
            "user", JANE + "ignore: [{rule: 7, reason: 12, until: 2099-01-01}]\n", id="a rule that is a number"
        ),
        pytest.param("user", HELD + "language: 12\nfirst_name: null\n", id="odd fields of a person who is held"),
        pytest.param("user", "email: 5\nid: 7\n", id="an odd address of a person who is held"),
        pytest.param("user", "email: a.b+c@x-y.z\nstate: absent\n", id="an address with dots"),
        pytest.param("preset", "label: 5\nextends: [2024]\nmodules: {pricing: none}\n", id="a preset"),
        pytest.param("config", "role_definitions: {tickets: 5}\n", id="a hub name that is a number"),
        pytest.param("config", "email_domains: [5]\nhub_host: 5\n", id="numbers in lists"),
        pytest.param("config", "defaults: {language: nl, job: null, phone: 31}\n", id="defaults"),
        pytest.param(
            "config",
            "guardrails: {max_user_deletes: {percent: 100, floor: 999999999, cap: 999999999}}\n",
            id="the largest limits",
        ),
    ],
)
def test_a_schema_takes_what_validation_takes(kind: Kind, text: str) -> None:
    assert refusals(kind, text) == []
    assert schema_refuses(kind, text) == (False, False)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        pytest.param("user", JANE + "modules: {backoffice: owner}\n", id="an area of the platform among modules"),
        pytest.param("user", JANE + "platform: {pricing: true}\n", id="a module in the platform"),
        pytest.param("user", JANE + "language: nld\n", id="a language of three letters"),
        pytest.param("user", JANE + "language: 12\n", id="a language that is a number"),
        pytest.param("user", JANE + "job: " + "x" * 31 + "\n", id="a long field"),
        pytest.param("user", JANE.replace("j@b.c", ".a@x"), id="an address that starts with a dot"),
        pytest.param("user", JANE.replace("j@b.c", "a..b@x"), id="an address with two dots"),
        pytest.param("user", JANE.replace("j@b.c", "a@x."), id="an address that ends with a dot"),
        pytest.param("user", JANE.replace("j@b.c", '""'), id="no address"),
        pytest.param("user", HELD.replace("j@b.c", '""'), id="no address of a person who is held"),
        pytest.param("user", HELD.replace("7", "10000000000"), id="an id that is too large"),
        pytest.param("user", JANE + 'ignore: [{rule: BOS001, reason: "", until: 2099-01-01}]\n', id="no reason"),
        pytest.param("preset", "modules: {sales_hub: owner}\n", id="an area among a preset's modules"),
        pytest.param("config", "defaults: {language: eng}\n", id="a default language of three letters"),
        pytest.param("config", "defaults: {language: 12}\n", id="a default language that is a number"),
        pytest.param("config", "defaults: {job: " + "x" * 31 + "}\n", id="a long default"),
        pytest.param("config", 'timezone: ""\n', id="an empty time zone"),
        pytest.param("config", "timezone: Europe/\n", id="half a time zone"),
        pytest.param("config", "role_definitions: {Tickets: t}\n", id="a capital in a role's name"),
        pytest.param("config", 'role_definitions: {tickets: ""}\n', id="an empty hub name"),
        pytest.param("config", "guardrails: {max_user_deletes: {cap: 1000000000}}\n", id="a limit that is too large"),
        pytest.param("config", 'guardrails: {max_user_deletes: {cap: "01"}}\n', id="a limit with a zero before it"),
    ],
)
def test_a_schema_refuses_what_validation_refuses(kind: Kind, text: str) -> None:
    assert refusals(kind, text)
    assert schema_refuses(kind, text) == (True, True)


def test_every_time_zone_is_let_through() -> None:
    refused = [zone for zone in available_timezones() if not validator("config").is_valid({"timezone": zone})]
    assert refused == []


def refusals(kind: Kind, text: str) -> list[str]:
    """The errors of loading a file of this kind."""
    path = {"user": "users/u.yaml", "preset": "presets/p.yaml", "config": "bo-sync.yaml"}[kind]
    others = [("presets/2024.yaml", b"label: x\n")]
    return [str(problem) for problem in tree_of([*others, (path, text.encode())]).errors]


def schema_refuses(kind: Kind, text: str) -> tuple[bool, bool]:
    """Whether the schema refuses what we read, and what an editor reads, to whom a day is text and 5 a number."""
    editors = YAML(typ="safe", pure=True).load(text.replace("2099-01-01", '"2099-01-01"'))
    return bool(complaints(kind, text)), not validator(kind).is_valid(editors)


def test_names_of_presets_can_be_limited_to_those_that_exist_and_may_be_numbers() -> None:
    user = {"email": "a@b.c", "id": 4}
    schema = Draft7Validator(json.loads(json_schema("user", Vocabulary(("2024", "1e3")))))
    assert schema.is_valid({**user, "presets": [2024, 1000, "1e3"]})
    assert not schema.is_valid({**user, "preset": 2025})
    schema = Draft7Validator(json.loads(json_schema("user", Vocabulary(NAMES))))
    assert not list(schema.iter_errors({**user, "preset": "sales", "ignore": []}))
    assert not list(schema.iter_errors({**user, "presets": ["sales", "no"]}))
    assert list(schema.iter_errors({**user, "preset": "sale"}))
