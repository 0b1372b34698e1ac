"""Pseudonyms: in random companies nothing of anybody known is left in any form, and users can still be told apart."""

import json
import re
from dataclasses import replace
from typing import Final, Literal
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.apply.planner import Desired, make_plan
from bo_sync.cli.output import PLAN_FORMS, plan_as
from bo_sync.core.apply_report import Outcome, Report, UserOutcome
from bo_sync.core.guardrail_checks import GuardrailRow
from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.model import Declaration, FieldValue, LiveState, LiveUser, Problem, Severity, State
from bo_sync.core.plan import ConfigFacts, Finding, Plan
from bo_sync.core.plan_digest import digest
from bo_sync.core.policy import Exemption, Has, Match, Policy, PolicyResult, PolicyRow
from bo_sync.core.presets import resolve
from bo_sync.core.settings import Settings, Unmanaged
from bo_sync.core.text import Text, visible
from bo_sync.render.json import report_json
from bo_sync.render.markdown_report import report_markdown
from bo_sync.render.pseudonyms import HIDDEN, Acquaintance, Pseudonyms
from bo_sync.render.redact import (
    declared,
    living,
    redacted_finding,
    redacted_guardrail,
    redacted_plan,
    redacted_problem,
    redacted_report,
)
from bo_sync.render.text import report_text
from tests.render.cases import PLANS
from tests.support.builders import HUB_URL, plan, source
from tests.support.users import DEFINITIONS, TODAY

LETTERS: Final = "qxzkjwvQXZ\u00e9\u0416\u5c71"
"""Words of these are in no sentence of ours, and in no hash."""
words = st.text(LETTERS, min_size=3, max_size=8)
names = st.lists(words | words.map(lambda word: f'{word}"s'), min_size=1, max_size=3).map(" ".join)
phones = st.integers(10_000_000, 99_999_999).map(lambda number: f"+77 {number}")


@st.composite
def users(draw: st.DrawFn) -> tuple[Declaration, LiveUser]:
    """Somebody of the files, and somebody of the hub who may be the same user."""
    local = draw(words) + "." + draw(words)
    email, other = f"{local}@example.com", draw(st.booleans())
    profile = (
        FieldValue("first_name", Text(draw(names))),
        FieldValue("middle_name", Text(draw(words))),
        FieldValue("last_name", Text(draw(names))),
        FieldValue("phone", Text(draw(phones))),
        FieldValue("job", Text(draw(names))),
    )
    state = draw(st.sampled_from([State.PRESENT, State.PRESENT, State.ABSENT]))
    path = f"users/{draw(words)}/{draw(st.sampled_from([local, draw(names)]))}.yaml"
    entry = Declaration(Text(draw(st.sampled_from([email, email.upper()]))), source(path), None, profile, state=state)
    there = profile if other else tuple(FieldValue(each.field, Text(draw(words))) for each in profile)
    live = LiveUser(draw(st.integers(1, 10**6)), Text(email if other else f"{draw(words)}-{local}@example.org"), there)
    return entry, live


@st.composite
def companies(draw: st.DrawFn) -> tuple[Plan, tuple[Declaration, ...], tuple[LiveUser, ...]]:
    """A plan with everything that speaks of users: guardrails, findings and policies in sentences that name
    anybody."""
    pairs = draw(st.lists(users(), min_size=1, max_size=4, unique_by=lambda pair: pair[0].email.folded))
    entries = tuple(entry for entry, _ in pairs)
    live_users = tuple(
        {live.email.folded: replace(live, id=number) for number, (_, live) in enumerate(pairs, 1)}.values()
    )
    given_settings = Settings(unmanaged=draw(st.sampled_from(Unmanaged)))
    desired = Desired(
        tuple(resolve(entry, {}, given_settings, TODAY) for entry in entries),
        given_settings,
        ConfigFacts(len(entries), "sha256:0"),
    )
    made = make_plan(desired, LiveState(live_users, DEFINITIONS), HUB_URL).plan
    said = sentence(draw(st.sampled_from(entries)), draw(st.sampled_from(live_users)))
    row = GuardrailRow(entries[0].email, said, entries[0].source)
    policy = Policy(
        "a-policy",
        Text(said),
        Match((Has(()),), is_all=True),
        source("policies/a.yaml"),
        why=Text(said),
        exemptions=(Exemption(live_users[0].email, Text(said), TODAY, source("policies/a.yaml")),),
    )
    judged = PolicyRow(live_users[0].email, said, entries[0].source)
    told = replace(
        made,
        findings=(*made.findings, Finding("BOS001", Severity.WARNING, said, entries[0].email, entries[0].source)),
        guardrails=(*made.guardrails, GuardrailResult("removed_file", 1, 0, ok=False, rows=(row,))),
        policies=(PolicyResult(policy, (judged,), (judged,), (judged,)),),
    )
    return told, entries, live_users


