"""What a measurement says: a ratio, the bound that it must keep, and the figures behind it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """`ratio` is ours over the yardstick's, of one run; `figures` says both, with their units."""

    name: str
    ratio: float
    bound: float
    figures: str

    @property
    def ok(self) -> bool:
        return self.ratio <= self.bound

    def __str__(self) -> str:
        mark = "ok  " if self.ok else "OVER"
        return f"{mark} {self.name:<34} {self.ratio:6.3f} of at most {self.bound:<6g} {self.figures}"
