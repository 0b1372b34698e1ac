"""The words that one repository adds to the files' language: the names of its presets, and modules of its own."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bo_sync.access.catalogue import Catalogue, catalogue, in_use
from bo_sync.config.files import CATALOGUE, PRESETS, SETTINGS_FILE, is_preset_name, kind_of, stem_of, walk
from bo_sync.config.load import tree_of
from bo_sync.core.model import PLATFORM, Role


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """No presets: any sound name will do. No modules: the documented nine, and any sound name beside them.

    `facts` are the menu items and the operations that policies may name.
    """

    presets: tuple[str, ...] = ()
    modules: tuple[Role, ...] = ()
    facts: Catalogue = field(default_factory=catalogue)

    @classmethod
    def of(cls, root: Path) -> Self:
        """The words of the repository in `root`, as far as its files tell them; people and policies are not read.

        Settings with an error say nothing certain about modules. Never raises for what the files hold.
        """
        kinds = {"preset", "config", "catalogue"}
        files = [file for file in walk(root, (CATALOGUE, PRESETS)).files if kind_of(file[0]) in kinds]
        presets = {stem_of(path) for path, _ in files if kind_of(path) == "preset"}
        tree = tree_of(files)
        unclear = any(problem.source.path.raw == SETTINGS_FILE for problem in tree.errors)
        modules = tuple(role for role in tree.settings.roles if role not in PLATFORM)
        names = tuple(sorted(filter(is_preset_name, presets)))
        is_silent = all(kind_of(path) == "catalogue" for path, _ in files)
        return cls(names, () if unclear or is_silent else modules, in_use(tree.settings))