def sentence(entry: Declaration, user: LiveUser) -> str:
    """A message as ours are made, with everything that is known of two users, bare and between quotes."""
    values = " ".join(f'"{visible(each.value.raw)}", {each.value}' for each in entry.profile if each.value)
    others = "; ".join(f"{each.value}" for each in user.profile if each.value)
    return f"has the id of {user.email} ({entry.source.short}): {values}; {others}; keep {entry.source.path} for it"


def secrets(entries: tuple[Declaration, ...], users: tuple[LiveUser, ...]) -> set[str]:
    """Each word, longer than two letters, of every address, name, phone, job and file of users."""
    texts = [entry.email.raw.rpartition("@")[0] for entry in entries] + [user.email.raw[:-12] for user in users]
    texts += [entry.source.path.raw.removeprefix("users/").removesuffix(".yaml") for entry in entries]
    profiles = (*(entry.profile for entry in entries), *(user.profile for user in users))
    texts += [each.value.raw for profile in profiles for each in profile if each.value]
    return {word.lower() for text in texts for word in re.findall(r"[^\W_]+", text) if len(word) > 2}


def strings(found: object) -> str:
    match found:
        case dict():
            return "\n".join(map(strings, found.values()))
        case list():
            return "\n".join(map(strings, found))
        case _:
            return str(found)


def readable(form: str, text: str) -> str:
    """What a user reads in it: escapes of JSON undone, digests and pseudonyms left out."""
    is_json = form in {"json", "sarif", "gitlab-codequality", "gitlab-plan"}
    plain = strings(json.loads(text)) if is_json else text
    return re.sub(r"sha256[^ <\n]*|\b[0-9a-f]{12,}\b", "", plain).lower()


@given(companies(), st.sampled_from([b"", b"key"]))
def test_nothing_of_anybody_known_is_left_in_any_form(
    company: tuple[Plan, tuple[Declaration, ...], tuple[LiveUser, ...]], key: bytes
) -> None:
    plan, entries, users = company
    who = Pseudonyms(key).knowing((*map(declared, entries), *map(living, users)))
    shown = redacted_plan(plan, who)
    hidden = secrets(entries, users)
    for form in PLAN_FORMS:
        text = readable(form, plan_as(shown, form, explain=True))
        left = {secret for secret in hidden if re.search(rf"(?<![^\W_]){re.escape(secret)}(?![^\W_])", text)}
        assert not left, (form, left)


@given(companies())
def test_a_pseudonym_is_the_same_in_every_form_and_nobody_elses(
    company: tuple[Plan, tuple[Declaration, ...], tuple[LiveUser, ...]],
) -> None:
    plan, entries, users = company
    who = Pseudonyms(b"key").knowing((*map(declared, entries), *map(living, users)))
    addresses = {entry.email.folded for entry in entries} | {user.email.folded for user in users}
    called = {str(who.email(Text(address))) for address in addresses}
    assert len(called) == len(addresses)
    shown = redacted_plan(plan, who)
    assert len(shown.changes) == len(plan.changes)
    assert shown.summary == plan.summary
    assert digest(shown) == who.digest(digest(plan)) != digest(plan)
    assert [change.email.raw for change in shown.changes] == sorted(change.email.raw for change in shown.changes)
    for form in ("text", "json", "csv", "github", "sarif", "junit"):
        found = set(re.findall(r"person-[0-9a-f]{12}@redacted\.example", plan_as(shown, form)))
        assert found <= called
        if form == "json":
            assert found == {str(who.email(change.email)) for change in plan.changes} | found


