"""What changes of devices mean for a running guest."""

from __future__ import annotations

import pytest

from virtprov.actions.edit.changing.changes import ADD, EDIT, REMOVE
from virtprov.actions.live import compare
from virtprov.actions.live.effects import BOOT, NOW
from virtprov.guest.document import Guest
from virtprov.xml import path as places
from virtprov.xml import tree

from .running_guest import backs, calls, changed, look, rows


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
