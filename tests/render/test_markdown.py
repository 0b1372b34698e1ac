"""Comments: what GitHub's own parser, and another one, make of them; and that every one of them fits."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Final

import pytest

from bo_sync.core.apply_report import Outcome, Report, UserOutcome
from bo_sync.core.changes import Change
from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.model import Problem, Severity
from bo_sync.core.plan import ConfigFacts, Finding, HubFacts, Plan
from bo_sync.core.plan_digest import digest
from bo_sync.core.policy import Has, Match, Policy, PolicyResult, PolicyRow
from bo_sync.core.text import Message, Text, visible
from bo_sync.core.weakened_guards import Weakened
from bo_sync.render.json import plan_json
from bo_sync.render.markdown_blocks import COMMENT_LIMIT, SUMMARY_LIMIT
from bo_sync.render.markdown_files import Validated, files_markdown
from bo_sync.render.markdown_plan import marker, plan_markdown
from bo_sync.render.markdown_report import report_markdown
from bo_sync.render.notices import Checked
from bo_sync.render.sections import sections
from tests.render.cases import FINDINGS, PLANS, PROBLEMS, guardrail_row, hostile, hostile_comparison, judged
from tests.render.comment_cases import FILES, WITH_POLICIES
from tests.support.builders import create, delete, plan, revoke, set_grant, source, unmanaged, update, value
from tests.support.hostile import HOSTILE
from tests.support.reader import as_github_shows, as_others_show, check_comment, tokens

EVERY_PLAN: Final = {**PLANS, **WITH_POLICIES}
every_attack = pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE)
SAYING: Final = {name: text for name, text in HOSTILE.items() if text}
"""Without words of others a comment has a column less."""
READABLE: Final = {name: text for name, text in HOSTILE.items() if text.strip()}
NO_LIMIT: Final = 10**9


def policy(text: str, **more: object) -> PolicyResult:
    """One that fails, with `text` wherever a policy has words of others."""
    row = PolicyRow(Text(text), Message("says {}", Text(text)), source(text), is_new=True)
    about = Policy("a-policy", Text(text), Match((Has(()),), is_all=True), source(text), why=Text(text))
    return PolicyResult(about, (row,), (), (row,))


def hostile_plan(text: str) -> Plan:
    return replace(hostile(text), policies=(policy(text),))


def hostile_report(text: str) -> str:
    outcomes = (UserOutcome(Text(text), "update", outcome, Message("says {}", Text(text))) for outcome in Outcome)
    report = Report(f"r{text}", "sha256:0", tuple(outcomes), moved=(Message("{}: was to be created", Text(text)),))
    return report_markdown(report, plan(hub=HubFacts(f"https://h/{text}", 1, 1)), limit=NO_LIMIT)


def hostile_files(text: str) -> str:
    found = hostile_comparison(text)
    checked = Checked(
        tuple(Problem(source(text), Message("found {}", Text(text)), severity) for severity in Severity),
        tuple(
            Finding("BOS001", severity, Message("says {}", Text(text)), Text(text), source(text))
            for severity in Severity
        ),
        (policy(text),),
        found.guardrails,
        (*found.weakened, Weakened(f"policies.{text}", None, Message("{}", Text(text)))),
    )
    return files_markdown(Validated(1, 1, checked, found.revision, found.commit), limit=NO_LIMIT)


COMMENTS: Final[dict[str, Callable[[str], str]]] = {
    "a plan": lambda text: plan_markdown(hostile_plan(text), limit=NO_LIMIT),
    "a report": hostile_report,
    "files": hostile_files,
}
every_comment = pytest.mark.parametrize("comment", COMMENTS.values(), ids=COMMENTS)


@every_attack
@every_comment
def test_no_forge_finds_a_link_a_mention_or_an_element_of_somebody_else(
    comment: Callable[[str], str], attack: str
) -> None:
    check_comment(comment(attack))


@pytest.mark.parametrize("attack", SAYING.values(), ids=SAYING)
@every_comment
def test_somebody_elses_words_change_no_structure_and_no_prose(comment: Callable[[str], str], attack: str) -> None:
    assert structure(comment(attack)) == harmless_structure(comment)


def structure(shown: str) -> list[object]:
    """What two parsers make of a comment, but for the words in `<code>`."""
    pages = (reader(shown) for reader in (as_github_shows, as_others_show))
    blocks = [token.type for token in tokens(shown) if token.block]
    return [*((page.prose, page.rows, len(page.code)) for page in pages), blocks]


@cache
def harmless_structure(comment: Callable[[str], str]) -> list[object]:
    return structure(comment("x y"))


@pytest.mark.parametrize("attack", READABLE.values(), ids=READABLE)
@every_comment
def test_what_somebody_says_can_be_read(comment: Callable[[str], str], attack: str) -> None:
    code = [re.sub(r"\s+", " ", text) for text in as_github_shows(comment(attack)).code]
    said = re.sub(r"\s+", " ", visible(attack)).replace("&#x202e;", "\\u202e").replace("&#8238;", "\\u202e")
    told = [text for text in code if said.strip()[:40] in text or said.isspace() or "…" in text]
    assert told or "&" in attack, code[:5]


@pytest.mark.parametrize("shown", EVERY_PLAN.values(), ids=EVERY_PLAN)
def test_every_row_of_the_text_is_in_the_comment_but_for_the_refusals_that_are_told_in_full(shown: Plan) -> None:
    page = as_github_shows(plan_markdown(shown, limit=NO_LIMIT))
    rows = [row for part in sections(shown) for row in part.rows]
    expected = len(shown.weakened) + len(rows) - len(shown.refused) - len(shown.skipped) - len(shown.violated)
    tables = sum(1 for title in re.findall(r"\((\d+)\)\n", page.prose) for _ in range(int(title)))
    assert tables == expected


@pytest.mark.parametrize("shown", EVERY_PLAN.values(), ids=EVERY_PLAN)
def test_a_comment_begins_with_its_marker_and_ends_with_digest_and_commit(shown: Plan) -> None:
    lines = plan_markdown(shown).splitlines()
    assert lines[0] == marker(shown)
    assert lines[1].startswith("### ")
    last = as_github_shows(lines[-1])
    assert json.loads(plan_json(shown))["digest"] in last.code
    if shown.config.commit is not None:
        assert str(shown.config.commit) in last.code


@pytest.mark.parametrize("shown", EVERY_PLAN.values(), ids=EVERY_PLAN)
def test_the_counts_are_those_of_the_json_at_every_length(shown: Plan) -> None:
    for limit in (NO_LIMIT, 4_000, 1_000, 0):
        assert counts(plan_markdown(shown, limit=limit)) == summary(shown)


def counts(comment: str) -> list[int]:
    """The second table of two lines: the figures."""
    head, _, figures = next(
        lines
        for lines in zip(*(comment.splitlines()[skip:] for skip in range(3)), strict=False)
        if lines[0].startswith("| created |")
    )
    assert head.count("|") == figures.count("|")
    return [int(cell.strip(" *")) for cell in figures.strip("|").split("|")]


def summary(shown: Plan) -> list[int]:
    found = json.loads(plan_json(shown))["summary"]
    return [*(count for name, count in found.items() if name != "grants"), *found["grants"].values()]


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("https://hub.example.com/v2/graphql", "<!-- bo-sync:plan https://hub.example.com/v2/graphql -->"),
        ("sandbox:", "<!-- bo-sync:plan sandbox: -->"),
        ("https://a--b.example.com/---", "<!-- bo-sync:plan https://a-%2Db.example.com/-%2D- -->"),
        ("https://h/--><h1>@x", "<!-- bo-sync:plan https://h/-%2D%3E%3Ch1%3E%40x -->"),
        ("https://h/\n--!>", "<!-- bo-sync:plan https://h/%0A-%2D%21%3E -->"),
    ],
    ids=["an address", "the sandbox", "dashes", "an end of the comment", "another end, on a new line"],
)
def test_a_marker_is_one_line_that_nothing_ends(url: str, line: str) -> None:
    assert marker(plan(hub=HubFacts(url, 1, 1))) == line
    page = as_github_shows(f"{line}\n### x\n")
    assert page.elements == {"h3"}
    assert "--" not in page.comments[0]


def test_markers_of_two_long_addresses_differ_and_are_short() -> None:
    one, two = (marker(plan(hub=HubFacts(f"https://h/{'x' * 90_000}{end}", 1, 1))) for end in "ab")
    assert one != two
    assert len(one) < 250


def change(index: int) -> Change:
    email = f"person{index:05}@example.com"
    match index % 5:
        case 0:
            return create(email, set_grant("pricing", "none", "viewer"), profile=(value("job", "Poet"),))
        case 1:
            return update(email, revoke("pricing", "owner"), set_grant("logistics", "none", "owner"))
        case 2:
            return delete(email, ("pricing", "owner"))
        case 3:
            return create(email, set_grant("roles_permissions", "none", "owner"))
        case _:
            return update(email, set_grant("api_keys", "none", "viewer"))


def crowd(number: int) -> Plan:
    """Somebody for every kind of change, again and again, most of them refused."""
    changes = [change(index) for index in range(number)]
    rows = tuple(guardrail_row(each.email.raw, "would be deleted", each.source) for each in changes)
    guardrails = (
        GuardrailResult("max_user_deletes", number, 2, ok=False, rows=rows),
        GuardrailResult("empty", 1, 1, ok=True),
    )
    strangers = tuple(unmanaged(f"stranger{index}@example.com") for index in range(number))
    return judged(plan(*changes, unmanaged=strangers, findings=FINDINGS * number, guardrails=guardrails, unchanged=7))


@pytest.mark.parametrize(("users", "limit"), [(2_000, COMMENT_LIMIT), (400, SUMMARY_LIMIT // 5)])
def test_a_crowd_fits_with_the_same_totals_as_the_json(users: int, limit: int) -> None:
    whole = crowd(users)
    begun = time.monotonic()
    comment = plan_markdown(whole, explain=True, limit=limit)
    assert time.monotonic() - begun < 20
    assert len(comment.encode()) <= limit
    assert len(comment) > limit // 3
    assert counts(comment) == summary(whole)
    assert "rows are shown, to fit; every count is of the whole. The whole plan is in the JSON" in comment
    check_comment(comment)


def test_the_digest_of_a_plan_that_is_cut_to_fit_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Plan] = []

    def watched(plan: Plan) -> str:
        asked.append(plan)
        return digest(plan)

    monkeypatch.setattr("bo_sync.render.markdown_plan.digest", watched)
    whole = crowd(400)
    comment = plan_markdown(whole, explain=True)
    assert "rows are shown, to fit" in comment
    assert digest(whole).removeprefix("sha256:") in comment
    assert len(asked) == 1


HUGE: Final = {"letters": "A" * 80_000, "what is spelled out": "\U000e0041|" * 400, "wide": "\u5c71" * 4_000}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_whatever_is_long_fits(text: str) -> None:
    results = tuple(replace(policy(text), policy=replace(policy(text).policy, id=f"p{index}")) for index in range(60))
    many = replace(
        hostile(text),
        guardrails=(
            GuardrailResult("email_change", 9, 0, ok=False, rows=(guardrail_row(text, text, source(text)),) * 9),
        ),
        policies=results,
        hub=HubFacts(f"https://h/{text}", 1, 1),
        config=ConfigFacts(1, "sha256:0", Text(text), dirty=True),
    )
    comment = plan_markdown(many)
    assert len(comment.encode()) <= COMMENT_LIMIT
    assert counts(comment) == summary(many)
    assert "and 50 more; nothing can be applied" in comment
    check_comment(comment)


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_reports_and_files_fit_however_long(text: str) -> None:
    outcomes = (UserOutcome(Text(f"{index}{text}"), "update", Outcome.FAILED, Message(text)) for index in range(50))
    report = report_markdown(Report("r", "sha256:0", tuple(outcomes)), plan(hub=HubFacts(text, 1, 1)))
    problem = Problem(source(text), Message(text))
    weakened = (Weakened(text, Message("{}", Text(text)), Message("{}", Text(text))),) * 50
    files = files_markdown(Validated(9, 9, Checked((problem,) * 50, FINDINGS, (), (), weakened), Text(text), "c"))
    for comment in (report, files):
        assert len(comment.encode()) <= COMMENT_LIMIT
        assert "…" in comment
        check_comment(comment)


def test_explanations_go_first_then_folded_rows_then_risky_ones() -> None:
    shown = EVERY_PLAN["everything"]
    plain = len(plan_markdown(shown, limit=NO_LIMIT).encode())
    explained, short, folded, cut = (
        plan_markdown(shown, explain=True, limit=limit) for limit in (NO_LIMIT, plain, plain - 1, 1_000)
    )
    assert "-33 operations&#58;" in explained
    assert short == plan_markdown(shown, limit=NO_LIMIT)
    assert "guido" in short
    assert "guido" not in folded
    assert "karel" in folded
    assert "karel" not in cut
    assert "Needs attention (7)" in cut


def test_risks_are_unfolded_and_the_rest_is_folded() -> None:
    shown = plan_markdown(EVERY_PLAN["everything-with-policies"])
    known, _, rest = shown.partition("<details>\n<summary>1 person did so before</summary>")[2].partition("</details>")
    assert "ann" in known
    unfolded, _, folded = rest.partition("<details>")
    assert shown.index("Refused by the policy") < shown.index("Needs attention (7)")
    assert "karel" in unfolded
    assert "karel" not in folded
    assert "guido" not in unfolded
    assert re.findall(r"<summary>(.*?)</summary>", folded) == [
        "Access gained (4)",
        "Access lost (3)",
        "Profile only, no effect on access (5)",
        "Not touched (6)",
        "1 policy fails as before, and refuses nothing: 1 person",
        "Guardrails: 7 checked, none refuses",
        "Policies: 6 policies checked, 4 fail; 1 note on exceptions",
    ]


def test_who_is_deleted_loses_all_access_and_the_comment_says_so() -> None:
    told = as_github_shows(plan_markdown(EVERY_PLAN["deleted-by-each-cause"])).prose
    assert "(3 deleted), and no grant of who stays; who is deleted loses all access." in told
    assert "loses all access" not in plan_markdown(EVERY_PLAN["one-person"])


def test_a_plan_of_a_few_says_nothing_of_those_who_were_not_compared() -> None:
    told = as_github_shows(plan_markdown(EVERY_PLAN["nothing-to-do-for-one-person-of-many"])).prose
    assert "The hub holds what the files say of 1 of 15 people; no more were compared." in told
    assert "The hub holds what the files say." in plan_markdown(EVERY_PLAN["nothing-to-do"])


def failing(number: int, *, tolerated: bool = False, severity: Severity = Severity.WARNING) -> PolicyResult:
    """A policy that somebody new and `number` others break."""
    row = PolicyRow(Text("new@example.com"), Message("says so"), source("users/new.yaml"), is_new=True)
    old = tuple(PolicyRow(Text(f"old{index}@example.com"), Message("says so"), source()) for index in range(number))
    about = Policy("a-policy", Text("Nobody"), Match((Has(()),), is_all=True), source(), severity)
    return PolicyResult(about, old if tolerated else (row, *old), is_tolerated=tolerated)


@pytest.mark.parametrize("severity", [Severity.ERROR, Severity.WARNING])
def test_of_a_policy_only_what_is_new_is_in_full_view_and_everybody_is_counted(severity: Severity) -> None:
    shown = plan_markdown(replace(plan(), policies=(failing(40, severity=severity),)))
    unfolded, _, folded = shown.partition("<details>\n<summary>40 people did so before</summary>")
    assert "41 people, none allowed" in as_github_shows(unfolded).prose
    assert ("new<!---->" in unfolded, "old0<!---->" in unfolded, folded.count("old")) == (True, False, 40)
    assert "**Way past:**" in folded.partition("</details>")[2]


@pytest.mark.parametrize(
    "result",
    [
        failing(40, tolerated=True, severity=Severity.ERROR),
        replace(failing(40), rows=failing(40).rows[1:]),
    ],
    ids=["an error that the plan does not make worse", "a warning that is no news"],
)
def test_a_policy_that_fails_as_before_is_folded_below_the_risks_and_still_counted(result: PolicyResult) -> None:
    shown = plan_markdown(replace(plan(), policies=(result,)))
    unfolded, _, folded = shown.partition("<details>")
    assert "old0" not in unfolded
    assert "<summary>1 policy fails as before, and refuses nothing: 40 people</summary>" in folded
    assert folded.count("old") == 40
    check_comment(shown)


def test_a_policy_that_asks_for_more_users_is_in_full_view_unless_it_is_tolerated() -> None:
    wanting = replace(failing(1).policy, at_most=None, at_least=3)
    row = failing(1).rows[1:]
    unfolded = plan_markdown(replace(plan(), policies=(PolicyResult(wanting, row),))).partition("<details>")[0]
    assert "1 person, at least 3" in as_github_shows(unfolded).prose
    folded = plan_markdown(replace(plan(), policies=(PolicyResult(wanting, row, is_tolerated=True),)))
    assert "1 policy fails as before" in folded


def test_each_refusal_says_actual_limit_rows_and_the_way_past() -> None:
    prose = as_github_shows(plan_markdown(EVERY_PLAN["refused-by-every-guardrail"])).prose
    assert prose.count("Way past:") == 10
    assert "1 deletion, limit 0." in prose
    assert "if this is meant, pass --allow max_user_deletes=1." in prose


@pytest.mark.parametrize(
    ("shown", "heading"),
    [
        (EVERY_PLAN["nothing-to-do"], "### ✅ bo-sync: nothing to do"),
        (EVERY_PLAN["no-change-yet-refused"], "### ⛔ bo-sync: this plan is refused"),
        (EVERY_PLAN["violated"], "### ⛔ bo-sync: this plan is refused"),
        (EVERY_PLAN["one-person"], "### 🔷 bo-sync: 1 person, 1 grant"),
        (EVERY_PLAN["everything"], "### 🔶 bo-sync: 7 people, 15 grants, 1 deletion; 7 rows need attention"),
        (EVERY_PLAN["deleted-by-each-cause"], "### 🔶 bo-sync: 3 people, no grant, 3 deletions; 3 rows need attention"),
        (EVERY_PLAN["nothing-to-do-but-to-look-at"], "### 🔶 bo-sync: nothing to do; 1 row needs attention"),
        (EVERY_PLAN["nothing-to-do-for-one-person-of-many"], "### ✅ bo-sync: nothing to do"),
    ],
    ids=[
        "nothing to do",
        "nothing yet refused",
        "refused by a policy",
        "a change",
        "much to look at",
        "deletions alone",
        "nothing to do but to look at",
        "nothing to do of those who were asked for",
    ],
)
def test_the_verdict_comes_first(shown: Plan, heading: str) -> None:
    assert plan_markdown(shown).splitlines()[1] == heading


def test_files_with_errors_are_not_judged_further_and_say_so() -> None:
    told = files_markdown(FILES["errors"])
    assert "### ⛔ bo-sync validate: 2 errors" in told
    assert "The files are not judged further while they have errors." in told
    assert len(PROBLEMS["problems"]) == 3
