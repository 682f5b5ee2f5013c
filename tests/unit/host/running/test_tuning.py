"""Memory, processors, limits and notes of a guest on libvirt's test driver, as its document then says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.host.connection import Host
from virtprov.host.failures import NotSupported, NotThere
from virtprov.host.running.tuning import UNLIMITED, cpu_numbers
from virtprov.support.errors import HostError
from virtprov.xml import path
from virtprov.xml.tree import parse

GUEST = (
    "<domain type='test'><name>web</name><uuid>9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d0001</uuid>"
    "<memory>2097152</memory><vcpu>4</vcpu><os><type>hvm</type></os><devices>"
    "<disk type='file'><source file='/srv/web.img'/><target dev='vda'/></disk>"
    "<interface type='network'><source network='default'/><mac address='52:54:00:11:22:33'/></interface>"
    "</devices></domain>"
)
MAC = "52:54:00:11:22:33"


@pytest.fixture
def host(make_host: Callable[[str], Host]) -> Host:
    """A host with one guest, which runs."""
    return make_host(GUEST)


def says(host: Host, place: str, *, inactive: bool = False) -> str:
    return path.text(parse(host.guests.xml("web", inactive=inactive)), place)


def test_memory_and_processors(host: Host) -> None:
    host.running.set_memory("web", 1048576)
    host.running.set_vcpus("web", 3)
    assert says(host, "currentMemory") == "1048576"
    assert says(host, "vcpu/@current") == "3"
    assert says(host, "currentMemory", inactive=True) == "2097152"
    assert says(host, "vcpu/@current", inactive=True) == ""


def test_more_than_the_maximum_is_refused(host: Host) -> None:
    with pytest.raises(HostError, match="^cannot set the memory of the guest 'web' to 4194304 KiB: "):
        host.running.set_memory("web", 4194304)
    with pytest.raises(HostError, match="^cannot set the processors of the guest 'web' to 5: "):
        host.running.set_vcpus("web", 5)


def test_notes_come_and_go(host: Host) -> None:
    host.running.set_note("web", "title", "The web")
    host.running.set_note("web", "description", "Two\nlines")
    host.running.set_note("web", "element", "<rack row='3'/>", uri="http://example.org/rack", prefix="r")
    root = parse(host.guests.xml("web"))
    assert (path.text(root, "./title"), path.text(root, "./description")) == ("The web", "Two\nlines")
    assert root.find("metadata/{http://example.org/rack}rack").get("row") == "3"  # type: ignore[union-attr]
    assert says(host, "title", inactive=True) == says(host, "description", inactive=True) == ""
    host.running.set_note("web", "title", None)
    host.running.set_note("web", "element", None, uri="http://example.org/rack", prefix="r")
    root = parse(host.guests.xml("web"))
    assert root.find("title") is None and root.find("metadata/*") is None


def test_a_title_is_one_line(host: Host) -> None:
    with pytest.raises(HostError, match="^cannot set the title of the guest 'web': "):
        host.running.set_note("web", "title", "Two\nlines")


def test_limits_of_disks_interfaces_memory_and_shares(host: Host) -> None:
    host.running.set_disk_limits("web", "vda", {"total_bytes_sec": 1000, "total_bytes_sec_max": 2000})
    host.running.set_bandwidth("web", MAC, {"inbound.average": 128, "outbound.average": 64})
    host.running.set_memory_limits("web", {"hard_limit": 4194304})
    host.running.set_block_shares("web", {"weight": 300})
    assert says(host, "devices/disk/iotune/total_bytes_sec") == "1000"
    assert says(host, "devices/interface/bandwidth/inbound/@average") == "128"
    assert says(host, "devices/interface/bandwidth/outbound/@average") == "64"
    assert says(host, "memtune/hard_limit") == "4194304"
    assert says(host, "blkiotune/weight") == "300"


def test_limits_end(host: Host) -> None:
    host.running.set_bandwidth("web", MAC, {"inbound.average": 128})
    host.running.set_bandwidth("web", MAC, {"inbound.average": 0})
    host.running.set_memory_limits("web", {"hard_limit": 4194304})
    host.running.set_memory_limits("web", {"hard_limit": UNLIMITED})
    assert "average" not in host.guests.xml("web") and "memtune" not in host.guests.xml("web")


@pytest.mark.parametrize(
    "call",
    [
        lambda host: host.running.set_memory_limits("web", {"nonsense": 1}),
        lambda host: host.running.set_block_shares("web", {"nonsense": 1}),
        lambda host: host.running.set_bandwidth("web", MAC, {"nonsense": 1}),
    ],
)
def test_a_limit_that_nobody_knows(host: Host, call: Callable[[Host], object]) -> None:
    with pytest.raises(NotSupported, match="^cannot (limit|set) the .* 'web': .*nonsense"):
        call(host)


def test_a_value_that_does_not_fit(host: Host) -> None:
    with pytest.raises(HostError, match=f"^cannot limit the interface {MAC} of the guest 'web': "):
        host.running.set_bandwidth("web", MAC, {"inbound.average": -1})


def test_what_the_driver_does_not_offer(host: Host) -> None:
    with pytest.raises(HostError, match="^cannot set the processor time of the guest 'web': "):
        host.running.set_scheduling("web", {"cpu_shares": 512})
    with pytest.raises(HostError, match="^cannot pin the processor 0 of the guest 'web': "):
        host.running.pin_vcpu("web", 0, "0")
    with pytest.raises(HostError, match="^cannot pin the I/O thread 1 of the guest 'web': "):
        host.running.pin_iothread("web", 1, "0")


def test_pinning(host: Host) -> None:
    host.running.pin_emulator("web", "0,2-4,^3")
    assert says(host, "cputune/emulatorpin/@cpuset") == "0,2,4"
    host.running.pin_emulator("web", "")
    assert "cputune" not in host.guests.xml("web") or says(host, "cputune/emulatorpin/@cpuset") == "0-7"


def test_the_host_has_so_many_processors(host: Host) -> None:
    with pytest.raises(HostError, match="^the host has no processor 900: it has "):
        host.running.pin_emulator("web", "900")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("0", {0}), ("0-3", {0, 1, 2, 3}), ("0-3,^2,8", {0, 1, 3, 8}), ("4, 1", {1, 4}), ("1,^1", set())],
)
def test_lists_of_processors(text: str, numbers: set[int]) -> None:
    assert cpu_numbers(text) == numbers


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "1,,2", "^"])
def test_what_is_no_list_of_processors(text: str) -> None:
    with pytest.raises(HostError, match="is not a list of processors"):
        cpu_numbers(text)


@pytest.mark.parametrize("text", ["0-99999999999", "16384", "1,^0-16384", "9999999"])
def test_a_list_with_more_processors_than_libvirt_knows(text: str) -> None:
    with pytest.raises(HostError, match="names a processor above 16383"):
        cpu_numbers(text)


@pytest.mark.parametrize(
    "call",
    [
        lambda host: host.running.set_memory("x", 1),
        lambda host: host.running.set_vcpus("x", 1),
        lambda host: host.running.set_note("x", "title", ""),
        lambda host: host.running.set_disk_limits("x", "vda", {}),
        lambda host: host.running.set_scheduling("x", {}),
        lambda host: host.running.pin_vcpu("x", 0, ""),
    ],
)
def test_guests_that_are_not_there(host: Host, call: Callable[[Host], object]) -> None:
    with pytest.raises(NotThere, match="has no guest 'x'"):
        call(host)
