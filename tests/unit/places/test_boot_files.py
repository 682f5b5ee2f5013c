"""The files of an installer: where they will be, and that they are complete or not there."""

from __future__ import annotations

import hashlib
import os
import resource
import time
from pathlib import Path
from typing import Any

import pytest

from tests.sites import FtpSite, Site
from tests.unit.places import trees
from tests.unit.places.test_inject import unpack
from tests.unit.places.trees import INITRD, KERNEL
from virtprov.osinfo.detect import Detected
from virtprov.places import boot_files
from virtprov.places.boot_files import medium_path, obtain, obtain_medium, plan_files
from virtprov.places.inject import build_archive
from virtprov.places.place import FILES, BootSource, InjectedFile, Medium, PlaceRequest, RemoteFile
from virtprov.places.resolve import resolve
from virtprov.support.errors import FetchError, MediaError, ProvError, UsageError
from virtprov.support.file_access.iso import build_iso
from virtprov.support.terminal.progress import Progress, Task
from virtprov.support.web import http

QUIET = Progress()
PRESEED = (InjectedFile("preseed.cfg", b"d-i passwd/root-password password secret\n"),)


def source(kernel: RemoteFile, initrd: RemoteFile | None = None) -> BootSource:
    return BootSource("x", FILES, Detected("unknown"), kernel, initrd)


