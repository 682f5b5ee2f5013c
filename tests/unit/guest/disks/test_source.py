"""Where the data of a disk lies."""

from __future__ import annotations

import pytest

from virtprov.guest.disks.source import BLOCK, DIR, FILE, NETWORK, VOLUME, DiskSource
from virtprov.host.connection import Host
from virtprov.xml import tree

WEB = "/srv/images/web.qcow2"


def source_of(inside: str) -> DiskSource:
    return DiskSource.of(tree.parse(f"<disk>{inside}</disk>"))


@pytest.mark.parametrize(
    ("inside", "source", "spelled", "medium"),
    [
        ("<source file='/a'/>", DiskSource(FILE, "/a"), "/a", "/a"),
        ("<source dev='/dev/b'/>", DiskSource(BLOCK, "/dev/b"), "/dev/b", "/dev/b"),
        ("<source dir='/c'/>", DiskSource(DIR, "/c"), "/c", "/c"),
        ("<source pool='p' volume='v'/>", DiskSource(VOLUME, pool="p", volume="v"), "p/v", "v"),
        ("<source volume='v'/>", DiskSource(VOLUME, volume="v"), "", "v"),
        ("<source pool='p'/>", DiskSource(), "", ""),
        ("<source protocol='rbd' name='p/i'/>", DiskSource(NETWORK, name="p/i"), "", ""),
        ("<source type='pci'><address bus='1'/></source>", DiskSource(), "", ""),
        ("<source file=''/>", DiskSource(), "", ""),
        ("", DiskSource(), "", ""),
    ],
)
def test_what_a_source_says(inside: str, source: DiskSource, spelled: str, medium: str) -> None:
    assert source_of(inside) == source
    assert (source.location, source.medium) == (spelled, medium)


@pytest.mark.parametrize(
    ("inside", "path", "volume"),
    [
        (f"<source file='{WEB}'/>", WEB, "web.qcow2"),
        ("<source pool='images' volume='web.qcow2'/>", WEB, "web.qcow2"),
        ("<source pool='images' volume='none.qcow2'/>", "", ""),
        ("<source pool='none' volume='web.qcow2'/>", "", ""),
        ("<source file='/nowhere.img'/>", "/nowhere.img", ""),
        ("<source protocol='nbd' name='x'/>", "", ""),
        ("", "", ""),
    ],
)
def test_what_a_host_makes_of_it(inside: str, path: str, volume: str, kvm: Host) -> None:
    source = source_of(inside)
    assert source.path_on(kvm) == path
    found = source.volume_on(kvm)
    assert (found.name if found is not None else "") == volume
