"""A distribution that does not exist, its mirror in memory, and its keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.osinfo.conftest import Folders

KEYS = Path(__file__).parents[2] / "data" / "images"


class Mirror:
    """Files of a server by their URL; `asked` are the URLs that were read, in order."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.changes: list[dict[str, bytes]] = []

    def put(self, url: str, content: str | bytes) -> None:
        """Publish a file."""
        self.files[url] = content.encode() if isinstance(content, str) else content

    def read(self, url: str, limit: int) -> bytes | None:
        """Return a file, as `ReadIndex` does."""
        self.asked.append(url)
        data = self.files.get(url)
        assert data is None or len(data) <= limit
        return data


@pytest.fixture
def mirror() -> Mirror:
    return Mirror()


@pytest.fixture
def keys() -> Path:
    """The folder with keyrings and signed files."""
    return KEYS


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    """Four empty layers of profiles."""
    found = Folders(tmp_path)
    monkeypatch.setattr("virtprov.osinfo.layers.bundled_dir", lambda: str(found.bundled))
    for name in ("system", "local", "user"):
        monkeypatch.setenv(f"OSINFO_{name.upper()}_DIR", str(getattr(found, name)))
    monkeypatch.setenv("XDG_CACHE_HOME", str(found.cache))
    return found
