"""A guest's ssh port is tried beside everything else, and never so often that the guest suffers."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from virtprov.actions.waiting import ssh_probe
from virtprov.actions.waiting.knock import RDP, SSH, Service
from virtprov.actions.waiting.ssh_probe import LONGEST, MOST, SECOND_AFTER, SshProbe


class Doors:
    """Places where somebody may open, and a clock: each round takes a second.

    Somebody who is `slow` accepts the connection and does not answer.
    """

    def __init__(self, *opened: str, slow: bool = False) -> None:
        self.opened, self.slow = set(opened), slow
        self.now = 0.0
        self.tried: list[tuple[float, str]] = []
        self.services: list[str] = []
        self.pending = self.most_pending = 0
        self.on_round: Callable[[], None] = lambda: None

    def clock(self) -> float:
        return self.now

    def attempt(self, address: str, port: int, service: Service) -> Attempt:
        self.services.append(service.name)
        return Attempt(self, address, port)

    def look_at(self, attempts: list[Attempt], seconds: float) -> None:
        self.now += 1
        for attempt in attempts:
            if attempt.place[0] in self.opened:
                attempt.end("")
            elif not self.slow:
                attempt.end("connection refused")
        self.on_round()


class Attempt:
    """A connection to one of the doors."""

    def __init__(self, doors: Doors, address: str, port: int) -> None:
        self.doors, self.place, self.began = doors, (address, port), doors.now
        self.reply: str | None = None
        doors.tried.append((doors.now, address))
        doors.pending += 1
        doors.most_pending = max(doors.most_pending, doors.pending)

    def end(self, reply: str) -> None:
        if self.reply is None:
            self.reply = reply
            self.doors.pending -= 1


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Callable[[Doors], Doors]:
    """Let these doors be what is knocked at."""

    def put(doors: Doors) -> Doors:
        monkeypatch.setattr(ssh_probe, "Attempt", doors.attempt)
        monkeypatch.setattr(ssh_probe, "look_at", doors.look_at)
        monkeypatch.setattr(ssh_probe, "monotonic", doors.clock)
        return doors

    return put


Stand = Callable[[Doors], Doors]


def end(probe: SshProbe) -> None:
    """Wait for the thread of a probe that has been told to stop."""
    if probe._thread is not None:
        probe._thread.join(60)


def rounds(probe: SshProbe, places: list[tuple[str, int]], count: int) -> None:
    """Knock some rounds in this thread."""
    probe._places = tuple(places)
    for _ in range(count):
        if probe.open_at is None:
            probe._round()


def test_the_first_that_opens(stand: Stand) -> None:
    stand(Doors("10.0.0.2"))
    found = threading.Event()
    with SshProbe(found.set) as probe:
        probe.try_places([("10.0.0.1", 22), ("10.0.0.2", 22)])
        assert found.wait(60)
        assert probe.open_at == ("10.0.0.2", 22)
        assert probe.replies == {("10.0.0.1", 22): "connection refused", ("10.0.0.2", 22): ""}
    end(probe)


def test_it_knocks_until_it_is_opened_and_again_after_a_reboot(stand: Stand) -> None:
    doors, found = stand(Doors()), threading.Event()
    doors.on_round = lambda: doors.opened.add("10.0.0.1") if doors.now > 5 else None
    with SshProbe(found.set) as probe:
        probe.try_places([("10.0.0.1", 22)])
        assert found.wait(60)
        found.clear()
        probe.forget()
        assert found.wait(60)
    end(probe)


def test_a_guest_that_refuses_is_asked_again_soon(stand: Stand) -> None:
    doors = stand(Doors())
    rounds(SshProbe(lambda: None), [("10.0.0.1", 22)], 10)
    assert [now for now, _ in doors.tried] == [0, 2, 4, 6, 8]
    assert doors.most_pending == 1


def test_a_guest_that_is_slow_to_answer_is_not_flooded(stand: Stand) -> None:
    doors = stand(Doors(slow=True))
    probe = SshProbe(lambda: None)
    rounds(probe, [("10.0.0.1", 22)], 120)
    assert doors.most_pending == 2
    assert len(doors.tried) <= 2 + 2 * 120 / LONGEST
    assert doors.tried[1][0] >= SECOND_AFTER
    assert probe.replies == {("10.0.0.1", 22): "no answer"}
    doors.opened.add("10.0.0.1")
    rounds(probe, [("10.0.0.1", 22)], 1)
    assert probe.open_at == ("10.0.0.1", 22) and doors.pending == 0, "an old connection still counts"


def test_a_guest_with_a_thousand_addresses(stand: Stand) -> None:
    doors, enough = stand(Doors()), threading.Event()
    doors.on_round = enough.set
    with SshProbe(lambda: None) as probe:
        probe.try_places([(f"10.0.{high}.{low}", 22) for high in range(4) for low in range(250)])
        assert enough.wait(60)
    end(probe)
    assert len({address for _, address in doors.tried}) == MOST


def test_nowhere_to_knock_is_no_thread() -> None:
    with SshProbe(lambda: None) as probe:
        probe.try_places([])
        assert probe._thread is None


def test_the_service_of_a_place_is_asked(stand: Stand) -> None:
    doors = stand(Doors("10.0.0.2"))
    probe = SshProbe(lambda: None, lambda place: RDP if place[1] == 3389 else SSH)
    rounds(probe, [("10.0.0.1", 22), ("10.0.0.2", 3389)], 1)
    assert doors.services == ["ssh", "RDP"] and probe.open_at == ("10.0.0.2", 3389)
