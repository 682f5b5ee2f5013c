"""What trees of every kind say about themselves."""

from __future__ import annotations

import pytest

from virtprov.osinfo.media.tree_layouts import TreeFacts, disk_info, tree_facts

TREEINFO = "[general]\nfamily = Fedora\nversion = 40\narch = x86_64\nvariant = Server\n"
MANIFEST = "netboot/debian-installer/amd64/linux -- kernel image for netboot\n"


def facts(place: str = "/srv/tree", **files: str) -> TreeFacts | None:
    """Ask a tree whose files are named by the arguments: `_` is a dot, `__` a slash."""
    named = {name.replace("__", "/").replace("dot_", "."): text for name, text in files.items()}
    return tree_facts(lambda name: named[name].encode() if name in named else None, place)


def told(found: TreeFacts | None) -> tuple[str, str, str, str, str]:
    assert found is not None
    return found.layout, found.distro, found.ids.version, found.codename, found.ids.arch


@pytest.mark.parametrize("name", ["dot_treeinfo", "treeinfo"])
def test_treeinfo_under_both_names(name: str) -> None:
    found = facts(**{name: TREEINFO})
    assert told(found) == ("treeinfo", "", "40", "", "x86_64")


def test_a_treeinfo_counts_before_all_else() -> None:
    assert told(facts(dot_treeinfo=TREEINFO, content="LABEL openSUSE 13.2"))[0] == "treeinfo"


def test_a_broken_treeinfo_lets_others_speak() -> None:
    assert told(facts(dot_treeinfo="<html>", content="LABEL openSUSE 13.2\nVERSION 13.2"))[0] == "content"


SUSE = (
    ("DISTRO cpe:/o:suse:sles:12:sp3,SUSE Linux Enterprise Server 12 SP3\nBASEARCHS x86_64", "sles", "12.3", ""),
    ("LABEL SUSE Linux Enterprise Server 11 SP4\nVERSION 11.4\nBASEARCHS i586", "sles", "11.4", ""),
    ("DISTRO cpe:/o:suse:sled:12,SUSE Linux Enterprise Desktop 12\nBASEARCHS x86_64", "sled", "12", ""),
    ("LABEL SUSE Linux Enterprise Desktop 15 SP1", "sle", "15.1", ""),
    ("DISTRO cpe:/o:suse:sle:15:sp2,SUSE Linux Enterprise 15 SP2", "sle", "15.2", ""),
    ("DISTRO cpe:/o:opensuse:leap:42.3,openSUSE Leap 42.3\nBASEARCHS i586 x86_64", "opensuse", "42.3", ""),
    ("LABEL openSUSE 11.4\nVERSION 11.4-1.27\nBASEARCHS i586", "opensuse", "11.4", ""),
    ("LABEL openSUSE Tumbleweed\nDISTRO cpe:/o:opensuse:tumbleweed:20240101", "opensuse", "", "opensusetumbleweed"),
)


@pytest.mark.parametrize(("text", "distro", "version", "codename"), SUSE)
def test_suse_content(text: str, distro: str, version: str, codename: str) -> None:
    arch = "x86_64" if "x86_64" in text else "i686" if "i586" in text else ""
    assert told(facts(content=text)) == ("content", distro, version, codename, arch)


def test_content_of_somebody_else() -> None:
    assert facts(content="just a file called content") is None


DISCS = (
    (
        'Debian GNU/Linux 12.4.0 "Bookworm" - Official amd64 NETINST 20231210-17:57',
        "debian",
        "12.4.0",
        "Bookworm",
        "x86_64",
    ),
    ('Debian GNU/Linux 7.1.0 "Wheezy" - Official Snapshot i386 LIVE/INSTALL', "debian", "7.1.0", "Wheezy", "i686"),
    (
        'Ubuntu-Server 20.04.6 LTS "Focal Fossa" - Release amd64 (20230314)',
        "ubuntu",
        "20.04.6",
        "Focal Fossa",
        "x86_64",
    ),
    ('Ubuntu 24.04 LTS "Noble Numbat" - Release arm64 (20240423)', "ubuntu", "24.04", "Noble Numbat", "aarch64"),
    ("Debian GNU/Linux testing", "debian", "", "", ""),
)


@pytest.mark.parametrize(("line", "distro", "version", "codename", "arch"), DISCS)
def test_disk_info(line: str, distro: str, version: str, codename: str, arch: str) -> None:
    assert told(disk_info(line + "\n")) == ("disk info", distro, version, codename, arch)
    assert told(facts(dot_disk__info=line))[0] == "disk info"


def test_disk_info_of_somebody_else() -> None:
    assert disk_info("Some Other OS 1") is None
    assert disk_info("") is None


@pytest.mark.parametrize("where", ["current__images__MANIFEST", "current__legacy-images__MANIFEST"])
def test_a_debian_tree_is_told_by_its_address(where: str) -> None:
    found = facts("http://m.example/debian/dists/bookworm/main/installer-arm64/", **{where: MANIFEST})
    assert told(found) == ("manifest", "debian", "", "bookworm", "aarch64")


def test_an_ubuntu_tree() -> None:
    found = facts(
        "/m/ubuntu/dists/focal-updates/main/installer-amd64",
        current__images__MANIFEST="netboot/ubuntu-installer/amd64/linux",
    )
    assert told(found) == ("manifest", "ubuntu", "", "focal", "x86_64")


def test_daily_images_are_those_of_testing() -> None:
    found = facts("https://d.example/daily-images/s390x/", daily__MANIFEST="netboot/x -- y\n")
    assert told(found) == ("manifest", "debian", "", "testing", "s390x")


def test_a_debian_tree_without_an_address_tells_its_arch_only() -> None:
    assert told(facts("/srv/tree", current__images__MANIFEST=MANIFEST)) == ("manifest", "debian", "", "", "x86_64")


def test_mageia() -> None:
    found = facts("/m/mageia/9/x86_64", VERSION="Mageia 9 Official x86_64 20230825")
    assert told(found) == ("mageia", "mageia", "9", "", "x86_64")
    assert facts(VERSION="1.2.3") is None


def test_a_debian_address_is_asked_for_its_manifest_first() -> None:
    asked: list[str] = []
    assert tree_facts(lambda name: asked.append(name), "http://m.example/dists/sid/main/installer-amd64/") is None
    assert asked[0] == "current/images/MANIFEST"
    assert ".treeinfo" in asked


def test_bytes_that_are_no_text() -> None:
    assert tree_facts(lambda name: b"\xff\xfe\x00", "/x") is None
