"""The words of the domain: their order, their spelling, and what the documents say about them."""

import csv

from bo_sync.core.model import (
    ACCESS_WORDS,
    DEFAULT_HUB_NAMES,
    MODULES,
    PLATFORM,
    PROFILE_FIELDS,
    PROFILE_LIMITS,
    ROLES,
    Access,
    Problem,
    Severity,
    Source,
)
from bo_sync.core.text import Message, Text
from tests.support.builders import source
from tests.support.facts import shared


def test_a_higher_access_includes_every_lower_one_and_is_written_in_lower_case() -> None:
    assert Access.OWNER > Access.EDITOR > Access.VIEWER > Access.NONE
    assert list(ACCESS_WORDS) == ["none", "viewer", "editor", "owner"]
    assert all(access.word == word for word, access in ACCESS_WORDS.items())


def test_the_platform_areas_come_before_the_modules_and_limits_belong_to_fields() -> None:
    assert (*PLATFORM, *MODULES) == ROLES
    assert list(DEFAULT_HUB_NAMES) == list(ROLES)
    assert set(PROFILE_LIMITS) < set(PROFILE_FIELDS)


def test_every_module_is_known_to_the_annotations_of_the_hub() -> None:
    with shared("operations.csv").open(newline="", encoding="utf-8") as rows:
        annotated = {
            alternative.strip().partition(".")[0]
            for row in csv.DictReader(rows)
            for alternative in row["any_of_minimum_access"].replace("|", " ").replace(",", " ").split()
        }
    assert {DEFAULT_HUB_NAMES[role] for role in MODULES} <= annotated


def test_a_source_names_file_line_and_column_and_shows_a_hostile_path_harmlessly() -> None:
    assert str(source("users/a.yaml", 3, 5)) == "users/a.yaml:3:5"
    assert source("users/a.yaml", 3, 5).short == Text("users/a.yaml:3")
    hostile = Source(Text("users/\x1b[2J.yaml"), 1)
    assert str(hostile) == "users/\\x1b[2J.yaml:1:1"
    assert str(hostile.short) == "users/\\x1b[2J.yaml:1"
    assert str(Problem(source("a.yaml", 1, 2), Message("no."), Severity.WARNING)) == "a.yaml:1:2: warning: no."
