"""virtprov-clone copies a guest that is off, and the copy boots as a machine of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element

import pytest
from lab import inventory
from lab.domain import definition, disk_paths, mac_addresses, text
from lab.guests import Shell, shut_down, start
from lab.host import Done, Host
from lab.inventory import Inventory
from lab.shared import HOSTNAME, NAME, NOTE, Shared

pytestmark = pytest.mark.live

CLONE = "g2"


class Cloned(NamedTuple):
    """The two definitions, and what cloning printed and changed on the host."""

    done: Done
    original: Element
    copy: Element
    before: Inventory
    after: Inventory


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.fixture(scope="module")
def cloned(shared: Shared) -> Iterator[Cloned]:
    """A clone of the shared guest, neither of them running; the clone is gone after these tests."""
    host = shared.host
    shared.off()
    before = inventory.take(host)
    (source,) = disk_paths(definition(host, NAME))
    was = digest(host.outside(source))
    done = host.run(["virtprov-clone", "--original", NAME, "--name", CLONE, "--auto-clone", "--identity", "keep"])
    assert done.rc == 0, f"virtprov-clone: exit code {done.rc}\n{done.out}{done.err}"
    after = inventory.take(host)
    assert digest(host.outside(source)) == was, "the original's disk was written to"
    yield Cloned(done, definition(host, NAME), definition(host, CLONE), before, after)
    host.try_virsh("destroy", CLONE)
    host.virsh("undefine", CLONE, "--nvram", "--storage", disk_paths(definition(host, CLONE))[0])


@pytest.fixture(scope="module")
def booted(cloned: Cloned, shared: Shared) -> Iterator[Shell]:
    """A login on the clone, the original being off."""
    start(shared.host, CLONE, shared.shell)
    yield shared.shell
    shut_down(shared.host, CLONE)


def test_identities_differ(cloned: Cloned) -> None:
    assert text(cloned.copy, "./name") == CLONE
    assert text(cloned.copy, "./uuid") != text(cloned.original, "./uuid")
    (old,), (new,) = mac_addresses(cloned.original), mac_addresses(cloned.copy)
    assert new != old
    assert new.startswith("52:54:00:")


def test_the_disk_is_a_copy_of_its_own(cloned: Cloned, lab: Host) -> None:
    (old,), (new,) = disk_paths(cloned.original), disk_paths(cloned.copy)
    assert new != old
    chain = lab.execute(["qemu-img", "info", "--backing-chain", "--output=json", new])
    layers = [json.loads(chain.out)[0], *json.loads(chain.out)[1:]]
    assert old not in [layer["filename"] for layer in layers]
    assert layers[0]["virtual-size"] == 4 << 30
    assert layers[0]["format"] == "qcow2"


def test_nothing_else_is_new(cloned: Cloned) -> None:
    (disk,) = disk_paths(cloned.copy)
    assert set(cloned.after.files) - set(cloned.before.files) == {disk, f"/etc/libvirt/qemu/{CLONE}.xml"}
    assert len(set(cloned.after.guests) - set(cloned.before.guests)) == 1
    assert set(cloned.before.guests) <= set(cloned.after.guests)
    assert cloned.after.pools == cloned.before.pools


def test_the_clone_boots_with_the_content_of_the_original(booted: Shell) -> None:
    assert booted.run("cat /etc/lab-note; hostname") == f"{NOTE}{HOSTNAME}"


def test_the_guest_sees_its_new_identity(cloned: Cloned, booted: Shell) -> None:
    (mac,) = mac_addresses(cloned.copy)
    assert booted.run("cat /sys/class/net/eth0/address") == mac
    assert booted.run("sudo cat /sys/class/dmi/id/product_uuid").lower() == text(cloned.copy, "./uuid")


def test_the_original_stays_off_and_as_it_was(cloned: Cloned, booted: Shell, lab: Host) -> None:
    assert lab.virsh("domstate", NAME) == "shut off"
    assert text(definition(lab, NAME), "./uuid") == text(cloned.original, "./uuid")
