"""docs/findings.md says what is so: every finding by number, each example raises just it, no fix raises it."""

import re
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from bo_sync.access.finding_codes import RULES, Origin
from bo_sync.access.policies import unmatched_exceptions
from bo_sync.apply.planner import Desired, make_plan
from bo_sync.cli.base_revision import marked
from bo_sync.config.load import load_tree, tree_of
from bo_sync.core.model import Access, LiveState, RoleDefinition
from bo_sync.core.plan import ConfigFacts, Finding
from bo_sync.core.settings import GuardrailLimits, Settings, fixed
from bo_sync.core.text import Text
from bo_sync.render.text import problems_text
from tests.access.judging import judged_of
from tests.support.process import write
from tests.support.repository import commit, git, repository
from tests.support.users import DEFINITIONS, SETTINGS, grant, holds, hub_of, row, wants

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "findings.md"
DAY: Final = date(2026, 6, 15)
SECTION: Final = re.compile(r"^## (BOS\d{3})\n\n\*(\w+): ([^\n]+)\*\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
ROW: Final = re.compile(r"^\| \[(BOS\d{3})\]\(#(bos\d{3})\) \| (\w+) \| (.+) \|$", re.MULTILINE)
BLOCK: Final = re.compile(r"```(?:yaml|csv)\n# (\S+)\n(.*?)```", re.DOTALL)
PRINTED: Final = re.compile(r"```text\n(.*?)```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Section:
    """One finding as it is documented. `fix` replaces files of the example by path."""

    severity: str
    title: str
    example: dict[str, str]
    printed: str
    fix: dict[str, str]


def read() -> dict[str, Section]:
    found = {}
    for number, severity, title, body in SECTION.findall(DOCUMENT.read_text(encoding="utf-8")):
        before, mark, after = body.partition("**Fix.**")
        assert mark, number
        (printed,) = PRINTED.findall(before)
        found[number] = Section(severity, title, _files(before), printed, _files(after))
    return found


def _files(text: str) -> dict[str, str]:
    """By path. A table begins with its day, so the line that names its path is no part of it."""
    return {path: content if path.endswith(".csv") else f"# {path}\n{content}" for path, content in BLOCK.findall(text)}


SECTIONS: Final = read()
OF_FILES: Final = [number for number, rule in RULES.items() if rule.origin not in {Origin.HUB, Origin.FILE}]
OF_NAMES: Final = [number for number, rule in RULES.items() if rule.origin is Origin.FILE]
OF_HUB: Final = [number for number, rule in RULES.items() if rule.origin is Origin.HUB]


def findings(files: dict[str, str]) -> tuple[Finding, ...]:
    tree = tree_of((path, text.encode()) for path, text in files.items())
    assert not tree.problems, tree.problems
    emails = [declaration.email for declaration in tree.declarations]
    return (*judged_of(tree, DAY).findings, *unmatched_exceptions(tree.policies, emails))


def printed(found: tuple[Finding, ...]) -> str:
    """The lines of the findings, without the count."""
    return "".join(f"{line}\n" for line in problems_text((), found).splitlines()[:-1])


def test_every_finding_has_its_section_and_its_row_in_order() -> None:
    told = [(number, section.severity, section.title) for number, section in SECTIONS.items()]
    assert told == [(rule.id, rule.severity.value, rule.title) for rule in RULES.values()]
    rows = ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    assert rows == [(rule.id, rule.id.lower(), rule.severity.value, rule.title) for rule in RULES.values()]


@pytest.mark.parametrize("number", OF_FILES)
def test_the_example_raises_exactly_this_finding(number: str) -> None:
    section = SECTIONS[number]
    found = findings(section.example)
    assert {finding.rule for finding in found} == {number}
    assert printed(found) == section.printed


@pytest.mark.parametrize("number", OF_FILES)
def test_the_fix_does_not_raise_it(number: str) -> None:
    section = SECTIONS[number]
    assert section.fix
    accepted = {"BOS017"} if number == "BOS007" else set()  # its fix is to accept it
    assert {finding.rule for finding in findings(section.example | section.fix)} == accepted


@pytest.mark.parametrize("number", OF_NAMES)
def test_the_names_of_files_raise_it_and_the_fixed_ones_do_not(number: str, tmp_path: Path) -> None:
    section = SECTIONS[number]
    problems = load_tree(write(tmp_path / "example", section.example)).problems
    assert {problem.rule for problem in problems} == {number}
    assert "".join(f"{problem}\n" for problem in problems) == section.printed
    (kept,) = (path for path in section.example if path.endswith(".yaml"))
    fixed = {kept: section.example[kept], **section.fix}
    assert load_tree(write(tmp_path / "fixed", fixed)).problems == ()


ODD: Final = RoleDefinition("definition-ticket", Text("ticket"), Access.NONE)
GIVING: Final = RoleDefinition("definition-pricing", Text("pricing"), Access.VIEWER)

FACTS: Final = ConfigFacts(0, "sha256:0")
HUBS: Final[dict[str, LiveState]] = {
    "BOS101": hub_of(holds(1, "jane@example.com"), holds(2, "Jane@example.com")),
    "BOS102": hub_of(definitions=(*DEFINITIONS, ODD)),
    "BOS103": hub_of(definitions=tuple(GIVING if known.id == GIVING.id else known for known in DEFINITIONS)),
    "BOS104": hub_of(definitions=tuple(known for known in DEFINITIONS if known.name.raw != "logistics")),
    "BOS105": hub_of(holds(1, "jane@example.com")),
    "BOS106": hub_of(holds(1, "jane@example.com")),
    "BOS107": hub_of(holds(7, "", row("pricing", "owner"))),
    "BOS108": hub_of(holds(1, "jane@example.com", phone="+31201234567")),
    "BOS109": hub_of(holds(1, "break-glass@example.com")),
    "BOS111": hub_of(*(holds(number, f"p{number}@example.com") for number in range(1, 4))),
    "BOS113": hub_of(holds(1, "jane@example.com")),
    "BOS114": hub_of(holds(1, "jane@example.com", row("roles_permissions", "owner"))),
}
GLASS: Final = Text("break-glass@example.com")
WISHES: Final = {
    "BOS108": Desired((wants("jane@example.com", phone="+31 20 123 4567"),), SETTINGS, FACTS),
    "BOS106": Desired((), Settings(protect=(GLASS,)), FACTS),
    "BOS109": Desired(
        (wants(GLASS.raw, grant("pricing", "viewer"), job="On call"),), Settings(protect=(GLASS,)), FACTS
    ),
    "BOS111": Desired(
        tuple(replace(wants(f"p{number}@example.com"), until=DAY) for number in range(1, 4)),
        Settings(guardrails=GuardrailLimits(max_expiries=fixed(2))),
        FACTS,
        today=DAY,
    ),
}


@pytest.mark.parametrize("number", OF_HUB)
def test_such_a_hub_raises_what_is_told_of_it(number: str, tmp_path: Path) -> None:
    repository(tmp_path, {"users/jane.yaml": "email: jane@example.com\nid: 1\n"})
    commit(tmp_path, {"users/jane.yaml": None})
    root = tmp_path
    if number == "BOS113":
        git(tmp_path, "clone", "--quiet", "--depth=1", tmp_path.as_uri(), "shallow")
        root = tmp_path / "shallow"
    plan = make_plan(WISHES.get(number, Desired((), SETTINGS, FACTS)), HUBS[number], "sandbox:").plan
    found = tuple(finding for finding in marked(plan, root).findings if finding.rule == number)
    told = re.sub(r"removed in \w+", "removed in 3f2c1ab", printed(found))
    assert told == SECTIONS[number].printed
