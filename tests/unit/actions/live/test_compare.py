"""What a change means for a running guest, from its document before and after; and doing it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.edit.changing.changes import EDIT
from virtprov.actions.live import compare
from virtprov.actions.live.compare import DONE, PENDING, LiveChange, LiveStep
from virtprov.actions.live.effects import BOOT, NEVER, NOW, Effect, Live, Op, call
from virtprov.actions.run.plan import RunContext
from virtprov.guest.document import Guest
from virtprov.host.connection import Host
from virtprov.host.running.running_guests import Running
from virtprov.support.errors import HostError, UsageError

from .running_guest import look, rows

# -- tables --------------------------------------------------------------------------------------


def test_changes_one_after_the_other(guest: Guest) -> None:
    first = look(guest, EDIT, "events", "on_poweroff=restart")
    second = look(guest, EDIT, "memory", "1536")
    both = compare.together([first, second, first, second])
    assert rows(both) == [("on_poweroff", BOOT), ("memory", NOW), ("memory", NOW)] and len(both.ops) == 2


def test_a_running_guest_that_is_left_alone(guest: Guest) -> None:
    found = look(guest, EDIT, "memory", "1536")
    assert compare.put_off(found) == Live((Effect("memory", BOOT),))
    assert compare.put_off(found, persistent=False).rows[0].when == NEVER
    course = LiveChange([found])
    assert (course.acts, course.waits) == (True, False)
    assert (course.put_off().acts, course.put_off().waits, course.put_off().steps("web")) == (False, True, [])
    assert [step.seconds for step in course.steps("web", 1)] == [1]


def test_groups_of_which_nothing_can_be_changed_now() -> None:
    assert compare.has_plane("disk") and compare.has_plane("memory") and compare.has_plane("metadata")
    assert not compare.has_plane("events") and not compare.has_plane("boot")


def test_what_cannot_be_done_now_is_refused(guest: Guest) -> None:
    compare.refuse_later(look(guest, EDIT, "memory", "1536"), "web")
    with pytest.raises(UsageError, match="^memory of 'web' cannot be changed while the guest runs: the guest was "):
        compare.refuse_later(look(guest, EDIT, "memory", "4096"), "web")


# -- doing it ------------------------------------------------------------------------------------

DISK = "<disk><target dev='vdb'/><alias name='virtio-disk1'/></disk>"


class Plugged(StandIn):
    """A host with one running guest: its devices, how it answers a removal, and which calls libvirt got."""

    def __init__(self, devices: str = DISK, removal: str = "", state: str = "running", problem: str = "") -> None:
        self.devices, self.removal, self.state, self.problem = devices, removal, state, problem
        self.called: list[tuple[Any, ...]] = []
        self.waited: list[float] = []
        self.running = Calls(self)

    def guests_find(self, key: str) -> Any:
        return SimpleNamespace(name=key, state=self.state)

    def guests_xml(self, key: str) -> str:
        return f"<domain><name>{key}</name><devices>{self.devices}</devices></domain>"


class Calls(Running):
    """The calls for that guest: what libvirt would get is noted."""

    def __init__(self, host: Plugged) -> None:
        self.host = host
        self._domains: Any = self

    def get(self, key: str) -> Calls:
        return self

    @contextmanager
    def watch(self, key: str) -> Iterator[Any]:  # type: ignore[override]
        self.host.called.append(("watch",))

        def gone(alias: str, seconds: float, what: str) -> bool:
            self.host.waited.append(seconds)
            if self.host.removal == "no":
                raise HostError(f"guest 'web' did not release {what}")
            return self.host.removal == "yes"

        yield SimpleNamespace(wait_device_gone=gone)

    def __getattr__(self, name: str) -> Any:
        if self.host.problem:
            raise HostError(self.host.problem)
        return lambda *values: self.host.called.append((name, *values))


REMOVAL = Op("removal of disk vdb", "disk vdb", call(Running.detach_device, DISK), call(Running.attach_device, DISK))


def test_a_call_and_its_way_back(context_of: Callable[[Any], RunContext]) -> None:
    host = Plugged()
    note = call(Running.set_note, "element", "<a/>", uri="urn:a", prefix="a")
    op = Op("memory", "memory", note, call(Running.set_memory, 3))
    course = LiveChange([Live((Effect("memory", NOW), Effect("os", BOOT)), (op,))])
    (step,) = course.steps("web")
    assert [fact["outcome"] for fact in course.facts()] == ["", ""]
    undo = step.do(context_of(host))
    assert undo is not None and course.outcomes == [DONE] and "'web': memory" in step.label
    assert course.facts()[0] == {"what": "memory", "when": "now", "why": "", "outcome": "done"}
    undo()
    assert host.called == [("setMetadata", 2, "<a/>", "a", "urn:a", 1), ("setMemoryFlags", 3, 1)]


def test_a_call_without_a_way_back(context_of: Callable[[Any], RunContext]) -> None:
    op = Op("cputune: shares", "cputune", call(Running.set_scheduling, {}))
    undo = LiveStep("web", op, []).do(context_of(Plugged()))
    with pytest.raises(HostError, match="libvirt has no call to undo cputune: shares"):
        undo()  # type: ignore[misc]


def test_a_device_leaves(context_of: Callable[[Any], RunContext]) -> None:
    host, outcomes = Plugged(removal="yes"), list[str]()
    undo = LiveStep("web", REMOVAL, outcomes).do(context_of(host))
    assert outcomes == [DONE] and host.waited == [compare.REMOVAL_SECONDS]
    assert [call[0] for call in host.called] == ["watch", "detachDeviceFlags"]
    undo()  # type: ignore[misc]
    assert host.called[-1] == ("attachDeviceFlags", DISK, 1)


def test_a_device_that_does_not_leave_yet(context_of: Callable[[Any], RunContext], told: Any) -> None:
    course = LiveChange([Live((Effect("removal of disk vdb", NOW),), (REMOVAL,))])
    assert not course.pending
    undo = course.steps("web", 0.5)[0].do(context_of(Plugged()))
    assert course.outcomes == [PENDING] and course.pending
    assert [text.startswith("guest 'web' has not released its disk vdb yet;") for text in told.warned] == [True]
    with pytest.raises(HostError, match="may still release its disk vdb"):
        undo()


def test_a_device_that_left_unseen(context_of: Callable[[Any], RunContext], told: Any) -> None:
    outcomes: list[str] = []
    LiveStep("web", REMOVAL, outcomes).do(context_of(Plugged(devices="")))
    assert outcomes == [DONE] and told.warned == []


def test_a_paused_guest_is_not_waited_for(context_of: Callable[[Any], RunContext]) -> None:
    host, outcomes = Plugged(state="paused"), list[str]()
    LiveStep("web", REMOVAL, outcomes).do(context_of(host))
    assert outcomes == [PENDING] and host.waited == [0]


def test_a_guest_that_refuses(context_of: Callable[[Any], RunContext]) -> None:
    outcomes: list[str] = []
    with pytest.raises(HostError, match="^guest 'web' did not release its disk vdb$"):
        LiveStep("web", REMOVAL, outcomes).do(context_of(Plugged(removal="no")))
    assert outcomes == []


def test_a_plugged_device_is_taken_back_by_the_alias_it_got(context_of: Callable[[Any], RunContext]) -> None:
    plain = "<disk><target dev='vdb'/></disk>"
    host = Plugged(removal="yes")
    op = Op("new disk vdb", "disk vdb", call(Running.attach_device, plain), call(Running.detach_device, plain))
    undo = LiveStep("web", op, []).do(context_of(host))
    undo()  # type: ignore[misc]
    assert host.waited == [compare.REMOVAL_SECONDS] and host.called[-1] == ("detachDeviceFlags", plain, 1)


def test_a_locked_tray(context_of: Callable[[Any], RunContext]) -> None:
    op = Op("cdrom sda: eject", "cdrom sda", call(Running.update_device, "<disk/>"))
    with pytest.raises(HostError, match="locked") as failure:
        LiveStep("web", op, []).do(context_of(Plugged(problem="the tray is locked")))
    assert (
        "if the guest has locked the tray, it opens after the medium has been unmounted in the guest"
        in failure.value.hint
    )


def test_on_a_driver_that_plugs_nothing(place: Host, context_of: Callable[[Any], RunContext]) -> None:
    outcomes: list[str] = []
    with pytest.raises(HostError, match="^cannot detach the disk from the guest 'web': "):
        LiveStep("web", REMOVAL, outcomes).do(context_of(place))
    assert outcomes == []


def test_memory_on_the_test_driver(place: Host, context_of: Callable[[Any], RunContext]) -> None:
    running = Guest.parse(place.guests.xml("web"))
    found = look(running, EDIT, "memory", "32", driver="test")
    undo = LiveStep("web", found.ops[0], []).do(context_of(place))
    assert Guest.parse(place.guests.xml("web")).get("./currentMemory") == "32768"
    undo()  # type: ignore[misc]
    assert Guest.parse(place.guests.xml("web")).get("./currentMemory") == "65536"
