"""`bo-sync catalogue`: the table made from a hub and from a file, and two tables compared."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from bo_sync.access.catalogue import catalogue, read_operations, write_operations
from bo_sync.sandbox.behaviour import Behaviour
from bo_sync.sandbox.hub import SandboxHub
from bo_sync.sandbox.interception import HubAnswer
from bo_sync.sandbox.population import baseline_population
from bo_sync.sandbox.server import SandboxServer
from bo_sync.sandbox.store import Store
from tests.cli.lying import JSON, Liar, fault, page
from tests.end_to_end.hubs import ObservedHub, observed
from tests.support.facts import shared
from tests.support.hostile import HOSTILE
from tests.support.inside import check_inert, inside
from tests.support.process import bo_sync, write

PROBE: Final = frozenset({"__schema"})
KEY: Final = "sandbox-owner"
TODAY: Final = ("--today", "2026-06-15")
PACKAGED: Final = Path(__file__).parents[2] / "src/bo_sync/access/operations.csv"


def introspection(*fields: tuple[str, str]) -> dict[str, object]:
    mutations = [{"name": name, "description": said, "isDeprecated": False} for name, said in fields]
    query = {"name": "Query", "fields": [{"name": "order", "description": None, "isDeprecated": True}]}
    return {"__schema": {"queryType": query, "mutationType": {"name": "Mutation", "fields": mutations}}}


ORDERS: Final = introspection(("orderUpdate", "AUTH: Role=[order.EDITOR] OR ('user is authenticated')"), ("ping", ""))
TABLE: Final = """\
# taken 2026-06-15
operation,kind,any_of_minimum_access,system_roles,or_when,deprecated
order,query,unannotated,,,true
orderUpdate,mutation,order.EDITOR,,user is authenticated,false
ping,mutation,unannotated,,,false
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "root", {"hub.json": json.dumps(ORDERS)})


@pytest.fixture
def liar() -> Liar:
    return Liar()


@pytest.fixture
def hub(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObservedHub]:
    monkeypatch.setenv("BO_SYNC_API_KEY", KEY)
    with observed(baseline_population(), liar) as made:
        yield made


def answering(document: object) -> HubAnswer:
    return page(200, json.dumps({"data": document}), JSON)


def test_a_saved_introspection_becomes_a_table_on_standard_output(root: Path) -> None:
    ran = bo_sync(root, "catalogue", "refresh", "--from", "hub.json", *TODAY)
    assert (ran.code, ran.out) == (0, TABLE)
    assert ran.err == "3 operations of 2026-06-15: 1 annotated, 2 unannotated\n"
    for document in ({"data": ORDERS}, {**ORDERS, "__generatedAt": "2026-06-15T10:00:00Z"}):
        write(root, {"hub.json": json.dumps(document)})
        assert inside("catalogue", "refresh", "--from", str(root / "hub.json"), *TODAY).out == TABLE


def test_the_day_beside_an_introspection_is_that_of_the_table(root: Path) -> None:
    for said, day in (("2025-12-31", "2025-12-31"), ("2025-12-31T23:00:00.000Z", "2025-12-31"), ("soon", "2026-06-15")):
        write(root, {"hub.json": json.dumps({**ORDERS, "__generatedAt": said})})
        ran = inside("catalogue", "refresh", "-q", "--from", str(root / "hub.json"), *TODAY)
        assert ran.out.splitlines()[0] == f"# taken {day}"
        assert ran.err == ""


def test_a_table_is_written_where_it_is_asked_for_and_compared_with_this_versions_own(root: Path) -> None:
    ran = bo_sync(root, "catalogue", "refresh", "--from", "hub.json", "--output", "table.csv", *TODAY)
    assert (ran.code, ran.out) == (0, "")
    assert (root / "table.csv").read_text(encoding="utf-8") == TABLE
    compared = bo_sync(root, "catalogue", "diff", "table.csv", "--format", "json")
    found = json.loads(compared.out)
    assert (found["old"]["operations"], found["new"]) == (
        476,
        {"table": "table.csv", "taken": "2026-06-15", "operations": 3},
    )
    assert found["added"] == ["ping"]
    assert len(found["removed"]) == 474


def test_the_packaged_table_is_remade_from_the_hubs_introspection(tmp_path: Path) -> None:
    made = tmp_path / "made.csv"
    ran = inside("catalogue", "refresh", "--from", str(shared("introspection.json")), "--output", str(made))
    assert ran.err == "476 operations of 2026-05-17: 385 annotated, 91 unannotated\n"
    assert made.read_bytes() == PACKAGED.read_bytes()
    compared = inside("catalogue", "diff", str(made))
    assert compared.out.endswith("\n\nNothing differs.\n")


