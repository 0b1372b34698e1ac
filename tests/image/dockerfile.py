"""The few instructions that our Dockerfile uses, run in a folder that stands for the root of a clean machine.

An absolute path in an instruction that leads to a folder of the image's own is one below the root; the programs and
libraries of the base image are this machine's. What `apt-get` would install must be here already, and `git config
--system` writes into the root. The build's context is what `.dockerignore` lets through.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

OWN: Final = ("/opt", "/build", "/work")
"""The folders of the image that are made by its steps."""
SECONDS: Final = 600
_INSTRUCTION: Final = re.compile(r"([A-Z]+)\s+(.*)")


@dataclass(slots=True)
class Stage:
    """One stage: its root, and what its instructions have said so far."""

    root: Path
    folder: str = "/"
    user: str = "0:0"
    entry: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def inside(self, text: str) -> str:
        """`text` with the image's own folders below the root."""
        return re.sub(rf"(?<![\w.])({'|'.join(OWN)})(?=[/\s:]|$)", lambda found: f"{self.root}{found[1]}", text)

    def place(self, path: str) -> Path:
        whole = path if path.startswith("/") else f"{self.folder.rstrip('/')}/{path}"
        return self.root / whole.lstrip("/")

    def process(self) -> dict[str, str]:
        """The environment of a process in it: none of ours, but for the way to the package index."""
        kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or "proxy" in name.lower()}
        given = {name: self.inside(value) for name, value in self.environment.items()}
        base = f"{Path(sys.executable).resolve().parent}:/usr/local/bin:/usr/bin:/bin"
        path = given.get("PATH", base).replace("$PATH", base)
        return {
            **kept,
            "HOME": str(self.root),
            "GIT_CONFIG_SYSTEM": str(self.root / "gitconfig"),
            **given,
            "PATH": path,
        }


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Name and rest of each instruction; comments are left out, and ours has none that goes on in a next line."""
    for line in text.splitlines():
        found = _INSTRUCTION.fullmatch(line.strip())
        if found:
            yield found[1], found[2]
        else:
            assert not line.strip() or line.startswith("#"), line


def built(context: Path, folder: Path) -> Stage:
    """The last stage of `context`'s Dockerfile, whose steps have all been run below `folder`."""
    stages: dict[str, Stage] = {}
    stage = Stage(folder)
    for name, rest in instructions((context / "Dockerfile").read_text(encoding="utf-8")):
        if name == "FROM":
            image, _, called = rest.partition(" AS ")
            assert re.search(r"@sha256:[0-9a-f]{64}$", image), image
            stage = stages[called] = Stage(folder / (called or "last"))
            stage.root.mkdir(parents=True)
        else:
            _step(stage, (name, rest), context, stages)
    return stage


def _step(stage: Stage, instruction: tuple[str, str], context: Path, stages: dict[str, Stage]) -> None:
    name, rest = instruction
    match name:
        case "ENV":
            stage.environment |= dict(entry.split("=", 1) for entry in rest.split())
        case "WORKDIR":
            stage.folder = rest
            stage.place(rest).mkdir(parents=True)
        case "USER":
            stage.user = rest
        case "ENTRYPOINT":
            stage.entry = tuple(json.loads(rest))
        case "COPY":
            _copy(stage, rest.split(), context, stages)
        case "RUN":
            _run(stage, rest)
        case _:
            raise ValueError(name)


def _copy(stage: Stage, words: list[str], context: Path, stages: dict[str, Stage]) -> None:
    place = stage.place(words[-1])
    source = words[0].removeprefix("--from=")
    if source != words[0]:
        shutil.copytree(stages[source].place(words[1]), place, symlinks=True)
        _moved(place, str(stages[source].root), str(stage.root))
        return
    for name in words[:-1]:
        assert _is_let_through(context, name), f"{name} is kept out of the build by .dockerignore"
        if (context / name).is_dir():
            shutil.copytree(context / name, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(context / name, place / Path(name).name)


def _moved(place: Path, before: str, after: str) -> None:
    """Scripts name their interpreter by its whole path, which in an image is the same in both stages."""
    for script in (place / "bin").iterdir():
        if script.is_file() and not script.is_symlink():
            script.write_bytes(script.read_bytes().replace(before.encode(), after.encode()))


def _is_let_through(context: Path, name: str) -> bool:
    let = False
    for line in (context / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if fnmatch(name.partition("/")[0], line.removeprefix("!")):
            let = line.startswith("!")
    return let


def _run(stage: Stage, command: str) -> None:
    packages = re.search(r"apt-get install .*--no-install-recommends ([\w -]+?) &&", command)
    if packages:
        assert all(shutil.which(package) for package in packages[1].split()), command
        return
    done = subprocess.run(
        ["sh", "-e", "-c", stage.inside(command)],
        cwd=stage.place(stage.folder),
        env=stage.process(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def contained(stage: Stage, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What `docker run IMAGE ARGUMENTS` would say: the entry point, as the image's user where we may become it."""
    user, group = stage.user.split(":")
    become = ("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups") if os.geteuid() == 0 else ()
    program = shutil.which(stage.entry[0], path=stage.process()["PATH"])
    assert program is not None
    assert Path(program).is_relative_to(stage.root), program
    return subprocess.run(
        [*become, program, *stage.entry[1:], *arguments],
        cwd=stage.place(stage.folder),
        env={**stage.process(), "HOME": "/"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
