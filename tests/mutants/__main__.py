"""`python -m tests.mutants [-j WORKERS] [MODULE…]`: tries every mutant of the modules that keep users from harm.

Prints what became of them. Exits 1 when less than 95 % of a module's mutants were killed, when one survived that
docs/contributing/mutants.md does not argue away, and when it argues one away that did not survive. `--sample` tries
some mutants of all modules instead.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence

from tests.mutants.line_map import line_map
from tests.mutants.listed import DOCUMENT, entry, listed
from tests.mutants.making import Mutant, Mutation, mutants, sample
from tests.mutants.sampled import BOUND, sources, try_sample
from tests.mutants.trying import MODULES, SOURCE, Fate, TrialError, outcomes, own_tests, warm_up


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description="Tries mutants against the tests.")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(MODULES)}; all when none is named")
    parser.add_argument("-j", "--workers", type=int, default=os.cpu_count() or 1, help="how many at a time")
    parser.add_argument("--sample", type=int, metavar="N", help="try N mutants of all modules, drawn by chance")
    parser.add_argument("--seed", type=int, default=1, help="decides which ones are drawn (default: 1)")
    parser.add_argument(
        "--keep-map", action="store_true", help="use the last map of tests and lines, changed files or not"
    )
    options = parser.parse_args(arguments)
    if unknown := [module for module in options.modules if module not in MODULES]:
        parser.error(f"there is no module {unknown[0]!r}; there are {', '.join(MODULES)}")
    if options.modules and options.sample is not None:
        parser.error("a sample is drawn from all modules: name none")
    begun = time.monotonic()
    warm_up()
    argued = listed(DOCUMENT.read_text(encoding="utf-8"))
    if options.sample is not None:
        lines = line_map(options.workers, keep=options.keep_map)
        sound = [try_sample(sample(sources(), options.sample, options.seed), lines, options.workers, argued)]
    else:
        sound = [_judged(module, options.workers, argued) for module in options.modules or MODULES]
    print(f"{time.monotonic() - begun:.0f} s")
    return 0 if all(sound) else 1


def _judged(module: str, workers: int, argued: dict[Mutation, str]) -> bool:
    """Tries one module's mutants and prints a line about them, then what the document does not say."""
    text = (SOURCE / module).read_text(encoding="utf-8")
    _expect_success(module, text)
    trials = map(own_tests, mutants(module, text))
    tried = [(trial.mutant.mutation, outcome.fate) for trial, outcome in outcomes(trials, workers)]
    found = {mutation for mutation, _ in tried}
    survived = {mutation for mutation, fate in tried if fate is Fate.SURVIVED}  # of two with one text, either
    share = 1 - len(survived) / len(found)
    print(
        f"{module}: {len(found)} mutants, {len(found) - len(survived)} killed, {len(survived)} survived, {share:.1%}",
        flush=True,
    )
    unargued = sorted(mutation for mutation in survived if not argued.get(mutation))
    gone = sorted(mutation for mutation in argued if mutation.module == module and mutation not in survived)
    for told, mutations in (("survived, and nothing argues for it", unargued), ("is argued for, and did not", gone)):
        for mutation in mutations:
            print(f"\n{told}:\n{entry(mutation)}", flush=True)
    return share >= BOUND and not unargued and not gone


def _expect_success(module: str, text: str) -> None:
    """The module as it is has to pass, or else every mutant would seem to be killed."""
    ((_, outcome),) = outcomes([own_tests(Mutant(Mutation(module, "", ""), text))], 1)
    if outcome.fate is not Fate.SURVIVED:
        raise TrialError(f"the tests fail without any mutant of {module}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
