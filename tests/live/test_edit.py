"""virtprov-xml changes a guest's definition, and the next boot is the changed machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from lab import inventory
from lab.domain import definition, disk_paths, text
from lab.guests import Shell
from lab.host import Done, Host
from lab.shared import ADDRESS, HOSTNAME, MEMORY_MIB, NAME, Shared

pytestmark = pytest.mark.live

MORE_MIB = MEMORY_MIB + 512


class Edited(NamedTuple):
    """What the two changes printed, and the definition before and after them."""

    memory: Done
    disk: Done
    before: ElementTree.Element
    after: ElementTree.Element


def checked(done: Done) -> Done:
    assert done.rc == 0, f"virtprov-xml: exit code {done.rc}\n{done.out}{done.err}"
    return done


@pytest.fixture(scope="module")
def edited(shared: Shared) -> Edited:
    """The shared guest with more memory and a second disk, shut off."""
    host = shared.host
    shared.off()
    before = definition(host, NAME)
    memory = checked(host.run(["virtprov-xml", NAME, "--edit", "--memory", str(MORE_MIB), "--define"]))
    disk = checked(host.run(["virtprov-xml", NAME, "--add-device", "--disk", "size=1,serial=EXTRA", "--define"]))
    return Edited(memory, disk, before, definition(host, NAME))


@pytest.fixture(scope="module")
def booted(edited: Edited, shared: Shared) -> Iterator[Shell]:
    """A login on the changed guest."""
    yield shared.running()
    shared.off()


def test_print_diff_changes_nothing(shared: Shared) -> None:
    before = inventory.take(shared.host), shared.host.virsh("dumpxml", NAME, "--inactive")
    argv = ["virtprov-xml", NAME, "--edit", "--vcpus", "3", "--print-diff"]
    done = checked(shared.host.run(argv))
    changes = [line for line in done.out.splitlines() if line.startswith(("+", "-")) and "vcpu" in line]
    assert len(changes) == 2, done.out
    assert (inventory.take(shared.host), shared.host.virsh("dumpxml", NAME, "--inactive")) == before


def test_both_changes_are_defined(edited: Edited) -> None:
    assert text(edited.after, "./memory") == text(edited.after, "./currentMemory") == str(MORE_MIB << 10)
    old, new = disk_paths(edited.before), disk_paths(edited.after)
    assert new[: len(old)] == old
    assert len(new) == len(old) + 1


def test_what_was_not_named_stays_as_it_was(edited: Edited) -> None:
    kept = ("./uuid", "./name", "./vcpu", "./os/type")
    assert [text(edited.after, path) for path in kept] == [text(edited.before, path) for path in kept]
    for device in ("interface", "controller", "channel", "rng", "serial", "console"):
        old = [ElementTree.tostring(one).strip() for one in edited.before.findall(f"./devices/{device}")]
        new = [ElementTree.tostring(one).strip() for one in edited.after.findall(f"./devices/{device}")]
        assert [one for one in old if one not in new] == [], device


def test_the_next_boot_sees_the_memory(booted: Shell) -> None:
    total = int(booted.run("awk '/^MemTotal/ {print $2}' /proc/meminfo")) >> 10
    assert MORE_MIB * 0.8 < total <= MORE_MIB
    assert total > MEMORY_MIB


def test_the_next_boot_sees_the_disk(booted: Shell) -> None:
    sectors, serial = booted.run("cat /sys/block/vdb/size /sys/block/vdb/serial").split()
    assert (int(sectors) * 512, serial) == (1 << 30, "EXTRA")


def test_a_boot_without_the_seed_keeps_what_the_seed_said(booted: Shell) -> None:
    assert booted.run("hostname") == HOSTNAME
    assert ADDRESS in booted.run("ip -4 address show dev eth0")
    assert booted.run("id -un anna") == "anna"


def test_a_second_definition_of_the_same_is_no_change(edited: Edited, lab: Host) -> None:
    before = lab.virsh("dumpxml", NAME, "--inactive")
    checked(lab.run(["virtprov-xml", NAME, "--edit", "--memory", str(MORE_MIB), "--define"]))
    assert lab.virsh("dumpxml", NAME, "--inactive") == before
