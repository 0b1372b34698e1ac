"""How long loading and validating ten thousand files takes, against PyYAML's C loader alone on the same bytes.

Ours reads the files from disk, checks them, and makes every declaration with its sources; theirs has the bytes in
memory and only builds values. Both run in turn, several times, and the fastest of each is compared. What counts is the
processor's time, for both run on one core and neither waits, so that others on the machine do not weigh in.
"""

import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from bench.result import Result
from bo_sync.config.load import load_tree

FILES = 10_000
ROUNDS = 9
BOUND = 0.7

PRESET = """\
label: Sales Representative
description: Sells through the Sales Hub, no backoffice.
platform: {sales_hub: true}
modules: {user_management: owner, product_data: owner, order_data: owner}
"""
USER = """\
email: person-{number:05}@example.com
id: {id}
first_name: Jane
last_name: Doe {number}
gender: female
phone: +31 20 {number:07}
job: Account manager
language: nl
"""
WITH_PRESET = """\
preset: sales-representative
modules:
  pricing: viewer
  configuration:
    access: editor
    until: 2099-12-31
    reason: CHG-{number} template migration
"""
WITHOUT_PRESET = """\
platform:
  backoffice: true
modules:
  product_data: editor
"""


def measure() -> list[Result]:
    """Writes the files, makes sure that loading them finds everybody and nothing wrong, and times both loads."""
    with TemporaryDirectory(prefix="bo-sync-bench-") as folder:
        root = Path(folder)
        contents = _write(root)
        tree = load_tree(root)
        assert not tree.problems, tree.problems[0]
        assert len(tree.declarations) == FILES
        pairs = [(seconds(lambda: load_tree(root)), seconds(lambda: _yardstick(contents))) for _ in range(ROUNDS)]
    ours, theirs = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    figures = f"ours {ours * 1000:.0f} ms, CSafeLoader {theirs * 1000:.0f} ms, {FILES:,} files (fastest of {ROUNDS})"
    return [Result("load and validate", ours / theirs, BOUND, figures)]


def _write(root: Path) -> list[bytes]:
    """A believable tree: fifty teams, half of the users with a preset and grants of their own, half without."""
    (root / "presets").mkdir()
    (root / "presets" / "sales-representative.yaml").write_text(PRESET)
    contents = []
    for number in range(FILES):
        text = USER + (WITH_PRESET if number % 2 else WITHOUT_PRESET)
        folder = root / "users" / f"team-{number % 50:02}"
        folder.mkdir(parents=True, exist_ok=True)
        contents.append(text.format(number=number, id=number + 1).encode())
        (folder / f"person-{number:05}.yaml").write_bytes(contents[-1])
    return contents


def _yardstick(contents: list[bytes]) -> None:
    for data in contents:
        yaml.load(data, yaml.CSafeLoader)


def seconds(work: Callable[[], object]) -> float:
    """Seconds of the processor's time that `work` takes."""
    gc.collect()
    started = time.process_time()
    kept = work()  # taking apart what was loaded is no part of loading
    taken = time.process_time() - started
    del kept
    return taken


if __name__ == "__main__":
    sys.stdout.writelines(f"{result}\n" for result in measure())
