"""A running guest, and the files that its changes name."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtprov.guest.document import Guest

from .running_guest import RUNNING


@pytest.fixture
def guest() -> Guest:
    return Guest.parse(RUNNING)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Disks and media that are there, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("b.img", "b.iso"):
        (tmp_path / name).touch()
