"""virtprov-install makes a guest from a cloud image, and the guest becomes what its seed says."""

from __future__ import annotations

import json

import pytest
from lab.domain import definition, disk_paths
from lab.image import Image
from lab.shared import ADDRESS, DISK_GIB, HOSTNAME, MEMORY_MIB, NAME, NOTE, Shared

pytestmark = pytest.mark.live


def test_the_guest_is_ready_when_the_command_ends(shared: Shared) -> None:
    status = shared.shell.try_run("cloud-init status")
    assert status.out.strip() == "status: done", "cloud-init was not done yet, or has complaints"
    assert shared.host.virsh("domstate", NAME) == "running"


def test_the_command_says_what_it_did_and_nothing_alarming(shared: Shared) -> None:
    told = shared.done.out + shared.done.err
    assert NAME in told
    for word in ("Traceback", "rror", "arning"):
        assert word not in told


def test_the_seed_names_the_guest(shared: Shared) -> None:
    assert shared.running().run("hostname") == HOSTNAME


def test_the_seed_lets_its_user_in(shared: Shared) -> None:
    shell = shared.running()
    assert shell.run("sudo -n id -un") == "root"
    anna = shell.of("anna")
    assert anna.run("id -un; getent passwd anna | cut -d: -f5,7") == "anna\nAnna of the tests:/bin/bash"


def test_the_seed_writes_its_file(shared: Shared) -> None:
    assert shared.running().run("cat /etc/lab-note") == NOTE.strip()


def test_the_seed_gives_a_fixed_address(shared: Shared) -> None:
    listed = json.loads(shared.running().run("ip -json -4 address show scope global"))
    assert [(one["ifname"], each["local"]) for one in listed for each in one["addr_info"]] == [("eth0", ADDRESS)]


def test_the_seed_is_gone(shared: Shared) -> None:
    for inactive in (False, True):
        paths = disk_paths(definition(shared.host, NAME, inactive=inactive))
        assert len(paths) == 1, f"something is left beside the guest's disk: {paths}"
    new = [name for name in shared.after.files if name not in shared.before.files]
    assert [name for name in new if name.endswith(".iso")] == []
    assert len(set(shared.after.volumes) - set(shared.before.volumes)) == 1, "only the guest's disk is new"
    assert shared.after.pools == shared.before.pools
    assert shared.running().run("lsblk --nodeps --noheadings --output NAME") == "vda"


def test_the_definition_has_no_trace_of_the_first_boot(shared: Shared) -> None:
    domain = definition(shared.host, NAME)
    assert domain.find("./sysinfo") is None
    assert domain.findtext("./on_reboot", "restart") == "restart"
    assert domain.find("./os/kernel") is None


def test_the_disk_is_an_overlay_that_grew(shared: Shared, image: Image) -> None:
    (path,) = disk_paths(definition(shared.host, NAME))
    told = shared.host.execute(["qemu-img", "info", "--force-share", "--output=json", path])
    facts = json.loads(told.out)
    assert facts["format"] == "qcow2"
    assert facts["virtual-size"] == DISK_GIB << 30
    assert facts["backing-filename"] == str(image.disk)
    root = int(shared.running().run("df --output=size --block-size=1M / | tail -1"))
    assert root > (DISK_GIB - 1) << 10, "the root file system did not grow into the disk"


def test_memory_and_processors_are_as_asked(shared: Shared) -> None:
    shell = shared.running()
    assert shell.run("nproc") == "2"
    total = int(shell.run("awk '/^MemTotal/ {print $2}' /proc/meminfo")) >> 10
    assert MEMORY_MIB * 0.8 < total <= MEMORY_MIB
