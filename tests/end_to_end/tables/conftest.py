"""The environment of every table: no setting of the machine decides, and `--redact` has a key."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="package")
def _plain_environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("BO_SYNC_", "GITHUB_", "CI"))]:
            patch.delenv(name)
        patch.setenv("BO_SYNC_REDACT_KEY", "the key of the tables, 16 characters or more")
        yield
