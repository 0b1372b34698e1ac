"""A saved plan is believed in nothing: it is read whole or refused in a sentence, and told from the plan of now."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.core.changes import Change
from bo_sync.core.plan import HubFacts, Plan
from bo_sync.core.plan_digest import Json, digest
from bo_sync.core.text import Text
from bo_sync.errors import StalePlanError
from bo_sync.exit_codes import ExitCode
from bo_sync.render.json import plan_json
from bo_sync.render.saved_plan import differences, read_saved
from tests.render.cases import PLANS
from tests.support.builders import (
    DIGESTED,
    HUB_URL,
    IDENTITY,
    create,
    delete,
    duplicate,
    field_change,
    plan,
    resealed_digest,
    revoke,
    set_grant,
    source,
    text,
    update,
    value,
)

every_plan = pytest.mark.parametrize("shown", PLANS.values(), ids=PLANS)
SOUND = plan_json(PLANS["everything"])


@every_plan
def test_a_plan_is_read_back_and_differs_from_itself_in_nothing(shown: Plan) -> None:
    saved = read_saved(plan_json(shown))
    assert saved.digest == digest(shown)
    assert saved.hub_url == Text(shown.hub.url)
    assert list(saved.changes) == [change.email for change in shown.changes]
    assert differences(saved, shown) == ()


def test_what_the_digest_leaves_out_may_differ() -> None:
    document = json.loads(SOUND)
    document["config"]["commit"] = "another"
    document["changes"][0]["source"] = "users/moved.yaml:7"
    document["tool"]["version"] = "9"
    assert differences(read_saved(json.dumps(document)), PLANS["everything"]) == ()


def edited(edit: Callable[[dict[str, Json]], object], *, resealed: bool = False) -> str:
    """The sound plan after `edit`; resealed, with a digest that fits its content again."""
    document = json.loads(SOUND)
    edit(document)
    if resealed:
        document["digest"] = resealed_digest(document)
    return json.dumps(document)


def first(document: dict[str, Json]) -> dict[str, Json]:
    changes = document["changes"]
    assert isinstance(changes, list)
    assert isinstance(changes[0], dict)
    return changes[0]


def within(document: dict[str, Json], key: str) -> dict[str, Json]:
    found = document[key]
    assert isinstance(found, dict)
    return found


def twice(document: dict[str, Json]) -> None:
    document["changes"] = [first(document), first(document)]


DEEP = "[" * 100_000
DEEP_ROLE: Json = None
for _ in range(900):
    DEEP_ROLE = [DEEP_ROLE]

REFUSED = {
    "nothing": ("", "not the JSON of a plan: line 1, column 1"),
    "half a plan": (SOUND[: len(SOUND) // 2], "not the JSON of a plan: line "),
    "a byte order mark": ("\ufeff" + SOUND, "not the JSON of a plan: line 1, column 1"),
    "absurd nesting": (DEEP, "nested too deeply"),
    "an absurd number": ("9" * 5000, "not the JSON of a plan"),
    "a fraction": ('{"format_version": 1.0}', "1.0 is not a whole number"),
    "no number": ('{"format_version": NaN}', "NaN is not a whole number"),
    "one key twice": ('{"digest": "a", "digest": "b"}', "a key appears twice"),
    "a list": ("[]", "the saved plan is malformed: expected an object, found a list"),
    "an empty object": ("{}", "`format_version` is missing"),
    "another format": (edited(lambda plan: plan.update(format_version=1)), "format version is 1; this bo-sync reads 2"),
    "true for a format": (edited(lambda plan: plan.update(format_version=True)), "format version is no number"),
    "a format in words": (edited(lambda plan: plan.update(format_version="1")), "format version is no number"),
    "no hub": (edited(lambda plan: plan.pop("hub")), "`hub` is missing"),
    "a hub that is text": (edited(lambda plan: plan.update(hub="x")), 'hub: expected an object, found "x"'),
    "an address that is a number": (
        edited(lambda plan: within(plan, "hub").update(url=1)),
        "hub.url: expected text, found 1",
    ),
    "a hub with a key more": (
        edited(lambda plan: within(plan, "hub").update(note="x")),
        'hub: unknown key "note"',
    ),
    "a hub without an identity": (
        edited(lambda plan: within(plan, "hub").pop("identity")),
        "hub: `identity` is missing",
    ),
    "an identity in words": (
        edited(lambda plan: within(plan, "hub").update(identity="the right one")),
        'hub.identity: expected sha256: and 64 digits, found "the right one"',
    ),
    "an identity that is null": (
        edited(lambda plan: within(plan, "hub").update(identity=None)),
        "hub.identity: expected text, found null",
    ),
    "another identity, with the digest of the first": (
        edited(lambda plan: within(plan, "hub").update(identity="sha256:" + "0" * 64)),
        "the saved plan was altered",
    ),
    "a tenant that is a number": (
        edited(lambda plan: within(plan, "hub").update(tenant=7)),
        "hub.tenant: expected text, found 7",
    ),
    "no changes": (edited(lambda plan: plan.pop("changes")), "`changes` is missing"),
    "changes that are an object": (
        edited(lambda plan: plan.update(changes={})),
        "changes: expected a list, found an object",
    ),
    "a change that is text": (
        edited(lambda plan: plan.update(changes=["x"])),
        'changes[0]: expected an object, found "x"',
    ),
    "no address": (edited(lambda plan: first(plan).pop("email")), "changes[0]: `email` is missing"),
    "no id": (edited(lambda plan: first(plan).pop("id")), "changes[0]: `id` is missing"),
    "true for an id": (
        edited(lambda plan: first(plan).update(id=True)),
        "changes[0].id: expected a whole number, found true",
    ),
    "an unknown action": (
        edited(lambda plan: first(plan).update(action="exec")),
        'changes[0].action: expected one of create, update, delete, found "exec"',
    ),
    "a grant that is text": (
        edited(lambda plan: first(plan).update(grants=["x"])),
        'changes[0].grants[0]: expected an object, found "x"',
    ),
    "a grant with more in it": (
        edited(
            lambda plan: first(plan).update(
                grants=[
                    {"role": "pricing", "before": "none", "after": "owner", "direction": "added", "more": DEEP_ROLE}
                ]
            )
        ),
        'changes[0].grants[0]: unknown key "more"',
    ),
    "a role that is nested": (
        edited(
            lambda plan: first(plan).update(
                grants=[{"role": DEEP_ROLE, "before": "none", "after": "owner", "direction": "added"}]
            )
        ),
        "changes[0].grants[0].role: expected text, found a list",
    ),
    "an unknown level": (
        edited(
            lambda plan: first(plan).update(
                grants=[{"role": "pricing", "before": "none", "after": "god", "direction": "added"}]
            )
        ),
        'changes[0].grants[0].after: expected one of none, viewer, editor, owner, found "god"',
    ),
    "a field with a number": (
        edited(lambda plan: first(plan).update(profile=[{"field": "job", "before": 1, "after": None}])),
        "changes[0].profile[0].before: expected text, found 1",
    ),
    "one person twice": (edited(twice, resealed=True), "changes one user twice"),
    "an altered address": (edited(lambda plan: first(plan).update(email="root@example.com")), "was altered"),
    "an altered digest": (edited(lambda plan: plan.update(digest="sha256:0")), "was altered"),
    "a change left out": (edited(lambda plan: plan.update(changes=[])), "was altered"),
    "another hub": (edited(lambda plan: within(plan, "hub").update(url="https://evil.example")), "was altered"),
}


@pytest.mark.parametrize(("text", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_sound_plan_is_refused_with_a_sentence(text: str, told: str) -> None:
    with pytest.raises(StalePlanError) as caught:
        read_saved(text)
    assert told in caught.value.message
    assert "plan --out" in caught.value.hint
    assert caught.value.exit_code is ExitCode.STALE


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from([*DIGESTED, "hub", "url", "changes", "digest"]), inner)
    ),
)


@given(st.one_of(st.text(st.characters()), st.binary().map(lambda data: data.decode("utf-8", "surrogateescape"))))
def test_any_text_at_all_is_read_or_refused(text: str) -> None:
    with pytest.raises(StalePlanError):
        read_saved(text)


@given(st.sampled_from(["hub", "changes", "digest", "format_version"]), json_like)
def test_any_value_at_any_key_is_read_or_refused(key: str, found: Json) -> None:
    try:
        read_saved(edited(lambda plan: plan.update({key: found})))
    except StalePlanError:
        return


@given(st.sampled_from([*DIGESTED]), json_like)
def test_any_value_in_a_change_is_read_or_refused_even_when_sealed(key: str, found: Json) -> None:
    try:
        read_saved(edited(lambda plan: first(plan).update({key: found}), resealed=True))
    except StalePlanError:
        return


@given(st.integers(0, len(SOUND) - 1), st.characters())
def test_one_character_altered_changes_nothing_or_is_refused(place: int, character: str) -> None:
    try:
        saved = read_saved(SOUND[:place] + character + SOUND[place + 1 :])
    except StalePlanError:
        return
    assert differences(saved, PLANS["everything"]) == ()


PRICING = set_grant("pricing", "viewer", "editor")
J = "j@example.com"
MOVED: dict[str, tuple[tuple[Change, ...], tuple[Change, ...], tuple[str, ...]]] = {
    "somebody new": ((), (create(J),), ("j@example.com: was not in that plan, now would be created",)),
    "somebody who is done": (
        (delete(J),),
        (),
        ("j@example.com: was to be deleted, now nothing of it is left to do",),
    ),
    "another action": (
        (update(J, PRICING),),
        (delete(J),),
        ("j@example.com: was to be updated, now would be deleted",),
    ),
    "another id": ((delete(J),), (delete(J, user_id=8),), ("j@example.com: had id 7 in the hub, now has 8",)),
    "another level": (
        (update(J, PRICING),),
        (update(J, set_grant("pricing", "viewer", "owner")),),
        ("j@example.com: pricing: was to change viewer → editor, now viewer → owner",),
    ),
    "a grant more, and a grant less": (
        (update(J, PRICING),),
        (update(J, revoke("logistics", "owner")),),
        (
            "j@example.com: pricing: was to change viewer → editor, now would not",
            "j@example.com: logistics: was not to change, now would: owner → none",
        ),
    ),
    "a duplicate row": (
        (update(J, PRICING),),
        (update(J, PRICING, duplicate("pricing", "viewer", "viewer")),),
        ("j@example.com: pricing: was to change viewer → editor, now viewer → editor and a duplicate viewer → viewer",),
    ),
    "another duplicate row": (
        (update(J, duplicate("pricing", "viewer", "viewer")),),
        (update(J, replace(duplicate("pricing", "viewer", "viewer"), row_id="9")),),
        ("j@example.com: duplicate rows to remove: surplus-pricing, now 9",),
    ),
    "another value of a field": (
        (update(J, profile=(field_change("phone", None, "1"),)),),
        (update(J, profile=(field_change("phone", "0", "1"),)),),
        ('j@example.com: phone: was to change (empty) → "1", now "0" → "1"',),
    ),
    "another first name of a new person": (
        (create(J, profile=(value("first_name", "Jane"),)),),
        (create(J, profile=(value("first_name", "Joan"),)),),
        ('j@example.com: first_name: was to change (empty) → "Jane", now (empty) → "Joan"',),
    ),
    "another file alone": ((delete(J),), (delete(J, at=source("users/other.yaml")),), ()),
    "another order alone": (
        (update(J, PRICING, revoke("logistics", "owner")),),
        (update(J, revoke("logistics", "owner"), PRICING),),
        ("the same changes stand in another order",),
    ),
}


@pytest.mark.parametrize(("before", "now", "told"), MOVED.values(), ids=MOVED)
def test_who_moved_and_how(before: tuple[Change, ...], now: tuple[Change, ...], told: tuple[str, ...]) -> None:
    assert differences(read_saved(plan_json(plan(*before))), plan(*now)) == told


@pytest.mark.parametrize(
    ("then", "now", "told"),
    [
        pytest.param("acme", "acme", (), id="one tenant"),
        pytest.param(None, None, (), id="no tenant is known"),
        pytest.param("acme", None, (), id="the key of the apply may not read the tenant"),
        pytest.param(None, "acme", (), id="the key of the plan could not read the tenant"),
        pytest.param("acme", "globex", ("tenant: acme, now globex",), id="two tenants"),
    ],
)
def test_tenants_make_two_hubs_when_both_are_known(then: str | None, now: str | None, told: tuple[str, ...]) -> None:
    one, other = (plan(create(J), hub=HubFacts(HUB_URL, 1, 1, IDENTITY, text(tenant))) for tenant in (then, now))
    assert differences(read_saved(plan_json(one)), other) == told


def test_a_plan_for_another_hub_at_the_same_address_tells_nothing_of_its_users() -> None:
    here = plan(create(J))
    there = plan(delete("secret@example.com"), hub=HubFacts(HUB_URL, 1, 1, "sha256:" + "0" * 64))
    assert differences(read_saved(plan_json(here)), there) == (
        "hub identity: sha256:3f2c1ab03f2c…, now sha256:000000000000…",
        "the API key selects another tenant, or the user with the lowest id was deleted",
    )


def test_a_plan_for_another_hub_is_told_first() -> None:
    here, there = plan(), plan(hub=HubFacts("https://other.example.com/", 1, 1, IDENTITY))
    assert differences(read_saved(plan_json(here)), there) == (
        "the saved plan is for https://hub.example.com/v2/graphql, this one for https://other.example.com/",
    )
