"""What the first boot of a guest needs on its host, and how it gets there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.sites import Site
from tests.standin import StandIn
from tests.unit.places import trees
from virtprov.actions.install.os_source import first_boot, scratch
from virtprov.actions.install.os_source.first_boot import Drive, Files
from virtprov.actions.install.os_source.which_system import find_system
from virtprov.actions.request import InstallRequest
from virtprov.guest.boot import CDROM, KERNEL, PXE, Method
from virtprov.guest.disks.spec import DiskSpec
from virtprov.guest.document import Guest
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.host.connection import Host
from virtprov.osinfo.find_profile import find, generic
from virtprov.osinfo.os_request import OsinfoRequest
from virtprov.places import cache
from virtprov.places.place import ISO, TREE, InjectedFile, Medium, PlaceRequest
from virtprov.support.errors import FetchError, HostError

QEMU = "<domain type='kvm'><name>web</name><os><type arch='x86_64'>hvm</type></os><devices>{}</devices></domain>"
BOOT = scratch.BOOT
KVM = f"recorded://{Path(__file__).resolve().parents[4] / 'data' / 'hosts' / 'kvm'}"


class Real(StandIn):
    """A host that is what its attributes say, with the pools of a recorded one."""

    is_recorded = False
    is_session = False
    is_remote = False
    driver = "qemu"

    def __init__(self, host: Host, **facts: bool) -> None:
        self.real = host
        for name, value in facts.items():
            setattr(self, name, value)


@pytest.fixture
def host(recorded: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that returns a host of some kind; files of this machine are seen unless they are `hidden`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def make(*, hidden: bool = False, **facts: bool) -> Any:
        monkeypatch.setattr(scratch, "barriers_to", lambda host, paths: ["barrier"] if hidden else [])
        return Real(recorded, **facts)

    return make


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return trees.write(tmp_path / "tree", trees.FEDORA)


def plan_tree(tree: Path, host: Any, inject: tuple[InjectedFile, ...] = ()) -> tuple[Method, Files]:
    """Plan an installation from a folder."""
    place = PlaceRequest(str(tree), extra_args=("console=ttyS0",))
    request = InstallRequest(method=Method(KERNEL, place=place, inject=inject), osinfo=OsinfoRequest(detect=True))
    return first_boot.plan_kernel(request, find_system(request, host, []), host, "web")


def labels(files: Files) -> list[str]:
    return [step.label for step in files.steps]


# -- kernels -------------------------------------------------------------------------------------


@pytest.mark.parametrize("facts", [{"is_recorded": True}, {"is_session": True}, {}])
def test_files_that_the_host_sees_are_used_as_they_are(facts: dict[str, bool], tree: Path, host: Any) -> None:
    method, files = plan_tree(tree, host(**facts))
    assert method.kernel == f"{tree}/images/pxeboot/vmlinuz"
    assert method.initrd == f"{tree}/images/pxeboot/initrd.img"
    assert method.args == "console=ttyS0"
    assert files == Files()


@pytest.mark.parametrize("facts", [{"is_remote": True}, {"hidden": True}])
def test_files_that_the_host_does_not_see_are_sent_and_removed(facts: dict[str, bool], tree: Path, host: Any) -> None:
    method, files = plan_tree(tree, host(**facts))
    assert (method.kernel, method.initrd) == (f"{BOOT}/web-vmlinuz", f"{BOOT}/web-initrd.img")
    assert labels(files) == [
        f"Uploading vmlinuz to {BOOT}/web-vmlinuz",
        f"Uploading initrd.img to {BOOT}/web-initrd.img",
    ]
    assert files.until_started == files.made == (method.kernel, method.initrd)


def test_an_initrd_with_injected_files_is_made_and_removed(tree: Path, host: Any, tmp_path: Path) -> None:
    method, files = plan_tree(tree, host(), (InjectedFile("ks.cfg", b"text"),))
    assert method.kernel == f"{tree}/images/pxeboot/vmlinuz"
    assert method.initrd.startswith(f"{tmp_path}/cache/")
    assert labels(files) == ["Fetching initrd.img"]
    assert files.until_started == (method.initrd,)
    other = plan_tree(tree, host(), (InjectedFile("ks.cfg", b"another text"),))[0]
    assert other.initrd != method.initrd


def test_a_kernel_that_only_the_other_host_has_is_left_to_it(host: Any) -> None:
    place = PlaceRequest(kernel="/boot/no-such-kernel", initrd="/boot/initrd", extra_args=("a", "b"))
    request = InstallRequest(method=Method(KERNEL, place=place), osinfo=OsinfoRequest(detect=True))
    far = host(is_remote=True)
    method, files = first_boot.plan_kernel(request, find_system(request, far, []), far, "web")
    assert (method.kernel, method.initrd, method.args) == ("/boot/no-such-kernel", "/boot/initrd", "a b")
    assert files == Files()


# -- where files go ------------------------------------------------------------------------------


def test_names_that_are_taken_are_not_used(host: Any) -> None:
    taken = frozenset({f"{BOOT}/web-initrd"})
    assert scratch.choose_place(host(is_remote=True), "web", "initrd", taken).path == f"{BOOT}/web-1-initrd"


class Session(Real):
    """A session of another machine; `pool` is its default pool."""

    is_remote = is_session = True
    pool: Any = None

    def storage_pool(self, name: str) -> Any:
        return self.pool


def test_a_session_elsewhere_gets_files_in_its_default_pool(recorded: Host) -> None:
    far: Any = Session(recorded)
    far.pool = recorded.storage.pool("images")
    found = scratch.choose_place(far, "web", "linux")
    assert (found.pool, found.path) == ("images", f"{far.pool.path}/web-linux")


def test_a_session_elsewhere_without_a_pool_is_refused(recorded: Host) -> None:
    far: Any = Session(recorded)
    with pytest.raises(HostError, match="no active storage pool 'default'") as caught:
        scratch.choose_place(far, "web", "linux")
    assert "pool-define-as default" in caught.value.hint


# -- media ---------------------------------------------------------------------------------------


def plan_medium(
    medium: Medium, host: Any, *, keep: bool = False, ask: bool = False, emulator: str = ""
) -> tuple[Drive, list[str]]:
    inside = f"<emulator>{emulator}</emulator>" if emulator else ""
    setting = RuleContext(Guest.parse(QEMU.format(inside)), host, generic())
    drive = first_boot.plan_medium(medium, setting, host, keep=keep, ask=ask)
    return drive, setting.notes


def qemu(folder: Path, *, reads: bool) -> str:
    """Write a program that answers as QEMU does, with or without its driver for URLs."""
    path = folder / "qemu"
    said = "curl driver does not support writes" if reads else "Unknown driver 'https'"
    path.write_text(f'#!/bin/sh\necho "qemu: {said}" >&2\nexit 1\n')
    path.chmod(0o755)
    return str(path)


URL = Medium("https://example.org/pool/cd.iso")


def test_qemu_reads_a_url_itself_where_it_can(host: Any, tmp_path: Path) -> None:
    drive, notes = plan_medium(URL, host(), emulator=qemu(tmp_path, reads=True))
    assert drive == Drive(DiskSpec(path=URL.path), stays=False)
    assert notes == []
    assert plan_medium(URL, host(is_recorded=True))[0].spec == DiskSpec(path=URL.path)


@pytest.mark.parametrize(("ranges", "downloads"), [(True, False), (False, True)])
def test_a_server_that_only_sends_whole_files(
    ranges: bool, downloads: bool, site: Site, host: Any, tmp_path: Path
) -> None:
    site.files["/cd.iso"] = b"iso" * 1000
    if not ranges:
        site.rules["/cd.iso"] = lambda handler: handler.reply(200, site.files["/cd.iso"])
    drive, notes = plan_medium(Medium(f"{site.url}/cd.iso"), host(), ask=True, emulator=qemu(tmp_path, reads=True))
    assert bool(drive.path) is downloads
    note = "cd.iso is downloaded first, because its server does not support partial downloads, which QEMU requires"
    assert notes == [note] * downloads


def test_a_file_that_its_server_does_not_have_is_told_before_anything_is_made(
    site: Site, host: Any, tmp_path: Path
) -> None:
    with pytest.raises(FetchError, match="cd.iso"):
        plan_medium(Medium(f"{site.url}/cd.iso"), host(), ask=True, emulator=qemu(tmp_path, reads=True))


@pytest.mark.parametrize("hidden", [False, True])
def test_a_url_that_qemu_cannot_read_is_downloaded_first(hidden: bool, host: Any, tmp_path: Path) -> None:
    drive, notes = plan_medium(URL, host(hidden=hidden), emulator=qemu(tmp_path, reads=False))
    assert notes[0] == "cd.iso is downloaded first, because the host's QEMU cannot read it from its URL"
    if hidden:
        assert drive.path == f"{BOOT}/web-cd.iso"
        assert labels(drive.files) == ["Fetching cd.iso", f"Uploading cd.iso to {BOOT}/web-cd.iso"]
        assert drive.files.until_off == (drive.path,)
        assert len(drive.files.until_started) == 1, "there is no use for the copy in the cache"
        assert notes[1].endswith("it is removed after the installation")
    else:
        assert drive.path.startswith(f"{tmp_path}/cache/") and drive.path.endswith("/cd.iso")
        assert labels(drive.files) == ["Fetching cd.iso"]
        assert drive.files.until_off == drive.files.until_started == ()


def test_a_medium_that_the_finished_guest_needs_is_kept(host: Any, tmp_path: Path) -> None:
    drive, notes = plan_medium(URL, host(hidden=True), keep=True, emulator=qemu(tmp_path, reads=False))
    assert drive.stays and drive.files.until_off == ()
    assert notes[1].endswith("it is kept, because the finished guest has it in its drive")


def test_an_iso_of_this_machine_is_sent_to_a_host_without_it(host: Any, tmp_path: Path) -> None:
    (tmp_path / "cd.iso").write_bytes(b"x")
    medium = Medium(f"{tmp_path}/cd.iso")
    drive, notes = plan_medium(medium, host(is_remote=True))
    assert drive.path == f"{BOOT}/web-cd.iso" and not drive.stays
    assert notes == [f"cd.iso is uploaded to {drive.path} on the host; it is removed after the installation"]
    assert plan_medium(medium, host()) == (Drive(DiskSpec(path=medium.path)), [])


@pytest.mark.parametrize("hidden", [False, True])
def test_an_iso_that_was_downloaded_whole_is_sent_where_qemu_cannot_open_it(
    hidden: bool, host: Any, tmp_path: Path
) -> None:
    iso = Path(cache.folder(), "cd.iso")
    iso.parent.mkdir(parents=True)
    iso.write_bytes(b"x")
    drive, _ = plan_medium(Medium(str(iso)), host(hidden=hidden))
    assert drive.path == (f"{BOOT}/web-cd.iso" if hidden else "")


@pytest.mark.parametrize(
    ("medium", "spec"),
    [
        (Medium("/srv/only/there.iso"), DiskSpec(path="/srv/only/there.iso")),
        (Medium(vol="images/cd.iso"), DiskSpec(vol="images/cd.iso")),
    ],
)
def test_media_of_the_host_are_left_to_it(medium: Medium, spec: DiskSpec, host: Any) -> None:
    assert plan_medium(medium, host(is_remote=True)) == (Drive(spec), [])


# -- the finished guest --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "drive", "profile", "keeps"),
    [
        (Method(CDROM, Medium("/cd.iso")), Drive(), "debian12", False),
        (Method(CDROM, Medium("/cd.iso"), live=True), Drive(), "debian12", True),
        (Method(CDROM, Medium("/cd.iso")), Drive(), "win10", True),
        (Method(KERNEL, Medium("/cd.iso")), Drive(), "debian12", True),
        (Method(KERNEL, Medium("/cd.iso")), Drive(stays=False), "debian12", False),
    ],
)
def test_who_keeps_the_medium(method: Method, drive: Drive, profile: str, keeps: bool) -> None:
    assert first_boot.is_medium_kept(method, drive, find(profile)) is keeps


def test_who_needs_the_memory_of_an_installer_from_the_network(tree: Path, host: Any) -> None:
    request = InstallRequest(method=Method(KERNEL, place=PlaceRequest(str(tree))), osinfo=OsinfoRequest(detect=True))
    system = find_system(request, host(), [])
    assert system.source is not None
    assert not first_boot.is_from_network(request.method, system)
    assert first_boot.is_from_network(Method(PXE), system)
    assert first_boot.is_from_network(request.method, system._replace(source=system.source._replace(kind=TREE)))
    assert not first_boot.is_from_network(request.method, system._replace(source=system.source._replace(kind=ISO)))
