"""docs/commands.md has every command and every option, and every command that a document names exists."""

import re
import shlex
from itertools import takewhile
from pathlib import Path
from typing import Final

import click
import pytest

from tests.docs.commands_page import commands, page
from tests.docs.pages import ROOT
from tests.support.golden import are_written

PAGE: Final = ROOT / "docs" / "commands.md"
DOCUMENTS: Final = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
MISTAKES: Final = {"bo-sync plan --everything"}
"""Shown as what not to do."""
NAMED: Final = re.compile(r"`(bo-sync [^`\n]+)`|^\$ (?:[A-Z_]+=\S+ )*(bo-sync .+)$", re.MULTILINE)


def test_the_page_is_what_the_commands_say() -> None:
    if are_written():
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(), "make goldens writes the page anew"


def test_every_command_and_every_option_stands_in_it() -> None:
    told = PAGE.read_text(encoding="utf-8")
    for name, command in commands():
        assert f"\n## `{name}`\n" in told
        for option in command.params:
            assert not isinstance(option, click.Option) or all(f"{word}" in told for word in option.opts), name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_that_is_named_exists_with_its_options(document: Path) -> None:
    known = dict(commands())
    groups = {name.split()[0] for name in known if " " in name}
    for inline, in_console in NAMED.findall(document.read_text(encoding="utf-8")):
        quoted = inline or in_console
        words = [] if quoted in MISTAKES else _words(quoted)[1:]
        if not words or words[0].startswith("-") or words[0] in {"COMMAND", *groups - set(known)}:
            continue
        name = " ".join(words[:2]) if words[0] in groups else words[0]
        assert name in known, quoted
        options = {word for option in known[name].params for word in option.opts}
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert given <= {*options, "--help"}, quoted


def _words(quoted: str) -> list[str]:
    """The words of one command, up to a pipe, a redirection or the next command, without what stands for others."""
    lexer = shlex.shlex(re.sub(r"\[[^\]]*\]|…", "", quoted), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return list(takewhile(lambda word: not set(word) <= set("|>&;()<"), lexer))
