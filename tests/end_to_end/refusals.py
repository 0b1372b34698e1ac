"""One state of files and hub for each guardrail that refuses, and what is printed then, line by line.

The tests run `plan` and `apply` on them; docs/guardrails.md quotes what they print, and is held to it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bo_sync.core.guardrails import Basis, GuardrailResult
from bo_sync.render.guardrails import measure_of
from bo_sync.sandbox.population import SESSION_TOKEN, Population, RoleShape, UserRecord, baseline_population
from tests.config.trees import tree
from tests.end_to_end.world import TODAY, file, rows, user

SESSION: Final = {"BO_SYNC_SESSION_TOKEN": SESSION_TOKEN}
IDLE: Final[dict[str, str | int]] = {
    "empty": "1 person in the files, at least 1",
    "email_change": "0 uncertain identities, none allowed",
    "ambiguous_address": "0 ambiguous addresses, none allowed",
    "protected": "0 protected people changed, none allowed",
    "self": "0 losses of whoever runs this, none allowed",
    "min_role_owners": "1 owner of Roles & permissions left, at least 2; already fewer, and not made worse",
    "max_user_deletes": 0,
    "max_access_losses": 0,
    "max_grant_losses": 0,
    "max_expiries": 0,
}
"""Every guardrail in order, and what it says, or counts, where nothing is wrong."""
GUARDRAILS: Final = tuple(IDLE)


@dataclass(frozen=True, slots=True)
class State:
    """Files, and the users beside the hub's first one; `session`: the hub's first user runs the commands."""

    files: Mapping[str, str]
    live: tuple[UserRecord, ...] = ()
    session: bool = False

    @property
    def population(self) -> Population:
        """Two loads of it are one hub: the first user, a part of the hub's identity, was created at one moment."""
        start = baseline_population()
        first: list[UserRecord] = [{**user, "createdAt": "2024-01-01T00:00:00.000Z"} for user in start["users"]]
        return {**start, "users": [*first, *self.live]}

    @property
    def env(self) -> Mapping[str, str]:
        return SESSION if self.session else {}

    def but(self, **files: str) -> "State":
        """The same with other files, by their name in users/ without its end."""
        return replace(self, files={**self.files, **{f"users/{name}.yaml": text for name, text in files.items()}})


@dataclass(frozen=True, slots=True)
class Refusal:
    """What refuses `state`: what the guardrail says, from its name to the way past it, and how the others stand.

    `talk` is what stderr says of the files.
    """

    state: State
    said: tuple[str, ...]
    others: Mapping[str, str | int]
    talk: str = ""

    @property
    def told(self) -> tuple[str, ...]:
        return printed(self.said)

    def block(self, guardrail: str, told: Iterable[str] | None = None) -> str:
        """The whole block of guardrails that `plan` and `apply` print last; `told` in place of the refusing lines."""
        lines = [f"Guardrails: 1 of {len(GUARDRAILS)} refuses this plan"]
        for name in GUARDRAILS:
            lines += (told or self.told) if name == guardrail else [f"  ok       {name:<17}  {self._other(name)}"]
        return "\n".join((*lines, ""))

    def _other(self, name: str) -> str:
        """What a guardrail says that does not refuse; of a limit, what it counts is enough."""
        said = self.others[name]
        return said if isinstance(said, str) else measured(self.state, name, said)


def measured(state: State, name: str, actual: int) -> str:
    """What a limit says, with its arithmetic for the population of `state`."""
    users = state.population["users"]
    held = [[row["definition"] for row in user.get("roles", []) if row["access"] != "NONE"] for user in users]
    populations = {
        "max_access_losses": sum(not {"sales", "backoffice"}.isdisjoint(names) for names in held),
        "max_grant_losses": sum(map(len, held)),
    }
    basis = Basis(getattr(tree(state.files).settings.guardrails, name), populations.get(name, len(users)))
    return measure_of(GuardrailResult(name, actual, basis.limit.of(basis.population), ok=True, basis=basis))


