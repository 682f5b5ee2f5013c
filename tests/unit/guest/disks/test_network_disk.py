"""Disks whose data comes over the network."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.disks import network_disk
from virtprov.guest.disks.locate import DiskResolver
from virtprov.guest.disks.spec import DiskSpec
from virtprov.host.connection import Host
from virtprov.support.errors import UsageError
from virtprov.xml import path as places
from virtprov.xml import tree
from virtprov.xml.tree import Element

Record = Callable[..., Host]


def line(node: Element) -> str:
    return "".join(part.strip() for part in tree.to_text(node).splitlines())


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("http://h/x.iso", True),
        ("nbd+unix:///s", True),
        ("rbd://h/pool/x", True),
        ("file:///x", False),
        ("/a/b", False),
        ("C://x", False),
        ("a://b", False),
    ],
)
def test_what_is_an_address(text: str, answer: bool) -> None:
    assert network_disk.is_address(text) is answer


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("http://h/x.iso", '<source protocol="http" name="x.iso"><host name="h"/></source>'),
        ("https://h:8443/a/b.img", '<source protocol="https" name="a/b.img"><host name="h" port="8443"/></source>'),
        (
            "http://[1:2::3]:5522/my/path?query=foo",
            '<source protocol="http" name="my/path" query="query=foo"><host name="1:2::3" port="5522"/></source>',
        ),
        ("nbd://h:10809", '<source protocol="nbd"><host name="h" port="10809"/></source>'),
        ("nbd+unix:///var/sock", '<source protocol="nbd"><host transport="unix" socket="/var/sock"/></source>'),
        (
            "nbd+unix:///export?socket=/var/sock",
            '<source protocol="nbd" name="export"><host transport="unix" socket="/var/sock"/></source>',
        ),
        (
            "gluster+rdma://192.168.1.100/vol/a.qcow2",
            '<source protocol="gluster" name="vol/a.qcow2"><host name="192.168.1.100" transport="rdma"/></source>',
        ),
    ],
)
def test_addresses(address: str, source: str) -> None:
    disk = tree.parse("<disk type='file'><source file='/old'/></disk>")
    network_disk.write_address(disk, address)
    assert line(disk) == f'<disk type="network">{source}</disk>'


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nbd://", "--disk nbd://: no host in the address"),
        ("ssh:///img", "no host in the address"),
        ("iscsi://h", "no disk name in the address"),
        ("rbd://h", "no disk name in the address"),
        ("http://h:x/img", "the port is not a number up to 65535"),
        ("http://[", "invalid URL"),
        ("http://a]b", "invalid URL"),
        ("nbd://\u2100.com/x", "invalid URL"),
    ],
)
def test_addresses_that_are_not_whole(address: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        network_disk.write_address(tree.parse("<disk/>"), address)


def test_a_protocol_that_nobody_knows() -> None:
    with pytest.raises(UsageError, match="--disk htp://h/x: 'htp' is not a network disk protocol") as caught:
        network_disk.refuse_unknown("htp://h/x")
    assert "http" in caught.value.hint
    for plain in ("/a://b", "a://b", "Some://x", "odd name://x"):
        network_disk.refuse_unknown(plain)


def test_users_in_addresses_are_not_dropped_in_silence() -> None:
    assert network_disk.left_out("ssh://h/img") == ""
    assert (
        "--disk ssh://h:22/img: libvirt's XML cannot hold the user 'me', so QEMU uses its own account"
        in network_disk.left_out("ssh://me@h:22/img")
    )
    told = network_disk.left_out("http://me:secret@h/img")
    assert "the user 'me' is ignored; use auth.username= and a secret to log in" in told and "secret@" not in told


def test_a_second_address_leaves_nothing_of_the_first() -> None:
    disk = tree.parse("<disk><source startupPolicy='optional'/></disk>")
    network_disk.write_address(disk, "http://h:80/x?a=b")
    network_disk.write_address(disk, "nbd://other")
    source = '<source startupPolicy="optional" protocol="nbd"><host name="other"/></source>'
    assert line(disk) == f'<disk type="network">{source}</disk>'


POOLS = """
<pool type='rbd'><name>ceph</name><source><name>rbdpool</name><host name='m1' port='6789'/><host name='m2'/>
<auth type='ceph' username='admin'><secret uuid='f65cc5a8-b77b-4254-9030-d50a528fb456'/></auth></source>
<volume type='network'><name>v1</name><capacity>1</capacity>
<target><path>rbdpool/v1</path><format type='raw'/></target></volume></pool>
<pool type='gluster'><name>brick</name><source><host name='g1'/><dir path='/some/dir'/><name>vol</name></source>
<volume type='network'><name>a.qcow2</name><capacity>1</capacity>
<target><path>gluster://g1/vol/some/dir/a.qcow2</path><format type='qcow2'/></target></volume></pool>
<pool type='iscsi-direct'><name>lun</name><source><host name='10.0.0.7'/>
<device path='iqn.2017-12.com.example:t2'/>
<initiator><iqn name='iqn.2017-12.com.example:me'/></initiator></source>
<volume type='network'><name>unit:0:0:1</name><capacity>1</capacity>
<target><path>ip-10.0.0.7:3260-iscsi-iqn.2017-12.com.example:t2-lun-1</path><format type='unknown'/></target></volume>
</pool>
<pool type='zfs'><name>tank</name><target><path>/dev/zvol/tank</path></target>
<volume type='network'><name>z</name><capacity>1</capacity>
<target><path>/dev/zvol/tank/z</path></target></volume></pool>
"""

CEPH = '<source protocol="rbd" name="rbdpool/{}"><host name="m1" port="6789"/><host name="m2"/></source>'
GLUSTER = '<source protocol="gluster" name="vol/some/dir/{}"><host name="g1"/></source>'
ISCSI = '<source protocol="iscsi" name="iqn.2017-12.com.example:t2/1"><host name="10.0.0.7"/></source>'


@pytest.mark.parametrize(
    ("spec", "kind", "fmt", "source"),
    [
        (DiskSpec(vol="ceph/v1"), "network", "raw", CEPH.format("v1")),
        (DiskSpec(pool="ceph", size=1), "network", "raw", CEPH.format("g")),
        (DiskSpec(vol="brick/a.qcow2"), "network", "qcow2", GLUSTER.format("a.qcow2")),
        (DiskSpec(pool="brick", size=1), "network", "qcow2", GLUSTER.format("g.qcow2")),
        (DiskSpec(vol="lun/unit:0:0:1"), "network", "raw", ISCSI),
        (DiskSpec(vol="tank/z"), "volume", "raw", '<source pool="tank" volume="z"/>'),
    ],
)
def test_volumes_of_pools_on_the_network(spec: DiskSpec, kind: str, fmt: str, source: str, host_of: Record) -> None:
    host = host_of(inventory=POOLS, pools={name: [9 * 1024**3] * 3 for name in ("ceph", "brick")})
    disk = tree.parse("<disk device='disk'/>")
    DiskResolver(host, "g", qemu=True).resolve(disk, spec)
    assert disk.get("type") == kind
    assert places.text(disk, "./driver/@type") == fmt
    assert [line(node) for node in tree.children(disk, "source")] == [source]


def test_who_may_read_a_ceph_volume(host_of: Record) -> None:
    disk = tree.parse("<disk device='disk'/>")
    DiskResolver(host_of(inventory=POOLS), "g", qemu=True).resolve(disk, DiskSpec(vol="ceph/v1"))
    secret = '<secret type="ceph" uuid="f65cc5a8-b77b-4254-9030-d50a528fb456"/>'
    assert [line(node) for node in tree.children(disk, "auth")] == [f'<auth username="admin">{secret}</auth>']