def test_two_runs_agree_and_two_keys_do_not() -> None:
    plan = PLANS["everything"]
    assert redacted_plan(plan, Pseudonyms(b"a")) == redacted_plan(plan, Pseudonyms(b"a"))
    one, two = (redacted_plan(plan, Pseudonyms(key)).changes[0].email for key in (b"a", b"b"))
    assert one != two
    assert redacted_plan(plan, Pseudonyms()).changes[0].email not in {one, two}


def test_a_redacted_plan_names_whose_digest_it_tells() -> None:
    shown = redacted_plan(PLANS["everything"], Pseudonyms())
    assert digest(shown) == digest(PLANS["everything"])
    assert "names and addresses are pseudonyms" in plan_as(shown, "markdown")


ANN: Final = Acquaintance(
    Text("ann.o'hara@example.com"),
    (
        FieldValue("first_name", Text("Ann")),
        FieldValue("last_name", Text("van der O'Hara")),
        FieldValue("phone", Text("+31 20 1234")),
    ),
    Text("users/ann o'hara.yaml"),
    (Text("CHG-1 maternity leave"),),
)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("ANN is annoyed", "name-… is annoyed"),
        ("ann's", "name-…'s"),
        ("order_data editor, none, owner", "order_data editor, none, owner"),
        ("of ann.o'hara@example.com.", "of person-…@redacted.example."),
        ("to ann.o'hara", "to person-…"),
        ("old@b.example, new@b.example", "person-…@redacted.example, person-…@redacted.example"),
        ("protect: *@example.com", "protect: *@example.com"),
        ("keep users/ann o'hara.yaml for it", "keep users/file-….yaml for it"),
        ("users/somebody else.yml:7:3: error", "users/file-….yaml:7:3: error"),
        ("add one to users/; then bo-sync.yaml", "add one to users/; then bo-sync.yaml"),
        ("presets/a.yaml and policies/b.yaml", "presets/a.yaml and policies/b.yaml"),
        ("call +31 20 1234", "call (redacted)"),
        ("because CHG-1 maternity leave", "because (redacted)"),
        ("", ""),
    ],
    ids=[
        "a name in any case, and no part of a word",
        "a name with an ending",
        "roles and levels",
        "an address",
        "its first half",
        "unknown addresses",
        "a pattern",
        "a known file",
        "an unknown file of users",
        "the folder",
        "other files",
        "a phone",
        "a reason",
        "nothing",
    ],
)
def test_sentences(said: str, told: str) -> None:
    who = Pseudonyms().knowing([ANN])
    assert re.sub(r"(?<=-)[0-9a-f]{12}", "…", who.told(said)) == told
    assert who.told(who.told(said)) == who.told(said)


QUIMBY: Final = "Quimb\u00fd"
ZOE: Final = "Zo\u00eb"


