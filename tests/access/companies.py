"""Small companies, a line a user, and policies as files say them."""

from datetime import date
from typing import Final

from bo_sync.access.capabilities import powers
from bo_sync.access.policies import Subject, evaluate
from bo_sync.core.model import ACCESS_WORDS, Access, Role
from bo_sync.core.policy import Policy, PolicyResult
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text
from tests.config.trees import tree
from tests.support.builders import source

POWERS: Final = powers(Settings())
TODAY: Final = date(2026, 6, 15)


def held(grants: str) -> dict[Role, Access]:
    """Grants by our names: `held("backoffice pricing:editor")`; an area stands alone."""
    words = (word.partition(":") for word in grants.split())
    return {Role(role): ACCESS_WORDS[level or "owner"] for role, _, level in words}


def subject(name: str, grants: str = "") -> Subject:
    """Somebody at example.com, with a file of that name."""
    return Subject(Text(f"{name}@example.com"), held(grants), source(f"users/{name}.yaml"))


def company(**users: str) -> tuple[Subject, ...]:
    """`company(ann="pricing:editor", bob="")`."""
    return tuple(subject(name, grants) for name, grants in users.items())


def policy(text: str) -> Policy:
    """The policy of one file, without its id."""
    read = tree({"policies/p.yaml": f"id: p\n{text}\n"})
    assert not read.errors, read.errors
    return read.policies[0]


def judged(text: str, *users: Subject, today: date = TODAY) -> PolicyResult:
    """A policy, judged."""
    (result,) = evaluate((policy(text),), users, POWERS, today)
    return result
