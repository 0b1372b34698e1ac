"""How a message about a file is worded: what was found, what was expected, the nearest valid word.

Everything quoted here was written by somebody else, so it passes through `Text` and is cut short.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from bo_sync.core.text import Text

SHOWN_CHARACTERS: Final = 60
SHOWN_CHOICES: Final = 16


def quoted(raw: str) -> str:
    """`raw`, harmless, at most `SHOWN_CHARACTERS` long, between double quotes."""
    shown = str(Text(raw[: SHOWN_CHARACTERS + 1]))
    if len(shown) > SHOWN_CHARACTERS:
        shown = shown[: SHOWN_CHARACTERS - 1] + "…"
    return f'"{shown}"'


def one_of(words: Iterable[str]) -> str:
    """`one of a, b, c`; a long list is cut and says how many more there are."""
    listed = list(words)
    if len(listed) == 1:
        return listed[0]
    rest = len(listed) - SHOWN_CHOICES
    return "one of " + ", ".join(listed[:SHOWN_CHOICES]) + (f" and {rest} more" if rest > 0 else "")


def unknown(what: str, raw: str, words: Iterable[str]) -> str:
    """The whole sentence for a word that is none of `words`, with the nearest of them when one is near."""
    known = list(words)
    return f"unknown {what} {quoted(raw)}; expected {one_of(known)}{meant(raw, known)}"


def meant(raw: str, words: Iterable[str]) -> str:
    """`; did you mean WORD?` for the word nearest to `raw`, or nothing when none is near."""
    near = get_close_matches(raw[:SHOWN_CHARACTERS].lower(), list(words), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def size(count: int, unit: str) -> str:
    """`1 character`, `2 characters`."""
    return f"{count:,} {unit}{'' if count == 1 else 's'}"
