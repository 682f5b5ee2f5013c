"""Names of new partitions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.disks.locate import DiskResolver
from virtprov.guest.disks.new import partitions
from virtprov.guest.disks.new.volumes import Making
from virtprov.guest.disks.spec import DiskSpec
from virtprov.host.connection import Host
from virtprov.support.errors import HostError, UsageError
from virtprov.support.notation.units import GIB
from virtprov.xml import tree

Record = Callable[..., Host]


def inventory(device: str, *volumes: str) -> str:
    source = f"<source><device path='{device}'/><format type='gpt'/></source>" if device else ""
    text = f"<pool type='disk'><name>d</name>{source}<target><path>/dev</path></target>"
    for name in volumes:
        text += f"<volume><name>{name}</name><capacity>1</capacity><target><path>/dev/{name}</path></target></volume>"
    return text + "</pool>"


@pytest.mark.parametrize(
    ("device", "there", "next_one"),
    [
        ("/dev/loop0", (), "loop0p1"),
        ("/dev/loop0", ("loop0p1", "loop0p2"), "loop0p3"),
        ("/dev/sdb", ("sdb1", "sdb3"), "sdb2"),
        ("/dev/nvme0n1", ("nvme0n1p1",), "nvme0n1p2"),
    ],
)
def test_the_next_name(device: str, there: tuple[str, ...], next_one: str, host_of: Record) -> None:
    host = host_of(inventory=inventory(device, *there))
    pool = host.storage.pool("d")
    assert pool is not None
    assert partitions.next_name(host, pool, ()) == next_one
    partitions.check_name(host, pool, next_one, ())
    with pytest.raises(UsageError, match=f"the next partition created in pool 'd' will be {next_one}"):
        partitions.check_name(host, pool, "sdb9", ())


def test_a_full_disk(host_of: Record) -> None:
    host = host_of(inventory=inventory("/dev/sdb"))
    pool = host.storage.pool("d")
    assert pool is not None
    with pytest.raises(HostError, match="has no space for another partition"):
        partitions.next_name(host, pool, [f"/dev/sdb{number}" for number in range(1, 129)])


def test_two_new_disks_of_one_guest(host_of: Record) -> None:
    storage = DiskResolver(host_of(inventory=inventory("/dev/sdb", "sdb1")), "g", qemu=True)
    made = [storage.resolve(tree.parse("<disk/>"), DiskSpec(pool="d", size=1)) for _ in range(2)]
    paths = [volume.path for making in made for volume in making.volumes]
    assert paths == ["/dev/sdb2", "/dev/sdb3"]
    assert isinstance(made[0], Making) and made[0].volumes[0].capacity == GIB and made[0].volumes[0].format == ""
