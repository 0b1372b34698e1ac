"""Symlinks in a commit, followed by git within the commit: what they lead to is read under the link's own path.

As on a disk, a link to a file stands for that file, and one to a folder for all that is in it, unless the folder is
read anyway. Links within a folder that is itself reached by a link are not followed, which is told.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from bo_sync.config.files import kind_of
from bo_sync.config.git import ask
from bo_sync.config.objects import Entry, entries
from bo_sync.core.model import Problem, Source
from bo_sync.core.text import Text

MAX_FOLDERS: Final = 32
"""Linked folders that are read; each costs a question."""
_WHY: Final = {
    b"symlink": "a symlink out of the repository; expected it to lead to a file inside",
    b"dangling": "a symlink that leads nowhere in this commit; expected a file",
    b"missing": "a symlink that leads nowhere in this commit; expected a file",
    b"loop": "a symlink that leads to itself; expected a file",
    b"notdir": "a symlink that leads through a file; expected a file",
}


@dataclass(slots=True)
class Linked:
    """What links lead to, under the paths of the links, and those that lead nowhere."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def complain(self, path: str, message: str) -> None:
        self.problems.append(Problem(Source(Text(path), 1), message))


def follow(root: Path, commit: str, found: Sequence[Entry]) -> Linked:
    """What the links among `found`, paths below `root` in `commit`, lead to."""
    linked = Linked()
    links = [entry.path for entry in found if entry.is_link and not _is_hidden(entry.path)]
    known = {entry.name for entry in found if entry.kind == "tree"}
    folders = 0
    for path, answer in zip(links, _targets(root, commit, links), strict=True):
        name, kind = answer[0], answer[1] if len(answer) > 1 else b""
        if kind == b"blob" and kind_of(path) is not None:
            linked.entries.append(Entry(path, "blob", name.decode("ascii"), int(answer[2])))
        elif kind == b"tree" and name.decode("ascii") not in known:
            known.add(name.decode("ascii"))
            folders += 1
            if folders > MAX_FOLDERS:
                linked.complain(path, f"more than {MAX_FOLDERS} symlinks to folders; expected folders")
            else:
                _folder(root, path, name.decode("ascii"), linked)
        elif kind not in {b"blob", b"tree"}:
            why = _WHY.get(name, _WHY[b"missing"])
            linked.complain(path, why)
    return linked


def _is_hidden(path: str) -> bool:
    return "/_" in path or "/." in path


def _folder(root: Path, path: str, name: str, linked: Linked) -> None:
    listing = ask(root, "ls-tree", "-r", "-l", "-z", "--full-tree", name)
    if listing is None or not listing.is_sound:
        linked.complain(path, _WHY[b"missing"])
        return
    for entry in entries(listing.out):
        below = replace(entry, path=f"{path}/{entry.path}")
        if entry.is_link and not _is_hidden(below.path):
            linked.complain(below.path, "a symlink in a folder that is reached by one; expected a file")
        else:
            linked.entries.append(below)


def _targets(root: Path, commit: str, links: Sequence[str]) -> Iterator[list[bytes]]:
    """For each link, what git says of its target: name, kind and size, or a word of `_WHY`."""
    prefix = ask(root, "rev-parse", "--show-prefix") if links else None
    if prefix is None or not prefix.is_sound:
        yield from ([b"missing"] for _ in links)
        return
    start = commit.encode("ascii") + b":" + prefix.out.removesuffix(b"\n")
    asked = [link for link in links if "\n" not in link]
    feed = b"".join(start + os.fsencode(link) + b"\n" for link in asked)
    answer = ask(root, "cat-file", "--batch-check", "--follow-symlinks", feed=feed)
    told = _lines(answer.out if answer is not None and answer.is_sound else b"")
    for link in links:
        yield next(told, [b"missing"]) if "\n" not in link else [b"missing"]


def _lines(answers: bytes) -> Iterator[list[bytes]]:
    """Each answer's words, without the paths that follow those about links that lead nowhere."""
    at = 0
    while (end := answers.find(b"\n", at)) >= 0:
        words = answers[at:end].split()
        at = end + 1
        if len(words) == 2 and words[0] in _WHY and words[1].isdigit():
            at += int(words[1]) + 1
            words = words[:1]
        elif words[-1:] == [b"missing"]:
            words = [b"missing"]
        yield words
