"""Requests to a forge's REST API: with the token, retried where that is safe, answered in JSON.

Only JSON or a ForgeError leaves this module. Reads, and writes that may happen twice, are retried after a temporary
failure; creations only when they certainly did not happen. Redirects and links to next pages are not followed, so the
token goes to one host only.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NoReturn
from urllib.parse import urlencode

from bo_sync.core.text import Message
from bo_sync.errors import BoSyncError
from bo_sync.hub.graphql import HttpAnswer, JsonObject, JsonValue, Outcome, Silence
from bo_sync.hub.http_exchange import HttpRequest, exchange, open_session
from bo_sync.hub.secrets import Credentials, Secret
from bo_sync.hub.time_limits import LONGEST_WAIT, Pace
from bo_sync.hub.transport import PASSING


class ForgeError(BoSyncError):
    """The forge, or the way to it, failed: exit 1."""


class ForgeForbiddenError(ForgeError):
    """The token is known, and may not do this."""


class ForgeMissingError(ForgeError):
    """What was asked for is not there, or the token may not see it."""


class ForgeFateUnknownError(ForgeError):
    """Something was to be created, and no sound answer came: it may have been."""


PER_PAGE: Final = 100
MOST_PAGES: Final = 100
"""Ten thousand comments: whoever has more is told, and nothing is written."""

Kind = Literal["read", "set", "create"]
"""What a request does: whether it may be repeated depends on it."""


@dataclass(frozen=True, slots=True)
class ForgeRequest:
    """One request. `path` is escaped, and below the API's root unless that is named; `about` says what is done, as in
    `listing the comments`; `needs` what the token must be allowed for it."""

    kind: Kind
    method: str
    path: str
    about: str
    needs: str
    content: Mapping[str, JsonValue] | None = field(default=None, repr=False)
    root: str | None = None


class Api:
    """The way to one forge. `name` is how users call it, `header` how the token travels: a name and what precedes."""

    def __init__(
        self, name: str, root: str, token: Secret, *, header: tuple[str, str], pace: Pace | None = None
    ) -> None:
        self.name = name
        self.root = root
        self._credentials = Credentials(token)
        self._pace = pace or Pace()
        key, before = header
        self._session = open_session(
            {"Accept": "application/json", "Content-Type": "application/json"},
            lambda: {key: f"{before}{token.reveal()}"},
            is_encrypted=root.startswith("https://"),
            connections=1,
        )

    def ask(self, call: ForgeRequest) -> JsonValue:
        """The answer's JSON. Raises ForgeError, and what it says of the fate of what is created."""
        return self._json(call, self._answer(call))

    def pages(self, call: ForgeRequest, query: Mapping[str, str]) -> Iterator[JsonObject]:
        """Every entry of a list, page by page. Raises ForgeError also for a list that is longer than all pages."""
        for page in range(1, MOST_PAGES + 1):
            asked = urlencode({**query, "per_page": PER_PAGE, "page": page})
            here = ForgeRequest(call.kind, call.method, f"{call.path}?{asked}", call.about, call.needs)
            answer = self._answer(here)
            found = self._json(here, answer)
            if not isinstance(found, list):
                self._strange(here)
            for entry in found:
                yield entry if isinstance(entry, dict) else self._strange(here)
            if not _has_next(answer):
                return
        message = f"{call.about}: {self.name} lists more than {MOST_PAGES * PER_PAGE} entries"
        raise ForgeError(message, hint="nothing was written; use a younger pull request or issue tracker")

    def holds_token(self, text: str) -> bool:
        """Whether the token stands in `text`, which then must not be published."""
        secret = self._credentials.key
        return secret is not None and secret.reveal() in text

    def close(self) -> None:
        """Closes the kept connection."""
        self._session.close()

    def _answer(self, call: ForgeRequest) -> HttpAnswer:
        """A sound answer: 2xx. Raises ForgeError for everything else."""
        outcome = self._sent(call)
        if isinstance(outcome, Silence):
            self._silent(call, outcome)
        if not 200 <= outcome.status < 300:
            self._refused(call, outcome)
        return outcome

    def _sent(self, call: ForgeRequest) -> Outcome:
        body = None if call.content is None else json.dumps(call.content).encode()
        asked = HttpRequest(call.method, (call.root or self.root) + call.path, body)
        return self._pace.repeat(
            lambda seconds: exchange(self._session, asked, seconds, self._pace),
            lambda outcome: self._may_repeat(call.kind, outcome),
            retry_after=self._asked,
            stopped=threading.Event(),
        )

    def _may_repeat(self, kind: Kind, outcome: Outcome) -> bool:
        if isinstance(outcome, Silence):
            return not outcome.lasting and (kind != "create" or not outcome.sent)
        if _is_limit(outcome):
            return float(self._asked(outcome) or 0) <= LONGEST_WAIT
        return outcome.status in PASSING and kind != "create"

    def _asked(self, outcome: HttpAnswer) -> str | None:
        """How long the forge asks to wait: in seconds, or until a moment that it names."""
        reset = outcome.headers.get("x-ratelimit-reset") or outcome.headers.get("ratelimit-reset") or ""
        if "retry-after" in outcome.headers:
            seconds = outcome.headers["retry-after"].strip()
            return seconds[:9] if seconds.isascii() and seconds.isdigit() else None
        left = outcome.headers.get("x-ratelimit-remaining", "0")
        if _is_limit(outcome) and left == "0" and reset.isascii() and reset.isdigit():
            return str(max(0, int(reset[:12]) - int(self._pace.wall())))
        return str(int(LONGEST_WAIT)) if _is_secondary(outcome) else None

    def _json(self, call: ForgeRequest, answer: HttpAnswer) -> JsonValue:
        try:
            found: JsonValue = json.loads(answer.body)
        except (ValueError, RecursionError):
            self._strange(call)
        return found

    def _strange(self, call: ForgeRequest) -> NoReturn:
        message = f"{call.about}: {self.name} at {self.root} answers something that is not its API's"
        if call.kind == "create":
            raise ForgeFateUnknownError(message, hint="look whether it is there")
        raise ForgeError(message, hint="check the address of the API, and what stands between")

    def _silent(self, call: ForgeRequest, silence: Silence) -> NoReturn:
        message = f"{call.about}: no answer from {self.name} at {self.root}: {silence.reason}"
        if call.kind == "create" and silence.sent:
            raise ForgeFateUnknownError(f"{message}; whether it happened is unknown", hint="run it again to see")
        hint = silence.hint or "check the address, the network and the proxy settings, then try again"
        raise ForgeError(message, hint=hint, detail=silence.detail)

    def _refused(self, call: ForgeRequest, answer: HttpAnswer) -> NoReturn:
        message = Message("{}: {} says {}", call.about, self.name, self._said(answer))
        if _is_limit(answer):
            seconds = self._asked(answer)
            wait = f", and asks to wait {seconds} s" if seconds else ""
            raise ForgeError(Message("{}: its rate limit is reached{}", message, wait), hint="run it again later")
        match answer.status:
            case 401:
                raise ForgeError(
                    Message("{}: it does not accept the token", message),
                    hint=Message("give one that is valid; {}", call.needs),
                )
            case 403:
                raise ForgeForbiddenError(Message("{}: the token may not do this", message), hint=call.needs)
            case 404 | 410:
                raise ForgeMissingError(
                    Message("{}: it is not there, or the token may not see it", message), hint=call.needs
                )
            case status if 300 <= status < 400:
                hint = "the token stays here; if it was renamed or moved, give its present name"
                raise ForgeError(Message("{}: a redirect, which is not followed", message), hint=hint)
            case status if call.kind == "create" and (status >= 500 or status == 408):
                raise ForgeFateUnknownError(
                    Message("{}: whether it happened is unknown", message), hint="run it again to see"
                )
            case status if status in PASSING:
                raise ForgeError(Message("{}, again and again", message), hint="try again in a while")
            case _:
                raise ForgeError(message, hint="correct what it complains about")

    def _said(self, answer: HttpAnswer) -> Message:
        """`HTTP 403 “Resource not accessible by integration”`."""
        try:
            found = json.loads(answer.body[:65536])
        except (ValueError, RecursionError):
            found = None
        told = (found.get("message") or found.get("error")) if isinstance(found, dict) else None
        said = self._credentials.said(told if isinstance(told, str) else json.dumps(told)) if told else None
        return Message("HTTP {}", answer.status) + (Message(" “{}”", said) if said else "")


def _is_limit(answer: HttpAnswer) -> bool:
    """Whether it refuses for now, because too much was asked; such a request was not carried out."""
    is_spent = answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers
    return answer.status == 429 or (answer.status == 403 and (is_spent or _is_secondary(answer)))


def _is_secondary(answer: HttpAnswer) -> bool:
    """Whether it is GitHub's other limit, of which only the words tell where it names no time. Then a minute is asked
    for (docs.github.com, "Rate limits for the REST API")."""
    return answer.status in {403, 429} and b"secondary rate limit" in answer.body[:65536].lower()


def _has_next(answer: HttpAnswer) -> bool:
    """Whether there is another page: GitHub says so in `Link`, GitLab in `X-Next-Page` too."""
    return 'rel="next"' in answer.headers.get("link", "") or bool(answer.headers.get("x-next-page", "").strip())
