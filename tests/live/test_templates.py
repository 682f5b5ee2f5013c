"""A template and its linked clones: its disks stay as they are while clones are made, boot and go."""

from __future__ import annotations

import hashlib
import json
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from lab import inventory
from lab.domain import definition, disk_paths
from lab.far import Far
from lab.guests import BOOT_DEADLINE, until
from lab.host import Done, Host
from lab.image import Image
from lab.inventory import Inventory

pytestmark = pytest.mark.live

NAME = "mould"
CLONES = [f"cast-{number}" for number in range(10)]
BOOTED = CLONES[:2]
LOG = "/var/log/libvirt"


class Family(NamedTuple):
    """The template's disks and their digests before it had clones; what the host held before, and what was printed."""

    disks: list[Path]
    digests: list[str]
    before: Inventory
    marked: Done
    cloned: list[Done]


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(scope="module")
def family(lab: Host, image: Image) -> Iterator[Family]:
    """A template with a qcow2 and a raw disk, and ten linked clones of it, made one after the other."""
    before = inventory.take(lab)
    made = lab.run(
        [
            *("virtprov-install", "--virt-type", "qemu", "--name", NAME, "--osinfo", "debian12", "--memory", "512"),
            *("--vcpus", "1", "--import", "--graphics", "none", "--network", "none", "--noautoconsole", "--autostart"),
            *("--disk", f"size=3,backing_store={image.disk}", "--disk", "size=1,format=raw,sparse=yes"),
            *("--serial", f"pty,log.file={LOG}/{NAME}.log"),
        ]
    )
    assert made.rc == 0, made.err
    lab.virsh("destroy", NAME)
    disks = [lab.outside(path) for path in disk_paths(definition(lab, NAME))]
    marked = lab.run(["virtprov-xml", NAME, "--template", "yes"])
    assert marked.rc == 0, marked.err
    digests = [digest(disk) for disk in disks]
    cloned = []
    for name in CLONES:
        words = ["virtprov-clone", NAME, "--name", name, "--auto-clone", "--linked", "--identity", "keep"]
        cloned.append(lab.run([*words, *(["--start"] if name in BOOTED else [])]))
        assert cloned[-1].rc == 0, cloned[-1].err
    yield Family(disks, digests, before, marked, cloned)
    for name in lab.virsh("list", "--all", "--name").split():
        if name in (NAME, *CLONES):
            lab.try_virsh("destroy", name)
            lab.virsh("undefine", name, "--remove-all-storage")


def test_two_clones_boot_and_the_base_stays_as_it_was(family: Family, lab: Host) -> None:
    def all_said() -> bool:
        said = [lab.outside(f"{LOG}/{name}.log").read_text(errors="replace") for name in BOOTED]
        return all("Freeing initrd memory" in text or "Run /init" in text for text in said)

    until("the clones' kernels run", all_said, lambda _: time.sleep(0.3), BOOT_DEADLINE)
    for name in BOOTED:
        lab.virsh("destroy", name)
    assert [digest(disk) for disk in family.disks] == family.digests
    assert [mode(disk) for disk in family.disks] == [0o444, 0o444]


