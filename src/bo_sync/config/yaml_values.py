"""The values of a YAML file, each with its line and column."""

from dataclasses import dataclass
from typing import Final, Protocol

from bo_sync.core.model import Source
from bo_sync.core.text import Text


class Mark(Protocol):
    """A position as the parser counts it: line and column from 0, index in characters."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Start:
    """The mark of a file's first character, for values without a better place."""

    line: int = 0
    column: int = 0


START: Final[Mark] = Start()


NULL_LOOKALIKES: Final = frozenset(("~", "Null", "NULL"))
"""Plain words that other readers of YAML read as null, and we as text."""
_NONE_QUOTED: Final[frozenset[str]] = frozenset()


class YamlMapping(dict[str, "Value"]):
    """A mapping that knows where it starts (`at`) and the position of each key and each value.

    `marks` holds two positions for every key, its own and its value's, in the order in which the keys were read. Most
    are never needed, so they are found by name only on demand. `quoted` are the keys whose value is a quoted word that
    means null, true or false, or nearly does.
    """

    __slots__ = ("_places", "at", "marks", "quoted")

    def __init__(self, at: Mark) -> None:
        self.at = at
        self.quoted: frozenset[str] = _NONE_QUOTED
        self.marks: list[Mark] = []
        self._places: dict[str, tuple[Mark, Mark]] | None = None

    def key_at(self, key: str) -> Mark:
        """The position of a key that was read."""
        return self._placed()[key][0]

    def value_at(self, key: str) -> Mark:
        """The position of the value of a key that was read."""
        return self._placed()[key][1]

    def keys_at(self) -> list[Mark]:
        """The positions of the keys, in the order of the keys."""
        return self.marks[::2] if self._places is None else [self._places[key][0] for key in self]

    def had(self, key: str) -> bool:
        """Whether a key was read, even if it was removed since."""
        return key in self or (self._places is not None and key in self._places)

    def take_out(self, key: str) -> None:
        """Remove a key; its positions are kept."""
        self._placed()
        self.pop(key, None)

    def mapping(self, key: str) -> "YamlMapping":
        """The mapping under `key`; an empty one when there is none."""
        value = self.get(key)
        return value if isinstance(value, YamlMapping) else YamlMapping(self.at)

    def listing(self, key: str) -> "Items":
        """The list under `key`; an empty one when there is none."""
        value = self.get(key)
        return value if isinstance(value, Items) else Items(self.at)

    def _placed(self) -> dict[str, tuple[Mark, Mark]]:
        if self._places is None:
            self._places = dict(zip(self, zip(self.marks[::2], self.marks[1::2], strict=True), strict=True))
        return self._places


class Items(list["Value"]):
    """A list. `at` is where it starts; `values_at` holds a position for every item."""

    __slots__ = ("at", "values_at")

    def __init__(self, at: Mark) -> None:
        self.at = at
        self.values_at: list[Mark] = []


Value = str | bool | YamlMapping | Items | None


def source(path: Text, mark: Mark) -> Source:
    """A mark as a place that a message can name."""
    return Source(path, mark.line + 1, mark.column + 1)