def everything(folder: Path) -> dict[str, int]:
    """All files below a folder that are no notes about versions, with their permissions."""
    return {
        str(path.relative_to(folder)): path.stat().st_mode & 0o777
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".version"
    }


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost connections are given up without a wait."""
    monkeypatch.setattr("virtprov.support.web.download.TRIES", 1)


# -- where files will be ---------------------------------------------------------------------------


def test_planning_writes_nothing_and_is_right(site: Site, cache: Path) -> None:
    site.files.update({"/vmlinuz": KERNEL, "/initrd.gz": INITRD})
    boot = source(RemoteFile(url=f"{site.url}/vmlinuz"), RemoteFile(url=f"{site.url}/initrd.gz"))
    files = plan_files(boot)
    assert not cache.exists() and site.seen == []
    assert files == plan_files(boot)
    assert files.initrd is not None
    assert obtain(files, QUIET) == (files.kernel.path, files.initrd.path)
    assert Path(files.kernel.path).read_bytes() == KERNEL and Path(files.initrd.path).read_bytes() == INITRD
    assert os.path.basename(files.kernel.path) == "vmlinuz"
    assert {path.stat().st_mode & 0o777 for path in (cache, Path(files.kernel.path).parent)} == {0o700}
    assert set(everything(cache).values()) == {0o600}


def test_local_files_are_used_as_they_are(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "k").write_bytes(KERNEL)
    files = plan_files(source(RemoteFile(str(tmp_path / "k")), RemoteFile(str(tmp_path / "i"))))
    assert files.kernel.path == str(tmp_path / "k") and files.made == ()
    assert obtain(files, QUIET) == () and not cache.exists()


@pytest.mark.parametrize("name", ["..", ".", "a b;$(x)", "\udcff\n", "ü" * 300, ""])
def test_names_from_outside_stay_in_the_cache(name: str, cache: Path) -> None:
    path = plan_files(source(RemoteFile(url=f"http://host/{name}"))).kernel.path
    assert os.path.dirname(os.path.dirname(path)) == str(cache)
    assert os.path.normpath(path) == path and path.isascii() and path.isprintable() and len(path) < 300


# -- injected files --------------------------------------------------------------------------------


def test_injected_files_are_for_one_guest(site: Site, tmp_path: Path, cache: Path) -> None:
    initrd = build_archive((InjectedFile("init", b"sh"),))
    site.files.update({"/vmlinuz": KERNEL, "/initrd.gz": initrd})
    boot = source(RemoteFile(url=f"{site.url}/vmlinuz"), RemoteFile(url=f"{site.url}/initrd.gz"))
    files = plan_files(boot, PRESEED, "web")
    other = plan_files(boot, PRESEED, "db")
    assert files.initrd and other.initrd and files.original and files.initrd.path != other.initrd.path
    changed = plan_files(boot, (PRESEED[0]._replace(content=b"x"),), "web")
    assert changed.initrd and changed.initrd.path != files.initrd.path
    assert [file.path for file in files.made] == [files.kernel.path, files.original.path, files.initrd.path]
    assert [file.is_private for file in files.made] == [False, False, True]
    assert obtain(files, QUIET) == tuple(file.path for file in files.made)
    data = Path(files.initrd.path).read_bytes()
    assert unpack(data) == {"init": (0o100644, b"sh"), "preseed.cfg": (0o100644, PRESEED[0].content)}
    assert Path(files.original.path).read_bytes() == initrd
    assert set(everything(cache).values()) == {0o600}
    assert obtain(files, QUIET) == (files.initrd.path,)


def test_files_are_injected_into_a_copy_of_a_local_initrd(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "k").write_bytes(KERNEL)
    (tmp_path / "i").write_bytes(build_archive((InjectedFile("init", b"sh"),)))
    before = (tmp_path / "i").read_bytes()
    boot = source(RemoteFile(str(tmp_path / "k")), RemoteFile(str(tmp_path / "i")))
    files = plan_files(boot, PRESEED)
    assert files.initrd and [file.path for file in files.made] == [files.initrd.path]
    obtain(files, QUIET)
    assert (tmp_path / "i").read_bytes() == before
    assert set(unpack(Path(files.initrd.path).read_bytes())) == {"init", "preseed.cfg"}
    os.unlink(tmp_path / "i")
    with pytest.raises(ProvError, match="the initrd '.*/i' does not exist"):
        obtain(files, QUIET)


def test_nothing_to_inject_into() -> None:
    with pytest.raises(UsageError, match="files can only be injected into an initrd"):
        plan_files(source(RemoteFile("/k")), PRESEED)


def test_an_interrupted_injection_leaves_nothing(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "i").write_bytes(INITRD)

    def press(*words: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("virtprov.places.inject.append_files", press)
    files = plan_files(source(RemoteFile("/k"), RemoteFile(str(tmp_path / "i"))), PRESEED)
    with pytest.raises(KeyboardInterrupt):
        obtain(files, QUIET)
    assert everything(cache) == {}


# -- the cache -------------------------------------------------------------------------------------


def fetched(site: Site, path: str = "/vmlinuz") -> tuple[str, int]:
    """Obtain a kernel; return its path, and how many times its contents were sent."""
    site.seen.clear()
    files = plan_files(source(RemoteFile(url=site.url + path)))
    obtain(files, QUIET)
    return files.kernel.path, len([1 for command, asked, _ in site.seen if command == "GET" and asked == path])


def test_a_file_is_downloaded_again_only_if_it_changed(site: Site) -> None:
    site.files["/vmlinuz"] = KERNEL
    assert fetched(site)[1] == 1
    assert fetched(site)[1] == 0
    site.rules["/vmlinuz"] = lambda handler: handler.ranged(b"newer", '"v2"')
    path, count = fetched(site)
    assert count == 1 and Path(path).read_bytes() == b"newer"


def test_a_date_tells_a_version_as_well(site: Site) -> None:
    date = {"Last-Modified": "Sun, 29 Nov 2026 20:00:00 GMT"}
    site.rules["/vmlinuz"] = lambda handler: handler.reply(200, KERNEL, **date)
    assert [fetched(site)[1] for _ in range(2)] == [1, 0]
    date["Last-Modified"] = "Sun, 29 Nov 2026 21:00:00 GMT"
    assert fetched(site)[1] == 1


def test_without_a_version_nothing_is_believed(site: Site) -> None:
    site.rules["/vmlinuz"] = lambda handler: handler.reply(200, KERNEL)
    assert [fetched(site)[1] for _ in range(2)] == [1, 1]


@pytest.mark.parametrize("damage", [b"", KERNEL[:-1], KERNEL + b"x"])
def test_a_damaged_file_is_not_believed(site: Site, damage: bytes) -> None:
    site.files["/vmlinuz"] = KERNEL
    path, _ = fetched(site)
    Path(path).write_bytes(damage)
    assert fetched(site)[1] == 1 and Path(path).read_bytes() == KERNEL


def test_a_checksum_is_checked_each_time(site: Site) -> None:
    site.files["/vmlinuz"] = KERNEL
    good = f"sha256:{hashlib.sha256(KERNEL).hexdigest()}"
    files = plan_files(source(RemoteFile(url=f"{site.url}/vmlinuz", checksum=good)))
    obtain(files, QUIET)
    site.seen.clear()
    assert obtain(files, QUIET) == () and site.seen == []  # its server is not even asked
    Path(files.kernel.path).write_bytes(bytes(len(KERNEL)))
    assert obtain(files, QUIET) == (files.kernel.path,)
    bad = plan_files(source(RemoteFile(url=f"{site.url}/vmlinuz", checksum="sha256:" + "0" * 64)))
    with pytest.raises(FetchError, match="has the sha256 checksum"):
        obtain(bad, QUIET)


def test_ftp(ftp_site: FtpSite) -> None:
    ftp_site.files["/vmlinuz"] = KERNEL
    files = plan_files(source(RemoteFile(url=f"{ftp_site.url}/vmlinuz")))
    assert obtain(files, QUIET) == (files.kernel.path,) and Path(files.kernel.path).read_bytes() == KERNEL
    assert obtain(files, QUIET) == ()


def test_old_files_are_deleted(site: Site, cache: Path) -> None:
    site.files.update({"/old": KERNEL, "/vmlinuz": KERNEL})
    old, _ = fetched(site, "/old")
    month = time.time() - 31 * 24 * 3600
    for file in Path(old).parent.iterdir():
        os.utime(file, (month, month))
    path, _ = fetched(site)
    assert not Path(old).parent.exists() and Path(path).exists()


def test_a_cache_that_others_can_read_is_closed(site: Site, cache: Path) -> None:
    cache.mkdir(mode=0o755)
    site.files["/vmlinuz"] = KERNEL
    fetched(site)
    assert cache.stat().st_mode & 0o777 == 0o700


def test_a_cache_that_cannot_be_made(site: Site, cache: Path) -> None:
    cache.write_text("in the way")
    with pytest.raises(ProvError, match="cannot create the cache") as caught:
        fetched(site)
    assert "XDG_CACHE_HOME" in caught.value.hint


# -- ISOs ------------------------------------------------------------------------------------------


def test_files_out_of_an_iso(tmp_path: Path) -> None:
    path = tmp_path / "a.iso"
    path.write_bytes(build_iso(trees.DEBIAN_CD, "X"))
    files = plan_files(resolve(PlaceRequest(str(path)), arch="x86_64"))
    assert files.initrd is not None
    assert obtain(files, QUIET) == (files.kernel.path, files.initrd.path)
    assert Path(files.kernel.path).read_bytes() == KERNEL and Path(files.initrd.path).read_bytes() == INITRD
    assert obtain(files, QUIET) == ()
    os.utime(path, (1, 1))  # another ISO with the same name
    assert obtain(files, QUIET) == (files.kernel.path, files.initrd.path)
    os.truncate(path, files.kernel.source.offset + 100)
    with pytest.raises(MediaError, match="the ISO '.*' is incomplete: it ends in the middle of its file"):
        obtain(files, QUIET)


def test_files_out_of_an_iso_on_a_server(site: Site) -> None:
    site.files["/a.iso"] = build_iso({**trees.DEBIAN_CD, "pool/big": b"x" * 5_000_000}, "X")
    files = plan_files(resolve(PlaceRequest(f"{site.url}/a.iso"), arch="x86_64"))
    assert files.initrd is not None
    obtain(files, QUIET)
    assert Path(files.kernel.path).read_bytes() == KERNEL and Path(files.initrd.path).read_bytes() == INITRD
    spans = [tuple(map(int, headers["Range"][6:].split("-"))) for word, _, headers in site.seen if word == "GET"]
    assert sum(end - start + 1 for start, end in spans) < 500_000
    site.seen.clear()
    assert obtain(files, QUIET) == () and {word for word, _, _ in site.seen} == {"HEAD"}


def test_a_medium_is_downloaded_as_a_whole(site: Site) -> None:
    site.files["/a.iso"] = trees.KERNEL
    medium = Medium(f"{site.url}/a.iso")
    assert obtain_medium(medium, QUIET) == medium_path(medium)
    assert Path(medium_path(medium)).read_bytes() == trees.KERNEL


# -- what goes wrong -------------------------------------------------------------------------------


def test_a_web_page_is_no_kernel(site: Site, cache: Path) -> None:
    site.files["/vmlinuz"] = b"\n<!DOCTYPE html><p>Please log in"
    with pytest.raises(FetchError, match="is a web page instead of vmlinuz"):
        fetched(site)
    assert everything(cache) == {}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda handler: handler.reply(404, b""), "not found"),
        (lambda handler: handler.reply(500, b""), "the server reports 500"),
        (lambda handler: handler.cut(200, b"short", 5000), "was lost"),
    ],
)
def test_servers_in_trouble_leave_nothing(site: Site, cache: Path, answer: Any, message: str) -> None:
    site.files["/vmlinuz"] = KERNEL
    site.rules["/initrd.gz"] = answer
    boot = source(RemoteFile(url=f"{site.url}/vmlinuz"), RemoteFile(url=f"{site.url}/initrd.gz"))
    files = plan_files(boot, PRESEED)
    with pytest.raises(FetchError, match=message):
        obtain(files, QUIET)
    assert list(everything(cache)) == [os.path.relpath(files.kernel.path, cache)]  # it is complete, and kept


@pytest.mark.usefixtures("impatient")
def test_a_server_that_drips_is_given_up(site: Site, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http.Web, "__init__", slow_web)

    def drip(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(KERNEL)))
        handler.end_headers()
        for byte in KERNEL[:100]:
            handler.wfile.write(bytes((byte,)))
            handler.wfile.flush()
            time.sleep(0.02)

    site.rules["/vmlinuz"] = drip
    with pytest.raises(FetchError, match="did not send all of"):
        fetched(site)
    assert everything(cache) == {}


def slow_web(self: http.Web, *, timeout: float = 5, whole: float = 0.3) -> None:
    self.timeout, self.whole, self._session = timeout, whole, None


def test_ctrl_c_while_downloading(site: Site, cache: Path) -> None:
    class Pressing(Progress):
        def task(self, label: str) -> Task:
            return Pressed()

    class Pressed(Task):
        def update(self, done: int, total: int = 0) -> None:
            raise KeyboardInterrupt

    site.files["/vmlinuz"] = KERNEL
    files = plan_files(source(RemoteFile(url=f"{site.url}/vmlinuz")))
    with pytest.raises(KeyboardInterrupt):
        obtain(files, Pressing())
    assert not os.path.exists(files.kernel.path)
    site.rules["/vmlinuz"] = lambda handler: handler.ranged(b"newer" * 1000, '"v2"')
    obtain(files, QUIET)
    assert Path(files.kernel.path).read_bytes() == b"newer" * 1000
    assert list(everything(cache)) == [os.path.relpath(files.kernel.path, cache)]


def test_ctrl_c_while_a_file_is_copied_out_of_an_iso(tmp_path: Path, cache: Path) -> None:
    class Pressing(Progress):
        def task(self, label: str) -> Task:
            return Pressed()

    class Pressed(Task):
        def update(self, done: int, total: int = 0) -> None:
            raise KeyboardInterrupt

    path = tmp_path / "a.iso"
    path.write_bytes(build_iso(trees.DEBIAN_CD, "X"))
    files = plan_files(resolve(PlaceRequest(str(path)), arch="x86_64"))
    with pytest.raises(KeyboardInterrupt):
        obtain(files, Pressing())
    assert everything(cache) == {}


def test_a_full_disk_while_files_are_made(tmp_path: Path, cache: Path) -> None:
    """A limit for files stands in for a full disk."""
    path = tmp_path / "a.iso"
    path.write_bytes(build_iso({**trees.DEBIAN_CD, "install.amd/initrd.gz": b"x" * 300_000}, "X"))
    files = plan_files(resolve(PlaceRequest(str(path)), arch="x86_64"), PRESEED)
    for most in (100_000, 300_000):  # while the initrd is copied, and while files are injected
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
        try:
            with pytest.raises(ProvError, match="cannot be written: file too large"):
                obtain(files, QUIET)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert files.initrd is not None and not os.path.exists(files.initrd.path)
        assert not any(name.startswith(".") for _, _, names in os.walk(cache) for name in names)


def test_progress_is_told(site: Site) -> None:
    labels: list[str] = []

    class Listening(Progress):
        def task(self, label: str) -> Task:
            labels.append(label)
            return Task()

    site.files.update({"/vmlinuz": KERNEL, "/a.iso": build_iso(trees.DEBIAN_CD, "X")})
    obtain(plan_files(source(RemoteFile(url=f"{site.url}/vmlinuz"))), Listening())
    assert labels == ["Downloading vmlinuz"]
    assert boot_files.medium_path(Medium("http://h/x.iso")).endswith("/x.iso")
