"""What a change means for a running guest, from its document before and after; and doing it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.edit.changes import ADD, EDIT, REMOVE, ChangeResult, EditRequest, change
from virtprov.actions.live import compare
from virtprov.actions.live.compare import DONE, PENDING, LiveChange, LiveStep
from virtprov.actions.live.effects import BOOT, NEVER, NOW, Effect, Live, Op, call
from virtprov.actions.run.plan import RunContext
from virtprov.guest.document import Guest
from virtprov.guest.write import gather
from virtprov.guest.write.select import Selector
from virtprov.host.connection import Host
from virtprov.host.running_guests import Running
from virtprov.host.tuning import UNLIMITED
from virtprov.support.errors import HostError, UsageError
from virtprov.xml import path as places
from virtprov.xml import tree

RUNNING = """<domain type='kvm' id='3'>
  <name>web</name><uuid>9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01</uuid>
  <memory unit='KiB'>2097152</memory><currentMemory unit='KiB'>1048576</currentMemory>
  <vcpu placement='static' current='2'>4</vcpu>
  <cputune><shares>512</shares><vcpupin vcpu='0' cpuset='1'/></cputune>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <on_poweroff>destroy</on_poweroff>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/srv/web.qcow2' index='3'/>
      <backingStore/><target dev='vda' bus='virtio'/><alias name='virtio-disk0'/></disk>
    <disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='/srv/a.iso' index='2'/>
      <backingStore/><target dev='sda' bus='sata'/><readonly/><alias name='sata0-0-0'/></disk>
    <interface type='network'><mac address='52:54:00:11:22:33'/><source network='default' portid='x' bridge='virbr0'/>
      <target dev='vnet0'/><model type='virtio'/><alias name='net0'/></interface>
    <serial type='pty'><target type='isa-serial' port='0'/><alias name='serial0'/></serial>
    <console type='pty'><target type='serial' port='0'/><alias name='serial0'/></console>
    <graphics type='vnc' port='5900' autoport='yes' passwd='old'/>
    <memballoon model='virtio'><alias name='balloon0'/></memballoon>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend><alias name='rng0'/></rng>
  </devices>
