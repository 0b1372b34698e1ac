"""The walk over a folder: what is found, what is refused, and that nothing on a disk makes it fail."""

import os
from pathlib import Path

import pytest

from bo_sync.config.files import LINK, kind_of, stem_of, walk
from bo_sync.config.load import load_tree
from bo_sync.config.yaml_reader import MAX_BYTES
from tests.config.trees import JANE


def paths(root: Path) -> list[str]:
    return [path for path, _ in walk(root).files]


def problems(root: Path) -> list[str]:
    return sorted(map(str, walk(root).problems))


def write(root: Path, path: str, data: bytes = JANE.encode()) -> Path:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return place


def test_files_are_found_at_any_depth_and_sorted(tmp_path: Path) -> None:
    for path in ("users/z.yaml", "users/a/b/c/d.yml", "presets/p.yaml", "bo-sync.yaml"):
        write(tmp_path, path)
    for path in ("users/_draft.yaml", "users/.hidden/a.yaml", "users/_old/a.yaml", "users/README.md", "x.yaml"):
        write(tmp_path, path)
    assert paths(tmp_path) == ["bo-sync.yaml", "presets/p.yaml", "users/a/b/c/d.yml", "users/z.yaml"]
    assert problems(tmp_path) == []


def test_a_folder_that_is_not_there_or_no_folder_is_told(tmp_path: Path) -> None:
    shown = str(tmp_path / "none")
    shown = shown if len(shown) <= 60 else shown[:59] + "…"
    found = f'.:1:1: error: cannot list the folder "{shown}": No such file or directory; expected a folder that holds '
    assert [str(problem) for problem in load_tree(tmp_path / "none").errors] == [f"{found}users/ and presets/"]
    assert "Not a directory" in problems(write(tmp_path, "file"))[0]
    (tmp_path / "users").mkdir()
    assert load_tree(tmp_path).user_files == 0


def test_a_name_that_is_almost_right_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    write(tmp_path, "users/jane.YAML")
    write(tmp_path, "bo-sync.yml")
    assert problems(tmp_path) == [
        "bo-sync.yml:1:1: error: this file is not read; expected the name bo-sync.yaml",
        "users/jane.YAML:1:1: warning: this is not read; expected a name that ends in .yaml or .yml (BOS018)",
    ]


ENDING = "a name that ends in .yaml or .yml"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("users/jane.yaml.txt", ENDING, id="a second ending"),
        pytest.param("users/jane.ymal", ENDING, id="a slip in the ending"),
        pytest.param("users/jane.json", ENDING, id="another format"),
        pytest.param("users/jane", ENDING, id="no ending"),
        pytest.param("users/sales/jane.yaml~", ENDING, id="a copy of an editor further down"),
        pytest.param("presets/sales.YML", ENDING, id="capital letters"),
        pytest.param("policies/four-eyes.yaml.bak", ENDING, id="a backup of a policy"),
        pytest.param("users/team.csv", ENDING, id="a table"),
        pytest.param("users/.yaml", None, id="a hidden file"),
        pytest.param("users/_draft.txt", None, id="a draft"),
        pytest.param("users/_old/jane.txt", None, id="a folder of drafts"),
        pytest.param("users/README", None, id="a readme without ending"),
        pytest.param("presets/readme.txt", None, id="a readme in lower case"),
        pytest.param("policies/why.md", None, id="a page"),
        pytest.param("docs/jane.yaml.txt", None, id="a file elsewhere"),
        pytest.param("user/jane.yaml", "the name users/", id="the singular"),
        pytest.param("policy/four-eyes.yaml", "the name policies/", id="the singular of policies"),
        pytest.param("Presets/sales.yaml", "the name presets/", id="a capital letter"),
        pytest.param("uesrs/jane.yaml", "the name users/", id="two letters that changed places"),
        pytest.param("polices/four-eyes.yaml", "the name policies/", id="a letter that is missing"),
        pytest.param("presetss/sales.yaml", "the name presets/", id="a letter more"),
        pytest.param("ysers/jane.yaml", "the name users/", id="another letter"),
        pytest.param("user.yaml", "files in a folder users/", id="a file with a folder's name"),
        pytest.param("presets", "a folder", id="a file in the place of a folder"),
        pytest.param("bo_sync.yaml", "the name bo-sync.yaml", id="settings with an underscore"),
        pytest.param("Bo-Sync.yaml", "the name bo-sync.yaml", id="settings with capital letters"),
        pytest.param("bosync.yml", "the name bo-sync.yaml", id="settings without the hyphen"),
        pytest.param("bo-sync.yaml.txt", "the name bo-sync.yaml", id="settings with a second ending"),
        pytest.param("bo-sync.json", "the name bo-sync.yaml", id="settings in another format"),
        pytest.param("bo-sync/jane.yaml", None, id="a folder with the tool's name"),
        pytest.param("_users/jane.yaml", None, id="a folder that waits"),
        pytest.param("users.py", None, id="a program"),
        pytest.param("POLICY.md", None, id="a page at the root"),
        pytest.param("src/users/jane.yaml", None, id="our name further down"),
    ],
)
def test_what_looks_meant_and_is_not_read_is_a_warning(tmp_path: Path, path: str, expected: str | None) -> None:
    write(tmp_path, "users/a.yaml")
    write(tmp_path, path, b"whatever: [")
    place = path if path.startswith(("users/", "presets/", "policies/")) else path.partition("/")[0]
    told = f"{place}:1:1: warning: this is not read; expected {expected} (BOS018)"
    assert [str(problem) for problem in load_tree(tmp_path).problems] == ([told] if expected else [])
    assert load_tree(tmp_path).user_files == 1


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "users").mkdir()
    os.mkfifo(tmp_path / "users/pipe")
    assert problems(tmp_path) == []
    os.mkfifo(tmp_path / "users/pipe.yaml")
    (tmp_path / "users/folder.yaml").mkdir()
    write(tmp_path, "users/folder.yaml/a.yaml")
    assert problems(tmp_path) == ["users/pipe.yaml:1:1: error: not a regular file; expected one"]
    assert paths(tmp_path) == ["users/folder.yaml/a.yaml"]


