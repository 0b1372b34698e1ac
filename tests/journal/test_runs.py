"""What a journal tells of a run that ended, that was killed, or that somebody has been at."""

from hypothesis import given
from hypothesis import strategies as st

from bo_sync.core.apply_report import Outcome, UserOutcome
from bo_sync.core.model import Access, FieldValue, Profile, Role
from bo_sync.core.text import Text
from bo_sync.journal.reader import Past, created_id, is_changed, read
from bo_sync.journal.records import End, Entry, Fate, Intent, JournalAnswer, RowIntent, spell
from tests.journal.samples import ADA, BOB, CY, PHONE, RUN, a_header

AT = Text("2026-06-15T08:09:11.000Z")
BOTH = (*PHONE, FieldValue("job", Text("Poet")))
RAISE = RowIntent("update", Role("pricing"), Text("row-pricing"), Access.EDITOR)
REVOKE = RowIntent("update", Role("order_data"), Text("row-order_data"), Access.NONE)
GRANT = RowIntent("create", Role("pricing"), None, Access.VIEWER)


def profile(seq: int, fields: Profile = BOTH) -> Intent:
    return Intent(seq, AT, "update_profile", Text(BOB), 7, fields)


def rows(seq: int, *written: RowIntent, email: str = BOB, number: int = 7) -> Intent:
    return Intent(seq, AT, "write_rows", Text(email), number, rows=written)


def create(seq: int) -> Intent:
    return Intent(seq, AT, "create_user", Text(ADA))


def delete(seq: int) -> Intent:
    return Intent(seq, AT, "delete_user", Text(CY), 8)


def answer(seq: int, fate: Fate = Fate.APPLIED, made: int | None = None) -> JournalAnswer:
    return JournalAnswer(seq, AT, fate, None if fate is Fate.APPLIED else Text("why"), made)


def end(**outcomes: Outcome) -> End:
    emails = {"ada": ADA, "bob": BOB, "cy": CY}
    return End(AT, tuple(UserOutcome(Text(emails[name]), "update", outcome) for name, outcome in outcomes.items()))


def past(*entries: Entry, rest: bytes = b"") -> Past:
    return read(RUN, b"".join(map(spell, (a_header(), *entries))) + rest)


def told(run: Past) -> dict[str, str]:
    return {user.email.raw.partition("@")[0]: user.outcome.value for user in run.outcomes}


@given(st.binary())
def test_any_bytes_tell_something(journal: bytes) -> None:
    found = read(RUN, journal)
    assert found.run == RUN
    assert len(found.unreadable) + found.is_torn + len(found.requests) <= journal.count(b"\n") + 1
    assert found.outcomes == ()


@given(st.data())
def test_a_journal_that_is_cut_anywhere_tells_what_stood_before_the_cut(data: st.DataObject) -> None:
    entries = (a_header(), create(1), profile(2), answer(1, made=11), delete(3), answer(3, Fate.UNKNOWN), answer(2))
    lines = [spell(entry) for entry in entries]
    whole = b"".join(lines)
    cut = data.draw(st.integers(0, len(whole)))
    found = read(RUN, whole[:cut])
    complete = whole[: cut + 1].count(b"\n")  # a line that lacks but its line break says all that it has to
    assert found.unreadable == ()
    assert (found.header is not None) is (complete > 0)
    intents = [entry.seq for entry in entries[:complete] if isinstance(entry, Intent)]
    answers = {
        entry.seq for entry in entries[:complete] if isinstance(entry, JournalAnswer) and entry.fate is Fate.APPLIED
    }
    assert [request.intent.seq for request in found.requests] == sorted(intents)
    assert {request.intent.seq for request in found.unknown} == set(intents) - answers
    ends = {len(b"".join(lines[:number])) for number in range(len(lines) + 1)}
    assert found.is_torn is not (cut in ends or cut + 1 in ends)


def test_what_is_no_entry_is_told_by_its_line_and_left_out() -> None:
    found = past(create(1), answer(1), create(1), answer(1), answer(9), a_header(), end(), end(), rest=b"what?\n{")
    assert [request.intent for request in found.requests] == [create(1)]
    assert found.unreadable == (4, 5, 6, 7, 9, 10)
    assert found.is_torn


