"""A shell for pages that need no host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages.shell import Shell, reader_shell


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home folder of a reader."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def shell(home: Path) -> Iterator[Shell]:
    """A shell in that folder."""
    with reader_shell(home) as started:
        yield started
