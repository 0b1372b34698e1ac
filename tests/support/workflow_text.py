"""The YAML of a workflow as plain text, and what its steps write into the files that GitHub names to them."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias, cast

import yaml

Node: TypeAlias = "Mapping[str, Node] | Sequence[Node] | str | None"


def read(text: str) -> Mapping[str, Node]:
    """The mapping that a YAML text is; every scalar is text, as it stands there."""
    return mapping(cast("Node", yaml.BaseLoader(text).get_single_data()))


def mapping(node: Node) -> Mapping[str, Node]:
    """`node`, which is a mapping."""
    assert isinstance(node, Mapping), node
    return node


def nodes(node: Node) -> Sequence[Node]:
    """`node`, which is a list; one text is a list of one."""
    assert node is not None
    return [node] if isinstance(node, str) else cast("Sequence[Node]", node)


def texts(node: Node) -> Mapping[str, str]:
    """`node`, which is a mapping of texts, or nothing."""
    return {name: str(value) for name, value in mapping(node or {}).items()}


def told(path: Path) -> dict[str, str]:
    """The names and values that a step wrote into one of its files: `name=value`, or `name<<END … END`."""
    found: dict[str, str] = {}
    lines = iter(path.read_text(encoding="utf-8").splitlines())
    for line in lines:
        heredoc = re.fullmatch(r"([\w-]+)<<(.+)", line)
        name, sign, value = line.partition("=")
        if heredoc:
            found[heredoc[1]] = "\n".join(iter(partial(next, lines), heredoc[2]))
        elif sign:
            found[name] = value
    return found
