"""The Dockerfile's steps build an image in a clean root, and what is in it runs, as nobody in particular.

Needs the package index; `make image-check` runs it. Elsewhere it is skipped, unless the environment says
`BO_SYNC_IMAGE=required`.
"""

import os
import re
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bo_sync import __version__
from tests.image.dockerfile import Stage, built, contained, instructions

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
pytestmark = pytest.mark.timeout(1800)


def pins(name: str) -> set[str]:
    text = (ROOT / "image" / name).read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))


def test_every_base_is_one_image_pinned_by_its_digest() -> None:
    bases = {rest.partition(" AS ")[0] for name, rest in instructions(DOCKERFILE) if name == "FROM"}
    assert len(bases) == 1
    assert "@sha256:" in min(bases)
    gitlab = (ROOT / "src/bo_sync/scaffold/gitlab/ci/bo-sync.gitlab-ci.yml").read_text(encoding="utf-8")
    assert f"image: {min(bases)}\n" in gitlab


def test_it_runs_as_a_numbered_user_who_is_not_root() -> None:
    assert [rest for name, rest in instructions(DOCKERFILE) if name == "USER"] == ["10001:10001"]


def test_the_pins_cover_what_the_package_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = {re.split(r"[<>=;\s]", wanted)[0] for wanted in project["project"]["dependencies"]}
    assert asked <= pins("requirements.txt")
    built_with = {re.split(r"[<>=;\s]", wanted)[0] for wanted in project["build-system"]["requires"]}
    assert built_with <= pins("build-requirements.txt")


@pytest.fixture(scope="module")
def image() -> Iterator[Stage]:
    if os.environ.get("BO_SYNC_IMAGE") != "required":
        pytest.skip("NOT CHECKED: building takes the package index; `make image-check` does it")
    with tempfile.TemporaryDirectory(prefix="bo-sync-image-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # the image's user enters it
        yield built(ROOT, root)


def test_the_image_answers_with_its_version(image: Stage) -> None:
    told = contained(image, "--version")
    assert (told.returncode, told.stdout) == (0, f"bo-sync {__version__}\n"), told.stderr


def test_the_image_begins_and_checks_a_repository_that_is_mounted(image: Stage) -> None:
    work = image.place("/work")
    work.chmod(0o777)
    subprocess.run(["git", "init", "--quiet", str(work)], check=True)
    begun = contained(image, "init", "--github")
    assert begun.returncode == 0, begun.stderr
    checked = contained(image, "validate", "--strict")
    assert checked.returncode == 0, checked.stdout
    owners = {path.stat().st_uid for path in work.rglob("*.yaml")}
    assert owners == {10001 if os.geteuid() == 0 else os.geteuid()}
    planned = contained(image, "plan", "--hub", "sandbox:")
    assert "Plan for sandbox:" in planned.stdout, planned.stderr


def test_neither_pip_nor_what_it_was_built_with_is_left_in_it(image: Stage) -> None:
    installed = {path.name.partition("-")[0] for path in image.root.rglob("*.dist-info")}
    assert "bo_sync" in installed
    assert installed.isdisjoint({"pip", "hatchling"})
