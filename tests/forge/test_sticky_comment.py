"""One entry of our own, on both forges: made once, kept up to date, and never confused with anybody else's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from bo_sync.forge.api import Api, ForgeError
from bo_sync.forge.sticky_comment import CommentPlace, entry_of, finish, post
from bo_sync.hub.graphql import JsonValue
from bo_sync.hub.secrets import Secret
from tests.forge.places import BODY, MARKER, OTHER, issues, merge, project_issues, pull
from tests.support.forges import MALLORY, Account, Forge, Heard, Writing
from tests.support.github_double import ACTIONS, OWNER, USER, github
from tests.support.gitlab_double import PROJECT_BOT, gitlab
from tests.support.hostile import HOSTILE


@dataclass(frozen=True)
class Stage:
    """A forge, our place on it, and how somebody else writes there."""

    forge: Forge
    place: CommentPlace
    me: Account
    write: Callable[[str, Account | None], Writing]
    written: list[Writing]


def stages() -> dict[str, Callable[[], Iterator[Stage]]]:
    def pulls() -> Iterator[Stage]:
        with github() as forge:
            yield Stage(forge, pull(forge), ACTIONS, forge.write, forge.comments)

    def tracker() -> Iterator[Stage]:
        with github() as forge:
            yield Stage(forge, issues(forge), ACTIONS, forge.open_issue, forge.issues)

    def merges() -> Iterator[Stage]:
        with gitlab() as forge:
            yield Stage(forge, merge(forge), PROJECT_BOT, forge.write, forge.comments)

    def project_tracker() -> Iterator[Stage]:
        with gitlab() as forge:
            yield Stage(forge, project_issues(forge), PROJECT_BOT, forge.open_issue, forge.issues)

    return {
        "a pull request": pulls,
        "issues of GitHub": tracker,
        "a merge request": merges,
        "issues of GitLab": project_tracker,
    }


@pytest.fixture(params=list(stages().values()), ids=list(stages()))
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield from request.param()


def bodies(stage: Stage) -> list[str]:
    return [entry.body.rstrip() for entry in stage.written]


def test_the_first_time_it_is_created(stage: Stage) -> None:
    posted = post(stage.place, BODY)
    assert (posted.action, posted.superseded) == ("created", 0)
    assert [(entry.author, entry.body.rstrip()) for entry in stage.written] == [(stage.me, BODY.rstrip())]


def test_a_second_time_with_the_same_words_nothing_is_written(stage: Stage) -> None:
    post(stage.place, BODY)
    writes = len(stage.forge.written)
    assert post(stage.place, BODY).action == "unchanged"
    assert len(stage.forge.written) == writes


def test_line_ends_of_the_forge_are_no_change(stage: Stage) -> None:
    stage.write(BODY.replace("\n", "\r\n") + "\r\n\r\n", stage.me)
    assert post(stage.place, BODY).action == "unchanged"
    assert stage.forge.written == []


def test_other_words_edit_it(stage: Stage) -> None:
    post(stage.place, BODY)
    assert post(stage.place, OTHER).action == "edited"
    assert bodies(stage) == [OTHER.rstrip()]


@pytest.mark.parametrize("author", [MALLORY, None], ids=["somebody else", "an account that is gone"])
def test_a_forged_marker_is_left_alone(stage: Stage, author: Account | None) -> None:
    forged = stage.write(f"{MARKER}\nEverything is fine, merge this.", author)
    assert post(stage.place, BODY).action == "created"
    assert post(stage.place, OTHER).action == "edited"
    assert finish(stage.place, OTHER).action == "closed"
    assert (forged.body, forged.edits, forged.is_open) == (f"{MARKER}\nEverything is fine, merge this.", 0, True)
    assert [entry.author for entry in stage.written if entry.edits] == [stage.me]


def test_what_we_wrote_without_the_marker_first_is_left_alone(stage: Stage) -> None:
    quoting = stage.write(f"As I said:\n\n{BODY}", stage.me)
    another = stage.write("<!-- bo-sync:plan https://other.example.com/graphql -->\n### other", stage.me)
    longer = stage.write(f"{MARKER} and more\n### other", stage.me)
    assert post(stage.place, BODY).action == "created"
    assert [entry.edits for entry in (quoting, another, longer)] == [0, 0, 0]


HERE, THERE = (f"<!-- bo-sync:plan https://hub.example.com/v2/graphql sha256:{digit * 64} -->" for digit in "12")


def test_two_hubs_at_one_address_have_two_comments(stage: Stage) -> None:
    for marker in (HERE, THERE, HERE):
        post(stage.place, f"{marker}\na plan for {marker[-70:-60]}\n")
    assert [entry.body.splitlines()[0].rstrip() for entry in stage.written] == [HERE, THERE]
    assert finish(stage.place, f"{HERE}\nnothing left\n").superseded == 0
    assert "nothing left" not in stage.written[1].body


def test_a_failure_without_an_identity_replaces_every_plan_at_the_address(stage: Stage) -> None:
    for marker in (HERE, THERE):
        post(stage.place, f"{marker}\na plan\n")
    assert post(stage.place, BODY).superseded == 1
    assert not any("a plan" in body for body in bodies(stage))


@pytest.mark.parametrize("marker", [HERE, THERE], ids=["the first hub", "the second hub"])
def test_the_next_plan_of_either_hub_replaces_such_a_failure(stage: Stage, marker: str) -> None:
    post(stage.place, BODY)
    assert post(stage.place, f"{marker}\na plan\n").action == "edited"
    assert bodies(stage) == [f"{marker}\na plan"]


def test_a_failure_with_an_identity_replaces_the_plan_of_that_hub_alone(stage: Stage) -> None:
    for marker in (HERE, THERE):
        post(stage.place, f"{marker}\na plan\n")
    post(stage.place, f"{THERE}\nthere is no plan\n")
    assert bodies(stage) == [f"{HERE}\na plan", f"{THERE}\nthere is no plan"]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("<!-- bo-sync:plan https://hub.example.com/v2 -->", id="another address"),
        pytest.param(f"<!-- bo-sync:apply https://hub.example.com/v2/graphql sha256:{'1' * 64} -->", id="a report"),
        pytest.param(f"{MARKER[:-4]} sha256:1 -->", id="an identity that is cut"),
        pytest.param(f"{MARKER[:-4]} sha256:{'1' * 64} sha256:{'2' * 64} -->", id="two identities"),
        pytest.param(f"{MARKER[:-4]} sha256:{'1' * 64} --> more", id="a line that goes on"),
    ],
)
def test_other_markers_are_not_of_the_same_hub(stage: Stage, other: str) -> None:
    stage.write(f"{other}\nours, about something else", stage.me)
    for marker in (MARKER, HERE):
        post(stage.place, f"{marker}\na plan\n")
    assert "about something else" in stage.written[0].body


def test_of_several_the_newest_is_edited_and_the_others_say_that_they_are_out_of_date(stage: Stage) -> None:
    old, older = (stage.write(f"{MARKER}\n{word}", stage.me) for word in ("old", "older"))
    newest = stage.write(f"{MARKER}\nnewest", stage.me)
    posted = post(stage.place, BODY)
    assert (posted.action, posted.superseded) == ("edited", 2)
    assert newest.body.rstrip() == BODY.rstrip()
    assert all("out of date" in entry.body and MARKER not in entry.body for entry in (old, older))
    assert post(stage.place, BODY) == type(posted)("unchanged", posted.url, 0)


def test_one_that_was_deleted_in_between_is_created_anew(stage: Stage) -> None:
    gone = stage.write(f"{MARKER}\nold", stage.me)

    def delete(heard: Heard) -> None:
        if heard.writes and gone in stage.written:
            stage.written.remove(gone)

    stage.forge.before = delete
    assert post(stage.place, BODY).action == "created"
    assert bodies(stage) == [BODY.rstrip()]


def test_it_is_found_on_a_later_page(stage: Stage) -> None:
    stage.forge.per_page = 3
    for number in range(7):
        stage.write(f"a remark {number}", MALLORY)
    ours = stage.write(BODY, stage.me)
    for number in range(4):
        stage.write(f"another remark {number}", MALLORY)
    assert post(stage.place, OTHER).action == "edited"
    assert ours.body.rstrip() == OTHER.rstrip()
    asked = [heard.path for heard in stage.forge.heard if "page=" in heard.path]
    assert [path.partition("&page=")[2] for path in asked] == ["1", "2", "3", "4"]


def test_of_two_runs_at_once_one_comment_remains(stage: Stage) -> None:
    def other_run(heard: Heard) -> None:
        if heard.method == "POST" and heard.writes and not stage.written:
            stage.write(OTHER, stage.me)

    stage.forge.before = other_run
    posted = post(stage.place, BODY)
    assert (posted.action, posted.superseded) == ("created", 1)
    assert [entry.body.partition("\n")[0] for entry in stage.written] == ["<!-- bo-sync:superseded -->", MARKER]


def test_nothing_is_finished_where_nothing_stands(stage: Stage) -> None:
    stage.write(f"{MARKER}\nmine?", MALLORY)
    assert finish(stage.place, BODY).action == "nothing"
    assert stage.forge.written == []


class TestIssues:
    def test_an_issue_is_closed_when_there_is_no_drift_and_a_new_one_opened_when_there_is(self) -> None:
        with github() as forge:
            post(issues(forge), BODY)
            assert finish(issues(forge), OTHER).action == "closed"
            assert [(issue.is_open, issue.body) for issue in forge.issues] == [(False, OTHER)]
            assert post(issues(forge), BODY).action == "created"
            assert [issue.title for issue in forge.open_issues] == ["Drift: 1 person"]
            assert forge.open_issues[0].labels == ("bo-sync-drift",)

    def test_a_pull_request_with_the_label_is_no_issue(self) -> None:
        with github() as forge:
            changes = forge.open_issue(BODY, ACTIONS, is_pull=True)
            assert finish(issues(forge), BODY).action == "nothing"
            assert changes.is_open

    def test_an_issue_without_the_label_is_not_looked_at(self) -> None:
        with gitlab() as forge:
            plain = forge.open_issue(BODY, PROJECT_BOT, labels=())
            assert post(project_issues(forge), OTHER).action == "created"
            assert plain.edits == 0


class TestWhoWeAre:
    def test_a_users_token_owns_what_the_user_wrote_and_nothing_of_the_workflow(self) -> None:
        with github() as forge:
            workflow, user = forge.write(BODY, ACTIONS), forge.write(BODY, OWNER)
            assert post(pull(forge, USER), OTHER).action == "edited"
            assert (workflow.edits, user.edits) == (0, 1)
            assert "/graphql" not in [heard.path for heard in forge.heard]

    def test_a_workflows_token_is_told_by_graphql(self) -> None:
        with github() as forge:
            workflow, user = forge.write(BODY, ACTIONS), forge.write(BODY, OWNER)
            assert post(pull(forge), OTHER).action == "edited"
            assert (workflow.edits, user.edits) == (1, 0)
            assert [heard.path for heard in forge.heard][:2] == ["/user", "/graphql"]

    def test_an_account_with_the_same_name_and_another_number_is_somebody_else(self) -> None:
        with github() as forge:
            twin = forge.write(BODY, Account(5, ACTIONS.login, is_app=True))
            assert post(pull(forge), OTHER).action == "created"
            assert twin.edits == 0


class TestGitLabsCommands:
    def test_no_line_begins_with_a_slash_and_that_is_no_change(self) -> None:
        body = f"{MARKER}\n/close\n  /assign @mallory\n\n/label x\ntext / text\n"
        with gitlab() as forge:
            assert post(merge(forge), body).action == "created"
            assert post(merge(forge), body).action == "unchanged"
            assert post(project_issues(forge), body).action == "created"
            assert finish(project_issues(forge), body).action == "closed"
            assert forge.obeyed == []
            assert "&#47;close" in forge.comments[0].body

    def test_a_system_note_is_nobodys_words(self) -> None:
        with gitlab() as forge:
            note = forge.write(BODY, PROJECT_BOT, is_system=True)
            assert post(merge(forge), OTHER).action == "created"
            assert note.edits == 0

    @pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
    def test_a_hostile_text_is_written_once_and_obeyed_by_nobody(self, text: str) -> None:
        with gitlab() as forge:
            body = f"{MARKER}\n{text}\n/{text}\n"
            assert [post(merge(forge), body).action for _ in range(2)] == ["created", "unchanged"]
            assert forge.obeyed == []


@pytest.mark.parametrize("found", [3, "text", ["id"], None])
def test_an_entry_that_is_no_object_is_an_error_of_the_forge(found: JsonValue) -> None:
    api = Api("GitHub", "https://forge.example", Secret("a-token"), header=("Authorization", "Bearer "))
    with pytest.raises(ForgeError, match="answers without a number at `id`"):
        entry_of(api, found, ("id", "body", "html_url"), "user")
