"""Two states of the files for each thing that `validate --base` refuses or lets pass, and what it prints of them.

The tests commit them to a real repository and compare; docs/guardrails.md quotes what is printed, and is held to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.end_to_end.refusals import many, one, printed
from tests.end_to_end.world import file

JANE: Final = file("jane@example.com", "id: 1042", "job: Account manager", first="Jane", last="Doe")
RENAMED: Final = file("j.roe@example.com", "job: Account manager", first="Jane", last="Roe")
BEN: Final = one("ben")
_CHANGED: Final = "  REFUSED  email_change  1 uncertain identity, none allowed"
_REMOVED: Final = "  REFUSED  removed_file  1 person without a file since the base, none allowed"
_EACH_ROW: Final = "way past: nothing passes this guardrail; each row says what to do"
_KEEP: Final = "way past: nothing passes this guardrail: keep the file with `state: absent`, or set `unmanaged: delete`"
_JANE_IS_GONE: Final = (
    _REMOVED,
    (
        "! jane@example.com  has an entry at the base (users/jane.yaml:1) and none now, so would keep all access: keep "
        "users/jane.yaml for jane@example.com with `state: absent`, or set `unmanaged: delete` in bo-sync.yaml  "
        "users/jane.yaml:1"
    ),
    _KEEP,
)


@dataclass(frozen=True, slots=True)
class History:
    """The files at the base and now (None: the file is gone); what refuses them, or nothing; the guards weakened.

    `users` are those in the files now. `said` begins with the line of the guardrail that refuses.
    """

    base: Mapping[str, str]
    now: Mapping[str, str | None]
    users: int
    said: tuple[str, ...] = ()
    weakened: tuple[str, ...] = ()

    def text(self, commit: str) -> str:
        """All that `validate --base main` prints, with `main` at `commit`."""
        lines = [f"Guards loosened since main ({commit})", *self.weakened, ""] if self.weakened else []
        if not self.said:
            lines += [f"Compared with main ({commit}): 3 guardrails checked, none refuses.", "", "No problems.", ""]
            return "\n".join(lines)
        noun = "person" if self.users == 1 else "people"
        empty = f"  ok       empty         {self.users} {noun} in the files, at least 1"
        fine = {
            "email_change": "  ok       email_change  0 uncertain identities, none allowed",
            "removed_file": "  ok       removed_file  0 people without a file since the base, none allowed",
        }
        refusing = self.said[0].split()[1]
        lines += [f"Guardrails: 1 of 3 refuses these files, compared with main ({commit})", empty]
        for guardrail, line in fine.items():
            lines += printed(self.said) if guardrail == refusing else [line]
        return "\n".join((*lines, "", f"No problems. Refused by {refusing}.", ""))


HISTORIES: Final = {
    "the same file names another address": History(
        {"users/jane.yaml": JANE, "users/ben.yaml": BEN},
        {"users/jane.yaml": RENAMED},
        2,
        (
            _CHANGED,
            (
                "! j.roe@example.com  stands in the file of jane@example.com at the base (users/jane.yaml:1); an "
                "address cannot change: keep users/jane.yaml for jane@example.com with `state: absent`, and add "
                "users/j.roe.yaml for j.roe@example.com  users/jane.yaml:1"
            ),
            _EACH_ROW,
        ),
    ),
    "the file is renamed, and its address changed": History(
        {"users/jane.yaml": JANE, "users/ben.yaml": BEN},
        {"users/jane.yaml": None, "users/sales/roe.yaml": RENAMED},
        2,
        (
            _CHANGED,
            (
                "! j.roe@example.com  is in the renamed file of jane@example.com at the base (users/jane.yaml:1); "
                "an address cannot change: keep users/jane.yaml for jane@example.com with `state: absent`, and leave "
                "users/sales/roe.yaml to j.roe@example.com  users/sales/roe.yaml:1"
            ),
            _EACH_ROW,
        ),
    ),
    "in a list, a full name that is there once has another address": History(
        {"users/team.yaml": many("ann", "ben", "cat")},
        {"users/team.yaml": many("cat", "ann", "ben").replace("ben@", "benjamin@")},
        3,
        (
            _CHANGED,
            (
                "! benjamin@example.com  has the first and last name of ben@example.com at the base "
                "(users/team.yaml:3); an address cannot change: keep the entry of ben@example.com in users/team.yaml "
                "with `state: absent`, and let benjamin@example.com stand beside it  users/team.yaml:4"
            ),
            _EACH_ROW,
        ),
    ),
    "two people change addresses": History(
        {"users/jane.yaml": JANE, "users/ben.yaml": BEN},
        {"users/jane.yaml": JANE.replace("jane@", "ben@"), "users/ben.yaml": BEN.replace("ben@", "jane@")},
        2,
        (
            "  REFUSED  email_change  2 uncertain identities, none allowed",
            (
                "! ben@example.com   has the id 1042 of jane@example.com at the base (users/jane.yaml:1); an address "
                "cannot change: leave the id 1042 to jane@example.com, now at users/ben.yaml:1; is ben@example.com a "
                "new address of theirs, give jane@example.com `state: absent`, and ben@example.com an entry of its "
                "own, without `id`  users/jane.yaml:1"
            ),
            (
                "! jane@example.com  stands in the file of ben@example.com at the base (users/ben.yaml:1); an address "
                "cannot change: leave users/ben.yaml to ben@example.com, or give them their names or `id` at "
                "users/jane.yaml:1; is jane@example.com a new address of theirs, give ben@example.com `state: absent`, "
                "and jane@example.com an entry of its own  users/ben.yaml:1"
            ),
            _EACH_ROW,
        ),
    ),
    "two users of a list exchange addresses": History(
        {"users/team.yaml": many("ann", "ben")},
        {"users/team.yaml": many("ann", "ben").replace("ann@", "x@").replace("ben@", "ann@").replace("x@", "ben@")},
        2,
        (
            "  REFUSED  email_change  2 uncertain identities, none allowed",
            (
                "! ann@example.com  has the first and last name of ben@example.com at the base (users/team.yaml:3); an "
                "address cannot change: give ben@example.com this user again, now at users/team.yaml:2; to correct the "
                "names alone, first pin the `id` of both users in a change of its own  users/team.yaml:3"
            ),
            (
                "! ben@example.com  has the first and last name of ann@example.com at the base (users/team.yaml:2); an "
                "address cannot change: give ann@example.com this user again, now at users/team.yaml:3; to correct the "
                "names alone, first pin the `id` of both users in a change of its own  users/team.yaml:2"
            ),
            _EACH_ROW,
        ),
    ),
    "a file is removed": History(
        {"users/jane.yaml": JANE, "users/ben.yaml": BEN}, {"users/jane.yaml": None}, 1, _JANE_IS_GONE
    ),
    "an entry is taken out of a list": History(
        {"users/team.yaml": many("ann", "ben")},
        {"users/team.yaml": many("ann")},
        1,
        (
            _REMOVED,
            (
                "! ben@example.com  has an entry at the base (users/team.yaml:3) and none now, so would keep all "
                "access: keep the entry of ben@example.com in users/team.yaml with `state: absent`, or set "
                "`unmanaged: delete` in bo-sync.yaml  users/team.yaml:3"
            ),
            _KEEP,
        ),
    ),
    "a file is removed where people without a file are deleted": History(
        {"bo-sync.yaml": "unmanaged: delete\n", "users/jane.yaml": JANE, "users/ben.yaml": BEN},
        {"users/jane.yaml": None},
        1,
    ),
    "a file moves to another folder": History(
        {"users/ben.yaml": BEN}, {"users/ben.yaml": None, "users/a/b.yml": BEN}, 1
    ),
    "the recipe for another address is followed": History(
        {"users/jane.yaml": JANE, "users/ben.yaml": BEN},
        {"users/jane.yaml": "email: jane@example.com\nstate: absent\n", "users/j.roe.yaml": RENAMED},
        3,
    ),
    "guards are loosened, and a file is removed": History(
        {
            "bo-sync.yaml": (
                "protect: [glass@example.com, '*@vendor.example']\nemail_domains: [example.com]\n"
                "hub_host: hub.example.com\nrole_definitions: {ticket: ticket}\n"
            ),
            "users/jane.yaml": JANE,
            "users/ben.yaml": BEN,
        },
        {
            "bo-sync.yaml": (
                "unmanaged: ignore\nprotect: ['*@vendor.example']\nemail_domains: [example.com, example.org]\n"
                "hub_host: other.example.com\n"
                "guardrails: {max_user_deletes: {percent: 50, floor: 9}, max_grant_losses: {floor: 99}, "
                "min_role_owners: 1}\n"
                "role_definitions: {ticket: support}\n"
            ),
            "users/jane.yaml": None,
        },
        1,
        _JANE_IS_GONE,
        weakened=(
            "  ! unmanaged: report → ignore",
            '  ! protect: "glass@example.com" → (not protected)',
            '  ! email_domains: (none) → "example.org"',
            '  ! hub_host: "hub.example.com" → "other.example.com"',
            "  ! guardrails.max_user_deletes.percent: 20 → 50",
            "  ! guardrails.max_user_deletes.floor: 1 → 9",
            "  ! guardrails.max_grant_losses.floor: 11 → 99",
            "  ! guardrails.min_role_owners: 2 → 1",
            "  ! role_definitions.ticket: ticket → support",
        ),
    ),
}
