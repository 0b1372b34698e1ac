"""Each thing that weakens a guard is shown first, and unfolded, by `validate --base` and by `diff`."""

from collections.abc import Mapping
from datetime import date
from typing import Final

import pytest

from bo_sync.access.provenance import Provenance
from bo_sync.core.base_compare import Comparison, Snapshot, compare
from bo_sync.core.text import Message, Text
from bo_sync.core.weakened_guards import Weakened
from bo_sync.render.access_diff import AccessDiff, difference_markdown, difference_text
from bo_sync.render.markdown_files import Validated, files_markdown
from bo_sync.render.notices import Checked, files_notices
from bo_sync.render.text import comparison_text
from tests.config.trees import JANE, tree
from tests.support.reader import as_github_shows

TODAY: Final = date(2026, 6, 15)
Files = Mapping[str, str]


def limits(line: str) -> Files:
    return {"bo-sync.yaml": f"guardrails: {{{line}}}\n"}


def settings(line: str) -> Files:
    return {"bo-sync.yaml": f"{line}\n"}


def policy(more: str) -> Files:
    return {"policies/p.yaml": f"id: p\n{more}\n"}


def ignore(until: str) -> Files:
    return {"users/u.yaml": f"{JANE}ignore: [{{rule: BOS007, reason: agreed, until: {until}}}]\n"}


PRICES: Final = "match: {any_of: [{can: [priceUpdate]}, {can: [orderUpdate]}]}"
EXCEPT: Final = "except: [{email: jane@example.com, reason: agreed, until: 2026-12-31}]"
NONE: Final[Files] = {}


def shown(before: Files, after: Files) -> tuple[Weakened, ...]:
    """What is shown of two states of the files, which hold Jane beside what is given."""
    base, head = (tree({"users/u.yaml": JANE, **files}) for files in (before, after))
    assert not [*base.errors, *head.errors]
    then, now = (Snapshot(side.declarations, side.settings, policies=side.policies) for side in (base, head))
    return compare(then, now, TODAY)[0]


WEAKENED: Final = [
    pytest.param(
        limits(f"{name}: {{percent: 10, floor: 2, cap: 5}}"),
        limits(f"{name}: {{{line}}}"),
        {f"guardrails.{name}.{part}"},
        id=f"{name}: a raised {part}",
    )
    for name in ("max_user_deletes", "max_access_losses", "max_grant_losses", "max_expiries")
    for part, line in (
        ("percent", "percent: 11, floor: 2, cap: 5"),
        ("floor", "percent: 10, floor: 3, cap: 5"),
        ("cap", "percent: 10, floor: 2, cap: 6"),
    )
] + [
    pytest.param(
        limits("max_user_deletes: 3"),
        limits("max_user_deletes: 4"),
        {"guardrails.max_user_deletes.floor", "guardrails.max_user_deletes.cap"},
        id="a raised number",
    ),
    pytest.param(
        limits("max_user_deletes: 3"),
        limits("max_user_deletes: {percent: 10, floor: 3, cap: 3}"),
        {"guardrails.max_user_deletes.percent"},
        id="a percentage in place of a number",
    ),
    pytest.param(
        limits("max_user_deletes: 0"),
        NONE,
        {f"guardrails.max_user_deletes.{part}" for part in ("percent", "floor", "cap")},
        id="a removed limit, whose defaults are higher",
    ),
    pytest.param(
        limits("min_role_owners: 3"), limits("min_role_owners: 2"), {"guardrails.min_role_owners"}, id="a lower minimum"
    ),
    pytest.param(
        settings("protect: [glass@example.com]"), settings("protect: []"), {"protect"}, id="removed protection"
    ),
    pytest.param(
        settings("protect: ['*@example.com']"),
        settings("protect: ['a*@example.com']"),
        {"protect"},
        id="less protection",
    ),
    pytest.param(NONE, settings("unmanaged: delete"), {"unmanaged"}, id="unmanaged users are deleted"),
    pytest.param(
        settings("email_domains: [example.com]"),
        settings("email_domains: [example.com, example.org]"),
        {"email_domains"},
        id="widened domains",
    ),
    pytest.param(settings("email_domains: [example.com]"), NONE, {"email_domains"}, id="removed domains"),
    pytest.param(
        settings("hub_host: a.example.com"), settings("hub_host: b.example.com"), {"hub_host"}, id="another host"
    ),
    pytest.param(settings("hub_host: a.example.com"), NONE, {"hub_host"}, id="any host"),
    pytest.param(
        settings("role_definitions: {ticket: ticket}"),
        settings("role_definitions: {ticket: support}"),
        {"role_definitions.ticket"},
        id="a role that means another definition",
    ),
    pytest.param(
        NONE, settings("role_definitions: {ticket: ticket}"), {"role_definitions.ticket"}, id="a role that is new"
    ),
    pytest.param(
        settings("role_definitions: {ticket: ticket}"), NONE, {"role_definitions.ticket"}, id="a role that is gone"
    ),
    pytest.param(NONE, settings("timezone: Pacific/Pago_Pago"), {"timezone"}, id="a time zone"),
    pytest.param(settings("timezone: Europe/Amsterdam"), NONE, {"timezone"}, id="no time zone any more"),
    pytest.param(policy(PRICES), NONE, {"policies.p"}, id="a removed policy"),
    pytest.param(
        policy(PRICES), policy(f"{PRICES}\nseverity: warning"), {"policies.p.severity"}, id="a policy that only warns"
    ),
    pytest.param(policy(PRICES), policy(f"{PRICES}\nat_most: 1"), {"policies.p.at_most"}, id="a policy with more room"),
    pytest.param(
        policy(PRICES),
        policy("match: {any_of: [{can: [priceUpdate]}]}"),
        {"policies.p.match"},
        id="a policy that matches less",
    ),
    pytest.param(policy(PRICES), policy(f"{PRICES}\n{EXCEPT}"), {"policies.p.except"}, id="a policy with an exception"),
    pytest.param(NONE, ignore("2026-12-31"), {"ignore"}, id="a new ignore"),
    pytest.param(ignore("2026-12-31"), ignore("2027-01-01"), {"ignore"}, id="a longer ignore"),
    pytest.param(ignore("2026-06-14"), ignore("2026-06-15"), {"ignore"}, id="an expired ignore that holds again"),
]


