from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import libvirt
import pytest

from virtprov.host.connection import Host
from virtprov.host.daemon.events import NEWS, EventSource, GuestEvent
from virtprov.host.failures import Lost
from virtprov.support.errors import HostError

SOON = 60.0
"""Seconds: far longer than anything here takes."""

AGENT = (
    "<domain type='test'><name>agent</name><memory>1024</memory><os><type>hvm</type></os><devices>"
    "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' state='connected'/></channel>"
    "</devices></domain>"
)


@pytest.fixture
def host(make_host: Callable[[str], Host]) -> Host:
    return make_host(
        "<domain type='test'><name>one</name><memory>1024</memory><os><type>hvm</type></os></domain>"
        "<domain type='test'><name>two</name><memory>1024</memory><os><type>hvm</type></os></domain>"
    )


def anything(event: GuestEvent) -> bool:
    return True


def test_what_happens_is_told_in_order(host: Host) -> None:
    with host.running.watch("one") as watch:
        host.guests._domains.get("one").suspend()
        host.guests._domains.get("one").resume()
        host.guests.destroy("one")
        host.guests.start("one")
        events = [watch.wait_for(anything, SOON) for _ in range(4)]
    assert [event.kind for event in events if event] == ["suspended", "resumed", "stopped", "started"]
    assert [event.detail for event in events if event] == ["paused", "unpaused", "destroyed", "booted"]


def test_other_guests_are_not_told(host: Host) -> None:
    with host.running.watch("one") as watch:
        host.guests.destroy("two")
        host.guests._domains.get("one").suspend()
        assert watch.wait_for(anything, SOON) == GuestEvent("suspended", "paused")


def test_waiting_for_one_event_passes_over_others(host: Host) -> None:
    with host.running.watch("one") as watch:
        host.guests._domains.get("one").suspend()
        host.guests._domains.get("one").resume()
        event = watch.wait_for(lambda event: event.kind == "resumed", SOON)
    assert event == GuestEvent("resumed", "unpaused")


def test_an_event_from_another_thread_wakes_the_wait(host: Host) -> None:
    with host.running.watch("one") as watch:
        thread = threading.Thread(target=host.guests.destroy, args=("one",))
        thread.start()
        assert watch.wait_stopped(SOON) == GuestEvent("stopped", "destroyed")
        thread.join()


def test_another_source_wakes_the_wait(host: Host) -> None:
    with host.running.watch("one") as watch:
        other = threading.Timer(0.05, watch.wake)
        other.start()
        assert watch.wait_for(lambda event: event.kind == NEWS, SOON) == GuestEvent(NEWS)
        other.join()


def test_time_is_over(host: Host) -> None:
    with host.running.watch("one") as watch:
        assert watch.wait_for(anything, 0.01) is None
        assert watch.wait_stopped(0.01) is None
        assert watch.wait_agent(0.01) is False
        assert watch.wait_device_gone("virtio-disk1", 0.01) is False


def test_a_guest_that_is_off_already(host: Host) -> None:
    host.guests.shutdown("one")
    with host.running.watch("one") as watch:
        assert watch.wait_stopped(SOON) == GuestEvent("stopped", "shut down")


def test_a_transient_guest_that_went_away(host: Host) -> None:
    host.guests.undefine("one")
    with host.running.watch("one") as watch:
        host.guests.destroy("one")
        assert watch.wait_stopped(SOON) == GuestEvent("stopped", "destroyed")
        assert watch.wait_stopped(SOON) == GuestEvent("stopped", "destroyed"), "it is still off"


def test_a_stop_before_another_start_does_not_count(host: Host) -> None:
    with host.running.watch("one") as watch:
        host.guests.destroy("one")
        assert watch.wait_stopped(SOON) == GuestEvent("stopped", "destroyed")
        host.guests.start("one")
        assert watch.wait_stopped(0.05) is None
        host.guests.shutdown("one")
        assert watch.wait_stopped(SOON) == GuestEvent("stopped", "shut down")


def test_nothing_is_told_after_the_watch(host: Host) -> None:
    with host.running.watch("one") as early:
        pass
    with host.running.watch("one") as late:
        host.guests._domains.get("one").suspend()
        assert late.wait_for(anything, SOON) is not None
    assert not early.events


def test_two_watches_hear_the_same(host: Host) -> None:
    with host.running.watch("one") as first, host.running.watch("one") as second:
        host.guests.destroy("one")
        assert first.wait_stopped(SOON) == second.wait_stopped(SOON) == GuestEvent("stopped", "destroyed")


