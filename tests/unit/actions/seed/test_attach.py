"""A cloud-init seed beside a guest: where it lies, and how the first boot sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.run.plan import RunContext
from virtprov.actions.seed import attach, remove
from virtprov.actions.seed.attach import Seed
from virtprov.actions.steps import storage
from virtprov.actions.steps.seed_volumes import WriteSeed
from virtprov.cloudinit import seed as documents
from virtprov.cloudinit.seed_request import SeedRequest, from_options
from virtprov.guest.disks.new.volumes import NewPool
from virtprov.guest.document import Guest
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.host.connection import Host, connect
from virtprov.images.image_facts import ImageFacts
from virtprov.osinfo.find_profile import find
from virtprov.support.errors import HostError, InputError, ProvError, UsageError
from virtprov.xml import path as places
from virtprov.xml import tree

Around = Callable[[Any], RunContext]

DISK = "<disk type='file' device='disk'><source file='/srv/images/g.qcow2'/><target dev='vda' bus='virtio'/></disk>"
CD = "<disk type='file' device='cdrom'><source file='/iso/cd.iso'/><target dev='sda' bus='sata'/></disk>"
VIRTIO_SEED = (
    '<disk type="file" device="disk"><driver name="qemu" type="raw"/><source file="{}"/>'
    '<target bus="virtio" dev="vdb"/><readonly/></disk>'
)


def guest(
    devices: str = DISK, *, machine: str = "q35", arch: str = "x86_64", rest: str = "", kind: str = "kvm"
) -> Guest:
    return Guest.parse(
        f"<domain type='{kind}'><name>g</name>{rest}<os><type arch='{arch}' machine='{machine}'>hvm</type></os>"
        f"<devices>{devices}</devices></domain>"
    )


def planned(
    host: Host, final: Guest, profile: str = "debian12", *, said: SeedRequest | None = None,
    install: Guest | None = None, build: bool = True,
) -> Seed:  # fmt: skip
    setting = RuleContext(final, host, find(profile))
    return attach.plan(said or SeedRequest(disable=True), setting, final, install, build=build)


def drives(text: str) -> list[str]:
    found = Guest.parse(text).disks()
    return ["".join(line.strip() for line in tree.to_text(tree.copy(disk)).splitlines()) for disk in found]


# -- where it goes --------------------------------------------------------------------------------


def test_it_lies_beside_the_guests_disk(recorded: Host) -> None:
    seed = planned(recorded, guest())
    assert (seed.pool, seed.volume) == ("images", "g-seed.iso")
    (step,) = seed.steps
    assert isinstance(step, WriteSeed) and len(step.data) > 2048 * 16
    assert drives(seed.first_boot.text)[1] == VIRTIO_SEED.format("/srv/images/g-seed.iso")
    assert drives(f"<domain><devices>{seed.device}</devices></domain>") == drives(seed.first_boot.text)[1:]


def test_the_definition_that_stays_knows_nothing_of_it(recorded: Host) -> None:
    final = guest()
    seed = planned(recorded, final)
    assert seed.stays.text == guest().text() == final.text()


def test_without_a_pool_the_default_one_is_made(recorded: Host) -> None:
    seed = planned(recorded, guest(DISK.replace("/srv/images", "/home/joe")))
    pool = NewPool("default", "/var/lib/libvirt/images")
    assert seed.steps[0] == storage.MakePool(pool)
    assert "/var/lib/libvirt/images/g-seed.iso" in seed.first_boot.text


def recorded_with(folder: Path, inventory: str) -> Host:
    """A recorded Xen host with these pools."""
    (folder / "host.json").write_text('{"uri": "xen:///system"}')
    (folder / "inventory.xml").write_text(f"<node>{inventory}</node>")
    return connect(f"recorded://{folder}")


@pytest.mark.parametrize(
    ("inventory", "pool", "where"),
    [
        ("<pool type='dir'><name>default</name><target><path>/d</path></target></pool>", "default", "/d/g-seed.iso"),
        (
            "<pool type='dir'><name>mine</name><target><path>/var/lib/libvirt/images</path></target></pool>",
            "mine",
            "/var/lib/libvirt/images/g-seed.iso",
        ),
        (
            "<pool type='dir'><name>default</name><target><path>/d</path></target><volume type='file'>"
            "<name>g-seed.iso</name><capacity>1</capacity><target><path>/d/g-seed.iso</path></target></volume></pool>",
            "default",
            "/d/g-seed-1.iso",
        ),
    ],
)
def test_pools_that_serve(inventory: str, pool: str, where: str, tmp_path: Path) -> None:
    with recorded_with(tmp_path, inventory) as host:
        seed = planned(host, guest("", kind="xen", machine="pc"), "generic")
    assert (seed.pool, len(seed.steps)) == (pool, 1)
    assert f'<source file="{where}"/>' in seed.first_boot.text


def test_a_default_pool_that_holds_no_files_is_refused(tmp_path: Path) -> None:
    pool = "<pool type='logical'><name>default</name><target><path>/dev/d</path></target></pool>"
    with (
        recorded_with(tmp_path, pool) as host,
        pytest.raises(HostError, match="cannot hold the cloud-init seed: it is not active, or does not hold files"),
    ):
        planned(host, guest("", kind="xen"), "generic")


# -- how it is seen -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "profile", "device", "target"),
    [
        (guest(), "debian12", "disk", "virtio vdb"),
        (guest(), "generic", "disk", "virtio vdb"),  # its disk is virtio, so its kernel drives that
        (guest(DISK.replace("virtio", "sata")), "generic", "cdrom", "sata sda"),
        (guest("", machine="pc"), "generic", "cdrom", "ide hda"),
        (guest("", arch="s390x", machine="s390-ccw-virtio"), "debian12", "disk", "virtio vda"),
        (guest("", kind="test"), "debian12", "cdrom", "sata sda"),
    ],
)
def test_the_drive_suits_the_guest(made: Guest, profile: str, device: str, target: str, recorded: Host) -> None:
    drive = tree.parse(planned(recorded, made, profile).device)
    assert drive.get("device") == device
    assert " ".join(places.text(drive, f"./target/@{name}") for name in ("bus", "dev")) == target


@pytest.mark.parametrize(
    ("given", "controllers"),
    [
        ("", ["virtio-scsi"]),
        ("<controller type='scsi' model='lsilogic'/>", ["lsilogic"]),
    ],
)
def test_a_scsi_drive_gets_its_controller(given: str, controllers: list[str], recorded: Host) -> None:
    made = guest(given, arch="s390x", machine="s390-ccw-virtio")
    first = planned(recorded, made, "generic", install=made.copy()).first_boot.guest
    assert places.text(first.disks("cdrom")[0], "./target/@bus") == "scsi"
    assert [each.get("model") for each in first.devices("controller")] == controllers


@pytest.mark.parametrize(
    ("made", "serial"),
    [
        (guest(), "ds=nocloud"),
        (guest(arch="aarch64", machine="virt"), "ds=nocloud"),
        (guest(arch="s390x", machine="s390-ccw-virtio"), ""),  # no SMBIOS there
        (guest(kind="xen"), ""),
        (guest(rest="<sysinfo type='smbios'/>"), ""),
    ],
)
def test_the_first_boot_is_told_by_the_machines_serial(made: Guest, serial: str, recorded: Host) -> None:
    first = planned(recorded, made).first_boot.guest
    said, *fields = first.get("./sysinfo/system/entry[@name='serial']").split(";")
    assert said == serial
    assert not serial or (fields[0].startswith("i=iid-") and fields[1:] == ["h=g"])
    assert first.get("./os/smbios/@mode") == ("sysinfo" if serial else "")


def test_a_mode_of_smbios_that_is_given_stays(recorded: Host) -> None:
    made = guest()
    made.put("./os/smbios/@mode", "host")
    assert not planned(recorded, made).first_boot.guest.has("./sysinfo")


@pytest.mark.parametrize("keep", ["yes", "no", "until-ready", "first-boot"])
def test_it_stays_as_long_as_it_should(keep: str, recorded: Host) -> None:
    seed = planned(recorded, guest(), said=SeedRequest(disable=True, keep=keep))
    assert ("g-seed.iso" in seed.stays.text) is (keep == "yes")
    assert not seed.stays.guest.has("./sysinfo")


# -- beside an installer --------------------------------------------------------------------------


@pytest.mark.parametrize(("keep", "kept"), [("no", ""), ("yes", "/srv/images/g-seed.iso")])
def test_an_installer_reads_it_from_a_cd(keep: str, kept: str, recorded: Host) -> None:
    install, final = guest(DISK + CD), guest(DISK + CD)
    seed = planned(recorded, final, said=SeedRequest(disable=True, keep=keep), install=install)
    first, stays = seed.first_boot.guest, seed.stays.guest
    for made, source in ((first, "/srv/images/g-seed.iso"), (stays, kept)):
        installer, drive = made.disks("cdrom")
        assert places.text(installer, "./source/@file") == "/iso/cd.iso"
        assert places.text(drive, "./source/@file") == source
        assert places.text(drive, "./target/@dev") == "sdb"
        assert (tree.child(drive, "driver") is None) is (not source)
    assert first.has("./sysinfo") and not stays.has("./sysinfo")
    assert (install.text(), final.text()) == (seed.first_boot.text, seed.stays.text)


# -- what is in it --------------------------------------------------------------------------------


def test_a_password_is_made_once(recorded: Host) -> None:
    seed = planned(recorded, guest(), said=from_options({}))
    assert len(seed.password) == 16
    (step,) = seed.steps
    assert isinstance(step, WriteSeed)
    assert seed.password.encode() not in step.data  # only its hash travels
    assert planned(recorded, guest(), said=from_options({}), build=False).password == ""


def test_warnings_are_passed_on(recorded: Host) -> None:
    for build in (True, False):
        (warning,) = planned(recorded, guest(), said=SeedRequest(user="joe"), build=build).warnings
        assert "nobody can log in as 'joe': the user has neither a key (ssh-key=) nor a password" in warning


@pytest.mark.parametrize("build", [True, False])
def test_broken_documents_are_refused_even_when_nothing_is_made(build: bool, recorded: Host, tmp_path: Path) -> None:
    (tmp_path / "user-data").write_text("#cloud-config\nusers: [a\nb: c\n")
    with pytest.raises(InputError, match="line 3: invalid YAML"):
        planned(recorded, guest(), said=SeedRequest(user_data=str(tmp_path / "user-data")), build=build)


def test_nothing_is_fetched_when_nothing_is_made(recorded: Host) -> None:
    seed = planned(recorded, guest(), said=SeedRequest(user_data="http://nowhere.invalid/user-data"), build=False)
    assert seed.warnings == ()


# -- what reads it ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("debian12", "linux"),
        ("win11", "winnt"),
        ("freebsd13.1", "freebsd"),
        ("linux2022", ""),
        ("generic", ""),
    ],
)
def test_what_reads_the_seed_follows_from_the_system(name: str, family: str) -> None:
    assert attach.system_family(find(name)) == family


# -- hosts of this machine without uploads ----------------------------------------------------------


def test_where_nothing_can_be_uploaded_the_seed_is_a_file(
    context_of: Around, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    where = tmp_path / "virtprov" / "seeds" / "g-seed.iso"
    with connect("test:///default") as host:
        seed = planned(host, guest(kind="test"))
        assert (seed.pool, seed.volume) == ("", str(where))
        assert f'<source file="{where}"/>' in drives(seed.first_boot.text)[-1]
        (step,) = seed.steps
        step.do(context_of(host))
        assert where.read_bytes()[32769:32774] == b"CD001"
        assert (where.stat().st_mode & 0o777, where.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        assert planned(host, guest(kind="test")).volume == str(where.with_name("g-seed-1.iso"))
        remove.delete(context_of(host), seed)
        assert not where.exists()
        undo = step.do(context_of(host))
        assert undo is not None
        undo()
        assert not where.exists()


def test_a_seed_file_that_cannot_be_written_is_said(
    context_of: Around, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "virtprov").write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with connect("test:///default") as host:
        (step,) = planned(host, guest(kind="test")).steps
        with pytest.raises(ProvError, match="cannot write .*g-seed.iso: "):
            step.do(context_of(host))


@pytest.mark.parametrize(("reader", "is_refused"), [("ignition", True), ("combustion", True), ("cloud-init", False)])
def test_an_image_that_does_not_read_a_seed(reader: str, is_refused: bool, recorded: Host) -> None:
    setting = RuleContext(guest(), recorded, find("debian12"), image=ImageFacts("tonic2", configured_by=reader))
    request = SeedRequest(disable=True)
    if is_refused:
        with pytest.raises(UsageError, match=f"tonic2 does not read a cloud-init seed: it is configured by {reader}"):
            attach.plan(request, setting, guest())
        request = request._replace(strict=False)
    assert attach.plan(request, setting, guest()).volume == "g-seed.iso"


@pytest.mark.parametrize(
    "words",
    [{"user-data": "http://127.0.0.1:1/u"}, {"ssh-key": ["https://127.0.0.1:1/k"]}, {"write": ["http://127.0.0.1:1/f:/x"]}],
)  # fmt: skip
def test_nothing_is_downloaded_to_check_it(words: dict[str, Any]) -> None:
    assert attach.check_documents(from_options(words)) == ()


def test_a_proxy_is_not_downloaded_from() -> None:
    (told,) = attach.check_documents(from_options({"proxy": "http://proxy:3128", "user": "tom"}))
    assert told.startswith("nobody can log in as 'tom'")


@pytest.mark.parametrize("name", ["a;s=http://example.org/", "a b", "straße"])
def test_a_value_that_would_end_early_is_not_in_the_serial_number(name: str) -> None:
    made = guest()
    attach.write_serial(made, documents.build(SeedRequest(hostname="web"))._replace(hostname=name))
    assert made.get("./sysinfo/system/entry[@name='serial']") == "ds=nocloud"
