"""A change in JSON, and the digest: exactly what the format promises, and dependent on nothing else."""

import hashlib
import json
from dataclasses import replace

import pytest

from bo_sync.core.changes import Cause, Change
from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.model import Severity
from bo_sync.core.plan import ConfigFacts, Finding, Plan
from bo_sync.core.plan_digest import Json, content_of, digest, digest_of
from bo_sync.core.text import Message, Text
from bo_sync.render.json import plan_json
from tests.support.builders import (
    create,
    delete,
    duplicate,
    field_change,
    plan,
    resealed_digest,
    revoke,
    set_grant,
    source,
    unmanaged,
    update,
    value,
)

JANE = "jane@example.com"


def document(
    number: int | None, action: str, place: str | None, *, profile: str = "", grants: str = "", duplicates: str = ""
) -> dict[str, Json]:
    """A change in JSON: fields as `phone 1 -`, where `-` is null, and grants as `pricing none viewer added`."""
    fields = [[None if word == "-" else word for word in each.split(" ")] for each in profile.split("; ") if each]
    return {
        "email": JANE,
        "id": number,
        "action": action,
        "source": place,
        "profile": [dict(zip(("field", "before", "after"), each, strict=True)) for each in fields],
        "grants": [
            dict(zip(("role", "before", "after", "direction"), each.split(), strict=True))
            for each in grants.split("; ")
            if each
        ],
        "duplicates": [*duplicates.split()],
    }


EVERY_KIND = update(
    JANE,
    *(set_grant("backoffice", "none", "owner", "r0"), set_grant("pricing", "viewer", "editor", "r1")),
    *(set_grant("logistics", "owner", "viewer", "r2"), revoke("api_keys", "editor")),
    duplicate("product_data", "viewer", "owner"),
    profile=(field_change("phone", "1", None), field_change("job", None, "x\u202e")),
    at=source("users/sales/jane.yaml", 12, 3),
    user_id=1042,
)
EVERY_GRANT = (
    "backoffice none owner added; pricing viewer editor raised; logistics owner viewer lowered; "
    "api_keys editor none revoked; product_data viewer owner duplicate"
)
NEW = create(JANE, set_grant("pricing", "none", "viewer"), profile=(value("phone", "1"), value("job", None)))
PLACE = "users/jane.yaml:1"
DOCUMENTS: dict[str, tuple[Change, dict[str, Json]]] = {
    "a new person": (
        NEW,
        document(None, "create", PLACE, profile="phone - 1; job - -", grants="pricing none viewer added"),
    ),
    "an update of every kind": (
        EVERY_KIND,
        document(
            *(1042, "update", "users/sales/jane.yaml:12"),
            profile="phone 1 -; job - x\u202e",
            grants=EVERY_GRANT,
            duplicates="surplus-product_data",
        ),
    ),
    "a deletion with a file": (
        delete(JANE, ("pricing", "owner"), user_id=7),
        document(7, "delete", PLACE, grants="pricing owner none revoked"),
    ),
    "a deletion without a file": (delete(JANE, cause=Cause.UNMANAGED), document(7, "delete", None)),
}


