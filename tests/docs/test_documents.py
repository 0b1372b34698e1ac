"""The other documents: their links lead somewhere, and their examples are the repository's own files."""

import re
from pathlib import Path

import pytest

from bo_sync.core.write_order import Phase
from tests.docs.pages import blocks

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\[[^\]]+\]\((?!https?:|#)([^)#\s]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file(document: Path) -> None:
    links = LINK.findall(document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_user_of_the_lifecycle_is_the_one_of_the_samples() -> None:
    told = (ROOT / "docs" / "contributing" / "lifecycle.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n# (users/\S+)\n(.*?)```", told, re.DOTALL)
    assert example is not None
    assert (ROOT / example[1]).read_text(encoding="utf-8") == example[2]


def test_the_lifecycle_has_every_phase_in_order() -> None:
    told = (ROOT / "docs" / "contributing" / "lifecycle.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip() for line in told.splitlines() if line.startswith("|")][2:]
    assert rows == [
        {Phase.LOWER: "lower, revoke, remove duplicates", Phase.PROFILES: "update profiles"}.get(phase, phase.value)
        for phase in Phase
    ]


def test_each_exit_code_is_shown_by_a_command_that_ends_with_it() -> None:
    told = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8").partition("## Each of them, once")[2]
    parts = re.split(r"^(\d(?: and \d)?|64)(?=: | cannot)", told, flags=re.MULTILINE)[1:]
    shown = {
        codes: re.findall(r"\$ .*echo \$\?\n(\d+)$", text, re.MULTILINE)
        for codes, text in zip(*[iter(parts)] * 2, strict=True)
    }
    assert {code for codes in shown for code in codes.split(" and ")} == {"0", "1", "2", "3", "4", "5", "6", "64"}
    for codes, ended in shown.items():
        assert codes in {"1", "5"} or set(codes.split(" and ")) <= set(ended), codes


def test_everything_that_is_sent_stands_on_the_page_about_security() -> None:
    told = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    told = told.partition("what is sent\n")[2].partition("\n## ")[0]
    sent = {path.stem for path in (ROOT / "src" / "bo_sync" / "hub" / "operations").glob("*.graphql")}
    assert set(re.findall(r"`([a-z]+[A-Z]\w+|roles|tenant)`", told)) == sent


def heads(document: Path) -> set[str]:
    """The anchors of a page's headings, as the site and the forges make them."""
    text = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    found = set()
    for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", title).lower())
        found |= {plain.strip().replace(" ", "-"), re.sub(r"[- ]+", "-", plain.strip())}
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_anchor_leads_to_a_heading(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)", document.read_text(encoding="utf-8"))
    assert [
        (page, anchor) for page, anchor in links if anchor not in heads(document.parent / page if page else document)
    ] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_block_has_a_kind_and_begins_its_line_so_that_the_tests_see_it(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert len(re.findall(r"^[ \t>]*(?:```|~~~)", text, re.MULTILINE)) == 2 * len(blocks(text))
