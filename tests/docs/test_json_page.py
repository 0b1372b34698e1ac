"""docs/json.md has every key that a document has."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from bo_sync.core.model import ROLES
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
    "plan": (("plan",), ("plan", "--today", "2099-07-01")),
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
}
LATER: Final = {
    "plan": (("plan", "--today", "2099-06-15"), ("plan", "--today", "2099-07-01")),
    "validate": (("validate", "-C", "broken"),),
}
"""What the hub holds by then, and files that are not as they should be."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which people, guards, policies and files change from commit to commit."""
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
    write(root, {"broken/users/jane.yaml": "email: jane@example.com\n"})
    for name, calls in (*COMMANDS.items(), *LATER.items()):
        for call in calls:
            ran = bo_sync(root, *call, "--format", "json")
            assert ran.out, (call, ran.err)
            found.setdefault(name, set()).update(_keys(json.loads(ran.out)))
    return found


def _keys(value: object, path: str = "") -> Iterator[str]:
    """The path of every value that is neither a mapping nor a list with things in it; a role's name is ROLE."""
    match value:
        case dict():
            for key, inner in value.items():
                name = "ROLE" if key in ROLES else key
                yield from _keys(inner, f"{path}.{name}" if path else name)
        case list():
            for inner in value:
                yield from _keys(inner, f"{path}[]")
        case _:
            yield path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_key_of_a_document_is_explained(command: str, observed: Mapping[str, set[str]]) -> None:
    assert observed[command] - SECTIONS[command] - SECTIONS[SHARED] == set()


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
    "journal: runs[].allowed",  # a mapping by guardrail: end_to_end/test_guardrails_exactly.py reads it
    "journal: runs[].unknown[]",  # end_to_end/test_journal.py
    "journal: runs[].unreadable_lines[]",  # journal/test_past.py reads such lines, journal/test_shown.py has the key
    "needs: alternatives[].platform.ROLE",  # goldens/needs-all.json
    "plan: changes[].expired[].role",  # goldens/plan-said-by-own-entries.json, as the rest
    "plan: changes[].expired[].until",
    "plan: unmanageable[].id",  # end_to_end/test_odd_users.py, as the next
    "plan: unmanageable[].reason",
    "plan: changes[].menu.closed[]",
    "plan: changes[].operations.lost[]",
}
"""Explained, and in none of these documents; other tests have them."""
