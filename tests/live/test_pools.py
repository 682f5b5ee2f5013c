"""Volumes in every kind of pool that can run here, clones that share their blocks, and encrypted disks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import inventory
from lab.domain import definition, disk_paths
from lab.host import Done, Host
from lab.storage import SHARING, pools

pytestmark = pytest.mark.live

MIB = 1 << 20
# qemu-img times itself to find how often a LUKS password is to be hashed, and gives up on a machine that is busy.
UNLUCKY, TRIES = "Unable to get accurate CPU usage", 10
NAME, COPY = "stored", "stored-2"
LITTLE = "--memory 32 --vcpus 1 --osinfo generic --import --graphics none --network none --noautoconsole".split()


@pytest.fixture(scope="module")
def storage(lab: Host) -> Iterator[Host]:
    """The lab with pools on XFS, Btrfs, ext4 and a partitioned disk."""
    with pools(lab) as host:
        yield host


@pytest.fixture
def emptied(lab: Host) -> Iterator[None]:
    """Take away the guests of the test with all they have, and see that nothing else came."""
    before = inventory.take(lab)
    yield
    for name in (NAME, COPY):
        if name in lab.virsh("list", "--all", "--name").split():
            lab.try_virsh("destroy", name)
            lab.virsh("undefine", name, "--remove-all-storage", "--nvram")
    assert inventory.take(lab) == before


def install(host: Host, *words: str) -> Done:
    """Make the guest, which runs from then on, though it has nothing to boot."""
    argv = ["virtprov-install", "--virt-type", "qemu", "--name", NAME, *LITTLE, *words]
    done = host.run(argv, deadline=600)
    for _ in range(TRIES):
        if UNLUCKY not in done.err:
            break
        done = host.run(argv, deadline=600)
    assert done.rc == 0, done.err
    assert host.virsh("domstate", NAME) == "running"
    return done


def source(host: Host, name: str = NAME) -> str:
    """Where the guest's only disk lies."""
    (disk,) = definition(host, name).findall("./devices/disk")
    where = disk.find("./source")
    assert where is not None
    return where.get("file") or where.get("dev") or ""


@pytest.mark.parametrize("pool", ["xfs", "btrfs", "ext4"])
def test_a_new_disk_in_a_pool_of_files(storage: Host, emptied: None, pool: str) -> None:
    install(storage, "--disk", f"size=0.05,pool={pool}")
    folder = storage.virsh("pool-dumpxml", pool).partition("<path>")[2].partition("</path>")[0]
    assert source(storage) == f"{folder}/{NAME}.qcow2"
    listed = [line.split() for line in storage.virsh("vol-list", pool).splitlines()]
    assert [name for name, _ in listed if name != "lost+found"] == [f"{NAME}.qcow2"]


def test_a_new_disk_is_a_partition_of_a_disk(storage: Host, emptied: None) -> None:
    install(storage, "--disk", "size=0.03,pool=disk")
    where = source(storage)
    (disk,) = definition(storage, NAME).findall("./devices/disk")
    assert disk.get("type") == "block" and where.startswith("/dev/loop")
    told = storage.execute(["lsblk", "--json", "--bytes", "--output", "NAME,SIZE,TYPE", where])
    (found,) = json.loads(told.out)["blockdevices"]
    assert found["type"] == "part"
    assert 30 * MIB <= int(found["size"]) <= 33 * MIB
    # libvirt 9.0 cannot delete a partition of a disk whose name ends in a digit
    storage.virsh("destroy", NAME)
    storage.virsh("undefine", NAME)
    device = where.rpartition("p")[0]
    assert storage.execute(["parted", "--script", device, "rm", "1"]).rc == 0


def test_a_disk_that_does_not_fit_the_disk(storage: Host, emptied: None) -> None:
    words = ["virtprov-install", "--virt-type", "qemu", "--name", NAME, *LITTLE, "--disk", "size=1,pool=disk"]
    done = storage.run(words)
    assert done.rc == 3
    assert "'disk'" in done.err and "Traceback" not in done.err


def fill(host: Host, fmt: str, megabytes: int) -> str:
    """Power off the guest, write so much data to its disk, and return where that is."""
    host.virsh("destroy", NAME)
    path = source(host)
    raw = f"dd if=/dev/urandom of={path} bs=1M count={megabytes} conv=notrunc,fsync status=none"
    qcow2 = f"qemu-io -f qcow2 -c 'write -P 90 0 {megabytes}M' {path} && sync -d {path}"
    done = host.execute(["sh", "-c", raw if fmt == "raw" else qcow2])
    assert done.rc == 0, done.err
    return path


