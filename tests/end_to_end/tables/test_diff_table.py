"""`diff` in each format, short and with `--explain`, and the exit codes of `--exit-code-on`."""

import csv
import io
from html import unescape
from pathlib import Path
from typing import Final

import pytest

from tests.support.inside import inside
from tests.support.repository import commit, repository

DAY: Final = "--today=2026-06-15"
SETTINGS: Final = "guardrails: {min_role_owners: 2}\n"


def user(name: str, access: str = "") -> str:
    return f"email: {name}@example.com\nfirst_name: Ada\nlast_name: Lovelace\n{access}"


BEFORE: Final = {
    "bo-sync.yaml": SETTINGS,
    "users/up.yaml": user("up", "platform: {backoffice: true}\nmodules: {pricing: viewer}\n"),
    "users/down.yaml": user("down", "modules: {order_data: owner, product_data: viewer}\n"),
    "users/gone.yaml": user("gone", "modules: {logistics: viewer}\n"),
    "users/same.yaml": user("same", "modules: {pricing: editor}\n"),
}
RAISED: Final = {"users/up.yaml": user("up", "platform: {backoffice: true}\nmodules: {pricing: editor}\n")}
LOWERED: Final = {"users/down.yaml": user("down", "modules: {order_data: viewer, product_data: viewer}\n")}
JOINED: Final = {"users/new.yaml": user("new", "modules: {logistics: viewer}\n")}
LEFT: Final = {"users/gone.yaml": "email: gone@example.com\nstate: absent\n"}
WEAKENED: Final = {"bo-sync.yaml": SETTINGS.replace("2", "1")}
PROFILE: Final = {"users/same.yaml": user("same", "modules: {pricing: editor}\njob: Poet\n")}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = repository(tmp_path_factory.mktemp("diff"), BEFORE)
    commit(folder, {**RAISED, **LOWERED, **JOINED, **LEFT, **WEAKENED, **PROFILE})
    return folder


def run(root: Path, *arguments: str) -> str:
    ran = inside("diff", "HEAD~1", "HEAD", DAY, *arguments, "-C", str(root))
    assert (ran.code, ran.err) == (0, "")
    return ran.out


RAISED_OPERATIONS: Final = "priceUpdate", "discountUpdate"
FORMATS: Final = ("text", "markdown", "json", "csv")


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_names_each_change_and_explains_on_request(form: str, root: Path) -> None:
    short, explained = (unescape(run(root, f"--format={form}", *more)) for more in ((), ("--explain",)))
    for text in (short, explained):
        assert [name for name in ("up", "down", "gone", "new", "min_role_owners") if name not in text] == []
        assert "same@" not in text, "a profile is not access"
        assert "same<" not in text
    assert [name in short for name in RAISED_OPERATIONS] == [form == "json"] * 2
    assert [name in explained for name in RAISED_OPERATIONS] == [form != "csv"] * 2
    assert (short == explained) is (form in {"json", "csv"})


def test_csv_has_a_row_for_each_guard_and_each_grant(root: Path) -> None:
    columns = ("status", "role", "before", "after", "direction", "operations_gained", "operations_lost")
    rows = csv.DictReader(io.StringIO(run(root, "--format=csv")))
    told = [f"{row['email'].partition('@')[0]} {' '.join(row[column] for column in columns)}".strip() for row in rows]
    assert told == [
        "guard guardrails.min_role_owners 2 1 loosened",
        "down stays order_data owner viewer lost 0 50",
        "gone left logistics viewer none lost 0 1",
        "new joined logistics none viewer gained 1 0",
        "up stays pricing viewer editor gained 13 0",
    ]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("more", [(), ("--explain",)], ids=["short", "explained"])
def test_a_report_holds_what_the_format_prints(form: str, more: tuple[str, ...], root: Path, tmp_path: Path) -> None:
    path = tmp_path / "report"
    assert run(root, f"--report={form}={path}", *more) == run(root, *more)
    assert path.read_text(encoding="utf-8") == run(root, f"--format={form}", *more)


CODES: Final = {
    "no change": ({}, 0, 0, 0),
    "a profile": (PROFILE, 0, 0, 0),
    "a raised grant": (RAISED, 2, 0, 2),
    "a lowered grant": (LOWERED, 0, 2, 2),
    "a user who joins": (JOINED, 2, 0, 2),
    "a user who joins without access": ({"users/jo.yaml": user("jo")}, 0, 0, 2),
    "a user who leaves": (LEFT, 0, 2, 2),
    "a weakened guard": (WEAKENED, 0, 0, 2),
    "a raised and a lowered grant": (RAISED | LOWERED, 2, 2, 2),
}


@pytest.mark.parametrize("name", CODES)
def test_an_exit_code_on_request_names_what_happened(name: str, tmp_path: Path) -> None:
    files, *codes = CODES[name]
    root = repository(tmp_path, BEFORE)
    for path, text in files.items():
        (root / path).write_text(text, encoding="utf-8")
    for form in FORMATS:
        asked = [(), *((f"--exit-code-on={what}",) for what in ("gained", "lost", "any"))]
        ran = [inside("diff", DAY, f"--format={form}", *more, "-C", str(root)).code for more in asked]
        assert ran == [0, *codes]


@pytest.mark.parametrize("side", ["HEAD~1", "HEAD"])
def test_files_with_errors_on_either_side_exit_3(side: str, tmp_path: Path) -> None:
    broken = {"users/same.yaml": user("same", "modules: {prices: owner}\n")}
    first, second = (BEFORE, broken) if side == "HEAD" else ({**BEFORE, **broken}, BEFORE)
    root = repository(tmp_path, first)
    commit(root, second)
    for form in FORMATS:
        assert inside("diff", "HEAD~1", "HEAD", f"--format={form}", "-C", str(root)).code == 3
