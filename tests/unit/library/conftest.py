"""Surroundings of a program that uses the library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import virtprov


@pytest.fixture(autouse=True)
def surroundings(only_bundled_profiles: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """State in a folder of its own, and no standard input."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("sys.stdin", None)


@pytest.fixture(autouse=True)
def silent(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Nothing is printed, not even by libraries."""
    yield
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[virtprov.Host]:
    """A host of libvirt's test driver, with three guests that are off, and its storage."""
    guests = "".join(
        f"<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'><test:runstate>5</test:runstate>"
        f"<name>{name}</name><memory>65536</memory><os><type arch='x86_64'>hvm</type></os></domain>"
        for name in ("a1", "a2", "b1")
    )
    inventory = tmp_path / "host.xml"
    inventory.write_text(
        f"<node>{guests}<network><name>default</name><bridge name='virbr0'/></network>"
        "<pool type='dir'><name>default</name><target><path>/var/lib/pool</path></target></pool></node>"
    )
    with virtprov.connect(f"test://{inventory}") as opened:
        yield opened