class TestLinks:
    def test_a_link_to_a_file_that_is_read_anyway_is_followed(self, tmp_path: Path) -> None:
        write(tmp_path, "presets/base.yaml", b"label: Base\n")
        (tmp_path / "presets/more").mkdir()
        (tmp_path / "presets/more/other.yaml").symlink_to(tmp_path / "presets/base.yaml")
        write(tmp_path, "users/a.yaml")
        assert paths(tmp_path) == ["presets/base.yaml", "presets/more/other.yaml", "users/a.yaml"]
        assert problems(tmp_path) == []

    def test_a_folder_of_ours_is_never_a_link(self, tmp_path: Path) -> None:
        write(tmp_path, "shared/base.yaml", b"label: Base\n")
        for name in ("presets", "users", "policies"):
            (tmp_path / name).symlink_to("shared")
        assert paths(tmp_path) == []
        assert problems(tmp_path) == [f"{name}:1:1: error: {LINK}" for name in ("policies", "presets", "users")]

    def test_a_link_to_one_users_file_makes_a_second_entry(self, tmp_path: Path) -> None:
        write(tmp_path, "users/a.yaml")
        (tmp_path / "users/b.yaml").symlink_to("a.yaml")
        assert [str(problem) for problem in load_tree(tmp_path).problems] == [
            'users/b.yaml:1:1: error: a second entry for "jane@example.com"; the first is users/a.yaml:1:1: keep one'
        ]

    def test_a_link_out_of_the_tree_is_an_error(self, tmp_path: Path) -> None:
        root = tmp_path / "root"
        write(tmp_path, "outside/secret.yaml")
        write(root, "users/a.yaml")
        (root / "users/file.yaml").symlink_to(tmp_path / "outside/secret.yaml")
        (root / "users/folder").symlink_to(tmp_path / "outside")
        (root / "users/passwd").symlink_to("/etc/passwd")  # not one of ours, by its name
        assert paths(root) == ["users/a.yaml"]
        assert problems(root) == [f"users/{name}:1:1: error: {LINK}" for name in ("file.yaml", "folder", "passwd")]

    @pytest.mark.parametrize("target", ["/dev/zero", "/dev/stdin", "/proc/self/environ", "pipe.yaml"])
    def test_a_link_to_what_is_not_a_file_is_not_opened(self, target: str, tmp_path: Path) -> None:
        (tmp_path / "users").mkdir()
        os.mkfifo(tmp_path / "users/pipe.yaml")
        (tmp_path / "users/a.yaml").symlink_to(target)
        assert paths(tmp_path) == []
        assert f"users/a.yaml:1:1: error: {LINK}" in problems(tmp_path)

    def test_a_folder_beside_the_root_with_a_longer_name_is_outside(self, tmp_path: Path) -> None:
        write(tmp_path, "root-2/a.yaml")
        (tmp_path / "root" / "users").mkdir(parents=True)
        (tmp_path / "root/users/a.yaml").symlink_to("../../root-2/a.yaml")
        assert paths(tmp_path / "root") == []

    def test_a_link_to_nothing_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "users").mkdir()
        (tmp_path / "users/a.yaml").symlink_to("gone.yaml")
        (tmp_path / "users/loop.yaml").symlink_to("loop.yaml")
        assert problems(tmp_path) == [f"users/{name}:1:1: error: {LINK}" for name in ("a.yaml", "loop.yaml")]

    def test_links_in_a_circle_are_not_followed(self, tmp_path: Path) -> None:
        write(tmp_path, "users/team/a.yaml")
        (tmp_path / "users/team/up").symlink_to("..")
        (tmp_path / "users/again").symlink_to("team")
        assert paths(tmp_path) == ["users/team/a.yaml"]
        assert problems(tmp_path) == [f"users/{name}:1:1: error: {LINK}" for name in ("again", "team/up")]

    def test_the_root_itself_may_be_a_link(self, tmp_path: Path) -> None:
        write(tmp_path, "root/users/a.yaml")
        (tmp_path / "link").symlink_to("root")
        assert paths(tmp_path / "link") == ["users/a.yaml"]


