"""Tries mutants: each in a process of its own, which imports the mutant's text in place of the module.

No file is changed: a working tree in which somebody works stays as it is. A mutant of a listed module meets only the
module's own tests. No mutant meets the properties, which take long to fail: examples with exact results must hold a
module to its word.
"""

import faulthandler
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

from tests.mutants.making import Mutant

REPOSITORY: Final = Path(__file__).parents[2]
SOURCE: Final = REPOSITORY / "src" / "bo_sync"
MODULES: Final[Mapping[str, str]] = {
    "core/guardrails.py": (
        "tests/render/test_guardrails.py tests/core/test_guardrails.py tests/core/test_guardrail_limits.py "
        "tests/core/test_skip_blocked.py tests/core/test_unannounced.py"
    ),
    "core/guardrail_checks.py": (
        "tests/core/test_guardrails.py tests/core/test_guardrail_limits.py tests/core/test_skip_blocked.py"
    ),
    "core/diff.py": "tests/core/test_diff.py",
    "core/write_order.py": "tests/core/test_write_order.py",
    "core/base_compare.py": (
        "tests/core/test_base_compare.py tests/core/test_unannounced.py tests/core/test_weakened_guards.py "
        "tests/core/test_policy_guards.py"
    ),
    "core/user_matching.py": "tests/core/test_diff.py tests/core/test_likeness.py tests/core/test_guardrails.py",
    "core/plan.py": "tests/core/test_plan.py",
    "core/text.py": "tests/core/test_text.py",
    "render/escape.py": "tests/render/test_escape.py",
    "apply/owner_guard.py": "tests/apply/test_owner_guard.py",
    "apply/writes.py": "tests/apply/test_writes.py tests/apply/test_writes_unknown.py tests/apply/test_invitations.py",
    "apply/confirm.py": "tests/apply/test_confirm.py",
    "apply/executor.py": "tests/apply/test_executor_outcomes.py tests/apply/test_executor_owners.py "
    "tests/apply/test_executor.py",
    "core/weakened_guards.py": "tests/core/test_base_compare.py::test_of_guards tests/core/test_policy_guards.py",
    "core/live.py": (
        "tests/core/test_live.py tests/core/test_hub_identity.py tests/core/test_replay.py tests/core/test_diff.py "
        "tests/core/test_guardrails.py"
    ),
    "core/selection.py": "tests/core/test_selection.py tests/core/test_skip_blocked.py",
    "config/git.py": "tests/config/test_git_trees.py tests/config/test_git.py tests/config/test_git_layouts.py",
    "config/broken_files.py": "tests/config/test_broken_files.py",
    "hub/reader.py": "tests/hub/test_reader_one_user.py tests/hub/test_workers.py tests/hub/test_reader.py",
    "access/capabilities.py": (
        "tests/access/test_capabilities.py tests/access/test_effects.py tests/access/test_panel.py "
        "tests/access/test_queries.py tests/access/test_access_diff.py tests/access/test_finding_checks.py"
    ),
    "access/escalation.py": "tests/access/test_escalation.py",
}
"""What is mutated, and the tests that must notice: one file, or several with a blank between them.

`FILE::TEST` names one test, where the others of the file are slow.
"""
_PYTEST: Final = (
    "-q",
    "--timeout=0",
    "--tb=no",
    "--assert=plain",
    "-mnot hypothesis",
    "-pno:cacheprovider",
    "-Wignore::pytest.PytestWarning",
)
_SECONDS: Final = 120
"""A mutant whose own tests take longer has made them endless, and is stopped."""


class Fate(Enum):
    KILLED = auto()
    STOPPED = auto()
    """By the clock, which counts as killed: the tests became endless."""
    SURVIVED = auto()


class TrialError(RuntimeError):
    """The tests could not be run, so that nothing is known about a mutant."""


