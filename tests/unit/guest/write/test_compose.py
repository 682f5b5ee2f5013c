"""Uses of option groups written into one document."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.disks.spec import DiskSpec
from virtprov.guest.document import Guest
from virtprov.guest.rules.choices import NONE, Choices
from virtprov.guest.write import compose, subopts
from virtprov.guest.write.assign import resolve
from virtprov.guest.write.use import Use, read
from virtprov.options.catalogue import table
from virtprov.xml import path, tree

Show = Callable[..., list[str]]


def use(group: str, text: str) -> Use:
    rows = table(group)
    return read(group, resolve(rows, subopts.pairs(rows, text)))


def test_a_device_is_made_in_its_place_with_its_words(show: Show) -> None:
    guest = Guest.new("kvm")
    made = compose.write_use(guest, use("disk", "/a,size=1,bus=scsi,cache=none"))
    assert made is not None and made.use.disk == DiskSpec(path="/a", size=1.0)
    assert made.element in guest.disks()
    assert show([made.element]) == ['<disk><driver cache="none"/><target bus="scsi"/></disk>']


def test_a_part_of_the_guest_is_no_device() -> None:
    guest = Guest.new("kvm")
    assert compose.write_use(guest, use("features", "pae=on,kvm.hidden.state=on")) is None
    assert guest.has("./features/pae") and guest.get("./features/kvm/hidden/@state") == "on"
    assert guest.devices() == []


def test_clearing_takes_out_what_was_said_before() -> None:
    guest = Guest.new("kvm")
    uses = [use("cpu", "Haswell,+x2apic"), use("cpu", "clearxml=yes,mode=host-model")]
    compose.write_all(guest, uses)
    assert guest.get("./cpu/@mode") == "host-model"
    assert not guest.has("./cpu/model") and not guest.has("./cpu/feature")
    compose.write_all(guest, [use("cpu", "clearxml=yes")])
    assert not guest.has("./cpu")


def test_words_of_parts_are_left_for_the_rules() -> None:
    guest = Guest.new("kvm")
    made, choices = compose.write_all(guest, [use("boot", "uefi,menu=on"), use("cpu", "qemu64,secure=no")])
    assert made == []
    assert choices == Choices(uefi=True, cpu_guards=False)


def test_ports_alone_make_no_controller() -> None:
    guest = Guest.new("kvm")
    uses = [use("controller", "num_pcie_root_ports=3")]
    assert compose.write_all(guest, uses) == ([], Choices(root_ports=3))
    assert guest.devices() == []


def test_devices_come_in_the_order_of_their_uses() -> None:
    guest = Guest.new("kvm")
    compose.write_all(guest, [use("network", word) for word in ("user", "bridge=br0", "network=lan")])
    assert [nic.get("type") for nic in guest.devices("interface")] == ["user", "bridge", "network"]


# -- --sysinfo: one element a type ---------------------------------------------------------------


def sysinfo_guest(*texts: str) -> Guest:
    """A guest made of these uses of --sysinfo."""
    made = Guest.parse("<domain><os/></domain>")
    assert compose.write_all(made, [use("sysinfo", text) for text in texts]) == ([], NONE)
    return made


def test_uses_of_one_type_are_one_element() -> None:
    root = sysinfo_guest("bios.vendor=a", "type=fwcfg,entry0=x", "system.serial=s", "bios.vendor=b").root
    assert [node.get("type") for node in tree.children(root, "sysinfo")] == ["smbios", "fwcfg"]
    assert path.get(root, "./sysinfo/bios/entry[@name='vendor']") == "b"
    assert path.get(root, "./sysinfo/system/entry[@name='serial']") == "s"


@pytest.mark.parametrize(
    ("text", "mode", "elements"),
    [("host", "host", 0), ("emulate", "emulate", 0), ("smbios", "sysinfo", 1), ("type=fwcfg", None, 1)],
)
def test_where_smbios_comes_from(text: str, mode: str | None, elements: int) -> None:
    root = sysinfo_guest(text).root
    assert path.get(root, "./os/smbios/@mode") == mode
    assert len(tree.children(root, "sysinfo")) == elements
