"""`--only` and `--expired` beside files with errors: what stops them, what is set aside, and who is never harmed."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from bo_sync.cli.context import read_plan
from bo_sync.cli.options import Common, Narrowing
from bo_sync.core.changes import Change, CreateUser, DeleteUser, RevokeGrant, UpdateUser
from bo_sync.core.plan import Plan
from bo_sync.core.text import Text
from bo_sync.errors import FilesError, UsageError
from bo_sync.sandbox.population import Population, UserRecord, baseline_population
from tests.end_to_end.world import rows, user
from tests.hub.sandboxed import Trial
from tests.support.inside import inside
from tests.support.process import bo_sync, served, write

DAY: Final = date(2026, 6, 15)
BEN: Final = "email: ben@example.com\nfirst_name: Ben\nlast_name: Baker\nplatform: {backoffice: true}\n"
ANN: Final = "email: ann@example.com\nfirst_name: Ann\nlast_name: Archer\nplatform: {backoffice: true}\n"
OLD: Final = ANN + "modules:\n  pricing: {access: owner, until: 2026-06-01}\n"
"""Ann, of whose grants one has expired."""
DELETES: Final = "unmanaged: delete\n"
POLICY: Final = "id: broken\ntitle: Broken\nmatch: {any_of: [{has: {pricing: emperor}}]}\n"


def hub() -> Population:
    """Ann and Ben, each with a grant that no file gives, and Leo, who has no file; besides two owners."""
    held = rows(backoffice="OWNER", pricing="OWNER")
    users: list[UserRecord] = [
        {"id": 1, **user("ann@example.com", *held, firstName="Ann", lastName="Archer")},
        {"id": 2, **user("ben@example.com", *held, firstName="Ben", lastName="Baker")},
        {"id": 3, **user("leo@example.com", *held, firstName="Leo", lastName="Leaver")},
    ]
    start = baseline_population()
    return {**start, "users": [*start["users"], *users]}


def planned(root: Path, *only: str, expired: bool = False) -> Plan:
    common = Common(root, quiet=False, verbose=False, today=DAY)
    narrowing = Narrowing(tuple(map(Text, only)), (), expired=expired)
    return read_plan(common, Trial(hub()).hub, narrowing).plan


def kinds(plan: Plan) -> list[tuple[type[Change], str]]:
    return [(type(change), change.email.raw) for change in plan.changes]


def lines(root: Path, *only: str, expired: bool = False) -> tuple[str, ...]:
    with pytest.raises(FilesError) as caught:
        planned(root, *only, expired=expired)
    return caught.value.lines


NEIGHBOURS: Final = {
    "an unknown key": BEN + "colour: blue\n",
    "an unknown preset": BEN + "preset: sails\n",
    "a level that does not exist": BEN + "modules: {pricing: emperor}\n",
    "a missing name": "email: ben@example.com\nfirst_name: Ben\n",
    "a day that does not exist": BEN + "until: 2026-02-30\n",
    "a key given twice": BEN + "job: Baker\njob: Cook\n",
    "a key without a value": BEN + "phone:\n",
    "an anchor": BEN + "job: &job Baker\n",
    "a second entry for another user": BEN.replace("ben@", "omar@"),
    "a list in which one of two is wrong": "users:\n- {email: ben@example.com, id: 2, colour: x}\n"
    "- {email: cem@example.com, first_name: Cem, last_name: Cook}\n",
    "an address of a domain that is not allowed": BEN.replace("example.com", "example.org"),
}
TWICE: Final = {"users/omar.yaml": "email: omar@example.com\nfirst_name: Omar\nlast_name: Other\n"}
"""A user who has a second entry in one of the neighbours."""


@pytest.fixture(params=list(NEIGHBOURS.values()), ids=list(NEIGHBOURS))
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A repository with Ann, who has an expired grant, and a broken file of another user; `unmanaged: delete`."""
    settings = DELETES + "email_domains: [example.com]\n"
    return write(
        tmp_path, {"bo-sync.yaml": settings, "users/ann.yaml": OLD, "users/other.yaml": request.param, **TWICE}
    )


