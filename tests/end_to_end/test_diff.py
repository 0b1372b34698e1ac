"""`bo-sync diff` as users run it: a process of its own in a real repository, offline."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Final

import pytest

from tests.support.inside import check_inert, inside
from tests.support.markdown import check_tables
from tests.support.process import bo_sync, in_terminal, offline, write
from tests.support.repository import commit, git, repository

TODAY: Final = ("--today", "2026-06-15")
JANE: Final = "email: jane@example.com\nfirst_name: Jane\nlast_name: Doe\n"
BOB: Final = "email: bob@example.com\nfirst_name: Bob\nlast_name: Roe\nplatform: {backoffice: true}\n"
EVE: Final = "email: eve@example.com\nfirst_name: Eve\nlast_name: Poe\nmodules: {pricing: viewer, order_data: editor}\n"
BEFORE: Final = {"bo-sync.yaml": "protect: [root@example.com]\n", "users/jane.yaml": JANE, "users/bob.yaml": BOB}
AFTER: Final[dict[str, str | None]] = {
    "bo-sync.yaml": "guardrails: {min_role_owners: 1}\n",
    "users/bob.yaml": f"{BOB}modules: {{roles_permissions: editor}}\n",
    "users/jane.yaml": None,
    "users/eve.yaml": EVE,
}
TEXT: Final = """\
Access from main (commit 1111111111, on 2026-06-15) to next (commit 2222222222, on 2026-06-15)

Guards loosened
  ! protect: "root@example.com" → (not protected)
  ! guardrails.min_role_owners: 2 → 1

Needs attention
  ▲ bob@example.com   roles_permissions none → editor  users/bob.yaml:1  can now change anyone's access, \
including their own; grant administrative access to an organisation; opens Admin > Backoffice Users; +8 operations
  ! jane@example.com  has no file any more; the hub keeps the account and all access (`unmanaged: report`)  \
users/jane.yaml:1

Access gained
  + eve@example.com   joins with pricing viewer, order_data editor  users/eve.yaml:1  can now approve customers' \
purchases; +86 operations

3 people differ: 1 keeps all access without a file, 2 gain access, 1 joined. 2 guards are loosened.
"""
MARKDOWN: Final = """\
**3 people differ: 1 keeps all access without a file, 2 gain access, 1 joined. 2 guards are loosened.**

**Guards loosened**

| guard | before | after |
| --- | --- | --- |
| protect | "root@example.com" | (not protected) |
| guardrails.min_role_owners | 2 | 1 |

**Needs attention**

|  | who | grants | means | where |
| --- | --- | --- | --- | --- |
| ▲ | bob@example.com | roles_permissions none → editor | can now change anyone's access, including their own; \
grant administrative access to an organisation; opens Admin > Backoffice Users; +8 operations | users/bob.yaml:1 |
| ! | jane@example.com | has no file any more; the hub keeps the account and all access (`unmanaged: report`) |  | \
users/jane.yaml:1 |

<details><summary>Access gained (1)</summary>

|  | who | grants | means | where |
| --- | --- | --- | --- | --- |
| + | eve@example.com | joins with pricing viewer, order_data editor | can now approve customers' purchases; +86 \
operations | users/eve.yaml:1 |

</details>

