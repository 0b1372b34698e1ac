"""Weather for trials in process: a client that dies at a request, and weather that changes while the hub goes on."""

from dataclasses import dataclass
from enum import StrEnum

from bo_sync.sandbox.faults import HubAnswer, HubRequest, Twist, Weather


class Stage(StrEnum):
    """When a client dies: before the hub runs its request, or after."""

    BEFORE = "before"
    AFTER = "after"


class Dead(BaseException):
    """The client's process is gone. No `except Exception` of the client's may see it; only a trial catches it."""


@dataclass(frozen=True, slots=True)
class Killed:
    """A client that dies at the request with the number `at`, and sends nothing from then on.

    Requests before it arrive and are answered. It itself is executed when the stage is AFTER; later ones, which other
    threads of the client may still begin, never are. Numbers are the hub's own: `traffic.clear()` starts them again.
    For in-process adapters alone: over a socket a client is killed by killing it.
    """

    at: int
    stage: Stage

    def before(self, request: HubRequest, /) -> HubAnswer | Twist | None:
        """Lets it pass. Raises Dead when it is not to run."""
        if request.number > self.at or (request.number == self.at and self.stage is Stage.BEFORE):
            raise Dead(request)
        return None

    def after(self, request: HubRequest, answer: HubAnswer, /) -> HubAnswer:
        """Gives it on. Raises Dead when nobody is there to hear it."""
        if request.number >= self.at:
            raise Dead(request, answer)
        return answer


class Changing:
    """The weather that `now` says; set it between two runs of a client: `Calm()` ends all faults."""

    def __init__(self, now: Weather) -> None:
        self.now = now

    def before(self, request: HubRequest, /) -> HubAnswer | Twist | None:
        """As the weather of the moment."""
        return self.now.before(request)

    def after(self, request: HubRequest, answer: HubAnswer, /) -> HubAnswer:
        """As the weather of the moment."""
        return self.now.after(request, answer)
