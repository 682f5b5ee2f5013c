"""Media of every kind, against profiles written for the test."""

from __future__ import annotations

import pytest

from tests.unit.osinfo.handmade import iso
from virtprov.osinfo.detect import Detected, Detector
from virtprov.support.file_access.iso import build_iso

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.unit.osinfo.conftest import Describe, Folders

DATAMAP = '<datamap id="http://example.org/map"><entry inval="EN-US" outval="en_US"/></datamap>'


@pytest.fixture
def detector(folders: Folders, describe: Describe) -> Detector:
    one = describe(
        "one12",
        '<variant id="live"><name>One 12 (Live)</name></variant>',
        '<media arch="x86_64" live="true"><variant id="live"/><iso><volume-id>one-live 12</volume-id></iso></media>',
        '<media arch="x86_64"><iso><volume-id>One 12 amd64</volume-id>'
        '<l10n-language regex="true" l10n-language-map="http://example.org/map">.*_([A-Z]+-[A-Z]+)</l10n-language>'
        "<l10n-language>de_DE</l10n-language></iso></media>",
        '<tree arch="x86_64"><treeinfo><family>One</family><version>12</version></treeinfo></tree>',
        '<image arch="x86_64" format="qcow2" cloud-init="true"><url>http://m/one-12-latest.qcow2</url></image>',
        codename="firstly",
        release_date="2023-01-01",
    )
    debian = describe("debian12", codename="bookworm", distro="debian", release_date="2023-06-10")
    folders.write(folders.bundled, "os/one.xml", one, debian)
    folders.write(folders.bundled, "maps.xml", DATAMAP)
    return Detector()


def file(detector: Detector, data: bytes, path: str = "") -> Detected:
    return detector.file(lambda offset, size: data[offset : offset + size], path)


def test_an_installer(detector: Detector) -> None:
    found = file(detector, iso("One 12 amd64", boot=True))
    assert found == Detected(
        "installer", "one12", "The one12", "x86_64", (), True, "iso", "One 12 amd64", False, True, True, ("de_DE",)
    )


def test_languages_are_spelled_by_the_map(detector: Detector) -> None:
    assert file(detector, iso("One 12 amd64_EN-US")).languages == ("en_US", "de_DE")
    assert file(detector, iso("One 12 amd64_XX-YY")).languages == ("de_DE",)


def test_a_live_system_goes_by_the_name_of_its_variant(detector: Detector) -> None:
    found = file(detector, iso("one-live 12"))
    assert (found.kind, found.name, found.variants, found.live) == ("live", "One 12 (Live)", ("live",), True)


def test_an_iso_of_nobody(detector: Detector) -> None:
    assert file(detector, iso("BACKUP")) == Detected("unknown", format="iso", volume_id="BACKUP", bootable=False)


def test_an_iso_with_a_label_of_its_own_is_known_by_the_tree_in_it(detector: Detector) -> None:
    treeinfo = b"[general]\nfamily = One\nversion = 12\narch = x86_64\n"
    found = file(detector, build_iso({".treeinfo": treeinfo}, "RESPIN"))
    assert (found.kind, found.os, found.format, found.volume_id) == ("installer", "one12", "iso", "RESPIN")
    found = file(detector, build_iso({".treeinfo": treeinfo.replace(b"One", b"Two")}, "RESPIN"))
    assert (found.kind, found.os, found.volume_id) == ("unknown", "", "RESPIN")


def test_a_newer_release_is_a_guess(detector: Detector) -> None:
    found = file(detector, iso("One 14 amd64"))
    assert (found.os, found.exact) == ("one12", False)


def test_disks_and_cloud_images(detector: Detector) -> None:
    qcow2 = b"QFI\xfb".ljust(4096, b"\0")
    assert file(detector, qcow2, "/pool/mine.qcow2") == Detected("disk", format="qcow2")
    found = file(detector, qcow2, "/pool/one-12-20240101.qcow2")
    assert (found.kind, found.os, found.arch, found.format) == ("cloud image", "one12", "x86_64", "qcow2")
    assert file(detector, b"\xfd7zXZ\0", "/pool/mine.xz") == Detected("unknown", format="xz")
    assert file(detector, b"\xfd7zXZ\0", "/pool/one-12-latest.qcow2.xz").kind == "cloud image"
    assert file(detector, b"no image", "/pool/one-12-latest.qcow2") == Detected("unknown")


def tree(detector: Detector, place: str = "/x", **files: str) -> Detected:
    named = {name.replace("__", "/").replace("dot_", "."): text for name, text in files.items()}
    return detector.tree(lambda name: named[name].encode() if name in named else None, place)


def test_trees(detector: Detector) -> None:
    found = tree(detector, dot_treeinfo="[general]\nfamily = One\nversion = 12\narch = x86_64\n")
    assert found == Detected("tree", "one12", "The one12", "x86_64", format="treeinfo", installs=True)
    found = tree(detector, dot_treeinfo="[general]\nfamily = Two\nversion = 1\narch = i386\n")
    assert found == Detected("tree", arch="i686", format="treeinfo", installs=True)
    found = tree(detector, "/m/dists/bookworm/main/installer-arm64", current__images__MANIFEST="netboot/x")
    assert found == Detected("tree", "debian12", "The debian12", "aarch64", format="manifest", installs=True)
    found = tree(detector, "/m/dists/nosuch/main/installer-arm64", current__images__MANIFEST="netboot/x")
    assert found == Detected("tree", arch="aarch64", format="manifest", installs=True)
    found = tree(detector, dot_disk__info='Debian GNU/Linux 14.1.0 "Forky" - Official amd64 NETINST')
    assert found == Detected(
        "tree", "debian12", "The debian12", "x86_64", exact=False, format="disk info", installs=True
    )
    assert tree(detector, readme="hello") == Detected("unknown")


def test_a_folder_of_the_user_counts_at_once(detector: Detector, folders: Folders, describe: Describe) -> None:
    assert file(detector, iso("MINE 1")).os == ""
    mine = describe("mine1", '<media arch="all"><iso><volume-id>MINE</volume-id></iso></media>')
    folders.write(folders.user, "os/mine.xml", mine)
    assert file(Detector(), iso("MINE 1")).os == "mine1"


def test_a_broken_file_is_named(detector: Detector, folders: Folders) -> None:
    folders.write(folders.user, "os/bad.xml", "<os")
    warnings: list[str] = []
    assert file(Detector(warnings), iso("One 12 amd64")).os == "one12"
    assert len(warnings) == 1
    assert "bad.xml" in warnings[0]
