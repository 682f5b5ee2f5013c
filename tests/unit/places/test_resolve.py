"""From places to kernels, initrds, arguments and media: each distribution, each kind of place, and what goes wrong."""

from __future__ import annotations

import hashlib
import os
import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.sites import FtpSite, Site
from tests.unit.places import trees
from tests.unit.places.trees import INITRD, KERNEL, write
from virtprov.osinfo.find_profile import find
from virtprov.osinfo.identify import identify
from virtprov.places.place import DIRECTORY, FILES, ISO, TREE, BootSource, Medium, PlaceRequest
from virtprov.places.resolve import resolve
from virtprov.support.errors import FetchError, InputError, MediaError, ProvError, UsageError
from virtprov.support.file_access.iso import build_iso
from virtprov.support.web.http import NoPieces

SUMS = KERNEL_SUM, INITRD_SUM = tuple(f"sha256:{hashlib.sha256(data).hexdigest()}" for data in (KERNEL, INITRD))


def place(location: object, arch: str = "x86_64", **more: Any) -> BootSource:
    names = PlaceRequest._fields  # type: ignore[attr-defined]
    request = PlaceRequest(str(location), **{name: more.pop(name) for name in list(more) if name in names})
    return resolve(request, arch=arch, **more)


def serve(site: Site | FtpSite, files: dict[str, bytes], folder: str = "/tree") -> str:
    site.files.update({f"{folder}/{name}": data for name, data in files.items()})
    return f"{site.url}{folder}"


# -- layouts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "folder", "arch", "kernel", "system", "args", "sums"),
    [
        (trees.FEDORA, "/f", "x86_64", "images/pxeboot/vmlinuz", "fedora40", "inst.repo={}", SUMS),
        (trees.RHEL6, "/r", "x86_64", "images/pxeboot/vmlinuz", "rhel6.5", "method={}", SUMS),
        (trees.SUSE, "/s", "x86_64", "boot/x86_64/loader/linux", "opensuse15.5", "install={}", SUMS),
        (trees.OLD_SUSE, "/o", "x86_64", "boot/x86_64/loader/linux", "opensuse42.3", "install={}", (KERNEL_SUM, "")),
        (trees.S390_SUSE, "/z", "s390x", "boot/s390x/linux", "sles12sp3", "install={}", ("", "")),
        (
            trees.DEBIAN, "/debian/dists/bookworm/main/installer-amd64", "x86_64",
            "current/images/netboot/debian-installer/amd64/linux", "debian12", "", SUMS,
        ),
        (
            trees.UBUNTU, "/ubuntu/dists/focal/main/installer-amd64", "x86_64",
            "current/legacy-images/netboot/ubuntu-installer/amd64/linux", "ubuntu20.04", "", ("", ""),
        ),
        (trees.DEBIAN_ARM, "/debian/dists/bookworm/main/installer-armhf/current/images", "armv7l", "netboot/vmlinuz",
         "debian12", "", ("", "")),
        (trees.MAGEIA, "/m", "x86_64", "isolinux/x86_64/vmlinuz", "mageia8", "", ("", "")),
    ],
)  # fmt: skip
def test_trees(
    site: Site,
    files: dict[str, bytes],
    folder: str,
    arch: str,
    kernel: str,
    system: str,
    args: str,
    sums: tuple[str, str],
) -> None:
    url = serve(site, files, folder)
    found = place(url, arch)
    assert (found.kind, found.kernel.url, found.detected.os) == (TREE, f"{url}/{kernel}", system)
    assert found.initrd is not None and found.initrd.url.rpartition("/")[0] == found.kernel.url.rpartition("/")[0]
    assert (found.kernel.checksum, found.initrd.checksum) == sums
    assert (found.kernel.size, found.initrd.size) == (len(KERNEL), len(INITRD))
    assert found.command_line == args.format(url)
    assert found.medium is None and found.notes == () and found.warnings == ()


