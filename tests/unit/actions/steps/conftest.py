"""An image of this machine, and a cache of our own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.actions.steps.bases import DISK
from virtprov.images import cache
from virtprov.images.image import Digest, ResolvedImage


@pytest.fixture
def own_cache(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache of our own, which nobody holds when the test is over."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield
    for tag in cache.tags():
        cache.is_held(tag)


@pytest.fixture
def image(tmp_path: Path) -> ResolvedImage:
    path = tmp_path / "own.img"
    path.write_bytes(DISK)
    digest = Digest("sha256", hashlib.sha256(DISK).hexdigest())
    return ResolvedImage("own", path=str(path), file_name="own.img", digest=digest)
