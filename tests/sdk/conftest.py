"""The marker of the tests that need Node and the platform's SDK."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line("markers", "sdk: needs Node and the platform's own SDK (make test-sdk)")
