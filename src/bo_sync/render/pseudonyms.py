"""Pseudonyms: in public output users can be told apart, and none of them can be read.

A pseudonym is a hash of what it stands for, so it is the same in every form and every run, and two users have two.
With a key nobody without the key can check a guess; without one whoever guesses an address can hash it, too. So can
who guesses a small plan, whose digest is told: with a key that is hashed as well.

Sentences have names in them that nothing marks. So every name, address, phone number, file name, job and reason that is
known is looked for in them, as whole words; and what looks like an address, or like a file below `users/`, is replaced
whether it is known or not. What has been replaced already is let stand.

Whoever reads a pseudonym where a sentence of ours has one certain word has read the name. So a word of ours stays where
we say it, whoever is called so; where somebody else says it, no pseudonym stands for it. A role's or a level's stays
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
"""Hexadecimal digits: that two of 2,000 users share a pseudonym has a probability of one in 140 million."""
_WHOLE: Final[tuple[ProfileField, ...]] = ("first_name", "middle_name", "last_name")
_NAMES: Final = frozenset(_WHOLE)
_OTHERS: Final[frozenset[ProfileField]] = frozenset({"phone", "job"})
_OURS: Final = frozenset({*ACCESS_WORDS, *ROLES, *(word for role in ROLES for word in role.split("_"))})

_MADE: Final = re.compile(
    rf"(?:person|name|file)-[0-9a-f]{{{_DIGITS}}}(?![^\W_])(?:@{re.escape(DOMAIN)}(?![^\W_]))?|{re.escape(HIDDEN)}"
)
"""What stands in place of something already."""
_KEPT: Final = re.compile(rf"{_MADE.pattern}|\.ya?ml\b|https?://[A-Za-z0-9.:-]+(?![^\s/])")
"""That, and what is nobody's in a sentence of ours: how files end, and the host of a hub."""
_TOKEN: Final = re.compile(r"[^\s\"`<>(),;:|/=]+")
"""A folder of a path is a token, so that an address in the path is one."""
_AT: Final = re.compile(r"%40|\\u0040|\\x40", re.IGNORECASE)
_ESCAPE: Final = re.compile(r"%[0-9a-f]{2}|\\(?:u[0-9a-f]{4}|x[0-9a-f]{2}|[bfnrt])")
"""A character in a URL, or in a JSON or Python string; it may stand just before a word."""
_PHONE: Final = re.compile(r"(?<![\w.-])\+?\(?\d(?:[\s().\-/]{0,3}\d){5,24}(?!\w)")
_PHONE_LEAST: Final = 7
"""Digits of a phone number that no date, count or id is taken for."""
_USERSS_FILE: Final = re.compile(
    rf"(?<![\w/])users/(?=[^\s;,.])(?!file-[0-9a-f]{{{_DIGITS}}}\.yaml).{{0,400}}?\.ya?ml\b", re.IGNORECASE
)
_AROUND: Final = ".'?![]"
"""What a sentence puts around an address."""
_WORD: Final = re.compile(r"[^\W_]+")
_FOLDER: Final = "users/"


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """Somebody, as far as they are known: what no public output may hold."""

    email: Text | None = None
    profile: Profile = ()
    path: Text | None = None
    reasons: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Fragment:
    """Characters to be found in sentences, folded, and what stands there instead."""

    folded: str
    instead: str


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """What everybody is called. `fragments` are by their first word, or first character, the longest first."""

    key: bytes = field(default=b"", repr=False)
    fragments: Mapping[str, tuple[Fragment, ...]] = field(default_factory=dict, repr=False)
    phones: frozenset[str] = field(default=frozenset(), repr=False)
    """The digits of phone numbers, which are found whatever separates them."""

    def knowing(self, users: Iterable[Acquaintance]) -> "Pseudonyms":
        """The same, with more to look for in sentences."""
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
        """What is looked for; a single letter is not, since it says nothing and is in every sentence."""
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
        """First and last name in one, also with the one between: one may be a word of ours, both together are none."""
        found = {entry.field: entry.value for entry in user.profile if entry.value is not None and entry.value.raw}
        first, middle, last = (found.get(field) for field in _WHOLE)
        for names in ((first, last), (first, middle, last)):
            if known := [name for name in names if name is not None]:
                yield " ".join(name.raw for name in known), " ".join(str(self.name(name)) for name in known)

    def digest(self, digest: str) -> str:
        """A digest as it is told: with a key another one, since what it is of may be guessed."""
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
        """What stands for a field of a profile. A gender and a language are let stand: many users share them."""
        if value is None or not value.raw:
            return value
        if name in _NAMES:
            return self.name(value)
        return Text(HIDDEN) if name in _OTHERS else value

    def profile(self, profile: Profile) -> Profile:
        return tuple(FieldValue(entry.field, self.value(entry.field, entry.value)) for entry in profile)

    def path(self, path: Text) -> Text:
        """Users's files get a name that says nothing, below `users/`; others keep theirs, but for what is known."""
        if path.raw.startswith(_FOLDER):
            return Text(f"{_FOLDER}{self._hashed('file', path.raw)}.yaml")
        return Text(self.told(path.raw))

    def source(self, source: Source) -> Source:
        return Source(self.path(source.path), source.line, source.column)

    def place(self, source: Source | None) -> Source | None:
        """Where something stands, if it stands in a file at all."""
        return None if source is None else self.source(source)

    def text(self, text: Text) -> Text:
        """Somebody else's words, such as a title, without what must not be told."""
        return Text(self._told(text.raw, frozenset()))

    def told(self, sentence: str) -> str:
        """A sentence of ours, without what is known, without addresses and users's files."""
        return self._told(sentence, _speech())

    def _told(self, sentence: str, ours: frozenset[str]) -> str:
        without_files = _USERSS_FILE.sub(self._file, sentence)
        without_phones = _PHONE.sub(self._phone, self._without_known(without_files, ours))
        return _TOKEN.sub(self._token, without_phones)

    def _phone(self, found: re.Match[str]) -> str:
        """A known phone number, with or without the digits of its country, or more digits before it."""
        digits = _digits(found.group())
        is_known = any(phone.endswith(digits) or digits.endswith(phone) for phone in self.phones)
        return HIDDEN if is_known and len(digits) >= _PHONE_LEAST else found.group()

    def _file(self, found: re.Match[str]) -> str:
        return self.path(Text(_FOLDER + found.group()[len(_FOLDER) :])).raw

    def _token(self, found: re.Match[str]) -> str:
        """An address, but for a pattern such as `*@example.com`, which is nobody's."""
        token = found.group()
        address = token.strip(_AROUND)
        plain = _AT.sub("@", address)
        is_address = "@" in plain.strip("@*") and not _MADE.search(token)
        return token.replace(address, str(self.email(Text(plain)))) if is_address else token

    def complaint(self, sentence: str) -> str:
        """A sentence about a file that could not be read whole: whatever it quotes may be anybody's name."""
        begin, end = sentence.find('"'), sentence.rfind('"')
        if begin < 0:
            return self.told(sentence)
        return f'{self.told(sentence[:begin])}"{HIDDEN}"{self.told(sentence[end + 1 :])}'

    def _without_known(self, sentence: str, ours: frozenset[str]) -> str:
        """At each beginning of a word only what begins with that word is tried, so a long sentence takes no long."""
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
        """The characters that stand at a place and belong together, and what is told instead."""
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
        """What is known and stands at a place."""
        if place >= len(folded):
            return None
        known = self.fragments.get(_begin(folded, place), ())
        return next((one for one in known if _stands(one, folded, place)), None)


