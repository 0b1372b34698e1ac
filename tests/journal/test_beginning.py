"""The first line says who ran what, and everything that somebody needs who wants it undone."""

import os
import pwd
import socket

from bo_sync import __version__
from bo_sync.core.model import Access, Role
from bo_sync.core.plan_digest import digest
from bo_sync.core.text import Text
from bo_sync.journal.records import Before, OtherGrant, Who
from bo_sync.journal.writer import who_runs
from tests.journal.samples import ADA, BOB, CY, STARTED, WHO, a_header, a_plan, live_index
from tests.support.users import full_profile


def test_a_header_has_the_plan_the_files_and_the_overrides() -> None:
    header, plan = a_header(), a_plan()
    assert (header.version, header.started, header.who) == (Text(__version__), STARTED, WHO)
    assert header.hub == Text(plan.hub.url)
    assert header.digest == Text(digest(plan))
    assert (header.config.digest, header.config.commit, header.config.dirty) == (
        Text(plan.config.digest),
        plan.config.commit,
        plan.config.dirty,
    )
    assert header.allowed == ((Text("max_user_deletes"), 3),)


def test_each_user_stands_with_all_that_they_were() -> None:
    ada, bob, cy = a_header().users
    assert (ada.email, ada.action, ada.id, ada.before) == (Text(ADA), "create", None, None)
    assert (bob.email, bob.action, bob.id) == (Text(BOB), "update", 7)
    assert bob.before == Before(
        Text(BOB),
        full_profile(first_name="Bob", last_name="B", phone="1"),
        ((Role("pricing"), Access.VIEWER), (Role("order_data"), Access.OWNER)),
    )
    assert (cy.email, cy.action, cy.id) == (Text(CY), "delete", 8)
    assert cy.before is not None
    assert cy.before.others == (OtherGrant(Text("definition-loyalty"), Access.EDITOR),)
    assert live_index().by_id[8].user.profile == cy.before.profile


def test_who_runs_is_the_sessions_user_the_account_and_the_machine() -> None:
    account, machine = Text(pwd.getpwuid(os.getuid()).pw_name), Text(socket.gethostname())
    assert who_runs(None) == Who(None, account, machine)
    assert who_runs(Text("boss@example.com")) == Who(Text("boss@example.com"), account, machine)
