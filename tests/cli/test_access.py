"""show, who-can, needs and matrix as they are asked: from files, a revision, a day, a hub; and words without sense."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any, Final

import pytest

from bo_sync.access.user_access import UserAccess
from bo_sync.cli.source import somebody
from bo_sync.core.model import ROLES
from bo_sync.core.text import Text
from bo_sync.errors import UsageError
from bo_sync.sandbox.population import UserRecord
from bo_sync.sandbox.store import Store
from tests.end_to_end.world import rows, user
from tests.support.hostile import HOSTILE
from tests.support.inside import check_inert, check_shown, inside
from tests.support.process import Ran, bo_sync, in_terminal, write
from tests.support.repository import commit, git, repository

NAMES: Final = "first_name: A\nlast_name: {}\n"
FILES: Final = {
    "bo-sync.yaml": 'protect: ["glass@example.com"]\n',
    "presets/clerk.yaml": "label: Order clerk\nplatform: {sales_hub: true}\nmodules: {order_data: editor}\n",
    "users/carl.yaml": f"email: carl@example.com\n{NAMES.format('Carl')}preset: clerk\n",
    "users/ada.yaml": (
        f"email: Ada@example.com\n{NAMES.format('Ada')}preset: clerk\nplatform: {{backoffice: true}}\nmodules:\n"
        "  roles_permissions: {access: editor, until: 2026-12-31, reason: CHG-1}\n  logistics: viewer\n"
    ),
    "users/gone.yaml": "email: gone@example.com\nstate: absent\n",
    "users/past.yaml": f"email: past@example.com\n{NAMES.format('Past')}until: 2026-01-31\npreset: clerk\n",
    "users/glass.yaml": f"email: glass@example.com\n{NAMES.format('Glass')}",
}
TODAY: Final = ("--today", "2026-06-15")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose first commit has Carl alone, who holds nothing yet; and a sandbox that differs."""
    made = tmp_path_factory.mktemp("root")
    repository(
        made, {"users/carl.yaml": FILES["users/carl.yaml"].replace("preset: clerk\n", ""), ".gitignore": ".bo-sync\n"}
    )
    commit(made, FILES)
    carl = user("CARL@example.com", *rows(sales="OWNER", order="OWNER", pricing="NONE"))
    return in_sandbox(made, carl, user("live@example.com", *rows(role="OWNER")))


def in_sandbox(root: Path, *users: UserRecord) -> Path:
    (root / ".bo-sync").mkdir()
    with Store.open(root / ".bo-sync/sandbox.db") as store:
        store.load({"users": list(users)})
    return root


@pytest.fixture
def ask(root: Path) -> "Ask":
    return Ask(root)


