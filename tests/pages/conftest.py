"""A shell for pages that need no host."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages.blocks import TOP
from tests.pages.shell import Shell


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home folder of a reader."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def shell(home: Path) -> Iterator[Shell]:
    """A shell in that folder, with the commands and no settings of this machine."""
    environment = {
        "HOME": str(home),
        "PATH": f"{TOP / 'bin'}:{os.environ['PATH']}",
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm",
        "PYTHON": sys.executable,
        "HOSTS": str(TOP / "tests/data/hosts"),
        "OSINFO_SYSTEM_DIR": str(home / "none"),
        "OSINFO_LOCAL_DIR": str(home / "none"),
    }
    with Shell(["env", "-C", str(home), "bash", "--norc"], environment) as started:
        yield started
