"""The doctor's answers, as text and as JSON."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bo_sync.core.document import FORMAT_VERSION
from bo_sync.render.escape import json_text, terminal
from bo_sync.render.layout import Page


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One question, `ok`, `warning`, `failed` or `unknown`, the answer, and what to do about it or nothing."""

    name: str
    status: str
    message: str
    hint: str = ""


def checks_text(rows: Iterable[CheckRow], width: int | None = None) -> str:
    """One check a line, and what to do below it; continued below its beginning where it is wider than `width`."""
    page = Page(width)
    return "".join(f"{line}\n" for row in rows for line in _lines(row, page))


def _lines(row: CheckRow, page: Page) -> Iterator[str]:
    yield from page.hang(f"{row.status:<8} {terminal(row.name):<17} ", terminal(row.message))
    if row.hint:
        yield from page.hang(f"{'':<8} {'':<17} next: ", terminal(row.hint))


def checks_json(rows: Iterable[CheckRow]) -> str:
    """The same for programs."""
    checks = [{"name": row.name, "status": row.status, "message": row.message, "hint": row.hint} for row in rows]
    return json_text({"format_version": FORMAT_VERSION, "checks": checks})
