"""`python -m bo_sync` is `bo-sync`.

With `-m`, Python puts the current folder first, and that may be a checkout with a `click.py` in it. So it is
taken out before anything is imported; what Python itself imports before this line, the package `bo_sync` among it, is
beyond us: `bo-sync` and `python -P -m bo_sync` never look there.
"""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:
        del sys.path[0]
    from bo_sync.cli.app import main

    main()
