"""Tries mutants: each in a process of its own, which imports the mutant's text in place of the module.

No file is changed: a working tree in which somebody works stays as it is. A mutant meets only the module's own tests,
and of these not the properties, which take long to fail: examples with exact results must hold a module to its word.
"""

import os
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from enum import Enum, auto
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from io import StringIO
from itertools import islice
from pathlib import Path
from types import CodeType
from typing import Final

import pytest

from tests.mutants.making import Mutant, Mutation

REPOSITORY: Final = Path(__file__).parents[2]
SOURCE: Final = REPOSITORY / "src" / "bo_sync"
MODULES: Final[Mapping[str, str]] = {
    "core/guardrails.py": "tests/core/test_guardrails.py tests/core/test_guardrail_limits.py",
    "core/diff.py": "tests/core/test_diff.py",
    "core/user_matching.py": "tests/core/test_diff.py",
    "core/order.py": "tests/core/test_order.py",
    "core/base_compare.py": "tests/core/test_history.py",
    "core/likeness.py": "tests/core/test_likeness.py tests/core/test_guardrails.py",
    "core/plan.py": "tests/core/test_plan.py",
    "core/text.py": "tests/core/test_text.py",
    "render/escape.py": "tests/render/test_escape.py",
    "owner_guard.py": "tests/test_owner_guard.py",
    "sending.py": "tests/test_sending.py tests/test_sending_ends.py",
    "confirm.py": "tests/test_confirm.py",
    "execute.py": "tests/test_execute.py",
    "core/skip_blocked.py": "tests/core/test_skip_blocked.py",
    "core/guards.py": "tests/core/test_history.py::test_of_guards tests/core/test_policy_guards.py",
    "core/hub_identity.py": "tests/core/test_hub_identity.py",
    "core/selection.py": "tests/core/test_selection.py",
    "config/git.py": "tests/config/test_git.py",
    "config/broken_files.py": "tests/config/test_broken_files.py",
    "hub/reading.py": "tests/hub/test_reading_one.py tests/hub/test_reading.py",
    "invitations.py": "tests/test_invitations.py",
    "access/capabilities.py": "tests/access/test_capabilities.py",
    "access/escalation.py": "tests/access/test_escalation.py",
}
"""What is mutated, and the tests that must notice: one file, or several with a blank between them.

`FILE::TEST` names one test, where the others of the file are slow.
"""
_PYTEST: Final = (
    "-qx",
    "--timeout=0",
    "--tb=no",
    "-mnot hypothesis",
    "-pno:cacheprovider",
    "-Wignore::pytest.PytestWarning",
)
_SECONDS: Final = 120
"""A mutant whose tests take longer has made them endless, and is killed."""


class Fate(Enum):
    KILLED = auto()
    SURVIVED = auto()


class TrialError(RuntimeError):
    """The tests could not be run, so that nothing is known about a mutant."""


@dataclass(frozen=True, slots=True)
class _Mutated:
    """Finds one module in a text instead of in its file; a finder of `sys.meta_path`."""

    mutant: Mutant

    def find_spec(self, name: str, *_where: object) -> ModuleSpec | None:
        if name != "bo_sync." + self.mutant.mutation.module.removesuffix(".py").replace("/", "."):
            return None
        file = str(SOURCE / self.mutant.mutation.module)
        return spec_from_file_location(name, file, loader=_Text(name, file, self.mutant.text))


class _Text(SourceFileLoader):
    def __init__(self, name: str, file: str, text: str) -> None:
        super().__init__(name, file)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._text, self.get_filename(fullname), "exec", dont_inherit=True)


def warm_up() -> None:
    """Imports pytest and its plugins, by asking for tests where there are none, so that each trial need not."""
    with redirect_stdout(StringIO()):
        pytest.main([*_PYTEST, "--collect-only", str(Path(__file__).parent)])


def fates(mutants: Iterable[Mutant], workers: int) -> Iterator[tuple[Mutation, Fate]]:
    """What became of each mutant, as it is known. Raises TrialError when the tests did not run."""
    waiting, running = iter(mutants), dict[int, Mutation]()
    while True:
        for mutant in islice(waiting, workers - len(running)):
            running[_start(mutant)] = mutant.mutation
        if not running:
            return
        pid, status = os.wait()
        yield running.pop(pid), _fate(os.waitstatus_to_exitcode(status))


def _fate(code: int) -> Fate:
    """From the exit code of pytest: 0 is well, 1 failed tests, 2 an error of import; below 0, the clock's signal."""
    if code > 2 or (code < 0 and code != -signal.SIGALRM):
        raise TrialError(f"the tests did not run: {code}")
    return Fate.KILLED if code else Fate.SURVIVED


def _start(mutant: Mutant) -> int:
    pid = os.fork()
    if pid == 0:
        signal.alarm(_SECONDS)
        _be_silent()
        sys.meta_path.insert(0, _Mutated(mutant))
        os._exit(int(pytest.main([*_PYTEST, *MODULES[mutant.mutation.module].split()])))
    return pid


def _be_silent() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
