"""Images are downloaded, hashed and unpacked at once, and nothing is believed before it is verified."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.sites import Site
from virtprov.images.fetching import fetch as fetching
from virtprov.images.fetching import unpack as unpacking
from virtprov.images.fetching.disk_check import Disk
from virtprov.images.fetching.fetch import Mismatch, fetch
from virtprov.images.fetching.unpack import Damaged
from virtprov.images.image import BZIP2, GZIP, XZ, ZSTD, Digest, Packing, ResolvedImage, Signature
from virtprov.support.errors import CommandError, FetchError, InputError, MediaError
from virtprov.support.web import http

MIB = 1 << 20
PLAIN = Packing()
DISK = b"\xebboot" + bytes(505) + b"\x55\xaa" + bytes(3 * MIB) + bytes(range(256)) * 4096 + bytes(MIB + 512)


def tar(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return target.getvalue()


def sha256(data: bytes) -> Digest:
    return Digest("sha256", hashlib.sha256(data).hexdigest())


def quiet(done: int, total: int) -> None:
    """No progress."""


def resolved(site: Site, data: bytes, packing: Packing = PLAIN, **more: Any) -> ResolvedImage:
    site.files["/disk"] = data
    facts = {"digest": sha256(data), **more}
    return ResolvedImage("some", url=f"{site.url}/disk", file_name="disk", packing=packing, **facts)


FORMS: dict[str, tuple[Callable[[bytes], bytes], Packing]] = {
    "plain": (bytes, Packing()),
    "xz": (lzma.compress, Packing(XZ)),
    "gz": (gzip.compress, Packing(GZIP)),
    "bz2": (bz2.compress, Packing(BZIP2)),
    "tar": (lambda data: tar({"notes.txt": b"words", "disk.raw": data}), Packing(is_tar=True)),
    "tar.xz": (lambda data: lzma.compress(tar({"./disk.raw": data, "x.sum": b"1"})), Packing(XZ, is_tar=True)),
    "tar.gz": (lambda data: gzip.compress(tar({"d/some.img": data})), Packing(GZIP, is_tar=True)),
    "xz of two streams": (
        lambda data: lzma.compress(data[:MIB]) + bytes(8) + lzma.compress(data[MIB:]),
        Packing(XZ),
    ),
    "gz of two members": (lambda data: gzip.compress(data[:MIB]) + gzip.compress(data[MIB:]), Packing(GZIP)),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_becomes_the_disk(form: str, site: Site, tmp_path: Path) -> None:
    pack, packing = FORMS[form]
    found = fetch(resolved(site, pack(DISK), packing), str(tmp_path), quiet)
    assert Path(found.path).read_bytes() == DISK
    assert (found.disk, found.length) == (Disk("raw", len(DISK)), len(DISK))
    assert os.listdir(tmp_path) == ["disk"]
    assert os.stat(found.path).st_blocks * 512 < len(DISK) - 3 * MIB, "its holes are gone"


def test_a_file_of_this_machine_is_copied_and_left_alone(tmp_path: Path) -> None:
    own = tmp_path / "own.img"
    own.write_bytes(DISK)
    folder = tmp_path / "cache"
    folder.mkdir()
    for image in (
        ResolvedImage("own", path=str(own), file_name="own.img", digest=sha256(DISK)),
        ResolvedImage("own", url=own.as_uri(), file_name="own.img"),
    ):
        found = fetch(image, str(folder), quiet)
        assert Path(found.path).read_bytes() == DISK == own.read_bytes()
    with pytest.raises(InputError, match="does not exist"):
        fetch(ResolvedImage("own", path=str(tmp_path / "none")), str(folder), quiet)


def test_a_checksum_of_the_unpacked_disk(site: Site, tmp_path: Path) -> None:
    packed = lzma.compress(DISK)
    good = resolved(site, packed, Packing(XZ), digest=None, unpacked=sha256(DISK))
    assert Path(fetch(good, str(tmp_path), quiet).path).read_bytes() == DISK
    with pytest.raises(Mismatch):
        fetch(good._replace(unpacked=sha256(b"")), str(tmp_path), quiet)
    plain = resolved(site, DISK, digest=None, unpacked=sha256(b""))
    with pytest.raises(Mismatch, match="instead of"):
        fetch(plain, str(tmp_path), quiet)


@pytest.mark.parametrize("form", ["plain", "xz", "tar.xz"])
def test_another_checksum_leaves_nothing(form: str, site: Site, tmp_path: Path) -> None:
    pack, packing = FORMS[form]
    image = resolved(site, pack(DISK), packing, digest=sha256(b""))
    with pytest.raises(Mismatch, match=r"/disk' has the sha256 checksum [0-9a-f]{64} instead of e3b0") as failure:
        fetch(image, str(tmp_path), quiet)
    assert failure.value.found == sha256(site.files["/disk"])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("form", [name for name in FORMS if name != "plain"])
def test_what_ends_too_early_leaves_nothing(form: str, site: Site, tmp_path: Path) -> None:
    pack, packing = FORMS[form]
    whole = pack(DISK)
    with pytest.raises(Damaged):
        fetch(resolved(site, whole[: len(whole) // 2], packing, digest=None), str(tmp_path), quiet)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("compression", [XZ, GZIP, BZIP2])
@pytest.mark.parametrize("data", [b"", b"no such thing" * 100, bytes(4096)], ids=["empty", "words", "zeros"])
def test_what_is_not_packed_so(compression: str, data: bytes, site: Site, tmp_path: Path) -> None:
    with pytest.raises((Damaged, MediaError)):
        fetch(resolved(site, data, Packing(compression), digest=None), str(tmp_path), quiet)
    assert os.listdir(tmp_path) == []


def test_an_interrupted_download_continues(site: Site, tmp_path: Path) -> None:
    packed = lzma.compress(os.urandom(MIB) + DISK)
    half = http.CHUNK * 5
    image = resolved(site, packed, Packing(XZ))

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(image, str(tmp_path), stop)
    assert sorted(os.listdir(tmp_path)) == ["disk.file.part", "disk.file.part.from"]
    (tmp_path / "disk.file.part").write_bytes(packed[:half])
    site.seen.clear()
    told: list[tuple[int, int]] = []
    fetch(image, str(tmp_path), lambda done, total: told.append((done, total)))
    assert [headers.get("Range") for _, _, headers in site.seen] == [f"bytes={half}-"]
    assert os.listdir(tmp_path) == ["disk"]
    assert told[-1][1] == len(packed) and all(done <= total for done, total in told)


def test_a_version_that_changes_on_the_way_is_read_anew(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(sleep=lambda seconds: None, monotonic=time.monotonic)
    monkeypatch.setattr("virtprov.support.web.download.time", clock)
    old, new = lzma.compress(os.urandom(MIB)), lzma.compress(DISK)
    image = resolved(site, new, Packing(XZ))
    asked: list[object] = []

    def rule(handler: Any) -> None:
        asked.append(handler.headers.get("Range"))
        if len(asked) == 1:
            handler.cut(200, old[: http.CHUNK * 4], len(old), ETag='"v0"')
        else:
            handler.ranged(new, '"v1"')

    site.rules["/disk"] = rule
    found = fetch(image, str(tmp_path), quiet)
    assert asked[:2] == [None, f"bytes={http.CHUNK * 4}-"]
    assert Path(found.path).read_bytes() == DISK


def test_a_file_that_an_earlier_run_has_downloaded(site: Site, tmp_path: Path) -> None:
    packed = lzma.compress(DISK)
    image = resolved(site, packed, Packing(XZ))
    (tmp_path / "disk.file").write_bytes(packed)
    fetch(image, str(tmp_path), quiet)
    assert site.seen == []
    (tmp_path / "disk.file").write_bytes(packed[:-40])
    assert Path(fetch(image, str(tmp_path), quiet).path).read_bytes() == DISK
    assert len(site.seen) == 1


def test_a_damaged_file_is_not_downloaded_to_its_end(site: Site, tmp_path: Path) -> None:
    image = resolved(site, b"\0not xz" * 40 * MIB, Packing(XZ), digest=None)
    told: list[int] = []
    with pytest.raises(Damaged, match="is damaged, or is not xz data"):
        fetch(image, str(tmp_path), lambda done, total: told.append(done))
    assert os.listdir(tmp_path) == []


def test_a_bomb_is_bounded(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "LARGEST", 8 * MIB)
    for pack, packing in (FORMS["xz"], FORMS["gz"], FORMS["bz2"], FORMS["tar.xz"]):
        with pytest.raises(Damaged, match="unpacks to more than"):
            fetch(resolved(site, pack(bytes(9 * MIB)), packing), str(tmp_path), quiet)
        assert os.listdir(tmp_path) == []


def test_memory_for_unpacking_is_bounded(site: Site, tmp_path: Path) -> None:
    head = lzma.compress(b"x", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 512 * MIB, "preset": 0}])
    with pytest.raises(Damaged, match="needs more than 128 MiB of memory"):
        fetch(resolved(site, head, Packing(XZ)), str(tmp_path), quiet)


def test_zstd_is_a_program(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    image = resolved(site, b"(\xb5/\xfd" + DISK, Packing(ZSTD))
    folder = tmp_path / "cache"
    folder.mkdir()
    with pytest.raises(CommandError, match="the program 'zstd' is not installed") as failure:
        fetch(image, str(folder), quiet)
    assert "in package zstd" in failure.value.hint
    assert not (folder / "disk").exists()


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "contains no disk image"),
        ({"notes": b"words"}, "contains no disk image"),
        ({"a.raw": DISK, "b.raw": DISK}, "has two disks: a.raw and b.raw"),
    ],
)
def test_archives_without_one_disk(files: dict[str, bytes], why: str, site: Site, tmp_path: Path) -> None:
    with pytest.raises(Damaged, match=why):
        fetch(resolved(site, tar(files), Packing(is_tar=True)), str(tmp_path), quiet)


def test_large_headers_in_an_archive_are_refused(site: Site, tmp_path: Path) -> None:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("disk.raw")
        member.pax_headers = {"comment": "x" * 20 * MIB}
        archive.addfile(member)
    with pytest.raises(Damaged, match="too large"):
        fetch(resolved(site, target.getvalue(), Packing(is_tar=True)), str(tmp_path), quiet)


def test_holes_of_an_archive_stay_holes(site: Site, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    with (source / "disk.raw").open("wb") as file:
        file.write(DISK[:512])
        file.truncate(900 * MIB)
    subprocess.run(["tar", "-C", source, "--sparse", "-cf", source / "a.tar", "disk.raw"], check=True)
    folder = tmp_path / "cache"
    folder.mkdir()
    found = fetch(resolved(site, (source / "a.tar").read_bytes(), Packing(is_tar=True)), str(folder), quiet)
    assert found.length == 900 * MIB
    assert os.stat(found.path).st_blocks * 512 < MIB


# -- servers -------------------------------------------------------------------------------------


def test_a_missing_file_and_a_full_disk(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FetchError, match="not found"):
        fetch(ResolvedImage("some", url=f"{site.url}/none", file_name="none"), str(tmp_path), quiet)
    with pytest.raises(FetchError, match=r"no space for .* it needs at least 2 EiB"):
        fetch(resolved(site, b"x", Packing(XZ), size=1 << 60), str(tmp_path), quiet)

    def full(*words: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(FetchError, match="no space left on device"):
        fetch(resolved(site, lzma.compress(DISK), Packing(XZ)), str(tmp_path), quiet)
    assert os.listdir(tmp_path) == []


def test_an_unverified_image_does_not_leave_https(monkeypatch: pytest.MonkeyPatch, site: Site, tmp_path: Path) -> None:
    site.files["/disk"] = DISK
    ask = http.Web.ask

    def redirected(web: http.Web, method: str, url: str, headers: dict[str, str] | None = None) -> Any:
        return ask(web, method, url.replace("https:", "http:"), headers)

    monkeypatch.setattr(http.Web, "ask", redirected)
    image = ResolvedImage("some", url=f"{site.url}/disk".replace("http:", "https:"), file_name="disk")
    with pytest.raises(FetchError, match="redirects from https to http"):
        fetch(image, str(tmp_path), quiet)
    fetch(image._replace(digest=sha256(DISK)), str(tmp_path), quiet)


def test_a_signature_of_the_image_itself(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []

    def check(path: str, signature: Signature, shown: str) -> Signature:
        seen.append(Path(path).read_bytes())
        if signature.content == b"bad":
            raise FetchError("the signature of the image is not valid")
        return signature

    monkeypatch.setattr("virtprov.images.verifying.signatures.check_image", check)
    packed = lzma.compress(DISK)
    image = resolved(site, packed, Packing(XZ), digest=None, signature=Signature("image", content=b"good"))
    fetch(image, str(tmp_path), quiet)
    assert seen == [packed]
    os.unlink(tmp_path / "disk")
    with pytest.raises(FetchError, match="not valid"):
        fetch(image._replace(signature=Signature("image", content=b"bad")), str(tmp_path), quiet)
    assert os.listdir(tmp_path) == []


def test_names_of_files_are_made_safe() -> None:
    assert fetching.safe_name("../a b\n.qcow2") == "_a_b_.qcow2"
    assert fetching.safe_name("...") == "image"
