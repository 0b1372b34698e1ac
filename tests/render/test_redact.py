"""Pseudonyms: in random companies nothing of anybody known is left in any form, and users can still be told apart."""

import json
import re
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.apply.planner import Desired, make_plan
from bo_sync.cli.output import PLAN_FORMS, plan_as
from bo_sync.core.apply_report import Outcome, Report, UserOutcome
from bo_sync.core.guardrail_checks import GuardrailRow
from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.model import Declaration, FieldValue, LiveState, LiveUser, Problem, ProfileField, Severity, State
from bo_sync.core.plan import ConfigFacts, Finding, Plan
from bo_sync.core.plan_digest import digest
from bo_sync.core.policy import Exemption, Has, Match, Policy, PolicyResult, PolicyRow
from bo_sync.core.presets import resolve
from bo_sync.core.settings import Settings, Unmanaged
from bo_sync.core.text import Message, Text
from bo_sync.core.weakened_guards import Weakened
from bo_sync.render.json import report_json
from bo_sync.render.markdown_report import report_markdown
from bo_sync.render.redact import HIDDEN, Redactor, without_arguments
from bo_sync.render.text import report_text
from bo_sync.render.wording import quoted
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
        Text(str(said)),
        Match((Has(()),), is_all=True),
        source("policies/a.yaml"),
        why=Text(str(said)),
        exemptions=(Exemption(live_users[0].email, Text(str(said)), TODAY, source("policies/a.yaml")),),
    )
    judged = PolicyRow(live_users[0].email, said, entries[0].source)
    told = replace(
        made,
        findings=(*made.findings, Finding("BOS001", Severity.WARNING, said, entries[0].email, entries[0].source)),
        guardrails=(*made.guardrails, GuardrailResult("removed_file", 1, 0, ok=False, rows=(row,))),
        policies=(PolicyResult(policy, (judged,), (judged,), (judged,)),),
    )
    return told, entries, live_users


def sentence(entry: Declaration, user: LiveUser) -> Message:
    """A message as ours are made, with everything that is known of two users, bare and between quotes."""
    values = Message.of((quoted(each.value) for each in entry.profile if each.value), ", ")
    others = Message.of((each.value for each in user.profile if each.value), "; ")
    place = Message("has the id of {} ({})", user.email, entry.source.short)
    return Message("{}: {}; {}; keep {} for it", place, values, others, entry.source.path)


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
    shown = Redactor(key).redacted(plan)
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
    who = Redactor(b"key")
    addresses = {entry.email.folded for entry in entries} | {user.email.folded for user in users}
    called = {str(who.email(Text(address))) for address in addresses}
    assert len(called) == len(addresses)
    shown = who.redacted(plan)
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
    assert Redactor(b"a").redacted(plan) == Redactor(b"a").redacted(plan)
    one, two = (Redactor(key).redacted(plan).changes[0].email for key in (b"a", b"b"))
    assert one != two
    assert Redactor().redacted(plan).changes[0].email not in {one, two}


def test_a_redacted_plan_names_whose_digest_it_tells() -> None:
    shown = Redactor().redacted(PLANS["everything"])
    assert digest(shown) == digest(PLANS["everything"])
    assert "names and addresses are pseudonyms" in plan_as(shown, "markdown")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Ann.O'Hara@example.com", "person-…@redacted.example"),
        ("'ann@example.com'", "person-…@redacted.example"),
        ("users/ann o'hara.yaml", "users/file-….yaml"),
        ("users/somebody else.yml:7:3", "users/file-….yaml:7:3"),
        ("presets/a.yaml:2", "presets/file-….yaml:2"),
        ("policies/b.yaml", "policies/file-….yaml"),
        ("/home/ann/users", HIDDEN),
        ("+31 20 1234", HIDDEN),
        ("3199777888", HIDDEN),
        ("997778", HIDDEN),
        ("CHG-1 maternity leave", HIDDEN),
        ("Ann", HIDDEN),
        ("order_data of Ann", HIDDEN),
        ("jane@redacted.example", "person-…@redacted.example"),
        ("person-0123456789ab@redacted.example.com", "person-…@redacted.example"),
        ("deadbeef", HIDDEN),
        ("users/file-0123456789a.yaml", "users/file-….yaml"),
        ("https://ann.example.com/a?b", HIDDEN),
        ("ann/main", HIDDEN),
        ("2026-06-15 Ann", HIDDEN),
    ],
)
def test_a_text_that_may_identify_somebody_gets_a_pseudonym_or_is_hidden(raw: str, shown: str) -> None:
    made = Redactor(b"key").text(Text(raw))
    assert re.sub(r"(?<=-)[0-9a-f]{12}(?=[@.])", "…", made.raw) == shown
    assert Redactor(b"key").text(made) == made


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "id 1003",
        "order_data",
        "owner",
        "pricing",
        "BOS007",
        "997",
        "10%",
        "max_user_deletes",
        ".bo-sync/sandbox.db",
        "2026-06-15",
        "2026-06-15T08:09:10.000Z",
        "sha256:3199777888ab",
        "HEAD~1",
        "origin/main",
        "https://hub.example.com:8443/graphql",
        "bo-sync.yaml:3:1",
        "users",
        "*@example.com",
        "person-0123456789ab@redacted.example",
        "name-0123456789ab name-ba9876543210",
        "users/file-0123456789ab.yaml:3",
        "preset-0123456789ab",
        HIDDEN,
    ],
)
def test_a_text_that_identifies_nobody_stays(raw: str) -> None:
    assert Redactor(b"key").text(Text(raw)) == Text(raw)


