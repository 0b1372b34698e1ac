"""Pseudonyms: public output distinguishes users without naming them.

A pseudonym is a hash of the original, so it is the same in every format and run, and differs between users. With a
key, only its holders can check a guess; without one, anyone with a guess can hash an address too. A small plan could
be guessed by its digest, so a key hashes the digest as well.

Sentences contain unmarked names. So each known name, address, phone number, file name, job and reason is replaced
where it appears as whole words. What looks like an address, or like a file below `users/`, is replaced even if it is
unknown. Existing pseudonyms stay.

A pseudonym in place of a fixed word of our sentences would reveal the name. So our own words stay where we write
them, even if they are a user's name; in untrusted text no pseudonym replaces them. The words of roles and levels stay
everywhere.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final, Literal
from unicodedata import normalize
from urllib.parse import quote

from bo_sync.access.catalogue import catalogue
from bo_sync.core.model import ACCESS_WORDS, ROLES, FieldValue, Profile, ProfileField, Source
from bo_sync.core.text import Text, is_id_name, visible
from bo_sync.render.speech import SPEECH

HIDDEN: Final = "(redacted)"
DOMAIN: Final = "redacted.example"
_DIGITS: Final = 12
"""Hexadecimal digits: two of 2,000 users share a pseudonym with a probability of one in 140 million."""
_WHOLE: Final[tuple[ProfileField, ...]] = ("first_name", "middle_name", "last_name")
_NAMES: Final = frozenset(_WHOLE)
_OTHERS: Final[frozenset[ProfileField]] = frozenset({"phone", "job"})
_OURS: Final = frozenset({*ACCESS_WORDS, *ROLES, *(word for role in ROLES for word in role.split("_"))})

_MADE: Final = re.compile(
    rf"(?:person|name|file)-[0-9a-f]{{{_DIGITS}}}(?![^\W_])(?:@{re.escape(DOMAIN)}(?![^\W_]))?|{re.escape(HIDDEN)}"
)
"""An existing pseudonym."""
_KEPT: Final = re.compile(rf"{_MADE.pattern}|\.ya?ml\b|https?://[A-Za-z0-9.:-]+(?![^\s/])")
"""That, and words of our sentences that name no user: file extensions, and the host of a hub."""
_TOKEN: Final = re.compile(r"[^\s\"`<>(),;:|/=]+")
"""Each folder of a path is a token, so that an address in the path is one."""
_AT: Final = re.compile(r"%40|\\u0040|\\x40", re.IGNORECASE)
_ESCAPE: Final = re.compile(r"%[0-9a-f]{2}|\\(?:u[0-9a-f]{4}|x[0-9a-f]{2}|[bfnrt])")
"""An escaped character in a URL, or in a JSON or Python string; it may precede a word directly."""
_PHONE: Final = re.compile(r"(?<![\w.-])\+?\(?\d(?:[\s().\-/]{0,3}\d){5,24}(?!\w)")
_PHONE_LEAST: Final = 7
"""Minimum digits of a phone number, so that no date, count or id looks like one."""
_USERSS_FILE: Final = re.compile(
    rf"(?<![\w/])users/(?=[^\s;,.])(?!file-[0-9a-f]{{{_DIGITS}}}\.yaml).{{0,400}}?\.ya?ml\b", re.IGNORECASE
)
_AROUND: Final = ".'?![]"
"""Characters around an address in a sentence."""
_WORD: Final = re.compile(r"[^\W_]+")
_FOLDER: Final = "users/"


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """The known personal data of a user, which public output must not contain."""

    email: Text | None = None
    profile: Profile = ()
    path: Text | None = None
    reasons: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Fragment:
    """Characters to find in sentences, folded, and their replacement."""

    folded: str
    instead: str


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """The pseudonyms of users. `fragments` are by their first word, or first character, the longest first."""

    key: bytes = field(default=b"", repr=False)
    fragments: Mapping[str, tuple[Fragment, ...]] = field(default_factory=dict, repr=False)
    phones: frozenset[str] = field(default=frozenset(), repr=False)
    """The digits of phone numbers, which are found with any separators."""

    def knowing(self, users: Iterable[Acquaintance]) -> "Pseudonyms":
        """The same pseudonyms, which also find `users` in sentences."""
        found = {begin: set(known) for begin, known in self.fragments.items()}
        phones = set(self.phones)
        for user in users:
            phones.update(_digits(each.value.raw) for each in user.profile if each.value and each.field == "phone")
            for fragment in self._fragments(user):
                found.setdefault(_begin(fragment.folded, 0), set()).add(fragment)
        ordered = {begin: tuple(sorted(known, key=_longest_first)) for begin, known in found.items()}
        return replace(
            self, fragments=ordered, phones=frozenset(phone for phone in phones if len(phone) >= _PHONE_LEAST)
        )

    def _fragments(self, user: Acquaintance) -> Iterator[Fragment]:
        for part, instead in (*self._parts(user), *self._whole_names(user)):
            for spelled in _spellings(part):
                if spelled.lower() not in _OURS:
                    yield Fragment(_fold(spelled), instead)

    def _parts(self, user: Acquaintance) -> Iterator[tuple[str, str]]:
        """The text to find. A single letter is not, since it identifies no user and is in every sentence."""
        if user.email is not None:
            local = user.email.raw.rpartition("@")[0]
            yield from _telling(((user.email.raw, str(self.email(user.email))),), 1)
            yield from _telling(((local, self._hashed("person", user.email.folded)),), 2)
        for entry in user.profile:
            if entry.value is not None:
                yield from self._profile_parts(entry, entry.value)
        if user.path is not None and user.path.raw.startswith(_FOLDER):
            stem = user.path.raw.rpartition("/")[2].rpartition(".")[0]
            instead = self.path(user.path).raw
            yield from ((user.path.raw, instead), *_telling(((stem, self._hashed("file", user.path.raw)),), 2))
        yield from _telling(((reason.raw, HIDDEN) for reason in user.reasons), 2)

    def _profile_parts(self, entry: FieldValue, value: Text) -> Iterator[tuple[str, str]]:
        if entry.field in _NAMES:
            instead = str(self.name(value))
            yield from _telling(((value.raw, instead),), 2)
            yield from _telling(((word, instead) for word in _WORD.findall(normalize("NFC", value.raw))), 3)
        elif entry.field in _OTHERS:
            yield from _telling(((value.raw, HIDDEN),), 2)

    def _whole_names(self, user: Acquaintance) -> Iterator[tuple[str, str]]:
        """First and last name together, also with the middle name: one may be our own word, both together are not."""
        found = {entry.field: entry.value for entry in user.profile if entry.value is not None and entry.value.raw}
        first, middle, last = (found.get(field) for field in _WHOLE)
        for names in ((first, last), (first, middle, last)):
            if known := [name for name in names if name is not None]:
                yield " ".join(name.raw for name in known), " ".join(str(self.name(name)) for name in known)

    def digest(self, digest: str) -> str:
        """A digest as it is shown: with a key it is hashed, since its plan may be guessed."""
        if not self.key:
            return digest
        return f"sha256:{hmac.new(self.key, digest.encode(), hashlib.sha256).hexdigest()}"

    def _hashed(self, kind: str, value: str) -> str:
        exact = f"{kind}\0{value}".encode("utf-8", "backslashreplace")
        made = hmac.new(self.key, exact, hashlib.sha256) if self.key else hashlib.sha256(exact)
        return f"{kind}-{made.hexdigest()[:_DIGITS]}"

    def email(self, email: Text) -> Text:
        """`user-1a2b3c4d5e6f@redacted.example`, the same for every spelling of an address. `id 1003` stays."""
        if is_id_name(email) or ("@" in email.raw and _MADE.fullmatch(email.raw)):
            return email
        return Text(f"{self._hashed('person', email.folded)}@{DOMAIN}")

    def name(self, name: Text) -> Text:
        return Text(self._hashed("name", name.folded)) if name.raw else name

    def value(self, name: ProfileField, value: Text | None) -> Text | None:
        """The replacement of a profile field. A gender and a language stay: many users share them."""
        if value is None or not value.raw:
            return value
        if name in _NAMES:
            return self.name(value)
        return Text(HIDDEN) if name in _OTHERS else value

    def profile(self, profile: Profile) -> Profile:
        return tuple(FieldValue(entry.field, self.value(entry.field, entry.value)) for entry in profile)

    def path(self, path: Text) -> Text:
        """User files get a neutral name below `users/`; other paths keep theirs, except for known parts."""
        if path.raw.startswith(_FOLDER):
            return Text(f"{_FOLDER}{self._hashed('file', path.raw)}.yaml")
        return Text(self.told(path.raw))

    def source(self, source: Source) -> Source:
        return Source(self.path(source.path), source.line, source.column)

    def place(self, source: Source | None) -> Source | None:
        """A place in a file, or None without one."""
        return None if source is None else self.source(source)

    def text(self, text: Text) -> Text:
        """Untrusted words, such as a title, with pseudonyms."""
        return Text(self._told(text.raw, frozenset()))

    def told(self, sentence: str) -> str:
        """Our own sentence, without known parts, addresses and user files."""
        return self._told(sentence, _speech())

    def _told(self, sentence: str, ours: frozenset[str]) -> str:
        without_files = _USERSS_FILE.sub(self._file, sentence)
        without_phones = _PHONE.sub(self._phone, self._without_known(without_files, ours))
        return _TOKEN.sub(self._token, without_phones)

    def _phone(self, found: re.Match[str]) -> str:
        """A known phone number, with or without its country code, or with more digits before it."""
        digits = _digits(found.group())
        is_known = any(phone.endswith(digits) or digits.endswith(phone) for phone in self.phones)
        return HIDDEN if is_known and len(digits) >= _PHONE_LEAST else found.group()

    def _file(self, found: re.Match[str]) -> str:
        return self.path(Text(_FOLDER + found.group()[len(_FOLDER) :])).raw

    def _token(self, found: re.Match[str]) -> str:
        """An address, except a pattern such as `*@example.com`, which names no user."""
        token = found.group()
        address = token.strip(_AROUND)
        plain = _AT.sub("@", address)
        is_address = "@" in plain.strip("@*") and not _MADE.search(token)
        return token.replace(address, str(self.email(Text(plain)))) if is_address else token

    def complaint(self, sentence: str) -> str:
        """A sentence about a file that could not be read completely: any quoted text may be a user's name."""
        begin, end = sentence.find('"'), sentence.rfind('"')
        if begin < 0:
            return self.told(sentence)
        return f'{self.told(sentence[:begin])}"{HIDDEN}"{self.told(sentence[end + 1 :])}'

    def _without_known(self, sentence: str, ours: frozenset[str]) -> str:
        """At each start of a word only fragments with that first word are tried, so long sentences stay fast."""
        if not self.fragments:
            return sentence
        folded, kept, place = _fold(sentence), [""], 0
        while place < len(folded):
            stands, instead = self._piece(sentence, folded, place)
            is_ours = stands in ours and sentence[place - 1 : place] != '"'
            kept.append(stands if is_ours else instead)
            place += len(stands)
        return "".join(kept)

    def _piece(self, sentence: str, folded: str, place: int) -> tuple[str, str]:
        """The characters at a place that belong together, and their replacement."""
        if kept := _KEPT.match(sentence, place):
            return kept.group(), kept.group()
        fragment = self._fragment(folded, place)
        if fragment is None:
            escape = _ESCAPE.match(folded, place)
            is_before = escape is not None and self._fragment(folded, escape.end()) is not None
            begin = escape.group() if escape and is_before else _begin(folded, place)
            stands = sentence[place : place + len(begin)]
            return stands, stands
        stands = sentence[place : place + len(fragment.folded)]
        return stands, HIDDEN if stands in _speech() else fragment.instead

    def _fragment(self, folded: str, place: int) -> Fragment | None:
        """The known fragment at a place."""
        if place >= len(folded):
            return None
        known = self.fragments.get(_begin(folded, place), ())
        return next((one for one in known if _stands(one, folded, place)), None)


