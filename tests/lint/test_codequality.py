"""What is written for GitLab's code quality is what Code Climate's own types describe: the TypeScript compiler says so.

Needs Node and `npm ci` in this folder; `make lint-workflows` does both. Without them the tests are skipped, unless the
environment says `BO_SYNC_LINT=required`.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from bo_sync.render.gitlab import codequality
from bo_sync.render.notices import files_notices, plan_notices
from tests.render.report_cases import COMPLETE, COMPLETE_FILES, VIOLATED

HERE: Final = Path(__file__).parent
COMPILER: Final = HERE / "node_modules" / ".bin" / "tsc"
TYPES: Final = HERE / "node_modules" / "codeclimate-types" / "index.d.ts"
REPORTS: Final = [
    codequality(found) for found in (plan_notices(COMPLETE), plan_notices(VIOLATED), files_notices(COMPLETE_FILES))
]
SOUND: Final[dict[str, Any]] = {
    "type": "issue",
    "check_name": "BOS001",
    "description": "access ends",
    "categories": ["Security"],
    "severity": "minor",
    "fingerprint": "1",
    "location": {"path": "users/jane.yaml", "lines": {"begin": 3, "end": 3}},
}
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def compiler() -> str:
    if shutil.which("node") is not None and COMPILER.exists() and TYPES.exists():
        return str(COMPILER)
    lacking = "NOT CHECKED: Node, TypeScript and Code Climate's types are not installed; `make lint-workflows` does it"
    if os.environ.get("BO_SYNC_LINT") == "required":
        pytest.fail(lacking)
    pytest.skip(lacking)


def complaints(compiler: str, folder: Path, *reports: list[Any]) -> list[str]:
    """What the compiler says of reports, each a list of issues that is given to a variable of that type."""
    lines = [f"import type {{ Issue }} from {json.dumps(str(TYPES.with_suffix('').with_suffix('')))}"]
    lines += [f"export const report{number}: Issue[] = {json.dumps(issues)}" for number, issues in enumerate(reports)]
    program = folder / "reports.ts"
    program.write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run(
        (compiler, "--noEmit", "--strict", "--pretty", "false", "reports.ts"),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout.splitlines()


def test_every_report_is_a_list_of_code_climates_issues(compiler: str, tmp_path: Path) -> None:
    reports = [json.loads(text) for text in REPORTS]
    assert sum(map(len, reports)) > 20
    assert complaints(compiler, tmp_path, *reports, [SOUND]) == []


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"severity": "high"}, id="a severity that is none"),
        pytest.param({"categories": ["Access"]}, id="a category that is none"),
        pytest.param({"location": {"path": "users/jane.yaml"}}, id="a place without a line"),
        pytest.param({"line": 3}, id="a key that is none"),
    ],
)
def test_the_compiler_notices_what_is_none(wrong: dict[str, Any], compiler: str, tmp_path: Path) -> None:
    (told, *_) = complaints(compiler, tmp_path, [{**SOUND, **wrong}])
    assert told.startswith("reports.ts(2,"), told