def test_unknown_is_every_request_without_an_outcome_and_every_outcome_that_is_unknown() -> None:
    found = past(create(1), profile(2), delete(3), answer(2), answer(3, Fate.UNKNOWN))
    assert [request.intent for request in found.unknown] == [create(1), delete(3)]


def test_what_the_run_read_again_before_it_reported_is_unknown_no_more() -> None:
    entries = (create(1), answer(1, Fate.UNKNOWN), delete(2), answer(2, Fate.UNKNOWN), profile(3))
    reported = end(ada=Outcome.APPLIED, bob=Outcome.FAILED, cy=Outcome.UNKNOWN)
    assert [request.intent for request in past(*entries, reported).unknown] == [delete(2)]
    assert [request.intent for request in past(*entries).unknown] == [create(1), delete(2), profile(3)]


def test_outcomes_are_the_runs_own_report_when_there_is_one() -> None:
    found = past(profile(1), answer(1), end(bob=Outcome.FAILED))
    assert told(found) == {"bob": "failed"}
    assert (found.count(Outcome.FAILED), found.count(Outcome.APPLIED)) == (1, 0)


def test_without_a_report_a_user_is_applied_only_when_everything_planned_was() -> None:
    bob = (profile(1), answer(1), rows(2, RAISE), answer(2), rows(3, REVOKE), answer(3))
    assert told(past(*bob)) == {"ada": "not_attempted", "bob": "applied", "cy": "not_attempted"}
    assert told(past(*bob[:4]))["bob"] == "failed"
    assert told(past(*bob[:5]))["bob"] == "unknown"
    assert told(past(profile(1, PHONE), answer(1), *bob[2:]))["bob"] == "failed"
    assert told(past(*bob[:5], answer(3, Fate.FAILED)))["bob"] == "failed"
    assert told(past(*bob[:5], answer(3, Fate.FAILED), rows(4, REVOKE), answer(4)))["bob"] == "applied"
    ada = (create(1), answer(1, made=11), rows(2, GRANT, email=ADA, number=11), answer(2))
    assert told(past(*ada))["ada"] == "applied"
    assert told(past(*ada[:2]))["ada"] == "failed"
    assert told(past(delete(1), answer(1)))["cy"] == "applied"


def test_addresses_are_the_same_user_in_any_case() -> None:
    found = past(Intent(1, AT, "update_profile", Text("BOB@Example.com"), 7, BOTH))
    assert told(found)["bob"] == "unknown"


def test_the_id_of_a_created_user_is_what_the_run_learned_of_it() -> None:
    ada = a_header().users[0]
    assert created_id(past(), ada) is None
    assert created_id(past(create(1)), ada) is None
    assert created_id(past(create(1), answer(1, made=11)), ada) == 11
    found_by_reading = rows(2, GRANT, email=ADA, number=12)
    assert created_id(past(create(1), answer(1, Fate.UNKNOWN), found_by_reading), ada) == 12


def test_a_user_is_changed_unless_every_request_certainly_did_nothing() -> None:
    bob = a_header().users[1]
    assert not is_changed(past(), bob)
    assert not is_changed(past(profile(1), answer(1, Fate.FAILED)), bob)
    assert is_changed(past(profile(1)), bob)
    assert is_changed(past(profile(1), answer(1, Fate.UNKNOWN)), bob)
    assert is_changed(past(profile(1), answer(1)), bob)
    assert is_changed(past(rows(1, RAISE, REVOKE), answer(1, Fate.FAILED)), bob), "the first of two may have happened"


def test_who_was_to_be_created_and_never_came_to_be_known_is_not_the_runs_to_take_back() -> None:
    ada = a_header().users[0]
    cut = (create(1), answer(1, Fate.UNKNOWN))
    assert not is_changed(past(*cut, end(ada=Outcome.FAILED)), ada), "somebody else made one meanwhile"
    assert is_changed(past(*cut, end(ada=Outcome.APPLIED)), ada)
    assert is_changed(past(*cut, end(ada=Outcome.UNKNOWN)), ada)
    assert is_changed(past(*cut, end(bob=Outcome.FAILED)), ada)
    assert is_changed(past(*cut), ada), "it was killed before it could look"
    granted = rows(2, GRANT, email=ADA, number=12)
    assert is_changed(past(*cut, granted, answer(2, Fate.FAILED), end(ada=Outcome.FAILED)), ada)
    assert is_changed(past(create(1), answer(1, made=11), end(ada=Outcome.FAILED)), ada)
