"""The schemas: valid themselves, and of one mind with the loader about sound files."""

import json
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from jsonschema import Draft7Validator

from bo_sync.config.dump import dump_preset, dump_user
from bo_sync.config.schema import Kind, json_schema
from bo_sync.config.yaml import read
from bo_sync.core.model import Declaration, Preset
from bo_sync.core.text import Text
from tests.config.declarations import NAMES, declarations, presets

ROOT = Path(__file__).parent.parent.parent
KINDS: tuple[Kind, ...] = ("user", "preset", "config")


@cache
def validator(kind: Kind) -> Draft7Validator:
    return Draft7Validator(json.loads(json_schema(kind)))


def complaints(kind: Kind, text: str) -> list[str]:
    value = read(text.encode(), Text("f")).value
    return [error.message for error in validator(kind).iter_errors(value)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_a_sound_draft_7_schema_in_pure_ascii(kind: Kind) -> None:
    text = json_schema(kind)
    Draft7Validator.check_schema(json.loads(text))
    assert text.isascii()
    assert json_schema(kind) == text


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_has_a_description(kind: Kind) -> None:
    schema = json.loads(json_schema(kind))
    for part in [schema, *schema.get("definitions", {}).values()]:
        for name, value in part.get("properties", {}).items():
            assert value.get("description") or name == "users", name


def test_the_repositorys_own_files_satisfy_the_schemas() -> None:
    people, presets = list(ROOT.glob("users/**/*.yaml")), list(ROOT.glob("presets/*.yaml"))
    assert people
    assert presets
    assert [complaint for path in people for complaint in complaints("user", path.read_text())] == []
    assert [complaint for path in presets for complaint in complaints("preset", path.read_text())] == []


@given(declarations())
def test_what_we_write_satisfies_the_schema(declaration: Declaration) -> None:
    assert complaints("user", dump_user(declaration)) == []


@given(presets())
def test_a_preset_that_we_write_satisfies_the_schema(preset: Preset) -> None:
    assert complaints("preset", dump_preset(preset)) == []


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


def test_names_of_presets_can_be_limited_to_those_that_exist() -> None:
    schema = Draft7Validator(json.loads(json_schema("user", presets=NAMES)))
    person = {"email": "a@b.c", "id": 4}
    assert not list(schema.iter_errors({**person, "preset": "sales", "ignore": []}))
    assert not list(schema.iter_errors({**person, "presets": ["sales", "no"]}))
    assert list(schema.iter_errors({**person, "preset": "sale"}))
