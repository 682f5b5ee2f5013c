"""--vcpus."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.write.assign import Assignments
from virtprov.support.errors import UsageError


@pytest.mark.parametrize(
    ("text", "xml"),
    [
        ("7", '<vcpu placement="static">7</vcpu>'),
        ("vcpus=3,vcpu=5", '<vcpu placement="static">3</vcpu>'),
        ("3,vcpus=4", '<vcpu placement="static">4</vcpu>'),
        ("maxvcpus=8", '<vcpu placement="static">8</vcpu>'),
        ("3,maxvcpus=8", '<vcpu placement="static" current="3">8</vcpu>'),
        ("vcpu.current=2,maxvcpus=4", '<vcpu placement="static" current="2">4</vcpu>'),
        ("5,cpuset=1-4,6,8", '<vcpu placement="static" cpuset="1-4,6,8">5</vcpu>'),
        ("cpuset=auto", '<vcpu placement="auto">2</vcpu>'),
        ("placement=auto", '<vcpu placement="auto">2</vcpu>'),
    ],
)
def test_counts(part: Callable[..., str], text: str, xml: str) -> None:
    assert part("vcpus", "./vcpu", text) == xml


def test_topology_goes_to_the_cpu(part: Callable[..., str]) -> None:
    xml = part("vcpus", "./cpu", "sockets=2,dies=1,clusters=1,cores=4,threads=2")
    assert xml == '<cpu><topology sockets="2" dies="1" clusters="1" cores="4" threads="2"/></cpu>'


def test_single_processors(part: Callable[..., str]) -> None:
    text = "vcpus.vcpu1.id=1,vcpus.vcpu1.hotpluggable=no,vcpus.vcpu.id=0,vcpus.vcpu0.enabled=yes,vcpus.vcpu0.order=3"
    assert part("vcpus", "./vcpus", text) == (
        '<vcpus><vcpu id="0" enabled="yes" order="3"/><vcpu id="1" hotpluggable="no"/></vcpus>'
    )


@pytest.mark.parametrize("text", ["many", "current=1", "2,3", "vcpus.vcpu0.enabled=2"])
def test_refusals(say: Callable[[str, str], Assignments], text: str) -> None:
    with pytest.raises(UsageError):
        say("vcpus", text)
