"""Ends that no date announced: an `until` that has passed today, of access that the base still gives today.

A plan counts expired entries only in `max_expiries`, because their date was reviewed before it came. A date that is
already in the past when it is written, for example after a typo in the year, announces nothing. The files of a base
revision distinguish the two, so here such ends count against the limits for deletions and losses.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from bo_sync.core.expiry import departure
from bo_sync.core.guardrails import Basis, GuardrailResult, GuardrailRow, NumericGuardrail
from bo_sync.core.model import PLATFORM, Access, Declaration, Departure, DesiredUser, Override
from bo_sync.core.settings import Limit, Settings

Users = tuple[DesiredUser, ...]
_WAY_OF_USERS: Final = "correct `until`; to delete these users, write `state: absent` instead, which a plan counts"
_WAY_OF_GRANTS: Final = "correct `until`; to revoke these grants, remove them instead, which a plan counts"


def unannounced_deletions(
    before: tuple[Declaration, ...], after: tuple[Declaration, ...], settings: Settings, today: date
) -> Iterator[GuardrailResult]:
    """`max_user_deletes` for the users whose `until` has passed, and who were to stay at the base or not in it.

    Nothing where there are none. The population is the users who were to stay at the base.
    """
    then = {user.email.folded: user for user in before}
    rows = tuple(
        GuardrailRow(user.email, _late_end(user, then.get(user.email.folded)), user.source)
        for user in after
        if departure(user, today) is Departure.UNTIL_PASSED
        and not settings.is_protected(user.email)
        and _is_staying(then.get(user.email.folded), today)
    )
    population = sum(departure(user, today) is None for user in then.values())
    yield from _counted("max_user_deletes", rows, settings.guardrails.max_user_deletes, population)


def _is_staying(entry: Declaration | None, today: date) -> bool:
    """Whether nothing at the base ends the account. A user without an entry there may be in the hub."""
    return entry is None or departure(entry, today) is None


def _late_end(user: Declaration, then: Declaration | None) -> str:
    ending = f"ends after {then.until}" if then and then.until else "has no end"
    was = ending if then else "has no entry"
    return f"`until: {user.until}` has passed, so would be deleted; at the base the account {was}"


def unannounced_losses(before: Users, after: Users, settings: Settings) -> Iterator[GuardrailResult]:
    """`max_access_losses` and `max_grant_losses` for grants whose `until` has passed, and which the base gives today.

    Nothing where there are none. The populations are those of the limits, in the files of the base.
    """
    then = {user.email.folded: _held(user) for user in before}
    areas, grants = [], []
    for user in after:
        was = then.get(user.email.folded, {})
        lost = () if settings.is_protected(user.email) else tuple(_lost(user, was))
        grants += [GuardrailRow(user.email, _late_loss(own, was, user), own.source) for own in lost]
        ended = [own.role for own in lost if own.role in PLATFORM]
        if ended and not _areas(_held(user)):
            message = f"would lose the last platform area: {', '.join(ended)}"
            areas.append(GuardrailRow(user.email, message, user.source))
    limits = settings.guardrails
    with_area = sum(_areas(held) for held in then.values())
    yield from _counted("max_access_losses", tuple(areas), limits.max_access_losses, with_area)
    yield from _counted("max_grant_losses", tuple(grants), limits.max_grant_losses, sum(map(len, then.values())))


def _lost(user: DesiredUser, was: Mapping[str, Access]) -> Iterator[Override]:
    """The expired entries without which the user would hold more, of roles in which the base gives more."""
    held = _held(user)
    for own in user.expired:
        left = held.get(own.role, Access.NONE)
        if user.departure is None and own.access > left and was.get(own.role, Access.NONE) > left:
            yield own


def _late_loss(own: Override, was: Mapping[str, Access], user: DesiredUser) -> str:
    left = _held(user).get(own.role, Access.NONE)
    return (
        f"{own.role} {was[own.role].word} → {left.word}: `until: {own.until}` has passed, and the base gives it today"
    )


def _held(user: DesiredUser) -> dict[str, Access]:
    return {grant.role: grant.access for grant in user.grants}


def _areas(held: Mapping[str, Access]) -> bool:
    return any(role in held for role in PLATFORM)


def _counted(
    guardrail: NumericGuardrail, rows: tuple[GuardrailRow, ...], limit: Limit, population: int
) -> Iterator[GuardrailResult]:
    if rows:
        most = limit.of(population)
        way = _WAY_OF_USERS if guardrail == "max_user_deletes" else _WAY_OF_GRANTS
        basis = Basis(limit, population)
        yield GuardrailResult(guardrail, len(rows), most, len(rows) <= most, rows=rows, basis=basis, way=way)