def test_many_guests_watched_at_once_share_one_source(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    made, registered, start = [], [], threading.Barrier(8)
    init, register = EventSource.__init__, EventSource._register

    def counted(source: EventSource, *args: Any, **named: Any) -> None:
        made.append(source)
        init(source, *args, **named)

    def listening(source: EventSource) -> None:
        registered.append(source)
        register(source)

    monkeypatch.setattr(EventSource, "__init__", counted)
    monkeypatch.setattr(EventSource, "_register", listening)
    ready: list[int] = []

    def watch(name: str) -> None:
        start.wait(SOON)
        with host.running.watch(name) as mine:
            ready.append(len(mine._source._callbacks))

    threads = [threading.Thread(target=watch, args=(name,)) for name in ("one", "two") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    assert len(made) == len(registered) == 1
    assert len(ready) == 8 and len(set(ready)) == 1  # nobody began while some kinds of events were still missing


def test_an_agent_that_is_connected_already(make_host: Callable[[str], Host]) -> None:
    host = make_host(AGENT)
    # The test driver drops a channel's state from what it reads, so it is the document that is given.
    with host.running.watch("agent") as watch:
        watch._domain = type("Domain", (), {"XMLDesc": lambda self, flags: AGENT})()
        assert watch.wait_agent(SOON) is True


# The test driver never sends these; they are put in the way libvirt would, from another thread.


def test_an_agent_that_connects(host: Host) -> None:
    with host.running.watch("one") as watch:
        thread = threading.Thread(target=watch._source._agent, args=(None, watch._domain, 1, 0, ""))
        thread.start()
        assert watch.wait_agent(SOON) is True
        thread.join()


def test_no_agent_connects_to_a_guest_that_stops(host: Host) -> None:
    with host.running.watch("one") as watch:
        host.guests.destroy("one")
        assert watch.wait_agent(SOON) is False


def test_no_later_wait_meets_a_stop_that_was_waited_for(host: Host) -> None:
    with host.running.watch("one") as watch:
        host.guests.destroy("one")
        watch.wait_stopped(SOON)
        host.guests.start("one")
        assert watch.wait_for(anything, SOON) == GuestEvent("started", "booted")


def test_a_device_that_leaves(host: Host) -> None:
    with host.running.watch("one") as watch:
        watch._source._device(None, watch._domain, "other", "device removed")
        watch._source._device(None, watch._domain, "virtio-disk1", "device removed")
        assert watch.wait_device_gone("virtio-disk1", SOON) is True


def test_a_device_that_stays(host: Host) -> None:
    with host.running.watch("one") as watch:
        watch._source._device(None, watch._domain, "virtio-disk1", "device removal failed")
        with pytest.raises(HostError, match="^guest 'one' did not release device 'virtio-disk1'$"):
            watch.wait_device_gone("virtio-disk1", SOON)


def test_a_connection_that_breaks(host: Host) -> None:
    with host.running.watch("one") as watch:
        breaking = threading.Thread(target=watch._source._note_close, args=(None, 0, None))
        breaking.start()
        with pytest.raises(Lost, match="while waiting for the guest 'one'"):
            watch.wait_for(anything, SOON)
        breaking.join()


def test_numbers_that_a_newer_libvirt_sends(host: Host) -> None:
    with host.running.watch("one") as watch:
        watch._source._lifecycle(None, watch._domain, 99, 0, None)
        watch._source._lifecycle(None, watch._domain, 5, 99, None)
        assert watch.wait_for(anything, SOON) == GuestEvent("event 99", "")
        assert watch.wait_for(anything, SOON) == GuestEvent("stopped", "")


def test_a_recorded_host_tells_too(kvm: Host) -> None:
    with kvm.running.watch("web") as watch:
        kvm.guests.start("web")
        assert watch.wait_for(anything, SOON) == GuestEvent("started", "booted")


def test_a_second_connection_listens_where_the_first_cannot(hosts) -> None:  # type: ignore[no-untyped-def]
    from virtprov.host.connection import connect
    from virtprov.host.daemon.opening import open_connection

    uri = "test:///default"  # its guests are the same through every connection of a process
    plain = connect(uri)
    host = Host(plain._link.conn, uri, has_events=False, reopen=lambda: open_connection(uri))
    with host, host.running.watch("test") as watch:
        assert watch._source.conn is not plain._link.conn
        host.guests._domains.get("test").suspend()
        host.guests._domains.get("test").resume()
        event = watch.wait_for(lambda event: event.kind == "resumed", SOON)
    assert event == GuestEvent("resumed", "unpaused")


# -- the end of an installation -------------------------------------------------------------------


class Stuck:
    """A guest in some state, as libvirt's numbers say it."""

    def __init__(self, state: int, why: int) -> None:
        self.said = [state, why]

    def UUIDString(self) -> str:  # noqa: N802
        return "6695eb01-f6a4-8304-79aa-97f2502e193f"

    def isActive(self) -> bool:  # noqa: N802
        return True

    def state(self) -> list[int]:
        return self.said


@pytest.mark.parametrize(
    ("state", "why", "expected"),
    [
        (libvirt.VIR_DOMAIN_CRASHED, libvirt.VIR_DOMAIN_CRASHED_PANICKED, GuestEvent("crashed", "panicked")),
        (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR, GuestEvent("suspended", "I/O error")),
        (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_WATCHDOG, GuestEvent("suspended", "watchdog")),
        (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_CRASHED, GuestEvent("suspended", "crashed")),
        (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_USER, None),
        (libvirt.VIR_DOMAIN_RUNNING, 1, None),
    ],
)
def test_a_guest_that_cannot_go_on_is_not_waited_for(
    host: Host, state: int, why: int, expected: GuestEvent | None
) -> None:
    with host.running.watch("one") as watch:
        watch._domain = Stuck(state, why)
        assert watch.wait_stopped(0.05) == expected


def test_the_end_of_a_guest_ends_the_wait(host: Host) -> None:
    with host.running.watch("one") as watch:
        other = threading.Thread(target=host.guests.destroy, args=("one",))
        other.start()
        assert watch.wait_stopped(20) == GuestEvent("stopped", "destroyed")
        other.join()
