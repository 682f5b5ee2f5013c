"""Options of the test run."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --regen, which alone writes what the golden tests expect."""
    parser.addoption("--regen", action="store_true", help="write the expected output of tests/golden anew")