def test_only_revokes_beside_a_broken_file_of_another_user(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = planned(broken, "ann@example.com")
    (change,) = plan.changes
    assert isinstance(change, UpdateUser)
    assert [type(grant) for grant in change.grants] == [RevokeGrant]
    assert plan.refused == ()
    said = capsys.readouterr().err
    assert "users/other.yaml:" in said
    assert ": error: " not in said
    assert "warning: the users of users/other.yaml stay as they are in the hub" in said


def test_what_does_not_concern_the_broken_file_is_planned_and_everything_else_is_stopped(broken: Path) -> None:
    assert kinds(planned(broken, expired=True)) == [(UpdateUser, "ann@example.com")]
    assert kinds(planned(broken, "users/ann.yaml")) == [(UpdateUser, "ann@example.com")]
    assert kinds(planned(broken, "leo@example.com")) == [(DeleteUser, "leo@example.com")]
    with pytest.raises(FilesError, match="in the files"):
        planned(broken)
    told = lines(broken, "users/other.yaml")
    assert any(line.startswith("users/other.yaml:") and ": error: " in line for line in told)
    assert lines(broken, "*@example.*")


BEN_IS_STOPPED: Final = [name for name in NEIGHBOURS if "ben@example.com" in NEIGHBOURS[name]]


@pytest.mark.parametrize("name", BEN_IS_STOPPED)
@pytest.mark.parametrize(
    "pattern", ["ben@example.com", "BEN@example.com", "b*@example.com", "be?@EXAMPLE.com", "users"]
)
def test_a_user_whose_file_is_broken_is_never_deleted_though_chosen(tmp_path: Path, name: str, pattern: str) -> None:
    write(tmp_path, {"bo-sync.yaml": DELETES, "users/ann.yaml": ANN, "users/other.yaml": NEIGHBOURS[name]})
    assert lines(tmp_path, pattern)


ABOUT_ANN: Final = {
    "the same address in another case": BEN.replace("ben@", "ANN@") + "colour: x\n",
    "a Cyrillic letter": BEN.replace("ben@", "\u0430nn@"),
    "full-width letters": BEN.replace("ben@", "\uff41\uff4e\uff4e@"),
    "a full-width at sign": BEN.replace("ben@", "ann\uff20"),
    "a no-break space": BEN.replace("ben@", "ann\u00a0@"),
    "a space at the end": BEN.replace("ben@example.com", '"ann@example.com "'),
    "an accent": BEN.replace("ben@", "\u00e1nn@"),
    "a scheme before it": BEN.replace("ben@", '"mailto:ann@').replace("com\n", 'com"\n', 1),
    "a name before it": BEN.replace("ben@example.com", "Ann Archer <ann@example.com>"),
    "two addresses": BEN.replace("ben@example.com", '"ben@example.com, ann@example.com"'),
    "her id": BEN + "id: 1\ncolour: x\n",
    "her id in a list": "users:\n- {email: cem@example.com, id: 9}\n- {email: dan@example.com, id: 1, colour: x}\n",
    "her address in a list": "users:\n- {email: cem@example.com, id: 9, colour: x}\n- {email: ann@example.com}\n",
}


@pytest.mark.parametrize("text", ABOUT_ANN.values(), ids=ABOUT_ANN.keys())
@pytest.mark.parametrize("has_file", [True, False], ids=["she has a file", "she has none"])
def test_a_file_that_can_be_about_the_chosen_user_stops(tmp_path: Path, text: str, *, has_file: bool) -> None:
    own = {"users/ann.yaml": ANN} if has_file else {}
    write(
        tmp_path, {"bo-sync.yaml": DELETES, "users/ben.yaml": text, "users/zoe.yaml": BEN.replace("ben", "zoe"), **own}
    )
    assert any(
        line.startswith("users/ben.yaml:") and ": error: " in line for line in lines(tmp_path, "ann@example.com")
    )


def test_an_id_that_only_the_file_of_the_chosen_user_states_counts(tmp_path: Path) -> None:
    write(tmp_path, {"users/new.yaml": BEN.replace("ben@", "new@") + "id: 77\n", "users/b.yaml": BEN + "id: 77\n"})
    assert lines(tmp_path, "new@example.com")


UNREADABLE: Final = {
    "no YAML": BEN + "modules: {pricing: owner\n",
    "a tab": BEN + "\tjob: x\n",
    "conflict markers": f"<<<<<<< HEAD\n{BEN}=======\n{ANN}>>>>>>> other\n",
    "an empty file": "",
    "a list in the place of a mapping": "- ben@example.com\n",
    "no address": BEN.replace("email: ben@example.com\n", ""),
    "an address without an at sign": BEN.replace("ben@example.com", "ben.baker"),
    "an address that is a number": BEN.replace("ben@example.com", "[ben@example.com]"),
    "an address given twice": BEN + "email: cem@example.com\n",
    "an address behind an alias": BEN.replace("ben@example.com", "*address"),
    "a merge key": BEN + "<<: {id: 1}\n",
    "an id that is no number": BEN + "id: 1O2\n",
    "an id that is null": BEN + "id: null\n",
    "a list with an entry without address": "users:\n- {email: ben@example.com, id: 2}\n- {id: 3}\n",
    "a list with an entry of text": "users:\n- ben@example.com\n",
    "an address beside a list": "email: ben@example.com\nusers: []\n",
    "a hidden character": BEN + "job: Bak\u200ber\n",
    "bytes that are not UTF-8": BEN + "job: \udcff\n",
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_file_whose_addresses_or_ids_cannot_be_read_can_be_about_any_user(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"bo-sync.yaml": DELETES, "users/ann.yaml": OLD})
    (tmp_path / "users/ben.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert lines(tmp_path, "ann@example.com")
    assert lines(tmp_path, expired=True)


def test_a_broken_file_below_a_chosen_folder_stops(tmp_path: Path) -> None:
    write(tmp_path, {"users/sales/ann.yaml": ANN, "users/sales/old/ben.yaml": BEN + "colour: x\n"})
    assert lines(tmp_path, "users/sales")
    assert lines(tmp_path, "./users/sales/old/")
    assert kinds(planned(tmp_path, "users/sales/ann.yaml")) == [(UpdateUser, "ann@example.com")]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("extends: [bass]\n", id="a preset that does not exist"),
        pytest.param("modules: {pricing: emperor}\n", id="a level that does not exist"),
        pytest.param("colour: blue\n", id="an unknown key"),
        pytest.param("modules: {pricing: owner\n", id="no YAML"),
        pytest.param("extends: [sales]\n", id="a circle"),
    ],
)
class TestPresets:
    def test_a_broken_preset_of_the_chosen_user_stops(self, tmp_path: Path, text: str) -> None:
        write(tmp_path, {"users/ann.yaml": OLD + "preset: sales\n", "presets/sales.yaml": text})
        assert lines(tmp_path, "ann@example.com")
        assert lines(tmp_path, expired=True)

    def test_so_does_one_that_a_preset_of_hers_extends(self, tmp_path: Path, text: str) -> None:
        over = {"presets/lead.yaml": "extends: [sales]\n"}
        write(tmp_path, {"users/ann.yaml": OLD + "preset: lead\n", "presets/sales.yaml": text, **over})
        assert lines(tmp_path, "ann@example.com")

    def test_one_of_another_user_does_not_and_that_user_stays(self, tmp_path: Path, text: str) -> None:
        over = {
            "presets/lead.yaml": "extends: [sales]\n",
            "presets/none.yaml": "label: None\n",
            "bo-sync.yaml": DELETES,
        }
        ann, ben = OLD + "preset: none\n", BEN + "preset: lead\n"
        write(tmp_path, {"users/a.yaml": f"users:\n{listed(ann)}{listed(ben)}", "presets/sales.yaml": text, **over})
        assert kinds(planned(tmp_path, "ann@example.com")) == [(UpdateUser, "ann@example.com")]
        assert kinds(planned(tmp_path, expired=True)) == [(UpdateUser, "ann@example.com")]
        assert lines(tmp_path, "ben@example.com")


