"""`python -m bo_sync` is `bo-sync`."""

from bo_sync.cli.app import main

if __name__ == "__main__":
    main()
