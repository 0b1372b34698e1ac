"""`catalogue:` of bo-sync.yaml: a table inside the tree, read like every other file, whose errors have their place."""

from pathlib import Path

import pytest

from bo_sync.config.json_schema import Vocabulary
from bo_sync.config.load import load_tree
from bo_sync.core.settings import Settings
from bo_sync.core.weakened_guards import weakened
from tests.config.trees import complaints, tree, tree_at
from tests.support.process import write
from tests.support.repository import git, repository

HEAD = "operation,kind,any_of_minimum_access,system_roles,or_when,deprecated\n"
TABLE = f"# taken 2026-11-01\n{HEAD}productAddToCategory,mutation,product.EDITOR,,,false\n"
PATH = "catalogue/operations.csv"
SETTINGS = f"catalogue: {PATH}\n"
JANE = "email: jane@example.com\nfirst_name: Jane\nlast_name: Doe\n"
REFRESH = "make the table with `bo-sync catalogue refresh --output FILE`"
POLICY = "id: p\nmatch: {any_of: [{can: [productAddToCategory]}]}\n"


def files(table: str | bytes = TABLE, settings: str = SETTINGS) -> dict[str, str | bytes]:
    return {"bo-sync.yaml": settings, PATH: table, "users/jane.yaml": JANE}


def names(settings: Settings) -> list[str]:
    return [entry.name for entry in settings.catalogue.operations] if settings.catalogue else []


def test_the_table_is_read_and_policies_may_name_its_operations() -> None:
    read = tree({**files(), "policies/p.yaml": POLICY})
    assert not read.problems
    assert read.settings.catalogue is not None
    assert str(read.settings.catalogue.taken) == "2026-11-01"
    assert names(read.settings) == ["productAddToCategory"]


def test_without_the_setting_the_table_is_not_read() -> None:
    for settings in ("{}\n", "catalogue: catalogue/other.csv\n"):
        read = tree({**files("not a table", settings), "catalogue/other.csv": TABLE, "policies/p.yaml": POLICY})
        assert [problem.source.path.raw for problem in read.problems] == (
            ["policies/p.yaml"] if settings == "{}\n" else []
        )


def test_the_digest_is_over_the_table_that_is_named_and_over_no_other() -> None:
    digest = tree(files()).digest
    assert tree({**files(), "catalogue/other.csv": "x"}).digest == digest
    assert tree(files(TABLE.replace("EDITOR", "OWNER"))).digest != digest


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param("catalogue/none.csv", "catalogue/none.csv", id="a file that is missing"),
        pytest.param("/etc/passwd", "/etc/passwd", id="an absolute path"),
        pytest.param("catalogue/../.env", "catalogue/../.env", id="a path that leads out"),
        pytest.param("../catalogue/operations.csv", "../catalogue/operations.csv", id="a path above"),
        pytest.param(".bo-sync/operations.csv", ".bo-sync/operations.csv", id="another folder"),
        pytest.param("catalogue/.hidden.csv", "catalogue/.hidden.csv", id="a hidden file"),
        pytest.param("catalogue/operations.json", "catalogue/operations.json", id="another ending"),
        pytest.param("catalogue/", "catalogue/", id="a folder"),
    ],
)
def test_a_path_that_names_no_table_is_an_error_at_the_setting(value: str, said: str) -> None:
    (found,) = complaints(files(settings=f"unmanaged: report\ncatalogue: {value}\n"))
    assert found.startswith(f'bo-sync.yaml:2:12: error: catalogue: found "{said}"')
    assert "; expected a table " in found or ", which does not exist; expected a table of operations" in found


@pytest.mark.parametrize(
    ("table", "said"),
    [
        pytest.param("", f"1:1: error: not the head of a table of operations: {HEAD.strip()}", id="an empty file"),
        pytest.param(HEAD, "1:1: error: the day of the table is missing; expected # taken YYYY-MM-DD", id="no day"),
        pytest.param(
            TABLE.replace("2026-11-01", "2026-13-01"),
            "1:1: error: the day of the table is missing; expected # taken YYYY-MM-DD",
            id="a day that does not exist",
        ),
        pytest.param(
            TABLE.replace("product.EDITOR", "product.BOSS"), "3:1: error: product.BOSS has no level", id="level"
        ),
        pytest.param(f"{TABLE}a b,query,,,,false\n", "4:1: error: not an operation: a b,query,,,,false", id="a name"),
        pytest.param(f"{TABLE}x,query\n", "4:1: error: not an operation: x,query", id="a short row"),
        pytest.param(
            TABLE + TABLE.splitlines()[2], "4:1: error: the operation productAddToCategory appears", id="twice"
        ),
        pytest.param(b"\xff\xfe", "1:1: error: not UTF-8", id="another encoding"),
        pytest.param(
            f"{TABLE}\x1b]52;c;Zg==\x07,query,,,,false\n",
            "4:1: error: the line holds the invisible character \\x1b",
            id="acts",
        ),
    ],
)
def test_what_is_wrong_in_the_table_has_its_line(table: str | bytes, said: str) -> None:
    (found,) = complaints(files(table))
    assert found.startswith(f"{PATH}:{said}")
    assert found.endswith(REFRESH)


def test_a_table_that_is_too_large_is_an_error() -> None:
    (found,) = complaints(files(TABLE + "#" * (16 * 1024 * 1024)))
    assert found.startswith(f"{PATH}:1:1: error: the file holds 16,777,")


def test_a_link_out_of_the_tree_is_an_error_and_nothing_of_its_target_is_quoted(tmp_path: Path) -> None:
    root = write(tmp_path / "root", {"bo-sync.yaml": SETTINGS, "users/jane.yaml": JANE})
    write(tmp_path, {"secret": "s3cret-key\n"})
    (root / "catalogue").mkdir()
    (root / PATH).symlink_to(tmp_path / "secret")
    told = "\n".join(map(str, load_tree(root).problems))
    assert f"{PATH}:1:1: error: a symbolic link" in told
    assert "s3cret" not in told
    (root / PATH).unlink()
    (root / "catalogue").rmdir()
    (root / "catalogue").symlink_to(tmp_path)
    assert "s3cret" not in "\n".join(map(str, load_tree(root).problems))


def test_a_revision_has_its_own_table_and_another_table_is_a_weakened_guard(tmp_path: Path) -> None:
    repository(tmp_path, {path: str(text) for path, text in files().items()})
    write(tmp_path, {PATH: TABLE.replace("productAddToCategory", "zapAll")})
    before, after = tree_at(tmp_path, "HEAD").settings, load_tree(tmp_path).settings
    assert (names(before), names(after)) == (["productAddToCategory"], ["zapAll"])
    (edited,) = weakened(before, after)
    assert (edited.guard, str(edited.before), str(edited.after)) == ("catalogue", PATH, f"{PATH}, changed")
    (gone,) = weakened(before, Settings())
    assert (gone.guard, str(gone.before), gone.after) == ("catalogue", PATH, None)
    (new,) = weakened(Settings(), before)
    assert (new.guard, new.before, str(new.after)) == ("catalogue", None, PATH)
    assert weakened(before, before) == ()
    assert git(tmp_path, "status", "--porcelain").split() == ["M", PATH]


def test_an_editor_completes_the_operations_of_the_table(tmp_path: Path) -> None:
    words = Vocabulary.of(write(tmp_path, {path: str(text) for path, text in files().items()}))
    assert "productAddToCategory" in {entry.name for entry in words.facts.operations}
    assert "productAddToCategory" not in {entry.name for entry in Vocabulary().facts.operations}
