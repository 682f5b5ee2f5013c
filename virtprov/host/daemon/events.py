"""Receive libvirt's events about guests, and wait for one of them.

libvirt delivers events through an event loop. It runs in one daemon thread of this process, started by the first watch;
nothing is polled.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from typing import Any, NamedTuple

import libvirt

from virtprov.host.failures import MISSING, Lost, asking, code_of, in_our_words
from virtprov.support.errors import HostError
from virtprov.xml.tree import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

LATE = 2.0
"""How many seconds an event may arrive after its effect is visible."""

AGENT = "org.qemu.guest_agent.0"
"""The channel on which the QEMU guest agent answers."""

LIFECYCLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("defined", ("added", "updated", "renamed", "from snapshot")),
    ("undefined", ("removed", "renamed")),
    ("started", ("booted", "migrated", "restored", "from snapshot", "woken up")),
    ("suspended", ("paused", "migrated", "I/O error", "watchdog", "restored", "from snapshot", "API error")),
    ("resumed", ("unpaused", "migrated", "from snapshot")),
    ("stopped", ("shut down", "destroyed", "crashed", "migrated", "saved", "failed", "from snapshot")),
    ("shutdown", ("finished", "by the guest", "by the host")),
    ("pmsuspended", ("memory", "disk")),
    ("crashed", ("panicked", "crash loaded")),
)
"""virDomainEventType and its details as words; the position is libvirt's number."""

OFF = ("unknown", "shut down", "destroyed", "crashed", "migrated", "saved", "failed", "from snapshot", "daemon")
"""virDomainShutoffReason as the same words."""


_PAUSED = {5: "I/O error", 6: "watchdog", 10: "crashed"}
"""The virDomainPausedReason of a guest that does not go on by itself."""


NEWS = "news"
"""The kind of event that `Watch.wake` makes: another source of this process has something new."""


class GuestEvent(NamedTuple):
    """An event of the watched guest.

    `kind` is the first word of a LIFECYCLE row with its `detail`, or "rebooted", "device removed" and "device removal
    failed" (`detail`: the device's alias), "agent connected", "agent disconnected", NEWS.
    """

    kind: str
    detail: str = ""


_loop_lock = threading.Lock()
_loop: threading.Thread | None = None

SOURCE_LOCK = threading.Lock()
"""Held while the event source of a host is created, because several threads may need it at the same time."""


def start_loop() -> None:
    """Register libvirt's event loop and run it in a daemon thread; does nothing when called again.

    A remote connection only delivers events if it was opened after this.
    """
    global _loop
    with _loop_lock:
        if _loop is None:
            with asking("start listening for events"):
                libvirt.virEventRegisterDefaultImpl()
            _loop = threading.Thread(target=_run, name="libvirt events", daemon=True)
            _loop.start()


def _run() -> None:
    with suppress(libvirt.libvirtError):
        while True:
            libvirt.virEventRunDefaultImpl()


