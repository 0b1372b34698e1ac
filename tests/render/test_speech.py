"""The words of our own sentences are known, so that none of them is ever taken for somebody's name."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Final

from bo_sync.render.speech import SPEECH
from tests.support.golden import are_written

SOURCE: Final = Path(__file__).parents[2] / "src" / "bo_sync"
WORDS: Final = SOURCE / "render" / "speech.py"
NOBODYS: Final = {"sandbox", "scaffold"}
"""What is not told of users: the embedded hub's own sentences, and the files that `init` writes."""
EXAMPLES: Final = {"config/json_schema.py"}
_ALONE: Final = re.compile(r"(?<![\w@/.\\])[a-z]{2,}(?![\w@/]|\.\w)")


def said() -> Iterator[str]:
    """The words, in lower case, of every string in our code that is more than one word, docstrings left out."""
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE)
        if place.parts[0] not in NOBODYS and place.as_posix() not in EXAMPLES and path != WORDS:
            yield from _said(ast.parse(path.read_text(encoding="utf-8")))


def _said(code: ast.Module) -> Iterator[str]:
    documents = {id(node.value) for node in ast.walk(code) if isinstance(node, ast.Expr)}
    for node in ast.walk(code):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield from _ALONE.findall(node.value) if " " in node.value else ()


def test_the_words_of_our_sentences_are_known() -> None:
    if are_written():
        head = WORDS.read_text(encoding="utf-8").partition("\n_WORDS")[0]
        WORDS.write_text(f"{head}\n{_listed(sorted(set(said())))}", encoding="utf-8")
        return
    assert sorted(SPEECH ^ set(said())) == [], "make goldens writes the words anew"


def _listed(words: list[str]) -> str:
    lines = "\n".join(wrap(" ".join(words), 119))
    return f'_WORDS: Final = """\n{lines}\n"""\nSPEECH: Final = frozenset(_WORDS.split())\n'


def test_no_name_of_an_example_is_a_word() -> None:
    assert {"jane", "doe", "ann", "karel"} & SPEECH == set()
