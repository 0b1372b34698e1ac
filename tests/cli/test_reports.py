"""`--report FORMAT=PATH`: the result in further forms, beside the one that is printed."""

import json
from pathlib import Path

import pytest

from tests.support.process import bo_sync, write

JANE = "email: jane@example.com\nfirst_name: Jane\nlast_name: Doe\n"


def test_each_report_is_the_plan_that_is_printed(tmp_path: Path) -> None:
    write(tmp_path, {"users/jane.yaml": JANE})
    ran = bo_sync(
        tmp_path, "plan", "--hub", "sandbox:", "--format", "json", "--report", "json=a.json", "--report", "text=b.txt"
    )
    assert ran.code == 0, ran.err
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == ran.out
    assert "+ jane@example.com" in (tmp_path / "b.txt").read_text(encoding="utf-8")
    assert json.loads(ran.out)["summary"]["create"] == 1
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("given", ["yaml=x", "text", "text=", "=x", ""])
def test_what_is_no_format_and_path_is_refused_before_anything_is_read(given: str, tmp_path: Path) -> None:
    ran = bo_sync(tmp_path, "plan", "--hub", "sandbox:", "--report", given)
    assert ran.code == 64
    assert "is not a format and a path, as in text=FILE; formats: text, json" in ran.err


def test_a_report_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    write(tmp_path, {"users/jane.yaml": JANE})
    ran = bo_sync(tmp_path, "plan", "--hub", "sandbox:", "--report", "text=missing/b.txt")
    assert ran.code == 64
    assert "missing/b.txt cannot be written: No such file or directory" in ran.err
