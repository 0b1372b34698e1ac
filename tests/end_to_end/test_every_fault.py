"""Every kind of fault, each in its own run over a real socket.

The table is held against `FaultKind`, so a new kind without a run here fails. That a fault was injected is seen from
outside, through the socket: a bare request, sent before the apply, gets what the kind does to it.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.test_faults import FILES, LIVE, FaultyApply, check, outcomes_of
from tests.support.faults import FaultKind, injected
from tests.support.process import Served, bo_sync, hasty, served, write

NEW: Final = "new@example.com"
USERS: Final = "{ adminUsers(input: {page: 1, offset: 12}) { itemsFound items { id } } }"


@dataclass(frozen=True, slots=True)
class Run:
    """The faults that are served, and what becomes of an apply under them.

    `probed` is what a bare request for users gets at first; None where the fault is about other requests. `code` is
    the apply's exit; `doubted` are users of whom the journal must show a write that did not simply succeed.
    """

    faults: tuple[str, ...]
    code: int = 0
    probed: str | None = None
    doubted: tuple[str, ...] = ()


def at(kind: FaultKind, seconds: str = "") -> tuple[str, ...]:
    """The kind at the first page of users, which the probe asks for, and at the next one, which is the apply's."""
    return (f"{kind}{seconds}:adminUsers@1", f"{kind}{seconds}:adminUsers@2")


RUNS: Final[Mapping[FaultKind, Run]] = {
    FaultKind.TOO_MANY: Run(at(FaultKind.TOO_MANY), probed="429 without Retry-After"),
    FaultKind.TOO_MANY_RETRY_AFTER: Run(at(FaultKind.TOO_MANY_RETRY_AFTER), probed="429 with Retry-After 1"),
    FaultKind.FAILED: Run(at(FaultKind.FAILED), probed="500 in JSON"),
    FaultKind.FAILED_AFTER: Run(
        (*at(FaultKind.FAILED_AFTER), "500-after:adminUserCreate@1"), probed="500 in JSON", doubted=(NEW,)
    ),
    FaultKind.GATEWAY: Run(at(FaultKind.GATEWAY), probed="502 in HTML"),
    FaultKind.GATEWAY_AFTER: Run(
        (*at(FaultKind.GATEWAY_AFTER), "502-after:adminUserCreate@1"), probed="502 in HTML", doubted=(NEW,)
    ),
    FaultKind.CUT_BEFORE: Run(
        (*at(FaultKind.CUT_BEFORE), "cut-before:adminUserCreate@1"), probed="cut", doubted=(NEW,)
    ),
    FaultKind.CUT_AFTER: Run((*at(FaultKind.CUT_AFTER), "cut-after:adminUserCreate@1"), probed="cut", doubted=(NEW,)),
    FaultKind.CUT_HALF: Run((*at(FaultKind.CUT_HALF), "cut-half:adminUserCreate@1"), probed="cut", doubted=(NEW,)),
    FaultKind.SLOW_BEFORE: Run(
        ("slow-before=1:adminUsers@1", "slow-before:adminUserCreate@1"), probed="cut", doubted=(NEW,)
    ),
    FaultKind.SLOW_AFTER: Run(
        ("slow-after=1:adminUsers@1", "slow-after:adminUserCreate@1"), probed="5 of 5 people", doubted=(NEW,)
    ),
    FaultKind.PARTIAL: Run(("partial:roleDelete@1",), doubted=("less@example.com",)),
    FaultKind.PAGE_DROPS: Run(at(FaultKind.PAGE_DROPS), probed="4 of 5 people"),
    FaultKind.PAGE_REPEATS: Run(at(FaultKind.PAGE_REPEATS), probed="4 of 5 people"),
    FaultKind.KEY_REVOKED: Run(("key-revoked:adminUserCreate@1",), code=5, doubted=(NEW,)),
}
PATIENCE: Final = 3.0
"""Seconds in which an answer must come here."""
SLOW: Final = {FaultKind.SLOW_BEFORE: PATIENCE, FaultKind.SLOW_AFTER: PATIENCE}
"""Seconds that a run takes at least: once bo-sync waits for an answer as long as it does."""


def test_every_kind_of_fault_has_a_run() -> None:
    assert set(RUNS) == set(FaultKind)
    served_kinds = {
        kind: {fault.partition(":")[0].partition("=")[0] for fault in run.faults} for kind, run in RUNS.items()
    }
    assert served_kinds == {kind: {kind} for kind in FaultKind}


def probe(hub: Served) -> str:
    """What a bare request for users gets."""
    address = urlsplit(hub.url)
    connection = HTTPConnection(address.netloc, timeout=20)
    headers = {"Content-Type": "application/json", "apikey": "sandbox-owner"}
    try:
        connection.request("POST", address.path, json.dumps({"query": USERS}), headers)
        response = connection.getresponse()
        body = response.read()
    except (HTTPException, OSError):
        return "cut"
    finally:
        connection.close()
    if response.status == 429:
        after = response.headers["Retry-After"]
        return f"429 with Retry-After {after}" if after else "429 without Retry-After"
    if response.status != 200:
        return f"{response.status} in {'HTML' if body.startswith(b'<html>') else 'JSON'}"
    page = json.loads(body)["data"]["adminUsers"]
    return f"{len({item['id'] for item in page['items']})} of {page['itemsFound']} people"


@pytest.mark.parametrize("kind", list(FaultKind))
def test_an_apply_through_it_loses_and_doubles_nothing_and_reports_what_is_so(tmp_path: Path, kind: FaultKind) -> None:
    run = RUNS[kind]
    root, started = write(tmp_path / "files", FILES), time.monotonic()
    with served(tmp_path, LIVE, interceptor=injected(*run.faults)) as hub:
        before = hub.holds()
        assert run.probed is None or probe(hub) == run.probed
        with hasty(PATIENCE):
            apply = bo_sync(root, "apply", "--yes", "--format", "json", env=hub.env())
        between = hub.holds()
    assert time.monotonic() - started > SLOW.get(kind, 0)
    journal = json.loads(bo_sync(root, "journal", "latest", "--format", "json").out)
    with served(tmp_path) as hub:
        if run.code:
            assert bo_sync(root, "apply", "--yes", env=hub.env()).code == 0
        left = bo_sync(root, "plan", "--detailed-exitcode", env=hub.env())
        after = hub.holds()
    check(FaultyApply(before, apply, outcomes_of(apply), between, left, after))
    assert apply.code == run.code
    doubted = {request["email"] for request in journal["requests"] if request["outcome"] != "applied"}
    assert set(run.doubted) <= doubted, journal["requests"]
    assert journal["unknown"] == []
