"""A world of small profile folders: no test sees the machine's own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Protocol

import pytest

SAMPLES = Path(__file__).parents[2] / "data" / "osinfo"


class Folders:
    """Four empty layers and a cache, named by the environment for one test."""

    def __init__(self, base: Path) -> None:
        self.bundled, self.system, self.local, self.user, self.cache = (
            base / name for name in ("bundled", "system", "local", "user", "cache")
        )

    def write(self, layer: Path, name: str, *bodies: str) -> Path:
        """A profile file `name` in a layer, with the elements `bodies`, last changed long ago."""
        path = layer / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('<libosinfo version="0.0.1">\n' + "\n".join(bodies) + "\n</libosinfo>\n")
        self.settle()
        return path

    def settle(self) -> None:
        """Make every file and folder look old, so that an index of them is kept."""
        for layer in (self.bundled, self.system, self.local, self.user):
            for path in (layer, *layer.rglob("*")):
                if path.exists() and path.stat().st_mtime > 10**9 * 1.6:
                    os.utime(path, (10**9, 10**9))

    @property
    def index_files(self) -> list[Path]:
        return sorted(self.cache.glob("virtprov/osinfo-*.index"))


class Describe(Protocol):
    def __call__(self, short: str, *parts: str, **scalars: str) -> str: ...


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    found = Folders(tmp_path)
    monkeypatch.setattr("virtprov.osinfo.layers.bundled_dir", lambda: str(found.bundled))
    monkeypatch.setenv("OSINFO_SYSTEM_DIR", str(found.system))
    monkeypatch.setenv("OSINFO_LOCAL_DIR", str(found.local))
    monkeypatch.setenv("OSINFO_USER_DIR", str(found.user))
    monkeypatch.setenv("XDG_CACHE_HOME", str(found.cache))
    return found


@pytest.fixture
def samples(folders: Folders) -> Folders:
    """The sample profiles of tests/data/osinfo as the system's layer."""
    shutil.copytree(SAMPLES, folders.system)
    folders.settle()
    return folders


@pytest.fixture
def describe() -> Describe:
    """Writes an <os> element: `describe("one1", "<x/>", codename="C")` has the id http://example.org/one/1."""

    def write(short: str, *parts: str, **scalars: str) -> str:
        base, version = short.rstrip("0123456789"), short.lstrip("abcdefghijklmnopqrstuvwxyz")
        texts = {"name": f"The {short}", "version": version, "family": "linux", "distro": base}
        texts |= {name.replace("_", "-"): text for name, text in scalars.items()}
        lines = "".join(f"<{name}>{text}</{name}>" for name, text in texts.items())
        address = f"http://example.org/{base}/{version}"
        return f'<os id="{address}"><short-id>{short}</short-id>{lines}{"".join(parts)}</os>'

    return write
