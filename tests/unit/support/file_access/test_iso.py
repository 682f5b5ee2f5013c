"""Images: what is written can be read, by any of its names, and is the same every time."""

from __future__ import annotations

import io
import struct
import time
from pathlib import Path
from typing import Any

import pycdlib
import pytest

from virtprov.support.errors import MediaError
from virtprov.support.file_access import iso

FILES = {
    "user-data": b"#cloud-config\n",
    "meta-data": b"x" * 5000,
    "network-config": b"",
    "drivers/net/a.inf": b"1",
    "drivers/net/A_.inf": b"2",
    "drivers/" + "long-name-" * 6: b"3",
    "äö.txt": b"4",
}


def test_written_files_are_read_back(tmp_path: Path) -> None:
    path = str(tmp_path / "x.iso")
    Path(path).write_bytes(iso.build_iso(FILES, "cidata"))
    assert iso.list_files(path) == sorted(FILES)
    assert iso.read_files(path, [*FILES, "other"]) == FILES


@pytest.mark.parametrize("kind", ["rr_path", "joliet_path"])
def test_both_kinds_of_names_are_there(kind: str) -> None:
    image = pycdlib.PyCdlib()
    image.open_fp(io.BytesIO(iso.build_iso(FILES, "cidata")))
    assert image.has_rock_ridge()
    assert image.has_joliet()
    for name, content in FILES.items():
        out = io.BytesIO()
        image.get_file_from_iso_fp(out, **{kind: f"/{name}"})
        assert out.getvalue() == content
    image.close()


def test_images_of_our_own_are_known_from_others() -> None:
    ours = iso.build_iso(FILES, "cidata")
    other, out = pycdlib.PyCdlib(), io.BytesIO()
    other.new(vol_ident="cidata")
    other.write_fp(out)
    other.close()
    assert iso.is_ours(ours)
    assert [iso.is_ours(image) for image in (out.getvalue(), b"", b"\0" * 70000, ours[2048:])] == [False] * 4


def test_the_label_is_kept_as_it_is() -> None:
    data = iso.build_iso({"a": b""}, "cidata")
    assert data[16 * 2048 + 40 :][:32] == b"cidata".ljust(32)
    with iso.Reader(io.BytesIO(data)) as reader:
        assert reader.label == "cidata"


def test_the_same_files_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    first = iso.build_iso(FILES, "cidata")
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.5)
    again = iso.build_iso(dict(reversed(FILES.items())), "cidata")
    assert first == again
    assert iso.build_iso({**FILES, "user-data": b"#cloud-config\n#"}, "cidata") != first


def test_the_dates_are_the_fixed_one() -> None:
    image = pycdlib.PyCdlib()
    image.open_fp(io.BytesIO(iso.build_iso(FILES, "cidata")))
    for kind in ("rr_path", "joliet_path"):
        record: Any = image.get_record(**{kind: "/drivers/net/a.inf"})
        date = record.date
        assert (date.years_since_1900, date.month, date.day_of_month, date.hour) == (120, 1, 1, 0)
    record = image.get_record(rr_path="/user-data")
    assert record.rock_ridge.dr_entries.tf_record.modification_time.years_since_1900 == 120
    image.close()


def plain_image() -> io.BytesIO:
    """An image with plain names only, as a simple tool writes it."""
    image, out = pycdlib.PyCdlib(), io.BytesIO()
    image.new()
    image.add_directory("/BOOT")
    image.add_fp(io.BytesIO(b"kernel"), 6, "/BOOT/LINUX.;1")
    image.write_fp(out)
    image.close()
    return out


def test_plain_names() -> None:
    assert iso.list_files(plain_image()) == ["boot/linux"]
    assert iso.read_files(plain_image(), ["boot/linux"]) == {"boot/linux": b"kernel"}


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = str(tmp_path / "x.iso")
    Path(path).write_bytes(iso.build_iso({"user-data": b""}, "x"))
    with iso.Reader(path) as reader, pytest.raises(MediaError) as caught:
        reader.read("userdata")
    assert str(caught.value) == f"'{path}' has no file 'userdata'"
    assert caught.value.hint == "did you mean 'user-data'?"


def test_what_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    (tmp_path / "zeros").write_bytes(bytes(100_000))
    for name in ("text", "zeros"):
        with pytest.raises(MediaError, match=f"'{tmp_path}/{name}' is not a readable ISO image"):
            iso.list_files(str(tmp_path / name))
    with pytest.raises(MediaError, match="no such file or directory"):
        iso.list_files(str(tmp_path / "none"))


def test_a_damaged_image() -> None:
    data = bytearray(iso.build_iso(FILES, "cidata"))
    root = 16 * 2048 + 156
    struct.pack_into("<L", data, root + 2, 2**31)
    with pytest.raises(MediaError):
        iso.list_files(io.BytesIO(bytes(data)))


@pytest.mark.parametrize("name", ["a//b", "/a", "a/", ""])
def test_names_that_do_not_fit(name: str) -> None:
    with pytest.raises(MediaError, match="is not a valid path inside an image"):
        iso.build_iso({name: b""}, "x")


def test_a_label_that_does_not_fit() -> None:
    with pytest.raises(MediaError, match="maximum length of 32"):
        iso.build_iso({"a": b""}, "x" * 33)


def test_many_files_in_one_directory() -> None:
    files = {f"some-rather-long-file-name-{number}.txt": b"%d" % number for number in range(150)}
    data = iso.build_iso(files, "many")
    assert iso.read_files(io.BytesIO(data), files) == files
