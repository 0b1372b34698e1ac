"""The table of formats is what the commands take, and each can be asked for as a report too."""

import re
from pathlib import Path
from typing import Final

import click
import pytest

from bo_sync.cli.app import COMMANDS, root
from bo_sync.cli.output import ReportTo

PAGE: Final = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8").partition("## ")[0]
ROW: Final = re.compile(r"^\| `([a-z-]+)` \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)
COMMON: Final = {"text", "json"}


def command(name: str) -> click.Command:
    found = root.get_command(click.Context(root), name)
    assert found is not None
    return found


def formats(name: str) -> tuple[str, ...]:
    """What the command's --format takes; nothing where it has none."""
    choices = (each.type for each in command(name).params if each.name == "form")
    return tuple(form for choice in choices if isinstance(choice, click.Choice) for form in map(str, choice.choices))


def test_the_table_says_which_command_has_which_form() -> None:
    told = {
        form: set(re.findall(r"`([a-z-]+)`", commands)) for form, commands in ROW.findall(PAGE) if form not in COMMON
    }
    taken = {form for name in COMMANDS for form in formats(name)} - COMMON
    assert told == {form: {name for name in COMMANDS if form in formats(name)} for form in taken}


def test_the_table_is_in_the_order_of_a_plans_forms() -> None:
    assert [form for form, _ in ROW.findall(PAGE)] == list(formats("plan"))


@pytest.mark.parametrize("name", ["plan", "validate", "apply", "diff", "users", "matrix"])
def test_every_form_of_a_command_can_be_a_report(name: str) -> None:
    (report,) = (each.type for each in command(name).params if each.name == "reports")
    assert isinstance(report, ReportTo)
    for form in formats(name):
        assert report.convert(f"{form}=a=b", None, None) == (form, Path("a=b"))


def test_the_commands_that_take_redact_are_told() -> None:
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    told = re.search(r"taken by every command that tells of people: ([^.]+)\.", page)
    assert told is not None
    taking = [name for name in COMMANDS if any(each.name == "redact" for each in command(name).params)]
    assert re.findall(r"`([a-z-]+)`", told[1]) == taking
