"""--reinstall: what boots once, what stays, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.qcow2 import write_qcow2
from virtprov.actions.install import reinstall
from virtprov.actions.request import Checks, InstallRequest
from virtprov.actions.run.plan import RunContext, apply
from virtprov.actions.steps.guest import Create, Redefine, Start
from virtprov.cloudinit.seed_request import SeedRequest
from virtprov.guest.boot import CDROM, IMPORT, KERNEL, PXE, Method
from virtprov.guest.document import Guest
from virtprov.guest.write.assign import Assignments
from virtprov.guest.write.use import Use
from virtprov.host.connection import Host, connect
from virtprov.osinfo.os_request import OsinfoRequest
from virtprov.places.place import Medium
from virtprov.support.errors import HostError, UsageError
from virtprov.support.terminal.progress import Progress
from virtprov.xml import path, tree

KVM = Path(__file__).resolve().parents[3] / "data" / "hosts" / "kvm"
DISK = "<disk type='file' device='disk'><source file='/a'/><target dev='vda' bus='virtio'/>%s</disk>"
DRIVE = "<disk type='file' device='cdrom'>%s<target dev='sda' bus='sata'/><readonly/></disk>"
NIC = "<interface type='user'>%s</interface>"


@pytest.fixture
def host() -> Iterator[Host]:
    with connect(f"recorded://{KVM}") as made:
        yield made


def guest(host: Host, devices: str, inside: str = "") -> str:
    """Define a guest that is off; returns its document as the host gives it."""
    host.guests.define(
        f"<domain type='kvm'><name>old</name><memory>524288</memory><os><type arch='x86_64' machine='q35'>hvm</type>"
        f"{inside}</os><on_reboot>restart</on_reboot><devices>{devices}</devices></domain>"
    )
    return host.guests.xml("old", inactive=True)


def request(method: Method, **more: object) -> InstallRequest:
    said = {"reinstall": "old", "osinfo": OsinfoRequest(name="generic", detect=False), "method": method, **more}
    return InstallRequest(**said)  # type: ignore[arg-type]


def orders(made: Guest) -> dict[str, str]:
    return {
        device.get("device") or tree.local_name(device): path.text(device, "./boot/@order")
        for device in made.devices()
        if tree.child(device, "boot") is not None
    }


def test_the_network_boots_once_and_the_definition_stays(host: Host) -> None:
    guest(host, DISK % "<boot order='1'/>" + NIC % "", "<kernel>/k</kernel><cmdline>x</cmdline>")
    made = reinstall.plan(request(Method(PXE)), host)
    first, final = (Guest.parse(text) for text in made.plan.documents)
    assert orders(first) == {"interface": "1", "disk": "2"}
    assert (first.get("./on_reboot"), first.has("./os/kernel"), first.has("./os/cmdline")) == ("destroy", False, False)
    assert final.text() == Guest.parse(host.guests.xml("old", inactive=True)).text()
    assert [type(step) for step in made.plan.steps] == [Create]
    assert (made.plan.name, made.uuid) == ("old", final.uuid)


def test_it_starts_and_stays_defined(host: Host) -> None:
    before = guest(host, DISK % "" + NIC % "")
    apply(
        reinstall.plan(request(Method(PXE)), host).plan,
        RunContext(host, Progress(), lambda text: None, lambda text: None),
    )
    known = host.guests.find("old")
    assert known is not None and known.active and known.persistent
    assert "<on_reboot>destroy" in host.guests.xml("old")
    host.guests.destroy("old")
    assert host.guests.xml("old", inactive=True) == before


def test_words_for_the_order_are_for_later(host: Host) -> None:
    guest(host, DISK % "" + NIC % "", "<boot dev='hd'/>")
    first, final = (Guest.parse(text) for text in reinstall.plan(request(Method(PXE)), host).plan.documents)
    assert not first.has("./os/boot") and final.has("./os/boot")


@pytest.mark.parametrize("drive", ["", DRIVE % "", DRIVE % "<source file='/other.iso'/><backingStore/>"])
@pytest.mark.parametrize(("system", "kept"), [("generic", False), ("win10", True)])
def test_a_cd_is_put_in(host: Host, tmp_path: Path, drive: str, system: str, kept: bool) -> None:
    iso = tmp_path / "a.iso"
    iso.write_bytes(b"")
    guest(host, DISK % "" + drive)
    osinfo = OsinfoRequest(name=system, detect=False)
    made = reinstall.plan(request(Method(CDROM, Medium(str(iso))), osinfo=osinfo), host)
    first, final = (Guest.parse(text) for text in made.plan.documents)
    (there,) = first.disks("cdrom")
    assert path.text(there, "./source/@file") == str(iso)
    assert path.text(there, "./target/@bus") == "sata"
    assert orders(first) == {"cdrom": "1", "disk": "2"}
    sources = [path.text(each, "./source/@file") for each in final.disks("cdrom")]
    assert (str(iso) in sources) is kept
    assert [type(step) for step in made.plan.steps] == ([Redefine, Create] if kept else [Create])


def test_a_kernel_starts_once(host: Host) -> None:
    guest(host, DISK % "")
    first, final = (Guest.parse(t) for t in reinstall.plan(request(Method(KERNEL, kernel="/k")), host).plan.documents)
    assert (first.get("./os/kernel"), final.has("./os/kernel")) == ("/k", False)


def test_a_way_to_install_may_stay_open_when_it_is_printed(host: Host) -> None:
    guest(host, DISK % "")
    assert len(reinstall.plan(request(Method(), printing=True), host).plan.documents) == 1


def test_an_import_only_starts_it(host: Host) -> None:
    guest(host, DISK % "")
    made = reinstall.plan(request(Method(IMPORT)), host)
    assert (len(made.plan.documents), [type(step) for step in made.plan.steps]) == (1, [Start])


def test_what_else_is_said_changes_nothing(host: Host) -> None:
    guest(host, DISK % "" + NIC % "")
    uses = (Use("memory", Assignments((), {})), Use("memory", Assignments((), {})))
    made = reinstall.plan(request(Method(PXE), uses=uses, name="new", refused=frozenset({"graphics"})), host)
    (warning,) = made.plan.warnings
    assert (
        "--reinstall does not change the configuration of the guest: --name, --memory, --graphics has no effect"
        in warning
    )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"method": Method()}, "no installation method given"),
        ({"seed": SeedRequest()}, "--cloud-init cannot be used with --reinstall"),
        ({"transient": True}, "--transient cannot be used with --reinstall"),
    ],
)
def test_what_makes_no_sense_is_refused(host: Host, more: dict[str, object], message: str) -> None:
    guest(host, DISK % "")
    with pytest.raises(UsageError, match=message):
        reinstall.plan(request(**{"method": Method(PXE), **more}), host)  # type: ignore[arg-type]


def test_the_guest_must_be_there_and_off(host: Host) -> None:
    with pytest.raises(HostError, match="guest 'nobody' not found on the host"):
        reinstall.plan(request(Method(PXE), reinstall="nobody"), host)
    guest(host, DISK % "" + NIC % "")
    host.guests.start("old")
    with pytest.raises(HostError, match="'old' is running, so it cannot be reinstalled"):
        reinstall.plan(request(Method(PXE)), host)
    assert len(reinstall.plan(request(Method(PXE), printing=True), host).plan.documents) == 2


def test_a_base_of_other_images_is_not_reinstalled(tmp_path: Path) -> None:
    base = tmp_path / "base.img"
    base.write_bytes(bytes(512))
    write_qcow2(tmp_path / "top.qcow2", str(base))
    domain = (
        "<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'><name>old</name><memory>524288"
        f"</memory><os><type>hvm</type></os><devices><disk type='file' device='disk'><source file='{base}'/>"
        "<target dev='vda'/></disk></devices><test:runstate>5</test:runstate></domain>"
    )
    (tmp_path / "node.xml").write_text(f"<node>{domain}</node>")
    with connect(f"test://{tmp_path}/node.xml") as host:
        with pytest.raises(HostError, match=r"'old' cannot be reinstalled: .* image .*top.qcow2"):
            reinstall.plan(request(Method(PXE)), host)
        reinstall.plan(request(Method(PXE), checks=Checks(path_in_use=False)), host)
        reinstall.plan(request(Method(PXE), printing=True), host)
