"""Which disks and media go with a guest, and why others stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.qcow2 import write_qcow2
from tests.standin import StandIn
from tests.unit.actions.remove.conftest import MakeGuest, MakeHost, disk, planned, told
from virtprov.cloudinit import seed
from virtprov.cloudinit.seed_request import from_options
from virtprov.host.connection import Host
from virtprov.support.errors import HostError

ME = "- definition of guest 'web'"
SECRET = "2ec115d7-3a88-3ceb-bc12-0ac909a6fd87"
CDROM = "<readonly/>"
FOLDER = "<disk type='dir'><source dir='/srv'/><target dev='vda'/></disk>"
LUN = (
    "<disk type='block' device='lun'><driver name='qemu' type='raw'/><source dev='/dev/null'/>"
    "<target dev='sdb' bus='scsi'/></disk>"
)
EMPTY = "<disk type='file' device='cdrom'><target dev='sda'/></disk>"
ENTRY = "<entry name='opt/io.systemd.credentials/{}' file='{}'/>".format


def seed_image() -> bytes:
    return seed.iso_bytes(seed.build(from_options({"hostname": "h"})._replace(guest_name="web")))


@pytest.mark.parametrize(
    ("device", "line"),
    [
        (disk("a.qcow2"), "- disk a.qcow2"),
        (disk("a.qcow2", inside="<readonly/>"), "+ disk a.qcow2: it is read-only, so other guests may use it"),
        (disk("a.qcow2", inside="<shareable/>"), "+ disk a.qcow2: it is shareable, so other guests may use it"),
        (LUN, "+ disk /dev/null: it is a device of the host"),
        (disk("a.qcow2", device="cdrom"), "+ medium a.qcow2: other guests may use the medium as well"),
        (disk("a.qcow2", device="floppy", target="fda"), "+ medium a.qcow2: other guests may use the medium as well"),
        ("<disk type='volume'><source pool='p' volume='a.qcow2'/><target dev='vda'/></disk>", "- disk a.qcow2"),
        (
            "<disk type='volume'><source pool='q' volume='a.qcow2'/><target dev='vda'/></disk>",
            "+ disk q/a.qcow2: its storage pool 'q' is not defined",
        ),
        (
            "<disk type='network'><source protocol='rbd' name='pool/web'/><target dev='vda'/></disk>",
            "+ disk pool/web: it is on the network, and in none of the host's storage pools",
        ),
        (FOLDER, "+ disk /srv: it is a directory of the host"),
        (disk("odd.img"), "+ disk odd.img: it is not a volume of pool 'p'"),
        (disk("link.qcow2"), "+ disk link.qcow2: it is a symbolic link to a.qcow2"),
        (disk("used.qcow2"), "+ disk used.qcow2: used by guest 'other'"),
    ],
)
def test_each_kind_of_disk(device: str, line: str, domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    (tmp_path / "odd.img").touch()
    other = domain("other", disk("used.qcow2"), number=2)
    images = {"a.qcow2": "", "link.qcow2": "", "used.qcow2": ""}
    host = host_with(domain("web", device), other, images=images)
    (tmp_path / "link.qcow2").unlink()
    (tmp_path / "link.qcow2").symlink_to(tmp_path / "a.qcow2")
    (removal,) = planned(host, "web")
    assert told(removal, tmp_path) == [line, ME]


@pytest.mark.parametrize(
    "device",
    [disk("gone.qcow2"), disk("/nowhere/gone.img"), "<disk type='file' device='cdrom'><target dev='sda'/></disk>"],
)
def test_what_does_not_exist_is_not_mentioned(
    device: str, domain: MakeGuest, host_with: MakeHost, tmp_path: Path
) -> None:
    (removal,) = planned(host_with(domain("web", device)), "web")
    assert told(removal, tmp_path) == [ME]


def test_a_disk_in_a_pool_that_is_not_active_stays(domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    host = host_with(domain("web", disk("a.qcow2")), images={"a.qcow2": ""})
    host._link.conn.storagePoolLookupByName("p").destroy()
    (removal,) = planned(host, "web")
    assert told(removal, tmp_path)[0] == "+ disk a.qcow2: its storage pool 'p' is not active"


def test_volumes_that_libvirt_cannot_delete_stay(domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    host = host_with(domain("web", disk("a.qcow2")), images={"a.qcow2": ""})

    class Array(StandIn):
        real = host

        def storage_pool(self, name: str) -> Any:
            found = host.storage.pool(name)
            return None if found is None else found._replace(type="iscsi")

    (removal,) = planned(Array(), "web")
    assert told(removal, tmp_path)[0] == "+ disk a.qcow2: libvirt cannot delete volumes of pool 'p'"


def test_disks_are_kept_on_request(domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    host = host_with(domain("web", disk("a.qcow2")), images={"a.qcow2": "", "b.qcow2": "a.qcow2"})
    (removal,) = planned(host, "web", keep_disks=True)
    assert told(removal, tmp_path) == ["+ disk a.qcow2: --keep-disks is given", ME]


def test_images_below_a_disk_stay(domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    images = {"base.qcow2": "", "mid.qcow2": "base.qcow2", "top.qcow2": "mid.qcow2"}
    (removal,) = planned(host_with(domain("web", disk("top.qcow2")), images=images), "web")
    assert told(removal, tmp_path) == [
        "- disk top.qcow2",
        "+ base image mid.qcow2: top.qcow2 is based on it",
        "+ base image base.qcow2: top.qcow2 is based on it",
        ME,
    ]
    raw = host_with(domain("web", disk("top.qcow2", "raw")), images=images)
    (removal,) = planned(raw, "web")  # whatever its bytes say
    assert told(removal, tmp_path) == ["- disk top.qcow2", ME]


# -- outside of pools -----------------------------------------------------------------------------


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("outside") / "web.img"
    path.write_bytes(b"x")
    return path


def test_a_disk_outside_the_pools_goes_if_it_is_named(
    domain: MakeGuest, host_with: MakeHost, outside: Path, tmp_path: Path
) -> None:
    host = host_with(domain("web", disk(str(outside), "raw")))
    (removal,) = planned(host, "web")
    why = "it is outside the host's storage pools; --with-disk removes it"
    assert told(removal, tmp_path) == [f"+ disk {outside}: {why}", ME]
    (removal,) = planned(host, "web", with_disks=(str(outside),))
    (thing, _) = removal.going
    assert (thing.path, thing.pool) == (str(outside), "") and thing.mark


def test_an_image_beside_it_that_is_based_on_it(domain: MakeGuest, host_with: MakeHost, outside: Path) -> None:
    write_qcow2(outside)
    write_qcow2(outside.parent / "top.qcow2", "web.img")
    host = host_with(domain("web", disk(str(outside))))
    with pytest.raises(HostError, match=r"cannot be removed: image .*/top.qcow2 is based on its disk .*/web.img"):
        planned(host, "web", with_disks=(str(outside),))


# -- seeds and credentials ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "ours", "line"),
    [
        ("web-seed.iso", True, "- cloud-init seed web-seed.iso"),
        ("web-seed-2.iso", True, "- cloud-init seed web-seed-2.iso"),
        ("web-seed.iso", False, "+ medium web-seed.iso: virtprov has not created it"),
        ("tool.iso", True, "+ medium tool.iso: other guests may use the medium as well"),
    ],
)
def test_only_a_seed_of_the_guest_goes(
    name: str, ours: bool, line: str, domain: MakeGuest, host_with: MakeHost, tmp_path: Path
) -> None:
    host = host_with(domain("web", disk(name, "raw", CDROM, "cdrom")), images={name: ""})
    (tmp_path / name).write_bytes(seed_image() if ours else b"x" * 40000)
    (removal,) = planned(host, "web", keep_disks=True)
    assert told(removal, tmp_path) == [line, ME]


def test_a_seed_of_this_machine(domain: MakeGuest, host_with: MakeHost, outside: Path, tmp_path: Path) -> None:
    """That of a driver without uploads."""
    path = outside.parent / "web-seed.iso"
    path.write_bytes(seed_image())
    (removal,) = planned(host_with(domain("web", disk(str(path), "raw", CDROM))), "web")
    assert told(removal, tmp_path) == [f"- cloud-init seed {path}", ME]
    path.unlink()
    (removal,) = planned(host_with(domain("web", disk(str(path), "raw", CDROM))), "web")
    assert told(removal, tmp_path) == [ME]


class Far(StandIn):
    """A host on another machine, whose volumes begin with these bytes."""

    is_remote = True

    def __init__(self, host: Host, head: bytes | None) -> None:
        self.real, self.head = host, head

    def storage_volume_head(self, pool: str, name: str, length: int) -> bytes | None:
        return self.head if (pool, name) == ("p", "web-seed.iso") and length else None


@pytest.mark.parametrize(
    ("head", "line"),
    [
        (seed_image(), "- cloud-init seed web-seed.iso"),
        (b"another", "+ medium web-seed.iso: virtprov has not created it"),
        (None, "+ medium web-seed.iso: virtprov has not created it"),
    ],
)
def test_a_seed_on_another_machine(
    head: bytes | None, line: str, domain: MakeGuest, host_with: MakeHost, tmp_path: Path
) -> None:
    drive = disk("web-seed.iso", "raw", CDROM, "cdrom", "sda")
    (removal,) = planned(Far(host_with(domain("web", drive), images={"web-seed.iso": ""}), head), "web")
    assert told(removal, tmp_path) == [line, ME]


def test_a_seed_that_another_guest_has_stays(domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    drive = disk("web-seed.iso", "raw", CDROM, "cdrom")
    host = host_with(domain("web", drive), domain("copy", drive, number=2), images={"web-seed.iso": ""})
    (tmp_path / "web-seed.iso").write_bytes(seed_image())
    (removal,) = planned(host, "web")
    assert told(removal, tmp_path)[0] == "+ medium web-seed.iso: used by guest 'copy'"


@pytest.mark.parametrize(
    ("ours", "others", "lines"),
    [
        (True, False, ["- cloud-init seed web-seed.iso"]),
        (False, False, ["+ medium web-seed.iso: virtprov has not created it"]),
        (True, True, ["+ medium web-seed.iso: used by guest 'copy'"]),
        (None, False, []),
    ],
)
def test_a_seed_that_only_the_running_guest_has(
    ours: bool | None, others: bool, lines: list[str], domain: MakeGuest, host_with: MakeHost, tmp_path: Path
) -> None:
    """One of a first boot that nobody has waited for."""
    drive = disk("web-seed.iso", "raw", CDROM, "cdrom", "sda")
    copies = [domain("copy", drive, number=2)] if others else []
    host = host_with(*copies, images={"a.qcow2": "", "web-seed.iso": ""})
    host.guests.create(domain("web", disk("a.qcow2") + drive, runs=True))
    host.guests.define(domain("web", disk("a.qcow2"), runs=True))
    (tmp_path / "web-seed.iso").write_bytes(seed_image() if ours else b"x" * 40000)
    if ours is None:
        host.storage.delete_volume("p", "web-seed.iso")
        (tmp_path / "web-seed.iso").unlink(missing_ok=True)
    (removal,) = planned(host, "web")
    assert told(removal, tmp_path) == ["- disk a.qcow2", ME, *lines]


def test_credentials_go_with_their_guest(domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    names = ("web-tmpfiles.extra.cred", "web-ssh.cred", "theirs.cred", "gone.cred")
    entries = "".join(
        f"<entry name='opt/io.systemd.credentials/{at}' file='{{}}/{name}'/>" for at, name in enumerate(names)
    )
    box = f"<sysinfo type='fwcfg'>{entries}<entry name='opt/other' file='/x'/></sysinfo>".replace("{}", str(tmp_path))
    other = f"<sysinfo type='fwcfg'><entry name='opt/a' file='{tmp_path}/web-ssh.cred'/></sysinfo>"
    host = host_with(domain("web", more=box), domain("copy", more=other, number=2), images=dict.fromkeys(names[:3], ""))
    (removal,) = planned(host, "web")
    assert told(removal, tmp_path) == [
        "- systemd credential web-tmpfiles.extra.cred",
        "+ systemd credential web-ssh.cred: used by guest 'copy'",
        "+ theirs.cred: virtprov has not created it",
        ME,
    ]


# -- passwords ------------------------------------------------------------------------------------


class Keeping(StandIn):
    """The test driver, which keeps no secrets, with one for the volume at a path."""

    def __init__(self, host: Host, path: str) -> None:
        self.real, self.path = host, path

    def secrets_volume(self, uuid: str) -> str | None:
        return self.path if uuid == SECRET else None


def encrypted(name: str, target: str = "vda") -> str:
    inside = f"<encryption format='luks'><secret type='passphrase' uuid='{SECRET}'/></encryption>"
    return disk(name, "raw", target=target).replace("/><target", f">{inside}</source><target")


@pytest.mark.parametrize(
    ("images", "path", "keep", "lines"),
    [
        (["a.img"], "a.img", False, ["- disk a.img", "- password of a.img (secret {})"]),
        ([], "a.img", False, ["- password of a.img (secret {})"]),  # an interrupted removal
        (
            ["a.img", "b.img"],
            "b.img",
            False,
            ["- disk a.img", "+ password of b.img (secret {}): it was not created for this disk alone"],
        ),
        (
            ["a.img"],
            "a.img",
            True,
            ["+ disk a.img: --keep-disks is given", "+ password of a.img (secret {}): its disk is kept"],
        ),
    ],
)
def test_the_password_goes_with_the_disk_that_it_was_made_for(
    images: list[str], path: str, keep: bool, lines: list[str], domain: MakeGuest, host_with: MakeHost, tmp_path: Path
) -> None:
    host = Keeping(host_with(domain("web", encrypted("a.img")), images=dict.fromkeys(images, "")), f"{tmp_path}/{path}")
    (removal,) = planned(host, "web", keep_disks=keep)
    assert told(removal, tmp_path) == [*(line.format(SECRET) for line in lines), ME]


def test_a_password_that_a_clone_needs_stays(domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    guests = (domain("web", encrypted("a.img")), domain("copy", encrypted("b.img"), number=2))
    host = Keeping(host_with(*guests, images={"a.img": "", "b.img": ""}), f"{tmp_path}/a.img")
    (removal,) = planned(host, "web")
    assert told(removal, tmp_path)[1] == f"+ password of a.img (secret {SECRET}): used by guest 'copy'"


def test_a_password_goes_with_the_last_guest_that_needs_it(
    domain: MakeGuest, host_with: MakeHost, tmp_path: Path
) -> None:
    """If the removal of the second guest fails, its disk must still be readable."""
    guests = (domain("web", encrypted("a.img")), domain("copy", encrypted("b.img"), number=2))
    host = Keeping(host_with(*guests, images={"a.img": "", "b.img": ""}), f"{tmp_path}/a.img")
    password = f"password of a.img (secret {SECRET})"
    first, second = planned(host, "web", "copy")
    assert (first.name, told(first, tmp_path)) == ("web", ["- disk a.img", ME])
    assert (second.name, told(second, tmp_path)[:2]) == ("copy", ["- disk b.img", f"- {password}"])
    second, first = planned(host, "copy", "web")
    assert f"- {password}" in told(first, tmp_path) and len(second.things) == 2


def test_a_password_stays_if_a_disk_that_needs_it_does(
    domain: MakeGuest, host_with: MakeHost, tmp_path: Path, outside: Path
) -> None:
    kept = encrypted(str(outside))
    guests = (domain("web", encrypted("a.img")), domain("copy", kept, number=2))
    host = Keeping(host_with(*guests, images={"a.img": ""}), f"{tmp_path}/a.img")
    first, second = planned(host, "web", "copy")
    assert told(first, tmp_path) == ["- disk a.img", ME]
    assert f"+ password of a.img (secret {SECRET}): its disk is kept" in told(second, tmp_path)


def test_a_password_whose_own_disk_is_gone_goes(domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    """As that of the original of a clone, which has been removed before."""
    host = Keeping(host_with(domain("copy", encrypted("b.img")), images={"b.img": ""}), f"{tmp_path}/a.img")
    (removal,) = planned(host, "copy")
    assert told(removal, tmp_path)[:2] == ["- disk b.img", f"- password of a.img (secret {SECRET})"]
    (tmp_path / "a.img").touch()
    (removal,) = planned(host, "copy")
    assert "it was not created for this disk alone" in told(removal, tmp_path)[1]