def test_the_sandbox_tells_its_operations_and_that_it_describes_no_access(root: Path) -> None:
    ran = bo_sync(root, "catalogue", "refresh", "--hub", "sandbox:", *TODAY)
    assert ran.code == 0
    taken, operations = read_operations(ran.out)
    assert taken == "2026-06-15"
    assert {"adminUsers", "roleUpdate"} <= {entry.name for entry in operations}
    known = {entry.name: entry.is_mutation for entry in catalogue().operations}
    assert all(known[entry.name] is entry.is_mutation for entry in operations)
    assert ran.err.splitlines()[-1] == (
        f"{len(operations)} operations of 2026-06-15: 0 annotated, {len(operations)} unannotated; "
        "the hub describes no access at all"
    )


def test_a_hub_with_annotations_is_read_like_a_file(root: Path, hub: ObservedHub, liar: Liar) -> None:
    liar.roots, liar.said = PROBE, lambda _: answering(ORDERS)
    ran = inside("catalogue", "refresh", "-C", str(root), "--hub", hub.url, *TODAY)
    assert (ran.code, ran.out) == (0, TABLE)


def test_a_hub_that_hides_its_schema_says_so_and_what_to_do(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BO_SYNC_API_KEY", KEY)
    with Store.open() as store:
        store.load(baseline_population())
        with SandboxServer(SandboxHub(store, Behaviour(introspection=False))) as server:
            ran = inside("catalogue", "refresh", "-C", str(root), "--hub", server.url)
    assert (ran.code, ran.out) == (1, "")
    assert ran.complaint[0].startswith(f"error: catalogueProbe: {server.url} does not show its schema: it says ")
    assert ran.complaint[1] == (
        "next: have its introspection switched on, or take it where it is, and give the file with --from"
    )


NOT_SAID: Final = {
    "a denial": fault("no", 200, "FORBIDDEN"),
    "no schema": answering({"__schema": None}),
    "null": answering(None),
    "a schema without operations": answering({"__schema": {"queryType": None, "mutationType": None}}),
    "fields that are none": answering({"__schema": {"queryType": {"name": "Query", "fields": "x"}}}),
    "a schema and an error": page(200, json.dumps({"data": ORDERS, "errors": [{"message": "in part"}]}), JSON),
}


@pytest.mark.parametrize("answer", NOT_SAID.values(), ids=NOT_SAID)
def test_no_introspection_is_a_failure_of_the_hub(answer: HubAnswer, root: Path, hub: ObservedHub, liar: Liar) -> None:
    liar.roots, liar.said = PROBE, lambda _: answer
    ran = inside("catalogue", "refresh", "-C", str(root), "--hub", hub.url, "--output", str(root / "table.csv"))
    assert (ran.code, ran.out) == (1, "")
    assert ran.complaint[0].startswith("error: catalogueProbe")
    assert ran.complaint[1].startswith("next: ")
    assert not (root / "table.csv").exists()


@pytest.mark.parametrize("attack", [text for text in HOSTILE.values() if text.strip()], ids=ascii)
def test_nothing_that_a_hub_describes_acts(attack: str, root: Path, hub: ObservedHub, liar: Liar) -> None:
    described = f"AUTH: Role=[order.OWNER,{attack}.OWNER,{attack}] OR ('{attack}')"
    liar.roots, liar.said = PROBE, lambda _: answering(introspection(("orderUpdate", described)))
    output = str(root / "table.csv")
    for more in ((), ("--output", output)):
        ran = inside("catalogue", "refresh", "-C", str(root), "--hub", hub.url, *more)
        assert ran.code == 0, ran.err
        check_inert(ran)
    for form in ("text", "json"):
        ran = inside("catalogue", "diff", output, "--format", form)
        assert ran.code == 0, ran.err
        check_inert(ran)


def test_a_hub_cannot_have_the_key_written_into_a_table(root: Path, hub: ObservedHub, liar: Liar) -> None:
    described = f"AUTH: Role=[{KEY}.OWNER,{KEY}] OR ('{KEY}')"
    liar.roots, liar.said = PROBE, lambda _: answering(introspection(("orderUpdate", described)))
    ran = inside("catalogue", "refresh", "-C", str(root), "--hub", hub.url)
    assert ran.code == 0
    assert KEY not in ran.out + ran.err
    assert "[secret]" in ran.out


BAD_FILES: Final = {
    "nothing at all": ("", "is not a table of operations: line 1: not the head of a table of operations: "),
    "something else": ("a,b\n1,2\n", "is not a table of operations: line 1: not the head of a table of operations: "),
    "no JSON": ("{", "is not JSON"),
    "JSON too deep": ('{"data":' * 100_000, "is not JSON"),
    "another JSON": ('{"a": 1}', "is no introspection result: the document has no __schema"),
    "a row that acts": (
        TABLE + "\x1b]52;c;Zg==\x07,::error::x\n",
        "is not a table of operations: line 6: the line holds the invisible character \\x1b",
    ),
}


@pytest.mark.parametrize(("text", "said"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_is_no_table_is_a_usage_error(text: str, said: str, root: Path) -> None:
    write(root, {"bad.csv": text})
    ran = inside("catalogue", "diff", str(root / "bad.csv"))
    assert (ran.code, ran.out) == (64, "")
    check_inert(ran)
    assert ran.complaint[0].startswith(f"error: {root / 'bad.csv'} {said}")
    assert ran.complaint[1] == (
        "next: name a table that `bo-sync catalogue refresh` made, or an introspection result in JSON"
    )


def test_a_file_that_cannot_be_read_is_a_usage_error(root: Path) -> None:
    (root / "latin.csv").write_bytes(b"\xff\xfe\xff")
    for name, said in (
        ("none.csv", "cannot be read: No such file or directory"),
        ("latin.csv", "is not text in UTF-8"),
    ):
        for command in (("diff", str(root / name)), ("refresh", "--from", str(root / name))):
            ran = inside("catalogue", *command)
            assert ran.code == 64
            assert ran.complaint[0] == f"error: {root / name} {said}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("diff", "a", "b", "c"), "catalogue diff compares two tables"),
        (("refresh", "--from", "a", "--hub", "sandbox:"), "--from reads a file, --hub asks a hub: give one of them"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(arguments: tuple[str, ...], said: str, root: Path) -> None:
    ran = bo_sync(root, "catalogue", *arguments)
    assert (ran.code, ran.out) == (64, "")
    assert ran.complaint[0] == f"error: {said}"


def drifted(root: Path) -> Path:
    """This version's table as a later hub could have it."""
    facts = catalogue()
    text = write_operations("2026-11-01", facts.operations)
    changes = (
        ("orderUpdate,mutation,order.EDITOR", "orderUpdate,mutation,order.VIEWER loyalty.OWNER"),
        ("orderItemCreate,mutation,order.EDITOR", "orderItemCreate,mutation,unannotated"),
    )
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return write(root, {"new.csv": text + "zapAll,mutation,order.VIEWER,system,the moon is full,true\n"}) / "new.csv"


def test_silent_growth_comes_first_by_role_and_level(root: Path) -> None:
    drifted(root)
    ran = bo_sync(root, "catalogue", "diff", "new.csv")
    assert (ran.code, ran.err) == (0, "")
    first, _, rest = ran.out.partition("\n\n")
    assert first == (
        "Operations from this version's own table (taken 2026-05-17, 476 operations) "
        "to new.csv (taken 2026-11-01, 477 operations)"
    )
    assert (
        rest
        == """\
Silent growth: grants that nobody touched allow more
  + loyalty (of the hub) owner  acts: orderUpdate
  + order_data viewer           acts: orderUpdate, zapAll
  + order_data editor           acts: zapAll
  + order_data owner            acts: zapAll

Silent loss: grants that nobody touched allow less
  - order_data editor  acts: orderItemCreate
  - order_data owner   acts: orderItemCreate

Operations added
  + zapAll  mutation; order.VIEWER or system or when the moon is full

Unknown now, known before
  ! orderItemCreate  mutation; the hub does not say who may

Grants that allow more: 4, grants that allow less: 2, operations added: 1, newly unknown: 1.
"""
    )


def test_the_same_as_json_and_backwards(root: Path) -> None:
    path = str(drifted(root))
    there = json.loads(inside("catalogue", "diff", path, "--format", "json").out)
    keys = "format_version old new grants added removed annotated vanished conditions deprecated"
    assert list(there) == keys.split()
    loyalty = {"role": None, "definition": "loyalty", "access": "owner"}
    assert there["grants"][0] == {**loyalty, "allowed": ["orderUpdate"], "no_longer": []}
    assert there["grants"][1]["role"] == "order_data"
    assert (there["added"], there["vanished"]) == (["zapAll"], ["orderItemCreate"])
    back = json.loads(inside("catalogue", "diff", path, str(PACKAGED), "--format", "json").out)
    assert (back["removed"], back["annotated"]) == (["zapAll"], ["orderItemCreate"])
    assert [(grant["no_longer"], grant["allowed"]) for grant in back["grants"]] == [
        (grant["allowed"], grant["no_longer"]) for grant in there["grants"]
    ]
