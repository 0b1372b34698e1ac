"""The Dockerfile: what its instructions promise, a foreign linter, and a build where a container engine runs.

`make image-check` builds the image and runs it. Without an engine those tests are skipped.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

import pytest

from bo_sync import __version__

ROOT: Final = Path(__file__).parents[2]
TAG: Final = "bo-sync:image-check"
SECONDS: Final = 900
INSTRUCTIONS: Final = [
    (name, rest)
    for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
    for name, _, rest in (line.partition(" "),)
]
STAGES: Final = [number for number, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM"]
"""Where each of the two stages begins."""
pytestmark = pytest.mark.timeout(1800)


def pins(name: str) -> set[str]:
    text = (ROOT / "image" / name).read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))


def all_of(name: str) -> list[str]:
    return [rest for found, rest in INSTRUCTIONS if found == name]


def test_every_base_is_one_image_pinned_by_its_digest() -> None:
    bases = {rest.partition(" AS ")[0] for rest in all_of("FROM")}
    (base,) = bases
    assert re.fullmatch(r"python:[\w.-]+@sha256:[0-9a-f]{64}", base)
    gitlab = (ROOT / "src/bo_sync/scaffold/gitlab/ci/bo-sync.gitlab-ci.yml").read_text(encoding="utf-8")
    assert f"image: {base}\n" in gitlab


def test_it_runs_bo_sync_as_a_numbered_user_who_is_not_root() -> None:
    assert INSTRUCTIONS[-3:] == [("WORKDIR", "/work"), ("USER", "10001:10001"), ("ENTRYPOINT", '["bo-sync"]')]
    assert len(all_of("USER")) == 1


def test_no_layer_takes_a_key() -> None:
    assert {name for name, _ in INSTRUCTIONS} == {"FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "ENTRYPOINT"}
    variables = {word.partition("=")[0] for rest in all_of("ENV") for word in rest.split()}
    assert variables == {"PIP_NO_CACHE_DIR", "PIP_DISABLE_PIP_VERSION_CHECK", "PATH", "PYTHONDONTWRITEBYTECODE"}
    assert not [rest for _, rest in INSTRUCTIONS if "BO_SYNC_" in rest or "--mount" in rest]


def test_the_last_stage_gets_git_and_what_was_installed_and_nothing_else() -> None:
    last = INSTRUCTIONS[STAGES[-1] :]
    assert [rest for name, rest in last if name == "COPY"] == ["--from=build /opt/bo-sync /opt/bo-sync"]
    assert [rest.partition(" && rm ")[0] for name, rest in last if name == "RUN"] == [
        "apt-get update && apt-get install -y --no-install-recommends git",
        "git config --system --add safe.directory /work",
    ]
    assert INSTRUCTIONS[STAGES[-1] - 1] == ("RUN", "/opt/bo-sync/bin/python -m pip uninstall --quiet --yes pip")


def test_every_install_is_by_hash_or_without_an_index() -> None:
    installs = [rest for rest in all_of("RUN") if "pip install" in rest]
    assert len(installs) == 3
    assert all("--require-hashes -r" in rest or "--no-deps --no-index" in rest for rest in installs)


def test_the_pins_cover_what_the_package_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extra = project["project"]["optional-dependencies"]["sandbox"]  # the image runs `demo` and `--hub sandbox:`
    asked = {re.split(r"[<>=;\s]", wanted)[0] for wanted in (*project["project"]["dependencies"], *extra)}
    assert asked <= pins("requirements.txt")
    built_with = {re.split(r"[<>=;\s]", wanted)[0] for wanted in project["build-system"]["requires"]}
    assert built_with <= pins("build-requirements.txt")


def test_what_is_copied_exists_and_is_let_through_by_dockerignore() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = {name for rest in all_of("COPY") if not rest.startswith("--from") for name in rest.split()[:-1]}
    assert copied == {
        "image/requirements.txt",
        "image/build-requirements.txt",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "src",
    }
    for name in copied:
        assert (ROOT / name).exists(), name
        rules = [line for line in lines if fnmatch(name.partition("/")[0], line.removeprefix("!"))]
        assert rules[-1].startswith("!"), name


def test_hadolint_finds_nothing_that_is_not_meant() -> None:
    """Ignored: layers that could be one, and the version of git, which is Debian's of the day."""
    hadolint = str(Path(sys.executable).with_name("hadolint"))
    done = subprocess.run(
        (hadolint, "--ignore", "DL3059", "--ignore", "DL3008", "Dockerfile"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ("docker", *arguments), cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
    )


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    if os.environ.get("BO_SYNC_IMAGE") != "build":
        pytest.skip("NOT CHECKED: the build; `make image-check` builds the image")
    if shutil.which("docker") is None or docker("info").returncode != 0:
        pytest.skip("NOT CHECKED: the build; no container engine answers")
    built = docker("build", "--tag", TAG, ".")
    assert built.returncode == 0, built.stdout + built.stderr
    yield TAG
    docker("image", "rm", "--force", TAG)


def test_the_image_prints_its_version(image: str) -> None:
    told = docker("run", "--rm", image, "--version")
    assert (told.returncode, told.stdout) == (0, f"bo-sync {__version__}\n"), told.stderr


def test_the_image_begins_and_checks_a_mounted_repository(image: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    run = ("run", "--rm", "--volume", f"{tmp_path}:/work", image)
    begun = docker(*run, "init", "--github")
    assert begun.returncode == 0, begun.stderr
    checked = docker(*run, "validate", "--strict")
    assert checked.returncode == 0, checked.stdout
    assert {path.stat().st_uid for path in tmp_path.rglob("*.yaml")} == {10001}
    assert "Plan for sandbox:" in docker(*run, "plan", "--hub", "sandbox:").stdout
    assert docker(*run, "demo").returncode == 0


def test_neither_pip_nor_what_it_was_built_with_is_left_in_the_image(image: str) -> None:
    listing = docker("run", "--rm", "--entrypoint", "ls", image, "/opt/bo-sync/lib/python3.13/site-packages")
    installed = {name.partition("-")[0] for name in listing.stdout.split() if name.endswith(".dist-info")}
    assert "bo_sync" in installed
    assert installed.isdisjoint({"pip", "hatchling"})
