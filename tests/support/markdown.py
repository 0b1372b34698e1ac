"""What Markdown of ours must be, whoever's text is in it."""

import re


def check_tables(text: str) -> None:
    """Every row has as many cells as its head; no markup but our own; nobody is mentioned and nothing linked."""
    bars = 0
    for line in text.splitlines():
        if not line.startswith("|"):
            bars = 0
        bars = bars or line.count("|")
        assert line.count("|") == bars, line
    bare = re.sub(r"<!---->|</?code>|</?details>|</?summary>|&#\d+;", "", text)
    assert not re.search(r"[<>@`\[\]#]|://|www\.", bare), bare
