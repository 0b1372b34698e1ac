"""`init`: what a new repository gets is sound, nothing that is there is touched, and a hub's users come in whole."""

import json
from pathlib import Path

import pytest

from bo_sync import __version__
from bo_sync.cli.commands.init import Forge, templates
from bo_sync.cli.file_writer import all_or_none
from bo_sync.config.load import load_tree
from bo_sync.core.model import Severity
from bo_sync.errors import FilesError
from bo_sync.exit_codes import ExitCode
from bo_sync.sandbox.population import VIEWER_KEY
from tests.end_to_end.office import team
from tests.support.process import bo_sync, served, write

ROOT = Path(__file__).parents[2]
PAGE = "docs/pipelines.md of bo-sync tells which, and how to guard them"
BOTH: tuple[Forge, ...] = ("github", "gitlab")
LEFT_OUT = {"role-owners.yaml", "limit-and-approval.yaml"}
"""The one needs two users, whom a repository of one example does not have, and a guardrail says the same of a hub; the
other is broken by whoever has the documented preset Sales Representative and nothing else."""


def files_of(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in root.rglob("*")
        if path.is_file() and ".git/" not in path.as_posix() and ".bo-sync/" not in path.as_posix()
    }


def test_what_init_writes_is_valid_without_a_warning_in_canonical_form_and_named(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    ran = bo_sync(tmp_path, "init", "--github", "--gitlab")
    assert ran.code == ExitCode.OK
    assert ran.out.splitlines() == [f"wrote {path}" for path in sorted(files_of(tmp_path), key=ran.out.index)]
    assert [line.partition(";")[0] for line in ran.err.splitlines()] == [
        "note: users/jane.doe.yaml is an example",
        "note: the policies begin as warnings",
        f"note: before the first push, give the environments bo-sync-plan and bo-sync-apply their keys: {PAGE}",
        "next: commit these files",
    ]
    strict = bo_sync(tmp_path, "validate", "--strict")
    assert strict.code == ExitCode.OK, strict.out
    assert bo_sync(tmp_path, "fmt", "--check").code == ExitCode.OK


def test_init_makes_the_folder_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    ran = bo_sync(tmp_path, "init", "access/users of us")
    assert ran.code == ExitCode.OK
    assert "note: no pipelines; `init --github` or `init --gitlab` adds them\n" in ran.err
    assert not (tmp_path / "access" / "users of us" / ".github").exists()
    assert bo_sync(tmp_path, "validate", "--strict", "-C", "access/users of us").code == ExitCode.OK


def test_init_below_the_top_of_a_repository_says_that_pipelines_are_not_read_there(tmp_path: Path) -> None:
    assert "note: this is not the top of a git repository" in bo_sync(tmp_path, "init", "--gitlab").err


def test_a_folder_that_cannot_be_made_is_a_matter_of_usage(tmp_path: Path) -> None:
    write(tmp_path, {"taken": ""})
    ran = bo_sync(tmp_path, "init", "taken")
    assert (ran.code, ran.complaint[0]) == (ExitCode.USAGE, "error: taken cannot be made: File exists")


def test_the_first_plan_of_a_new_repository_is_refused_by_nothing(tmp_path: Path) -> None:
    assert bo_sync(tmp_path, "init").code == ExitCode.OK
    planned = bo_sync(tmp_path, "plan", "--detailed-exitcode", "--format", "json")
    assert planned.code == ExitCode.PENDING, planned.out
    plan = json.loads(planned.out)
    assert [change["email"] for change in plan["changes"]] == ["jane.doe@example.com"]
    failing = [policy for policy in plan["policies"] if not policy["ok"]]
    assert {policy["severity"] for policy in failing} == {"warning"}


def test_a_starter_policy_warns_until_one_line_is_taken_away(tmp_path: Path) -> None:
    assert bo_sync(tmp_path, "init").code == ExitCode.OK
    starters = {one.path: one.text for one in templates(()) if one.path.startswith("policies/")}
    for path, text in starters.items():
        lines = (tmp_path / path).read_text(encoding="utf-8").splitlines(keepends=True)
        assert "".join(line for line in lines if not line.startswith("severity: warning # until everybody")) == text
    assert {policy.severity for policy in load_tree(tmp_path).policies} == {Severity.WARNING}


def nothing_but(there: dict[str, str], root: Path) -> bool:
    return files_of(root) == there and not [
        path for path in root.rglob("*") if path.is_dir() and not any(path.iterdir())
    ]


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({".github": ""}, [".github: not a folder"]),
        ({"policies": "", "schemas": ""}, ["policies: not a folder", "schemas: not a folder"]),
    ],
    ids=["of a forge", "of the configuration"],
)
def test_what_is_in_the_way_stops_all_of_it(there: dict[str, str], said: list[str], tmp_path: Path) -> None:
    write(tmp_path, there)
    ran = bo_sync(tmp_path, "init", "--github")
    assert ran.code == ExitCode.INVALID
    assert ran.err.splitlines()[: len(said)] == said
    assert ran.complaint == (
        "error: something is in the way of the files to be written",
        "next: move it away, and run this again; nothing was written",
    )
    assert nothing_but(there, tmp_path)


