"""A shell for pages that need no host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages.shell import Shell, reader_shell
from tests.wheel import build_wheel, install_wheel


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home folder of a reader."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the commands of the installed package."""
    home = tmp_path_factory.mktemp("installed")
    return install_wheel(build_wheel(home), home / "environment") / "bin"


@pytest.fixture
def shell(home: Path, commands: Path) -> Iterator[Shell]:
    """A shell in that folder."""
    with reader_shell(home, commands) as started:
        yield started