From main (commit 1111111111, on 2026-06-15) to next (commit 2222222222, on 2026-06-15).
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two branches: `main` as before, and `next`, checked out, as after."""
    root = repository(tmp_path / "root", BEFORE, when="2026-03-01T12:00:00Z")
    git(root, "switch", "--quiet", "-c", "next")
    commit(root, AFTER, when="2026-03-05T12:00:00Z")
    return root


def same_commits(root: Path, text: str) -> str:
    """`text` without the names of commits, which depend on the machine."""
    for name, shown in (("main", "1" * 10), ("next", "2" * 10)):
        text = text.replace(git(root, "rev-parse", name)[:10], shown)
    return text


def test_the_text_puts_weakened_guards_and_whoever_gains_the_most_first(root: Path) -> None:
    ran = bo_sync(root, "diff", "main", "next", *TODAY)
    assert (ran.code, ran.err) == (0, "")
    assert same_commits(root, ran.out) == TEXT


def test_the_markdown_says_the_verdict_first_and_folds_only_what_needs_no_attention(root: Path) -> None:
    ran = bo_sync(root, "diff", "main", "next", "--format", "markdown", *TODAY)
    assert ran.code == 0
    plain = unescape(re.sub("</?code>|<!---->", "", same_commits(root, ran.out)))
    assert plain == MARKDOWN
    assert "@" not in ran.out


def test_the_json_holds_both_sides_and_everything_that_was_gained_and_lost(root: Path) -> None:
    ran = bo_sync(root, "diff", "main", "next", "--format", "json", *TODAY)
    assert ran.code == 0
    found = json.loads(same_commits(root, ran.out))
    assert list(found) == ["format_version", "base", "head", "loosened", "users"]
    assert found["format_version"] == 2
    assert found["base"] == {"revision": "main", "commit": "1" * 10, "dirty": False, "day": "2026-06-15"}
    assert found["head"] == {"revision": "next", "commit": "2" * 10, "dirty": False, "day": "2026-06-15"}
    assert found["loosened"] == [
        {"guard": "protect", "before": "root@example.com", "after": None},
        {"guard": "guardrails.min_role_owners", "before": "2", "after": "1"},
    ]
    bob, eve, jane = found["users"]
    gained = bob["gained"].pop("operations")
    assert bob == {
        "email": "bob@example.com",
        "source": "users/bob.yaml:1",
        "joined": False,
        "left": False,
        "kept": False,
        "kept_grants": [],
        "gained": {
            "grants": [{"role": "roles_permissions", "before": "none", "after": "editor"}],
            "menu": ["Admin > Backoffice Users"],
        },
        "lost": {"grants": [], "menu": [], "operations": []},
        "ends": [],
    }
    assert {"roles", "roleUpdate"} <= set(gained)
    assert "roleCreate" not in gained
    assert (eve["joined"], eve["left"], len(eve["gained"]["grants"])) == (True, False, 2)
    assert (jane["joined"], jane["left"], jane["kept"], jane["lost"]["grants"]) == (False, True, True, [])


def test_backwards_it_says_what_is_lost(root: Path) -> None:
    ran = bo_sync(root, "diff", "next", "main", *TODAY)
    assert "Guards loosened" not in ran.out
    _, _, lost = ran.out.partition("Access lost\n")
    assert [re.split("  +", line)[1:3] for line in lost.splitlines()[:1]] == [
        ["▼ bob@example.com", "roles_permissions editor → none"]
    ]
    assert ran.out.endswith("3 people differ: 1 keeps all access without a file, 1 loses access, 1 joined.\n")


@pytest.mark.parametrize(
    ("settings", "entry", "told"),
    [
        ("unmanaged: report", None, "has no file any more; the hub keeps the account and all access"),
        ("unmanaged: ignore", None, "has no file any more; the hub keeps the account and all access"),
        ("unmanaged: delete", None, "leaves; loses pricing viewer, order_data editor"),
        ("unmanaged: delete\nprotect: [eve@example.com]", None, "the hub keeps the account and all access (protected)"),
        ("unmanaged: report", f"{EVE}until: 2026-06-14\n", "leaves; loses pricing viewer, order_data editor"),
        (
            "unmanaged: report",
            "email: eve@example.com\nstate: absent\n",
            "leaves; loses pricing viewer, order_data editor",
        ),
    ],
    ids=["report", "ignore", "delete", "protected", "past the end", "absent"],
)
def test_a_removed_file_loses_only_what_the_hub_takes(
    tmp_path: Path, settings: str, entry: str | None, told: str
) -> None:
    root = repository(tmp_path, {"users/eve.yaml": EVE, "users/bob.yaml": BOB, "bo-sync.yaml": f"{settings}\n"})
    commit(root, {"users/eve.yaml": entry})
    ran = bo_sync(root, "diff", "HEAD~1", "HEAD", "--exit-code-on", "lost", *TODAY)
    loses = told.startswith("leaves")
    assert (ran.code, told in ran.out, "Access lost" in ran.out) == (2 if loses else 0, True, loses)
    assert ("Needs attention" in ran.out) is not loses
    assert ("1 loses access" in ran.out) is loses


def test_without_revisions_the_working_tree_is_held_against_the_last_commit(root: Path) -> None:
    assert bo_sync(root, "diff", *TODAY).out.endswith("\n\nNobody gains or loses access.\n")
    write(root, {"users/new/zoe.yaml": EVE.replace("eve@", "zoe@")})
    ran = bo_sync(root, "diff", "--format", "json", *TODAY)
    found = json.loads(ran.out)
    assert [user["email"] for user in found["users"]] == ["zoe@example.com"]
    assert (found["base"]["revision"], found["head"]["revision"], found["head"]["dirty"]) == ("HEAD", None, True)
    against_main = json.loads(bo_sync(root, "diff", "main", "--format", "json", *TODAY).out)
    assert [user["email"] for user in against_main["users"]] == [
        "bob@example.com",
        "eve@example.com",
        "jane@example.com",
        "zoe@example.com",
    ]


def test_on_a_terminal_it_is_wrapped_and_off_one_never(root: Path) -> None:
    shown = in_terminal(root, "diff", "main", "next", "--explain", *TODAY, env={"NO_COLOR": "1"}, columns=60)
    assert shown.code == 0
    long = [line for line in shown.out.splitlines() if len(line) > 60]
    assert long == [], "no word is longer than that"
    assert "  bob@example.com  users/bob.yaml:1" in shown.out


def test_a_weakened_guard_alone_is_any_difference(root: Path) -> None:
    write(root, {"bo-sync.yaml": "guardrails: {min_role_owners: 1, max_user_deletes: {percent: 20, floor: 5}}\n"})
    for alarm, code in (("gained", 0), ("lost", 0), ("any", 2)):
        ran = bo_sync(root, "diff", "--exit-code-on", alarm, *TODAY)
        assert (ran.code, "Nobody gains or loses access. 1 guard is loosened." in ran.out) == (code, True)


BROKEN: Final = "email: x\nfirst_name: X\n"


def test_files_with_errors_on_both_sides_are_told_together(root: Path) -> None:
    commit(root, {"users/jane.yaml": BROKEN})
    sha = git(root, "rev-parse", "HEAD")[:10]
    write(root, {"users/jane.yaml": JANE, "users/bob.yaml": BROKEN})
    ran = bo_sync(root, "diff", "HEAD", *TODAY)
    assert (ran.code, ran.out) == (3, "")
    lines = ran.err.splitlines()
    assert lines[0].startswith("users/jane.yaml:1:1: error: ")
    assert lines[0].endswith(f" (2 errors in the files of HEAD (commit {sha}))")
    assert lines[2].startswith("users/bob.yaml:1:1: error: ")
    assert lines[2].endswith(" (2 errors in the files)")
    assert f"error: 2 errors in the files of HEAD (commit {sha}); 2 errors in the files" in lines


def test_an_end_counts_on_the_day_that_is_judged(tmp_path: Path) -> None:
    ends = f"{JANE}until: 2026-06-14\nmodules: {{pricing: {{access: editor, until: 2026-03-03, reason: x}}}}\n"
    root = repository(tmp_path, {"users/jane.yaml": ends}, when="2026-03-01T12:00:00Z")

    def told(*arguments: str) -> list[tuple[bool, int, str, str]]:
        found = json.loads(bo_sync(root, "diff", "--format", "json", *arguments).out)
        days = found["base"]["day"], found["head"]["day"]
        return [(user["left"], len(user["lost"]["grants"]), *days) for user in found["users"]]

    assert told("HEAD", "--today", "2026-03-04") == []
    assert told("@2026-03-01", "@2026-03-03") == []
    assert told("@2026-03-03", "@2026-03-04") == [(False, 1, "2026-03-03", "2026-03-04")]
    assert told("@2026-03-03", "--today", "2026-06-15") == [(True, 1, "2026-03-03", "2026-06-15")]
    assert told("@2026-03-04", "--today", "2026-06-15") == [(True, 0, "2026-03-04", "2026-06-15")]


def test_a_day_before_the_first_commit_is_a_usage_error(root: Path) -> None:
    ran = bo_sync(root, "diff", "@2026-02-01")
    assert ran.code == 64
    assert ran.complaint == (
        "error: the files of 2026-02-01 cannot be read: git knows no commit up to that day here",
        "next: name a later day, or fetch the whole history, with `git fetch --unshallow`",
    )


def test_three_revisions_are_one_too_many(root: Path) -> None:
    ran = bo_sync(root, "diff", "main", "next", "main")
    assert (ran.code, ran.out) == (64, "")
    assert ran.complaint[0] == "error: diff compares two states of the files: give two revisions at most"


def test_without_git_there_is_nothing_to_compare(tmp_path: Path) -> None:
    write(tmp_path, {"users/jane.yaml": JANE})
    ran = bo_sync(tmp_path, "diff")
    assert ran.code == 64
    assert ran.complaint[0] == "error: the revision HEAD cannot be read: this folder is not in a git work tree"


def test_it_touches_no_socket_and_needs_no_key(root: Path) -> None:
    remote = {"CI": "true", "BO_SYNC_HUB_URL": "https://hub.example.com/graphql"}
    for form in ("text", "json", "markdown"):
        with offline():
            ran = bo_sync(root, "diff", "main", "next", "--format", form, env=remote)
        assert ran.code == 0, ran.err


HOSTILE_GUARD: Final = r'protect: ["\x9b31m|x@org`b`##[error]**x**"]'
GUARD_SHOWN: Final = {
    "text": r"\x9b31m|x@org`b`",
    "markdown": r"&#92;x9b31m&#124;x<!---->&#64;org&#96;b&#96;",
    "json": r"\u009b31m|x@org`b`",
}
HOSTILE_NAME: Final = "users/| @org ::x ##[error] \x1b[31m `<b>`\u202e \nx.yaml"


def test_nothing_of_a_pull_request_acts_or_breaks_a_table(tmp_path: Path) -> None:
    root = repository(tmp_path, {**BEFORE, "bo-sync.yaml": HOSTILE_GUARD})
    commit(root, {**AFTER, "users/eve.yaml": BOB.replace("bob@", "eve@"), HOSTILE_NAME: EVE.replace("eve@", "zoe@")})
    git(root, "branch", "a|b@org`<b>`")
    for form in GUARD_SHOWN:
        ran = inside("diff", "HEAD~1", "a|b@org`<b>`", "-C", str(root), "--format", form)
        assert ran.code == 0, ran.err
        check_inert(ran)
        assert GUARD_SHOWN[form] in ran.out
        if form == "markdown":
            check_tables(ran.out)


def test_a_pattern_that_protects_nothing_shows_and_does_nothing(tmp_path: Path) -> None:
    root = repository(tmp_path, {**BEFORE, "bo-sync.yaml": r'protect: ["\e[31m| @org <b> ##[error]"]'})
    commit(root, AFTER)
    ran = inside("diff", "HEAD~1", "-C", str(root))
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.splitlines()[0] == (
        r'bo-sync.yaml:1:11: error: protect: found "\x1b[31m| @org <b> #\x23[error]"; '
        "expected an address, or a pattern with @ such as *@example.com"
    )
    check_inert(ran)
