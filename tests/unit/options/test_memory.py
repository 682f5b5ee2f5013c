"""--memory and --memorybacking."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.write.assign import Assignments
from virtprov.support.errors import UsageError
from virtprov.xml import path
from virtprov.xml.tree import Element

MIB = 1024


@pytest.mark.parametrize(
    ("text", "whole", "now"),
    [
        ("100", 100, 100),
        ("memory=1", 8, 1),
        ("currentMemory=4", 8, 4),
        ("currentMemory=40", 40, 40),
        ("maxmemory=20", 20, 2),
        ("maxmemory=1", 1, 2),
        ("10,maxmemory=20", 20, 10),
        ("memory=20,maxmemory=10", 20, 20),
        ("4,currentMemory=2", 4, 2),
        ("memory=6,currentMemory=7", 7, 7),
        ("maxmemory=4,currentMemory=2", 4, 2),
        ("currentMemory=30,maxmemory=10", 30, 30),
        ("currentMemory=100,memory=200,maxmemory=300", 300, 100),
    ],
)
def test_which_size_goes_where(edit: Callable[..., Element], text: str, whole: int, now: int) -> None:
    root = edit("memory", text)
    assert path.get(root, "./memory") == str(whole * MIB)
    assert path.get(root, "./currentMemory") == str(now * MIB)


def test_a_new_guest_gets_both_sizes(edit: Callable[..., Element]) -> None:
    root = edit("memory", "64", base="<domain/>")
    assert path.get(root, "./memory") == path.get(root, "./currentMemory") == "65536"


@pytest.mark.parametrize("text", ["maxMemory=40,maxMemory.slots=3", "hotplugmemorymax=40,hotplugmemoryslots=3"])
def test_hotplug(part: Callable[..., str], text: str) -> None:
    assert part("memory", "./maxMemory", text) == '<maxMemory slots="3">40960</maxMemory>'


@pytest.mark.parametrize("text", ["1.5", "abc", "2G", "memory=", "-4", "1,2", "clearxml=yes"])
def test_sizes_that_are_none(say: Callable[[str, str], Assignments], text: str) -> None:
    with pytest.raises(UsageError):
        say("memory", text)


@pytest.mark.parametrize(
    ("text", "message", "example"),
    [
        ("2G", "--memory: '2G' is not a number of MiB", 2048),
        ("16 GiB", "--memory: '16 GiB'", 16384),
        ("4gb", "--memory: '4gb'", 4096),
        ("maxMemory=3G", "--memory maxMemory: '3G'", 3072),
        ("0G", "'0G'", 2048),
        ("512M", "'512M'", 2048),
        ("99999G", "'99999G'", 2048),
        ("4b", "'4b'", 2048),
    ],
)
def test_a_size_in_another_unit(say: Callable[[str, str], Assignments], text: str, message: str, example: int) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        say("memory", text)
    assert caught.value.hint == f"give a whole number, such as --memory {example}"


@pytest.mark.parametrize(
    ("text", "xml"),
    [
        ("hugepages=on", "<memoryBacking><hugepages/></memoryBacking>"),
        (
            "size=1,unit=G,nodeset=0,1,hugepages=yes",
            '<memoryBacking><hugepages><page size="1" unit="G" nodeset="0,1"/></hugepages></memoryBacking>',
        ),
        ("nosharepages=yes,locked=no,discard=on", "<memoryBacking><nosharepages/><discard/></memoryBacking>"),
        ("access_mode=shared", '<memoryBacking><access mode="shared"/></memoryBacking>'),
        (
            "allocation.mode=immediate,allocation.threads=8",
            '<memoryBacking><allocation mode="immediate" threads="8"/></memoryBacking>',
        ),
    ],
)
def test_backing(built: Callable[[str, str], str], text: str, xml: str) -> None:
    assert built("memorybacking", text) == xml


def test_switching_huge_pages_off_takes_their_sizes_too(part: Callable[..., str]) -> None:
    base = '<domain><memoryBacking><hugepages><page size="1"/></hugepages><locked/></memoryBacking></domain>'
    assert part("memory", "./memoryBacking", "hugepages=off", base=base) == "<memoryBacking><locked/></memoryBacking>"
