"""What questions about access cost beyond loading, against loading the tree that they are about.

A believable company of a thousand: a dozen presets, and for one in three a grant of their own beside it. Its other
revision, for `diff`, has one of the presets changed, which a twelfth of the users hold, and another grant for one in
twenty. The worst case is measured too, but has no bound: grants at random, so that hardly two users hold the same, and
another revision in which everybody's are others; then what is printed is itself as long as all files.

Loading is what every command begins with: from the files to what they want of each user, presets applied. A question
is everything after that, until the text that is printed, the reading of our own tables included, as a process asks it
once. `diff` loads two trees, and is measured against loading one. What counts is the processor's time.
"""

from collections.abc import Callable, Mapping
from datetime import date
from math import inf
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from bench.load import seconds
from bench.result import Result
from bo_sync.access.access_diff import Side, Users, difference, differing
from bo_sync.access.capabilities import powers
from bo_sync.access.catalogue import catalogue
from bo_sync.access.provenance import Provenance
from bo_sync.access.queries import who_can, with_indirect
from bo_sync.access.query_terms import read_question
from bo_sync.access.user_access import Matrix, of_files
from bo_sync.config.load import load_tree
from bo_sync.core.model import MODULES, PLATFORM, Role
from bo_sync.core.presets import resolve
from bo_sync.core.settings import Settings
from bo_sync.render.access_diff import AccessDiff, difference_json, difference_text
from bo_sync.render.access_text import answer_text, matrix_text
from bo_sync.render.layout import Page

USERS = 1_000
PRESETS = 12
ROUNDS = 7
BOUND = 0.5
DAY = date(2026, 11, 22)
LEVELS = ("owner", "editor", "viewer", "none")


def measure() -> list[Result]:
    """Writes two revisions of both companies, and times each question against loading the first revision."""
    with TemporaryDirectory(prefix="bo-sync-bench-") as folder:
        return [
            *_measured(Path(folder) / "believable", _believable, "", BOUND),
            *_measured(Path(folder) / "worst", _random, ", worst case", inf),
        ]


def _measured(root: Path, write: Callable[[Path, Random, int], None], what: str, bound: float) -> list[Result]:
    trees = []
    for revision in range(2):
        folder = root / (("base", "head")[revision])
        (folder / "users").mkdir(parents=True)
        write(folder, Random(7), revision)
        trees.append(_loaded(folder))
    questions = _questions(Settings(), *trees)
    load = min(seconds(lambda: _loaded(root / "base")) for _ in range(ROUNDS))
    return [_result(name + what, ask, load, bound) for name, ask in questions.items()]


def _result(name: str, ask: Callable[[], object], load: float, bound: float) -> Result:
    taken = min(seconds(lambda: _afresh(ask)) for _ in range(ROUNDS))
    figures = f"{taken * 1000:.0f} ms, loading {load * 1000:.0f} ms, {USERS:,} people (fastest of {ROUNDS})"
    return Result(f"{name} beyond loading", taken / load, bound, figures)


def _afresh(ask: Callable[[], object]) -> object:
    """As in a new process, which has not read the catalogue yet."""
    catalogue.cache_clear()
    return ask()


def _questions(settings: Settings, users: Users, others: Users) -> dict[str, Callable[[], object]]:
    page = Page()

    def matrix() -> object:
        return matrix_text(Matrix(of_files(users), settings.roles), "the files", page)

    def who() -> object:
        holders, bound = of_files(users), powers(settings)
        asked = read_question("orderUpdate", bound, settings.roles)
        answer = with_indirect(who_can(holders, asked, bound), holders, bound)
        return answer_text(answer, "the files", page, indirect=True)

    def compared() -> AccessDiff:
        bound = powers(settings)
        found = difference(*(Side(of_files(those), bound) for those in differing(users, others)))
        assert len(found) > USERS / 20, "so that there is something to tell"
        return AccessDiff(Provenance(None, None, None, DAY), Provenance(None, None, None, DAY), (), found)

    return {
        "matrix": matrix,
        "who-can --indirect": who,
        "diff": lambda: difference_text(compared(), width=None, color=False),
        "diff --format json": lambda: difference_json(compared()),
    }


def _loaded(root: Path) -> Users:
    tree = load_tree(root)
    assert not tree.problems, tree.problems[0]
    assert len(tree.declarations) == USERS
    return tuple(resolve(entry, tree.presets, tree.settings, DAY) for entry in tree.declarations)


def _believable(root: Path, chance: Random, revision: int) -> None:
    (root / "presets").mkdir()
    for number in range(PRESETS):
        modules = {role: chance.choice(LEVELS[:3]) for role in MODULES if chance.random() < 0.4}
        if revision and number == 0:
            modules |= {MODULES[4]: "owner", MODULES[5]: "viewer"}
        text = f"label: Preset {number}\nplatform: {{backoffice: true}}\n{_mapping('modules', modules)}"
        (root / "presets" / f"preset-{number}.yaml").write_text(text, encoding="utf-8")
    for number in range(USERS):
        own = {chance.choice(MODULES): chance.choice(LEVELS)} if chance.random() < 0.3 else {}
        if revision and number % 20 == 0:
            own |= {MODULES[number % len(MODULES)]: LEVELS[number // 20 % len(LEVELS)]}
        _write(root, number, f"preset: preset-{chance.randrange(PRESETS)}\n{_mapping('modules', own)}")


def _random(root: Path, chance: Random, revision: int) -> None:
    chance = Random(8) if revision else chance
    for number in range(USERS):
        modules = {role: chance.choice(LEVELS) for role in MODULES if chance.random() < 0.7}
        platform = {area: chance.choice(("true", "false")) for area in PLATFORM}
        _write(root, number, _mapping("platform", platform) + _mapping("modules", modules))


def _mapping(key: str, entries: Mapping[Role, str]) -> str:
    return "".join((f"{key}:\n", *(f"  {role}: {word}\n" for role, word in entries.items()))) if entries else ""


def _write(root: Path, number: int, grants: str) -> None:
    email = f"person-{number:04}@example.com"
    text = f"email: {email}\nfirst_name: Jane\nlast_name: Doe {number}\nlanguage: nl\n{grants}"
    (root / "users" / f"person-{number:04}.yaml").write_text(text, encoding="utf-8")
