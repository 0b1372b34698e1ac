"""Symbolic links in a checkout: nothing of what they lead to is quoted, and nothing is made or changed there."""

import os
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.world import file
from tests.support.inside import inside
from tests.support.process import write
from tests.support.repository import commit, git, repository

SECRET: Final = "hub-key-that-no-command-prints"
FILES: Final = {
    "users/jane.yaml": file("jane@example.com"),
    ".hubkey": f"{SECRET}\n",
    ".env": f"KEY={SECRET}\n",
    "elsewhere/token.yaml": f"{SECRET}: {SECRET}\n",
}
HUB: Final = ("--hub", "sandbox:")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(write(tmp_path / "files", FILES))
    return tmp_path / "files"


READING: Final = (
    ("validate",),
    ("validate", "--format", "json"),
    ("validate", "--base", "HEAD"),
    ("plan", *HUB),
    ("plan", *HUB, "--format", "github", "--verbose"),
    ("apply", *HUB, "--yes"),
    ("pull", *HUB, "--update"),
    ("fmt",),
    ("users",),
    ("show", "jane@example.com"),
    ("show", "jane@example.com", "--at", "HEAD"),
    ("diff", "HEAD~1"),
    ("matrix",),
    ("schema", "user"),
    ("init", ".", "--github"),
)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        pytest.param("users/x.yaml", "../.hubkey", id="a user to a key beside the files"),
        pytest.param("presets/x.yaml", "../.env", id="a preset to an environment"),
        pytest.param("policies/x.yaml", "../.git/config", id="a policy to the settings of git"),
        pytest.param("users/x.yaml", "/proc/self/environ", id="a user to the environment of the process"),
        pytest.param("bo-sync.yaml", ".hubkey", id="the settings to a key"),
        pytest.param("presets", "elsewhere", id="a folder to a folder"),
        pytest.param("users/deep", "../elsewhere", id="a folder in a folder"),
    ],
)
def test_no_command_quotes_a_target(link: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = repository(tmp_path, FILES)
    git(root, "config", "http.extraHeader", f"token {SECRET}")
    monkeypatch.setenv("SOME_TOKEN", SECRET)
    monkeypatch.chdir(root)
    (root / link).parent.mkdir(exist_ok=True)
    (root / link).symlink_to(target)
    commit(root, {})
    for line in READING:
        ran = inside(*line)
        assert SECRET not in ran.out + ran.err, line
    assert inside("validate").code == 3
    assert f"{link}:1:1: error: a symbolic link" in inside("validate").out


COMMANDS: Final = {
    "plan": ("plan", *HUB),
    "apply": ("apply", *HUB, "--yes"),
    "pull": ("pull", *HUB),
    "sandbox seed": ("sandbox", "seed", "2"),
    "sandbox reset": ("sandbox", "reset"),
    "users --live": ("users", "--live", *HUB),
    "doctor": ("doctor", *HUB),
}


@pytest.mark.parametrize("line", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize(
    "link", [".bo-sync", ".bo-sync/sandbox.db", ".bo-sync/sandbox.db-wal", ".bo-sync/sandbox.db-shm"]
)
@pytest.mark.parametrize("exists", [True, False], ids=["which exists", "which is missing"])
def test_nothing_is_made_behind_our_own_links(link: str, line: tuple[str, ...], exists: bool, tmp_path: Path) -> None:
    root, outside = repository(tmp_path / "files", FILES), tmp_path / "outside"
    outside.mkdir()
    if exists and link == ".bo-sync":
        (outside / "target").mkdir()
    elif exists:
        (outside / "target").write_bytes(b"")
    (root / link).parent.mkdir(exist_ok=True)
    (root / link).symlink_to(outside / "target")
    before = [(path, path.stat().st_size) for path in outside.rglob("*")]
    ran = inside(*line, "-C", str(root))
    assert ran.code == 1
    assert "is a link" in ran.err
    assert [(path, path.stat().st_size) for path in outside.rglob("*")] == before


@pytest.mark.parametrize("link", [".bo-sync", ".bo-sync/journal"])
def test_a_journal_is_not_read_through_a_link(link: str, root: Path, tmp_path: Path) -> None:
    assert inside("apply", *HUB, "--yes").code == 0
    (root / link).rename(tmp_path / "moved")
    (root / link).symlink_to(tmp_path / "moved")
    for line in (("journal",), ("journal", "latest")):
        ran = inside(*line)
        assert (ran.code, ran.out) == (1, "")
        assert "it is a link or a file, and must be a folder" in ran.err


@pytest.mark.parametrize("name", [".jane.yaml.bo-sync", ".jane.yaml.tmp"])
def test_a_file_is_replaced_past_a_link_beside_it(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path / "files", {"users/jane.yaml": "first_name: Jane\nemail: jane@example.com\nlast_name: Doe\n"})
    monkeypatch.chdir(root)
    (root / "users" / name).symlink_to(tmp_path / "outside")
    assert inside("fmt").code == 0
    assert (root / "users/jane.yaml").read_text("utf-8").startswith("email:")
    assert not (tmp_path / "outside").exists()


WRITING: Final = (
    ("plan", *HUB, "--out", "{}"),
    ("plan", *HUB, "--report", "json={}"),
    ("apply", *HUB, "--yes", "--report", "json={}"),
    ("validate", "--report", "sarif={}"),
    ("catalogue", "refresh", *HUB, "--output", "{}"),
)


@pytest.mark.parametrize("line", WRITING, ids=lambda line: " ".join(line[:1] + line[-2:]))
@pytest.mark.parametrize("kind", ["a link to a file", "a link to nothing", "a pipe"])
def test_a_result_is_written_to_a_plain_file_or_not_at_all(
    kind: str, line: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(tmp_path / "files", {"users/jane.yaml": FILES["users/jane.yaml"]})
    monkeypatch.chdir(root)
    place, outside = root / "out.json", tmp_path / "outside"
    match kind:
        case "a link to a file":
            outside.write_text("precious", encoding="ascii")
            place.symlink_to(outside)
        case "a link to nothing":
            place.symlink_to(outside)
        case _:
            os.mkfifo(place)
    before = (place.lstat().st_mode, outside.exists() and outside.read_bytes())
    ran = inside(*(word.format("out.json") for word in line))
    assert ran.code == 64
    assert "out.json cannot be written: it is a link, a folder or a device; expected a file" in ran.err
    assert (place.lstat().st_mode, outside.exists() and outside.read_bytes()) == before


SCHEMAS: Final = ("config", "policy", "preset", "user")


@pytest.mark.parametrize(
    ("link", "folder"),
    [
        pytest.param(("schemas/user.json", "{outside}/user.json"), "schemas", id="one file is a link out of the tree"),
        pytest.param(
            ("schemas/config.json", "../users/jane.yaml"), "schemas", id="the last file is a link into the tree"
        ),
        pytest.param(("schemas/user.json", "{outside}/none.json"), "schemas", id="one file is a link to nothing"),
        pytest.param(("schemas", "{outside}"), "schemas", id="the folder is a link"),
        pytest.param(("docs", "{outside}"), "docs/deep/schemas", id="a folder above it is a link"),
        pytest.param(("docs", "{outside}"), "./users/../docs", id="the folder is a link behind steps up"),
        pytest.param(("schemas", "{outside}"), "{root}/schemas", id="the folder is a link, named from the top"),
    ],
)
def test_no_schema_is_linked(
    link: tuple[str, str], folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, outside = write(tmp_path / "files", FILES), tmp_path / "outside"
    write(outside, {f"{name}.json": "precious" for name in SCHEMAS})
    (root / link[0]).parent.mkdir(exist_ok=True)
    (root / link[0]).symlink_to(link[1].format(outside=outside))
    monkeypatch.chdir(root)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    ran = inside("schema", "--all", folder.format(root=root))
    assert ran.code == 64
    assert "is a link" in ran.err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


INTO_A_FOLDER: Final = (*WRITING, ("users", "--report", "csv={}"), ("matrix", "--report", "csv={}"))


@pytest.mark.parametrize("line", INTO_A_FOLDER, ids=lambda line: " ".join(line[:1] + line[-2:]))
@pytest.mark.parametrize(
    "place",
    [
        pytest.param("build/out.json", id="a link"),
        pytest.param("build/deep/out.json", id="a folder behind a link"),
        pytest.param("./users/../build/out.json", id="a link behind steps up"),
        pytest.param("{root}/build/out.json", id="a link, named from the top"),
        pytest.param("{alias}/build/out.json", id="a link, named through a link above the checkout"),
        pytest.param("own/build/../../away/out.json", id="a link between steps up"),
    ],
)
def test_no_result_is_written_through_a_linked_folder(
    place: str, line: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, outside = write(tmp_path / "files", {"users/jane.yaml": FILES["users/jane.yaml"]}), tmp_path / "outside"
    for folder in (outside / "deep", tmp_path / "away", root / "own"):
        folder.mkdir(parents=True)
    (root / "build").symlink_to("../outside")
    (root / "own/build").symlink_to("../../outside/deep")
    (tmp_path / "alias").symlink_to(root)
    monkeypatch.chdir(root)
    path = place.format(root=root, alias=tmp_path / "alias")
    ran = inside(*(word.format(path) for word in line))
    assert ran.code == 64
    assert "build is a link; expected a folder" in ran.err
    assert [entry for folder in (outside, tmp_path / "away") for entry in folder.rglob("*") if entry.is_file()] == []


@pytest.mark.parametrize("mark", [".git", "bo-sync.yaml"])
def test_a_checkout_elsewhere_is_guarded_too(mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, work, outside = write(tmp_path / "files", FILES), tmp_path / "work", tmp_path / "outside"
    write(root, {mark: "unmanaged: report\n"} if mark == "bo-sync.yaml" else {".git/HEAD": "ref: refs/heads/main\n"})
    for folder in (work, outside):
        folder.mkdir()
    (root / "build").symlink_to("../outside")
    monkeypatch.chdir(work)
    for path in ("../files/build/out.json", str(root / "build/out.json")):
        ran = inside("matrix", "-C", "../files", "--report", f"json={path}")
        assert (ran.code, "build is a link" in ran.err) == (64, True)
    assert list(outside.iterdir()) == []


def test_a_link_above_the_checkout_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path / "files", FILES)
    (tmp_path / "real").mkdir()
    (tmp_path / "alias").symlink_to("real")
    monkeypatch.chdir(root)
    assert inside("matrix", "--report", f"json={tmp_path / 'alias/one.json'}").code == 0
    assert inside("matrix", "--report", "json=../alias/two.json").code == 0
    assert sorted(path.name for path in (tmp_path / "real").iterdir()) == ["one.json", "two.json"]


@pytest.mark.parametrize("line", [("init", ".", "--github"), ("init", ".", "--github", "--hub", "sandbox:")])
def test_init_writes_through_no_link(line: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, outside = write(tmp_path / "files", {"README.md": "x"}), tmp_path / "outside"
    outside.mkdir()
    (root / ".github").symlink_to("../outside")
    monkeypatch.chdir(root)
    ran = inside(*line)
    assert ran.code != 0
    assert list(outside.rglob("*")) == []


def test_journal_writes_the_users_of_before_through_no_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, outside = write(tmp_path / "files", FILES), tmp_path / "outside"
    outside.mkdir()
    monkeypatch.chdir(root)
    assert inside("apply", *HUB, "--yes").code == 0
    (root / "before").symlink_to("../outside")
    ran = inside("journal", "latest", "--before", "before")
    assert (ran.code != 0, "is a link" in ran.err) == (True, True)
    assert list(outside.iterdir()) == []


TAKING: Final = (
    ("comment", "--github", "--dry-run", "--marker", "x", "--body", "{}"),
    ("comment", "--github", "--dry-run", "{}"),
    ("apply", *HUB, "--yes", "{}"),
    ("catalogue", "diff", "{}"),
    ("catalogue", "diff", "operations.csv", "{}"),
    ("catalogue", "refresh", "--from", "{}"),
)


@pytest.mark.parametrize("line", TAKING, ids=" ".join)
@pytest.mark.parametrize(
    ("link", "path"),
    [
        pytest.param(("report.md", ".hubkey"), "report.md", id="a link to a key beside it"),
        pytest.param(("report.md", "{outside}/token"), "report.md", id="a link out of the tree"),
        pytest.param(("report.md", "/proc/self/environ"), "report.md", id="a link to the environment of the process"),
        pytest.param(("build", "{outside}"), "build/token", id="a file in a linked folder"),
        pytest.param(("report.md", "{outside}/token"), "{root}/report.md", id="a link, named from the top"),
        pytest.param(("report.md", "users/jane.yaml"), "./users/../report.md", id="a link behind steps up"),
    ],
)
def test_no_file_that_is_named_is_read_through_a_link(
    *, link: tuple[str, str], path: str, line: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, outside = write(tmp_path / "files", FILES), write(tmp_path / "outside", {"token": f"{SECRET}\n"})
    monkeypatch.setenv("SOME_TOKEN", SECRET)
    monkeypatch.chdir(root)
    assert inside("catalogue", "refresh", *HUB, "--output", "operations.csv").code == 0
    (root / link[0]).symlink_to(link[1].format(outside=outside))
    ran = inside(*(word.format(path.format(root=root)) for word in line))
    assert ran.code == 64
    assert f"{link[0]} is a link; expected a file that no link leads to" in ran.err
    assert SECRET not in ran.out + ran.err


@pytest.mark.parametrize("kind", ["a plain file", "a file above the checkout behind a link", "a device of the process"])
def test_a_file_that_is_named_is_read_as_before(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, real = write(tmp_path / "files", FILES), write(tmp_path / "real", {"body.md": "hello\n"})
    (tmp_path / "alias").symlink_to("real")
    monkeypatch.chdir(root)
    with (real / "body.md").open("rb") as opened:
        match kind:
            case "a plain file":
                path = str(write(root, {"body.md": "hello\n"}) / "body.md")
            case "a device of the process":
                path = f"/dev/fd/{opened.fileno()}"
            case _:
                path = "../alias/body.md"
        ran = inside("comment", "--github", "--dry-run", "--marker", "x", "--body", path)
    assert (ran.code, ran.out.splitlines()[1:]) == (0, ["hello"])


def test_a_pipe_in_a_checkout_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path / "files", FILES)
    os.mkfifo(root / "body.md")
    monkeypatch.chdir(root)
    ran = inside("comment", "--github", "--dry-run", "--marker", "x", "--body", "body.md")
    assert (ran.code, "body.md cannot be read" in ran.err) == (64, True)


@pytest.mark.parametrize("target", [".hubkey", "../outside", "elsewhere/token.yaml", "/proc/self/environ"])
def test_journal_reads_no_settings_through_a_link(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path / "files", FILES)
    (tmp_path / "outside").write_text(f"email_domains: [{SECRET}.example.com]\n", encoding="ascii")
    monkeypatch.setenv("SOME_TOKEN", SECRET)
    monkeypatch.chdir(root)
    assert inside("apply", *HUB, "--yes").code == 0
    (root / "bo-sync.yaml").symlink_to(target)
    ran = inside("journal", "latest", "--before", "before")
    assert (ran.code, SECRET in ran.out + ran.err) == (0, False)


def test_journal_still_reads_plain_settings(root: Path) -> None:
    assert inside("apply", *HUB, "--yes").code == 0
    write(root, {"bo-sync.yaml": "email_domains: [elsewhere.example.com]\n"})
    ran = inside("journal", "latest", "--before", "before")
    assert (ran.code, "elsewhere.example.com" in ran.err) == (0, True)
