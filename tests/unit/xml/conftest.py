"""A small schema, and what was made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtprov.xml.schema import schema_files
from virtprov.xml.schema.graph import Graph

SCHEMA = Path(__file__).resolve().parents[2] / "data" / "schema"


@pytest.fixture
def schema_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The small schema stands for libvirt's; the cache is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("VIRTPROV_SCHEMA_DIR", str(SCHEMA))
    monkeypatch.setattr(schema_files, "_graphs", {})
    return str(SCHEMA)


@pytest.fixture
def graph(schema_folder: str) -> Graph:
    """The small schema's graph."""
    made = schema_files.load()
    assert made is not None
    return made