@dataclass(frozen=True, slots=True)
class Numbered:
    """A guardrail that a number passes: also a state that it just allows, with what it says of it, and two overrides.

    `too_small` is one short of `enough`.
    """

    refusal: Refusal
    just_allowed: State
    allowed_line: str
    too_small: int
    enough: int

    @property
    def refused_anyway(self) -> str:
        return self._overridden("REFUSED", self.too_small)

    @property
    def passed(self) -> str:
        return self._overridden("ok", self.enough)

    def _overridden(self, verdict: str, number: int) -> str:
        """The line of the guardrail where an override is its limit."""
        _, name, told = self.refusal.said[0].split(maxsplit=2)
        said = re.sub(r"(limit|at least) \d.*", rf"\1 {number} (--allow {name}={number})", told)
        return f"  {verdict:<7}  {name:<17}  {said}"


def printed(said: Sequence[str]) -> tuple[str, ...]:
    """What a guardrail says, with all but the first line below its name."""
    return (said[0], *(" " * 11 + line for line in said[1:]))


def one(name: str, *lines: str) -> str:
    """The file of a user at example.com."""
    return file(f"{name}@example.com", *lines, first=name.title(), last="Smith")


def many(*names: str) -> str:
    """A file with a list of users at example.com who have no access."""
    entries = (f"- {{email: {name}@example.com, first_name: {name.title()}, last_name: Smith}}\n" for name in names)
    return f"users:\n{''.join(entries)}"


def _entry(name: str, more: str = "") -> str:
    given = f"- {{email: {name}@example.com, first_name: {name.title()}, last_name: Smith"
    return f"{given}, {more}}}\n" if more else f"{given}}}\n"


def lives(name: str, *roles: RoleShape, **fields: str | None) -> UserRecord:
    """The same user in the hub."""
    return user(f"{name}@example.com", *roles, **{"firstName": name.title(), "lastName": "Smith", **fields})


def others(**told: str | int) -> dict[str, str | int]:
    """What the guardrails say that do not refuse: `told`, or that there is nothing to tell."""
    return IDLE | told


