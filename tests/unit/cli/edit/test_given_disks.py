"""Disks that virtprov-xml gives to guests: a format that another guest may have written is not believed."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from virtprov.cli import app
from virtprov.cli.edit import command

Run = Callable[..., tuple[int, str]]

GUEST = (
    "<domain type='test'><name>{}</name><memory>65536</memory><os><type>hvm</type></os><devices>{}</devices></domain>"
)
DISK = "<disk type='file' device='{}'>{}<target dev='{}' bus='{}'/></disk>"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image that begins like qcow2."""
    path = tmp_path / "image.img"
    path.write_bytes(struct.pack(">4sIQIIQ", b"QFI\xfb", 2, 0, 0, 16, 1 << 20).ljust(65536, b"\0"))
    return path


@pytest.fixture
def run(tmp_path: Path, image: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """virtprov-xml on a host of the test driver whose guest `other` has the image in the given format."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def call(*words: str, format: str) -> tuple[int, str]:
        place = tmp_path / "place.xml"
        other = DISK.format("disk", f"<driver name='qemu' type='{format}'/><source file='{image}'/>", "vda", "virtio")
        mine = DISK.format("cdrom", "", "sda", "sata")
        place.write_text(f"<node>{GUEST.format('other', other)}{GUEST.format('one', mine)}</node>")
        status = app.run("virtprov-xml", command.main, ["--connect", f"test://{place}", "one", *words])
        return status, capsys.readouterr().err

    return call


@pytest.mark.parametrize(
    "words",
    [
        ("--add-device", "--disk", "{}"),
        ("--add-device", "--disk", "path={}.new,size=1,backing_store={}"),
        ("--edit", "target=sda", "--disk", "path={}"),
        ("--add-device", "--disk", "size=1,upload={}"),
        ("--add-device", "--disk", "{}", "--print-diff"),
    ],
)
def test_a_format_that_a_guest_wrote_is_not_believed(words: tuple[str, ...], run: Run, image: Path) -> None:
    given = [word.replace("{}", str(image)) for word in words]
    status, said = run(*given, format="raw")
    assert status == 3 and f"{image} is a raw disk of guest 'other', but looks like qcow2" in said
    if "upload" not in given[-1]:
        name = "backing_format=raw" if "backing" in words[-1] else "driver.type=raw"
        option = next(word for word in given if str(image) in word)
        assert run(*[f"{word},{name}" if word is option else word for word in given], format="raw")[0] == 0


def test_a_format_that_the_other_guest_uses_is_taken(run: Run, image: Path) -> None:
    assert run("--add-device", "--disk", str(image), "--print-diff", format="qcow2")[0] == 0


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("two", "hint: `virsh domrename one two` renames"),
        ("my two", "hint: `virsh domrename one 'my two'` renames"),
        ("", "the name of the guest is empty"),
        ("a/b", "the name 'a/b' contains a slash"),
        ("a\nb", "contains a line break"),
    ],
)
def test_a_rename_is_refused_with_the_command_for_it(name: str, sentence: str, run: Run) -> None:
    status, said = run("--no-schema-check", "--edit", "--metadata", f"name={name}", format="raw")
    assert status in (2, 3) and sentence in said
