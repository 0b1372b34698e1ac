"""Where problems of one file gather while it is read."""

from datetime import date

from bo_sync.config import made
from bo_sync.config.values import Entries, Mark
from bo_sync.config.words import quoted
from bo_sync.core.model import Problem, Severity, Source
from bo_sync.core.text import Text


class Complaints:
    """The problems of one file, in the order in which they are found. `errors` counts those that are errors.

    `is_held` says that the entry at hand is about a person whom the hub already holds: what the hub itself took is then
    a warning (`doubt`).
    """

    __slots__ = ("errors", "is_held", "path", "problems")

    def __init__(self, path: Text) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.errors = 0
        self.is_held = False

    def mark(self) -> tuple[int, int]:
        """How far the complaints have come."""
        return len(self.problems), self.errors

    def back_to(self, mark: tuple[int, int]) -> None:
        """Forget what was said since `mark`."""
        problems, self.errors = mark
        del self.problems[problems:]

    def at(self, mark: Mark) -> Source:
        """A mark of this file as a place."""
        return made.source(self.path, mark.line + 1, mark.column + 1)

    def error(self, mark: Mark, message: str) -> None:
        self.errors += 1
        self.problems.append(Problem(self.at(mark), message))

    def warn(self, mark: Mark, message: str) -> None:
        self.problems.append(Problem(self.at(mark), message, Severity.WARNING))

    def doubt(self, mark: Mark, message: str) -> None:
        """An error, or a warning about a person whom the hub already holds."""
        if self.is_held:
            self.warn(mark, message)
        else:
            self.error(mark, message)

    def take(self, problems: list[Problem]) -> None:
        """Problems found elsewhere, all of them errors."""
        self.errors += len(problems)
        self.problems += problems

    def day(self, text: str, entries: Entries, name: str) -> date | None:
        """The value of `until` in `entries`, of the form YYYY-MM-DD, as a day; None, and an error, when there is none.

        `name` is what messages call it.
        """
        try:
            return date.fromisoformat(text)
        except ValueError:
            mark = entries.value_at("until")
            self.error(mark, f"{name}: found {quoted(text)}; expected a day that exists, as YYYY-MM-DD")
            return None