def listed(entry: str) -> str:
    return "- " + entry.replace("\n", "\n  ").removesuffix("  ")


@pytest.mark.parametrize("settings", ["colour: x\n", "unmanaged: perhaps\n", "protect: [\n", "", "timezone: Nowhere\n"])
def test_bo_sync_yaml_stays_an_error(tmp_path: Path, settings: str) -> None:
    write(tmp_path, {"users/ann.yaml": OLD, "bo-sync.yaml": settings})
    assert lines(tmp_path, "ann@example.com")


class TestPolicies:
    def test_a_broken_one_does_not_stop_a_plan_that_only_takes(self, tmp_path: Path) -> None:
        write(tmp_path, {"users/ann.yaml": OLD, "policies/p.yaml": POLICY})
        assert kinds(planned(tmp_path, "ann@example.com")) == [(UpdateUser, "ann@example.com")]
        assert kinds(planned(tmp_path, expired=True)) == [(UpdateUser, "ann@example.com")]

    def test_nor_one_that_deletes_or_does_nothing(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            {"users/a.yaml": ANN + "state: absent\n", "users/leo.yaml": "email: x@example.com\nid: 9\nstate: absent\n"},
        )
        write(tmp_path, {"policies/p.yaml": POLICY})
        assert kinds(planned(tmp_path, "ann@example.com")) == [(DeleteUser, "ann@example.com")]
        assert planned(tmp_path, "x@example.com").changes == ()

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(ANN + "modules: {pricing: owner, order_data: viewer}\n", id="a grant that is added"),
            pytest.param(ANN + "modules: {order_data: viewer}\n", id="one that is added beside one that is taken"),
            pytest.param(ANN.replace("ann@", "new@").replace("Archer", "New"), id="a user who is created"),
            pytest.param(ANN + "modules: {pricing: owner}\njob: Cook\n", id="a field of a profile"),
        ],
    )
    def test_it_stops_every_other_one(self, tmp_path: Path, text: str) -> None:
        write(tmp_path, {"users/ann.yaml": text, "policies/p.yaml": POLICY})
        assert lines(tmp_path, "users/ann.yaml") == tuple(line for line in lines(tmp_path) if "policies/" in line)


