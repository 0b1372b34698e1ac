"""Every command in the documents is run, and every output in them is what it prints."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import ROOT, Block, blocks, performed
from tests.support.discovered import discovered
from tests.support.golden import are_written

PAGES: Final = discovered((ROOT / "docs").rglob("*.md"))
HELD: Final = {"guardrails.md": r"refused: |passed: |compared: |moved: |altered$"}
"""Pages whose own test knows further marks."""


def name(page: Path) -> str:
    return page.relative_to(ROOT / "docs").as_posix()


RUN: Final = [page for page in PAGES if any(block.is_run for block in blocks(page.read_text(encoding="utf-8")))]


@pytest.mark.parametrize("page", RUN, ids=name)
def test_every_output_is_what_is_printed(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    printed = performed(text, tmp_path)
    if are_written():
        page.write_text(printed, encoding="utf-8")
        text = printed
    assert text == printed, f"{name(page)}: read the change, then make goldens"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_command_stands_where_nobody_runs_it(page: Path) -> None:
    found = blocks(page.read_text(encoding="utf-8"))
    assert [block.text for block in found if not _is_held(block, page)] == []


def _is_held(block: Block, page: Path) -> bool:
    """Whether a block is run, known to the page's own test, argued, or no command at all."""
    if block.kind in {"sh", "bash", "shell"} or re.search(r"^\$ ", block.text, re.MULTILINE):
        own = HELD.get(name(page))
        is_argued = len(block.mark.removeprefix("not run: ")) > 20 and block.mark.startswith("not run: ")
        return block.is_run or is_argued or bool(own and re.match(own, block.mark))
    return True


SAMPLE: Final = """\
<!-- starts: empty -->
```yaml
# users/jane.yaml
email: jane@example.com
```

```console
$ cat users/jane.yaml | head -n 1
old
$ false
$ echo $?
$ printf '%s\\n' one \\
>   two
```

<!-- not run: nobody has a hub of this name here -->
```console
$ bo-sync plan
```
"""


def test_a_page_is_performed_block_by_block(tmp_path: Path) -> None:
    printed = performed(SAMPLE, tmp_path)
    assert printed == SAMPLE.replace("old\n", "# users/jane.yaml\n").replace("$ echo $?\n", "$ echo $?\n1\n").replace(
        ">   two\n", ">   two\none\ntwo\n"
    )
    (tmp_path / "again").mkdir()
    assert performed(printed, tmp_path / "again") == printed


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("```console\n$ bo-sync plan\n```\n", True),
        ("<!-- refused: protected -->\n```console\n$ bo-sync plan\n```\n", False),
        ("<!-- not run: so -->\n```console\n$ bo-sync plan\n```\n", False),
        ("<!-- not run: there is no such hub at hand -->\n```console\n$ bo-sync plan\n```\n", True),
        ("```sh\nbo-sync plan\n```\n", False),
        ("```text\n$ bo-sync plan\n```\n", False),
        ("```text\nusers/jane.yaml:1: a line of output\n```\n", True),
    ],
)
def test_a_command_that_nothing_runs_is_found(text: str, held: bool) -> None:
    (block,) = blocks(text)
    assert _is_held(block, ROOT / "docs" / "index.md") is held
