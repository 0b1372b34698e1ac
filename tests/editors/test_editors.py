"""The real YAML language server over good and bad files: what an editor shows while somebody types.

Needs Node and `npm ci` in this folder; `make test-editors` does both. Without them the tests are skipped, unless the
environment says `BO_SYNC_EDITORS=required`. Every bad file is also refused by `bo-sync validate`, on the same line.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from bo_sync.config.documents import POLICY_KEYS, PRESET_KEYS, SETTINGS_KEYS, USER_KEYS
from bo_sync.config.load import tree_of
from tests.editors.language_server import SERVER, LanguageServer, Message, language_server
from tests.support.discovered import discovered
from tests.support.process import bo_sync, write

ROOT: Final = Path(__file__).parents[2]
pytestmark = [pytest.mark.editors, pytest.mark.timeout(300)]

FOLDERS: Final = ("users", "presets", "policies")
KIND: Final = {"users": "user", "presets": "preset", "policies": "policy", "bo-sync.yaml": "config"}
WORDS: Final = {
    "bo-sync.yaml": "role_definitions: {warehouse: wms}\n",
    "presets/sales.yaml": "label: Sales\nplatform: {sales_hub: true}\nmodules: {order_data: owner}\n",
    "presets/2024.yaml": "label: Of a year\nmodules: {pricing: viewer}\n",
}
"""What the schemas are made from: two presets, and a module that is added."""
JANE: Final = "email: jane@example.com\nfirst_name: Jane\nlast_name: Doe\n"


def modeline(path: str, deep: int = 0) -> str:
    """The first line that names the schema of a file, which stands so many folders deeper than it would."""
    up = "../" * (path.count("/") + deep)
    return f"# yaml-language-server: $schema={up}schemas/{KIND[path.partition('/')[0]]}.json\n"


@dataclass(slots=True)
class Editor:
    """The server, and a repository in which every file is opened once, in a folder of its own."""

    server: LanguageServer
    root: Path
    opened: int = 0

    def finds(self, path: str, text: str) -> list[tuple[int, str]]:
        """What is shown in a file, with the line, counted from 1; the first one has the modeline."""
        return [(found["range"]["start"]["line"] + 1, found["message"]) for found in self._open(path, text)[1]]

    def offers(self, path: str, text: str) -> dict[str, str]:
        """What completion offers at the `|` in the text, each with its explanation."""
        listed = self._at("completion", path, text)
        return {item["label"]: _plain(item.get("documentation", "")) for item in listed["items"]}

    def shows(self, path: str, text: str) -> str:
        """What is shown where the mouse stands at the `|` in the text."""
        shown = self._at("hover", path, text)
        return _plain(shown["contents"]) if shown else ""

    def _at(self, method: str, path: str, text: str) -> Any:
        before, _, after = text.partition("|")
        place, _ = self._open(path, before + after)
        lines = before.split("\n")
        return self.server.at(method, place, len(lines), len(lines[-1]))

    def _open(self, path: str, text: str) -> tuple[Path, list[Message]]:
        self.opened += 1
        place = write(self.root / str(self.opened), {path: modeline(path, 1) + text}) / path
        return place, self.server.opened(place)


def _plain(said: object) -> str:
    """Text, whether it comes alone or with its kind, without Markdown's escapes."""
    return str(said["value"] if isinstance(said, Mapping) else said).replace("\\", "")


@pytest.fixture(scope="session")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    if shutil.which("node") is None or not SERVER.is_file():
        lacking = "NOT CHECKED: Node and the YAML language server are not installed; `make test-editors` installs it"
        if os.environ.get("BO_SYNC_EDITORS") == "required":
            pytest.fail(lacking)
        pytest.skip(lacking)
    root = write(tmp_path_factory.mktemp("editors"), WORDS)
    made = bo_sync(root, "schema", "--all", "schemas")
    assert made.code == 0, made.err
    with language_server(root, {}) as server:
        yield Editor(server, root)


def samples() -> list[str]:
    """The repository's own files."""
    found = [path for folder in FOLDERS for path in discovered((ROOT / folder).rglob("*.yaml"))]
    return [path.relative_to(ROOT).as_posix() for path in sorted([*found, ROOT / "bo-sync.yaml"])]


def test_the_repositorys_own_files_are_right(tmp_path: Path, editor: Editor) -> None:
    """In a repository of their own, for its schemas name its own presets."""
    root = write(tmp_path, {path: modeline(path) + (ROOT / path).read_text(encoding="utf-8") for path in samples()})
    assert bo_sync(root, "schema", "--all", "schemas").code == 0
    assert bo_sync(root, "validate").code == 0
    assert bo_sync(root, "fmt", "--check").code == 0, "a modeline is a comment like any other"
    with language_server(root, {}) as server:
        assert {path: server.opened(root / path) for path in samples()} == {path: [] for path in samples()}


