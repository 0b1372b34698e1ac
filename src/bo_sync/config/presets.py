"""Preset files: what each gives, and that together they make sense. What they mean for a person is the core's."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bo_sync.config.admit import admit
from bo_sync.config.complaints import Complaints
from bo_sync.config.documents import PRESET_KEYS, AccessWord, PresetDocument
from bo_sync.config.known import Area, Known, rank, read_presets
from bo_sync.config.values import Entries
from bo_sync.core.model import Access, Preset, PresetGrant, Problem, Role, Source
from bo_sync.core.text import Text


class ReadPreset(NamedTuple):
    """A preset, and where each name of its `extends` stands (by name)."""

    preset: Preset
    extends_at: Mapping[str, Source]


def read_preset(name: str, entries: Entries, known: Known, complaints: Complaints) -> ReadPreset:
    """The preset `name` as its file states it; what is wrong is left out, and is a problem."""
    document, problems = admit(PresetDocument, entries, PRESET_KEYS, complaints.path)
    complaints.take(problems)
    source = complaints.at(entries.at)
    if document is None:
        return ReadPreset(Preset(name, source), {})
    written = entries.listing("extends")
    places = {str(item): complaints.at(at) for item, at in zip(written, written.values_at, strict=True)}
    preset = Preset(
        name=name,
        source=source,
        label=Text(document.label) if document.label else None,
        description=Text(document.description) if document.description else None,
        extends=read_presets(written, known.presets, complaints),
        grants=_grants(document, entries, known, complaints),
    )
    return ReadPreset(preset, places)


def _grants(
    document: PresetDocument, entries: Entries, known: Known, complaints: Complaints
) -> tuple[PresetGrant, ...]:
    areas: tuple[tuple[Area, Mapping[str, bool | AccessWord]], ...] = (
        (known.platform, document.platform),
        (known.modules, document.modules),
    )
    grants = []
    for area, given in areas:
        part = entries.mapping(area.name)
        for word, written in given.items():
            if word not in area.roles:
                complaints.error(part.key_at(word), area.unknown(word))
                continue
            if area.levels[written] is Access.NONE:
                shown = "false" if written is False else "none"
                message = f"{area.name}.{word}: {shown} takes nothing away in a preset; leave it out"
                complaints.warn(part.value_at(word), message)
            grants.append(PresetGrant(Role(word), area.levels[written], complaints.at(part.key_at(word))))
    return tuple(sorted(grants, key=lambda grant: rank(grant.role)))


def circles(presets: Iterable[ReadPreset]) -> list[Problem]:
    """One error for every place at which presets begin to extend themselves, the same for every order of files."""
    by_name = {read.preset.name: read for read in presets}
    done: set[str] = set()
    problems = []
    for start in sorted(by_name):
        trail: list[str] = []
        waiting = [(start, 0)]
        while waiting:
            name, depth = waiting.pop()
            done.update(trail[depth:])
            del trail[depth:]
            if name in trail:
                circle = [*trail[trail.index(name) :], name]
                at = by_name[trail[-1]].extends_at[name]
                problems.append(Problem(at, f"presets extend each other: {' > '.join(circle)}; expected no circle"))
            elif name in by_name and name not in done:
                trail.append(name)
                waiting += [(further, depth + 1) for further in sorted(by_name[name].preset.extends, reverse=True)]
        done.update(trail)
    return problems