class TestSetAside:
    """Users of files that are set aside count as they are in the hub."""

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(
                "email: leo@exmaple.com\nfirst_name: Leo\nlast_name: Leaver\ncolour: x\n", id="a slip in the domain"
            ),
            pytest.param(
                "email: l.leaver@example.com\nfirst_name: LEO\nlast_name: Leaver\ncolour: x\n", id="another local part"
            ),
            pytest.param(
                "email: eva@example.com\nfirst_name: Leo\nmiddle_name: Leaver\nlast_name: Leaver\ncolour: x\n",
                id="a middle name",
            ),
            pytest.param("email: leo@example.org\nid: 99\ncolour: x\n", id="no name at all"),
            pytest.param(
                "email: leo@example.org\nfirst_name: [Leo]\nlast_name: Leaver\n", id="a name that cannot be read"
            ),
        ],
    )
    def test_a_user_whose_address_is_wrong_in_a_broken_file_is_not_deleted(self, tmp_path: Path, text: str) -> None:
        write(tmp_path, {"bo-sync.yaml": DELETES, "users/ann.yaml": ANN, "users/leo.yaml": text})
        assert lines(tmp_path, "leo@example.com")

    def test_a_namesake_of_a_user_who_is_set_aside_is_not_taken_for_that_user(self, tmp_path: Path) -> None:
        write(tmp_path, {"users/ben.yaml": BEN + "colour: x\n", "users/two.yaml": BEN.replace("ben@", "ben.two@")})
        plan = planned(tmp_path, "ben.two@example.com")
        assert kinds(plan) == [(CreateUser, "ben.two@example.com")]
        assert plan.refused == ()

    def test_the_files_are_not_empty_when_all_of_them_are_set_aside(self, tmp_path: Path) -> None:
        write(tmp_path, {"users/ben.yaml": BEN + "colour: x\n"})
        plan = planned(tmp_path, "leo@example.com")
        assert (plan.config.users, plan.refused) == (1, ())


class TestExpired:
    def test_a_broken_file_that_says_of_its_user_that_something_expired_stops(self, tmp_path: Path) -> None:
        for end in ("until: 2026-06-14\n", "modules: {pricing: {access: owner, until: 2026-06-14}}\n"):
            write(tmp_path, {"users/ann.yaml": OLD, "users/ben.yaml": BEN + end + "colour: x\n"})
            assert lines(tmp_path, expired=True)
            assert kinds(planned(tmp_path, "ann@example.com", expired=True)) == [(UpdateUser, "ann@example.com")]

    def test_one_whose_day_is_still_to_come_does_not(self, tmp_path: Path) -> None:
        write(tmp_path, {"users/ann.yaml": OLD, "users/ben.yaml": BEN + "until: 2026-06-15\ncolour: x\n"})
        assert kinds(planned(tmp_path, expired=True)) == [(UpdateUser, "ann@example.com")]

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(ANN + "state: absent\nuntil: 2026-06-14\n", id="the account has expired too"),
            pytest.param(ANN + "until: 2026-06-14\n", id="only the account has expired"),
            pytest.param(OLD + "state: absent\nuntil: 2026-06-14\n", id="the account and a grant have expired"),
            pytest.param(
                "email: ann@example.com\nid: 1\nstate: absent\nuntil: 2020-01-01\n", id="an entry without names"
            ),
        ],
    )
    def test_an_absent_user_whose_account_expired_is_deleted(self, tmp_path: Path, text: str) -> None:
        write(tmp_path, {"users/ann.yaml": text})
        assert kinds(planned(tmp_path, expired=True)) == [(DeleteUser, "ann@example.com")]

    @pytest.mark.parametrize("until", ["", "until: 2026-07-01\n"], ids=["no end", "an end to come"])
    def test_an_absent_user_with_an_expired_grant_is_left_for_a_full_apply(self, tmp_path: Path, until: str) -> None:
        write(tmp_path, {"users/ann.yaml": OLD + "state: absent\n" + until})
        plan = planned(tmp_path, expired=True)
        assert (plan.changes, plan.left_out) == ((), 1)

    def test_an_absent_user_without_an_end_is_not(self, tmp_path: Path) -> None:
        write(tmp_path, {"users/ann.yaml": ANN + "state: absent\n"})
        assert planned(tmp_path, expired=True).changes == ()