GOOD: Final = {
    "text that looks like something else": (
        "users/text.yaml",
        JANE + "language: no\nphone: 0031\njob: 5\npreset: 2024\nuntil: 2099-12-31\n",
    ),
    "a person whom the hub holds": ("users/held.yaml", "email: jane@example.com\nid: 1042\nphone: null\n"),
    "a list of people": ("users/list.yaml", "users:\n  - {email: a@example.com, id: 4}\n  - {email: b@b.c, id: 5}\n"),
    "a module that the settings add": ("users/added.yaml", JANE + "modules: {warehouse: editor, pricing: none}\n"),
    "an entry with an end": (
        "users/end.yaml",
        JANE + "modules:\n  pricing:\n    access: editor\n    until: 2099-12-31\n    reason: CHG-1234\n",
    ),
    "presets of presets": ("presets/more.yaml", "extends: [sales, 2024]\nmodules: {warehouse: viewer}\n"),
    "a policy": (
        "policies/one.yaml",
        'id: one\nmatch:\n  all_of:\n    - has: {warehouse: editor}\n    - menu: "Orders > Carriers"\n',
    ),
    "settings": (
        "bo-sync.yaml",
        "guardrails: {max_user_deletes: {percent: 10, cap: 3}}\nexpiring_within: 30\n",
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_nothing_is_shown_in_a_good_file(name: str, editor: Editor) -> None:
    assert editor.finds(*GOOD[name]) == []


BAD: Final = {
    "a preset that does not exist": (
        "users/preset.yaml",
        JANE + "preset: sale\n",
        [(5, 'Value is not accepted. Valid values: "2024", "sales", 2024.')],
    ),
    "preset and presets": (
        "users/both.yaml",
        JANE + "preset: sales\npresets: [sales]\n",
        [(6, "Property presets is not allowed.")],
    ),
    "a level that does not exist": (
        "users/level.yaml",
        JANE + "modules:\n  pricing: admin\n",
        [(6, 'Value is not accepted. Valid values: "owner", "editor", "viewer", "none".')],
    ),
    "a module that does not exist": (
        "users/module.yaml",
        JANE + "modules:\n  pricing: owner\n  prices: owner\n",
        [(7, "Property prices is not allowed.")],
    ),
    "a module among the platform's areas": (
        "users/platform.yaml",
        JANE + "platform: {pricing: true}\n",
        [(5, "Property pricing is not allowed.")],
    ),
    "an unknown key": ("users/key.yaml", JANE + "presset: sales\n", [(5, "Property presset is not allowed.")]),
    "no address": (
        "users/none.yaml",
        "first_name: Jane\nlast_name: Doe\n",
        [(2, 'Missing property "email".')],
    ),
    "no name": (
        "users/nameless.yaml",
        "email: jane@example.com\nfirst_name: Jane\n",
        [(2, 'Missing property "last_name".')],
    ),
    "an address that is none": (
        "users/address.yaml",
        JANE.replace("jane@", "jane."),
        [(2, "Expected an address such as jane.doe@example.com.")],
    ),
    "a day that is none": ("users/day.yaml", JANE + "until: soon\n", [(5, "Expected a date as YYYY-MM-DD.")]),
    "a day that no calendar has": (
        "users/calendar.yaml",
        JANE + "until: 2099-13-01\n",
        [(5, "Expected a date as YYYY-MM-DD.")],
    ),
    "a language of three letters": (
        "users/language.yaml",
        JANE + "language: nld\n",
        [(5, "Expected a language of two letters such as nl.")],
    ),
    "a job that is too long": (
        "users/job.yaml",
        JANE + f"job: {'x' * 31}\n",
        [(5, "String is longer than the maximum length of 30.")],
    ),
    "the second person of a list": (
        "users/second.yaml",
        "users:\n  - email: a@example.com\n    id: 4\n  - email: b@example.com\n    id: 5\n    state: gone\n",
        [(7, 'Value is not accepted. Valid values: "present", "absent".')],
    ),
    "an ignore without a day": (
        "users/ignore.yaml",
        JANE + "ignore:\n  - rule: BOS007\n    reason: agreed\n",
        [(6, 'Missing property "until".')],
    ),
    "a preset that extends nothing known": (
        "presets/extends.yaml",
        "label: x\nextends:\n  - sales\n  - sails\n",
        [(5, 'Value is not accepted. Valid values: "2024", "sales", 2024.')],
    ),
    "a policy of an unknown operation": (
        "policies/operation.yaml",
        "id: x\nmatch:\n  any_of:\n    - can:\n        - orderUpdat\n",
        [(6, "Value is not accepted. Valid values: ")],
    ),
    "a policy of a menu item that does not exist": (
        "policies/item.yaml",
        'id: x\nmatch:\n  any_of:\n    - menu: "Orders > Planes"\n',
        [(5, "Value is not accepted. Valid values: ")],
    ),
    "a policy that demands no level": (
        "policies/level.yaml",
        "id: x\nmatch:\n  any_of:\n    - has:\n        pricing: none\n",
        [(6, 'Value is not accepted. Valid values: "owner", "editor", "viewer".')],
    ),
    "a guardrail that does not exist": (
        "bo-sync.yaml",
        "guardrails:\n  max_deletes: 3\n",
        [(3, "Property max_deletes is not allowed.")],
    ),
    "a hub that would be a destination": (
        "bo-sync.yaml",
        "hub_host: https://api.helice.cloud/\n",
        [(2, "Expected a host name, without scheme, port or path.")],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_shown_at_its_line_and_refused_there(name: str, tmp_path: Path, editor: Editor) -> None:
    path, text, expected = BAD[name]
    shown = editor.finds(path, text)
    assert [
        (line, message[: len(told)]) for (line, message), (_, told) in zip(shown, expected, strict=True)
    ] == expected
    files = {**WORDS, path: modeline(path) + text}
    refused = tree_of((path, text.encode()) for path, text in files.items()).errors
    assert [(str(problem.source.path), problem.source.line) for problem in refused] == [
        (path, line) for line, _ in expected
    ]


def test_presets_are_offered_by_name(editor: Editor) -> None:
    offered = editor.offers("users/offers.yaml", JANE + "preset: |\n")
    assert {"sales", "2024"} <= {name.strip('"') for name in offered}
    assert set(offered.values()) == {"The preset that gives the access: the stem of a file in presets/."}


def test_levels_are_offered(editor: Editor) -> None:
    offered = editor.offers("users/levels.yaml", JANE + "modules:\n  pricing: |\n")
    assert {*offered} >= {"owner", "editor", "viewer", "none"}


def test_modules_are_offered_with_what_they_are_about(editor: Editor) -> None:
    offered = editor.offers("users/modules.yaml", JANE + "modules:\n  order_data: viewer\n  |\n")
    assert offered["pricing"].startswith("Pricing: prices, pricesheets, discounts, taxes, surcharges.")
    assert offered["warehouse"].startswith("A module that")
    assert "order_data" not in offered


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("users/keys.yaml", USER_KEYS),
        ("presets/keys.yaml", PRESET_KEYS),
        ("policies/keys.yaml", POLICY_KEYS),
        ("bo-sync.yaml", SETTINGS_KEYS),
    ],
)
def test_every_key_is_offered_in_an_empty_file_and_explained(path: str, keys: tuple[str, ...], editor: Editor) -> None:
    offered = editor.offers(path, "|\n")
    assert {key: bool(offered.get(key)) for key in keys} == dict.fromkeys(keys, True)


def test_operations_and_menu_items_are_offered_to_a_policy(editor: Editor) -> None:
    start = "id: x\nmatch:\n  any_of:\n"
    assert "Orders > Carriers" in editor.offers("policies/items.yaml", start + "    - menu: |\n")
    assert "orderUpdate" in editor.offers("policies/operations.yaml", start + "    - can:\n        - |\n")


@pytest.mark.parametrize(
    ("path", "text", "shown"),
    [
        ("users/hover-a.yaml", JANE + "pre|set: sales\n", "The preset that gives the access"),
        ("users/hover-b.yaml", JANE + "modules:\n  pri|cing: owner\n", "Pricing: prices, pricesheets, discounts"),
        ("users/hover-c.yaml", JANE + "un|til: 2099-01-01\n", "The last day of the account"),
        ("presets/hover-d.yaml", "ext|ends: [sales]\n", "Presets whose grants are added to this one's."),
        ("policies/hover-e.yaml", "id: x\nat_|most: 3\n", "The most users who may match"),
    ],
)
def test_a_key_is_explained_where_the_mouse_stands(path: str, text: str, shown: str, editor: Editor) -> None:
    assert shown in editor.shows(path, text)


def test_a_repository_that_init_begins_is_right_and_its_editor_knows_the_schemas(
    tmp_path: Path, editor: Editor
) -> None:
    assert bo_sync(tmp_path, "init").code == 0
    mapping = json.loads((tmp_path / ".vscode" / "settings.json").read_text(encoding="utf-8"))["yaml.schemas"]
    written = sorted(path for path in tmp_path.rglob("*.yaml") if not path.name.startswith("."))
    write(tmp_path, {"users/team/new.yaml": JANE + "preset: sails\n"})
    with language_server(tmp_path, mapping) as server:
        assert {path.name: server.opened(path) for path in written} == {path.name: [] for path in written}
        (found,) = server.opened(tmp_path / "users" / "team" / "new.yaml")
    assert "sales-representative" in found["message"]


def test_the_documented_settings_are_those_that_init_writes(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
    assert bo_sync(tmp_path, "init").code == 0
    assert f"```json\n{(tmp_path / '.vscode' / 'settings.json').read_text(encoding='utf-8')}```" in page
