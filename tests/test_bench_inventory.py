"""The hosts that `bench/xml` edits: what it measures is worth as much as they are like real ones."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from virtprov.host.connection import connect

TOP = Path(__file__).resolve().parents[1]


@pytest.fixture
def editing(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TOP / "bench"))
    import editing

    assert isinstance(editing, ModuleType)
    return editing


def test_an_inventory_holds_guests_of_their_own_half_of_them_running(editing: ModuleType, tmp_path: Path) -> None:
    with connect(editing.inventory(str(tmp_path), 300)) as host:
        found = [host.guests.find(name) for name in host.guests.names()]
    assert [guest.name for guest in found if guest is not None] == [editing.name_of(at) for at in range(300)]
    assert sum(guest.active for guest in found if guest is not None) == 150
    assert len({guest.uuid for guest in found if guest is not None}) == 300


def test_its_guests_come_back_as_they_are_defined(editing: ModuleType, tmp_path: Path) -> None:
    with connect(editing.inventory(str(tmp_path), 2)) as host:
        for number in range(2):
            text = host.guests.xml(editing.name_of(number), inactive=True)
            host.guests.define(text)
            assert host.guests.xml(editing.name_of(number), inactive=True) == text
            assert len(text) > 3000