@pytest.mark.parametrize(
    ("files", "arch", "kernel", "initrd", "system", "args"),
    [
        (trees.FEDORA, "x86_64", "images/pxeboot/vmlinuz", "images/pxeboot/initrd.img", "fedora40", ()),
        (trees.SUSE, "x86_64", "boot/x86_64/loader/linux", "boot/x86_64/loader/initrd", "opensuse15.5", ()),
        (trees.DEBIAN_CD, "x86_64", "install.amd/vmlinuz", "install.amd/initrd.gz", "debian12", ()),
        (trees.DEBIAN_S390_CD, "s390x", "boot/linux_vm", "boot/root.bin", "debian12", ()),
        (trees.UBUNTU_CD, "x86_64", "casper/vmlinuz", "casper/initrd", "ubuntu22.04", ("layerfs-path=x.squashfs",)),
        (trees.MAGEIA, "x86_64", "isolinux/x86_64/vmlinuz", "isolinux/x86_64/all.rdz", "mageia8", ()),
        (
            trees.ALPINE, "x86_64", "boot/vmlinuz-lts", "boot/initramfs-lts", "",
            ("modules=loop,squashfs,sd-mod,usb-storage",),
        ),
        (trees.UNKNOWN, "x86_64", "odd/bzImage-5", "odd/root.gz", "", ("rootwait",)),
    ],
)  # fmt: skip
def test_isos(
    tmp_path: Path, files: dict[str, bytes], arch: str, kernel: str, initrd: str, system: str, args: tuple[str, ...]
) -> None:
    path = tmp_path / "a.iso"
    path.write_bytes(build_iso(files, "X"))
    found = place(path, arch)
    assert (found.kind, found.kernel.member, found.detected.os) == (ISO, kernel, system)
    assert found.initrd is not None and found.initrd.member == initrd
    assert path.read_bytes()[found.kernel.offset : found.kernel.offset + found.kernel.size] == KERNEL
    assert path.read_bytes()[found.initrd.offset : found.initrd.offset + found.initrd.size] == INITRD
    assert found.kernel_args == args and found.medium == Medium(str(path))


def test_a_directory(tmp_path: Path) -> None:
    write(tmp_path, trees.FEDORA)
    found = place(tmp_path)
    assert (found.kind, found.kernel.path) == (DIRECTORY, str(tmp_path / "images/pxeboot/vmlinuz"))
    assert found.medium is None and found.kernel_args == ()
    assert found.warnings == (
        f"the guest cannot read the directory '{tmp_path}', so its installer may not find its source; name one with "
        "--extra-args inst.repo=URL",
    )
    assert place(tmp_path, extra_args=("ks=x", "inst.repo=http://a")).warnings == ()


def test_a_directory_of_debian_finds_its_mirror_by_itself(tmp_path: Path) -> None:
    assert place(write(tmp_path, trees.DEBIAN)).warnings == ()


def test_the_kernel_of_a_medium_that_nobody_knows_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.iso"
    path.write_bytes(build_iso(trees.UNKNOWN, "X"))
    (note,) = place(path).notes
    assert f"--location {path},kernel=odd/bzImage-5,initrd=odd/root.gz" in note


def test_ftp(ftp_site: FtpSite) -> None:
    url = serve(ftp_site, trees.FEDORA)
    found = place(url)
    assert (found.kernel.url, found.command_line) == (f"{url}/images/pxeboot/vmlinuz", f"inst.repo={url}")


def test_media_on_an_ftp_server_are_identified(ftp_site: FtpSite) -> None:
    url = serve(ftp_site, trees.FEDORA)
    ftp_site.files["/a.iso"] = build_iso(trees.DEBIAN_CD, "X")
    found = identify([url, f"{ftp_site.url}/a.iso", f"{ftp_site.url}/none.iso"])
    assert [one.found.os for one in found] == ["fedora40", "debian12", ""]
    assert "not found on the FTP server" in found[2].error


def test_a_proxy_is_asked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", site.url)
    monkeypatch.setenv("no_proxy", "")
    tree = "http://tree.invalid/fedora"
    site.files.update({f"{tree}/{name}": data for name, data in trees.FEDORA.items()})
    assert place(tree).kernel.url == f"{tree}/images/pxeboot/vmlinuz"
    assert {path.startswith("http://tree.invalid/") for _, path, _ in site.seen} == {True}


def test_a_kernel_for_xen(tmp_path: Path) -> None:
    text = trees.FEDORA[".treeinfo"] + b"[images-xen]\nkernel = images/xen/vmlinuz\ninitrd = images/xen/initrd.img\n"
    files = trees.pair("images/xen/vmlinuz", "images/xen/initrd.img")
    write(tmp_path, {**trees.FEDORA, **files, ".treeinfo": text})
    assert place(tmp_path, os_type="xen").kernel.path.endswith("images/xen/vmlinuz")
    assert place(tmp_path).kernel.path.endswith("images/pxeboot/vmlinuz")