def clone(host: Host, *words: str) -> Done:
    """Clone the guest, and see that the disk of the original stays as it was."""
    before = digest(host, source(host))
    done = host.run(["virtprov-clone", NAME, "--name", COPY, *words])
    assert digest(host, source(host)) == before
    return done


def digest(host: Host, path: str) -> str:
    return host.execute(["sha256sum", path]).out.split()[0]


@pytest.mark.parametrize("pool", SHARING)
@pytest.mark.parametrize(("fmt", "words"), [("raw", ["--reflink"]), ("qcow2", ["--reflink"]), ("qcow2", [])])
def test_a_clone_shares_its_blocks(storage: Host, emptied: None, pool: str, fmt: str, words: list[str]) -> None:
    install(storage, "--disk", f"size=0.0625,pool={pool},format={fmt}")
    path = fill(storage, fmt, 32)
    cloned = clone(storage, "--auto-clone", *words)
    assert cloned.rc == 0, cloned.err
    assert "full copy" not in cloned.err
    copy = source(storage, COPY)
    assert storage.execute(["cmp", path, copy]).rc == 0
    extents = storage.execute(["filefrag", "-v", copy]).out
    data = [line for line in extents.splitlines() if line.lstrip()[:1].isdecimal()]
    assert data and all("shared" in line for line in data if "unwritten" not in line), extents


@pytest.mark.parametrize("fmt", ["raw", "qcow2"])
def test_blocks_that_cannot_be_shared_are_copied_and_said(storage: Host, emptied: None, fmt: str) -> None:
    install(storage, "--disk", f"size=0.01,pool=ext4,format={fmt}")
    path = fill(storage, fmt, 4)
    done = clone(storage, "--auto-clone", "--reflink")
    assert done.rc == 0, done.err
    assert f"is a full copy of {path}: the file system cannot share blocks" in done.err
    assert storage.execute(["cmp", path, source(storage, COPY)]).rc == 0


def test_a_copy_in_another_pool_and_format(storage: Host, emptied: None) -> None:
    install(storage, "--disk", "size=0.03,pool=ext4,format=qcow2")
    path = fill(storage, "qcow2", 8)
    done = clone(storage, "--copy", "hda,pool=xfs,format=raw")
    assert done.rc == 0, done.err
    copy = source(storage, COPY)
    assert copy.endswith(f"/xfs/{COPY}.img")
    compared = storage.execute(["qemu-img", "compare", "-f", "qcow2", "-F", "raw", path, copy])
    assert compared.rc == 0, compared.out
    (disk,) = definition(storage, COPY).findall("./devices/disk/driver")
    assert disk.get("type") == "raw"
    storage.virsh("start", COPY, "--paused")


def test_a_partition_is_copied_to_a_pool_of_files(storage: Host, emptied: None) -> None:
    install(storage, "--disk", "size=0.03,pool=disk")
    path = fill(storage, "raw", 2)
    try:
        done = clone(storage, "--pool", "xfs")
        assert done.rc == 0, done.err
        copy = source(storage, COPY)
        assert copy.endswith(".img") and "/xfs/" in copy
        assert storage.execute(["cmp", path, copy]).rc == 0
        used = int(storage.execute(["stat", "--format", "%b", copy]).out) * 512
        assert used < 4 * MIB, "what was never written takes space in the copy"
    finally:  # libvirt 9.0 cannot delete a partition of a disk whose name ends in a digit
        storage.virsh("undefine", NAME)
        assert storage.execute(["parted", "--script", path.rpartition("p")[0], "rm", "1"]).rc == 0
        storage.virsh("pool-refresh", "disk")


def test_copies_that_do_not_fit_are_refused_before_anything_is_written(storage: Host, emptied: None) -> None:
    install(storage, "--disk", "size=0.15,pool=xfs,format=raw")
    fill(storage, "raw", 140)
    before = inventory.take(storage)
    done = clone(storage, "--pool", "ext4")
    assert done.rc == 3, done.out + done.err
    assert re.search(r"needs 1[45]\d(\.\d)? MiB, but pool 'ext4' has only", done.err), done.err
    assert inventory.take(storage) == before


def test_an_encrypted_disk_opens_with_its_secret(lab: Host, emptied: None, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("open sesame")
    disk = f"size=0.03,format=raw,source.encryption.format=luks,encryption.password_file={tmp_path / 'password'}"
    install(lab, "--disk", disk)
    (path,) = disk_paths(definition(lab, NAME))
    told = lab.execute(["qemu-img", "info", "--force-share", "--output=json", path])
    facts = json.loads(told.out)
    assert facts.get("encrypted") or facts["format"] == "luks"
    (secret,) = [line.split()[0] for line in lab.virsh("secret-list").splitlines()]
    assert secret in lab.virsh("dumpxml", NAME)
    lab.virsh("secret-undefine", secret)
