"""Faults as users write them: `KIND[=SECONDS][:FIELD][@N or :RATE]`.

    cut-after@3                  the third request runs, and nobody learns of it
    429:0.1                      one request in ten, by the seed
    502:adminUserCreate@1        the first request that creates a user
    slow-after=40:roles:0.5      every other question about grants, 40 seconds late

KIND is one of `storm.Kind`. SECONDS belongs to the kinds of `storm.SECONDS`. FIELD is a root field of the schema: only
requests with it are meant and counted; `partial` is about mutations of several fields, `page-drops` and `page-repeats`
are about users's pages unless FIELD names another paged field. N counts the meant requests from 1, RATE is a share of
them from 0 to 1; without either each of them is struck. `key-revoked` holds from its first strike on.
"""

import re
from difflib import get_close_matches
from typing import Final

from bo_sync.errors import UsageError
from bo_sync.sandbox.resolvers import MUTATIONS, QUERIES
from bo_sync.sandbox.storm import PAGED, SECONDS, Fault, FaultKind, Nth, Rate, When

_FORM: Final = re.compile(
    r"(?P<kind>[^=:@]+)(=(?P<seconds>[^:@]*))?(:(?P<field>[A-Za-z_]\w*))?(:(?P<rate>[^:@]*)|@(?P<nth>[^:@]*))?"
)
_DECIMAL: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?|\.[0-9]{1,6}")
_LONGEST: Final = 600
_HINT: Final = "write KIND[=SECONDS][:FIELD][@N or :RATE], as in cut-after@3, 429:0.1 or 502:adminUserCreate@1"


def parse_fault(text: str) -> Fault:
    """The fault that `text` describes. Raises UsageError that says which part of it is wrong."""
    parts = _FORM.fullmatch(text)
    if parts is None:
        raise UsageError(f"{text!r} is no fault", hint=_HINT)
    kind = _kind(parts["kind"])
    return Fault(
        kind, _when(parts["nth"], parts["rate"]), _field(kind, parts["field"]), _seconds(kind, parts["seconds"])
    )


def _kind(given: str) -> FaultKind:
    if given not in set(FaultKind):
        raise UsageError(f"{given!r} is no kind of fault{_nearest(given, tuple(FaultKind))}", hint=_HINT)
    return FaultKind(given)


def _when(nth: str | None, rate: str | None) -> When:
    if nth is not None:
        if not re.fullmatch("[1-9][0-9]{0,8}", nth):
            raise UsageError(f"{nth!r} after @ is not the number of a request, 1 for the first", hint=_HINT)
        return Nth(int(nth))
    if rate is None:
        return Rate(1.0)
    if not _DECIMAL.fullmatch(rate) or float(rate) > 1:
        raise UsageError(f"{rate!r} is neither a root field nor a rate from 0 to 1", hint=_HINT)
    return Rate(float(rate))


def _field(kind: FaultKind, given: str | None) -> str:
    if given is None:
        return ""
    known = (
        tuple(MUTATIONS) if kind is FaultKind.PARTIAL else PAGED if kind.startswith("page-") else (*QUERIES, *MUTATIONS)
    )
    if given not in known:
        raise UsageError(f"{given!r} is no root field that {kind} can strike{_nearest(given, known)}", hint=_HINT)
    return given


def _seconds(kind: FaultKind, given: str | None) -> float | None:
    if given is None:
        return None
    if kind not in SECONDS:
        raise UsageError(f"{kind} takes no seconds; those that do are {', '.join(SECONDS)}", hint=_HINT)
    whole = kind is FaultKind.TOO_MANY_RETRY_AFTER
    if not _DECIMAL.fullmatch(given) or float(given) > _LONGEST or (whole and not given.isdigit()):
        number = "a whole number" if whole else "a number"
        raise UsageError(f"{given!r} after = is not {number} of seconds from 0 to {_LONGEST}", hint=_HINT)
    return float(given)


def _nearest(given: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(given, known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
