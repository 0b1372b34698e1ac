"""A command in the test's own folder and environment, and checks that what it prints is harmless."""

import re

from bo_sync.core.text import visible
from tests.support.process import Ran, run_here

SHOWN = 12
"""So many characters of a hostile string must be seen in a message: messages cut what is long."""
_COMMAND = re.compile(r"##\w*\[")


def inside(*arguments: str) -> Ran:
    """Runs one command in the folder and environment of the test, which may have changed bo-sync itself."""
    ran = run_here(*arguments)
    assert "bo-sync itself failed" not in ran.err, ran.err
    return ran


def check_inert(ran: Ran) -> None:
    """Nothing that was said does anything: no control but the newline, nothing hidden, and no pipeline's command."""
    for text in (ran.out, ran.err):
        begins = r"^\s*::" if text.startswith("{") else r"(^|\s)::"  # JSON is never wrapped
        for line in text.split("\n"):
            assert line.isprintable(), ascii(line)
            assert visible(line) == line, ascii(line)
            assert not re.search(begins, line), ascii(line)
            assert not _COMMAND.search(line), ascii(line)


def check_shown(ran: Ran, attack: str) -> None:
    """The attack is seen, as the harmless characters that stand for it; so the message was one about it."""
    said = (ran.out + ran.err).replace(r"\x3a:", "::").replace(r"#\x23", "##").replace('\\"', '"').lower()
    harmless = [visible(attack)[:SHOWN].lower(), ascii(attack)[1 : SHOWN + 1].lower()]
    assert any(form in said for form in harmless), f"{attack[:80]!a} is not shown in {said[:4000]!a}"
