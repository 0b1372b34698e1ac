"""One comment or issue of our own, kept up to date: found by its marker and its author.

Anyone may write a comment with our marker. An entry is ours when our token's account wrote it, by the account's number.
Comments of others are never edited.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from bo_sync.core.text import Text
from bo_sync.forge.api import Api, ForgeError, ForgeFateUnknownError, ForgeMissingError
from bo_sync.hub.graphql import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class PostedText:
    """A comment or an issue. `author` is the number of the account that wrote it; `url` is where users see it."""

    id: int
    author: int
    body: str
    url: Text


class CommentPlace(Protocol):
    """Where entries stand: the comments of a pull request, the issues of a repository. All raise ForgeError."""

    @property
    def title(self) -> str:
        """What users call it: `pull request acme/access#7`."""
        ...

    def spelled(self, body: str) -> str:
        """`body` as it is kept here. Idempotent."""
        ...

    def me(self) -> int:
        """The number of the account whose token we hold."""
        ...

    def entries(self) -> Iterator[PostedText]:
        """All that may be ours."""
        ...

    def create(self, body: str) -> PostedText:
        """A new entry. Raises ForgeFateUnknownError when nobody can tell whether it was made."""
        ...

    def edit(self, entry: PostedText, body: str) -> PostedText:
        """The entry with another body. Raises ForgeMissingError when it is gone."""
        ...

    def retire(self, entry: PostedText, body: str) -> None:
        """Gives an entry its last body, and closes it where it can be closed."""
        ...


Action = Literal["created", "edited", "unchanged", "closed", "nothing"]
_CREATED: Final[Action] = "created"
_EDITED: Final[Action] = "edited"
_UNCHANGED: Final[Action] = "unchanged"


@dataclass(frozen=True, slots=True)
class Posted:
    """What was done, where it can be seen (None for nothing), and how many older entries of ours were superseded."""

    action: Action
    url: Text | None = None
    superseded: int = 0


_IDENTITY: Final = re.compile(r" sha256:[0-9a-f]{64}(?= -->$)")
_SUPERSEDED: Final = "<!-- bo-sync:superseded -->\nThis is out of date: a newer one has taken its place.\n"


def post(place: CommentPlace, body: str) -> Posted:
    """Sees to it that the newest entry of ours says `body`, whose first line is its marker. Raises ForgeError.

    Another run may do the same at the same time: whatever is older than the newest entry is marked as out of date, by
    whichever run sees it.
    """
    body, me = place.spelled(body), place.me()
    mine, action = _ours(place, me, body), _UNCHANGED
    try:
        if mine and not _is_same(mine[-1].body, body):
            mine[-1], action = place.edit(mine[-1], body), _EDITED
    except ForgeMissingError:  # somebody deleted it since it was listed
        mine = []
    if not mine:
        mine, action = _created(place, me, body), _CREATED
    for older in mine[:-1]:
        with suppress(ForgeMissingError):
            place.retire(older, _SUPERSEDED)
    return Posted(action, _shown(mine[-1]), len(mine) - 1)


def finish(place: CommentPlace, body: str) -> Posted:
    """Closes every entry of ours, with `body` as its last words. Raises ForgeError."""
    body = place.spelled(body)
    mine = _ours(place, place.me(), body)
    for entry in mine:
        place.retire(entry, body)
    return Posted("closed", _shown(mine[-1]), len(mine) - 1) if mine else Posted("nothing")


def _created(place: CommentPlace, me: int, body: str) -> list[PostedText]:
    """All of ours after one more was made: another run may have made one too."""
    try:
        made = place.create(body)
    except ForgeFateUnknownError:
        mine = _ours(place, me, body)
        if not any(_is_same(entry.body, body) for entry in mine):
            raise
        return mine
    others = (entry for entry in _ours(place, me, body) if entry.id != made.id)
    return sorted((made, *others), key=lambda entry: entry.id)


def _ours(place: CommentPlace, me: int, body: str) -> list[PostedText]:
    """Our entries with the marker of `body`, the oldest first."""
    marker = first_line(body)
    found = (entry for entry in place.entries() if entry.author == me and _is_kin(first_line(entry.body), marker))
    return sorted(found, key=lambda entry: entry.id)


def _is_kin(held: str, marker: str) -> bool:
    """Whether two markers are of one hub. One without an identity is of every hub at its address.

    Such a note says that no plan could be made, so that the hub was not read: it replaces any plan, and any plan it.
    """
    one, other = _IDENTITY.search(held), _IDENTITY.search(marker)
    if one is not None and other is not None:
        return held == marker
    return _IDENTITY.sub("", held) == _IDENTITY.sub("", marker)


def _shown(entry: PostedText) -> Text | None:
    return entry.url if entry.url.raw else None


def first_line(body: str) -> str:
    """The line that holds a marker."""
    return body.partition("\n")[0].rstrip()


def _is_same(held: str, body: str) -> bool:
    """Whether a forge, which may change line ends and drop the last one, holds `body`."""
    return _plain(held) == _plain(body)


def _plain(body: str) -> str:
    return body.replace("\r\n", "\n").rstrip()


def number_at(api: Api, found: JsonValue, *keys: str) -> int:
    """The whole number at the end of a path of keys."""
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    if isinstance(found, bool) or not isinstance(found, int):
        raise ForgeError(
            f"{api.name} at {api.root} answers without a number at `{'.'.join(keys)}`",
            hint="check the address of the API, and what stands between",
        )
    return found


def maybe_number_at(found: JsonValue, *keys: str) -> int | None:
    """The same, or None: an account that was deleted has none."""
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def text_at(found: JsonObject, key: str) -> str:
    """A text, which forges leave out or null where it is empty."""
    text = found.get(key)
    return text if isinstance(text, str) else ""


def entry_of(api: Api, found: JsonValue, keys: tuple[str, str, str], author: str) -> PostedText:
    """An entry; `keys` are those of its number, its body and its address, `author` that of who wrote it."""
    content: JsonObject = found if isinstance(found, dict) else {}
    number, body, url = keys
    wrote = maybe_number_at(content, author, "id")
    return PostedText(
        number_at(api, content, number),
        -1 if wrote is None else wrote,
        text_at(content, body),
        Text(text_at(content, url)),
    )
