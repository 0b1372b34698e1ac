"""What the site needs beside the pages: links that lead out of docs/ (to a policy, a folder) become words.

In the repository such a link leads to the file itself; the site does not have it.
"""

import re
from typing import Final

_OUTWARD: Final = re.compile(r"\[([^\]]+)\]\((?:\.\./)+(?!docs/)[^)]*\)")


def on_page_markdown(markdown: str, **_: object) -> str:
    """The page with the words of outward links alone."""
    return _OUTWARD.sub(r"\1", markdown)
