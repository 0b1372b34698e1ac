"""Beginning a repository: what is written, what is kept, and how the people of a hub come into it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bo_sync.access.people import of_files
from bo_sync.access.policies import on_files, subjects
from bo_sync.access.powers import powers
from bo_sync.cli.options import Common
from bo_sync.cli.pulling import pull_into
from bo_sync.cli.scaffold import Forge, Template, templates
from bo_sync.cli.session import load_files as files_here
from bo_sync.cli.writing import create_file
from bo_sync.config.files import kind_of, walk
from bo_sync.config.load import tree_of
from bo_sync.config.schema import KINDS, json_schema
from bo_sync.config.vocabulary import Vocabulary
from bo_sync.core.model import LiveState
from bo_sync.core.presets import resolve
from bo_sync.core.text import Text
from bo_sync.pull import Left

SCHEMAS: Final = "schemas"
_IGNORED: Final = ".gitignore"
_STATE: Final = ".bo-sync/"
_THERE: Final = "it is there already"


@dataclass(frozen=True, slots=True)
class Start:
    """Files written, in the order of writing; files kept, each with the reason; people who got no file, and why; and
    policies that are not read yet, since people break them."""

    written: tuple[Text, ...] = ()
    kept: tuple[tuple[Text, str], ...] = ()
    left: tuple[Left, ...] = ()
    asleep: tuple[Text, ...] = ()

    def and_then(self, other: "Start") -> "Start":
        return Start(
            (*self.written, *other.written),
            (*self.kept, *other.kept),
            (*self.left, *other.left),
            (*self.asleep, *other.asleep),
        )


def start(here: Common, forges: tuple[Forge, ...], live: LiveState | None) -> Start:
    """Writes what is not there. With `live`, its people take the place of the example.

    Raises FilesError where a file cannot be written, or a configuration that is there has an error.
    """
    has_configuration = bool(walk(here.root).files)
    wanted = [template for template in templates(forges) if not (has_configuration and kind_of(template.path))]
    policies = [template for template in wanted if kind_of(template.path) == "policy"]
    plain = [template for template in wanted if not _comes_later(template, is_pulled=live is not None)]
    begun = _write(here, plain)
    if live is not None:
        begun = begun.and_then(_pulled(here, live))
        policies = list(_kept_by_all(here, policies)) if policies else []
    begun = begun.and_then(_write(here, policies)).and_then(Start(asleep=_asleep(policies)))
    words = Vocabulary.of(here.root)
    schemas = [Template(f"{SCHEMAS}/{kind}.json", json_schema(kind, words)) for kind in KINDS]
    return begun.and_then(_write(here, schemas))


def _comes_later(template: Template, *, is_pulled: bool) -> bool:
    kind = kind_of(template.path)
    return kind == "policy" or (kind == "user" and is_pulled)


def _write(here: Common, wanted: Sequence[Template]) -> Start:
    written: list[Text] = []
    kept: list[tuple[Text, str]] = []
    for template in wanted:
        path = Text(template.path)
        if (here.root / template.path).exists():
            kept.append((path, _why_kept(here, template)))
        else:
            create_file(here.root, template.path, template.text)
            written.append(path)
    return Start(tuple(written), tuple(kept))


def _why_kept(here: Common, template: Template) -> str:
    if template.path != _IGNORED:
        return _THERE
    there = (here.root / _IGNORED).read_text(encoding="utf-8", errors="replace")
    return _THERE if _STATE in there.split() else f"{_THERE}; add a line `{_STATE}`, which is no business of git"


def _pulled(here: Common, live: LiveState) -> Start:
    """Everybody of the hub who has no file gets one."""
    pulled = pull_into(here.root, files_here(replace(here, quiet=True)), live, update=False)
    return Start(tuple(Text(draft.path) for draft in pulled.new), (), pulled.left)


def _kept_by_all(here: Common, policies: Sequence[Template]) -> Iterator[Template]:
    """The policies; those of severity error that the people at hand break under a name that is not read."""
    there = files_here(replace(here, quiet=True))
    found = [*walk(here.root).files, *((template.path, template.text.encode()) for template in policies)]
    tree = tree_of(found)
    users = (resolve(declaration, tree.presets, tree.settings, there.day) for declaration in tree.declarations)
    results = on_files(tree.policies, subjects(of_files(users)), powers(tree.settings), there.day)
    broken = {result.policy.source.path.raw for result in results if not result.ok}
    for template in policies:
        yield replace(template, path=_unread(template.path)) if template.path in broken else template


def _asleep(policies: Sequence[Template]) -> tuple[Text, ...]:
    return tuple(Text(template.path) for template in policies if kind_of(template.path) is None)


def _unread(path: str) -> str:
    """The name under which the loader passes a file by."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/_{name}"
