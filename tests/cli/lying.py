"""A hub that says what a test has it say in place of some answers, and is the sandbox otherwise."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from bo_sync.sandbox.interception import HubAnswer, HubRequest

JSON: Final = {"Content-Type": "application/json"}
HTML: Final = {"Content-Type": "text/html"}
READS: Final = frozenset({"adminUsers"})
WRITES: Final = frozenset({"adminUserCreate", "roleCreate", "adminUserUpdate", "adminUserDelete"})
Said = Callable[[str], HubAnswer]
"""An answer with the attack in it."""


@dataclass(slots=True)
class Liar:
    """An interceptor: `said` comes in place of the answers to requests for one of `roots`, with `attack` in it."""

    roots: frozenset[str] = field(default_factory=frozenset)
    said: Said | None = None
    attack: str = ""

    def before(self, request: HubRequest) -> HubAnswer | None:
        return None if self.said is None or self.roots.isdisjoint(request.roots) else self.said(self.attack)

    def after(self, _: HubRequest, answer: HubAnswer) -> HubAnswer:
        return answer


def page(status: int, text: str, headers: Mapping[str, str] = HTML) -> HubAnswer:
    return HubAnswer(status, text.encode("utf-8", "surrogatepass"), headers)


def fault(attack: str, status: int = 200, code: str = "BAD_REQUEST", data: object = None) -> HubAnswer:
    error = {"message": attack, "extensions": {"code": code}}
    return page(status, json.dumps({"errors": [error], "data": data}), JSON)


def header(attack: str) -> str:
    """`attack` as a header can hold it: one line of Latin 1 without controls."""
    kept = "".join(character for character in attack if " " <= character <= "~" or "\xa0" <= character <= "\xff")
    return kept.strip()[:500]