def test_no_file_is_written_through_a_link_and_none_that_leads_nowhere_is_touched(
    tmp_path: Path,
) -> None:
    root, outside = tmp_path / "here", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "users").symlink_to(outside)
    ran = bo_sync(root, "init")
    assert ran.code == ExitCode.INVALID
    assert ran.err.splitlines()[0] == "users: a symbolic link; expected a folder"
    assert (list(outside.iterdir()), files_of(root)) == ([], {})
    (root / "users").unlink()
    (root / ".gitignore").symlink_to(outside / "nothing")
    ran = bo_sync(root, "init")
    assert ran.code == ExitCode.OK
    assert "kept .gitignore: it is there already\n" in ran.err
    assert list(outside.iterdir()) == []


def test_where_writing_fails_half_way_nothing_is_left_of_it(tmp_path: Path) -> None:
    mine = {"policies/_mine.yaml": "", "notes/x.txt": ""}
    root = write(tmp_path, mine)

    def writing() -> None:
        with all_or_none(root) as create:
            create("users/sales/jane.yaml", "email: jane@example.com\n")
            create("policies/p.yaml", "id: p\n")
            create("notes/x.txt", "mine\n")

    with pytest.raises(FilesError) as told:
        writing()
    assert told.value.message == "notes/x.txt cannot be written: File exists"
    assert told.value.hint == "make room, and run it again; nothing is left of what was written"
    assert nothing_but(mine, root)


