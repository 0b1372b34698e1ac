"""What came back from the hub, as values, before anybody says what it means for an operation.

An `Answer` is any HTTP answer; a `Silence` is none. A `Reply` is an answer that speaks GraphQL: `data` and `faults`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Final, NoReturn, TypeAlias

from bo_sync.core.text import Text
from bo_sync.hub.secrets import Credentials

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None
JsonObject: TypeAlias = dict[str, JsonValue]

_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_LONGEST_ALIAS: Final = 200
_NOT_RUN: Final = frozenset({"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"})
_TAG: Final = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    """One GraphQL request: the operation's name, its document, and its variables, which are JSON."""

    operation: str
    document: str
    variables: Mapping[str, JsonValue]

    def body(self) -> bytes:
        """What is posted: UTF-8 JSON, the same bytes for equal calls."""
        content = {"operationName": self.operation, "query": self.document, "variables": dict(self.variables)}
        return json.dumps(content, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """Any HTTP answer, read to its end. `media_type` is lower case without parameters, so are the names of `headers`.

    What the hub chose freely is left out of `repr`: it may quote the key.
    """

    status: int
    media_type: str = field(repr=False)
    body: bytes = field(repr=False)
    retry_after: str | None = field(default=None, repr=False)
    location: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Silence:
    """No sound answer. `sent` is False only when the request certainly did not leave; `lasting` when trying is vain.

    `reason` is our own sentence part, `seconds` how long it took; `detail` names the exceptions, not what they hold.
    """

    reason: str
    sent: bool
    seconds: float = 0.0
    detail: str = ""
    hint: str = ""
    lasting: bool = False


Outcome = Answer | Silence


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of `errors`. `code` is "" when none is given; `alias` is the root field that failed, when said."""

    said: Text
    code: str = ""
    alias: str | None = None

    def __str__(self) -> str:
        return f"{self.code}: “{self.said}”" if self.code else f"“{self.said}”"


@dataclass(frozen=True, slots=True)
class Reply:
    """A GraphQL answer. `executed` is False when it shows that nothing was run: no `data` entry and no path."""

    status: int
    data: JsonObject | None
    faults: tuple[Fault, ...]
    executed: bool


def parse_reply(answer: Answer, credentials: Credentials) -> Reply | None:
    """The GraphQL in an answer, or None when it holds none."""
    try:
        content: JsonValue = json.loads(answer.body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not ("data" in content or "errors" in content):
        return None
    data, errors = content.get("data"), content.get("errors") or []
    if not (data is None or isinstance(data, dict)) or not isinstance(errors, list):
        return None
    faults = tuple(_fault(error, credentials) for error in errors)
    refused = answer.status == 400 or "data" not in content or all(fault.code in _NOT_RUN for fault in faults)
    nothing_ran = bool(faults) and refused and all(fault.alias is None for fault in faults)
    return Reply(answer.status, data, faults, executed=not nothing_ran)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _fault(error: JsonValue, credentials: Credentials) -> Fault:
    fields = error if isinstance(error, dict) else {}
    message, extensions, path = fields.get("message"), fields.get("extensions"), fields.get("path")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    root = path[0] if isinstance(path, list) and path else None
    return Fault(
        said=credentials.said(message if isinstance(message, str) else "no message"),
        code=_code(code, credentials) if isinstance(code, str) else "",
        alias=credentials.redact(root[:_LONGEST_ALIAS]) if isinstance(root, str) else None,
    )


def _code(raw: str, credentials: Credentials) -> str:
    """A code, or "" for what is none, and for one with a secret in it, as it is shown: with a colon behind it."""
    shown = f"{raw}:"
    return raw if _CODE.fullmatch(raw) and credentials.redact(shown) == shown else ""


def describe(answer: Answer, credentials: Credentials) -> str:
    """An answer that is not GraphQL, in half a sentence: `HTTP 502 with an HTML page: “Bad Gateway”`."""
    text = answer.body[:4000].decode("utf-8", "replace")
    is_page = answer.media_type in ("text/html", "application/xhtml+xml") or text.lstrip()[:1] == "<"
    kind = "an HTML page" if is_page else "no body" if not text.strip() else "something that is no GraphQL answer"
    said = credentials.said(unescape(_TAG.sub(" ", text)) if is_page else text, 120)
    return f"HTTP {answer.status} with {kind}" + (f": “{said}”" if said.raw else "")