def _spellings(part: str) -> set[str]:
    """How others may write `part`: in another Unicode form, and escaped for a terminal, a URL, JSON or Python."""
    forms = {part} if part.isascii() else {part, *(normalize(form, part) for form in _FORMS)}
    found = set(forms)
    for form in forms:
        shown = visible(form)
        found |= {shown, shown.replace('"', r"\""), quote(form, errors="replace"), quote(form, "", errors="replace")}
        found |= {json.dumps(form)[1:-1], ascii(form)[1:-1]}
    return found


_FORMS: Final[tuple[Literal["NFC", "NFD", "NFKC"], ...]] = ("NFC", "NFD", "NFKC")


def _digits(phone: str) -> str:
    """The digits, without the zeros that begin an international or a national number."""
    return "".join(filter(str.isdigit, phone)).lstrip("0")


@cache
def _speech() -> frozenset[str]:
    """The words of our sentences, and those of the roles and the menu, as they are spelled there."""
    facts = catalogue()
    named = " ".join((*(item.name for item in facts.menu), *(role.name for role in facts.roles)))
    return SPEECH.union(_WORD.findall(named), _WORD.findall(named.lower()))


def _telling(parts: Iterable[tuple[str, str]], least: int) -> Iterator[tuple[str, str]]:
    """Those with so many letters and digits that they say something."""
    return (part for part in parts if sum(map(str.isalnum, part[0])) >= least)


def _longest_first(fragment: Fragment) -> tuple[int, str, str]:
    return -len(fragment.folded), fragment.folded, fragment.instead


def _fold(text: str) -> str:
    """`text` in lower case, with as many characters as before."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(one.lower() if len(one.lower()) == 1 else one for one in text)


def _begin(folded: str, place: int) -> str:
    word = _WORD.match(folded, place)
    return word.group() if word else folded[place]


def _stands(fragment: Fragment, folded: str, place: int) -> bool:
    """Whether it stands there as whole words."""
    if not folded.startswith(fragment.folded, place):
        return False
    end = place + len(fragment.folded)
    return not (fragment.folded[-1].isalnum() and folded[end : end + 1].isalnum())