@pytest.mark.skipif(os.geteuid() == 0, reason="SKIPPED FOR ROOT: root may read every file, so none can be unreadable")
def test_what_may_not_be_read_is_told(tmp_path: Path) -> None:
    write(tmp_path, "users/a.yaml").chmod(0)
    write(tmp_path, "users/b/a.yaml").parent.chmod(0)
    found = problems(tmp_path)
    (tmp_path / "users/b").chmod(0o700)
    assert found == [
        "users/a.yaml:1:1: error: cannot read this file: Permission denied; expected to be allowed to",
        "users/b:1:1: error: cannot list this folder: Permission denied; expected to be allowed to",
    ]


def test_a_name_that_is_no_text_is_read_and_shown_harmlessly(tmp_path: Path) -> None:
    (tmp_path / "users").mkdir()
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/users/\xff\x1b[31m.yaml"))).write_bytes(b"")
    [problem] = load_tree(tmp_path).problems
    assert str(problem) == ("users/\\udcff\\x1b[31m.yaml:1:1: error: the file is empty; expected a mapping of keys")


def test_a_very_large_file_is_read_no_further_than_needed(tmp_path: Path) -> None:
    data = b"# x\n" * 100_000
    place = write(tmp_path, "users/a.yaml", data)
    assert walk(tmp_path).files == [("users/a.yaml", data)]
    with place.open("wb") as file:
        file.truncate(MAX_BYTES * 8)
    [(_, data)] = walk(tmp_path).files
    assert MAX_BYTES < len(data) < MAX_BYTES * 2


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        pytest.param("users/a.yaml", "user", id="a person"),
        pytest.param("users/x/a.b.yml", "user", id="a person further down"),
        pytest.param("presets/a.yaml", "preset", id="a preset"),
        pytest.param("bo-sync.yaml", "config", id="the settings"),
        pytest.param("x/bo-sync.yaml", None, id="settings elsewhere"),
        pytest.param("users", None, id="the folder itself"),
        pytest.param("users.yaml", None, id="a file with the folder's name"),
        pytest.param("users/_a.yaml", None, id="a draft"),
        pytest.param("users/.git/a.yaml", None, id="inside a hidden folder"),
    ],
)
def test_a_path_says_what_a_file_is(path: str, kind: str | None) -> None:
    assert kind_of(path) == kind


def test_a_stem_is_a_name_without_folder_and_ending() -> None:
    assert [stem_of(path) for path in ("presets/a.yaml", "presets/x/a.b.yml")] == ["a", "a.b"]