OWNER: Final = rows(backoffice="OWNER", role="OWNER")
OWNS: Final = ("platform: {backoffice: true}", "modules: {roles_permissions: owner}")
_OWNERS: Final = State(
    {
        "bo-sync.yaml": "guardrails: {min_role_owners: 3}\n",
        "users/ann.yaml": one("ann", "platform: {backoffice: true}", "modules: {roles_permissions: editor}"),
        "users/ben.yaml": one("ben", "modules: {roles_permissions: owner}"),
        "users/cat.yaml": "email: cat@example.com\nstate: absent\n",
    },
    (lives("ann", *OWNER), lives("ben", *OWNER), lives("cat", *OWNER)),
)
_OWNERS_TOLD: Final = (
    "! ann@example.com  would no longer own Roles & permissions with Backoffice on  users/ann.yaml:1",
    "! ben@example.com  would no longer own Roles & permissions with Backoffice on  users/ben.yaml:1",
    "! cat@example.com  would no longer own Roles & permissions with Backoffice on  users/cat.yaml:1",
    "way past: if this is meant, pass --allow min_role_owners=1",
)
_DELETES: Final = State(
    {
        "bo-sync.yaml": "unmanaged: delete\nprotect: [break-glass@example.com]\n",
        "users/dan.yaml": "email: dan@example.com\nstate: absent\n",
        "users/eve.yaml": "email: eve@example.com\nstate: absent\n",
        "users/team.yaml": many("ann", "ben", "cat", "gus", "hal", "ivy"),
    },
    tuple(map(lives, ("ann", "ben", "cat", "dan", "eve", "fay", "gus", "hal", "ivy"))),
)
_DELETES_TOLD: Final = (
    "! dan@example.com  would be deleted: state: absent  users/dan.yaml:1",
    "! eve@example.com  would be deleted: state: absent  users/eve.yaml:1",
    "! fay@example.com  would be deleted: no file (unmanaged: delete)",
    "way past: if this is meant, pass --allow max_user_deletes=3",
)
_LOSSES: Final = State(
    {
        "bo-sync.yaml": "guardrails: {max_grant_losses: 2}\n",
        "users/ann.yaml": one("ann", "modules: {pricing: viewer}"),
        "users/ben.yaml": one("ben"),
    },
    (lives("ann", *rows(pricing="OWNER", order="VIEWER")), lives("ben", *rows(sales="OWNER"))),
)
_LOSSES_TOLD: Final = (
    "! ann@example.com  pricing owner → viewer  users/ann.yaml:1",
    "! ann@example.com  order_data viewer → none  users/ann.yaml:1",
    "! ben@example.com  sales_hub owner → none  users/ben.yaml:1",
    "way past: if this is meant, pass --allow max_grant_losses=3",
)
_ON: Final = "platform: {backoffice: true}"
_AREAS: Final = State(
    {"users/team.yaml": many("ann", "ben", "cat"), "users/dan.yaml": one("dan", _ON)},
    tuple(lives(name, *rows(backoffice="OWNER")) for name in ("ann", "ben", "cat", "dan")),
)
_AREAS_TOLD: Final = (
    "! ann@example.com  would lose the last platform area: backoffice  users/team.yaml:2",
    "! ben@example.com  would lose the last platform area: backoffice  users/team.yaml:3",
    "! cat@example.com  would lose the last platform area: backoffice  users/team.yaml:4",
    "way past: if this is meant, pass --allow max_access_losses=3",
)
_ENDED: Final = "modules: {pricing: {access: owner, until: 2026-06-14}}"
_EXPIRIES: Final = State(
    {
        "bo-sync.yaml": "guardrails: {max_expiries: 2}\n",
        "users/ann.yaml": one("ann", _ENDED),
        "users/ben.yaml": one("ben", _ENDED),
        "users/eve.yaml": one("eve", "until: 2026-06-14"),
    },
    (lives("ann", *rows(pricing="OWNER")), lives("ben", *rows(pricing="OWNER")), lives("eve")),
)
_EXPIRIES_TOLD: Final = (
    "! ann@example.com  pricing owner → none: its `until` has passed  users/ann.yaml:1",
    "! ben@example.com  pricing owner → none: its `until` has passed  users/ben.yaml:1",
    "! eve@example.com  would be deleted: its `until` has passed  users/eve.yaml:1",
    "way past: if this is meant, pass --allow max_expiries=3",
)