</domain>
"""


@pytest.fixture
def guest() -> Guest:
    return Guest.parse(RUNNING)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Disks and media that are there, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("b.img", "b.iso"):
        (tmp_path / name).touch()


def changed(guest: Guest, action: str, group: str, text: str, which: str = "") -> ChangeResult:
    if action == REMOVE:
        return change(EditRequest(action, group, (), Selector(text)), guest, None)
    uses = tuple(gather.group_uses(group, [text])[0])
    return change(EditRequest(action, group, uses, Selector(which)), guest, None)


def look(guest: Guest, action: str, group: str, text: str, which: str = "", **named: Any) -> Live:
    after = changed(guest, action, group, text, which)
    return compare.effects(guest, after.guest, after.pairs(), **named)


def rows(found: Live) -> list[tuple[str, str]]:
    return [(row.what, row.when) for row in found.rows]


def calls(found: Live) -> list[tuple[Any, ...]]:
    return [(op.call.method.__name__, *op.call.values) for op in found.ops]


def backs(found: Live) -> list[tuple[Any, ...] | None]:
    return [None if op.back is None else (op.back.method.__name__, *op.back.values) for op in found.ops]


# -- parts ---------------------------------------------------------------------------------------


def test_memory_within_the_maximum(guest: Guest) -> None:
    found = look(guest, EDIT, "memory", "1536")
    assert rows(found) == [("memory", NOW)]
    assert calls(found) == [("set_memory", 1572864)] and backs(found) == [("set_memory", 1048576)]


def test_memory_above_the_maximum_waits(guest: Guest) -> None:
    found = look(guest, EDIT, "memory", "4096")
    assert found == Live((Effect("memory", BOOT, "the guest was started with a maximum of 2 GiB"),))


def test_the_maximum_alone_waits(guest: Guest) -> None:
    found = look(guest, EDIT, "memory", "memory=1024,maxmemory=8192")
    assert rows(found) == [("memory: the maximum", BOOT)] and not found.ops


def test_both_amounts_of_memory(guest: Guest) -> None:
    found = look(guest, EDIT, "memory", "memory=2048,maxmemory=8192")
    assert rows(found) == [("memory", NOW), ("memory: the maximum", BOOT)]
    assert calls(found) == [("set_memory", 2097152)]


def test_memory_without_a_balloon(guest: Guest) -> None:
    guest.devices("memballoon")[0].set("model", "none")
    found = look(guest, EDIT, "memory", "1536")
    assert found == Live((Effect("memory", BOOT, "the guest has no memory balloon"),))


def test_processors(guest: Guest) -> None:
    found = look(guest, EDIT, "vcpus", "vcpu.current=3")
    assert rows(found) == [("vcpus", NOW)]
    assert calls(found) == [("set_vcpus", 3)] and backs(found) == [("set_vcpus", 2)]
    found = look(guest, EDIT, "vcpus", "8")
    assert found == Live((Effect("vcpus: the maximum", BOOT, "the guest was started with a maximum of 4"),))


def test_more_processors_later_and_some_now(guest: Guest) -> None:
    found = look(guest, EDIT, "vcpus", "vcpu.current=4,maxvcpus=8,cpuset=0-3")
    assert rows(found) == [("vcpus", NOW), ("vcpus: the maximum", BOOT), ("vcpus: cpuset", BOOT)]


def test_title_and_description(guest: Guest) -> None:
    found = look(guest, EDIT, "metadata", "title=The web,description=Two words")
    assert rows(found) == [("title", NOW), ("description", NOW)]
    assert calls(found) == [("set_note", "title", "The web"), ("set_note", "description", "Two words")]
    assert backs(found) == [("set_note", "title", None), ("set_note", "description", None)]


def test_an_element_of_the_metadata_loses_its_namespace() -> None:
    space = "http://example.org/rack"
    guest = Guest.parse(f"<domain><name>a</name><metadata><r:rack xmlns:r='{space}'/></metadata></domain>")
    after = Guest.parse(
        f"<domain><name>a</name><metadata><r:rack xmlns:r='{space}'><r:row n='3'>x</r:row></r:rack></metadata></domain>"
    )
    found = compare.effects(guest, after, [])
    assert calls(found) == [("set_note", "element", '<rack><row n="3">x</row></rack>\n')]
    assert dict(found.ops[0].call.named) == {"uri": space, "prefix": "r"}
    gone = compare.effects(after, Guest.parse("<domain><name>a</name></domain>"), [])
    assert calls(gone) == [("set_note", "element", None)] and rows(gone) == [("metadata: rack", NOW)]


@pytest.mark.parametrize("word", ["name=other", "uuid=9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e77"])
def test_name_and_uuid_take_another_guest(guest: Guest, word: str) -> None:
    found = look(guest, EDIT, "metadata", word)
    assert rows(found) == [(word.partition("=")[0], NEVER)] and not found.ops


def test_processor_time_and_pinning(guest: Guest) -> None:
    found = look(
        guest, EDIT, "cputune", "shares=1024,quota=50000,vcpupin1.vcpu=1,vcpupin1.cpuset=2,emulatorpin.cpuset=3"
    )
    assert rows(found) == [
        ("cputune: shares, quota", NOW),
        ("cputune: vcpupin 1", NOW),
        ("cputune: emulatorpin", NOW),
    ]
    assert calls(found) == [
        ("set_scheduling", {"cpu_shares": 1024, "vcpu_quota": 50000}),
        ("pin_vcpu", 1, "2"),
        ("pin_emulator", "3"),
    ]
    assert backs(found) == [
        ("set_scheduling", {"cpu_shares": 512, "vcpu_quota": -1}),
        ("pin_vcpu", 1, ""),
        ("pin_emulator", ""),
    ]


def test_what_of_cputune_waits(guest: Guest) -> None:
    found = look(guest, EDIT, "cputune", "shares=,vcpupin1.vcpu=3,vcpupin1.cpuset=2,vcpusched.vcpus=0")
    assert not found.ops
    assert [(row.what, row.why) for row in found.rows] == [
        ("cputune: shares", "libvirt has no call to remove it"),
        ("cputune: vcpupin 3", "the guest has 2 processors at the moment"),
        ("cputune: vcpusched.vcpus", "it only takes effect when the guest starts"),
    ]


def test_a_limit_that_was_not_there_cannot_be_taken_back(guest: Guest) -> None:
    found = look(guest, EDIT, "cputune", "period=20000")
    assert calls(found) == [("set_scheduling", {"vcpu_period": 20000})] and backs(found) == [None]


def test_limits_of_memory(guest: Guest) -> None:
    found = look(guest, EDIT, "memtune", "hard_limit=4194304")
    assert calls(found) == [("set_memory_limits", {"hard_limit": 4194304})]
    assert backs(found) == [("set_memory_limits", {"hard_limit": UNLIMITED})]
    assert rows(look(guest, EDIT, "memtune", "min_guarantee=5")) == [("memtune: min_guarantee", BOOT)]


def test_shares_of_disks(guest: Guest) -> None:
    found = look(guest, EDIT, "blkiotune", "weight=300,device.path=/dev/sda,device.weight=200")
    assert calls(found) == [("set_block_shares", {"device_weight": "/dev/sda,200", "weight": 300})]
    assert backs(found) == [None]
    guest.put("./blkiotune/weight", "500")
    found = look(guest, EDIT, "blkiotune", "weight=300")
    assert backs(found) == [("set_block_shares", {"weight": 500})]


def test_the_rest_waits(guest: Guest) -> None:
    found = look(guest, EDIT, "events", "on_poweroff=restart")
    assert found == Live((Effect("on_poweroff", BOOT, "it only takes effect when the guest starts"),))
    assert rows(look(guest, EDIT, "boot", "menu=on")) == [("os: bootmenu.enable", BOOT)]


def test_a_guest_without_a_definition_has_nothing_to_wait_in(guest: Guest) -> None:
    found = look(guest, EDIT, "events", "on_poweroff=restart", persistent=False)
    assert rows(found) == [("on_poweroff", NEVER)] and "no definition" in found.rows[0].why


def test_no_change_is_nothing(guest: Guest) -> None:
    assert look(guest, EDIT, "vcpus", "vcpu.current=2") == Live()


# -- devices -------------------------------------------------------------------------------------


def test_a_new_disk(guest: Guest) -> None:
    found = look(guest, ADD, "disk", "b.img,format=raw,bus=virtio")
    assert rows(found) == [("new disk vdb", NOW)]
    (method, xml), (back, same) = calls(found)[0], backs(found)[0]  # type: ignore[misc]
    assert (method, back) == ("attach_device", "detach_device") and xml == same
    assert xml.startswith("<disk ") and "/b.img" in xml


@pytest.mark.parametrize("bus", ["sata", "ide", "fdc"])
def test_drives_that_cannot_be_plugged(guest: Guest, bus: str) -> None:
    device = "floppy" if bus == "fdc" else "disk"
    found = look(guest, ADD, "disk", f"b.img,format=raw,bus={bus},device={device}")
    assert [row.when for row in found.rows if "new controller" not in row.what] == [BOOT]
    assert f"a drive on bus {bus} cannot be hot-plugged" in " ".join(row.why for row in found.rows)


def test_a_controller_comes_before_what_hangs_on_it(guest: Guest) -> None:
    after = guest.copy()
    disk = tree.parse("<disk type='file'><source file='/srv/b.img'/><target dev='sdb' bus='scsi'/></disk>")
    for node in (disk, tree.element("controller", None, {"type": "scsi", "index": "0", "model": "virtio-scsi"})):
        after.add_device(node)
    found = compare.effects(guest, after, [])
    assert rows(found) == [("new controller scsi 0", NOW), ("new disk sdb", NOW)]
    gone = compare.effects(after, guest, [])
    assert rows(gone) == [("removal of disk sdb", NOW), ("removal of controller scsi 0", NOW)]


def test_other_drivers_are_asked(guest: Guest) -> None:
    assert [row.when for row in look(guest, ADD, "sound", "ich9").rows] == [BOOT]
    assert NOW in [row.when for row in look(guest, ADD, "sound", "ich9", driver="xen").rows]


def test_removal_is_asked_for_by_alias(guest: Guest) -> None:
    found = look(guest, REMOVE, "network", "1")
    assert rows(found) == [("removal of network 1", NOW)]
    assert calls(found)[0][0] == "detach_device" and "net0" in calls(found)[0][1]
    assert [op.noun for op in found.ops] == ["network 1"]


def test_a_serial_port_takes_its_shadow_along(guest: Guest) -> None:
    assert rows(look(guest, REMOVE, "serial", "1")) == [("removal of serial", NOW)]


def test_another_medium(guest: Guest) -> None:
    found = look(guest, EDIT, "disk", "path=b.iso", "2")
    assert rows(found) == [("cdrom sda: medium", NOW)]
    assert calls(found)[0][0] == "update_device"
    node = tree.parse(calls(found)[0][1])
    assert places.text(node, "./source/@file").endswith("/b.iso")
    assert tree.child(node, "backingStore") is None and not places.text(node, "./source/@index")
    assert "/srv/a.iso" in str(backs(found)[0]) and "index" not in str(backs(found)[0])
    assert not found.ops[0].call.named


def test_a_disk_keeps_what_it_was_opened_with(guest: Guest) -> None:
    found = look(guest, EDIT, "disk", "cache=none,io=native")
    assert rows(found) == [("disk vda: driver.cache, driver.io", BOOT)]
    assert (
        rows(look(guest, EDIT, "disk", "path=b.img")) == [("disk vda: driver.type, source.file", BOOT)]
        or look(guest, EDIT, "disk", "path=b.img").ops == ()
    )


def test_limits_of_a_disk(guest: Guest) -> None:
    found = look(guest, EDIT, "disk", "iotune.total_bytes_sec=1000,cache=none")
    assert rows(found) == [("disk vda: iotune.total_bytes_sec", NOW), ("disk vda: driver.cache", BOOT)]
    assert calls(found) == [("set_disk_limits", "vda", {"total_bytes_sec": 1000})]
    assert backs(found) == [("set_disk_limits", "vda", {"total_bytes_sec": 0})]


def test_a_disk_joins_a_group_but_does_not_leave_it(guest: Guest) -> None:
    found = look(guest, EDIT, "disk", "iotune.group_name=g,iotune.read_iops_sec=5")
    assert calls(found) == [("set_disk_limits", "vda", {"read_iops_sec": 5, "group_name": "g"})] or calls(found) == [
        ("set_disk_limits", "vda", {"group_name": "g", "read_iops_sec": 5})
    ]
    inside = changed(guest, EDIT, "disk", "iotune.group_name=g,iotune.read_iops_sec=5").guest
    assert rows(look(inside, EDIT, "disk", "iotune.group_name=")) == [("disk vda: iotune.group_name", BOOT)]


def test_an_interface_changes_on_three_planes(guest: Guest) -> None:
    found = look(guest, EDIT, "network", "link.state=down,bandwidth.inbound.average=128,model.type=e1000")
    assert sorted(rows(found)) == [
        ("network 1: bandwidth.inbound.average", NOW),
        ("network 1: link.state", NOW),
        ("network 1: model.type", BOOT),
    ]
    by_method = {op.call.method.__name__: op.call.values for op in found.ops}
    assert by_method["set_bandwidth"] == ("vnet0", {"inbound.average": 128})
    assert 'state="down"' in by_method["update_device"][0] and "e1000" not in by_method["update_device"][0]
    assert "bandwidth" not in by_method["update_device"][0]


def test_an_interface_moves_between_switches_only(guest: Guest) -> None:
    assert {row.when for row in look(guest, EDIT, "network", "source=other").rows} == {NOW}
    found = look(guest, EDIT, "network", "type=direct,source=eth0,source.mode=bridge")
    assert {row.when for row in found.rows} == {BOOT} and not found.ops


def test_a_display_password(guest: Guest) -> None:
    found = look(guest, EDIT, "graphics", "password=new,listen=0.0.0.0")
    assert [row.when for row in found.rows] == [NOW, BOOT]
    assert found.rows[0].what == "graphics vnc: passwd"
    assert "new" not in str(found.rows)
    assert 'passwd="new"' in calls(found)[0][1] and "0.0.0.0" not in calls(found)[0][1]
    assert "old" in str(backs(found)[0])


def test_devices_without_aliases_are_told_apart(guest: Guest) -> None:
    for device in guest.devices():
        if (alias := tree.child(device, "alias")) is not None:
            tree.remove(alias)
    assert rows(look(guest, REMOVE, "disk", "1")) == [("removal of disk vda", NOW)]
    assert rows(look(guest, EDIT, "network", "link.state=down")) == [("network 1: link.state", NOW)]


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
