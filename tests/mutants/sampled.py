"""Tries a sample of the mutants of all modules, each against the tests that execute its line, the fastest first.

A test that fails for a mutant is run again without any: one that still fails knows nothing, and the mutant is tried
without it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, islice
from typing import Final

from tests.mutants.line_map import LineMap
from tests.mutants.listed import entry
from tests.mutants.making import Mutant, Mutation
from tests.mutants.relevant_tests import RelevantTests
from tests.mutants.trying import SOURCE, Fate, Outcome, Trial, TrialError, outcomes

BOUND: Final = 0.95
SECONDS: Final = 60
"""A mutant meets as many tests as took so long together when the map was made."""
_ENDLESS: Final = "--timeout=60"
"""A test that takes more seconds has become endless and fails."""
_PATIENCE: Final = 600
"""Seconds for all tests of a mutant, long enough for one that survives on a machine that others use."""


def sources() -> dict[str, str]:
    """The text of each module of the product, the sandbox included."""
    return {path.relative_to(SOURCE).as_posix(): path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")}


def try_sample(drawn: Sequence[Mutant], lines: LineMap, workers: int, argued: Mapping[Mutation, str]) -> bool:
    """Tries the drawn mutants and prints which survived. Those that the document argues away are left out."""
    relevant = RelevantTests(sources(), lines)
    tests = {mutant: relevant.of(mutant, SECONDS) for mutant in drawn if not argued.get(mutant.mutation)}
    found = _tried(tests, workers)
    survived = sorted(mutant.mutation for mutant, outcome in found.items() if outcome.fate is Fate.SURVIVED)
    stopped = sum(outcome.fate is Fate.STOPPED for outcome in found.values())
    share = 1 - len(survived) / len(found) if found else 1
    print(
        f"{len(drawn)} mutants drawn, {len(drawn) - len(found)} argued away, {len(found) - len(survived)} killed "
        f"({stopped} by the clock), {len(survived)} survived, {share:.1%}",
        flush=True,
    )
    by_mutation = {mutant.mutation: met for mutant, met in tests.items()}
    for mutation in survived:
        print(f"\nsurvived {len(by_mutation[mutation])} tests:\n{entry(mutation)}", flush=True)
    return share >= BOUND


def _tried(tests: Mapping[Mutant, Sequence[str]], workers: int) -> dict[Mutant, Outcome]:
    """What became of each mutant, told only by tests that pass without it."""
    found = {mutant: Outcome(Fate.SURVIVED) for mutant in tests}
    broken, waiting = set[str](), {mutant: list(met) for mutant, met in tests.items()}
    while waiting:
        trials = [_trial(mutant, met) for mutant, met in waiting.items() if met]
        found.update((trial.mutant, outcome) for trial, outcome in outcomes(trials, workers))
        failed = {test for mutant in waiting for test in found[mutant].failed}
        broken |= _failing_without(sorted(failed - broken))
        again = [mutant for mutant in waiting if broken.intersection(found[mutant].failed)]
        found.update((mutant, Outcome(Fate.SURVIVED)) for mutant in again)
        waiting = {mutant: [test for test in tests[mutant] if test not in broken] for mutant in again}
    return found


def _failing_without(tests: Sequence[str]) -> set[str]:
    """Those of the tests that fail without any mutant."""
    if not tests:
        return set()
    sound = Mutant(Mutation("__init__.py", "", ""), (SOURCE / "__init__.py").read_text(encoding="utf-8"))
    trial = Trial(sound, [[_ENDLESS, *dict.fromkeys(map(_file, tests))]], tests, is_patient=True, seconds=_PATIENCE)
    ((_, outcome),) = outcomes([trial], 1)
    if outcome.fate is not Fate.SURVIVED and not outcome.failed:
        raise TrialError("the tests that noticed mutants cannot be run without one")
    return set(outcome.failed)


def _trial(mutant: Mutant, tests: Sequence[str]) -> Trial:
    """The tests by file, in the order of each file's fastest: those of one file, of two more, of four and so on."""
    files: dict[str, list[str]] = defaultdict(list)
    for test in tests:
        files[_file(test)].append(test)
    return Trial(
        mutant,
        [[_ENDLESS, *some] for some in _doubling(list(files))],
        [test for met in files.values() for test in met],
        seconds=_PATIENCE,
    )


def _doubling(files: Sequence[str]) -> Iterator[Sequence[str]]:
    remaining = iter(files)
    for power in count():
        if not (taken := list(islice(remaining, 2**power))):
            return
        yield taken


def _file(test: str) -> str:
    return test.partition("::")[0]
