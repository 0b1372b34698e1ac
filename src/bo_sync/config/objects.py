"""What git's objects hold: the entries of a listing, and the contents of many files in one question."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha1, sha256
from typing import Final

from bo_sync.config.git import Repository

_LINK: Final = b"120000"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a listing: a `blob`, a `tree` or a `commit` (a submodule), its name (a hash), its size in bytes."""

    path: str
    kind: str
    name: str
    size: int = 0
    is_link: bool = False


def entries(listing: bytes) -> Iterator[Entry]:
    """The entries of `git ls-tree -l -z`. Paths are strings as the file system's are, whatever their bytes."""
    for line in listing.split(b"\0"):
        if line:
            facts, _, path = line.partition(b"\t")
            mode, kind, name, size = facts.split()
            yield Entry(
                os.fsdecode(path),
                kind.decode("ascii"),
                name.decode("ascii"),
                int(size) if size.isdigit() else 0,
                mode == _LINK,
            )


def is_blob(data: bytes, name: str) -> bool:
    """Whether `data` is the blob of this name, or would be with the line ends that git keeps (`\\n`)."""
    return name == _blob(data, name) or (b"\r\n" in data and name == _blob(data.replace(b"\r\n", b"\n"), name))


def _blob(data: bytes, like: str) -> str:
    """The name that git gives to `data` in a repository with names as long as `like`."""
    kind = sha256 if len(like) == 64 else sha1
    return kind(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def contents(repo: Repository, names: Sequence[str]) -> list[bytes] | None:
    """What the blobs with these names hold, in their order; None where git does not have them all."""
    if not names:
        return []
    answer = repo.ask("cat-file", "--batch", feed="".join(f"{name}\n" for name in names).encode("ascii"))
    if answer is None or not answer.is_sound:
        return None
    found = []
    at = 0
    for _ in names:
        end = answer.out.find(b"\n", at)
        head = answer.out[at:end].split()
        if end < 0 or len(head) != 3 or head[1] != b"blob":
            return None
        size = int(head[2])
        found.append(answer.out[end + 1 : end + 1 + size])
        at = end + size + 2
    return found
