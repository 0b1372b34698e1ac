"""Every message about the files, with hostile text in the place that it is about: it shows, and does nothing."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.cli.hostile_files import ATTACKS, PLACES, Place, scalar
from tests.support.inside import check_inert, check_shown, inside
from tests.support.process import write


def trees(place: Place) -> Iterator[tuple[Mapping[str, str], list[str]]]:
    """Configurations with all attacks in `place`, as few as can hold them, and which attacks each one holds."""
    files: dict[str, str] = {}
    held: list[str] = []
    for number, attack in enumerate(ATTACKS.values()):
        more = place.files(number, scalar(attack))
        if any(files.get(path, text) != text for path, text in more.items()):
            yield files, held
            files, held = {}, []
        files.update(more)
        held.append(attack)
    yield files, held


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_what_is_said_of_the_files_shows_and_does_nothing(place: Place, tmp_path: Path) -> None:
    for number, (files, attacks) in enumerate(trees(place)):
        root = write(tmp_path / str(number), files)
        told, also = inside("validate", "-C", str(root)), inside("users", "-C", str(root), "--verbose")
        for ran in (told, also):
            check_inert(ran)
        assert place.says in told.out
        for attack in attacks:
            check_shown(told, attack)
        document = inside("validate", "-C", str(root), "--format", "json")
        assert document.out.isascii()
        assert json.loads(document.out)["format_version"] == 2
