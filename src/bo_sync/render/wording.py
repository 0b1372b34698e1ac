"""Wording shared by formats: counts, levels, quoted values, invitations."""

from collections.abc import Iterable
from dataclasses import dataclass

from bo_sync.core.apply_report import InvitationOutcome, InvitedUser, Report
from bo_sync.core.model import PLATFORM, Access, Role
from bo_sync.core.plan import HubFacts
from bo_sync.core.text import Message, Text, is_id_name


def counted(number: int, one: str, many: str = "") -> str:
    """`1 user`, `3 users`; without `many`, the plural is `one` with an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def users(number: int) -> str:
    return counted(number, "person", "people")


def listed(counts: Iterable[tuple[int, str]]) -> str:
    """`1 created, 2 updated`: the counts that are not zero."""
    return ", ".join(f"{number} {what}" for number, what in counts if number)


def level(role: Role, access: Access) -> str:
    """A level in words: on or off for platform areas, else as in our files."""
    if role in PLATFORM:
        return "on" if access else "off"
    return access.word


def step(role: Role, before: Access, after: Access) -> str:
    """`viewer → editor`, `off → on`; an area that stays on shows both levels."""
    if role in PLATFORM and before and after:
        return f"on ({before.word}) → on ({after.word})"
    return f"{level(role, before)} → {level(role, after)}"


def value(text: Text | None) -> Message:
    """A quoted profile value, so that it cannot look like our own words; None is `(empty)`."""
    return Message("(empty)") if text is None else quoted(text)


def quoted(text: Text) -> Message:
    shown = str(text)
    return Message('"{}"', Text(shown.replace('"', r"\"")) if '"' in shown else text)


def address(email: Text) -> Message:
    """An address, or `id 1003`, without quotes; quoted when a space in it could look like a column."""
    is_bare = email.raw and (" " not in email.raw or is_id_name(email))
    return Message("{}", email) if is_bare else quoted(email)


def identity_change(hub: HubFacts) -> str:
    """Both identities of a hub that loses the user with the lowest id."""
    return (
        f"This plan deletes the user with the lowest id, which changes the hub identity from `{hub.identity}` to "
        f"`{hub.identity_after}`. Update `hub_identity` in bo-sync.yaml."
    )


def mail_sentence(report: Report) -> str:
    """The report's last sentence if a run created users; "" if not."""
    if report.invitations:
        sent = sum(user.outcome is InvitationOutcome.SENT for user in report.invitations)
        return f"Invited by mail: {sent} of {counted(len(report.invitations), 'new user')}."
    if not report.created:
        return ""
    users = counted(len(report.created), "new user")
    gets = "gets" if len(report.created) == 1 else "get"
    return f"{users} {gets} no mail from the hub. Invite them there, or next time with --invite URL."


def not_invited(report: Report) -> tuple[InvitedUser, ...]:
    """The new users to invite whose mail is not certain."""
    return tuple(user for user in report.invitations if user.outcome is not InvitationOutcome.SENT)


def invitation_words(user: InvitedUser) -> str:
    """`invitation unknown: why`."""
    return f"invitation {user.outcome.value.replace('_', ' ')}: {user.error or 'no reason is known'!s}"


@dataclass(frozen=True, slots=True)
class UserRow:
    """One user. None is unknown (a user who is only in the files has no id and no dates), or empty.

    `created` and `updated` are the hub's text. `preset` is the name or label of the preset that gives exactly this
    user's access; None is shown as Custom.
    """

    id: int | None
    name: Text
    email: Text
    phone: Text | None = None
    created: Text | None = None
    updated: Text | None = None
    preset: Text | None = None
