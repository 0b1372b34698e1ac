"""docs/json.md has every key that a document has."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import click
import pytest

from bo_sync.cli.app import root as cli
from bo_sync.cli.commands.comment import _told
from bo_sync.core.guardrails import NUMERIC
from bo_sync.core.model import ROLES
from bo_sync.forge.sticky_comment import Posted
from tests.docs.pages import ROOT, SAMPLES
from tests.support.process import bo_sync, write
from tests.support.repository import commit, repository

PAGE: Final = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
SHARED: Final = "Parts of several documents"
SECTIONS: Final = {
    title.strip("`"): set(re.findall(r"^\| `([^`]+)` \|", body, re.MULTILINE))
    for title, body in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
COMMANDS: Final = {
    "plan": (("plan",), ("plan", "--base", "main~1"), ("plan", "--today", "2099-07-01")),
    "validate": (("validate", "--base", "main~1"), ("validate", "--base", "main~2")),
    "users": (("users",), ("users", "--live")),
    "show": (("show", "jane.doe@example.com"), ("show", "mei.lin@example.com")),
    "who-can": (
        ("who-can", "orderUpdate", "--indirect"),
        ("who-can", "apiKeys", "--indirect"),
        ("who-can", "addressesByCompanyId"),
        ("who-can", "authentication"),
    ),
    "needs": (
        ("needs", "orderUpdate", "Orders > Carriers"),
        ("needs", "cartUpdate", "attributeUpdate"),
        ("needs", "authentication"),
        ("needs", "addressesByOrderId"),
        *(("needs", item) for item in ("Sales > Companies", "Orders > Carriers")),
    ),
    "matrix": (("matrix",), ("matrix", "--live"), ("matrix", "--diff-with", "live")),
    "diff": (("diff", "main~2", "main"),),
    "doctor": (("doctor",),),
    "apply": (
        ("apply", "--yes", "--allow", "max_user_deletes=9"),
        ("apply", "--yes", "--only", "omar.haddad@example.com"),
        ("apply", "stale.json", "--yes"),
    ),
    "journal": (("journal",), ("journal", "latest")),
    "catalogue diff": (("catalogue", "diff", "old.csv", "new.csv"),),
}
DELETES: Final = "max_user_deletes=1"
LATER: Final = {
    "plan": (("plan", "--today", "2099-06-15"), ("plan", "--today", "2099-07-01")),
    "validate": (("validate", "-C", "broken"),),
    "apply": (
        ("apply", "--yes", "--only", "ingrid.solberg@example.com"),
        ("apply", "--yes", "--only", "omar.*@example.com", "--only", "*.solberg@example.com", "--allow", DELETES),
    ),
    "journal": (("journal",), ("journal", "latest")),
}
"""What the hub holds by then, and files that are not as they should be; then runs that create, change and delete."""
LEAVES: Final = {
    "users/catalogue/ingrid.solberg.yaml": "email: ingrid.solberg@example.com\nstate: absent\n",
    "users/admins/omar.haddad.yaml": "email: omar.haddad@example.com\nfirst_name: Omar\nlast_name: Haddad\n"
    "job: Architect\npreset: full-admin\nmodules: {api_keys: none}\n",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which users, guards, policies and files change from commit to commit."""
    found = [path for name in SAMPLES for path in _files(ROOT / name)]
    files = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in found}
    tree = repository(tmp_path_factory.mktemp("documents"), files)
    order_desk = "email: tomas.novak@example.com\nfirst_name: Tomas\nlast_name: Novak\npreset: order-desk\n"
    settings = "defaults: {language: nl}\nemail_domains: [example.com]\n"
    commit(
        tree, {"bo-sync.yaml": settings, "users/orders/tomas.novak.yaml": order_desk + "modules: {pricing: editor}\n"}
    )
    editor = "until: 2099-01-01\nmodules: {roles_permissions: {access: editor, until: 2099-06-30}}\n"
    commit(tree, {"users/orders/tomas.novak.yaml": order_desk + editor, "users/finance/yusuf.demir.yaml": None})
    return tree


def _files(place: Path) -> list[Path]:
    return sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]


