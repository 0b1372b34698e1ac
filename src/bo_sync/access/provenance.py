"""Where an answer comes from: files at a revision and a day, or a hub."""

from dataclasses import dataclass
from datetime import date

from bo_sync.core.text import Text


@dataclass(frozen=True, slots=True)
class Provenance:
    """Files: the git revision as requested (None: the working tree), its short commit, whether files differ from it
    (both None if git does not know), and the day on which each `until` is judged."""

    revision: Text | None
    commit: Text | None
    dirty: bool | None
    day: date

    @property
    def name(self) -> str:
        """As one side of two states of the files."""
        return "the working tree" if self.revision is None else str(self.revision)

    @property
    def facts(self) -> str:
        """`commit 3f2c1ab0de with uncommitted changes, on 2026-11-22`."""
        at = f"commit {self.commit!s}" if self.commit is not None else "no commit"
        return f"{at}{' with uncommitted changes' if self.dirty else ''}, on {self.day}"

    @property
    def short(self) -> str:
        """`the files`, `the files of HEAD~1`."""
        return "the files" if self.revision is None else f"the files of {self.revision!s}"

    @property
    def told(self) -> str:
        """`the files of @2026-03-01 (commit 3f2c1ab0de, on 2026-03-01)`."""
        return f"{self.short} ({self.facts})"


@dataclass(frozen=True, slots=True)
class HubPlace:
    """The hub, by its address, and the day on which it was read. What it holds does not depend on the day."""

    hub: Text
    day: date

    @property
    def short(self) -> str:
        return str(self.hub)

    @property
    def told(self) -> str:
        return self.short


AnyPlace = Provenance | HubPlace
