"""The files that `bo-sync init` writes: templates in the package's `scaffold` folder, one folder a kind of repository.

A part of a path that begins with `dot-` begins with a dot where it is written, so that no tool takes the templates for
its own files. In a template, `@version@` stands for this version; nothing else is replaced.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final, Literal

from bo_sync import __version__

Forge = Literal["github", "gitlab"]
_DOT: Final = "dot-"


@dataclass(frozen=True, slots=True)
class Template:
    """One file to be written: its path below the repository's root, with `/`, and its text."""

    path: str
    text: str


def templates(forges: tuple[Forge, ...]) -> tuple[Template, ...]:
    """What every repository gets, then what each forge needs; sorted by path within each."""
    folder = resources.files("bo_sync") / "scaffold"
    return tuple(template for name in ("base", *forges) for template in sorted(_below(folder / name), key=_by_path))


def _by_path(template: Template) -> str:
    return template.path


def _below(folder: Traversable, path: str = "") -> Iterator[Template]:
    for entry in folder.iterdir():
        name = f".{entry.name.removeprefix(_DOT)}" if entry.name.startswith(_DOT) else entry.name
        if entry.is_dir():
            yield from _below(entry, f"{path}{name}/")
        else:
            yield Template(f"{path}{name}", entry.read_text(encoding="utf-8").replace("@version@", __version__))