@pytest.mark.parametrize(
    ("field", "value", "stays"),
    [("language", "NL", True), ("language", "ZELDA", False), ("gender", "female", True), ("gender", "zelda", False)],
)
def test_a_language_and_a_gender_stay_if_they_are_one(field: ProfileField, value: str, *, stays: bool) -> None:
    entry = FieldValue(field, Text(value))
    assert Redactor().redacted(entry) == (entry if stays else FieldValue(field, Text(HIDDEN)))


def test_guards_stand_in_no_order_of_names() -> None:
    entries = tuple(Weakened("ignore", None, Message("{}", Text(f"{name}@x.example"))) for name in "abcdef")
    shown = [str(entry.after) for entry in Redactor().redacted(entries)]
    assert shown == sorted(shown)
    assert len(set(shown)) == 6


def test_our_own_words_in_a_sentence_stay_whoever_is_called_so() -> None:
    ours = "grant of Grant Person, person-0123456789ab@redacted.example? users/x.yaml, name@example.com"
    assert Redactor().redacted(Message(ours)) == ours
    whole = Message("{} of {} ends: {}", ours, Text("Grant Person"), Text("grant@example.com"))
    shown = Redactor().redacted(whole)
    assert re.sub(r"-[0-9a-f]{12}@redacted.example$", "-…", shown) == f"{ours} of {HIDDEN} ends: person-…"


@pytest.mark.parametrize("spelling", ["J.Doe@Example.com", "j.doe@EXAMPLE.COM", "'j.doe@example.com'"])
def test_every_spelling_of_an_address_has_one_pseudonym(spelling: str) -> None:
    assert Redactor(b"key").text(Text(spelling)) == Redactor(b"key").email(Text("j.doe@example.com"))


def test_with_a_key_a_guess_at_the_whole_of_a_small_plan_cannot_be_checked_by_any_digest() -> None:
    plan = PLANS["one-person"]
    report = Report("r", digest(plan), ())
    for form in PLAN_FORMS:
        text = plan_as(Redactor(b"key").redacted(plan), form)
        assert digest(plan) not in text
        assert plan.config.digest not in text
    assert Redactor(b"key").redacted(report).digest == digest(Redactor(b"key").redacted(plan))
    assert Redactor().redacted(report).digest == digest(plan)


def test_the_order_of_what_is_told_says_nothing_of_the_order_of_names() -> None:
    findings = tuple(
        Finding("BOS001", Severity.WARNING, Message("ends"), Text(f"{name}@x.example"), source(f"users/{name}.yaml"))
        for name in "abcdefgh"
    )
    rows = tuple(GuardrailRow(found.email or Text(""), Message("ends"), found.source) for found in findings)
    made = replace(
        PLANS["everything"], findings=findings, guardrails=(GuardrailResult("self", 1, 0, ok=False, rows=rows),)
    )
    shown = Redactor().redacted(made)
    places = [found.source.short.raw for found in shown.findings if found.source]
    assert len(places) == 8
    assert places == sorted(places)
    emails = [row.email.raw for row in shown.guardrails[0].rows]
    assert emails == sorted(emails) != [Redactor().email(row.email).raw for row in rows]


def test_reports_and_problems_are_told_by_pseudonyms_too() -> None:
    jane = Text("j@x.example")
    outcome = UserOutcome(jane, "update", Outcome.FAILED, Message("{} no", jane))
    report = Report("r", "sha256:0", (outcome,), moved=(Message("{}: was to be created", jane),))
    shown = Redactor().redacted(report)
    for text in (render(shown, plan()) for render in (report_text, report_json, report_markdown)):
        assert "x.example" not in text
        assert "redacted.example" in unescaped(text)
    found = Message('first_name: found "{}"; expected text', Text('Jane "the" Doe'))
    problem = Redactor().redacted(Problem(source("users/jane.yaml", 2), found))
    assert problem.message == f'first_name: found "{HIDDEN}"; expected text'
    assert "jane" not in problem.source.short.raw


def unescaped(text: str) -> str:
    return text.replace("<!---->&#64;", "@")


def test_mappings_and_values_of_other_kinds_are_walked_too() -> None:
    who, jane = Redactor(b"key"), Text("J@x.example")
    assert who.redacted({"j@x.example": (jane, 3, None), "pricing": [jane]}) == {
        who.email(jane).folded: (who.email(jane), 3, None),
        "pricing": [who.email(jane)],
    }


@pytest.mark.parametrize(
    ("said", "argument", "shown"),
    [
        ("No such option: --zelda", "--zelda", f"No such option: {HIDDEN}"),
        ("Option '--allow' needs a number: zelda", "--allow=zelda", f"Option '--allow' needs a number: {HIDDEN}"),
        ("Got unexpected extra argument (zelda)", "zelda", f"Got unexpected extra argument ({HIDDEN})"),
        ("-C it's zelda/x: no directory", "./it's zelda/x", f"-C {HIDDEN}: no directory"),
        ('"it\'s" is not one of "text", "json"', "it's", f'"{HIDDEN}" is not one of "text", "json"'),
        ("-C zelda: no directory", "-qCzelda", f"-C {HIDDEN}: no directory"),
        ("'zelda' is not a guardrail", "--allow=zelda=1", f"'{HIDDEN}' is not a guardrail"),
        ("Got unexpected extra argument (e)", "e", f"Got unexpected extra argument ({HIDDEN})"),
        ("near zelda%40example.com or z@example.com", "plan", f"near {HIDDEN} or {HIDDEN}"),
        ("Missing argument of plan", "plan", "Missing argument of plan"),
    ],
)
def test_what_a_usage_error_quotes_of_the_command_line_is_hidden(said: str, argument: str, shown: str) -> None:
    assert without_arguments(said, [argument, "--redact"], ["plan", "--allow", "--redact"]) == shown
