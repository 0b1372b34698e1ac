"""The map of which test executes which line of bo-sync: one run of the suite under coverage.py, which is kept.

A plugin of pytest in each worker gives coverage.py the test as its context. What a fixture of a module or a wider scope
executes counts for every test that uses the fixture. Caches are emptied before each test, or else only the first test
of a process would execute what fills them. Real processes that tests start are not seen.
"""

import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, TypedDict, cast

import coverage
import pytest

from tests.mutants.trying import REPOSITORY, SOURCE, TrialError

FOLDER: Final = REPOSITORY / "build" / "mutants"
_PYTEST: Final = (
    "-q",
    "--tb=no",
    "--dist=worksteal",
    "--timeout=600",
    "-mnot hypothesis",
    "-pno:cacheprovider",
    "-Wignore::pytest.PytestWarning",
)
_NOT_READ: Final = frozenset({"__pycache__", "node_modules", "mutants"})


@dataclass(frozen=True, slots=True)
class LineMap:
    """The tests by the lines that they execute, and how many seconds each takes."""

    file: Path
    seconds: Mapping[str, float]
    by_fixture: Mapping[str, frozenset[str]]

    def tests(self, module: str) -> dict[int, frozenset[str]]:
        """The tests that execute each line of a module."""
        data = coverage.CoverageData(str(self.file))
        data.read()
        found = data.contexts_by_lineno(str(SOURCE / module))
        return {line: frozenset(self._tests(contexts)) for line, contexts in found.items()}

    def _tests(self, contexts: list[str]) -> Iterator[str]:
        for context in contexts:
            if context in self.seconds:
                yield context
            yield from self.by_fixture.get(context, ())


def line_map(workers: int, *, keep: bool, folder: Path = FOLDER, tests: Sequence[str] = ()) -> LineMap:
    """The map of the last run, or a new one when files have changed since, unless that one is to be kept.

    The run is of the whole suite when no tests are named.
    """
    digest = _digest()
    record = _record(folder)
    if record is None or (record["digest"] != digest and not keep):
        record = _run(workers, digest, folder, tests)
    by_fixture: dict[str, set[str]] = defaultdict(set)
    for test, fixtures in record["fixtures"].items():
        for fixture in fixtures:
            by_fixture[fixture].add(test)
    met = {fixture: frozenset(found) for fixture, found in by_fixture.items()}
    return LineMap(folder / "lines", record["seconds"], met)


class _Record(TypedDict):
    digest: str
    seconds: dict[str, float]
    fixtures: dict[str, list[str]]


def _record(folder: Path) -> _Record | None:
    file = folder / "tests.json"
    return cast("_Record", json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None


def _digest() -> str:
    """Of every file that a test can read from the sources and the tests, the mutants' own tools left out."""
    sha = sha256()
    for folder in ("src", "tests"):
        for path in sorted((REPOSITORY / folder).rglob("*")):
            if path.is_file() and _NOT_READ.isdisjoint(path.parts):
                sha.update(f"{path.relative_to(REPOSITORY)}\0".encode() + sha256(path.read_bytes()).digest())
    return sha.hexdigest()


def _run(workers: int, digest: str, folder: Path, tests: Sequence[str]) -> _Record:
    """Runs the suite for a new map. Tests that fail or are skipped are not in the map."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    print("running the suite for the map of tests and lines", flush=True)
    outcomes = _Outcomes()
    os.environ["COVERAGE_FILE"] = str(folder / "lines")
    code = pytest.main([*_PYTEST, f"-n{workers}", f"-p{__name__}", *tests], plugins=[outcomes])
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        raise TrialError(f"the suite did not run: {code}")
    joined = coverage.Coverage(config_file=False)
    joined.combine()
    joined.save()
    passed = {test: spent for test, spent in outcomes.seconds.items() if test not in outcomes.failed}
    fixtures = {test: outcomes.fixtures[test] for test in passed}
    record = _Record(digest=digest, seconds=passed, fixtures=fixtures)
    (folder / "tests.json").write_text(json.dumps(record), encoding="utf-8")
    print(f"the map has {len(passed)} tests; {len(outcomes.failed)} failed or were skipped", flush=True)
    return record


class _Outcomes:
    """Collects from the reports of the workers how long each test took, and what fixtures it used."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.fixtures: dict[str, list[str]] = {}
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] += report.duration
        if report.outcome != "passed":
            self.failed.add(report.nodeid)
        self.fixtures[report.nodeid] = [str(value) for name, value in report.user_properties if name == _FIXTURE]


_FIXTURE: Final = "fixture of a wider scope"


class _Contexts:
    """Gives coverage.py the running test, or the fixture of a wider scope that is set up for it, as its context."""

    def __init__(self, worker: str) -> None:
        os.environ["COVERAGE_CORE"] = "ctrace"  # the newer core reports a line to the first test alone
        self._coverage = coverage.Coverage(data_suffix=worker, config_file=False, source=[str(SOURCE)])
        self._coverage.start()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        for module in [module for name, module in sys.modules.items() if name.startswith("bo_sync")]:
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()
        self._coverage.switch_context(item.nodeid)
        found = yield
        self._coverage.switch_context("")
        return found

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
    ) -> Iterator[None]:
        if fixturedef.scope == "function":
            return (yield)
        item = cast("pytest.Item", request._pyfuncitem)
        self._coverage.switch_context(_fixture(fixturedef))
        found = yield
        self._coverage.switch_context(item.nodeid)
        return found

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_setup(self, item: pytest.Function) -> None:
        for definitions in item._fixtureinfo.name2fixturedefs.values():
            if definitions[-1].scope != "function":
                item.user_properties.append((_FIXTURE, _fixture(definitions[-1])))

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        self._coverage.save()


def _fixture(definition: pytest.FixtureDef[object]) -> str:
    return f"{definition.baseid}::{definition.argname}"


def pytest_configure(config: pytest.Config) -> None:
    """In a worker of xdist: the controller runs no test."""
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(_Contexts(config.workerinput["workerid"]))