# -- arguments -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({}, "inst.repo={url}"),
        ({"extra_args": ("a", "b c")}, "a b c inst.repo={url}"),
        ({"extra_args": ("a inst.repo=http://mine b",)}, "a inst.repo=http://mine b"),
        ({"extra_args": ("console=ttyS0",), "overwrites_args": True}, "console=ttyS0"),
        ({"kernel": "images/pxeboot/vmlinuz", "initrd": "/images/pxeboot/initrd.img"}, "inst.repo={url}"),
    ],
)
def test_arguments(site: Site, more: dict[str, Any], line: str) -> None:
    url = serve(site, trees.FEDORA)
    assert place(url, **more).command_line == line.format(url=url)


def test_the_tree_knows_better_than_the_user_which_argument_it_takes(site: Site) -> None:
    url = serve(site, trees.RHEL6)
    assert place(url, profile=find("fedora40", [])).command_line == f"method={url}"


# -- an ISO on a server ----------------------------------------------------------------------------


def test_an_iso_on_a_server_is_read_in_pieces(site: Site) -> None:
    filler = {"pool/big.deb": b"x" * 3_000_000}
    site.files["/a.iso"] = build_iso({**trees.DEBIAN_CD, **filler}, "X")
    found = place(f"{site.url}/a.iso")
    assert (found.kind, found.kernel.member, found.detected.os) == (ISO, "install.amd/vmlinuz", "debian12")
    assert found.medium == Medium(f"{site.url}/a.iso") and found.kernel_args == ()
    asked = [headers["Range"] for command, _, headers in site.seen if command == "GET"]
    spans = [tuple(map(int, text.removeprefix("bytes=").split("-"))) for text in asked]
    assert sum(end - start + 1 for start, end in spans) < 400_000 and len(spans) < 12


def test_an_iso_whose_address_does_not_look_like_one(site: Site) -> None:
    site.files["/download?id=3"] = build_iso(trees.DEBIAN_CD, "X")
    assert place(f"{site.url}/download?id=3").detected.os == "debian12"


def test_an_iso_on_an_ftp_server(ftp_site: FtpSite) -> None:
    ftp_site.files["/a.iso"] = build_iso(trees.DEBIAN_CD, "X")
    assert place(f"{ftp_site.url}/a.iso").kernel.url == f"{ftp_site.url}/a.iso"


def test_a_server_without_ranges(site: Site, tmp_path: Path) -> None:
    data = build_iso(trees.DEBIAN_CD, "X")
    site.rules["/a.iso"] = lambda handler: handler.reply(200, data)
    with pytest.raises(NoPieces, match="does not support partial downloads"):
        place(f"{site.url}/a.iso")

    def fetch_whole(url: str) -> str:
        (tmp_path / "whole.iso").write_bytes(data)
        return str(tmp_path / "whole.iso")

    found = place(f"{site.url}/a.iso", fetch_whole=fetch_whole)
    assert found.kernel.path == str(tmp_path / "whole.iso") and found.medium == Medium(str(tmp_path / "whole.iso"))


# -- --install -------------------------------------------------------------------------------------