@pytest.mark.parametrize(("change", "expected"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_a_change_in_json(change: Change, expected: dict[str, Json]) -> None:
    (document,) = json.loads(plan_json(plan(change)))["changes"]
    assert list(document)[: len(expected)] == list(expected)
    assert {key: document[key] for key in expected} == expected


BASE = update(JANE, set_grant("pricing", "viewer", "editor", "r1"), profile=(field_change("phone", "1", "2"),))
PLAN = plan(BASE)


COVERED: dict[str, Plan] = {
    "the hub's identity": replace(PLAN, hub=replace(PLAN.hub, identity="sha256:" + "1" * 64)),
    "the hub's address": replace(PLAN, hub=replace(PLAN.hub, url="https://other.example.com/")),
    "an email": plan(replace(BASE, email=Text("jane@Example.com"))),
    "an id": plan(replace(BASE, id=8)),
    "an action": plan(delete(JANE)),
    "a field's name": plan(replace(BASE, profile=(field_change("job", "1", "2"),))),
    "a field before": plan(replace(BASE, profile=(field_change("phone", "0", "2"),))),
    "a field after": plan(replace(BASE, profile=(field_change("phone", "1", "3"),))),
    "a field cleared": plan(replace(BASE, profile=(field_change("phone", "1", None),))),
    "no field": plan(replace(BASE, profile=())),
    "a grant's role": plan(replace(BASE, grants=(set_grant("logistics", "viewer", "editor", "r1"),))),
    "a grant before": plan(replace(BASE, grants=(set_grant("pricing", "none", "editor", "r1"),))),
    "a grant after": plan(replace(BASE, grants=(set_grant("pricing", "viewer", "owner", "r1"),))),
    "a grant's direction": plan(replace(BASE, grants=(duplicate("pricing", "viewer", "editor"),))),
    "the duplicate row": plan(replace(BASE, grants=(replace(duplicate("pricing", "viewer", "editor"), row_id="r9"),))),
    "no grant": plan(replace(BASE, grants=())),
    "one change more": plan(BASE, update("joe@example.com", set_grant("pricing", "none", "viewer"))),
    "no change": plan(),
}


@pytest.mark.parametrize("other", COVERED.values(), ids=COVERED.keys())
def test_the_digest_depends_on(other: Plan) -> None:
    assert digest(other) != digest(PLAN)
    assert [digest(each) for each in COVERED.values()].count(digest(other)) == 1, "each gives a digest of its own"


LEFT_OUT: dict[str, Plan] = {
    "where the file stands": plan(replace(BASE, source=source("users/elsewhere.yaml", 9))),
    "the commit": replace(PLAN, config=ConfigFacts(15, "sha256:" + "0" * 64, Text("fffffff"), dirty=True)),
    "the digest of the files": replace(PLAN, config=replace(PLAN.config, digest="sha256:1")),
    "how many people the files have": replace(PLAN, config=replace(PLAN.config, users=99)),
    "how many people and grants the hub has": replace(PLAN, hub=replace(PLAN.hub, users=99, grants=99)),
    "the tenant": replace(PLAN, hub=replace(PLAN.hub, tenant=Text("acme"))),
    "the identity that the hub has after the plan": replace(PLAN, hub=replace(PLAN.hub, identity_after="sha256:1")),
    "who is unchanged": replace(PLAN, unchanged=99),
    "who is unmanaged": replace(PLAN, unmanaged=(unmanaged("x@example.com"),)),
    "findings": replace(PLAN, findings=(Finding("x", Severity.INFO, Message("x")),)),
    "guardrails and what passed them": replace(
        PLAN, guardrails=(GuardrailResult("empty", 0, 1, ok=False, allowed_by="--allow"),)
    ),
    "the hub's spelling of an address": plan(replace(BASE, hub_email=Text("JANE@example.com"))),
    "the ids of rows": plan(replace(BASE, grants=(set_grant("pricing", "viewer", "editor", "r2"),))),
}


@pytest.mark.parametrize("other", LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_the_digest_does_not_depend_on(other: Plan) -> None:
    assert digest(other) == digest(PLAN)
    assert digest(plan(delete(JANE))) == digest(plan(delete(JANE, cause=Cause.UNMANAGED)))


def test_the_digest_is_the_hash_of_canonical_ascii_json() -> None:
    change = update(
        "zoë@example.com",
        set_grant("pricing", "none", "owner"),
        user_id=3,
        profile=(field_change("job", None, "\u202e"),),
    )
    canonical = (
        '{"changes":[{"action":"update","duplicates":[],"email":"zo\\u00eb@example.com",'
        '"grants":[{"after":"owner","before":"none","direction":"added","role":"pricing"}],"id":3,'
        '"profile":[{"after":"\\u202e","before":null,"field":"job"}]}],'
        '"format_version":2,"hub":{"identity":"sha256:0","url":"https://hub.example.com/"}}'
    )
    assert digest_of("https://hub.example.com/", "sha256:0", [content_of(change)]) == (
        "sha256:" + hashlib.sha256(canonical.encode("ascii")).hexdigest()
    )


def test_a_document_has_the_digest_of_its_plan() -> None:
    shown = plan(*(change for change, _ in DOCUMENTS.values()))
    assert resealed_digest(json.loads(plan_json(shown))) == digest(shown)


def test_half_a_surrogate_pair_has_a_digest() -> None:
    assert digest(plan(create("a\ud800@example.com"))).startswith("sha256:")
