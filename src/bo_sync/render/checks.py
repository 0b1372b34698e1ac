"""The doctor's answers, as text and as JSON."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bo_sync.render.escape import terminal

FORMAT_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One question, `ok`, `warning`, `failed` or `unknown`, the answer, and what to do about it or nothing."""

    name: str
    status: str
    message: str
    hint: str = ""


def checks_text(rows: Iterable[CheckRow]) -> str:
    """One check a line, and what to do below it."""
    return "".join(_lines(row) for row in rows)


def _lines(row: CheckRow) -> str:
    answer = f"{row.status:<8} {terminal(row.name):<17} {terminal(row.message)}\n"
    return answer + (f"{'':<8} {'':<17} next: {terminal(row.hint)}\n" if row.hint else "")


def checks_json(rows: Iterable[CheckRow]) -> str:
    """The same for programs."""
    checks = [{"name": row.name, "status": row.status, "message": row.message, "hint": row.hint} for row in rows]
    return json.dumps({"format_version": FORMAT_VERSION, "checks": checks}, indent=2, ensure_ascii=True) + "\n"
