"""What changes of memory, processors, metadata and limits mean for a running guest."""

from __future__ import annotations

import pytest

from virtprov.actions.edit.changing.changes import EDIT
from virtprov.actions.live import compare
from virtprov.actions.live.effects import BOOT, NEVER, NOW, Effect, Live
from virtprov.guest.document import Guest
from virtprov.host.running.tuning import UNLIMITED

from .running_guest import backs, calls, look, rows


def test_memory_within_the_maximum(guest: Guest) -> None:
    found = look(guest, EDIT, "memory", "1536")
    assert rows(found) == [("memory", NOW)]
    assert calls(found) == [("set_memory", 1572864)] and backs(found) == [("set_memory", 1048576)]


def test_memory_above_the_maximum_waits(guest: Guest) -> None:
    found = look(guest, EDIT, "memory", "4096")
    assert found == Live((Effect("memory", BOOT, "the guest was started with a maximum of 2 GiB"),))


def test_the_maximum_alone_waits(guest: Guest) -> None:
    found = look(guest, EDIT, "memory", "memory=1024,maxmemory=8192")
    assert rows(found) == [("memory: the maximum", BOOT)] and not found.ops


def test_both_amounts_of_memory(guest: Guest) -> None:
    found = look(guest, EDIT, "memory", "memory=2048,maxmemory=8192")
    assert rows(found) == [("memory", NOW), ("memory: the maximum", BOOT)]
    assert calls(found) == [("set_memory", 2097152)]


def test_memory_without_a_balloon(guest: Guest) -> None:
    guest.devices("memballoon")[0].set("model", "none")
    found = look(guest, EDIT, "memory", "1536")
    assert found == Live((Effect("memory", BOOT, "the guest has no memory balloon"),))


def test_processors(guest: Guest) -> None:
    found = look(guest, EDIT, "vcpus", "vcpu.current=3")
    assert rows(found) == [("vcpus", NOW)]
    assert calls(found) == [("set_vcpus", 3)] and backs(found) == [("set_vcpus", 2)]
    found = look(guest, EDIT, "vcpus", "8")
    assert found == Live((Effect("vcpus: the maximum", BOOT, "the guest was started with a maximum of 4"),))


def test_more_processors_later_and_some_now(guest: Guest) -> None:
    found = look(guest, EDIT, "vcpus", "vcpu.current=4,maxvcpus=8,cpuset=0-3")
    assert rows(found) == [("vcpus", NOW), ("vcpus: the maximum", BOOT), ("vcpus: cpuset", BOOT)]


def test_title_and_description(guest: Guest) -> None:
    found = look(guest, EDIT, "metadata", "title=The web,description=Two words")
    assert rows(found) == [("title", NOW), ("description", NOW)]
    assert calls(found) == [("set_note", "title", "The web"), ("set_note", "description", "Two words")]
    assert backs(found) == [("set_note", "title", None), ("set_note", "description", None)]


def test_an_element_of_the_metadata_loses_its_namespace() -> None:
    space = "http://example.org/rack"
    guest = Guest.parse(f"<domain><name>a</name><metadata><r:rack xmlns:r='{space}'/></metadata></domain>")
    after = Guest.parse(
        f"<domain><name>a</name><metadata><r:rack xmlns:r='{space}'><r:row n='3'>x</r:row></r:rack></metadata></domain>"
    )
    found = compare.effects(guest, after, [])
    assert calls(found) == [("set_note", "element", '<rack><row n="3">x</row></rack>\n')]
    assert dict(found.ops[0].call.named) == {"uri": space, "prefix": "r"}
    gone = compare.effects(after, Guest.parse("<domain><name>a</name></domain>"), [])
    assert calls(gone) == [("set_note", "element", None)] and rows(gone) == [("metadata: rack", NOW)]


@pytest.mark.parametrize("word", ["name=other", "uuid=9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e77"])
def test_name_and_uuid_take_another_guest(guest: Guest, word: str) -> None:
    found = look(guest, EDIT, "metadata", word)
    assert rows(found) == [(word.partition("=")[0], NEVER)] and not found.ops


def test_processor_time_and_pinning(guest: Guest) -> None:
    found = look(
        guest, EDIT, "cputune", "shares=1024,quota=50000,vcpupin1.vcpu=1,vcpupin1.cpuset=2,emulatorpin.cpuset=3"
    )
    assert rows(found) == [
        ("cputune: shares, quota", NOW),
        ("cputune: vcpupin 1", NOW),
        ("cputune: emulatorpin", NOW),
    ]
    assert calls(found) == [
        ("set_scheduling", {"cpu_shares": 1024, "vcpu_quota": 50000}),
        ("pin_vcpu", 1, "2"),
        ("pin_emulator", "3"),
    ]
    assert backs(found) == [
        ("set_scheduling", {"cpu_shares": 512, "vcpu_quota": -1}),
        ("pin_vcpu", 1, ""),
        ("pin_emulator", ""),
    ]


def test_what_of_cputune_waits(guest: Guest) -> None:
    found = look(guest, EDIT, "cputune", "shares=,vcpupin1.vcpu=3,vcpupin1.cpuset=2,vcpusched.vcpus=0")
    assert not found.ops
    assert [(row.what, row.why) for row in found.rows] == [
        ("cputune: shares", "libvirt has no call to remove it"),
        ("cputune: vcpupin 3", "the guest has 2 processors at the moment"),
        ("cputune: vcpusched.vcpus", "it only takes effect when the guest starts"),
    ]


def test_a_limit_that_was_not_there_cannot_be_taken_back(guest: Guest) -> None:
    found = look(guest, EDIT, "cputune", "period=20000")
    assert calls(found) == [("set_scheduling", {"vcpu_period": 20000})] and backs(found) == [None]


def test_limits_of_memory(guest: Guest) -> None:
    found = look(guest, EDIT, "memtune", "hard_limit=4194304")
    assert calls(found) == [("set_memory_limits", {"hard_limit": 4194304})]
    assert backs(found) == [("set_memory_limits", {"hard_limit": UNLIMITED})]
    assert rows(look(guest, EDIT, "memtune", "min_guarantee=5")) == [("memtune: min_guarantee", BOOT)]


def test_shares_of_disks(guest: Guest) -> None:
    found = look(guest, EDIT, "blkiotune", "weight=300,device.path=/dev/sda,device.weight=200")
    assert calls(found) == [("set_block_shares", {"device_weight": "/dev/sda,200", "weight": 300})]
    assert backs(found) == [None]
    guest.put("./blkiotune/weight", "500")
    found = look(guest, EDIT, "blkiotune", "weight=300")
    assert backs(found) == [("set_block_shares", {"weight": 500})]


def test_the_rest_waits(guest: Guest) -> None:
    found = look(guest, EDIT, "events", "on_poweroff=restart")
    assert found == Live((Effect("on_poweroff", BOOT, "it only takes effect when the guest starts"),))
    assert rows(look(guest, EDIT, "boot", "menu=on")) == [("os: bootmenu.enable", BOOT)]


def test_a_guest_without_a_definition_has_nothing_to_wait_in(guest: Guest) -> None:
    found = look(guest, EDIT, "events", "on_poweroff=restart", persistent=False)
    assert rows(found) == [("on_poweroff", NEVER)] and "no definition" in found.rows[0].why


def test_no_change_is_nothing(guest: Guest) -> None:
    assert look(guest, EDIT, "vcpus", "vcpu.current=2") == Live()
