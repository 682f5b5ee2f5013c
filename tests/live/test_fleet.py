"""One edit of 200 guests: all or none, the way back, and a run that is killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import many_guests
from lab.guests import until
from lab.host import Host

pytestmark = pytest.mark.live

COUNT = 200
BAD = "fleet117"
SECRET = "sesame"
# Two processors at most; the bad one has a single one, and no disk.
DOMAIN = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>64</memory><vcpu>{vcpus}</vcpu>
<metadata><my:note xmlns:my='urn:lab'>of {name}</my:note></metadata><os><type arch='x86_64'>hvm</type></os>
<devices>{disk}<graphics type='vnc' passwd='{secret}'/></devices></domain>"""
DISK = "<disk type='file' device='disk'><source file='/var/lib/libvirt/images/{name}'/><target dev='vda'/></disk>"

Shown = dict[str, tuple[str, int]]


def names() -> list[str]:
    return [f"fleet{number:03d}" for number in range(COUNT)]


def document(name: str) -> str:
    bad = name == BAD
    disk = "" if bad else DISK.format(name=name)
    return DOMAIN.format(name=name, vcpus=1 if bad else 2, disk=disk, secret=SECRET)


def shown(host: Host) -> Shown:
    """Every guest of the fleet, byte by byte, and whether it starts with the host."""
    return many_guests.read(host, "fleet")


@pytest.fixture(scope="module")
def fleet(lab: Host) -> Iterator[Host]:
    """The host with 200 guests that are never started."""
    many_guests.define(lab, [document(name) for name in names()])
    yield lab
    many_guests.undefine(lab, "fleet")


def differing(one: Shown, other: Shown) -> list[str]:
    return sorted(name for name in one if one[name] != other.get(name))


def test_one_that_has_no_such_device_keeps_all_as_they_were(fleet: Host) -> None:
    before = shown(fleet)
    assert len(before) == COUNT and all(SECRET in text for text, _ in before.values())
    done = fleet.run(["virtprov-xml", "fleet*", "--edit", "target.dev=vda", "--disk", "cache=none"])
    assert done.rc == 2 and f"{BAD}: the guest has no disk device; no guest has been changed" in done.err
    assert shown(fleet) == before


def test_one_that_libvirt_refuses_keeps_all_as_they_were(fleet: Host) -> None:
    before = shown(fleet)
    done = fleet.run(["virtprov-xml", "fleet*", "--edit", "--xml", "./vcpu/@current=2"])
    assert done.rc == 3 and f"cannot define the guest '{BAD}'" in done.err, done.err
    assert "the other guests have been restored" in done.err
    assert shown(fleet) == before


def test_the_others_are_changed_and_all_are_put_back(fleet: Host) -> None:
    before = shown(fleet)
    argv = ["virtprov-xml", "fleet*", "--edit", "target.dev=vda", "--disk", "cache=none", "--autostart", "yes"]
    done = fleet.run([*argv, "--keep-going"])
    assert done.rc == 1 and f"error: {BAD}: the guest has no disk device" in done.err
    assert done.out == f"{COUNT - 1} of {COUNT} guests changed, 1 failed.\n"
    after = shown(fleet)
    assert differing(before, after) == [name for name in names() if name != BAD]
    assert all("cache='none'" in text and start for name, (text, start) in after.items() if name != BAD)
    verified = fleet.run([*argv[:1], "--where", "devices/disk", *argv[2:], "--verify"])
    assert (verified.rc, verified.out) == (0, f"{COUNT - 1} of {COUNT - 1} guests match.\n")
    undone = fleet.run(["virtprov-xml", "--undo"])
    assert undone.rc == 0, undone.err
    assert shown(fleet) == before


def test_a_guest_that_was_changed_since_is_not_put_back(fleet: Host) -> None:
    before = shown(fleet)
    assert fleet.run(["virtprov-xml", "fleet00?", "--edit", "--memory", "96"]).rc == 0
    fleet.virsh("desc", "fleet003", "--config", "of somebody else")
    between = shown(fleet)
    refused = fleet.run(["virtprov-xml", "--undo"])
    assert refused.rc == 3 and "the definition of 'fleet003' has been changed since that run" in refused.err
    assert shown(fleet) == between
    assert fleet.run(["virtprov-xml", "--undo", "--keep-going"]).rc == 1
    assert differing(before, shown(fleet)) == ["fleet003"]
    many_guests.define(fleet, [before["fleet003"][0]])
    assert shown(fleet) == before


def journals(host: Host) -> set[Path]:
    return set((host.state / "home/.local/state/virtprov").glob("edit-*.jsonl"))


def begun(process: subprocess.Popen[str], host: Host, known: set[Path]) -> int:
    """How many definitions a running command has noted as stored."""
    assert process.poll() is None, "the command was over before it could be killed"
    return sum(path.read_bytes().count(b'{"left":') for path in journals(host) - known)


def test_a_run_that_is_killed_is_put_back(fleet: Host) -> None:
    before, known = shown(fleet), journals(fleet)
    process = fleet.start(fleet.own(["virtprov-xml", "fleet*", "--edit", "--memory", "96"]))
    until("ten definitions are stored", lambda: begun(process, fleet, known) >= 10, lambda seconds: None, 300)
    (command,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(command), signal.SIGKILL)
    process.communicate()
    changed = differing(before, shown(fleet))
    assert 10 <= len(changed) < COUNT
    undone = fleet.run(["virtprov-xml", "--undo"])
    assert undone.rc == 0 and undone.out.startswith(f"{len(changed)} guests restored"), undone.err
    assert shown(fleet) == before
