"""By what a forge knows a notice again, so that it is told once and not at every run.

A fingerprint stays while lines move, files go to another folder, and days and counts pass. It is a hash, so it shows
nobody's address.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from pathlib import PurePosixPath

from bo_sync.core.model import Source
from bo_sync.core.text import Text
from bo_sync.render.notices import Notice

ANYWHERE = Source(Text("bo-sync.yaml"), 1)
"""Where that is told which no file says: forges drop what has no place."""


def place_of(notice: Notice, below: str = "") -> Source:
    """Where a notice stands, for a format that demands a place: in the folder `below`, which ends with `/`."""
    source = notice.source or ANYWHERE
    return replace(source, path=Text(f"{below}{source.path.raw}"))


def fingerprints(notices: Iterable[Notice]) -> tuple[str, ...]:
    """One for each notice, no two alike: 32 hexadecimal digits, `:`, and a number that tells equal ones apart."""
    seen: Counter[str] = Counter()
    found = []
    for notice in notices:
        key = _key(notice)
        seen[key] += 1
        found.append(f"{key}:{seen[key]}")
    return tuple(found)


def _key(notice: Notice) -> str:
    stem = PurePosixPath(place_of(notice).path.raw).stem
    parts = (notice.check, notice.email.folded if notice.email else "", stem, notice.what)
    told = "".join(f"{len(part)}:{part}" for part in parts)
    return sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]