@pytest.mark.parametrize(("before", "after", "guards"), WEAKENED)
def test_a_weakened_guard_is_shown_first_and_unfolded(before: Files, after: Files, guards: set[str]) -> None:
    found = shown(before, after)
    assert {entry.guard for entry in found} == guards
    place = Provenance(Text("main"), Text("c0ffee"), dirty=False, day=TODAY)
    difference = AccessDiff(place, place, found, ())
    comparison = Comparison(Text("main"), "c0ffee", found)
    texts = (
        comparison_text(comparison, (), width=None, color=False),
        difference_text(difference, width=None, color=False),
    )
    for text in texts:
        title = next(number for number, line in enumerate(text.splitlines()) if line.startswith("Guards loosened"))
        assert title == (0 if text is texts[0] else 2)
        assert all(f"  ! {guard}: " in text for guard in guards)
    checked = Checked(weakened=found)
    for comment in (difference_markdown(difference), files_markdown(Validated(1, 1, checked, Text("main"), "c0ffee"))):
        unfolded = as_github_shows(comment.partition("<details>")[0])
        assert guards <= set(unfolded.code)
    assert [notice.kind.value for notice in files_notices(checked)] == ["guard"] * len(found)


KEPT: Final = [
    pytest.param(
        limits("max_expiries: {percent: 10, floor: 2, cap: 5}"),
        limits("max_expiries: {percent: 9, floor: 1, cap: 4}"),
        id="lower limits",
    ),
    pytest.param(limits("min_role_owners: 2"), limits("min_role_owners: 3"), id="a higher minimum"),
    pytest.param(NONE, settings("protect: [glass@example.com]"), id="more protection"),
    pytest.param(settings("unmanaged: delete"), NONE, id="unmanaged users stay"),
    pytest.param(NONE, settings("email_domains: [example.com]"), id="domains where any were allowed"),
    pytest.param(NONE, settings("hub_host: a.example.com"), id="a host where any was allowed"),
    pytest.param(NONE, policy(PRICES), id="a new policy"),
    pytest.param(ignore("2026-12-31"), ignore("2026-12-30"), id="a shorter ignore"),
    pytest.param(ignore("2026-12-31"), NONE, id="an ignore that is gone"),
    pytest.param(NONE, ignore("2026-06-14"), id="an ignore that has expired already"),
]


@pytest.mark.parametrize(("before", "after"), KEPT)
def test_what_keeps_or_tightens_a_guard_is_not_shown(before: Files, after: Files) -> None:
    assert shown(before, after) == ()


def test_an_ignore_is_shown_with_its_user_its_reason_and_its_days() -> None:
    assert shown(ignore("2026-12-31"), ignore("2027-01-01")) == (
        Weakened(
            "ignore",
            Message("BOS007 of jane@example.com until 2026-12-31: agreed"),
            Message("BOS007 of jane@example.com until 2027-01-01: agreed"),
        ),
    )
