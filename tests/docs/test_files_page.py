"""docs/files.md has every key of every file, as the schemas say it."""

import json
from typing import Final

from bo_sync.config.json_schema import KINDS, json_schema
from tests.docs.files_page import TABLES, renewed
from tests.docs.pages import ROOT
from tests.support.golden import are_written

PAGE: Final = ROOT / "docs" / "files.md"


def told() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_schemas() -> None:
    if are_written():
        PAGE.write_text(renewed(told()), encoding="utf-8")
    assert told() == renewed(told()), "make goldens writes the tables anew"
    assert all(f"<!-- keys: {mark} -->" in told() for mark in TABLES)


def test_no_part_of_a_schema_is_left_out() -> None:
    parts = set()
    for kind in KINDS:
        schema = json.loads(json_schema(kind))
        parts |= {(kind, name) for name, part in schema["definitions"].items() if "properties" in part}
        parts |= {(kind, "")} if "properties" in schema else set()
    assert parts - {*TABLES.values()} == {("user", "People")}
