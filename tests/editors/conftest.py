"""The marker of the tests that need Node and the YAML language server."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line("markers", "editors: needs Node and the YAML language server (make test-editors)")
