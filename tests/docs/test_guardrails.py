"""docs/guardrails.md quotes what bo-sync prints: each example is that of an end-to-end test, and no guardrail is left
out."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from bo_sync.core.guardrails import NAMES, NUMERIC
from tests.end_to_end.histories import HISTORIES
from tests.end_to_end.refusals import NUMBERED, REFUSALS
from tests.end_to_end.test_saved_plans import ALTERED, ANEW, ANOTHER, MOVES, STALE
from tests.support.golden import are_written

GUARDRAILS: Final = Path(__file__).parent.parent.parent / "docs" / "guardrails.md"
EXAMPLE: Final = re.compile(r"(<!-- (.+?) -->\n```console\n)(.*?)(```\n)", re.DOTALL)
COMMIT: Final = "0123456789"


def told() -> str:
    return GUARDRAILS.read_text(encoding="utf-8")


def printed() -> Mapping[str, str]:
    """What stands in each example, by its mark: the command, and the lines that an end-to-end test compares."""
    examples = {f"refused: {name}": ("plan", *case.told) for name, (_, case) in REFUSALS.items()}
    for guardrail, case in NUMBERED.items():
        examples[f"passed: {guardrail}"] = (f"apply --yes --allow {guardrail}={case.enough}", case.passed)
    for name, history in HISTORIES.items():
        examples[f"compared: {name}"] = ("validate --base main", *history.text(COMMIT).splitlines())
    for name, move in MOVES.items():
        examples[f"moved: {name}"] = ("apply plan.json --yes", STALE, *move.told, ANEW)
    examples["altered"] = ("apply plan.json --yes", ALTERED, ANOTHER)
    return {mark: "\n".join((f"$ bo-sync {lines[0]}", *lines[1:], "")) for mark, lines in examples.items()}


def test_every_example_is_what_is_printed() -> None:
    known = printed()
    if are_written():
        GUARDRAILS.write_text(
            EXAMPLE.sub(lambda found: found[1] + known[found[2]] + found[4], told()), encoding="utf-8"
        )
    found = {mark: example for _, mark, example, _ in EXAMPLE.findall(told())}
    assert found == {mark: known.get(mark) for mark in found}
    assert len(found) == told().count("```console"), "an example without a mark is held to nothing"


@pytest.mark.parametrize("guardrail", NAMES)
def test_every_guardrail_has_a_section_with_an_example_and_a_row_in_the_table(guardrail: str) -> None:
    sections = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", told(), re.DOTALL | re.MULTILINE))
    assert f"REFUSED  {guardrail} " in sections[guardrail]
    assert "**Way past.**" in sections[guardrail]
    row = re.search(rf"^\| \[`{guardrail}`\]\(#{guardrail}\) \|.*\| (.+?) \|$", told(), re.MULTILINE)
    assert row is not None
    assert row[1] == (f"`--allow {guardrail}=N`" if guardrail in NUMERIC else "no")
