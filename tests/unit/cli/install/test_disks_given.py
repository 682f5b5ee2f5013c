"""Disks that the user names: nobody's data is lost, leaked or cut off, and what is doubtful is said."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from virtprov.cli import app
from virtprov.cli.install import command

Run = Callable[..., tuple[int, str, str]]


def qcow2(path: Path, backing: str = "", size: int = 1 << 30) -> Path:
    head = struct.pack(">4sIQIIQ", b"QFI\xfb", 2, 104 if backing else 0, len(backing), 16, size).ljust(104, b"\0")
    path.write_bytes((head + backing.encode()).ljust(65536, b"\0"))
    return path


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], only_bundled_profiles: None) -> Run:
    """virtprov-install on a host of the test driver whose guest `other` has the disk given; status, stdout, stderr."""

    def call(*flags: str, other: str = "") -> tuple[int, str, str]:
        place = tmp_path / "place.xml"
        disk = f"<disk type='file' device='disk'>{other}<target dev='vda'/></disk>" if other else ""
        place.write_text(
            "<node><domain type='test'><name>other</name><memory>65536</memory><os><type>hvm</type></os>"
            f"<devices>{disk}</devices></domain></node>"
        )
        words = ["--connect", f"test://{place}", "--name", "g", "--osinfo", "generic", "--memory", "64", "--import"]
        status = app.run("virtprov-install", command.main, [*words, "--noautoconsole", *flags])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


def test_a_disk_is_not_smaller_than_the_image_it_stands_on(run: Run, tmp_path: Path) -> None:
    image = qcow2(tmp_path / "image.qcow2", size=int(1.1 * (1 << 30)))
    status, _, said = run("--disk", f"path={tmp_path}/new.qcow2,size=1,backing_store={image}", "--dry-run")
    assert status == 2
    assert f"--disk backing_store={image},size=1: the image has 1.1 GiB and cannot be shrunk" in said
    assert "give at least size=1.1, or omit size=" in said
    assert run("--disk", f"path={tmp_path}/new.qcow2,size=1.2,backing_store={image}", "--dry-run")[0] == 0


def test_a_mounted_device_is_refused(run: Run) -> None:
    """The device of the root file system, where this machine shows it."""
    sources = [line.split()[0] for line in Path("/proc/self/mounts").read_text().splitlines()]
    device = next((name for name in sources if name.startswith("/dev/") and Path(name).is_block_device()), "")
    if not device:
        return
    status, _, said = run("--disk", device, "--dry-run")
    assert status == 3 and f"{device} is in use by this host: it is mounted at /" in said and "path_in_use=off" in said
    assert run("--disk", device, "--dry-run", "--check", "path_in_use=off")[0] == 0
    assert run("--disk", f"{device},readonly=on", "--dry-run")[0] == 0


def test_an_image_that_reads_elsewhere_is_warned_of(run: Run, tmp_path: Path) -> None:
    image = qcow2(tmp_path / "image.qcow2", "/root/secret")
    for flag in (str(image), f"path={tmp_path}/new.qcow2,backing_store={image}"):
        status, _, said = run("--disk", flag, "--dry-run")
        assert (
            status == 0 and "the image refers to /root/secret, outside its own folder and all storage pools (" in said
        )
        assert f"({image} -> /root/secret)" in said
    assert "outside" not in run("--disk", f"{image},driver.type=raw", "--dry-run")[2]


def test_a_loop_is_refused(run: Run, tmp_path: Path) -> None:
    image = qcow2(tmp_path / "a.qcow2", "b.qcow2")
    qcow2(tmp_path / "b.qcow2", "a.qcow2")
    for flag in (str(image), f"path={tmp_path}/new.qcow2,backing_store={image}"):
        status, _, said = run("--disk", flag)
        assert status == 2 and "its backing files form a loop" in said


def test_a_loop_by_way_of_a_link_is_refused(run: Run, tmp_path: Path) -> None:
    """Each name in it is another one: here/a.qcow2, here/here/a.qcow2 ..."""
    image = qcow2(tmp_path / "a.qcow2", "here/a.qcow2")
    (tmp_path / "here").symlink_to(tmp_path)
    status, _, said = run("--disk", str(image))
    assert status == 2 and f"its backing files form a loop: {image} -> {tmp_path}/here/a.qcow2" in said


@pytest.mark.parametrize("words", ["{}", "path={}.new,backing_store={}"])
def test_a_format_that_a_guest_wrote_is_not_believed(words: str, run: Run, tmp_path: Path) -> None:
    image = qcow2(tmp_path / "image.img", "base.img")
    (tmp_path / "base.img").write_bytes(bytes(512))
    raw = f"<driver name='qemu' type='raw'/><source file='{image}'/>"
    flags = ("--disk", words.format(image, image), "--check", "path_in_use=off", "--dry-run")
    status, _, said = run(*flags, other=raw)
    assert (
        status == 3
        and (
            f"{image} is a raw disk of guest 'other', but looks like qcow2: the guest may have written such a header "
            "in order to read files of the host"
        )
        in said
    )
    assert run(*flags, other=raw.replace("raw", "qcow2"))[0] == 0
    name = "backing_format=raw" if "backing" in words else "driver.type=raw"
    assert run("--disk", f"{flags[1]},{name}", *flags[2:], other=raw)[0] == 0


def test_a_link_does_not_hide_who_wrote_a_format(run: Run, tmp_path: Path) -> None:
    image = qcow2(tmp_path / "image.img")
    (tmp_path / "link.img").symlink_to(image)
    for mine, theirs in (("link", "image"), ("image", "link")):
        raw = f"<driver name='qemu' type='raw'/><source file='{tmp_path}/{theirs}.img'/>"
        flags = ("--disk", f"{tmp_path}/{mine}.img", "--check", "path_in_use=off", "--dry-run")
        status, _, said = run(*flags, other=raw)
        assert status == 3 and "is a raw disk of guest 'other', but looks like qcow2" in said
        assert run(*flags, other=raw.replace("raw", "qcow2"))[0] == 0


@pytest.mark.parametrize(
    ("words", "hint"), [("{},device=cdrom", "add driver.type=raw"), ("size=1,upload={}", "upload a copy: `qemu-img")]
)
def test_drives_and_uploads_do_not_believe_a_guest_either(words: str, hint: str, run: Run, tmp_path: Path) -> None:
    image = qcow2(tmp_path / "image.img")
    raw = f"<driver name='qemu' type='raw'/><source file='{image}'/>"
    flags = ("--disk", words.format(image), "--check", "path_in_use=off", "--dry-run")
    status, _, said = run(*flags, other=raw)
    assert status == 3 and "is a raw disk of guest 'other', but looks like qcow2" in said and hint in said
    assert run(*flags, other=raw.replace("raw", "qcow2"))[0] == 0


def test_links_lead_to_disks_in_use(run: Run, tmp_path: Path) -> None:
    image = qcow2(tmp_path / "image.img")
    (tmp_path / "link.img").symlink_to(image)
    for mine, theirs in (("link", "image"), ("image", "link")):
        status, _, said = run("--disk", f"{tmp_path}/{mine}.img", other=f"<source file='{tmp_path}/{theirs}.img'/>")
        assert status == 3 and "is in use by guest 'other'" in said
