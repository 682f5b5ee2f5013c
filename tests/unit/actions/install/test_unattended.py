"""Answers for an installer: on a small disk or in its initrd, only for the first boot, and then gone."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.unit.osinfo import handmade
from tests.unit.places import trees
from virtprov.actions.install import finish, install_plan
from virtprov.actions.install.install_plan import InstallPlan
from virtprov.actions.request import Checks, InstallRequest
from virtprov.actions.run.plan import RunContext, apply
from virtprov.guest.boot import CDROM, IMPORT, KERNEL, NOTHING, PXE, Method
from virtprov.guest.document import Guest
from virtprov.host.connection import Host, connect
from virtprov.osinfo.os_request import OsinfoRequest
from virtprov.places import cache
from virtprov.places.place import Medium, PlaceRequest
from virtprov.support.errors import InputError, UsageError
from virtprov.support.file_access import iso
from virtprov.unattended.unattended_request import UnattendedRequest, from_options
from virtprov.xml import path as places

from .test_install_plan import asked, labels

Around = Callable[[Any], RunContext]
Look = Callable[[Host], dict[str, list[str]]]
CD = Method(CDROM, Medium("/srv/cd.iso"))
ANSWERS = "/unattended.iso"
HOSTS = Path(__file__).resolve().parents[3] / "data" / "hosts"
NO_CHECKS = Checks(path_exists=False, path_in_use=False, host=False)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOGNAME", "root")


def request(system: str, method: Method, wanted: UnattendedRequest | None = None, **more: Any) -> InstallRequest:
    osinfo = OsinfoRequest(system) if system else OsinfoRequest(detect=True, require=True)
    answers = UnattendedRequest() if wanted is None else wanted
    disk = more.pop("disk", "disk pool=images,size=1")
    more.setdefault("checks", NO_CHECKS)
    return asked(disk, "memory 4096", "network none", osinfo=osinfo, method=method, unattended=answers, **more)


def media(document: str) -> list[str]:
    """Return what is in the CD-ROM drives of a guest."""
    return [places.text(disk, "./source/@file") for disk in Guest.parse(document).disks("cdrom")]


def disk_of(made: InstallPlan) -> iso.Reader:
    assert made.seed is not None
    return iso.Reader(BytesIO(next(step.data for step in made.seed.steps if hasattr(step, "data"))))


def debian_cd(tmp_path: Path, files: dict[str, bytes] = trees.DEBIAN_CD, label: str = "Debian 12") -> Path:
    path = tmp_path / "cd.iso"
    path.write_bytes(iso.build_iso(files, label))
    return path


# -- a small disk -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "label", "files"),
    [
        ("fedora40", "OEMDRV", {"ks.cfg"}),
        ("opensuse15.5", "OEMDRV", {"autoinst.xml"}),
        ("opensuse16.0", "OEMDRV", {"autoinst.json"}),
        ("opensusetumbleweed", "OEMDRV", {"autoinst.xml", "autoinst.json"}),
        ("win11", "UNATTEND", {"autounattend.xml"}),
        ("alpinelinux3.20", "APKOVL", {"answers", "virtprov.apkovl.tar.gz"}),
    ],
)
def test_a_cd_has_a_small_disk_beside_it(system: str, label: str, files: set[str], recorded: Host) -> None:
    made = install_plan.plan(request(system, CD, disk="disk none"), recorded)
    first, last = made.plan.documents
    assert media(first)[0] == "/srv/cd.iso" and media(first)[1].endswith("/g-unattended.iso")
    assert media(last)[1] == ""
    assert "<on_reboot>destroy" in first and "<on_reboot>destroy" not in last
    with disk_of(made) as disk:
        assert disk.label == label and set(disk.names()) == files
    assert made.answers is not None and len(made.answers.generated) == 16
    assert "<cmdline>" not in first and "<kernel>" not in first


def test_the_cd_boots_before_the_disk_and_the_answers_do_not_boot(recorded: Host) -> None:
    first = Guest.parse(install_plan.plan(request("fedora40", CD), recorded).plan.documents[0])
    orders = {places.text(disk, "./source/@file"): places.text(disk, "./boot/@order") for disk in first.disks("cdrom")}
    assert orders["/srv/cd.iso"] == "1"
    assert next(order for name, order in orders.items() if ANSWERS[1:] in name) == ""


def test_the_first_disk_is_the_one_that_is_installed_to(recorded: Host) -> None:
    for bus, name in (("virtio", "vda"), ("sata", "sda"), ("scsi", "sda")):
        made = install_plan.plan(request("fedora40", CD, disk=f"disk pool=images,size=1,bus={bus}"), recorded)
        with disk_of(made) as disk:
            assert f"--drives={name}\n".encode() in disk.read("ks.cfg")


def test_drivers_for_windows_have_a_drive_of_their_own(recorded: Host, tmp_path: Path) -> None:
    wanted = from_options({"drivers": ["/srv/virtio-win.iso"]})
    made = install_plan.plan(request("win11", CD, wanted, disk="disk none"), recorded)
    assert made.seed is not None
    assert media(made.seed.first_boot.text)[2] == "/srv/virtio-win.iso"
    assert media(made.plan.documents[0]) == media(made.seed.first_boot.text)
    assert media(made.plan.documents[1]) == ["/srv/cd.iso", "", ""]
    with disk_of(made) as disk:
        assert rb"E:\viostor\w11\amd64" in disk.read("autounattend.xml")


def test_without_an_installer_it_is_only_shown(recorded: Host) -> None:
    """As virt-install's: what could be answered is shown."""
    made = install_plan.plan(request("fedora40", Method(NOTHING), printing=True), recorded)
    assert [bool(media(text)[0]) for text in made.plan.documents] == [True, False]
    assert made.plan.steps == ()
    with pytest.raises(UsageError, match="how to install"):
        install_plan.plan(request("fedora40", Method(NOTHING)), recorded)