NUMBERED: Final[dict[str, Numbered]] = {
    "min_role_owners": Numbered(
        Refusal(
            _OWNERS,
            ("  REFUSED  min_role_owners    1 owner of Roles & permissions left, at least 3", *_OWNERS_TOLD),
            others(
                empty="3 people in the files, at least 1", max_user_deletes=1, max_grant_losses=2, max_access_losses=1
            ),
        ),
        just_allowed=_OWNERS.but(ann=one("ann", *OWNS), ben=one("ben", *OWNS)),
        allowed_line="  ok       min_role_owners    3 owners of Roles & permissions left, at least 3",
        too_small=2,
        enough=1,
    ),
    "max_user_deletes": Numbered(
        Refusal(
            _DELETES,
            ("  REFUSED  max_user_deletes   3 deletions, limit 2 (20 % of 10 is 2)", *_DELETES_TOLD),
            others(empty="8 people in the files, at least 1"),
        ),
        just_allowed=_DELETES.but(eve=one("eve", f"until: {TODAY}")),
        allowed_line="  ok       max_user_deletes   2 deletions, limit 2 (20 % of 10 is 2)",
        too_small=2,
        enough=3,
    ),
    "max_access_losses": Numbered(
        Refusal(
            _AREAS,
            (
                "  REFUSED  max_access_losses  3 users without any platform area left, limit 1 (20 % of 5 is 1)",
                *_AREAS_TOLD,
            ),
            others(empty="4 people in the files, at least 1", max_grant_losses=3),
        ),
        just_allowed=_AREAS.but(team=f"users:\n{_entry('ann', _ON)}{_entry('ben', _ON)}{_entry('cat')}"),
        allowed_line="  ok       max_access_losses  1 user without any platform area left, limit 1 (20 % of 5 is 1)",
        too_small=2,
        enough=3,
    ),
    "max_grant_losses": Numbered(
        Refusal(
            _LOSSES,
            ("  REFUSED  max_grant_losses   3 grants lowered or revoked, limit 2", *_LOSSES_TOLD),
            others(empty="2 people in the files, at least 1", max_access_losses=1),
        ),
        just_allowed=_LOSSES.but(ben=one("ben", "platform: {sales_hub: true}")),
        allowed_line="  ok       max_grant_losses   2 grants lowered or revoked, limit 2",
        too_small=2,
        enough=3,
    ),
    "max_expiries": Numbered(
        Refusal(
            _EXPIRIES,
            ("  REFUSED  max_expiries       3 expired accounts and grants, limit 2", *_EXPIRIES_TOLD),
            others(empty="3 people in the files, at least 1"),
        ),
        just_allowed=_EXPIRIES.but(eve=one("eve", f"until: {TODAY}")),
        allowed_line="  ok       max_expiries       2 expired accounts and grants, limit 2",
        too_small=2,
        enough=3,
    ),
}

