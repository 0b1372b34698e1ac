"""`bo-sync` in the test's own process: the same entry point and the same bytes, without the cost of a new process."""

import io
import re
from contextlib import redirect_stderr, redirect_stdout

from bo_sync.cli.app import main
from bo_sync.core.text import visible
from tests.support.process import Ran

SHOWN = 12
"""So many characters of a hostile string must be seen in a message: messages cut what is long."""
_COMMAND = re.compile(r"##\w*\[")


def inside(*arguments: str) -> Ran:
    """Runs one command to its end; what it says is what would have been written, as UTF-8."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2)]
    code: object = None
    with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
        try:
            main(arguments)
        except SystemExit as ended:
            code = ended.code
    assert isinstance(code, int), code
    out, err = (_written(stream) for stream in streams)
    assert "Traceback" not in err, err
    assert "bo-sync itself failed" not in err, err
    return Ran(int(code), out, err)


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode("utf-8")


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
