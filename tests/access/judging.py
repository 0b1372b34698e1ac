"""One-line trees to judge: what is found of a few files on a day."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from bo_sync.access.finding_checks import Declared, Judged, judge
from bo_sync.config.load import Tree
from bo_sync.core.presets import resolve_all
from tests.config.trees import JANE, tree
from tests.support.strategies import World
from tests.support.users import TODAY

DESK: Final = "platform: {backoffice: true}\nmodules: {order_data: editor}\n"
"""Access of which nothing is to be said, for a preset and for a user alike."""


def judged(files: Mapping[str, str], day: date = TODAY) -> Judged:
    """What is found of files, by path, that have no errors."""
    read = tree(files)
    assert not read.errors, read.errors
    return judged_of(read, day)


def judged_of(files: Tree | World, day: date) -> Judged:
    """What is found of files without errors."""
    users = resolve_all(files.declarations, files.presets, files.settings, day)
    return judge(Declared(files.declarations, files.presets, files.settings), users, day)


def jane(lines: str, *, day: date = TODAY, **presets: str) -> Judged:
    """What is found of `users/u.yaml`, in which `lines` follow Jane's names (lines 1 to 3), beside presets by name."""
    given = {f"presets/{name}.yaml": text for name, text in presets.items()}
    return judged({"users/u.yaml": JANE + lines, **given}, day)


def rules(found: Judged) -> list[str]:
    return [finding.rule for finding in found.findings]
