"""A row of the backoffice's table of users, as the `users` command shows it."""

from dataclasses import dataclass

from bo_sync.core.text import Text


@dataclass(frozen=True, slots=True)
class UserRow:
    """One person. None is not known (a person in files only has no id and no dates), or empty.

    `created` and `updated` are the hub's own words. `preset` is the name or label of the preset that gives exactly
    this person's access; None is shown as Custom.
    """

    id: int | None
    name: Text
    email: Text
    phone: Text | None = None
    created: Text | None = None
    updated: Text | None = None
    preset: Text | None = None
