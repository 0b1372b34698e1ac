"""`diff` reports as lost only what the hub will take: protected users and unmanaged roles keep their access."""

import json
from pathlib import Path
from typing import Final

import pytest

from tests.support.process import bo_sync
from tests.support.repository import commit, repository

TODAY: Final = ("--today", "2026-06-15")
BEN: Final = "email: ben@example.com\nfirst_name: Ben\nlast_name: Roe\n"
OWNER: Final = f"{BEN}modules: {{api_keys: owner}}\n"
PROTECT: Final = "protect: [ben@example.com]\n"
RAISED: Final = f"{BEN}modules: {{api_keys: owner, roles_permissions: owner}}\n"
TICKETS: Final = f"{BEN}modules: {{ticketing: owner, pricing: viewer}}\n"


UNMANAGED: Final = "the hub keeps it, because the role is not managed any more"
KEEPS: Final = "the hub keeps the account and all access (protected)"
REPORT: Final = "unmanaged: report\n"
OF_ROLE: Final = "1 person differs: 1 keeps access in an unmanaged role."
AS_PROTECTED: Final = "1 person differs: 1 keeps all access as protected."
WITHOUT_FILE: Final = "1 person differs: 1 keeps all access without a file."
LOWERED: Final = f"differs in the files (api_keys owner → none); {KEEPS}"
KEPT: Final = {
    "a known role that is mapped away": (
        *((REPORT, "role_definitions: {api_keys: apikeys}\n"), (OWNER, BEN)),
        (f"api_keys owner → none in the files; {UNMANAGED}", OF_ROLE),
    ),
    "an added role that is removed": (
        *(("role_definitions: {ticketing: ticket}\n", REPORT), (TICKETS, BEN + "modules: {pricing: viewer}\n")),
        (f"ticketing owner → none in the files; {UNMANAGED}", OF_ROLE),
    ),
    "a protected user whose grant is removed": ((PROTECT, PROTECT), (OWNER, BEN), (LOWERED, AS_PROTECTED)),
    "a user who becomes protected": ((REPORT, PROTECT), (OWNER, BEN), (LOWERED, AS_PROTECTED)),
    "a protected user who would be raised": (
        *((PROTECT, PROTECT), (OWNER, RAISED)),
        (f"differs in the files (roles_permissions none → owner); {KEEPS}", AS_PROTECTED),
    ),
    "a protected user who is absent": (
        *((PROTECT, PROTECT), (OWNER, "email: ben@example.com\nstate: absent\n")),
        (f"leaves the files; {KEEPS}", WITHOUT_FILE),
    ),
    "a protected user whose account expires": (
        *((PROTECT, PROTECT), (OWNER, f"{OWNER}until: 2026-06-14\n")),
        (f"leaves the files; {KEEPS}", WITHOUT_FILE),
    ),
}


@pytest.mark.parametrize(("settings", "entries", "told"), KEPT.values(), ids=KEPT)
def test_kept_is_not_lost(
    tmp_path: Path, settings: tuple[str, str], entries: tuple[str, str], told: tuple[str, str]
) -> None:
    root = repository(tmp_path / "root", {"users/ben.yaml": entries[0], "bo-sync.yaml": settings[0]})
    commit(root, {"users/ben.yaml": entries[1], "bo-sync.yaml": settings[1]})
    text = bo_sync(root, "diff", "HEAD~1", "HEAD", "--exit-code-on", "lost", *TODAY)
    assert (text.code, "Access lost" in text.out, "Needs attention" in text.out) == (0, False, True)
    assert all(each in text.out for each in told)
    (user,) = json.loads(bo_sync(root, "diff", "HEAD~1", "HEAD", "--format", "json", *TODAY).out)["users"]
    assert user["kept"] or user["kept_grants"]
    assert user["kept"] or user["lost"] == {"grants": [], "menu": [], "operations": []}
    assert ",kept," in bo_sync(root, "diff", "HEAD~1", "HEAD", "--format", "csv", *TODAY).out


def test_a_role_under_another_name_of_ours_is_still_managed(tmp_path: Path) -> None:
    files = {"users/ben.yaml": TICKETS, "bo-sync.yaml": "role_definitions: {ticketing: ticket}\n"}
    root = repository(tmp_path / "root", files)
    commit(
        root,
        {"users/ben.yaml": f"{BEN}modules: {{pricing: viewer}}\n", "bo-sync.yaml": "role_definitions: {t: ticket}\n"},
    )
    assert "ticketing owner → none" in bo_sync(root, "diff", "HEAD~1", "HEAD", *TODAY).out.partition("Access lost")[2]


def test_a_loss_beside_a_kept_grant_is_reported(tmp_path: Path) -> None:
    files = {"users/ben.yaml": TICKETS, "bo-sync.yaml": "role_definitions: {ticketing: ticket}\n"}
    root = repository(tmp_path / "root", files)
    commit(root, {"users/ben.yaml": BEN, "bo-sync.yaml": "unmanaged: report\n"})
    ran = bo_sync(root, "diff", "HEAD~1", "HEAD", "--exit-code-on", "lost", *TODAY)
    assert ran.code == 2
    assert "pricing viewer → none" in ran.out.partition("Access lost")[2]
    assert ran.out.endswith(
        "1 person differs: 1 keeps access in an unmanaged role, 1 loses access. 1 guard is loosened.\n"
    )
