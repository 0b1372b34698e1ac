"""The seam at which bad weather enters: before a request is executed, and after.

A hub asks its `Weather` twice a request. `before` may answer in the hub's place, and then nothing is executed (429, a
gateway's page); `after` sees what the hub answered, when everything has taken effect, and may answer something else
(a 502 for a write that happened). Either may raise `Cut` to end the connection without an answer, and either may simply
take its time. Requests are counted from 1 in the order of their arrival. Fault kinds are made of nothing but this.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the hub understood it; a malformed one has no operation and no roots.

    `roots` are the root fields by their schema names, in order, so a composed mutation shows how many it carries.
    """

    number: int
    operation: str
    roots: tuple[str, ...]
    variables: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json; charset=utf-8"})


class Cut(Exception):  # noqa: N818 - an event of the weather, not an error of ours
    """The connection ends here, without an answer."""


class Weather(Protocol):
    """What may happen to a request on its way. Called from many threads at once."""

    def before(self, request: Request, /) -> Answer | None:
        """An answer in place of execution, or None to let it pass. May raise Cut: it certainly did not happen."""

    def after(self, request: Request, answer: Answer, /) -> Answer:
        """What arrives of `answer`, after everything took effect. May raise Cut: it happened, and nobody knows."""


class Calm:
    """No weather: everything arrives as it was sent."""

    def before(self, _request: Request, /) -> Answer | None:
        """Lets it pass."""
        return None

    def after(self, _request: Request, answer: Answer, /) -> Answer:
        """Gives it on."""
        return answer
