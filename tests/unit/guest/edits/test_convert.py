"""Guests turned into other machines."""

from __future__ import annotations

import pytest

from virtprov.guest.document import Guest
from virtprov.guest.edits import convert
from virtprov.guest.offline import Offline
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.osinfo.find_profile import generic
from virtprov.support.errors import UsageError
from virtprov.xml import path


def setting(devices: str, machine: str = "pc-i440fx-8.2") -> RuleContext:
    guest = Guest.parse(
        f"<domain type='kvm'><name>g</name><os><type arch='x86_64' machine='{machine}'>hvm</type></os>"
        f"<devices>{devices}</devices></domain>"
    )
    return RuleContext(guest, Offline(guest), generic())


@pytest.mark.parametrize(
    ("machine", "newest"),
    [
        ("pc-q35-4.2", "q35"),
        ("pc-q35-rhel9.4.0", "q35"),
        ("pc-i440fx-bionic", "pc"),
        ("pc-0.12", "pc"),
        ("pseries-rhel8.2.0", "pseries"),
        ("virt-6.2", "virt"),
        ("s390-ccw-virtio-7.0", "s390-ccw-virtio"),
        ("q35", "q35"),
        ("pc", "pc"),
    ],
)
def test_the_newest_version_of_a_machine(machine: str, newest: str) -> None:
    guest = setting("", machine).guest
    convert.refresh_machine(guest)
    assert guest.machine == newest


@pytest.mark.parametrize("machine", ["foobar", "isapc", ""])
def test_machines_without_versions(machine: str) -> None:
    with pytest.raises(UsageError):
        convert.refresh_machine(setting("", machine).guest)


def test_q35_has_no_ide_and_new_addresses() -> None:
    made = setting(
        "<disk device='disk'><target dev='hda' bus='ide'/><address type='drive' unit='0'/></disk>"
        "<disk device='disk'><target dev='sda' bus='scsi'/><address type='drive' unit='0'/></disk>"
        "<disk device='cdrom'><target dev='hdc' bus='ide'/></disk>"
        "<controller type='ide'/><controller type='pci' model='pci-root'/>"
        "<controller type='usb'><address type='pci' slot='0x05'/></controller>"
        "<interface type='user'><model type='rtl8139'/><address type='pci' slot='0x03'/></interface>"
        "<hostdev type='pci'><source><address bus='1'/></source><address type='pci' slot='0x07'/></hostdev>"
    )
    convert.to_q35(made)
    guest = made.guest
    assert guest.machine == "q35"
    assert [path.get(disk, "./target/@dev") for disk in guest.disks()] == ["sdb", "sda", "sdc"]
    assert [path.get(disk, "./target/@bus") for disk in guest.disks()] == ["sata", "scsi", "sata"]
    assert [path.get(disk, "./address/@type") for disk in guest.disks()] == [None, "drive", None]
    kinds = [(each.get("type"), each.get("model")) for each in guest.devices("controller")]
    assert kinds.count(("pci", "pcie-root-port")) == 14
    assert ("pci", "pcie-root") in kinds and ("ide", None) not in kinds and ("pci", "pci-root") not in kinds
    assert path.get(guest.devices("interface")[0], "./model/@type") == "rtl8139"
    host = guest.devices("hostdev")[0]
    assert path.get(host, "./source/address/@bus") == "1" and path.find(host, "./address") is None


@pytest.mark.parametrize("machine", ["pc-q35-8.2", "q35", "isapc", ""])
def test_only_the_old_pc_becomes_q35(machine: str) -> None:
    with pytest.raises(UsageError, match="is not an i440fx PC"):
        convert.to_q35(setting("", machine))


def test_vnc_keeps_where_the_display_listens_and_its_password() -> None:
    made = setting(
        "<graphics type='spice' port='5901' tlsPort='5902' autoport='no' passwd='p'>"
        "<listen type='address' address='::1'/><image compression='off'/><gl enable='no'/></graphics>"
        "<graphics type='spice'/>"
        "<channel type='spicevmc'/><channel type='unix'/><redirdev type='spicevmc'/><redirdev type='tcp'/>"
        "<smartcard mode='passthrough' type='spicevmc'/><audio id='1' type='spice'/>"
        "<video><model type='qxl' vgamem='16384' heads='2'/></video>"
    )
    convert.to_vnc(made)
    guest = made.guest
    (shown,) = guest.devices("graphics")
    assert dict(shown.attrib) == {"type": "vnc", "port": "5901", "autoport": "no", "passwd": "p"}
    assert [kid.tag for kid in shown] == ["listen"]
    left = [(each.tag, each.get("type")) for each in guest.devices() if each.tag not in ("graphics", "video")]
    assert left == [("channel", "unix"), ("redirdev", "tcp")]
    assert path.get(guest.devices("video")[0], "./model/@heads") == "2"
    assert path.get(guest.devices("video")[0], "./model/@type") not in ("qxl", None)


def test_a_guest_with_vnc_loses_spice_only() -> None:
    made = setting("<graphics type='vnc' port='5905'/><graphics type='spice'/>")
    convert.to_vnc(made)
    assert [each.get("port") for each in made.guest.devices("graphics")] == ["5905"]


def test_opengl_goes_on_unseen() -> None:
    made = setting("<graphics type='spice'><gl enable='yes' rendernode='/dev/dri/renderD128'/></graphics>")
    convert.to_vnc(made)
    kinds = {each.get("type"): each for each in made.guest.devices("graphics")}
    assert set(kinds) == {"vnc", "egl-headless"}
    assert path.get(kinds["egl-headless"], "./gl/@rendernode") == "/dev/dri/renderD128"


def test_the_clipboard_goes_on_by_qemus_own_agent() -> None:
    made = setting("<graphics type='spice'/>")
    convert.to_vnc(made, agent=True)
    convert.to_vnc(made, agent=True)
    assert [each.get("type") for each in made.guest.devices("channel")] == ["qemu-vdagent"]


def test_a_guest_without_display_gets_one() -> None:
    made = setting("")
    convert.to_vnc(made)
    assert [each.get("type") for each in made.guest.devices("graphics")] == ["vnc"]
    assert len(made.guest.devices("video")) == 1
