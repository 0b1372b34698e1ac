"""Tables for spreadsheets: a line of names, then one line a row, in which nothing is a formula or a command."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from bo_sync.render.escape import csv_cell, terminal


def foreign(text: str) -> str:
    """Text that is not ours for a cell, of a file as of a log that the table is printed to."""
    return terminal(csv_cell(text))


def csv_text(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The table. Each cell is harmless already: ours, or `foreign`."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue()
