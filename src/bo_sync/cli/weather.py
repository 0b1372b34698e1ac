"""The sandbox's bad weather, as the command line gives it: `--fault` and `--fault-seed`."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import click

from bo_sync.errors import UsageError
from bo_sync.sandbox.storm import MEANINGS, Fault, Storm

P = ParamSpec("P")
R = TypeVar("R")

_KINDS: Final = "\n".join(f"  {kind:<15}  {meaning}" for kind, meaning in MEANINGS.items())
FAULTS_HELP: Final = f"""\
A FAULT is written KIND[=SECONDS][:FIELD][@N or :RATE]: what happens, to requests with which root field of the schema,
and to the N-th of them or to what share of them. Without FIELD all requests are meant, without @N and RATE each one.
The first FAULT that strikes a request decides; the same seed and order of requests give the same faults. For example:

\b
  cut-after@3            the third request runs, and nobody learns of it
  429:0.1                one request in ten
  502:adminUserCreate@1  the first request that creates a person
  slow-after=40:roles    every question about grants, 40 seconds late

The kinds:

\b
{_KINDS}
"""


class Spell(click.ParamType[Fault]):
    """A spell of bad weather, as `bo_sync.sandbox.forecast` reads it."""

    name = "FAULT"

    def convert(self, value: str | Fault, param: click.Parameter | None, ctx: click.Context | None) -> Fault:
        from bo_sync.sandbox.forecast import parse_fault

        if isinstance(value, Fault):
            return value
        try:
            return parse_fault(value)
        except UsageError as err:
            self.fail(f"{err.message} ({err.hint})", param, ctx)


def weather(command: Callable[Concatenate[Storm, P], R]) -> Callable[P, R]:
    """--fault and --fault-seed, handed over as a `Storm` first argument."""

    @click.option("--fault", "faults", type=Spell(), multiple=True, help="Bad weather, see below; may be given again.")
    @click.option("--fault-seed", default=0, metavar="K", help="Another K strikes other requests.  [default: 0]")
    @wraps(command)
    def gathered(*args: P.args, **kwargs: P.kwargs) -> R:
        return command(_storm(kwargs), *args, **kwargs)

    return gathered


# click's values are typed by their options, which no type checker can follow
def _storm(options: dict[str, Any]) -> Storm:
    return Storm(options.pop("faults"), options.pop("fault_seed"))
