"""What was asked of a hub: counted in full, remembered up to a bound, for tests that assert what was sent."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

from bo_sync.sandbox.faults import Request

_REMEMBERED = 10_000


class Traffic:
    """The requests of one hub. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: deque[Request] = deque(maxlen=_REMEMBERED)
        self._named: Counter[str] = Counter()
        self._count = self._in_flight = self._peak = 0

    @property
    def requests(self) -> tuple[Request, ...]:
        """The last 10,000 requests in the order of their arrival."""
        with self._lock:
            return tuple(self._requests)

    @property
    def sent(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The remembered requests as (operation name, root fields)."""
        return tuple((request.operation, request.roots) for request in self.requests)

    @property
    def count(self) -> int:
        """How many requests arrived."""
        with self._lock:
            return self._count

    @property
    def peak(self) -> int:
        """The most requests that were in flight at one time, latency included."""
        with self._lock:
            return self._peak

    def clear(self) -> None:
        """Forgets everything but what is in flight now."""
        with self._lock:
            self._requests.clear()
            self._named.clear()
            self._count = 0
            self._peak = self._in_flight

    def arrived(
        self, operation: str, roots: tuple[str, ...], variables: Mapping[str, object], *, kinds: Iterable[str] = ()
    ) -> Request:
        """Notes one request and gives it its number, and its number within each of its `kinds` (`Request.nth`)."""
        with self._lock:
            self._count += 1
            self._named.update(named := set(kinds))
            nth = {kind: self._named[kind] for kind in named}
            request = Request(self._count, operation, roots, variables, nth)
            self._requests.append(request)
            return request

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        """Holds one request in flight."""
        with self._lock:
            self._in_flight += 1
            self._peak = max(self._peak, self._in_flight)
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1