class Ask:
    """Runs a command on the fixture's files, on one day."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, command: str, *words: str, code: int = 0) -> Ran:
        day = () if any(word.startswith("@2") for word in words) else TODAY
        ran = inside(command, *words, "-C", str(self.root), *day)
        assert ran.code == code, ran
        return ran

    def json(self, command: str, *words: str) -> Any:
        return json.loads(self(command, *words, "--format", "json").out)

    def emails(self, *words: str) -> list[str]:
        return [entry["email"] for entry in self.json("who-can", *words)["users"]]


LIVE: Final = ("--live", "--hub", "sandbox:")


def test_who_can_answers_from_files_a_revision_a_day_and_the_hub(ask: Ask) -> None:
    assert ask.emails("orderUpdate") == ["Ada@example.com", "carl@example.com"]
    assert ask.emails("orderUpdate", "--at", "HEAD") == ["Ada@example.com", "carl@example.com"]
    assert ask.emails("orderUpdate", "--at", "HEAD~1") == []
    assert ask.emails("orderUpdate", *LIVE) == ["CARL@example.com"]
    assert ask.emails("sales_hub:on", *LIVE) == ["CARL@example.com"]


def test_a_day_judges_what_ends_on_it(ask: Ask) -> None:
    assert ask.emails("Roles & permissions:editor", "--at", "@2099-01-01") == []
    assert ask.emails("Roles & permissions:editor") == ["Ada@example.com"]


def test_indirect_names_those_who_could_give_it_to_themselves_and_how(ask: Ask) -> None:
    found = ask.json("who-can", "pricing:editor", "--indirect")
    assert found["users"] == []
    steps = [
        {"operation": "roleUpdate", "role": "roles_permissions", "access": "owner"},
        {"operation": "roleCreate", "role": "pricing", "access": "editor"},
    ]
    assert found["indirect"] == [{"email": "Ada@example.com", "certain": True, "steps": steps}]
    assert "indirect" not in ask.json("who-can", "pricing:editor")
    assert "nobody is counted" in ask("who-can", "bundles", "--indirect").out
    assert [entry["email"] for entry in ask.json("who-can", "pricing:editor", "--indirect", *LIVE)["indirect"]] == [
        "live@example.com"
    ]


def test_indirect_names_paths_through_credentials_as_possible(tmp_path: Path) -> None:
    head = f"{NAMES.format('Key')}platform: {{backoffice: true}}\nmodules:"
    held = {"looks": "api_keys: viewer", "widens": "api_keys: editor", "tokens": "configuration: viewer"}
    write(tmp_path, {f"users/{name}.yaml": f"email: {name}@example.com\n{head} {{{held[name]}}}\n" for name in held})
    ask = Ask(tmp_path)
    text = ask("who-can", "roleUpdate", "--indirect").out
    assert "Escalation paths: 2 users\n" in text
    assert "possibly reads the value of an API key and acts with it (gqlApiKeys)" in text
    assert "possibly gives an API key the roles (gqlApiKeyUpdate), then reads the value of an API key and acts" in text
    text = ask("who-can", "logout", "--indirect").out
    assert "Escalation paths: 1 user\n" in text
    assert (
        "possibly reads a login token (magicTokens), then logs in as its contact or customer (magicTokenLogin)" in text
    )
    step = {"operation": "gqlApiKeys", "role": None, "access": None}
    found = ask.json("who-can", "roleUpdate", "--indirect")["indirect"]
    assert found[0] == {"email": "looks@example.com", "certain": False, "steps": [step]}


def test_needs_answers_as_files_spell_it(ask: Ask) -> None:
    found = ask.json("needs", "orderUpdate", "Carriers", "logout")
    assert found["platform"] == {"backoffice": True}
    assert found["modules"] == {"logistics": "viewer", "order_data": "editor"}
    assert found["alternatives"] == []
    logout = {"question": "logout", "known": True, "deprecated": True, "system_roles": []}
    assert found["unanswered"] == [{**logout, "or_when": "user is authenticated"}]
    assert found["deprecated"] == ["logout"]
    for words in (("--at", "HEAD~1"), LIVE):
        assert ask.json("needs", "orderUpdate", *words)["modules"] == {"order_data": "editor"}


def test_what_needs_prints_is_a_file_that_opens_what_was_asked(ask: Ask, tmp_path: Path) -> None:
    asked = ("orderUpdate", "Carriers", "attributeUpdate", "Sales > Orders")
    lines = ask("needs", *asked).out.splitlines()
    own = "\n".join(line.strip() for line in lines if line.startswith("  "))
    once = own.partition("\nplatform")[0]
    made = write(tmp_path, {"users/x.yaml": f"email: x@example.com\n{NAMES.format('X')}{once}\n"})
    for word in asked:
        assert json.loads(inside("who-can", word, "-C", str(made), "--format", "json").out)["users"], word


def test_matrix_has_every_user_and_every_role(ask: Ask) -> None:
    users = ask.json("matrix")["users"]
    assert [entry["email"] for entry in users] == ["Ada@example.com", "carl@example.com", "glass@example.com"]
    assert [list(entry["grants"]) for entry in users] == [list(ROLES)] * 3
    held = {role: access for role, access in users[1]["grants"].items() if access != "none"}
    assert held == {"sales_hub": "owner", "order_data": "editor"}
    head, *lines = csv.reader(StringIO(ask("matrix", "--format", "csv").out))
    assert head == ["email", *ROLES]
    assert [line[1] for line in lines] == ["on", "on", "off"]
    assert [entry["email"] for entry in ask.json("matrix", "--at", "HEAD~1")["users"]] == ["carl@example.com"]


def test_matrix_is_compared_with_the_hub_cell_by_cell(ask: Ask) -> None:
    found = ask.json("matrix", "--diff-with", "live", "--hub", "sandbox:")
    told = {
        entry["email"]: (
            *(entry["here"], entry["there"]),
            *(f"{role} {cell['access']} {cell['other']}" for role, cell in entry["grants"].items()),
        )
        for entry in found["users"]
    }
    ada = ("sales_hub owner", "backoffice owner", "roles_permissions editor", "logistics viewer", "order_data editor")
    assert told == {
        "Ada@example.com": (True, False, *(f"{grant} none" for grant in ada)),
        "carl@example.com": (True, True, "order_data editor owner"),
        "glass@example.com": (True, False),
        "live@example.com": (False, True, "roles_permissions none owner"),
    }
    assert (found["diff_with"], found["same"]) == ("sandbox:", 0)
    table = ask("matrix", "--diff-with", "live", "--hub", "sandbox:", "--format", "csv").out
    assert "carl@example.com,order_data,editor,owner" in table.splitlines()
    one = ask.json("matrix", "--diff-with", "CARL@example.com")["users"]
    assert [(entry["email"], list(entry["grants"])) for entry in one] == [
        ("Ada@example.com", ["backoffice", "roles_permissions", "logistics"]),
        ("glass@example.com", ["sales_hub", "order_data"]),
    ]


def test_the_hub_is_compared_in_the_words_of_the_revision_that_is_asked_about(tmp_path: Path) -> None:
    carl = f"email: carl@example.com\n{NAMES.format('Carl')}modules: {{tickets: editor}}\n"
    named = "role_definitions: {{tickets: {}}}\n"
    made = repository(
        tmp_path, {"users/carl.yaml": carl, "bo-sync.yaml": named.format("ticket"), ".gitignore": ".bo-sync\n"}
    )
    commit(made, {"bo-sync.yaml": named.format("helpdesk")})
    write(made, {"users/carl.yaml": "email: x\n", "bo-sync.yaml": "timezone: UTC\n"})
    in_sandbox(made, user("carl@example.com", *rows(ticket="EDITOR")))
    for revision, differ in (("HEAD~1", []), ("HEAD", ["carl@example.com"])):
        ran = inside(
            *("matrix", "--at", revision, "--diff-with", "live", "--hub", "sandbox:"),
            *("-C", str(made), "--format", "json", *TODAY),
        )
        assert ran.code == 0, ran
        assert [entry["email"] for entry in json.loads(ran.out)["users"]] == differ, revision


@pytest.mark.parametrize("words", [(), LIVE], ids=["from files", "from the hub"])
def test_of_equal_presets_the_one_that_the_entry_names_is_told(words: tuple[str, ...], tmp_path: Path) -> None:
    given = "modules: {order_data: editor}\n"
    made = write(
        tmp_path,
        {
            "presets/aaa.yaml": f"label: First by name\n{given}",
            "presets/zzz.yaml": f"label: Named\n{given}",
            "users/carl.yaml": f"email: Carl@example.com\n{NAMES.format('Carl')}preset: zzz\n",
            "users/ada.yaml": f"email: ada@example.com\n{NAMES.format('Ada')}{given}",
        },
    )
    in_sandbox(made, *(user(f"{name}@example.com", *rows(order="EDITOR")) for name in ("ada", "carl")))
    asked = ("-C", str(made), "--format", "json", *TODAY, *words)
    for name, preset in (("ada", "aaa"), ("carl", "zzz")):
        assert json.loads(inside("show", f"{name}@example.com", *asked).out)["preset"] == preset
    listed = json.loads(inside("users", *asked).out)["users"]
    assert [entry["preset"] for entry in listed] == ["aaa", "zzz"]


def test_show_is_the_whole_panel(ask: Ask) -> None:
    found = ask.json("show", "ada@example.com")
    assert list(found)[1:5] == ["of", "email", "preset", "platform"]
    assert [found[key] for key in ("email", "preset", "protected", "leaves")] == ["Ada@example.com", None, False, None]
    assert found["platform"] == {"sales_hub": True, "backoffice": True}
    assert found["modules"]["roles_permissions"] == "editor"
    sales, orders = ("Requests", "Quotes", "Orders"), ("Orders", "Carriers", "Warehouses", "Order Statuses")
    open_items = [*(f"Sales > {item}" for item in sales), *(f"Orders > {item}" for item in orders)]
    assert found["menu"]["open"] == [*open_items, "Admin > Backoffice Users"]
    assert {"item": "Users > Favorites", "missing": ["shop_channel"]} in found["menu"]["closed"]
    assert "roleUpdate" in found["operations"]["allowed"]
    assert "roleCreate" not in found["operations"]["allowed"]
    assert (len(found["operations"]["unknown"]), len(found["menu"]["open"]) + len(found["menu"]["closed"])) == (91, 28)
    assert {entry["rule"] for entry in found["findings"]} >= {"BOS012"}


def test_show_names_the_preset_protection_and_where_it_looked(ask: Ask) -> None:
    assert ask("show", "carl@example.com").out.startswith(
        'carl@example.com (users/carl.yaml:1): preset clerk "Order clerk", by the files (commit '
    )
    assert "protected" in ask("show", "glass@example.com").out.splitlines()[1]
    assert ask("show", "carl@example.com", *LIVE).out.startswith("CARL@example.com: Custom, by sandbox:\n")
    assert ask("show", "carl@example.com", "--at", "HEAD~1").out.startswith(
        "carl@example.com (users/carl.yaml:1): Custom, by the files of HEAD~1 (commit "
    )


QUESTIONS: Final = (("who-can", "orderUpdate"), ("show", "carl@example.com"), ("matrix",), ("needs", "orderUpdate"))


def test_every_answer_says_its_commit_and_the_day_on_which_it_judges(ask: Ask) -> None:
    head, first = (git(ask.root, "rev-parse", name)[:10] for name in ("HEAD", "HEAD~1"))
    today, day = TODAY[1], "2099-01-01"
    told: dict[tuple[str, ...], tuple[str, list[object]]] = {
        (): (f"the files (commit {head}, on {today})", [None, head, False, today]),
        ("--at", "HEAD~1"): (f"the files of HEAD~1 (commit {first}, on {today})", ["HEAD~1", first, False, today]),
        ("--at", f"@{day}"): (f"the files of @{day} (commit {head}, on {day})", [f"@{day}", head, False, day]),
    }
    for words, (said, facts) in told.items():
        of = dict(zip(("revision", "commit", "dirty", "day"), facts, strict=True))
        for asked in QUESTIONS:
            assert said in ask(*asked, *words).out, asked
            assert ask.json(*asked, *words)["of"] == of, asked
        compared = ("matrix", "--diff-with", "carl@example.com", *words)
        assert ask(*compared).out.startswith(f"{said} (here) compared with carl@example.com (there): ")
        assert ask.json(*compared)["of"] == of


def test_an_answer_of_the_hub_says_which_and_when(ask: Ask) -> None:
    for asked in QUESTIONS[:3]:
        assert "by sandbox:" in ask(*asked, *LIVE).out
        assert ask.json(*asked, *LIVE)["of"] == {"hub": "sandbox:", "day": TODAY[1]}


def test_files_that_differ_from_the_commit_or_have_none_say_so(tmp_path: Path) -> None:
    bare = write(tmp_path / "bare", FILES)
    kept = repository(tmp_path / "kept", FILES)
    write(kept, {"users/new.yaml": f"email: new@example.com\n{NAMES.format('New')}"})
    sha = git(kept, "rev-parse", "HEAD")[:10]
    for made, said, dirty in ((bare, "no commit", None), (kept, f"commit {sha} with uncommitted changes", True)):
        for asked in QUESTIONS:
            given = (*asked, "-C", str(made), *TODAY)
            assert f"the files ({said}, on {TODAY[1]})" in inside(*given).out, asked
            assert json.loads(inside(*given, "--format", "json").out)["of"]["dirty"] is dirty


DAY_HINT: Final = "name another day, or a revision, whose files are sound"
BROKEN: Final[dict[str, tuple[tuple[str, ...], str, str]]] = {
    "a day": (("who-can", "orderUpdate", "--at", "@2026-03-01"), "@2026-03-01 (commit {}, on 2026-03-01)", DAY_HINT),
    "a day of a diff": (("diff", "@2026-03-01", "@2026-03-02"), "@2026-03-01 (commit {}, on 2026-03-01)", DAY_HINT),
    "a revision": (("show", "x", "--at", "HEAD"), "HEAD (commit {})", "name another revision whose files are sound"),
}


@pytest.mark.parametrize(("words", "said", "hint"), BROKEN.values(), ids=BROKEN)
def test_errors_of_the_past_have_a_commit_and_day(tmp_path: Path, words: tuple[str, ...], said: str, hint: str) -> None:
    made = repository(tmp_path, {"users/x.yaml": "email: x\n"}, when="2026-02-27T12:00:00Z")
    sha = git(made, "rev-parse", "HEAD")[:10]
    ran = inside(*words, "-C", str(made))
    assert (ran.code, ran.out) == (3, "")
    assert f"errors in the files of {said.format(sha)}" in ran.err
    assert f"next: {hint}\n" in ran.err


@pytest.mark.parametrize(
    ("email", "leaves", "why"),
    [("gone@example.com", "state: absent", "`state: absent`"), ("past@example.com", "until", "`until`")],
)
def test_show_says_of_whom_the_files_want_deleted_that_they_leave(ask: Ask, email: str, leaves: str, why: str) -> None:
    assert ask.json("show", email)["leaves"] == leaves
    assert ask.json("show", email)["menu"]["open"] == []
    assert why in ask("show", email).out.splitlines()[1]


NOBODY: Final = "nobody has this address in"
WRONG: Final[dict[str, tuple[tuple[str, ...], str, str]]] = {
    "misspelled": (
        ("show", "adda@example.com"),
        f"adda@example.com: {NOBODY} the files",
        "did you mean Ada@example.com?",
    ),
    "unlike any": (("show", "q"), f"q: {NOBODY} the files", "bo-sync users lists everybody; --live asks the hub"),
    "only in the files": (
        *(("show", "Ada@example.com", *LIVE), f"Ada@example.com: {NOBODY} sandbox:"),
        "did you mean CARL@example.com?",
    ),
    "to compare with": (
        *(("matrix", "--diff-with", "carll@example.com"), f"carll@example.com: {NOBODY} the files"),
        "did you mean carl@example.com?",
    ),
    "one word of several": (
        *(("needs", "orderUpdate", "Cariers"), 'unknown question "Cariers": not in the operations table of 2026-05-17'),
        'did you mean "Orders > Carriers"',
    ),
    "an ambiguous word": (
        ("who-can", "Orders"),
        '"Orders" is more than one thing: the menu item "Sales > Orders" and the menu item "Orders > Orders"',
        "spell the one you mean",
    ),
    "no such level": (
        *(("who-can", "pricing:edit"), 'pricing has no level "edit" to ask for'),
        "ask for pricing:viewer, pricing:editor or pricing:owner",
    ),
    "a level of an area": (
        *(("needs", "backoffice:editor"), 'backoffice has no level "editor": it is on or off'),
        "ask for backoffice:on",
    ),
    "no word": (("needs",), "Missing argument 'QUESTION...'.", "bo-sync needs --help"),
    "a revision and the hub": (
        ("who-can", "orderUpdate", "--at", "HEAD", *LIVE),
        "--at asks the files of a revision, --live the hub: give one of them",
        "bo-sync who-can --help",
    ),
    "the hub and itself": (
        ("matrix", "--diff-with", "live", *LIVE),
        "--live and --diff-with live are the same side: leave one of them out",
        "bo-sync matrix --help",
    ),
}


@pytest.mark.parametrize(("words", "message", "hint"), WRONG.values(), ids=WRONG)
def test_a_wrong_question_ends_with_64_and_a_hint(ask: Ask, words: tuple[str, ...], message: str, hint: str) -> None:
    ran = ask(*words, code=64)
    told, following = ran.complaint
    assert (ran.out, told) == ("", f"error: {message}")
    assert following.startswith(f"next: {hint}")


ATTACKS: Final = {name: attack.replace("\0", "")[:800] for name, attack in HOSTILE.items() if attack.strip()}


def test_a_pipe_has_one_row_a_line_and_a_terminal_no_line_wider_than_itself(ask: Ask) -> None:
    for line in ("show Ada@example.com", "who-can Carriers --indirect", "matrix", "needs Carriers"):
        words = line.split()
        shown = in_terminal(ask.root, *words, env={"NO_COLOR": "1"})
        assert shown.code == 0, shown
        assert max(map(len, shown.out.splitlines())) <= 80
        piped = bo_sync(ask.root, *words)
        assert piped.code == 0
        assert not [line for line in piped.out.splitlines() if line.startswith("   ")], words


def test_a_name_of_ours_for_another_definition_may_be_asked(tmp_path: Path) -> None:
    made = write(
        tmp_path,
        {
            "bo-sync.yaml": "role_definitions: {tickets: helpdesk}\n",
            "users/x.yaml": f"email: x@example.com\n{NAMES.format('X')}modules: {{pricing: owner, tickets: viewer}}\n",
        },
    )
    for word in ("tickets:viewer", "pricing:owner", "priceUpdate"):
        found = json.loads(inside("who-can", word, "-C", str(made), "--format", "json").out)
        assert [entry["email"] for entry in found["users"]] == ["x@example.com"], word
    assert "tickets" in inside("matrix", "-C", str(made)).out


def test_a_hub_of_hostile_users_is_told_harmlessly(tmp_path: Path) -> None:
    made = write(
        tmp_path, {"users/carl.yaml": FILES["users/carl.yaml"], "presets/clerk.yaml": FILES["presets/clerk.yaml"]}
    )
    attacks = [attack.replace("\ud800", "").replace("\udcff", "") for attack in ATTACKS.values()]
    in_sandbox(made, *(user(f"{n}{attack}", *rows(order="OWNER", role="EDITOR")) for n, attack in enumerate(attacks)))
    for words in (
        ("who-can", "orderUpdate", *LIVE),
        ("who-can", "pricing:owner", "--indirect", *LIVE),
        ("matrix", *LIVE),
        ("matrix", "--diff-with", "live", "--hub", "sandbox:"),
    ):
        ran = inside(*words, "-C", str(made))
        assert ran.code == 0, ran
        check_inert(ran)
        for number, attack in enumerate(attacks, 1001):
            if f"id {number}" not in ran.out:  # what is not an address is shown by the id
                check_shown(ran, attack[:10])
        document = inside(*words, "-C", str(made), "--format", "json").out
        assert document.isascii()
        assert len(document.splitlines()) > len(attacks)
    users = inside("users", "-C", str(made), *LIVE).out
    for number, attack in enumerate(attacks):
        name = f"id {1001 + number}"
        shown = inside("show", name if name in users else f"{number}{attack}", "-C", str(made), *LIVE)
        assert shown.code == 0, shown
        check_inert(shown)


def of(email: str) -> UserAccess:
    return UserAccess(Text(email))


TWINS: Final = (of("Jo@example.com"), of("jo@example.com"), of("Al@example.com"))


def test_the_case_of_an_address_matters_only_where_it_tells_two_users_apart() -> None:
    assert somebody("al@EXAMPLE.com", TWINS) is TWINS[2]
    assert [somebody(user.email.raw, TWINS) for user in TWINS] == list(TWINS)
    assert somebody("bo@example.com", TWINS) is None
    with pytest.raises(UsageError) as raised:
        somebody("JO@example.com", TWINS)
    assert raised.value.message == "JO@example.com: several people have this address: Jo@example.com, jo@example.com"
    assert raised.value.hint == "spell it as one of them"