@pytest.fixture(scope="module")
def observed(root: Path) -> Mapping[str, set[str]]:
    """The keys that each command's documents have; `apply` comes last but for its journal."""
    found: dict[str, set[str]] = {}
    bo_sync(root, "plan", "--out", "stale.json")
    first, head, *operations = (ROOT / "src/bo_sync/access/operations.csv").read_text(encoding="utf-8").splitlines(True)
    tables = {"old.csv": operations[::2], "new.csv": operations[100:]}
    write(root, {name: "".join((first, head, *lines)) for name, lines in tables.items()})
    write(root, {"broken/users/jane.yaml": "email: jane@example.com\n"})
    for name, calls in (*COMMANDS.items(), *LATER.items()):
        for call in calls:
            if DELETES in call:
                write(root, LEAVES)
            ran = bo_sync(root, *call, "--format", "json")
            assert ran.out, (call, ran.err)
            found.setdefault(name, set()).update(_keys(json.loads(ran.out)))
    return found


def _keys(value: object, path: str = "") -> Iterator[str]:
    """The path of every value, an empty mapping or list among them; a role's name is ROLE, a guardrail's GUARDRAIL."""
    match value:
        case dict() if value:
            for key, inner in value.items():
                name = "ROLE" if key in ROLES else "GUARDRAIL" if key in NUMERIC else key
                yield from _keys(inner, f"{path}.{name}" if path else name)
        case list() if value:
            for inner in value:
                yield from _keys(inner, f"{path}[]")
        case _:
            yield path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_key_of_a_document_is_explained(command: str, observed: Mapping[str, set[str]]) -> None:
    explained = SECTIONS[command] | SECTIONS[SHARED]
    unexplained = {key for key in observed[command] - explained if not _is_above(key, explained)}
    assert unexplained == set()


def _is_above(key: str, explained: set[str]) -> bool:
    """Whether what is inside `key` is explained: a mapping or a list that is empty here, or null."""
    return any(each.startswith((f"{key}.", f"{key}[]")) for each in explained)


def test_every_command_that_prints_json_is_looked_at() -> None:
    asked = {path for path, command in _commands(cli) if _prints_json(command)}
    assert asked - set(COMMANDS) == {"comment"}
    keys = set(json.loads(_told(Posted("created", None), "somewhere", "json")))
    assert keys == SECTIONS["comment"] | {"format_version"}


def _commands(group: click.Command, path: str = "") -> Iterator[tuple[str, click.Command]]:
    if not isinstance(group, click.Group):
        yield path, group
        return
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield from _commands(command, f"{path} {name}".strip())


def _prints_json(command: click.Command) -> bool:
    types = (option.type for option in command.params if option.name == "form")
    return any(isinstance(form, click.Choice) and "json" in form.choices for form in types)


def test_every_key_that_is_explained_was_seen_but_for_those_of_rare_cases(observed: Mapping[str, set[str]]) -> None:
    seen = {command: keys | observed["plan"] | observed["validate"] for command, keys in observed.items()}
    unseen = {f"{command}: {key}" for command in COMMANDS for key in SECTIONS[command] - seen[command]}
    shared = {key for key in SECTIONS[SHARED] if not any(key in keys for keys in observed.values())}
    assert unseen == RARE
    assert shared == set()


RARE: Final = {
    "apply: invitations[].email",  # end_to_end/test_invite.py reads all three
    "apply: invitations[].error",
    "apply: invitations[].outcome",
    *(f"apply: owners.{key}" for key in ("command", "least", "left")),  # null unless owners are missing
    *(f"catalogue diff: {key}[]" for key in ("annotated", "conditions", "deprecated", "vanished")),  # render goldens
    *(f"journal: chain.breaks[].{key}" for key in ("previous", "reason", "run")),  # journal/test_chain.py, as the forks
    *(f"journal: chain.forks[].{key}" for key in ("previous", "runs[]")),
    *(f"diff: users[].kept_grants[].{key}" for key in ("role", "before", "after")),  # end_to_end
    "journal: unknown[]",  # as those of the list of runs
    "journal: unreadable_lines[]",
    "journal: users[].before.other_grants[].access",  # journal/test_spelling.py
    "journal: users[].before.other_grants[].definition",
    "journal: runs[].unknown[]",  # end_to_end/test_journal.py
    "journal: runs[].unreadable_lines[]",  # journal/test_past.py reads such lines, journal/test_shown.py has the key
    "needs: alternatives[].platform.ROLE",  # goldens/needs.json
    "plan: changes[].duplicates[]",  # goldens/plan.json, as the rest
    "plan: changes[].expired[].role",
    "plan: changes[].expired[].until",
    "plan: unmanageable[].id",  # end_to_end/test_odd_users.py, as the next
    "plan: unmanageable[].reason",
    "plan: changes[].menu.closed[]",
    "plan: changes[].operations.lost[]",
}
"""Explained, and in none of these documents; other tests have them."""