@dataclass(frozen=True, slots=True)
class _Mutated:
    """Finds one module in a text instead of in its file; a finder of `sys.meta_path`."""

    mutant: Mutant

    def find_spec(self, name: str, *_where: object) -> ModuleSpec | None:
        if name != ".".join(
            Path("bo_sync", self.mutant.mutation.module.removesuffix("__init__.py")).with_suffix("").parts
        ):
            return None
        file = str(SOURCE / self.mutant.mutation.module)
        places = [str(Path(file).parent)] if file.endswith("__init__.py") else None
        loader = _Text(name, file, self.mutant.text)
        return spec_from_file_location(name, file, loader=loader, submodule_search_locations=places)


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


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutant and the tests that it meets: arguments of pytest for one run after the other, until one fails.

    Where `tests` are given, the runs take only those of their files, in this order. `is_patient` runs all of them.
    """

    mutant: Mutant
    runs: Sequence[Sequence[str]]
    tests: Sequence[str] = ()
    is_patient: bool = False
    seconds: int = _SECONDS


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutant, and the tests that failed: none when an import failed."""

    fate: Fate
    failed: tuple[str, ...] = ()


def own_tests(mutant: Mutant) -> Trial:
    return Trial(mutant, [MODULES[mutant.mutation.module].split()])


def outcomes(trials: Iterable[Trial], workers: int) -> Iterator[tuple[Trial, Outcome]]:
    """What became of each mutant, as it is known. Raises TrialError when the tests did not run."""
    waiting, running = iter(trials), dict[int, tuple[Trial, int]]()
    while True:
        for trial in islice(waiting, workers - len(running)):
            pid, failed = _start(trial)
            running[pid] = trial, failed
        if not running:
            return
        pid, status = os.wait()
        trial, failed = running.pop(pid)
        yield trial, _outcome(os.waitstatus_to_exitcode(status), tuple(_read(failed).splitlines()))


def _outcome(code: int, failed: tuple[str, ...]) -> Outcome:
    """From the exit code of pytest: 0 is well, 1 failed tests, 2 an error of import. The clock's is 1 as well."""
    if code not in {0, 1, 2}:
        raise TrialError(f"the tests did not run: {code}")
    if code == 1 and not failed:
        return Outcome(Fate.STOPPED)
    return Outcome(Fate.KILLED if code else Fate.SURVIVED, failed)


def _start(trial: Trial) -> tuple[int, int]:
    """Starts a process. Returns its id, and the pipe that the names of failed tests come through."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        # Neither pytest's own clock nor a lock can stop this one.
        faulthandler.dump_traceback_later(trial.seconds, exit=True)
        _be_silent()
        sys.meta_path.insert(0, _Mutated(trial.mutant))
        os._exit(_run(trial, writing))
    os.close(writing)
    return pid, reading


def _read(pipe: int) -> str:
    """What a process that has ended left in its pipe, which something that it started may still hold open."""
    os.set_blocking(pipe, False)
    try:
        return os.read(pipe, 1 << 16).decode()
    except BlockingIOError:
        return ""
    finally:
        os.close(pipe)


def _run(trial: Trial, failed: int) -> int:
    chosen = _Chosen(trial.tests)
    code = 0
    for run in trial.runs:
        code = max(code, int(pytest.main([*_PYTEST, *([] if trial.is_patient else ["-x"]), *run], plugins=[chosen])))
        if code and not trial.is_patient:
            break
    os.write(failed, "\n".join(chosen.failed).encode())
    return code


class _Chosen:
    """A plugin of pytest that runs only some tests, in their order, and keeps the names of those that fail."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._rank = {test: rank for rank, test in enumerate(tests)}
        self.failed: list[str] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self._rank:
            items[:] = sorted(
                (item for item in items if item.nodeid in self._rank), key=lambda item: self._rank[item.nodeid]
            )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.nodeid not in self.failed:
            self.failed.append(report.nodeid)


def _be_silent() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
