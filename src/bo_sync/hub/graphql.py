"""GraphQL over HTTP: our documents, answers as values, and the meaning of the hub's errors."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from importlib.resources import files
from typing import Final, NoReturn, TypeAlias

from bo_sync.core.text import Message, Text
from bo_sync.errors import HubDeniedError, HubError, HubFateUnknownError, HubMovedError
from bo_sync.hub.secrets import Credentials

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None
JsonObject: TypeAlias = dict[str, JsonValue]

_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_LONGEST_ALIAS: Final = 200
_NOT_RUN: Final = frozenset({"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"})
_TAG: Final = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """One GraphQL request: the operation's name, its document, and its variables, which are JSON."""

    operation: str
    document: str
    variables: Mapping[str, JsonValue]

    def body(self) -> bytes:
        """The body to post: UTF-8 JSON, the same bytes for equal calls."""
        content = {"operationName": self.operation, "query": self.document, "variables": dict(self.variables)}
        return json.dumps(content, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Any HTTP answer, read to its end. The names of `headers` are lower case.

    What the hub chose freely is left out of `repr`, because it may quote the key.
    """

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Silence:
    """No valid answer. `sent` is False only if the request certainly did not leave; `lasting`: no retry helps.

    `reason` is our own part of a sentence, `seconds` the duration; `detail` names the exceptions, not their content.
    """

    reason: str
    sent: bool
    seconds: float = 0.0
    detail: str = ""
    hint: str = ""
    lasting: bool = False


Outcome = HttpAnswer | Silence


@dataclass(frozen=True, slots=True)
class ResponseError:
    """One entry of `errors`. `code` is "" if none is given; `alias` is the root field that failed, if given."""

    said: Text
    code: str = ""
    alias: str | None = None

    @property
    def sentence(self) -> Message:
        """`FORBIDDEN: “…”`"""
        return Message("{}: “{}”", self.code, self.said) if self.code else Message("“{}”", self.said)


@dataclass(frozen=True, slots=True)
class Reply:
    """A GraphQL answer. `executed` is False if it shows that nothing was run: no `data` entry and no path."""

    status: int
    data: JsonObject | None
    faults: tuple[ResponseError, ...]
    executed: bool


def parse_reply(answer: HttpAnswer, credentials: Credentials) -> Reply | None:
    """The GraphQL in an answer, or None if it holds none."""
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


def _fault(error: JsonValue, credentials: Credentials) -> ResponseError:
    fields = error if isinstance(error, dict) else {}
    message, extensions, path = fields.get("message"), fields.get("extensions"), fields.get("path")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    root = path[0] if isinstance(path, list) and path else None
    return ResponseError(
        said=credentials.said(message if isinstance(message, str) else "no message"),
        code=_code(code, credentials) if isinstance(code, str) else "",
        alias=credentials.redact(root[:_LONGEST_ALIAS]) if isinstance(root, str) else None,
    )


def _code(raw: str, credentials: Credentials) -> str:
    """A code, or "" for an invalid one, and for one that would show a secret when followed by a colon."""
    shown = f"{raw}:"
    return raw if _CODE.fullmatch(raw) and credentials.redact(shown) == shown else ""


def describe(answer: HttpAnswer, credentials: Credentials) -> Message:
    """An answer that is not GraphQL, as part of a sentence: `HTTP 502 with an HTML page: “Bad Gateway”`."""
    text = answer.body[:4000].decode("utf-8", "replace")
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_page = media_type in ("text/html", "application/xhtml+xml") or text.lstrip()[:1] == "<"
    kind = "an HTML page" if is_page else "no body" if not text.strip() else "something that is no GraphQL answer"
    said = credentials.said(unescape(_TAG.sub(" ", text)) if is_page else text, 120)
    return Message("HTTP {} with {}", answer.status, kind) + (Message(": “{}”", said) if said.raw else "")


NEEDS: Final = {
    "adminUsers": "VIEWER",
    "adminUser": "VIEWER",
    "roles": "VIEWER",
    "adminUserCreate": "OWNER",
    "adminUserUpdate": "EDITOR",
    "adminUserDelete": "OWNER",
    "roleCreate": "OWNER",
    "roleUpdate": "EDITOR",
    "roleDelete": "OWNER",
}
"""The least access to the role definition `role` that opens an operation (the hub's AUTH annotations)."""

DENIALS: Final = frozenset({"UNAUTHENTICATED", "FORBIDDEN"})
_REFUSALS: Final = frozenset({"BAD_REQUEST", "BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"})
"""Codes that mean: checked, and not done. A write that fails with anything else may have failed halfway."""


def is_missing(fault: ResponseError) -> bool:
    """NOT_FOUND, ROLE_NOT_FOUND_ERROR and their kind."""
    return fault.code.endswith(("NOT_FOUND", "NOT_FOUND_ERROR"))


def is_moved(fault: ResponseError) -> bool:
    """Not found, or exists already: the hub changed since it was read."""
    return is_missing(fault) or "ALREADY_EXISTS" in fault.code


def denied_hint(operation: str, code: str) -> str:
    """What to do about a denied operation; `code` is "" if something in front of the hub seems to deny it."""
    if not code:
        return "a gateway or proxy says this, not the hub: check the address, the network and the proxy settings"
    if operation == "adminUserViewer":
        return "the session has ended or is not one of the backoffice: set BO_SYNC_SESSION_TOKEN anew, or unset it"
    if code == "UNAUTHENTICATED":
        return "set BO_SYNC_API_KEY to a valid key of this hub; a BO_SYNC_SESSION_TOKEN must be valid too, or unset"
    needed = NEEDS.get(operation)
    least = f"{operation} needs role.{needed} or more: " if needed else ""
    return f"{least}give the key that access, or use another key; `bo-sync doctor` says what a key may do"


def read_failure(operation: str, subject: Text | None, reply: Reply) -> HubError:
    """The error for a read that the hub rejected, or answered without data."""
    where = operation if subject is None else Message("{} of {}", operation, subject)
    if not reply.faults:
        hint = "the hub broke its own schema: report this to Propeller"
        return HubError(Message("{}: the hub answers neither data nor an error", where), operation=operation, hint=hint)
    fault = _telling(reply.faults)
    if fault.code in DENIALS:
        return _denied(where, operation, fault)
    return HubError(
        Message("{}: the hub says {}", where, fault.sentence), operation=operation, code=fault.code, hint=_hint(fault)
    )


def write_failure(operation: str, subject: Text | str, reply: Reply) -> HubError:
    """The error for a write without a complete result; of several operations in one request, the one that failed.

    HubFateUnknownError unless the hub states, with an unambiguous code, that it checked and did not do it.
    """
    where = Message("{} of {}", operation, subject)
    fault = _telling(reply.faults) if reply.faults else None
    if fault is None or reply.data is not None:
        said = "nothing about it" if fault is None else fault.sentence
        message = Message("{}: whether it happened is unknown: the hub says {}", where, said)
        return HubFateUnknownError(message, operation=operation, hint="plan again to see")
    if fault.code in DENIALS:
        return _denied(where, operation, fault)
    if is_moved(fault):
        message = Message("{}: the hub has changed since it was read: it says {}", where, fault.sentence)
        return HubMovedError(message, operation=operation, code=fault.code, hint="plan again")
    if fault.code in _REFUSALS or not reply.executed:
        message = Message("{}: the hub refuses it: {}", where, fault.sentence)
        return HubError(message, operation=operation, code=fault.code, hint=_hint(fault))
    message = Message("{}: whether it happened is unknown: the hub says {}", where, fault.sentence)
    return HubFateUnknownError(message, operation=operation, code=fault.code, hint="plan again to see")


def _telling(faults: Sequence[ResponseError]) -> ResponseError:
    """The decisive fault: a denial first, then one with a code, then the first."""
    return min(faults, key=lambda fault: (fault.code not in DENIALS, not fault.code))


def _denied(where: str, operation: str, fault: ResponseError) -> HubDeniedError:
    refused = "does not accept the key" if fault.code == "UNAUTHENTICATED" else "says that the key may not do this"
    message = Message("{}: the hub {}: {}", where, refused, fault.sentence)
    return HubDeniedError(message, operation=operation, code=fault.code, hint=denied_hint(operation, fault.code))


def _hint(fault: ResponseError) -> str:
    if fault.code == "GRAPHQL_VALIDATION_FAILED":
        return "the hub's schema may have changed: run `bo-sync doctor`"
    return "correct what the hub complains about; `bo-sync doctor` checks the hub and the key"


@cache
def document(operation: str) -> str:
    """The text of an operation's document, as packaged. The file has the operation's name."""
    return files("bo_sync.hub").joinpath("operations", f"{operation}.graphql").read_text(encoding="utf-8")


def call(operation: str, variables: dict[str, JsonValue] | None = None) -> GraphQLRequest:
    """A request for one of the packaged operations."""
    return GraphQLRequest(operation, document(operation), variables or {})