def test_the_tree_of_a_profile(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from virtprov.osinfo.profile import Profile
    from virtprov.osinfo.profile_tables import Tree

    url = serve(site, trees.FEDORA)
    tree = Tree("x86_64", url, (), "", "", "", True, "Fedora", "", "40", "x86_64")
    monkeypatch.setattr(Profile, "install_tree", lambda self, arch, script="": tree if arch == "x86_64" else None)
    found = resolve(PlaceRequest(os="fedora40"), arch="x86_64")
    assert found.kernel.url == f"{url}/images/pxeboot/vmlinuz"
    assert found.command_line == f"inst.repo={url}" and found.notes == (f"Using --location {url}",)


@pytest.mark.parametrize(
    ("name", "arch", "message"),
    [
        ("fedora26", "i686", "has no address of an installation tree for i686"),
        ("win10", "x86_64", "has no address of an installation tree"),
        ("debian1x", "x86_64", "unknown OS profile 'debian1x'"),
    ],
)
def test_profiles_without_a_tree(name: str, arch: str, message: str) -> None:
    with pytest.raises(ProvError, match=message):
        resolve(PlaceRequest(os=name), arch=arch)


# -- files by themselves ---------------------------------------------------------------------------


def test_a_kernel_and_an_initrd(tmp_path: Path) -> None:
    found = resolve(PlaceRequest(kernel="/k", initrd="https://host/i", extra_args=("a",)))
    assert found.kind == FILES and found.kernel.path == "/k" and found.initrd and found.initrd.url == "https://host/i"
    assert found.kernel_args == ("a",) and found.medium is None


@pytest.mark.parametrize("kind", ["directory", "iso", "tree"])
def test_files_that_the_user_names(tmp_path: Path, site: Site, kind: str) -> None:
    files = trees.pair("odd/kernel", "odd/root")
    where: object = write(tmp_path / "d", files)
    if kind == "iso":
        where = tmp_path / "a.iso"
        (tmp_path / "a.iso").write_bytes(build_iso(files, "X"))
    if kind == "tree":
        where = serve(site, files)
    found = place(where, kernel="odd/kernel", initrd="/odd/root")
    assert found.layout == "" and found.kernel.name == "kernel" and found.initrd and found.initrd.name == "root"
    assert found.kernel.size == len(KERNEL)
    assert place(where, kernel="odd/kernel").initrd is None
    with pytest.raises(UsageError, match="has no file 'odd/kernle'") as caught:
        place(where, kernel="odd/kernle", initrd="odd/root")
    assert ("kernel" in caught.value.hint) == (kind != "tree") or kind == "tree"


def test_a_kernel_that_is_no_file_is_called_so(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "kernel")
    with pytest.raises(UsageError, match="'kernel' in '.*' is not a regular file"):
        place(tmp_path, kernel="kernel")


# -- what goes wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "system"),
    [
        (("", "J_CENNA_X64FREV_EN-US_DV5", "MICROSOFT CORPORATION", "CDIMAGE 2.53 (01/01/2005 TM)"), "Windows"),
        (("FreeBSD", "13_0_RELEASE_AMD64_CD", "THE FREEBSD PROJECT.", ""), "FreeBSD"),
        (
            ("OpenBSD", "OpenBSD/amd64   7.4 Install CD", "The OpenBSD project", "OpenBSD 7.4 amd64 Install CD"),
            "OpenBSD",
        ),
        (("NetBSD", "NETBSD_93", "THE_NETBSD_PROJECT", ""), "NetBSD"),
    ],
)
def test_systems_without_a_kernel_to_boot(tmp_path: Path, ids: tuple[str, ...], system: str) -> None:
    path = tmp_path / "a.iso"
    data = bytearray(build_iso({"boot/vmlinuz": b"x", "boot/initrd": b"x"}, "X"))
    for text, start, width in zip(ids, (8, 40, 318, 574), (32, 32, 128, 128), strict=True):  # ECMA-119, 8.4
        data[16 * 2048 + start : 16 * 2048 + start + width] = text.encode().ljust(width)
    path.write_bytes(data)
    with pytest.raises(UsageError, match=f"is an installer of {system}, which has no Linux kernel") as caught:
        place(path)
    assert caught.value.hint == f"use --cdrom {path}"


def test_an_iso_without_a_kernel(tmp_path: Path) -> None:
    path = tmp_path / "a.iso"
    path.write_bytes(build_iso({"readme": b"x", "boot/vmlinuz-5": b"kernel alone"}, "X"))
    with pytest.raises(UsageError, match="no kernel and initrd found in the ISO") as caught:
        place(path)
    assert f"--cdrom {path}" in caught.value.hint and "kernel=PATH" in caught.value.hint


def test_a_truncated_iso(tmp_path: Path, site: Site) -> None:
    data = build_iso({**trees.DEBIAN_CD, "install.amd/initrd.gz": b"x" * 500_000}, "X")
    (tmp_path / "a.iso").write_bytes(data[:-300_000])
    site.files["/a.iso"] = data[:-300_000]
    for where in (tmp_path / "a.iso", f"{site.url}/a.iso"):
        with pytest.raises(MediaError, match="the ISO '.*' is incomplete"):
            place(where)
    for size in (17 * 2048, 40_000):
        (tmp_path / "b.iso").write_bytes(data[:size])
        with pytest.raises(MediaError, match="the ISO '.*b.iso' is incomplete: its last .* are missing") as caught:
            place(tmp_path / "b.iso")
        assert caught.value.hint == "download it again"


def test_an_iso_with_a_kernel_that_ends_too_early(tmp_path: Path) -> None:
    """Its kernel boots, but the installer does not find its files."""
    data = bytearray(build_iso(trees.DEBIAN_CD, "X"))
    sectors = len(data) // 2048
    for missing, warned in ((200, 1), (150, 0), (0, 0)):
        data[16 * 2048 + 80 : 16 * 2048 + 84] = (sectors + missing).to_bytes(4, "little")
        (tmp_path / "a.iso").write_bytes(data)
        found = place(tmp_path / "a.iso")
        assert [f"its last {400} KiB are missing" in sentence for sentence in found.warnings] == [True] * warned