def test_who_interrupts_it_leaves_nothing_behind(tmp_path: Path) -> None:
    def writing() -> None:
        with all_or_none(tmp_path) as create:
            create("users/jane.yaml", "email: jane@example.com\n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        writing()
    assert nothing_but({}, tmp_path)


def test_a_pipeline_that_is_there_already_is_told_how_to_include_ours(tmp_path: Path) -> None:
    write(tmp_path, {".gitlab-ci.yml": "stages: [test]\n"})
    told = bo_sync(tmp_path, "init", "--gitlab").err
    assert (
        "kept .gitlab-ci.yml: it is there already; add `- local: ci/bo-sync.gitlab-ci.yml` to its `include`\n" in told
    )
    write(tmp_path, {".gitlab-ci.yml": "include: [{local: ci/bo-sync.gitlab-ci.yml}]\n"})
    assert "kept .gitlab-ci.yml: it is there already\n" in bo_sync(tmp_path, "init", "--gitlab").err


def test_no_file_that_is_there_is_changed_and_each_is_named(tmp_path: Path) -> None:
    mine = {"README.md": "ours\n", ".gitignore": "*.log\n", ".vscode/settings.json": "{}\n"}
    write(tmp_path, mine)
    ran = bo_sync(tmp_path, "init")
    assert ran.code == ExitCode.OK
    assert mine.items() <= files_of(tmp_path).items()
    kept = [line for line in ran.err.splitlines() if line.startswith("kept ")]
    assert kept == [
        "kept .gitignore: it is there already; add a line `.bo-sync/`, which is no business of git",
        "kept .vscode/settings.json: it is there already",
        "kept README.md: it is there already",
    ]


@pytest.mark.parametrize(
    "there",
    [
        {"users/ann.yaml": "email: ann@example.com\nfirst_name: Ann\nlast_name: Li\n"},
        {"presets/sales.yaml": "label: Sales\nplatform: {sales_hub: true}\n"},
        {"policies/p.yaml": "id: p\ntitle: P\nmatch: {any_of: [{has: {pricing: owner}}]}\n"},
        {"bo-sync.yaml": "email_domains: [example.org]\n"},
    ],
    ids=["a person", "a preset", "a policy", "settings"],
)
def test_where_there_is_a_configuration_none_of_its_parts_is_added(there: dict[str, str], tmp_path: Path) -> None:
    write(tmp_path, there)
    assert bo_sync(tmp_path, "init", "--github").code == ExitCode.OK
    written = set(files_of(tmp_path))
    assert {path for path in written if path.startswith(("users/", "presets/", "policies/", "bo-sync."))} == set(there)
    assert ".github/workflows/bo-sync-apply.yml" in written


def test_init_again_writes_nothing_and_adds_a_forge_when_asked(tmp_path: Path) -> None:
    bo_sync(tmp_path, "init", "--github")
    before = files_of(tmp_path)
    again = bo_sync(tmp_path, "init", "--github")
    assert (again.code, again.out) == (ExitCode.OK, "Nothing to write.\n")
    assert files_of(tmp_path) == before
    added = bo_sync(tmp_path, "init", "--gitlab").out
    assert added == "wrote .gitlab-ci.yml\nwrote ci/bo-sync.gitlab-ci.yml\n"


def test_init_from_a_hub_brings_everybody_in_and_the_first_plan_is_empty(tmp_path: Path) -> None:
    with served(tmp_path, team()) as hub:
        look = hub.env(VIEWER_KEY)
        ran = bo_sync(tmp_path, "init", "new", "--from-hub", env=look)
        assert ran.code == ExitCode.OK, ran.err
        root = tmp_path / "new"
        planned = bo_sync(root, "plan", "--detailed-exitcode", "--format", "json", env=look)
        assert planned.code == ExitCode.OK, planned.out
        plan = json.loads(planned.out)
        assert (plan["changes"], plan["unmanaged"], plan["summary"]["unchanged"]) == ([], [], 8)
        assert bo_sync(root, "validate").code == ExitCode.OK
        assert bo_sync(root, "fmt", "--check").code == ExitCode.OK
    assert "users/jane.doe.yaml" not in files_of(root)
    assert "preset: sales-representative" in (root / "users" / "bea@example.com.yaml").read_text()


def test_policies_that_a_hubs_users_break_are_not_read_yet_and_said(tmp_path: Path) -> None:
    with served(tmp_path, team()) as hub:
        ran = bo_sync(tmp_path, "init", "new", "--from-hub", env=hub.env())
    told = [line.split(": ")[1] for line in ran.err.splitlines() if line.startswith("not read yet: ")]
    asleep = sorted(path for path in files_of(tmp_path / "new") if path.startswith("policies/_"))
    assert told == asleep
    assert "policies/_api-keys.yaml" in asleep
    awake = {policy.id for policy in load_tree(tmp_path / "new").policies}
    assert awake.isdisjoint({path.removeprefix("policies/_").removesuffix(".yaml") for path in asleep})
    assert len(awake) + len(asleep) == len([one for one in templates(()) if one.path.startswith("policies/")])


def test_nothing_is_written_when_the_hub_cannot_be_read(tmp_path: Path) -> None:
    write(tmp_path, {"hub.txt": ""})
    with served(tmp_path, team()) as hub:
        ran = bo_sync(tmp_path, "init", "new", "--from-hub", env=hub.env("wrong"))
    assert ran.code == ExitCode.FAILED
    assert not (tmp_path / "new").exists()


def test_from_a_hub_into_a_configuration_only_users_without_a_file_are_added(tmp_path: Path) -> None:
    mine = "email: bea@example.com\nfirst_name: Bea\nlast_name: Mine\n"
    with served(tmp_path, team()) as hub:
        root = write(tmp_path / "here", {"users/bea.yaml": mine})
        assert bo_sync(root, "init", "--from-hub", env=hub.env()).code == ExitCode.OK
    users = {path: text for path, text in files_of(root).items() if path.startswith("users/")}
    assert users["users/bea.yaml"] == mine
    assert len(users) == 8


def test_templates_are_the_same_for_every_version_but_for_its_name() -> None:
    assert not [one.path for one in templates(BOTH) if "@version@" in one.text]
    assert sum(__version__ in one.text for one in templates(BOTH)) == 4
    assert len({one.path for one in templates(BOTH)}) == len(templates(BOTH))


def test_the_starters_are_this_repositorys_own_presets_and_policies() -> None:
    starters = {one.path: one.text for one in templates(())}
    for path in ("presets/full-admin.yaml", "presets/sales-representative.yaml"):
        assert starters[path] == (ROOT / path).read_text(encoding="utf-8")
    own = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "policies").glob("*.yaml")}
    assert {Path(path).name: text for path, text in starters.items() if path.startswith("policies/")} == {
        name: text.partition("\nexcept:")[0].rstrip("\n") + "\n" for name, text in own.items() if name not in LEFT_OUT
    }


def test_the_repositorys_own_action_is_the_one_that_init_writes() -> None:
    action = ".github/actions/bo-sync/action.yml"
    written = {one.path: one.text for one in templates(("github",))}
    assert (ROOT / action).read_text(encoding="utf-8") == written[action]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(shell: str, tmp_path: Path) -> None:
    ran = bo_sync(tmp_path, "completion", shell)
    assert ran.code == ExitCode.OK, ran.err
    assert "_BO_SYNC_COMPLETE=" in ran.out
    assert "bo-sync" in ran.out


def test_a_shell_is_answered_with_commands_and_options(tmp_path: Path) -> None:
    def answer(words: str) -> list[str]:
        asked = {"_BO_SYNC_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        return bo_sync(tmp_path, env=asked).out.split()

    assert answer("bo-sync pl") == ["plain,plan"]
    assert answer("bo-sync plan --det") == ["plain,--detailed-exitcode"]
    assert answer("bo-sync plan --format js") == ["plain,json"]
