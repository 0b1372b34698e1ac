"""The YAML of a workflow or pipeline, with every scalar as text."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

import yaml

Node: TypeAlias = "Mapping[str, Node] | Sequence[Node] | str | None"


def read(text: str) -> Mapping[str, Node]:
    """The mapping that a YAML text is; every scalar is text, as it stands there."""
    return mapping(cast("Node", yaml.BaseLoader(text).get_single_data()))


def mapping(node: Node) -> Mapping[str, Node]:
    assert isinstance(node, Mapping), node
    return node


def nodes(node: Node) -> Sequence[Node]:
    """`node`, which is a list; one text is a list of one."""
    assert node is not None
    return [node] if isinstance(node, str) else cast("Sequence[Node]", node)


def texts(node: Node) -> Mapping[str, str]:
    return {name: str(value) for name, value in mapping(node or {}).items()}
