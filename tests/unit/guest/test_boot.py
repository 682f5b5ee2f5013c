"""Boot order, and what the first boot of an installation has that the finished guest has not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest import boot
from virtprov.guest.boot import BOOTDEV, CDROM, IMPORT, KERNEL, NOTHING, PXE, Method
from virtprov.guest.document import Guest
from virtprov.places.place import Medium
from virtprov.xml import path, tree

HD = "<disk device='disk'><source file='/hd'/><target dev='vda'/></disk>"
CD = "<disk device='cdrom' type='file'><driver name='qemu'/><source file='/cd.iso'/><target dev='sda'/></disk>"
OTHER_CD = "<disk device='cdrom' type='file'><source file='/other.iso'/><target dev='sdb'/></disk>"
FLOPPY = "<disk device='floppy'><target dev='fda'/></disk>"
NIC = "<interface type='user'/>"
ALL = HD + CD + FLOPPY + NIC


def guest(devices: str = ALL, *, os: str = "", kind: str = "kvm", os_type: str = "hvm", rest: str = "") -> Guest:
    inside = f"<os><type>{os_type}</type>{os}</os>{rest}<devices>{devices}</devices>"
    return Guest.parse(f"<domain type='{kind}'>{inside}</domain>")


def order(of: Guest) -> str:
    """Which devices boot, in order: by number on the devices, else in the words under <os>."""
    words = [node.get("dev", "") for node in tree.children(of.ensure("./os"), "boot")]
    if words:
        return " ".join(words)
    numbered = {}
    for device in of.devices():
        number = path.text(device, "./boot/@order")
        if number:
            numbered[int(number)] = device.get("device") or str(device.tag)
    return " ".join(numbered[number] for number in sorted(numbered))


@pytest.mark.parametrize(
    ("method", "devices", "final"),
    [
        (Method(), ALL, "disk"),
        (Method(IMPORT), ALL, "disk"),
        (Method(IMPORT), CD + HD, "cdrom disk"),  # what comes first is what is imported
        (Method(IMPORT), FLOPPY + CD + HD, "floppy disk"),
        (Method(CDROM, Medium("/cd.iso")), ALL, "disk"),
        (Method(CDROM, Medium("/cd.iso")), CD, "cdrom"),  # without a disk, what was booted first boots again
        (Method(PXE), NIC, "interface"),
        (Method(PXE), ALL, "disk"),
        (Method(CDROM, Medium("/cd.iso"), live=True), ALL, "cdrom disk"),
        (Method(PXE, live=True), ALL, "interface disk"),
        (Method(BOOTDEV, bootdev="fd"), ALL, "disk"),
        (Method(BOOTDEV, bootdev="fd", live=True), ALL, "floppy disk"),
        (Method(NOTHING), "", ""),
        (Method(KERNEL, kernel="/k"), ALL, "disk"),
    ],
)
def test_the_finished_guest_boots_from_its_disk(method: Method, devices: str, final: str) -> None:
    assert order(boot.final_phase(guest(devices), method, False)) == final


@pytest.mark.parametrize(
    ("method", "devices", "first"),
    [
        (Method(CDROM, Medium("/cd.iso")), ALL, "cdrom disk"),
        (Method(CDROM, Medium("/cd.iso")), CD, "cdrom"),
        (Method(PXE), ALL, "interface disk"),
        (Method(PXE), NIC, "interface"),
        (Method(BOOTDEV, bootdev="fd"), ALL, "floppy disk"),
        (Method(BOOTDEV, bootdev="hd"), ALL, "disk"),
    ],
)
def test_the_first_boot_is_from_the_installer(method: Method, devices: str, first: str) -> None:
    made = boot.install_phase(guest(devices), method)
    assert order(made) == first
    assert made.get("./on_reboot") == "destroy"


@pytest.mark.parametrize(
    ("os", "first", "final"),
    [
        ("<boot dev='hd'/>", "cdrom disk", "hd"),
        ("<boot dev='hd'/><boot dev='network'/>", "cdrom disk", "hd network"),
        ("<kernel>/k</kernel>", "", ""),
    ],
)
def test_an_order_in_words_is_for_the_finished_guest(os: str, first: str, final: str) -> None:
    method = Method(CDROM, Medium("/cd.iso"))
    assert order(boot.install_phase(guest(os=os), method)) == first
    assert order(boot.final_phase(guest(os=os), method, False)) == final


@pytest.mark.parametrize(
    ("devices", "words", "final"),
    [
        (HD.replace("</disk>", "<boot order='1'/></disk>") + CD, "hd cdrom", "disk cdrom"),
        (HD.replace("</disk>", "<boot order='1'/></disk>"), "hd cdrom", "disk"),
        (HD + CD.replace("</disk>", "<boot order='2'/></disk>") + NIC, "network hd", "interface cdrom disk"),
    ],
)
def test_an_order_in_words_beside_one_by_device_becomes_numbers(devices: str, words: str, final: str) -> None:
    said = "".join(f"<boot dev='{word}'/>" for word in words.split())
    for kind in ("kvm", "xen"):  # libvirt refuses both together for every driver
        made = boot.final_phase(guest(devices, os=said, kind=kind), Method(IMPORT), False)
        assert order(made) == final
    first = boot.install_phase(guest(devices, os=said), Method(KERNEL, kernel="/k"))
    assert order(first) == final


def test_an_order_by_device_is_for_both() -> None:
    devices = NIC.replace("/>", "><boot order='1'/></interface>") + HD + CD
    for made in (
        boot.install_phase(guest(devices), Method(CDROM, Medium("/cd.iso"))),
        boot.final_phase(guest(devices), Method(CDROM, Medium("/cd.iso")), False),
    ):
        assert order(made) == "interface"


@pytest.mark.parametrize(
    ("kind", "os_type", "in_words"),
    [
        ("kvm", "hvm", False),
        ("qemu", "hvm", False),
        ("test", "hvm", False),
        ("xen", "hvm", True),
        ("xen", "xen", True),
    ],
)
def test_hypervisors_without_an_order_by_device(kind: str, os_type: str, in_words: bool) -> None:
    made = boot.install_phase(guest(kind=kind, os_type=os_type), Method(PXE))
    assert bool(tree.children(made.ensure("./os"), "boot")) is in_words
    assert order(made) == ("network hd" if in_words else "interface disk")


@pytest.mark.parametrize("kind", ["lxc", "vz"])
def test_containers_have_no_order(kind: str) -> None:
    assert order(boot.final_phase(guest(kind=kind, os_type="exe"), Method(IMPORT), False)) == ""


@pytest.mark.parametrize("given", ["<boot dev='fd'/>", "<boot dev='network'/><boot dev='fd'/>"])
def test_an_order_that_is_given_stays(given: str) -> None:
    made = guest(os=given)
    before = made.text()
    boot.set_order(made, ["hd"])
    assert made.text() == before


def test_a_disk_that_is_imported_on_xen_boots() -> None:
    assert order(boot.final_phase(guest(kind="xen", os_type="xen"), Method(IMPORT), False)) == "hd"


def test_a_kernel_is_for_the_first_boot_only() -> None:
    method = Method(KERNEL, kernel="/k", initrd="/i", args="console=ttyS0")
    first, final = boot.install_phase(guest(), method), boot.final_phase(guest(), method, False)
    places = ("./os/kernel", "./os/initrd", "./os/cmdline", "./on_reboot")
    assert [first.get(place) for place in places] == ["/k", "/i", "console=ttyS0", "destroy"]
    assert [final.get(place) for place in places] == ["", "", "", ""]
    bare = boot.install_phase(guest(), Method(KERNEL, kernel="/k"))
    assert not bare.has("./os/initrd") and not bare.has("./os/cmdline")


def test_what_a_reboot_does_later_is_up_to_the_user() -> None:
    given = guest(rest="<on_reboot>preserve</on_reboot>")
    assert boot.install_phase(given, Method(PXE)).get("./on_reboot") == "destroy"
    assert boot.final_phase(given, Method(PXE), False).get("./on_reboot") == "preserve"


def drives(of: Guest) -> list[str]:
    return [path.text(drive, "./source/@file") for drive in of.disks("cdrom")]


@pytest.mark.parametrize(
    ("method", "keep", "left"),
    [
        (Method(CDROM, Medium("/cd.iso")), False, ["", "/other.iso"]),
        (Method(CDROM, Medium("/cd.iso")), True, ["/cd.iso", "/other.iso"]),  # Windows asks for its CD again
        (Method(CDROM, Medium("/cd.iso"), live=True), False, ["/cd.iso", "/other.iso"]),
        (Method(PXE), False, ["/cd.iso", "/other.iso"]),
    ],
)
def test_the_installer_is_taken_out_of_its_drive(method: Method, keep: bool, left: list[str]) -> None:
    final = boot.final_phase(guest(HD + CD + OTHER_CD), method, keep)
    assert drives(final) == left
    assert drives(boot.install_phase(guest(HD + CD + OTHER_CD), method)) == ["/cd.iso", "/other.iso"]


def test_a_cd_from_the_network_is_taken_out_as_well() -> None:
    inside = "<driver name='qemu'/><source protocol='http' name='x'/><target dev='sda'/>"
    cd = f"<disk device='cdrom' type='network'>{inside}</disk>"
    final = boot.final_phase(guest(HD + cd), Method(CDROM, Medium("http://h/x")), False)
    (drive,) = final.disks("cdrom")
    assert drive.get("type") == "file"
    assert [str(kid.tag) for kid in drive] == ["target"]


@pytest.mark.parametrize(
    ("kind", "live", "phases"),
    [
        (CDROM, False, True), (CDROM, True, False), (PXE, False, True), (BOOTDEV, False, True), (KERNEL, False, True),
        (IMPORT, False, False), (NOTHING, False, False), (PXE, True, False),
    ],
)  # fmt: skip
def test_which_methods_have_two_phases(kind: str, live: bool, phases: bool) -> None:
    assert Method(kind, live=live).has_install_phase is phases


def test_the_guest_that_is_cut_into_phases_stays_as_it_is() -> None:
    whole = guest()
    before = whole.text()
    cut: tuple[Callable[[], Guest], ...] = (
        lambda: boot.final_phase(whole, Method(CDROM, Medium("/cd.iso")), False),
        lambda: boot.install_phase(whole, Method(CDROM, Medium("/cd.iso"))),
    )
    for make in cut:
        make()
    assert whole.text() == before
