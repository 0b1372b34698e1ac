"""The survivors argued away in docs/contributing/mutants.md: each a heading, the change as a diff, and the reason."""

import re
from pathlib import Path
from typing import Final

from tests.mutants.making import Mutation

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "contributing" / "mutants.md"
_ENTRY: Final = re.compile(
    r"^### `([^`]+)`: ([^\n]+)\n\n```diff\n(.*?)\n```\n+(.*?)\s*(?=^#|\Z)", re.MULTILINE | re.DOTALL
)


def listed(document: str) -> dict[Mutation, str]:
    """Every survivor of the document's text, and the argument for it; the argument is empty where there is none."""
    return {Mutation(module, place, change): why for module, place, change, why in _ENTRY.findall(document)}


def entry(mutation: Mutation) -> str:
    """A survivor as it stands in the document, but for the argument."""
    return f"### `{mutation.module}`: {mutation.place}\n\n```diff\n{mutation.change}\n```\n"
