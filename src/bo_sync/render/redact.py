"""`--redact`: a result with pseudonyms in place of what others wrote, ready for any format.

A pseudonym is a hash of the original, so it is the same in every format and run, and differs between users. With a key,
only its holders can check a guess; without one, anyone with a guess can hash an address too. A small plan could be
guessed by its digest, so a key hashes the digest as well.

Nothing is searched for names. Every text of others in a value is a `Text`, in sentences too (`Message`): an address, a
name, a file of ours and the name of a preset get a pseudonym, and what cannot identify a user stays (`_PUBLIC`). All
other texts are `(redacted)`. Lists of users are sorted again, since the order of names reveals names.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from bo_sync.core.guardrails import NUMERIC
from bo_sync.core.model import ACCESS_WORDS, DEFAULT_HUB_NAMES, GENDERS, ROLES, Source
from bo_sync.core.plan import Finding, Plan
from bo_sync.core.plan_digest import digest
from bo_sync.core.text import Message, Text, is_id_name, visible
from bo_sync.core.weakened_guards import Weakened

T = TypeVar("T")

HIDDEN: Final = "(redacted)"
DOMAIN: Final = "redacted.example"
_DIGITS: Final = 12
"""Hexadecimal digits: two of 2,000 users share a pseudonym with a probability of one in 140 million."""
_HEX: Final = f"[0-9a-f]{{{_DIGITS}}}"
_MADE: Final = re.compile(
    r"person-\h@redacted\.example|name-\h(?: name-\h)*|(?:preset|policy)-\h|\(redacted\)".replace(r"\h", _HEX)
)
"""An existing pseudonym."""
_ADDRESS: Final = re.compile(r"'?[^\s@*][^\s@]*@[^\s@]+'?")
_FILE: Final = re.compile(r"(?P<folder>users|presets|policies)/(?P<name>.+?)\.ya?ml(?P<place>(?::\d+){0,2})", re.DOTALL)
_PUBLIC: Final = re.compile(
    "|".join(
        (
            *ROLES,
            *DEFAULT_HUB_NAMES.values(),
            *ACCESS_WORDS,
            r"BOS\d{3}",
            *NUMERIC,
            r"\d{1,3}%?",
            r"\d{4}-\d\d-\d\d(?:T[0-9:.]+Z?)?",
            r"sha256:[0-9a-f]{7,64}|[0-9a-f]{64}",
            r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            r"(?:(?:origin/)?(?:main|master)|HEAD|(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,40}|@\d{4}-\d\d-\d\d)(?:[~^]\d*)*",
            r"https?://[A-Za-z0-9.:-]+(?:/graphql)?/?",
            r"users|presets|policies|\.|sandbox:|\.bo-sync/sandbox\.db",
            r"(?:catalogue/)?(?:bo-sync\.ya?ml|operations\.csv)(?::\d+){0,2}",
            r"\*@[A-Za-z0-9.*-]+",
        )
    )
)
"""What identifies no user: words of ours and of every hub, numbers, days, hashes, revisions, hosts, names of files."""
_NAMES: Final = frozenset({"first_name", "middle_name", "last_name"})
_DIGESTS: Final = frozenset({"digest", "redacted_from"})
_TECHNICAL: Final = frozenset({"commit", "version"})
_PRESETS: Final = frozenset({"preset", "presets", "extends"})


@dataclass(frozen=True, slots=True)
class Redactor:
    """Makes pseudonyms with a key, b"" for none."""

    key: bytes = field(default=b"", repr=False)

    def redacted(self, value: T) -> T:
        """`value` with pseudonyms: a text, a message, a dataclass, or a collection of these. Other values stay."""
        return cast("T", self._redacted(value))

    def _redacted(self, value: Any) -> Any:
        match value:
            case Text():
                return self.text(value)
            case Message():
                return value.replaced(self.text)
            case tuple() | list() | Mapping():
                return self._each(value)
            case _ if is_dataclass(value) and not isinstance(value, type):
                changed = self._fields(value)
                if not isinstance(value, Plan):
                    return changed
                return replace(changed, redacted_from=self.digest(digest(value)))
            case _:
                return value

    def _each(self, values: Any) -> Any:
        if isinstance(values, Mapping):
            return {self._key(key): self._redacted(value) for key, value in values.items()}
        found = [self._redacted(value) for value in values]
        return type(values)(*found) if hasattr(values, "_fields") else type(values)(_in_order(found))

    def _fields(self, value: Any) -> Any:
        change = self._profile if _is_profile(value) else self._field
        return replace(value, **{each.name: change(value, each.name) for each in fields(value) if each.init})

    def _profile(self, entry: Any, name: str) -> Any:
        value = getattr(entry, name)
        if not isinstance(value, Text) or not value.raw or _is_shared(entry.field, value.raw):
            return value
        return self.name(value) if entry.field in _NAMES else Text(HIDDEN)

    def _field(self, owner: Any, name: str) -> Any:
        value, kind = getattr(owner, name), type(owner).__name__
        if name in _TECHNICAL and isinstance(value, Text) and re.fullmatch("[0-9a-z.+]{1,40}", value.raw):
            return value
        if name in _DIGESTS and isinstance(value, str | Text):
            return _each(value, self.digest)
        if name in _PRESETS or (kind, name) == ("Preset", "name"):
            return (
                _each(value, lambda word: self._hashed("preset", word)) if _is_words(value) else self._redacted(value)
            )
        if (kind, name) == ("Policy", "id"):
            return self._hashed("policy", value)
        if (kind, name) == ("Weakened", "guard"):
            return re.sub(r"(?<=^policies\.)[^.]+", lambda found: self._hashed("policy", found.group()), value)
        return self._redacted(value)

    def _key(self, key: Any) -> Any:
        """A key of a mapping: a folded address, or a word of ours."""
        return self.email(Text(key)).folded if isinstance(key, str) and _ADDRESS.fullmatch(key) else key

    def text(self, text: Text) -> Text:
        """What is shown in place of a text."""
        raw = text.raw
        if not raw or is_id_name(text) or _MADE.fullmatch(raw) or _PUBLIC.fullmatch(raw):
            return text
        if found := _FILE.fullmatch(raw):
            kept = found["name"] if re.fullmatch(f"file-{_HEX}", found["name"]) else None
            whole = raw.removesuffix(found["place"])
            return Text(f"{found['folder']}/{kept or self._hashed('file', whole)}.yaml{found['place']}")
        return self.email(text) if _ADDRESS.fullmatch(raw) else Text(HIDDEN)

    def email(self, email: Text) -> Text:
        """`person-1a2b3c4d5e6f@redacted.example`, the same for every spelling of an address. `id 1003` stays."""
        if is_id_name(email) or _MADE.fullmatch(email.raw):
            return email
        return Text(f"{self._hashed('person', Text(email.raw.strip(chr(39))).folded)}@{DOMAIN}")

    def name(self, name: Text) -> Text:
        """The pseudonym of a first, middle or last name."""
        return Text(self._hashed("name", name.folded)) if name.raw else name

    def digest(self, digest: str) -> str:
        """A digest as it is shown: with a key it is hashed, since its plan may be guessed."""
        if not self.key:
            return digest
        return f"sha256:{hmac.new(self.key, digest.encode(), hashlib.sha256).hexdigest()}"

    def _hashed(self, kind: str, value: str) -> str:
        exact = f"{kind}\0{value}".encode("utf-8", "backslashreplace")
        made = hmac.new(self.key, exact, hashlib.sha256) if self.key else hashlib.sha256(exact)
        return f"{kind}-{made.hexdigest()[:_DIGITS]}"


def without_arguments(message: str, arguments: Iterable[str], ours: Collection[str]) -> str:
    """A sentence about the command line without what it quotes of it. `ours` are the words that may stay."""
    words = {word for argument in arguments for word in _words(argument)}
    spelled = {
        form for word in words - {*ours, ""} for form in (word, str(Path(word)), repr(word)[1:-1], visible(word))
    }
    longest_first = sorted(spelled - {"", ".", "-", "--", "="}, key=len, reverse=True)
    whole = (rf"(?<!\w){re.escape(word)}(?!\w)" for word in longest_first)
    return re.sub("|".join((*whole, r"\S*(?:@|%40)\S*")), HIDDEN, message)


def _words(argument: str) -> set[str]:
    """An argument, and what may be quoted of it: the parts around each `=`, and the ends of `-qCfolder`."""
    parts = argument.split("=")
    found = {*parts, *("=".join(parts[number:]) for number in range(len(parts)))}
    is_cluster = argument.startswith("-") and not argument.startswith("--")
    return found | ({argument[start:] for start in range(2, len(argument))} if is_cluster else set())


def _is_shared(field: str, value: str) -> bool:
    """Whether many users share the value: a gender, or a language by its code."""
    return value in GENDERS if field == "gender" else field == "language" and bool(re.fullmatch("[A-Za-z]{2}", value))


def _is_profile(value: object) -> bool:
    """Whether it is a profile field with its value, or with the values before and after."""
    return hasattr(value, "field") and (hasattr(value, "value") or hasattr(value, "before"))


def _is_words(value: Any) -> bool:
    return isinstance(value, str | Text) or (isinstance(value, tuple | list) and all(map(_is_words, value)))


def _each(value: Any, change: Callable[[str], str]) -> Any:
    """Words, or a collection of words, with `change` of each."""
    if isinstance(value, tuple | list):
        return type(value)(_each(one, change) for one in value)
    return Text(change(value.raw)) if isinstance(value, Text) else change(value)


def _in_order(values: list[Any]) -> Iterable[Any]:
    """Users in the order of their pseudonyms, files in the order of their places; everything else as it was."""
    if values and all(isinstance(value, Finding) for value in values):
        return sorted(values, key=lambda found: (found.source is None, *_place(found.source)))
    if values and all(isinstance(value, Weakened) for value in values):
        return sorted(values, key=lambda entry: (entry.guard, str(entry.before or ""), str(entry.after or "")))
    if values and all(_email(value) is not None for value in values):
        return sorted(values, key=lambda value: cast("Text", _email(value)).folded)
    return values


def _place(source: Source | None) -> tuple[str, int, int]:
    return ("", 0, 0) if source is None else (source.path.raw, source.line, source.column)


def _email(value: object) -> Text | None:
    email = getattr(getattr(value, "user", value), "email", None)
    return email if isinstance(email, Text) else None
