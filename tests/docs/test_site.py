"""The documents as a site: every page is in its menu, it builds without a warning, and fetches nothing from elsewhere.

Building needs mkdocs (`make docs` installs it). Without it the build is skipped, unless the environment says
`BO_SYNC_SITE=required`.
"""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import ROOT
from tests.support.discovered import discovered
from tests.support.process import environment

DOCS: Final = ROOT / "docs"
PAGES: Final = sorted(path.relative_to(DOCS).as_posix() for path in discovered(DOCS.rglob("*.md")))
ELSEWHERE: Final = re.compile(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=[\"']?(?:https?:)?//[^>]*>")
pytestmark = pytest.mark.timeout(300)


def test_every_page_is_in_the_menu_once() -> None:
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    assert sorted(re.findall(r": (\S+\.md)$", menu, re.MULTILINE)) == PAGES


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("mkdocs") is None:
        lacking = "NOT CHECKED: mkdocs is not installed here; `make docs` installs it and builds the site"
        if os.environ.get("BO_SYNC_SITE") == "required":
            pytest.fail(lacking)
        pytest.skip(lacking)
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-W", "ignore", "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(build, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120, check=False)
    assert (built.returncode, built.stderr) == (0, "")
    return folder


def test_the_site_has_every_page_and_fetches_nothing_from_elsewhere(site: Path) -> None:
    made = {path.relative_to(site).with_suffix(".md").as_posix() for path in site.rglob("*.html")}
    assert set(PAGES) <= made
    for page in site.rglob("*.html"):
        assert ELSEWHERE.findall(page.read_text(encoding="utf-8")) == [], page.name


def test_blocks_and_tables_are_rendered(site: Path) -> None:
    for page in PAGES:
        text = (site / page).with_suffix(".html").read_text(encoding="utf-8")
        shown = re.sub(r"<code.*?</code>", "", text, flags=re.DOTALL)
        assert "```" not in shown, page
        assert not re.search(r"^\|.*\|$", shown, re.MULTILINE), page
        markdown = (DOCS / page).read_text(encoding="utf-8")
        assert text.count("<table") == len(re.findall(r"^\|[-|: ]+\|$", markdown, re.MULTILINE)), page


def test_no_link_leads_out_of_the_site(site: Path) -> None:
    for page in site.rglob("*.html"):
        links = re.findall(r'href="([^"#]+)', page.read_text(encoding="utf-8"))
        local = [link for link in links if not link.startswith(("http:", "https:", "/", "mailto:"))]
        assert [link for link in local if not (page.parent / link).resolve().exists()] == [], page.name
