"""Tables of cases as text, for cases of a short line or two."""

import re

import pytest
from _pytest.mark import ParameterSet


def cases(table: str) -> list[ParameterSet]:
    """What the indented lines under each other line say, named by that line."""
    found = re.findall(r"^(\S.*)\n((?: .*\n)+)", table, re.MULTILINE)
    return [pytest.param(case, id=name) for name, case in found]


def told(table: str) -> list[ParameterSet]:
    """The text of each case, on one line with ⏎ for its breaks, and each message about it; a deeper line goes on."""
    found = re.findall(r"^(\S.*)\n((?: .*\n)+)", table, re.MULTILINE)
    rows = [(name, re.sub(r"\n {8}", " ", case).splitlines()) for name, case in found]
    return [
        pytest.param(text[4:].replace("⏎", "\n"), [message[4:] for message in messages], id=name)
        for name, (text, *messages) in rows
    ]