class EventSource:
    """A connection that delivers events to the watches of its guests, and notifies them if it is lost.

    libvirt allows one callback for each connection and kind of event, so each is registered once and distributed here.
    """

    def __init__(self, conn: Any, *, owned: bool) -> None:
        self.conn = conn
        self.lost = False
        self.changed = threading.Condition()
        self._owned = owned
        self._watches: dict[str, list[Watch]] = {}
        self._callbacks: list[int] = []
        self._registering = threading.Lock()  # not `changed`: what libvirt calls takes that one
        # Not every driver can break, so not every driver tells.
        with suppress(libvirt.libvirtError):
            conn.registerCloseCallback(self._note_close, None)

    def add(self, uuid: str, watch: Watch) -> None:
        """Deliver the events of the guest with this UUID to the watch from now on."""
        with self.changed:
            self._watches.setdefault(uuid, []).append(watch)
        with self._registering:  # a second watch waits until every kind of event is listened for
            if not self._callbacks:
                self._register()

    def remove(self, uuid: str, watch: Watch) -> None:
        """Stop delivering events to the watch."""
        with self.changed:
            self._watches[uuid].remove(watch)

    def _register(self) -> None:
        with asking("listen for events"):
            kind = libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE
            self._callbacks.append(self.conn.domainEventRegisterAny(None, kind, self._lifecycle, None))
        others: tuple[tuple[str, Callable[..., None], str], ...] = (
            ("REBOOT", self._note_event, "rebooted"),
            ("DEVICE_REMOVED", self._device, "device removed"),
            ("DEVICE_REMOVAL_FAILED", self._device, "device removal failed"),
            ("AGENT_LIFECYCLE", self._agent, ""),
        )
        for name, callback, word in others:
            with suppress(libvirt.libvirtError):  # an older host has fewer kinds of events
                kind = getattr(libvirt, f"VIR_DOMAIN_EVENT_ID_{name}")
                self._callbacks.append(self.conn.domainEventRegisterAny(None, kind, callback, word))

    def close(self) -> None:
        """Stop listening; close a connection that was only opened for events."""
        for callback in self._callbacks:
            with suppress(libvirt.libvirtError):
                self.conn.domainEventDeregisterAny(callback)
        self._callbacks.clear()
        with suppress(libvirt.libvirtError):
            self.conn.unregisterCloseCallback()
        if self._owned:
            with suppress(libvirt.libvirtError):
                self.conn.close()

    # -- what libvirt calls, in the loop's thread -------------------------------------------------------

    def _tell(self, domain: Any, event: GuestEvent) -> None:
        with self.changed:
            for watch in self._watches.get(str(domain.UUIDString()), ()):
                watch.events.append(event)
            self.changed.notify_all()

    def _lifecycle(self, conn: Any, domain: Any, event: int, detail: int, _none: None) -> None:
        kind, details = LIFECYCLE[event] if event < len(LIFECYCLE) else (f"event {event}", ())
        self._tell(domain, GuestEvent(kind, details[detail] if detail < len(details) else ""))

    def _note_event(self, conn: Any, domain: Any, kind: str) -> None:
        self._tell(domain, GuestEvent(kind))

    def _device(self, conn: Any, domain: Any, alias: str, kind: str) -> None:
        self._tell(domain, GuestEvent(kind, alias))

    def _agent(self, conn: Any, domain: Any, state: int, why: int, _none: str) -> None:
        self._tell(domain, GuestEvent("agent connected" if state == 1 else "agent disconnected"))

    def _note_close(self, conn: Any, why: int, _none: None) -> None:
        with self.changed:
            self.lost = True
            self.changed.notify_all()


