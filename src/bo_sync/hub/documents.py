"""The documents that we send: one `.graphql` file an operation, read when first needed."""

from functools import cache
from importlib.resources import files

from bo_sync.hub.answers import Call, JsonValue


@cache
def document(operation: str) -> str:
    """The text of an operation's document, as packaged. The file is named as the operation is."""
    return files("bo_sync.hub").joinpath("operations", f"{operation}.graphql").read_text(encoding="utf-8")


def call(operation: str, variables: dict[str, JsonValue] | None = None) -> Call:
    """A request for one of the packaged operations."""
    return Call(operation, document(operation), variables or {})