def test_each_clone_has_thin_images_of_its_own(family: Family, lab: Host) -> None:
    bases = disk_paths(definition(lab, NAME))
    seen = set()
    for name in CLONES:
        found = definition(lab, name)
        assert [disk.get("type") for disk in found.findall("./devices/disk/driver")] == ["qcow2", "qcow2"]
        for path, base, fmt in zip(disk_paths(found), bases, ("qcow2", "raw"), strict=True):
            facts = json.loads(lab.execute(["qemu-img", "info", "--output=json", "-U", path]).out)
            assert (facts["backing-filename"], facts["backing-filename-format"]) == (base, fmt)
            assert facts["format"] == "qcow2"
            assert name in BOOTED or facts["actual-size"] < 1 << 20
            seen.add(path)
        assert "template" not in lab.virsh("dumpxml", name)
    assert len(seen) == 2 * len(CLONES) and not seen & set(bases)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["virtprov-xml", NAME, "--edit", "--memory", "600", "--start"], "started"),
        (["virtprov-xml", NAME, "--autostart", "yes"], "started with the host"),
        (["virtprov-xml", NAME, "--remove-device", "--disk", "2"], "loses"),
        (["virtprov-xml", NAME, "--template", "no"], "released"),
        (["virtprov-install", "--reinstall", NAME, "--pxe"], "reinstalled"),
        (["virtprov-clone", CLONES[0], "--replace", "--name", NAME, "--auto-clone"], "replaced"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_would_damage_the_clones_is_refused(family: Family, lab: Host, words: list[str], what: str) -> None:
    before = inventory.take(lab)
    text = lab.virsh("dumpxml", NAME, "--inactive")
    done = lab.run(words)
    assert done.rc == 3, done.err
    assert f"'{NAME}' cannot be " in done.err and what in done.err and "guest 'cast-" in done.err
    assert lab.virsh("dumpxml", NAME, "--inactive") == text
    assert inventory.take(lab) == before


def test_a_guest_that_is_no_template_has_no_linked_clones(family: Family, lab: Host) -> None:
    done = lab.run(["virtprov-clone", CLONES[5], "--name", "deep", "--auto-clone", "--linked"])
    assert done.rc == 3
    assert f"guest '{CLONES[5]}' is not a template" in done.err and "--make-template" in done.err


def test_a_clone_of_a_clone_that_is_made_a_template_on_the_way(family: Family, lab: Host) -> None:
    words = ["virtprov-clone", CLONES[5], "--name", "deep", "--auto-clone", "--make-template", "--identity", "keep"]
    done = lab.run(words)
    assert done.rc == 0, done.err
    assert 'template="yes"' in lab.virsh("dumpxml", CLONES[5])
    assert lab.run(["virtprov-xml", CLONES[5], "--template", "no"]).rc == 3
    lab.virsh("undefine", "deep", "--remove-all-storage")
    free = lab.run(["virtprov-xml", CLONES[5], "--template", "no"])
    assert free.rc == 0, free.err
    assert "template=" not in lab.virsh("dumpxml", CLONES[5])


def test_a_base_that_was_written_to_is_noticed(family: Family, lab: Host) -> None:
    """Other programs do not know the mark: they can start a template."""
    raw = family.disks[1]
    raw.chmod(0o600)
    with raw.open("r+b") as file:
        file.write(b"changed")
    words = ["virtprov-clone", NAME, "--name", "late", "--auto-clone", "--linked", "--identity", "keep"]
    done = lab.run(words)
    assert done.rc == 3 and "has been written to since the guest was marked" in done.err
    again = lab.run(["virtprov-xml", NAME, "--template", "yes"])
    assert again.rc == 0, again.err
    assert mode(raw) == 0o444
    assert lab.run(words).rc == 0
    lab.virsh("undefine", "late", "--remove-all-storage")


def test_the_end_of_a_template(family: Family, lab: Host) -> None:
    """Its disks can be written to again, and it starts with the host as before."""
    assert 'autostart="yes"' in lab.virsh("dumpxml", NAME)
    for name in CLONES:
        lab.virsh("undefine", name, "--remove-all-storage")
    done = lab.run(["virtprov-xml", NAME, "--template", "no"])
    assert done.rc == 0, done.err
    assert all(mode(disk) & 0o200 for disk in family.disks)
    assert "Autostart:      enable" in lab.virsh("dominfo", NAME)
    undone = lab.run(["virtprov-xml", "--undo"])
    assert undone.rc == 0, undone.err
    assert [mode(disk) for disk in family.disks] == [0o444, 0o444]
    assert lab.run(["virtprov-xml", NAME, "--template", "no"]).rc == 0
    lab.virsh("start", NAME)
    lab.virsh("destroy", NAME)
    lab.virsh("undefine", NAME, "--remove-all-storage")
    assert inventory.take(lab) == family.before


def test_linked_clones_on_another_host(farther: Far, lab: Host) -> None:
    """libvirt makes the image; the permissions of the disks stay, because it cannot change them."""
    uri, host = farther.tcp(), farther.host
    little = "--memory 32 --vcpus 1 --osinfo generic --import --graphics none --network none --noautoconsole".split()
    disk = "size=0.01,format=raw"
    made = lab.run(["virtprov-install", "--virt-type", "qemu", "--name", "mould-2", *little, "--disk", disk], uri=uri)
    assert made.rc == 0, made.err
    host.virsh("destroy", "mould-2")
    (base,) = disk_paths(definition(host, "mould-2"))
    words = ["virtprov-clone", "mould-2", "--name", "cast-far", "--auto-clone", "--identity", "keep"]
    done = lab.run([*words, "--make-template"], uri=uri)
    assert done.rc == 0, done.err
    (path,) = disk_paths(definition(host, "cast-far"))
    facts = json.loads(host.execute(["qemu-img", "info", "--output=json", path]).out)
    assert (facts["backing-filename"], facts["backing-filename-format"]) == (base, "raw")
    refused = lab.run(["virtprov-xml", "mould-2", "--template", "no"], uri=uri)
    assert refused.rc == 3 and "guest 'cast-far'" in refused.err
    host.outside(base).write_bytes(bytes(512))
    changed = lab.run([*words[:3], "cast-far-2", *words[4:], "--linked"], uri=uri)
    assert changed.rc == 3 and "has been written to" in changed.err
    host.virsh("undefine", "cast-far", "--remove-all-storage")
    ended = lab.run(["virtprov-xml", "mould-2", "--template", "no"], uri=uri)
    assert ended.rc == 0, ended.err
    host.virsh("undefine", "mould-2", "--remove-all-storage")