def _spelled(form: Literal["NFC", "NFD"]) -> Acquaintance:
    names = (
        FieldValue("first_name", Text(normalize(form, ZOE))),
        FieldValue("last_name", Text(normalize(form, QUIMBY))),
    )
    phone, job = FieldValue("phone", Text("+31 99 777 888")), FieldValue("job", Text(normalize(form, "Ren\u00e9 & Co")))
    return Acquaintance(Text("zoe.quimby@corp.example"), (*names, phone, job))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(
    "said",
    [
        pytest.param(f"ask {QUIMBY}, {ZOE}", id="NFC"),
        pytest.param(normalize("NFD", f"ask {QUIMBY}, {ZOE}"), id="NFD"),
        pytest.param(normalize("NFD", f"{QUIMBY}'s {ZOE}").upper(), id="NFD in capitals"),
        pytest.param("ask Quimb%C3%BD or Zo%C3%AB", id="percent-encoded"),
        pytest.param("ask Quimb%c3%bd or Zo%c3%ab", id="percent-encoded in lower case"),
        pytest.param("ask Quimby%CC%81 or Zoe%CC%88", id="percent-encoded NFD"),
        pytest.param("q=%22Quimb%C3%BD%22&n=Zo%C3%AB%20Quimb%C3%BD", id="after an encoded character"),
        pytest.param('{"n": "Quimb\\u00fd, Zo\\u00EB"}', id="escaped as in JSON"),
        pytest.param("'Quimb\\xfd, Zo\\xeb'", id="escaped as in Python"),
        pytest.param('{"n": "\\u0022Quimb\\u00fd\\nZo\\u00eb"}', id="after an escaped character"),
        pytest.param("zoe.quimby%40corp.example", id="an encoded address"),
        pytest.param("Zoe.Quimby\\u0040corp.example", id="an escaped address"),
        pytest.param("+3199777888, +31 99 777888 (+31) 99-777-888", id="a phone with other separators"),
        pytest.param("0031 99 777 888, 099 777 888 and 31.99.777.888", id="a phone in another form"),
        pytest.param("tel:%2B31%2099%20777%20888", id="an encoded phone"),
        pytest.param("job Rene\u0301 & Co, Ren%C3%A9%20%26%20Co", id="a job"),
    ],
)
def test_a_name_in_another_spelling_is_replaced(form: Literal["NFC", "NFD"], said: str) -> None:
    shown = Pseudonyms(b"key").knowing([_spelled(form)])
    for told in (shown.told(said), shown.text(Text(said)).raw):
        assert not re.search("quimb|zo[e\u00eb%\\\\]|777|ren[e\u00e9%]", told, re.IGNORECASE), told


@pytest.mark.parametrize("said", ["1997778 grants", "id 3199777", "on 2026-11-25", "limit 10%", "sha256:3199777888ab"])
def test_a_number_that_is_not_a_known_phone_stays(said: str) -> None:
    assert Pseudonyms(b"key").knowing([_spelled("NFC")]).told(said) == said


WORDS: Final = (
    Acquaintance(
        Text("grant.person@example.com"),
        (FieldValue("first_name", Text("Grant")), FieldValue("last_name", Text("Person"))),
        Text("users/hill.yaml"),
    ),
    Acquaintance(
        Text("sales@example.com"),
        (FieldValue("first_name", Text("An")), FieldValue("last_name", Text("Sales")), FieldValue("job", Text("it"))),
    ),
    Acquaintance(Text("name@example.com"), (FieldValue("last_name", Text("Redacted")),), reasons=(Text("file"),)),
    Acquaintance(Text("yaml@example.com"), (FieldValue("last_name", Text("Cloud")),)),
)


@pytest.mark.parametrize(
    "said",
    [
        "the account ends on 2026-11-25, in 3 days; after that day apply deletes this person (BOS004)",
        "has an exception, but does not match: drop it if it is over",
        "Sales Hub is on without order_data; take it out",
        "would lose 1 grant; opens Sales > Companies",
        "Plan for https://hub.person.cloud:8443/graphql (3 people), users/file-0123456789ab.yaml:1, bo-sync.yaml",
        "person-0123456789ab@redacted.example",
        "person-0123456789ab@redacted.example?",
        "name-0123456789ab name-ba9876543210 (redacted) users/file-0123456789ab.yaml:3",
    ],
)
def test_a_word_of_ours_is_nobodys_name_and_nothing_is_replaced_twice(said: str) -> None:
    assert Pseudonyms(b"key").knowing(WORDS).told(said) == said


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Nobody but Grant Person grants", "Nobody but name-… name-… grants"),
        ('has the same name as "grant"', 'has the same name as "(redacted)"'),
        ("Grant, GRANT", "name-…, name-…"),
        ("because An Sales asked", "because name-… name-… asked"),
    ],
)
def test_a_name_that_is_a_word_of_ours_is_replaced_where_it_is_spelled_as_a_name(said: str, told: str) -> None:
    shown = Pseudonyms(b"key").knowing(WORDS).told(said)
    assert re.sub(r"(?<=-)[0-9a-f]{12}", "…", shown) == told


def test_no_pseudonym_stands_for_a_word_of_ours_in_the_words_of_others() -> None:
    shown = Pseudonyms().knowing(WORDS).text(Text("ask this person, or grant it; An ends it")).raw
    assert re.sub(r"(?<=-)[0-9a-f]{12}", "…", shown) == (
        "ask this (redacted), or (redacted) (redacted); name-… ends (redacted)"
    )