class TestPatterns:
    @pytest.mark.parametrize(
        "pattern", ["zoe@example.com", "z*@example.com", "users/none", "user", "users/an", "[z]nn@example.com"]
    )
    def test_one_that_matches_no_user_is_a_usage_error(self, tmp_path: Path, pattern: str) -> None:
        for neighbour in ("", "colour: x\n"):
            write(tmp_path, {"users/ann.yaml": ANN, "users/ben.yaml": BEN + neighbour})
            with pytest.raises(UsageError, match="matches no user") as caught:
                planned(tmp_path, "ann@example.com", pattern)
            assert caught.value.message == f"--only {pattern} matches no user in the files or in the hub"

    def test_it_comes_before_an_error_of_the_files(self, tmp_path: Path) -> None:
        write(tmp_path, {"users/ben.yaml": BEN + "colour: x\n"})
        with pytest.raises(UsageError):
            planned(tmp_path, "ben@example.com", "zoe@example.com")

    @pytest.mark.parametrize(
        ("pattern", "chosen"),
        [
            pytest.param("users/sales", ["ann", "cem"], id="a folder"),
            pytest.param("users/sales/", ["ann", "cem"], id="a folder with a slash"),
            pytest.param("users/sales/team.yml", ["cem"], id="a file with a list"),
            pytest.param("./users", ["ann", "ben", "cem"], id="all files"),
            pytest.param("*EN@example.com", ["ben"], id="a glob in another case"),
            pytest.param("[ab]*@example.com", ["ann", "ben"], id="a glob with a class"),
            pytest.param("l??@example.com", [], id="a glob for a user without a file"),
        ],
    )
    def test_each_chooses_its_users(self, tmp_path: Path, pattern: str, chosen: list[str]) -> None:
        team = "users:\n- {email: cem@example.com, first_name: Cem, last_name: C}\n"
        write(tmp_path, {"users/sales/ann.yaml": ANN, "users/sales/team.yml": team, "users/sales2.yaml": BEN})
        assert [change.email.raw.partition("@")[0] for change in planned(tmp_path, pattern).changes] == chosen

    def test_several_choose_together(self, tmp_path: Path) -> None:
        write(tmp_path, {"users/ann.yaml": ANN, "users/ben.yaml": BEN})
        assert len(planned(tmp_path, "users/ann.yaml", "b*@example.com").changes) == 2


def test_an_apply_touches_only_the_chosen_user(tmp_path: Path) -> None:
    settings = DELETES + "guardrails: {max_user_deletes: {percent: 100, cap: 100}}\n"
    broken_files = {f"users/{number}.yaml": text for number, text in enumerate(NEIGHBOURS.values()) if BEN in text}
    root = write(tmp_path / "files", {"bo-sync.yaml": settings, "users/ann.yaml": OLD, **broken_files})
    with served(tmp_path, hub()) as there:
        before = {user["email"]: user for user in there.holds()["users"]}
        everyone = bo_sync(root, "apply", "--yes", env=there.env())
        one = bo_sync(root, "apply", "--yes", "--expired", "--format", "json", env=there.env())
        none = bo_sync(root, "apply", "--yes", "--only", "ben@example.com", env=there.env())
        after = {user["email"]: user for user in there.holds()["users"]}
    assert (everyone.code, one.code, none.code) == (3, 0, 3)
    assert json.loads(one.out)["summary"]["applied"] == 1
    assert {row["definition"] for row in after["ann@example.com"]["roles"] if row["access"] != "NONE"} == {"backoffice"}
    assert {**after, "ann@example.com": None} == {**before, "ann@example.com": None}


@pytest.mark.parametrize(
    "lines", ["phone:\n", "preset: zelda\n", "job: Zelda\njob: Zorro\n", "state: zorro\n", "job: &zelda x\n"]
)
def test_what_is_set_aside_is_told_without_names_where_that_is_asked_for(tmp_path: Path, lines: str) -> None:
    zelda = "email: zelda.zorro@example.com\nfirst_name: Zelda\nlast_name: Zorro\n"
    write(tmp_path, {"users/ann.yaml": ANN, "users/zelda.yaml": zelda + lines})
    ran = inside("plan", "-C", str(tmp_path), "--hub", "sandbox:", "--only", "ann@example.com", "--redact")
    assert ran.code == 0
    assert "stay as they are in the hub" in ran.err
    assert not re.search("zelda|zorro", (ran.out + ran.err).lower())
