"""--memtune, --blkiotune, --cputune, --numatune, --iothreads and --resource."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.write.assign import Assignments
from virtprov.support.errors import UsageError


@pytest.mark.parametrize(
    ("group", "text", "xml"),
    [
        ("memtune", "3", "<memtune><soft_limit>3</soft_limit></memtune>"),
        (
            "memtune",
            "hard_limit=10,soft_limit=20,swap_hard_limit=30,min_guarantee=40",
            "<memtune><hard_limit>10</hard_limit><soft_limit>20</soft_limit>"
            "<swap_hard_limit>30</swap_hard_limit><min_guarantee>40</min_guarantee></memtune>",
        ),
        (
            "blkiotune",
            "weight=100,device_path=/a,device_weight=200,read_bytes_sec=1,write_bytes_sec=2",
            "<blkiotune><weight>100</weight><device><path>/a</path><weight>200</weight>"
            "<read_bytes_sec>1</read_bytes_sec><write_bytes_sec>2</write_bytes_sec></device></blkiotune>",
        ),
        (
            "blkiotune",
            "100,device0.read_iops_sec=3,device1.path=/b",
            "<blkiotune><weight>100</weight><device><read_iops_sec>3</read_iops_sec></device>"
            "<device><path>/b</path></device></blkiotune>",
        ),
        (
            "numatune",
            "1,2,3,5-7,^6,mode=strict,memnode0.cellid=1,memnode0.nodeset=2",
            '<numatune><memory nodeset="1,2,3,5-7,^6" mode="strict"/><memnode cellid="1" nodeset="2"/></numatune>',
        ),
        (
            "cputune",
            "shares=2048,quota=-1,global_period=1000,vcpupin0.vcpu=0,vcpupin0.cpuset=0-3,^2,emulatorpin.cpuset=1,7",
            "<cputune><shares>2048</shares><quota>-1</quota><global_period>1000</global_period>"
            '<vcpupin vcpu="0" cpuset="0-3,^2"/><emulatorpin cpuset="1,7"/></cputune>',
        ),
        (
            "cputune",
            "cachetune0.vcpus=0-3,cachetune0.cache1.id=1,cachetune0.cache0.id=0,cachetune1.monitor0.vcpus=4",
            '<cputune><cachetune vcpus="0-3"><cache id="0"/><cache id="1"/></cachetune>'
            '<cachetune><monitor vcpus="4"/></cachetune></cputune>',
        ),
        ("cputune", "vcpupin2.vcpu=1", '<cputune><vcpupin vcpu="1"/></cputune>'),
        (
            "resource",
            "/virtualmachines/production,fibrechannel.appid=myapp",
            '<resource><partition>/virtualmachines/production</partition><fibrechannel appid="myapp"/></resource>',
        ),
    ],
)
def test_documents(built: Callable[[str, str], str], group: str, text: str, xml: str) -> None:
    assert built(group, text) == xml


def test_iothreads_stand_in_three_places(part: Callable[..., str]) -> None:
    text = (
        "5,iothreadids.iothread1.id=2,iothreadids.iothread0.id=1,iothreadids.iothread1.thread_pool_min=8,"
        "iothreadids.iothread1.poll.max=123,defaultiothread.thread_pool_max=32"
    )
    assert part("iothreads", ".", text, base="<domain/>") == (
        '<domain><iothreads>5</iothreads><iothreadids><iothread id="1"/>'
        '<iothread id="2" thread_pool_min="8"><poll max="123"/></iothread></iothreadids>'
        '<defaultiothread thread_pool_max="32"/></domain>'
    )


def test_limits_of_a_guest_are_changed_in_place(part: Callable[..., str]) -> None:
    old = "<blkiotune><weight>1</weight><device><path>/a</path><weight>2</weight></device></blkiotune>"
    assert part("blkiotune", "./blkiotune", "weight=500,device_path=/b", base=f"<domain>{old}</domain>") == (
        "<blkiotune><weight>500</weight><device><path>/b</path><weight>2</weight></device></blkiotune>"
    )


@pytest.mark.parametrize(("group", "text"), [("blkiotune", "heavy"), ("cputune", "shares=a"), ("iothreads", "x")])
def test_refusals(say: Callable[[str, str], Assignments], group: str, text: str) -> None:
    with pytest.raises(UsageError):
        say(group, text)