@pytest.mark.parametrize("end", ["", ".", ",", "?", "!", "'s", "]", ") "])
def test_an_address_has_one_pseudonym_whatever_stands_after_it_and_whether_it_is_known(end: str) -> None:
    known, unknown = Pseudonyms().knowing([Acquaintance(Text("j@x.example"))]), Pseudonyms()
    expected = f"did you mean {unknown.email(Text('j@x.example'))}{end}"
    assert known.told(f"did you mean j@x.example{end}") == expected
    if end != "'s":
        assert unknown.told(f"did you mean j@x.example{end}") == expected


def test_an_address_that_only_looks_like_a_pseudonym_is_replaced() -> None:
    assert Pseudonyms().email(Text("jane@redacted.example")).raw != "jane@redacted.example"


def test_with_a_key_a_guess_at_the_whole_of_a_small_plan_cannot_be_checked_by_any_digest() -> None:
    plan = PLANS["one-person"]
    report = Report("r", digest(plan), ())
    for form in PLAN_FORMS:
        text = plan_as(redacted_plan(plan, Pseudonyms(b"key")), form)
        assert digest(plan) not in text
        assert plan.config.digest not in text
    assert redacted_report(report, Pseudonyms(b"key")).digest == digest(redacted_plan(plan, Pseudonyms(b"key")))
    assert redacted_report(report, Pseudonyms()).digest == digest(plan)


def test_the_order_of_what_is_told_says_nothing_of_the_order_of_names() -> None:
    findings = tuple(
        Finding("BOS001", Severity.WARNING, "ends", Text(f"{name}@x.example"), source(f"users/{name}.yaml"))
        for name in "abcdefgh"
    )
    rows = tuple(GuardrailRow(found.email or Text(""), "ends", found.source) for found in findings)
    made = replace(
        PLANS["everything"], findings=findings, guardrails=(GuardrailResult("self", 1, 0, ok=False, rows=rows),)
    )
    shown = redacted_plan(made, Pseudonyms())
    places = [str(found.source) for found in shown.findings]
    assert places == sorted(places)
    emails = [row.email.raw for row in shown.guardrails[0].rows]
    assert emails == sorted(emails) != [str(Pseudonyms().email(row.email)) for row in rows]


def test_whoever_is_called_like_a_role_garbles_no_plan() -> None:
    who = Pseudonyms().knowing([Acquaintance(profile=(FieldValue("last_name", Text("Pricing")),))])
    assert who.told("pricing owner → none") == "pricing owner → none"


def test_a_long_sentence_takes_no_long_time() -> None:
    crowd = Pseudonyms().knowing(
        Acquaintance(Text(f"p{number}@example.com"), (FieldValue("last_name", Text(f"Name{number}")),))
        for number in range(2_000)
    )
    assert len(crowd.told("users/ x@ " * 20_000)) > 20_000


def test_what_a_broken_file_quotes_is_hidden_whole() -> None:
    problem = Problem(source("users/jane.yaml", 2), 'first_name: found "Jane "the" Doe"; expected text')
    shown = redacted_problem(problem, Pseudonyms())
    assert shown.message == f'first_name: found "{HIDDEN}"; expected text'
    assert "jane" not in str(shown.source)


def test_reports_findings_and_guardrails_are_told_by_pseudonyms_too() -> None:
    who = Pseudonyms()
    report = Report("r", "sha256:0", (UserOutcome(Text("j@x.example"), "update", Outcome.FAILED, "j@x.example no"),))
    report = replace(report, moved=("j@x.example: was to be created",))
    shown = redacted_report(report, who)
    for text in (render(shown, plan()) for render in (report_text, report_json, report_markdown)):
        assert "x.example" not in text
    finding = redacted_finding(Finding("BOS001", Severity.INFO, "of j@x.example", Text("j@x.example")), who)
    guardrail = redacted_guardrail(
        GuardrailResult("self", 1, 0, ok=False, rows=(GuardrailRow(Text("j@x.example"), "j@x.example"),)), who
    )
    assert finding.email == guardrail.rows[0].email == who.email(Text("J@X.example"))
    assert guardrail.rows[0].message == str(finding.email)