# -- the initrd -------------------------------------------------------------------------------------


def by_place(where: str, **more: Any) -> Method:
    return Method(KERNEL, place=PlaceRequest(where, public_tree=True, **more))


def test_a_directory_gets_the_answers_in_its_initrd(recorded: Host, tmp_path: Path) -> None:
    tree = trees.write(tmp_path / "tree", trees.FEDORA)
    made = install_plan.plan(request("", by_place(str(tree), extra_args=("a=b",))), recorded)
    first, last = made.plan.documents
    args = Guest.parse(first).get("./os/cmdline").split()
    assert args[:2] == ["inst.ks=file:/fedora.ks", "a=b"] and args[2].startswith("inst.repo=http")
    assert "<cmdline>" not in last and made.seed is None
    assert [(file.name, file.mode) for file in made.method.inject] == [("fedora.ks", 0o600)]
    assert f"url --url={args[2].removeprefix('inst.repo=')}".encode() in made.method.inject[0].content
    assert not any("cannot read the directory" in sentence for sentence in made.plan.warnings)


def test_overwritten_arguments_stay_as_they_are(recorded: Host, tmp_path: Path) -> None:
    tree = trees.write(tmp_path / "tree", trees.FEDORA)
    place = by_place(str(tree), extra_args=("a=b",), overwrites_args=True)
    first = install_plan.plan(request("", place), recorded).plan.documents[0]
    assert Guest.parse(first).get("./os/cmdline") == "a=b"


def test_the_kernel_of_a_debian_cd_is_booted(recorded: Host, tmp_path: Path) -> None:
    path = debian_cd(tmp_path)
    made = install_plan.plan(request("debian12", Method(CDROM, Medium(str(path)))), recorded)
    first = Guest.parse(made.plan.documents[0])
    assert first.get("./os/cmdline").split()[:2] == ["auto=true", "priority=critical"]
    assert first.get("./os/kernel") and first.get("./os/initrd")
    assert media(made.plan.documents[0]) == [str(path)]
    assert [file.name for file in made.method.inject] == ["preseed.cfg"]
    assert any("Booting the kernel of" in note and "as --location does" in note for note in made.plan.notes)


UBUNTU = {
    "casper/vmlinuz": b"kernel",
    "casper/initrd": b"initrd",
    ".disk/info": b"Ubuntu-Server 24.04 LTS amd64",
    "boot/grub/grub.cfg": b"menuentry 'Install' {\n linux /casper/vmlinuz --- quiet\n initrd /casper/initrd\n}\n",
}


def test_the_kernel_of_an_ubuntu_cd_is_booted_with_a_small_disk(recorded: Host, tmp_path: Path) -> None:
    path = debian_cd(tmp_path, UBUNTU, "Ubuntu 24.04")
    made = install_plan.plan(request("ubuntu24.04", Method(CDROM, Medium(str(path)))), recorded)
    assert "autoinstall" in Guest.parse(made.plan.documents[0]).get("./os/cmdline").split()
    assert media(made.plan.documents[0])[1].endswith(ANSWERS[1:])
    with disk_of(made) as disk:
        assert disk.label == "CIDATA" and set(disk.names()) == {"user-data", "meta-data"}


# -- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "method", "message"),
    [
        ("fedora40", Method(IMPORT), "--import boots a disk"),
        ("fedora40", CD._replace(live=True), "live systems have none"),
        ("freebsd14.0", CD, "no answers for the installer of FreeBSD 14.0"),
        ("generic", CD, "requires a known operating system"),
        ("debian12", Method(PXE), "cannot be taken from --pxe"),
        ("debian12", Method(CDROM, Medium(vol="images/cd.iso")), "cannot be taken from a volume"),
        (
            "win11",
            Method(KERNEL, place=PlaceRequest(kernel="/k", initrd="/i")),
            "cannot be answered with a kernel of Linux",
        ),
    ],
)
def test_what_cannot_be_answered(system: str, method: Method, message: str, recorded: Host) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        install_plan.plan(request(system, method, disk="disk none"), recorded)
    assert caught.value.hint


