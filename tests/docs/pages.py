"""Documents that run: a page's blocks in their order, in a scratch folder that the page itself fills.

- A ```yaml block whose first line is `# some/path.yaml` is written to that file. Its text is that of the block, the
  first line included, so what is shown is what is read.
- A ```console block holds commands after `$ ` (continued after `> `), each followed by what it prints, stdout and
  stderr as a terminal shows them. Each block is one shell, so `echo $?` tells of the command before it.
- `<!-- starts: samples -->` before a block begins a new folder with this repository's own files in a commit;
  `<!-- starts: empty -->` a new and empty one, which is also where a page begins.
- `<!-- not run: why -->` before a block says why nobody can run it here.
- A block under any other mark belongs to the test that knows the mark (`test_guardrails`, `test_readme`).

Git's users and days are fixed. What depends on the moment (days and times, the names of runs, the ids of new users)
or on every byte of the files (the names of commits) is put in one form.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from tests.support.forked import program
from tests.support.process import environment, write
from tests.support.repository import git

ROOT: Final = Path(__file__).parents[2]
SAMPLES: Final = (".gitignore", "users", "presets", "policies", "bo-sync.yaml")
SECONDS: Final = 120
DAY: Final = "2026-03-02T09:00:00Z"
_FENCE: Final = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]+?) -->\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_NAMED: Final = re.compile(r"# (\S+\.ya?ml)\b")
_STEP: Final = "\x1e"
_ZONES: Final = ("UTC", "Europe/Amsterdam")
"""Where the days of these configurations end."""
_MOMENTS: Final = (
    (re.compile(r"(?<=commit )[0-9a-f]{10}\b|(?<=\()[0-9a-f]{10}(?=\))"), "0123456789"),
    (re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "2026-03-02T09:00:00.000Z"),
    (re.compile(r"(?<=\(id )10\d\d(?=\))"), "1002"),  # users are created side by side
    (re.compile(r"\b20\d{6}T\d{6}(\d{3})?Z?-[0-9a-f]{4,}\b"), "20260302T090000Z-0a1b2c"),
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its mark ("" for none), kind and text, and where the text stands in the page."""

    mark: str
    kind: str
    text: str
    start: int
    end: int

    @property
    def is_run(self) -> bool:
        """Whether its commands are run here."""
        return self.kind == "console" and (not self.mark or self.mark.startswith("starts: "))

    @property
    def file(self) -> str:
        """The file that it is, or ""."""
        named = _NAMED.match(self.text)
        return named[1] if named and self.kind == "yaml" and not self.mark.startswith("not run") else ""

    def commands(self) -> list[str]:
        """The commands, each as a shell reads it; lines of output stand between them."""
        found: list[str] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append(line.removeprefix("$ "))
            elif line.startswith("> ") and found and found[-1].endswith("\\"):
                found[-1] += "\n" + line.removeprefix("> ")
        return found


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [
        Block(found["mark"] or "", found["kind"], found["text"], found.start("text"), found.end("text"))
        for found in _FENCE.finditer(page)
    ]


def performed(page: str, folder: Path) -> str:
    """The page with the output that its commands print now. `folder` is for the scratch folders."""
    told, last, scratch = [], 0, _scratch(folder, "empty", 0)
    for number, block in enumerate(blocks(page), 1):
        if block.mark.startswith("starts: "):
            scratch = _scratch(folder, block.mark.removeprefix("starts: "), number)
        if block.file:
            write(scratch, {block.file: block.text})
        elif block.is_run:
            told += [page[last : block.start], "".join(_said(block.commands(), scratch, folder))]
            last = block.end
    return "".join([*told, page[last:]])


def _scratch(folder: Path, how: str, number: int) -> Path:
    root = folder / f"scratch{number}"
    root.mkdir()
    match how:
        case "empty":
            return root
        case "samples":
            for name in SAMPLES:
                place = ROOT / name
                (shutil.copytree if place.is_dir() else shutil.copy)(place, root / name)
            git(root, "init", "--quiet", "--initial-branch=main")
            git(root, "add", "--all")
            git(root, "commit", "--quiet", "--message", "Begin", when=DAY)
            return root
        case _:
            raise AssertionError(f"no scratch folder starts as {how!r}; it is empty or samples")


def _said(commands: list[str], scratch: Path, folder: Path) -> Iterator[str]:
    """Each command with its prompt, and what it printed."""
    script = "\n".join(f"{command}\n{{ was=$?; printf '\\x1e'; (exit $was); }} 2>/dev/null" for command in commands)
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=scratch,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    printed = done.stdout.split(_STEP)
    assert len(printed) == len(commands) + 1, done.stdout
    assert "Traceback" not in done.stdout, done.stdout
    for command, text in zip(commands, printed, strict=False):
        yield "$ " + command.replace("\n", "\n> ") + "\n"
        yield _steady(text.replace(str(scratch.resolve()), "/home/ada/access"))


def _steady(text: str) -> str:
    """What depends on the moment in one form; the last line ends."""
    for pattern, form in _MOMENTS:
        text = pattern.sub(form, text)
    for zone in _ZONES:
        text = text.replace(datetime.now(ZoneInfo(zone)).date().isoformat(), DAY[:10])
    return text if not text or text.endswith("\n") else text + "\n"


def _environment(folder: Path) -> dict[str, str]:
    """`bo-sync` on the path, a git that knows who and when, and nothing of whoever runs the tests."""
    path = folder / "bin"
    if not path.exists():
        path.mkdir()
        (path / "bo-sync").write_text(program(), encoding="utf-8")
        (path / "bo-sync").chmod(0o755)
    user = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _WHO.items()}
    return environment(
        **user,
        PATH=f"{path}{os.pathsep}{os.environ['PATH']}",
        HOME=str(folder),
        LANG="C.UTF-8",
        GIT_CONFIG_GLOBAL=os.devnull,
        GIT_CONFIG_SYSTEM=os.devnull,
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0="init.defaultBranch",
        GIT_CONFIG_VALUE_0="main",
    )


_WHO: Final = {"NAME": "Ada", "EMAIL": "ada@example.com", "DATE": DAY}
