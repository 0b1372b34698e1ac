"""How the lines of a text end. Texts are changed with `\\n` at every line's end and written back as they were."""

from dataclasses import dataclass

from bo_sync.core.model import Problem, Source
from bo_sync.core.text import Text
from bo_sync.errors import FilesError


@dataclass(frozen=True, slots=True)
class Plain:
    """A text without a byte order mark whose every line, the last too, ends with `\\n`; and how they ended before."""

    text: str
    ending: str

    def written(self, changed: str) -> str:
        """`changed`, whose lines end with `\\n`, with the endings of the text that it was made from."""
        return changed if self.ending == "\n" else changed.replace("\n", self.ending)


def plain(text: str, path: Text) -> Plain:
    """`text`, which our reader accepted, to be changed. `path` names the file in messages.

    Raises FilesError when some lines end with CR LF and others with LF: lines that move, and new ones, would have to
    choose, and no difference that a reviewer can see would say so.
    """
    lines = text.removeprefix("\ufeff").split("\n")
    returns = [line.endswith("\r") for line in lines[:-1]]
    if len(set(returns)) > 1:
        odd = returns.index(not returns[0])
        first, other = ("CR LF", "LF") if returns[0] else ("LF", "CR LF")
        found = f"this line ends with {other}, the first one with {first}; expected one kind: save the file with it"
        raise FilesError(str(Problem(Source(path, odd + 1, len(lines[odd].removesuffix("\r")) + 1), found)))
    ending = "\r\n" if any(returns) else "\n"
    joined = "\n".join(line.removesuffix("\r") for line in lines)
    return Plain(joined if joined.endswith("\n") else joined + "\n", ending)