def test_a_live_medium_is_refused_also_for_a_named_system(recorded: Host, tmp_path: Path) -> None:
    path = tmp_path / "live.iso"
    path.write_bytes(handmade.iso(volume="Fedora-WS-Live-40-1-14"))
    for system in ("", "fedora40"):
        with pytest.raises(UsageError, match="is a live medium, whose installer cannot be answered"):
            install_plan.plan(request(system, Method(CDROM, Medium(str(path)))), recorded)


def test_a_host_with_a_single_phase_is_refused() -> None:
    with connect(f"recorded://{HOSTS / 'vbox'}") as host, pytest.raises(UsageError, match="a single phase"):
        install_plan.plan(request("fedora40", CD, disk="disk none"), host)


def test_an_address_and_an_entry_for_ssh_are_refused(recorded: Host) -> None:
    """Nothing would tell the guest its address, or the entry its user."""
    fixed = request("fedora40", CD)
    network = asked("network default,static=192.168.122.9/24").uses
    with pytest.raises(UsageError, match="--network static cannot be used with --unattended"):
        install_plan.plan(fixed._replace(uses=(*fixed.uses, *network), refused=frozenset()), recorded)
    with pytest.raises(UsageError, match="--ssh-config cannot be used with --unattended"):
        install_plan.plan(request("fedora40", CD, ssh_config="/tmp/x"), recorded)


def test_a_missing_iso_of_drivers(place: Host, tmp_path: Path) -> None:
    wanted = from_options({"drivers": [str(tmp_path / "nosuch.iso")]})
    with pytest.raises(UsageError, match=r"nosuch\.iso"):
        install_plan.plan(request("win11", CD, wanted, disk="disk none"), place)


def test_a_missing_password_file(recorded: Host) -> None:
    with pytest.raises(InputError, match="nosuch"):
        install_plan.plan(request("fedora40", CD, from_options({"admin-password-file": ["/nosuch"]})), recorded)


# -- carried out ------------------------------------------------------------------------------------


def answers_file(tmp_path: Path) -> Path:
    return tmp_path / "cache/virtprov/seeds/g-unattended.iso"


def run(place: Host, context: RunContext) -> InstallPlan:
    wanted = request("fedora40", Method(PXE), disk="disk none")
    made = install_plan.plan(wanted, place)
    apply(made.plan, context)
    return made


def test_the_disk_is_private_and_gone_when_the_command_does_not_wait(
    place: Host, context_of: Around, tmp_path: Path
) -> None:
    context = context_of(place)
    made = run(place, context)
    file = answers_file(tmp_path)
    assert "Writing answers for the installer g-unattended.iso" in labels(made)
    assert all(step.passing for step in made.plan.steps if hasattr(step, "passing"))  # --clean-up deletes it as well
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and b"poweroff" in file.read_bytes()
    assert str(file) in place.guests.xml("g") and str(file) not in place.guests.xml("g", inactive=True)
    assert finish.finish(asked(), made, context) == finish.INSTALLING
    assert not file.exists()


def test_an_interrupt_of_the_wait_removes_the_disk(place: Host, context_of: Around, tmp_path: Path) -> None:
    context = context_of(place)
    made = run(place, context)
    assert "continues its installation" in finish.leave(made, context)
    assert not answers_file(tmp_path).exists()


def test_a_wait_in_vain_removes_the_disk(place: Host, context_of: Around, tmp_path: Path) -> None:
    from virtprov.support.errors import WaitTimeout

    context = context_of(place)
    made = run(place, context)
    with pytest.raises(WaitTimeout):
        finish.finish(asked(wait=0.0001), made, context)
    assert not answers_file(tmp_path).exists()


def test_a_failure_leaves_nothing(place: Host, context_of: Around, tmp_path: Path, listed: Look) -> None:
    before = listed(place)
    made = install_plan.plan(request("fedora40", Method(PXE), disk="disk none"), place)
    place.guests.define("<domain type='test'><name>g</name><memory>1</memory><os><type>hvm</type></os></domain>")
    from virtprov.support.errors import ProvError

    with pytest.raises(ProvError):
        apply(made.plan, context_of(place))
    place.guests.undefine("g")
    assert listed(place) == before and not answers_file(tmp_path).exists()


def test_an_initrd_with_answers_is_private(place: Host, context_of: Around, tmp_path: Path) -> None:
    tree = trees.write(tmp_path / "tree", trees.FEDORA)
    context = context_of(place)
    wanted = request("fedora40", by_place(str(tree)), disk="disk none")
    made = install_plan.plan(wanted, place)
    apply(made.plan, context)
    initrd = Path(made.method.initrd)
    assert stat.S_IMODE(initrd.stat().st_mode) == 0o600 and b"poweroff" in initrd.read_bytes()
    assert os.path.dirname(os.path.dirname(initrd)).startswith(cache.folder())
    finish.remove_boot_files(made, context)
    assert not initrd.exists()
