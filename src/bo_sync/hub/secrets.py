"""The type that keys and session tokens live in, from the environment to the header and nowhere else."""

import hmac
from typing import Final, NoReturn, Self

from bo_sync.core.text import Text, visible
from bo_sync.errors import UsageError
from bo_sync.hub.redaction import HIDDEN, without

_LOOKED_AT: Final = 4000
"""So much of what a hub says is looked at; nobody reads more."""


class Secret:
    """Characters that nothing prints, formats, copies, pickles or hashes; `reveal` is for header and redaction."""

    __slots__ = ("__characters",)

    def __init__(self, characters: str) -> None:
        self.__characters = characters

    @classmethod
    def parse(cls, raw: str, name: str) -> Self:
        """The secret that the setting `name` holds; surrounding white space, as a file's last newline, is dropped.

        Raises UsageError, without quoting anything of it, for what cannot stand in a header.
        """
        characters = raw.strip()
        if not characters:
            raise UsageError(f"{name} is empty", hint=f"give {name} a value, or do not set it")
        if not (characters.isascii() and characters.isprintable() and " " not in characters):
            message = f"{name} holds a character that no key has: white space, a control, or one beyond ASCII"
            raise UsageError(message, hint="copy the key again, whole and on one line")
        return cls(characters)

    def reveal(self) -> str:
        """The characters themselves."""
        return self.__characters

    def __repr__(self) -> str:
        return HIDDEN

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, specification: str) -> str:
        return format(HIDDEN, specification)

    def __eq__(self, other: object) -> bool:
        """Equal to the same Secret only, never to a string, and in constant time."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.reveal().encode(), other.reveal().encode())

    __hash__ = None  # type: ignore[assignment]  # a dictionary's keys end up in messages

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be copied or pickled")


class Credentials:
    """What a request proves who it is with. The sandbox needs neither; a session comes beside a key, or alone."""

    __slots__ = ("key", "session")

    def __init__(self, key: Secret | None = None, session: Secret | None = None) -> None:
        self.key = key
        self.session = session

    def redact(self, raw: str) -> str:
        """`raw` without our secrets and parts of them; a hub may well quote the key that it refuses."""
        return without(raw, [secret.reveal() for secret in (self.key, self.session) if secret is not None])

    def said(self, raw: str, limit: int = 200) -> Text:
        """What a hub said, fit to be shown: without our secrets, on one line, at most `limit` characters."""
        # What is shown is what is redacted: an escape that makes a character visible must not complete a secret.
        line = self.redact(visible(" ".join(raw[:_LOOKED_AT].split())))
        return Text(line if len(line) <= limit else line[: limit - 1] + "…")