def _spellings(part: str) -> set[str]:
    """Other spellings of `part`: in another Unicode form, and escaped for a terminal, a URL, JSON or Python."""
    forms = {part} if part.isascii() else {part, *(normalize(form, part) for form in _FORMS)}
    found = set(forms)
    for form in forms:
        shown = visible(form)
        found |= {shown, shown.replace('"', r"\""), quote(form, errors="replace"), quote(form, "", errors="replace")}
        found |= {json.dumps(form)[1:-1], ascii(form)[1:-1]}
    return found


_FORMS: Final[tuple[Literal["NFC", "NFD", "NFKC"], ...]] = ("NFC", "NFD", "NFKC")


def _digits(phone: str) -> str:
    """The digits, without the leading zeros of an international or a national number."""
    return "".join(filter(str.isdigit, phone)).lstrip("0")


@cache
def _speech() -> frozenset[str]:
    """The words of our sentences, of the roles and of the menu, in their spelling."""
    facts = catalogue()
    named = " ".join((*(item.name for item in facts.menu), *(role.name for role in facts.roles)))
    return SPEECH.union(_WORD.findall(named), _WORD.findall(named.lower()))


def _telling(parts: Iterable[tuple[str, str]], least: int) -> Iterator[tuple[str, str]]:
    """The parts with at least `least` letters and digits."""
    return (part for part in parts if sum(map(str.isalnum, part[0])) >= least)


def _longest_first(fragment: Fragment) -> tuple[int, str, str]:
    return -len(fragment.folded), fragment.folded, fragment.instead


def _fold(text: str) -> str:
    """`text` in lower case, with the same number of characters."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(one.lower() if len(one.lower()) == 1 else one for one in text)


def _begin(folded: str, place: int) -> str:
    word = _WORD.match(folded, place)
    return word.group() if word else folded[place]


def _stands(fragment: Fragment, folded: str, place: int) -> bool:
    """Whether it is at `place` as whole words."""
    if not folded.startswith(fragment.folded, place):
        return False
    end = place + len(fragment.folded)
    return not (fragment.folded[-1].isalnum() and folded[end : end + 1].isalnum())
