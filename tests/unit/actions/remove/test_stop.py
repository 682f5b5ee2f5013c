"""Guests are off before they are removed: by themselves, in limited time, or by pulling the plug."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.standin import StandIn
from tests.unit.actions.remove.conftest import MakeGuest, MakeHost, planned
from virtprov.actions.remove import stop
from virtprov.actions.request import RemoveRequest
from virtprov.actions.run.plan import RunContext
from virtprov.host.connection import Host
from virtprov.host.daemon.events import GuestEvent
from virtprov.host.failures import NotThere
from virtprov.support.errors import HostError, WaitTimeout

Around = Callable[[Any], RunContext]


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Deaf(StandIn):
    """A host whose guests hear the last of so many requests only; `event` is what else happens to them."""

    def __init__(self, host: Host, clock: Clock, hears: dict[str, int], event: GuestEvent | None = None) -> None:
        self.real, self.clock, self.hears, self.event = host, clock, hears, event
        self.asked: list[tuple[str, float]] = []

    def guests_shutdown(self, key: str) -> None:
        info = self.real.guests.find(key)
        self.asked.append((info.name, self.clock.now - 1000.0))
        if len([name for name, _ in self.asked if name == info.name]) >= self.hears.get(info.name, 999):
            self.real.guests.shutdown(key)

    def running_watch(self, key: str) -> Any:
        host = self

        class Watched:
            def __enter__(self) -> Any:
                return self

            def __exit__(self, *failure: object) -> None:
                pass

            def wait_stopped(self, timeout: float) -> GuestEvent | None:
                if host.event is not None:
                    return host.event
                if not host.real.guests.find(key).active:
                    return GuestEvent("stopped", "shut down")
                host.clock.now += timeout
                return None

        return Watched()


@pytest.fixture
def pair(domain: MakeGuest, host_with: MakeHost) -> Host:
    """Two guests that run, and one that does not."""
    return host_with(domain("a", runs=True), domain("b", number=2, runs=True), domain("c", number=3))


def run(host: Any, context: RunContext, clock: Clock, **settings: Any) -> None:
    removals = list(planned(host.real, "a", "b", "c"))
    stop.stop(RemoveRequest(("a", "b", "c"), **settings), removals, context, clock)


def test_all_shut_down_at_once(pair: Host, context_of: Around) -> None:
    clock = Clock()
    host = Deaf(pair, clock, {"a": 1, "b": 1})
    run(host, context_of(host), clock)
    assert host.asked == [("a", 0), ("b", 0)] and clock.now == 1000.0


def test_who_does_not_hear_is_asked_again(pair: Host, context_of: Around) -> None:
    clock = Clock()
    host = Deaf(pair, clock, {"a": 3, "b": 1})
    run(host, context_of(host), clock)
    assert host.asked == [("a", 0), ("b", 0), ("a", 15), ("a", 30)]


def test_patience_ends(pair: Host, context_of: Around) -> None:
    clock = Clock()
    host = Deaf(pair, clock, {"b": 1})
    sentence = "'a' has not shut down within 40 s; nothing has been removed .the other guests are off."
    with pytest.raises(WaitTimeout, match=sentence) as caught:
        run(host, context_of(host), clock, wait=40 / 60)
    assert clock.now == 1040.0 and "--force-off" in caught.value.hint and "--wait" in caught.value.hint
    assert [at for name, at in host.asked if name == "a"] == [0, 15, 30]


def test_there_may_be_no_end(pair: Host, context_of: Around) -> None:
    clock = Clock()
    host = Deaf(pair, clock, {"a": 500, "b": 1})
    run(host, context_of(host), clock, wait=-1.0)
    assert clock.now == 1000.0 + 499 * 15


@pytest.mark.parametrize(
    ("event", "word"),
    [(GuestEvent("crashed", "panicked"), "crashed"), (GuestEvent("suspended", "I/O error"), "paused")],
)
def test_a_guest_that_cannot_go_on(event: GuestEvent, word: str, pair: Host, context_of: Around) -> None:
    clock = Clock()
    host = Deaf(pair, clock, {}, event)
    with pytest.raises(HostError, match=f"guest 'a' does not shut down: it is {word} .{event.detail}.") as caught:
        run(host, context_of(host), clock)
    assert "--force-off" in caught.value.hint


def test_the_plug_is_pulled_without_asking(pair: Host, context_of: Around) -> None:
    clock = Clock()
    host = Deaf(pair, clock, {})
    run(host, context_of(host), clock, force_off=True)
    assert host.asked == []
    assert not [name for name in "abc" if pair.guests.find(name).active]  # type: ignore[union-attr]


@pytest.mark.parametrize("error", [HostError("not supported"), NotThere("gone")])
def test_a_guest_that_cannot_be_asked(error: HostError, pair: Host, context_of: Around) -> None:
    """It matters only while the guest runs."""

    class Refusing(Deaf):
        def guests_shutdown(self, key: str) -> None:
            if not isinstance(error, HostError) or isinstance(error, NotThere):
                self.real.guests.destroy(key)
            raise error

    clock = Clock()
    host = Refusing(pair, clock, {})
    if isinstance(error, NotThere):
        run(host, context_of(host), clock)
        return
    with pytest.raises(HostError, match="not supported") as caught:
        run(host, context_of(host), clock)
    assert caught.value.hint == "--force-off powers it off"


def test_a_guest_that_powers_off_while_it_is_asked(pair: Host, context_of: Around) -> None:
    """Its agent or QEMU ends before the request does, and a moment later it is seen to be off."""

    class Going(Deaf):
        def guests_shutdown(self, key: str) -> None:
            super().guests_shutdown(key)
            raise HostError("child process has terminated abnormally")

        def running_watch(self, key: str) -> Any:
            watched = super().running_watch(key)
            wait = watched.wait_stopped

            def wait_stopped(timeout: float) -> GuestEvent | None:
                self.real.guests.destroy(key)
                return wait(timeout)  # type: ignore[no-any-return]

            watched.wait_stopped = wait_stopped
            return watched

    clock = Clock()
    host = Going(pair, clock, {})
    run(host, context_of(host), clock)
    assert [name for name, _ in host.asked] == ["a", "b"] and clock.now == 1000.0