def test_what_is_no_iso(tmp_path: Path, site: Site) -> None:
    (tmp_path / "a.iso").write_bytes(b"no iso" * 100_000)
    site.files["/a.iso"] = b"no iso" * 100_000
    for where in (tmp_path / "a.iso", f"{site.url}/a.iso"):
        with pytest.raises(MediaError, match="is not an ISO image"):
            place(where)
    with pytest.raises(InputError, match="'.*none.iso' does not exist"):
        place(tmp_path / "none.iso")


def test_a_place_without_a_tree(tmp_path: Path, site: Site) -> None:
    write(tmp_path, {"readme": b"x"})
    for where in (tmp_path, f"{site.url}/nothing/", f"{site.url}/nothing", "/"):
        with pytest.raises(UsageError, match="no installation tree found") as caught:
            place(where)
        assert "kernel=PATH,initrd=PATH" in caught.value.hint


RELEASE = b"Origin: Debian\nSuite: stable\nCodename: bookworm\nArchitectures: all amd64 arm64\n"


@pytest.mark.parametrize(
    ("folder", "arch", "rest"),
    [
        ("/debian/", "x86_64", "dists/bookworm/main/installer-amd64/"),
        ("/debian", "x86_64", "dists/bookworm/main/installer-amd64/"),
        ("/debian/dists/bookworm/", "x86_64", "main/installer-amd64/"),
        ("/debian/dists/bookworm/main", "x86_64", "installer-amd64/"),
        ("/debian/", "aarch64", ""),
        ("/debian/dists/", "x86_64", ""),
    ],
)
def test_the_address_of_a_mirror(site: Site, folder: str, arch: str, rest: str) -> None:
    serve(site, {"Release": RELEASE}, "/debian/dists/stable")
    serve(site, trees.DEBIAN, "/debian/dists/bookworm/main/installer-amd64")
    with pytest.raises(UsageError, match="no installation tree found") as caught:
        place(f"{site.url}{folder}", arch)
    if rest:
        assert caught.value.hint == f"use --location {site.url}{folder.rstrip('/')}/{rest}"
        assert place(caught.value.hint.removeprefix("use --location ")).detected.os == "debian12"
    else:
        assert caught.value.hint.startswith("give the root of a tree")


def test_an_incomplete_tree(site: Site) -> None:
    url = serve(site, {".treeinfo": trees.FEDORA[".treeinfo"]})
    with pytest.raises(UsageError, match="is a tree of Fedora.*, but no kernel and initrd were found there"):
        place(url)


@pytest.mark.parametrize("url", ["{site}/tree/", "{site}/a.iso"])
def test_a_server_in_trouble(site: Site, url: str) -> None:
    for path in ("/tree/.treeinfo", "/a.iso"):
        site.rules[path] = lambda handler: handler.reply(500, b"")
    with pytest.raises(FetchError, match="the server reports 500"):
        place(url.format(site=site.url))


def test_an_iso_that_is_not_there(site: Site) -> None:
    with pytest.raises(FetchError, match=r"'.*/a.iso' not found"):
        place(f"{site.url}/a.iso")


def test_a_password_is_not_shown(site: Site) -> None:
    url = site.url.replace("://", "://joe:secret@")
    with pytest.raises(UsageError) as caught:
        place(f"{url}/nothing/")
    assert "secret" not in caught.value.message + caught.value.hint
    serve(site, trees.FEDORA)
    found = place(f"{url}/tree")
    assert "secret" not in found.place and found.command_line == f"inst.repo={url}/tree"


def test_a_treeinfo_that_leads_out_of_its_tree(tmp_path: Path) -> None:
    text = b"[general]\nfamily = Fedora\nversion = 40\narch = x86_64\n[images-x86_64]\n"
    write(tmp_path, {"secret": b"x", "tree/.treeinfo": text + b"kernel = ../secret\ninitrd = ../secret\n"})
    with pytest.raises(UsageError, match="no kernel and initrd were found"):
        place(tmp_path / "tree")


def test_a_certificate_has_to_be_trusted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(__file__).parents[2] / "data" / "tls"  # `openssl req -x509`, for 127.0.0.1
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    site.socket = context.wrap_socket(site.socket, server_side=True)
    url = serve(site, trees.FEDORA).replace("http://", "https://")
    with pytest.raises(FetchError, match="the certificate of '127.0.0.1' is not trusted") as caught:
        place(url)
    assert "REQUESTS_CA_BUNDLE" in caught.value.hint
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(folder / "cert.pem"))
    assert place(url).command_line == f"inst.repo={url}"