class Watch:
    """Collects the events of one guest while the `with` block runs; see Running.watch.

    All waits have a `timeout` in seconds, None for no limit, and raise Lost if the connection is lost.
    """

    def __init__(self, source: EventSource, domain: Any, name: str) -> None:
        self.events: deque[GuestEvent] = deque()
        self._source = source
        self._domain = domain
        self._uuid = str(domain.UUIDString())
        self._name = name
        self._last = GuestEvent("started")

    def __enter__(self) -> Watch:
        start_loop()
        self._source.add(self._uuid, self)
        self._last = self._off() or self._last
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.remove(self._uuid, self)

    # -- waiting ----------------------------------------------------------------------------------------

    def wait_for(self, wanted: Callable[[GuestEvent], bool], timeout: float | None = None) -> GuestEvent | None:
        """Return the first new event that is `wanted`; None if the time is up.

        Raises HostError if the connection is lost.
        """
        events: list[GuestEvent] = []

        def look() -> bool:
            while self.events and not events:
                event = self.events.popleft()
                if event.kind in ("started", "stopped"):
                    self._last = event
                if wanted(event):
                    events.append(event)
            return bool(events) or self._source.lost

        with self._source.changed:
            self._source.changed.wait_for(look, timeout)
        if not events and self._source.lost:
            raise Lost(
                f"the connection broke while waiting for the guest '{self._name}'",
                hint="check whether libvirt still runs on that host; the guest may still be running",
            )
        return events[0] if events else None

    def wake(self) -> None:
        """End a wait for NEWS in another thread."""
        with self._source.changed:
            self.events.append(GuestEvent(NEWS))
            self._source.changed.notify_all()

    def wait_stopped(self, timeout: float | None = None) -> GuestEvent | None:
        """Wait until the guest is off, or cannot go on; returns at once if it is; None if the time is up.

        Returns a "stopped" event with the reason as its `detail`: "shut down", "destroyed", "crashed", "failed" ... It
        is ignored if the guest was started again afterwards. A guest that cannot go on is "crashed" (it has panicked),
        or "suspended" with the reason as its `detail`: "I/O error", "watchdog".
        """
        from time import monotonic

        end = None if timeout is None else monotonic() + timeout
        while (off := self._off()) is None:
            stuck = self._stuck()
            if stuck is not None:
                return stuck
            left = None if end is None else max(end - monotonic(), 0.0)
            if self.wait_for(_is_end, left) is None:
                return None
        self._take_last_stop()
        return off if off.detail != OFF[0] or self._last.kind != "stopped" else self._last

    def _stuck(self) -> GuestEvent | None:
        """Return why a guest that is not off cannot go on; None if it can."""
        try:
            state, why = self._domain.state()
        except libvirt.libvirtError:  # it is off
            return None
        if state == libvirt.VIR_DOMAIN_CRASHED:
            return GuestEvent("crashed", "panicked")
        detail = _PAUSED.get(int(why)) if state == libvirt.VIR_DOMAIN_PAUSED else None
        return GuestEvent("suspended", detail) if detail else None

    def _off(self) -> GuestEvent | None:
        try:
            if self._domain.isActive():
                return None
            why = int(self._domain.state()[1])
            return GuestEvent("stopped", OFF[why] if why < len(OFF) else OFF[0])
        except libvirt.libvirtError as error:
            if code_of(error) in MISSING:
                return GuestEvent("stopped", OFF[0])
            raise in_our_words(f"ask for the state of the guest '{self._name}'", error) from error

    def _take_last_stop(self) -> None:
        """Remove the event of a stop that is already visible, which may still be on its way.

        A later wait must not see it, and only this event has the reason for which a transient guest stopped.
        """
        while self.wait_for(_is_stopped, 0):
            pass
        if self._last.kind != "stopped":
            self.wait_for(_is_stopped, LATE)

    def wait_device_gone(self, alias: str, timeout: float | None = None, what: str = "") -> bool:
        """Wait until a running guest has released a detached device; False if the time is up.

        `what` describes it to the user. Raises HostError if the guest refuses to release it.
        """
        kinds = ("device removed", "device removal failed")
        event = self.wait_for(lambda event: event.kind in kinds and event.detail == alias, timeout)
        if event and event.kind == kinds[1]:
            what = what or f"device '{alias}'"
            raise HostError(
                f"guest '{self._name}' did not release {what}",
                hint="make sure that nothing in the guest uses it, or detach it while the guest is off",
            )
        return event is not None

    def wait_agent(self, timeout: float | None = None) -> bool:
        """Wait until the guest's QEMU agent is connected; returns at once if it is.

        False if the time is up or the guest stops. A connected agent may not answer yet: see Running.agent.
        """
        if self.agent_connected():
            return True
        event = self.wait_for(lambda event: event.kind in ("agent connected", "stopped"), timeout)
        return event is not None and event.kind == "agent connected"

    def agent_connected(self) -> bool:
        """Return whether the guest's QEMU agent has opened its channel. It may not answer yet: see Running.agent."""
        with asking(f"read the document of the guest '{self._name}'"):
            root = parse(str(self._domain.XMLDesc(0)), "the guest's document")
        return any(
            target.get("name") == AGENT and target.get("state") == "connected"
            for target in root.findall("devices/channel/target")
        )


def _is_stopped(event: GuestEvent) -> bool:
    return event.kind == "stopped"


def _is_end(event: GuestEvent) -> bool:
    return event.kind in ("stopped", "crashed", "suspended")
