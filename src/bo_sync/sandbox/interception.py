"""The seam at which an interceptor stands: before a request is executed, and after.

The hub asks its `Interceptor` twice per request. The tests inject faults here; the product's sandbox passes everything
through. Requests are counted from 1 in the order of their arrival.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class HubRequest:
    """One request as the hub understood it; a malformed one has no operation and no roots.

    `roots` are the root fields by their schema names, in order, so a composed mutation shows how many it carries.
    `nth` counts as `number` does, but only among requests with a root field: `nth["roles"]` is 2 for the second one
    with `roles`. Under `FIELD+`, and under `+` for all fields, only mutations of several root fields are counted.
    """

    number: int
    operation: str
    roots: tuple[str, ...]
    variables: Mapping[str, object]
    nth: Mapping[str, int] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class HubAnswer:
    """One HTTP answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json; charset=utf-8"})


class ConnectionCut(Exception):  # noqa: N818 - an event that an interceptor causes, not an error of ours
    """The connection ends here, without an answer."""


class AnswerCut(ConnectionCut):
    """The connection ends in the middle of `answer`."""

    def __init__(self, answer: HubAnswer) -> None:
        super().__init__(answer)
        self.answer = answer


class AnswerLate(ConnectionCut):
    """Nothing is sent for `seconds`; then `answer` arrives, or with None the connection ends without one."""

    def __init__(self, seconds: float, answer: HubAnswer | None = None) -> None:
        super().__init__(seconds, answer)
        self.seconds = seconds
        self.answer = answer


@dataclass(frozen=True, slots=True)
class FieldFails:
    """The mutation runs, but its root field at `index`, from 0, fails; those before it took effect, later ones never
    run."""

    index: int


@dataclass(frozen=True, slots=True)
class KeyRevoked:
    """The request runs for a caller whose key or session is unknown to the hub."""


Alteration: TypeAlias = FieldFails | KeyRevoked
"""How a request is executed otherwise."""


class Interceptor(Protocol):
    """Called from many threads at once. Either method may take its time."""

    def before(self, request: HubRequest, /) -> HubAnswer | Alteration | None:
        """An answer in place of execution, how to execute it otherwise, or None to let it pass.

        May raise ConnectionCut: the request was certainly not executed.
        """

    def after(self, request: HubRequest, answer: HubAnswer, /) -> HubAnswer:
        """What arrives of `answer`, after everything took effect. May raise ConnectionCut: it was executed."""


class PassThrough:
    """Every request and every answer arrives as it was sent."""

    def before(self, _request: HubRequest, /) -> HubAnswer | None:
        """Lets it pass."""
        return None

    def after(self, _request: HubRequest, answer: HubAnswer, /) -> HubAnswer:
        """Gives it on."""
        return answer
