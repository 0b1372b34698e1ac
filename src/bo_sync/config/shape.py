"""What it takes to build a value at once: the written thing is of the shape that the models in `documents` describe.

Whoever builds raises `UnsoundError` where it is not. The models then find out what is wrong and say it in words; a test
holds the two to the same verdict.
"""

import re
from datetime import date
from typing import Final

from bo_sync.config.complaints import Complaints
from bo_sync.config.documents import DAY
from bo_sync.config.values import Entries, Value

_is_day: Final = re.compile(DAY).fullmatch


class UnsoundError(Exception):
    """Something is not of the described shape."""


def text(value: Value) -> str:
    """`value`, which must be text."""
    if isinstance(value, str):
        return value
    raise UnsoundError


def day(entries: Entries, name: str, complaints: Complaints) -> date | None:
    """The day under `until`; None, and a complaint in which it is called `name`, when no calendar has it."""
    written = text(entries["until"])
    if not _is_day(written):
        raise UnsoundError
    return complaints.day(written, entries, name)
