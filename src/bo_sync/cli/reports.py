"""`--report FORMAT=PATH`: the same result in further forms, each written to a file of its own."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from bo_sync.cli.plans import check_plain, unwritable, write_whole

P = ParamSpec("P")
R = TypeVar("R")
Report = tuple[str, Path]


class ReportTo(click.ParamType[Report]):
    """One of some formats, and where it goes."""

    name = "FORMAT=PATH"

    def __init__(self, formats: Sequence[str]) -> None:
        self._formats = formats

    def convert(self, value: str | Report, param: click.Parameter | None, ctx: click.Context | None) -> Report:
        if isinstance(value, tuple):
            return value
        form, _, path = value.partition("=")
        if form not in self._formats or not path:
            known = ", ".join(self._formats)
            self.fail(
                f"{value!r} is not a format and a path, as in {self._formats[0]}=FILE; formats: {known}", param, ctx
            )
        return form, Path(path)


def report_option(*formats: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """--report, which may be given again; handed over as the keyword `reports`."""
    return click.option(
        "--report", "reports", type=ReportTo(formats), multiple=True, help="Also write this form of it to a file."
    )


def check_writable(wanted: Sequence[Report]) -> None:
    """Raises UsageError where a report could not be written: for a command that does something before it reports."""
    for _, path in wanted:
        check_plain(path)
        try:
            tempfile.TemporaryFile(dir=path.parent).close()
        except OSError as err:
            raise unwritable(path, err) from err


def write_reports(wanted: Sequence[Report], rendered: Callable[[str], str]) -> None:
    """Writes each report whole or not at all. Raises UsageError where that cannot be done."""
    for form, path in wanted:
        write_whole(path, rendered(form))
