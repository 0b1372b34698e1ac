"""What a run knows of itself before it sends anything: the journal's first line."""

import getpass
import os
import socket
import sys
from dataclasses import dataclass

from bo_sync import __version__
from bo_sync.core.changes import Change, CreateUser
from bo_sync.core.document import digest, field_changes
from bo_sync.core.live import LiveIndex, LivePerson
from bo_sync.core.plan import Plan, action_of
from bo_sync.core.text import Text
from bo_sync.journal.entries import Before, Config, Header, OtherGrant, Person, PlannedGrant, Who


@dataclass(frozen=True, slots=True)
class Beginning:
    """What neither plan nor hub knows: the run's name, when it began (UTC), who runs it, which guardrails it may
    pass."""

    run: str
    started: Text
    who: Who
    allowed: tuple[tuple[str, int], ...] = ()


def header_of(plan: Plan, live: LiveIndex, beginning: Beginning) -> Header:
    """The header of a run of `plan`, which was made from `live`."""
    return Header(
        run=Text(beginning.run),
        version=Text(__version__),
        started=beginning.started,
        who=beginning.who,
        hub=Text(plan.hub.url),
        identity=Text(plan.hub.identity),
        tenant=plan.hub.tenant,
        config=Config(Text(plan.config.digest), plan.config.commit, plan.config.dirty),
        digest=Text(digest(plan)),
        allowed=tuple((Text(guardrail), number) for guardrail, number in beginning.allowed),
        people=tuple(_person(change, live) for change in plan.changes),
    )


def _person(change: Change, live: LiveIndex) -> Person:
    number = None if isinstance(change, CreateUser) else change.id
    found = None if number is None else live.by_id.get(number)
    return Person(
        email=change.email,
        action=action_of(change),
        id=number,
        profile=field_changes(change),
        grants=tuple(PlannedGrant(grant.role, grant.before, grant.after, grant.direction) for grant in change.grants),
        before=None if found is None else _before(found, live),
    )


def _before(person: LivePerson, live: LiveIndex) -> Before:
    known = {definition.id for definition in live.definitions.values()}
    return Before(
        email=person.user.email,
        profile=person.user.profile,
        grants=tuple((role, person.grants[role]) for role in live.definitions if role in person.grants),
        others=tuple(
            OtherGrant(Text(row.definition_id), row.access)
            for row in person.user.rows
            if row.definition_id not in known and row.access
        ),
    )


def who_runs(viewer: Text | None) -> Who:
    """The person whose session runs, as the hub says, and the account and machine, as the system says.

    With a key alone the hub knows no person, so the account on the machine is all that can be said.
    """
    return Who(viewer, Text(_account()), Text(socket.gethostname()))


if sys.platform == "win32":

    def _account() -> str:
        """The name under which somebody is logged in."""
        try:
            return getpass.getuser()
        except (OSError, KeyError):
            return "unknown"

else:
    import pwd

    def _account() -> str:
        """The name of the process's account, by its number, since an environment can say anything."""
        number = os.getuid()
        try:
            return pwd.getpwuid(number).pw_name
        except KeyError:
            return f"uid {number}"
