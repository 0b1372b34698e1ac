"""Symbolic links in a commit, followed by the same rule as on a disk, without asking git to follow any.

A link stands for a file that is read anyway, inside users/, presets/ or policies/. Any other link is an error, which
quotes nothing of what the link leads to.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from bo_sync.config.files import LINK, is_hidden, may_link
from bo_sync.config.git import Repository
from bo_sync.config.objects import Entry, contents
from bo_sync.core.model import Problem, Source
from bo_sync.core.text import Text

MAX_STEPS: Final = 40
"""Links that lead to links; the system of a disk has a bound too."""


@dataclass(slots=True)
class Linked:
    """What links lead to, under the paths of the links, and an error for each other link."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def follow(repo: Repository, found: Sequence[Entry]) -> Linked:
    """What the links among `found`, all entries below the configuration's root, lead to."""
    linked = Linked()
    links = [entry for entry in found if entry.is_link and not is_hidden(entry.path)]
    read = contents(repo, [entry.name for entry in links])
    targets = dict(zip((entry.path for entry in links), read or (), strict=False))
    by_path = {entry.path: entry for entry in found}
    for entry in links:
        aim = _aim(entry.path, targets, by_path)
        if aim is None:
            linked.problems.append(Problem(Source(Text(entry.path), 1), LINK))
        else:
            linked.entries.append(replace(aim, path=entry.path))
    return linked


def _aim(path: str, targets: Mapping[str, bytes], by_path: Mapping[str, Entry]) -> Entry | None:
    """The file that the link at `path` stands for; None where it may not be followed, or leads nowhere."""
    start = path
    for _ in range(MAX_STEPS):
        entry = by_path.get(path)
        if entry is None or entry.kind != "blob":
            return None
        if not entry.is_link:
            return entry if may_link(start, path) else None
        path = _joined(path, targets.get(path, b""))
    return None


def _joined(path: str, target: bytes) -> str:
    """Where a link leads, as a path below the root; "" for one that leaves it, is absolute, or goes back again."""
    if target.startswith(b"/"):
        return ""
    parts = path.split("/")[:-1]
    has_name = False
    for part in os.fsdecode(target).split("/"):
        if part == "..":
            if has_name or not parts:  # a name before it may be a link to another place
                return ""
            parts.pop()
        elif part not in {"", "."}:
            has_name = True
            parts.append(part)
    return "/".join(parts)
