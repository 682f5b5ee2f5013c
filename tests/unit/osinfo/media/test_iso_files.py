"""Files of an ISO, found without a walk through it."""

from __future__ import annotations

import io

import pycdlib
import pytest

from tests.unit.osinfo.handmade import SECTOR, iso
from virtprov.osinfo.media.iso_files import IsoFiles
from virtprov.osinfo.media.iso_header import read_iso
from virtprov.support.file_access.iso import build_iso


class Medium:
    """An ISO in memory that remembers what was read of it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[tuple[int, int]] = []
        ids = read_iso(self.read)
        assert ids is not None
        self.files = IsoFiles(self.read, ids)
        self.asked.clear()

    def read(self, offset: int, size: int) -> bytes:
        self.asked.append((offset, size))
        return self.data[offset : offset + size]

    def get(self, name: str) -> bytes | None:
        return self.files.fetch(name)


def plain() -> bytes:
    """An ISO with the names of ISO 9660 only."""
    made = pycdlib.PyCdlib()
    made.new(interchange_level=1, vol_ident="PLAIN")
    made.add_directory("/_DISK")
    for path, text in (("/_DISK/INFO.;1", b"inside"), ("/CONTENT.;1", b"LABEL x"), ("/A.TXT;1", b"a")):
        made.add_fp(io.BytesIO(text), len(text), path)
    out = io.BytesIO()
    made.write_fp(out)
    made.close()
    return out.getvalue()


def test_names_with_rock_ridge() -> None:
    medium = Medium(build_iso({".treeinfo": b"tree", ".disk/info": b"deep", "content": b"suse"}, "X"))
    assert [medium.get(name) for name in (".treeinfo", ".disk/info", "content")] == [b"tree", b"deep", b"suse"]


def test_names_without() -> None:
    medium = Medium(plain())
    assert [medium.get(name) for name in (".disk/info", "content", "a.txt")] == [b"inside", b"LABEL x", b"a"]


def test_what_is_not_there() -> None:
    medium = Medium(build_iso({"file": b"1", "folder/deep": b"2"}, "X"))
    for name in ("none", "none/deep", "folder", "folder/none", "file/deep", ""):
        assert medium.get(name) is None


def test_a_folder_is_read_once() -> None:
    medium = Medium(build_iso({"one": b"1", "two": b"2"}, "X"))
    for name in ("one", "none", "two", "other"):
        medium.get(name)
    assert len(medium.asked) == 3
    assert all(size <= 4 * SECTOR for _, size in medium.asked)


def test_a_folder_over_several_sectors() -> None:
    names = [f"a-file-with-a-rather-long-name-{number:03}" for number in range(120)]
    medium = Medium(build_iso({name: name.encode() for name in names}, "X"))
    assert [medium.get(name) for name in names] == [name.encode() for name in names]


@pytest.mark.parametrize("cut", [17 * SECTOR, 24 * SECTOR, 30 * SECTOR])
def test_a_file_that_ends_early(cut: int) -> None:
    data = build_iso({".treeinfo": b"x" * 100_000}, "X")
    assert len(Medium(data[:cut]).get(".treeinfo") or b"") < 100_000


def test_an_iso_without_a_root() -> None:
    assert Medium(iso("X")).get(".treeinfo") is None


def test_noise_instead_of_a_folder() -> None:
    data = bytearray(iso("X"))
    data += bytes(range(1, 256)) * 100
    data[16 * SECTOR + 158] = 18
    data[16 * SECTOR + 166 : 16 * SECTOR + 168] = (20_000).to_bytes(2, "little")
    assert Medium(bytes(data)).get(".treeinfo") is None


def joliet() -> bytes:
    """An ISO with short plain names, and long ones by Joliet."""
    made = pycdlib.PyCdlib()
    made.new(interchange_level=1, vol_ident="LONG", joliet=3)
    made.add_directory("/BOOT", joliet_path="/boot")
    text = b"kernel"
    made.add_fp(io.BytesIO(text), len(text), "/BOOT/VMLINUZ_.;1", joliet_path="/boot/vmlinuz-6.1.0-13-amd64")
    out = io.BytesIO()
    made.write_fp(out)
    made.close()
    return out.getvalue()


def test_names_of_joliet() -> None:
    medium = Medium(joliet())
    assert medium.get("boot/vmlinuz-6.1.0-13-amd64") == b"kernel"
    assert medium.get("BOOT/VMLINUZ_") == b"kernel"
    assert medium.get("boot/none") is None


def test_places_agree_with_pycdlib() -> None:
    files = {f"a/b{number % 3}/Name-{number}": b"%d" % number * number for number in range(40)}
    data = build_iso(files, "X")
    medium = Medium(data)
    image = pycdlib.PyCdlib()
    image.open_fp(io.BytesIO(data))
    for folder, _, leaves in image.walk(rr_path="/"):
        assert [name for name in medium.files.names(folder) if not name.startswith("b") and name != "a"] == sorted(
            leaves
        )
        for leaf in leaves:
            record = image.get_record(rr_path=f"{folder}/{leaf}")
            entry = medium.files.find(f"{folder}/{leaf}")
            assert entry and (entry.at, entry.size) == (record.extent_location() * SECTOR, record.get_data_length())


def test_folders_in_a_circle() -> None:
    """A folder that contains itself is read once, however deep the path."""
    data = bytearray(build_iso({"a/b": b"x"}, "X"))
    medium = Medium(bytes(data))
    folder = medium.files.find("a")
    root = medium.files.find("")
    assert folder and root
    where = data.index((folder.at // SECTOR).to_bytes(4, "little"), root.at + 68)
    data[where : where + 4] = (root.at // SECTOR).to_bytes(4, "little")
    looped = Medium(bytes(data))
    assert looped.get("a/" * 500 + "b") is None
    assert len(looped.asked) == 1
