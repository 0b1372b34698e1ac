"""The chain of journals: each header names the newest finished run before it, with the SHA-256 of its file.

So a journal that is deleted or changed afterwards shows, as do journals of two folders in one (a fork). The newest run
is named by none yet, so nothing shows that it was changed. A broken chain is reported and stops no command: revokes
must not wait for a file on a disk.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from bo_sync.core.text import Text
from bo_sync.journal.directory import JournalError, read_bytes, runs
from bo_sync.journal.records import End, Header, Previous, parse


@dataclass(frozen=True, slots=True)
class Link:
    """One journal in the chain. `digest` is None where its file cannot be read."""

    run: str
    digest: Text | None = None
    has_header: bool = False
    previous: Previous | None = None
    is_finished: bool = False


def link_of(run: str, journal: bytes) -> Link:
    """The link that the bytes of a journal make. Raises nothing."""
    lines = journal.split(b"\n")
    header = next((entry for entry in map(parse, lines) if isinstance(entry, Header)), None)
    return Link(
        run,
        Text(f"sha256:{sha256(journal).hexdigest()}"),
        has_header=header is not None,
        previous=None if header is None else header.previous,
        is_finished=any(isinstance(parse(line), End) for line in reversed(lines)),
    )


def _links(root: Path, names: Iterable[str]) -> Iterator[Link]:
    """One after the other, since a file is only read when its link is asked for."""
    for name in names:
        try:
            yield link_of(name, read_bytes(root, name))
        except JournalError:
            yield Link(name)


def newest_finished(root: Path, run: str) -> Previous | None:
    """The newest run before `run` that ended and whose journal can be read. Raises nothing."""
    try:
        names = [name for name in runs(root) if name < run]
    except JournalError:
        return None
    for link in _links(root, names):
        if link.is_finished and link.digest is not None:
            return Previous(link.run, link.digest)
    return None


class Reason(StrEnum):
    """What is wrong with a journal that a later run names."""

    MISSING = "missing"
    ALTERED = "altered"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Break:
    """`run` names `previous`, and that journal is not as `run` found it."""

    run: str
    previous: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Fork:
    """Finished runs that name the same run before them, or none. A killed run is named by none and makes no fork."""

    previous: str | None
    runs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """What is wrong with a chain, newest run first."""

    breaks: tuple[Break, ...] = ()
    forks: tuple[Fork, ...] = ()

    def about(self, run: str) -> "Chain":
        """The part in which `run` names another run, or is named."""
        return Chain(
            tuple(each for each in self.breaks if run in (each.run, each.previous)),
            tuple(each for each in self.forks if run in each.runs or each.previous == run),
        )


def chain_of(links: Iterable[Link]) -> Chain:
    """The chain of all journals of a folder, given newest first."""
    found = {link.run: link for link in links}
    following: dict[str | None, list[str]] = {}
    for link in found.values():
        if link.is_finished and link.has_header:
            following.setdefault(link.previous.run if link.previous else None, []).append(link.run)
    forks = (Fork(previous, tuple(names)) for previous, names in following.items() if len(names) > 1)
    return Chain(tuple(_breaks(found)), tuple(forks))


def _breaks(found: Mapping[str, Link]) -> Iterator[Break]:
    for link in found.values():
        if link.previous is not None and (reason := _reason(link.previous, found)) is not None:
            yield Break(link.run, link.previous.run, reason)


def _reason(previous: Previous, found: Mapping[str, Link]) -> Reason | None:
    named = found.get(previous.run)
    if named is None:
        return Reason.MISSING
    if named.digest is None:
        return Reason.UNREADABLE
    return None if named.digest == previous.digest else Reason.ALTERED


def read_chain(root: Path) -> Chain:
    """The chain of all journals below `root`, each read and hashed once. Raises JournalError for no list of them."""
    return chain_of(_links(root, runs(root)))
