"""Guards that a change to the files loosens: what kept people from harm before, and does so less now.

Loosening is allowed, for the settings are reviewed like every file; but it is shown before anything else, so that
nobody approves it unseen. What is tightened is not listed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bo_sync.core.settings import Settings, Share, Unmanaged
from bo_sync.core.text import Text


@dataclass(frozen=True, slots=True)
class Loosened:
    """One guard, named as in bo-sync.yaml. None before: there was no such entry; None after: it is gone."""

    guard: str
    before: Text | None
    after: Text | None


def loosened(before: Settings, after: Settings) -> tuple[Loosened, ...]:
    """Every guard that `after` weakens, in the order of the documented settings.

    A raised limit, fewer owners, a protected address that is protected no more, `unmanaged` turned to `delete` (people
    go) or to `ignore` (nobody hears of them), another domain or hub allowed, and one of our role names that now gives,
    or leaves alone, another role of the hub.
    """
    return (
        *_unmanaged(before, after),
        *_protect(before, after),
        *_email_domains(before, after),
        *_hub_host(before, after),
        *_rails(before, after),
        *_role_definitions(before, after),
    )


def _unmanaged(before: Settings, after: Settings) -> Iterator[Loosened]:
    if after.unmanaged is not before.unmanaged and after.unmanaged is not Unmanaged.REPORT:
        yield Loosened("unmanaged", Text(before.unmanaged.value), Text(after.unmanaged.value))


def _protect(before: Settings, after: Settings) -> Iterator[Loosened]:
    """Patterns that are gone, but for plain addresses that another pattern protects now."""
    kept = {pattern.folded for pattern in after.protect}
    for pattern in before.protect:
        is_address = not set("*?[") & set(pattern.raw)
        if pattern.folded not in kept and not (is_address and after.is_protected(pattern)):
            yield Loosened("protect", pattern, None)


def _email_domains(before: Settings, after: Settings) -> Iterator[Loosened]:
    """Domains that are allowed in addition; where there was no list, all were, so that nothing can be loosened."""
    allowed = {domain.folded for domain in before.email_domains}
    if allowed and not after.email_domains:
        yield Loosened("email_domains", Text(", ".join(domain.raw for domain in before.email_domains)), None)
    for domain in after.email_domains if allowed else ():
        if domain.folded not in allowed:
            yield Loosened("email_domains", None, domain)


def _hub_host(before: Settings, after: Settings) -> Iterator[Loosened]:
    is_same = (
        after.hub_host is not None and before.hub_host is not None and before.hub_host.folded == after.hub_host.folded
    )
    if before.hub_host is not None and not is_same:
        yield Loosened("hub_host", before.hub_host, after.hub_host)


def _rails(before: Settings, after: Settings) -> Iterator[Loosened]:
    then, now = before.rails, after.rails
    yield from _share("rails.max_user_deletes", then.max_user_deletes, now.max_user_deletes)
    yield from _share("rails.max_grant_losses", then.max_grant_losses, now.max_grant_losses)
    if now.min_role_owners < then.min_role_owners:
        yield _number("rails.min_role_owners", then.min_role_owners, now.min_role_owners)


def _share(rail: str, before: Share, after: Share) -> Iterator[Loosened]:
    """Either number alone can raise the limit, since the larger of the two counts."""
    if after.count > before.count:
        yield _number(f"{rail}.count", before.count, after.count)
    if after.percent > before.percent:
        yield _number(f"{rail}.percent", before.percent, after.percent)


def _number(guard: str, before: int, after: int) -> Loosened:
    return Loosened(guard, Text(str(before)), Text(str(after)))


def _role_definitions(before: Settings, after: Settings) -> Iterator[Loosened]:
    now = dict(after.role_definitions)
    for role, name in before.role_definitions:
        if now.get(role) != name:
            yield Loosened(f"role_definitions.{role}", name, now.get(role))