_NEVER: Final = "way past: nothing passes this guardrail; each row says what to do"
ABSOLUTE: Final[dict[str, tuple[str, Refusal]]] = {
    "no user files": (
        "empty",
        Refusal(
            State({"bo-sync.yaml": "unmanaged: report\n", "users/_draft.yaml": one("ann")}, (lives("ann"),)),
            (
                "  REFUSED  empty              0 people in the files, at least 1",
                "way past: add at least one file to users/; to remove people, give their files `state: absent`",
            ),
            others(),
            "users:1:1: warning: no user files; expected one file a person in users/: `bo-sync pull` writes them\n",
        ),
    ),
    "an id that is somebody else's": (
        "email_change",
        Refusal(
            State(
                {
                    "users/jane.yaml": one("j.smith", "id: 1002"),
                    "users/ben.yaml": one("ben", "id: 77"),
                    "users/cat.yaml": one("cat", "id: 78"),
                },
                (lives("jane"), lives("ben")),
            ),
            (
                "  REFUSED  email_change       3 uncertain identities, none allowed",
                (
                    "! ben@example.com      ben@example.com has id 1003 in the hub, not 77: deleted and made "
                    "anew; check that this is the same person, then drop `id`  users/ben.yaml:1"
                ),
                (
                    "! cat@example.com      the hub has neither id 78 nor cat@example.com; to create this "
                    "person anew, drop `id`  users/cat.yaml:1"
                ),
                (
                    "! j.smith@example.com  id 1002 is jane@example.com in the hub, not j.smith@example.com; "
                    "an address cannot change: keep the file of jane@example.com with `state: absent`, and add a file "
                    "without `id` for j.smith@example.com  users/jane.yaml:1"
                ),
                _NEVER,
            ),
            others(empty="3 people in the files, at least 1"),
        ),
    ),
    "a new person who looks like one without a file": (
        "email_change",
        Refusal(
            State(
                {
                    "users/jane.yaml": file("jane.smith@example.com", "language: en", first="Jane", last="Smith"),
                    "users/ben.yaml": file(
                        "ben.jones@example.com", "phone: +31 20 555 0142", "language: en", first="Ben", last="Jones"
                    ),
                },
                (lives("jane"), lives("ben", phone="(31) 20-5550142")),
            ),
            (
                "  REFUSED  email_change       2 uncertain identities, none allowed",
                (
                    "! ben.jones@example.com   has the same phone and first name as ben@example.com (id 1003), "
                    "who is in the hub without a file; an address cannot change: add a file for ben@example.com with "
                    "`state: absent`, beside the one for ben.jones@example.com; are they two people, give "
                    "ben@example.com a file of their own  users/ben.yaml:1"
                ),
                (
                    "! jane.smith@example.com  has the same first and last name as jane@example.com (id 1002), "
                    "who is in the hub without a file; an address cannot change: add a file for jane@example.com with "
                    "`state: absent`, beside the one for jane.smith@example.com; are they two people, give "
                    "jane@example.com a file of their own  users/jane.yaml:1"
                ),
                _NEVER,
            ),
            others(empty="2 people in the files, at least 1"),
        ),
    ),
    "two users with one address": (
        "ambiguous_address",
        Refusal(
            State(
                {
                    "users/ann.yaml": one("ann", "phone: '2'"),
                    "users/ben.yaml": "email: ben@example.com\nstate: absent\n",
                },
                (
                    user("Ann@example.com"),
                    user("ANN@example.com"),
                    user("ben@example.com", *rows(pricing="OWNER")),
                    user("Ben@example.com"),
                ),
            ),
            (
                "  REFUSED  ambiguous_address  2 ambiguous addresses, none allowed",
                (
                    "! ann@example.com  is the address of several users in the hub (id 1002, id 1003): "
                    "add the `id` of the right one  users/ann.yaml:1"
                ),
                (
                    "! ben@example.com  id 1004 cannot be deleted: the hub deletes by address, "
                    "which is also that of id 1005  users/ben.yaml:1"
                ),
                "way past: add `id` to the file, or delete the other user in the backoffice; each row says which",
            ),
            others(empty="2 people in the files, at least 1", max_grant_losses=1),
        ),
    ),
    "a protected person": (
        "protected",
        Refusal(
            State(
                {
                    "bo-sync.yaml": "protect: ['*@vendor.example', Ann@Example.com]\n",
                    "users/ann.yaml": one("ann", "until: 2026-12-31"),
                    "users/ben.yaml": file("ben@vendor.example", "until: 2026-06-14", first="Ben", last="Smith"),
                },
                (lives("ann"), user("ben@vendor.example", firstName="Ben", lastName="Smith")),
            ),
            (
                "  REFUSED  protected          2 protected people changed, none allowed",
                "! ben@vendor.example  is protected, yet would be deleted  users/ben.yaml:1",
                "! ann@example.com     is protected, yet its account ends after 2026-12-31  users/ann.yaml:1",
                (
                    "way past: nothing passes this guardrail: correct the file, or the entry of `protect` in "
                    "bo-sync.yaml, in a reviewed change"
                ),
            ),
            others(empty="2 people in the files, at least 1", max_expiries=1),
        ),
    ),
    "the person who runs it, lowered": (
        "self",
        Refusal(
            State(
                {
                    "bo-sync.yaml": "guardrails: {min_role_owners: 1}\n",
                    "users/me.yaml": file(
                        "break-glass@example.com", "modules: {roles_permissions: editor}", first="Break", last="Glass"
                    ),
                },
                (lives("ann", *OWNER),),
                session=True,
            ),
            (
                "  REFUSED  self               2 losses of whoever runs this, none allowed",
                (
                    "! break-glass@example.com  is the person whose session runs, and would lose "
                    "roles_permissions  users/me.yaml:1"
                ),
                (
                    "! break-glass@example.com  is the person whose session runs, and would lose backoffice  "
                    "users/me.yaml:1"
                ),
                "way past: nothing passes this guardrail: let somebody else, or an API key, run it",
            ),
            others(
                min_role_owners="1 owner of Roles & permissions left, at least 1",
                max_grant_losses=11,
                max_access_losses=1,
            ),
        ),
    ),
}
REFUSALS: Final[dict[str, tuple[str, Refusal]]] = {
    **{f"{guardrail}, by number": (guardrail, case.refusal) for guardrail, case in NUMBERED.items()},
    **ABSOLUTE,
}
