"""`python -m bench [NAME…]`: every measurement, or the named ones; exits 1 when one is over its bound."""

import sys
from collections.abc import Callable, Sequence
from typing import Final

from bench import access, hub, load, reconcile, startup
from bench.result import Result

MEASUREMENTS: Final[dict[str, Callable[[], Sequence[Result]]]] = {
    "startup": startup.measure,
    "load": load.measure,
    "access": access.measure,
    "hub": hub.measure,
    "reconcile": reconcile.measure,
}


def main(names: Sequence[str]) -> int:
    """Runs the measurements, prints each result as it comes, and returns the exit code."""
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        print(f"there is no measurement {unknown[0]!r}; there are {', '.join(MEASUREMENTS)}", file=sys.stderr)
        return 64
    results: list[Result] = []
    for name in names or MEASUREMENTS:
        for result in MEASUREMENTS[name]():
            print(result, flush=True)
            results.append(result)
    return 0 if all(result.ok for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
