"""Images of this machine for volumes of a host: what is sent, what is refused, and who is told of the way."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from tests.standin import StandIn
from virtprov.guest.disks.locate import DiskResolver
from virtprov.guest.disks.new import uploads
from virtprov.guest.disks.new.uploads import Sent
from virtprov.guest.disks.new.volumes import Making, NewVolume
from virtprov.guest.disks.spec import DiskSpec
from virtprov.host.connection import Host
from virtprov.support.errors import UsageError
from virtprov.support.notation.units import GIB
from virtprov.xml import tree


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Images of several kinds."""
    header = struct.Struct(">4sIQIIQ")
    (tmp_path / "small.qcow2").write_bytes(header.pack(b"QFI\xfb", 3, 0, 0, 16, 3 * GIB).ljust(1024, b"\0"))
    overlay = header.pack(b"QFI\xfb", 3, 512, 9, 16, 3 * GIB).ljust(512, b"\0") + b"/base.img"
    (tmp_path / "overlay.qcow2").write_bytes(overlay.ljust(1024, b"\0"))
    (tmp_path / "plain.img").write_bytes(b"\0" * 4096)
    (tmp_path / "old.vhdx").write_bytes(b"vhdxfile".ljust(4096, b"\0"))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "wanted", "format", "size"),
    [
        ("small.qcow2", None, "qcow2", 3 * GIB),
        ("small.qcow2", 10, "qcow2", 10 * GIB),
        ("plain.img", None, "raw", 4096),
        ("plain.img", 1, "raw", GIB),
        ("old.vhdx", None, "vhdx", 4096),
    ],
)
def test_an_image_says_what_it_is(files: Path, name: str, wanted: float | None, format: str, size: int) -> None:
    assert uploads.look(str(files / name), wanted) == Sent(str(files / name), format, size)


@pytest.mark.parametrize(
    ("name", "wanted", "message", "hint"),
    [
        ("nowhere.img", None, "does not exist", "give an image on this machine"),
        ("", None, "cannot be read", "give an image on this machine"),
        ("fifo", None, "is not a regular file", "give an image on this machine"),
        (
            "overlay.qcow2",
            None,
            "the image has the backing image '/base.img', which would be missing on the host",
            "qemu-img convert",
        ),
        ("small.qcow2", 2.5, "the image has 3 GiB and cannot be shrunk", "at least size=3,"),
        ("old.vhdx", 5, "the host cannot enlarge a vhdx image", "convert it first"),
    ],
)
def test_what_cannot_be_sent(files: Path, name: str, wanted: float | None, message: str, hint: str) -> None:
    os.mkfifo(files / "fifo")
    with pytest.raises(UsageError) as caught:
        uploads.look(str(files / name), wanted)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"format": "qcow2"}, "the image is uploaded unchanged in raw format, so format=qcow2 cannot be used"),
        ({"password_file": "/etc/hostname"}, "the image is uploaded unchanged, so it cannot be encrypted"),
    ],
)
def test_it_is_sent_as_it_is(kvm: Host, files: Path, words: dict[str, str], message: str) -> None:
    spec = DiskSpec(pool="images", upload=str(files / "plain.img"))._replace(**words)
    with pytest.raises(UsageError, match=message):
        DiskResolver(kvm, "g", qemu=True).resolve(tree.parse("<disk device='disk'/>"), spec)


def test_it_becomes_a_volume_of_a_pool(kvm: Host, files: Path) -> None:
    disk = tree.parse("<disk device='disk'/>")
    image = str(files / "small.qcow2")
    made = DiskResolver(kvm, "g", qemu=True).resolve(disk, DiskSpec(upload=image, pool="images", size=5))
    volume = NewVolume("images", "g.qcow2", "/srv/images/g.qcow2", "qcow2", 5 * GIB, 0, upload=image)
    assert made == Making((), (volume,))
    source = tree.child(disk, "source")
    assert source is not None and source.get("file") == "/srv/images/g.qcow2"


class Elsewhere(StandIn):
    """A host on another machine, as far as paths go."""

    def __init__(self, host: Host) -> None:
        self.real = host
        self.is_remote = True


@pytest.mark.parametrize("words", ["path", "backing_store"])
def test_a_path_of_this_machine_is_not_one_of_the_remote_host(kvm: Host, files: Path, words: str) -> None:
    image = str(files / "small.qcow2")
    spec = DiskSpec(path=image) if words == "path" else DiskSpec(backing_store=image)
    storage = DiskResolver(Elsewhere(kvm), "g", qemu=True)
    with pytest.raises(UsageError) as caught:
        storage.resolve(tree.parse("<disk device='disk'/>"), spec)
    assert f"the path must exist on the remote host; use upload={image} to upload the local file" in caught.value.hint
    assert not uploads.instead(kvm, image), "a host on this machine has what this machine has"
