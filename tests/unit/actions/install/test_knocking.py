"""Knocking at a guest's ssh port beside everything else."""

from __future__ import annotations

import threading

import pytest

from virtprov.actions.install import knocking
from virtprov.actions.install.knocking import MOST, Knocker


class Doors:
    """Places where somebody may open; counts who knocks."""

    def __init__(self, *opened: str) -> None:
        self.opened = set(opened)
        self.tried: list[str] = []
        self.again = threading.Event()

    def ask(self, address: str, port: int) -> str:
        self.tried.append(f"{address}:{port}")
        if self.tried.count(self.tried[0]) > 2:
            self.again.set()
        return "" if address in self.opened else "connection refused"


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knocking, "EVERY", 0.001)


def test_the_first_that_opens() -> None:
    doors, found = Doors("10.0.0.2"), threading.Event()
    with Knocker(found.set, doors.ask) as knocker:
        knocker.try_places([("10.0.0.1", 22), ("10.0.0.2", 22), ("10.0.0.3", 22)])
        assert found.wait(10)
        assert knocker.open_at == ("10.0.0.2", 22)
        assert knocker.replies == {("10.0.0.1", 22): "connection refused", ("10.0.0.2", 22): ""}
    assert doors.tried == ["10.0.0.1:22", "10.0.0.2:22"]


def test_it_knocks_until_it_is_opened() -> None:
    doors, found = Doors(), threading.Event()
    with Knocker(found.set, doors.ask) as knocker:
        knocker.try_places([("10.0.0.1", 22)])
        assert doors.again.wait(10) and knocker.open_at is None
        doors.opened.add("10.0.0.1")
        assert found.wait(10)


def test_it_hears_of_other_places() -> None:
    doors, found = Doors("10.0.0.9"), threading.Event()
    with Knocker(found.set, doors.ask) as knocker:
        knocker.try_places([("10.0.0.1", 22)])
        knocker.try_places([("10.0.0.1", 22), ("10.0.0.9", 22)])
        assert found.wait(10) and knocker.open_at == ("10.0.0.9", 22)


def test_after_a_reboot_it_knocks_again() -> None:
    doors, found = Doors("10.0.0.1"), threading.Event()
    with Knocker(found.set, doors.ask) as knocker:
        knocker.try_places([("10.0.0.1", 22)])
        assert found.wait(10)
        found.clear()
        knocker.forget()
        assert found.wait(10) and len(doors.tried) == 2


def test_a_guest_with_a_thousand_addresses() -> None:
    doors = Doors()
    with Knocker(lambda: None, doors.ask) as knocker:
        knocker.try_places([(f"10.0.{high}.{low}", 22) for high in range(4) for low in range(250)])
        assert doors.again.wait(10)
    assert len(set(doors.tried)) == MOST


def test_nowhere_to_knock_is_no_thread() -> None:
    before = threading.active_count()
    with Knocker(lambda: None, Doors().ask) as knocker:
        knocker.try_places([])
        assert threading.active_count() == before
