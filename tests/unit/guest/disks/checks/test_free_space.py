"""Room for new disks, also where the directory is still to be made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from virtprov.guest.disks.checks.free_space import Room
from virtprov.host.connection import Host
from virtprov.support.errors import HostError
from virtprov.support.notation.units import GIB


class Here:
    """A host on this machine that runs guests."""

    driver, is_remote, is_recorded = "qemu", False, False


def test_a_directory_that_is_not_there_yet_counts_as_its_parent(tmp_path: Path) -> None:
    where = str(tmp_path / "new" / "images" / "a.img")
    found = os.statvfs(tmp_path)
    room = Room(Here(), [], check_space=True)  # type: ignore[arg-type]
    room.check(None, 1, False, where)
    with pytest.raises(HostError, match="can grow larger than"):
        room.check(None, found.f_blocks * found.f_frsize + 1, False, where)
    with pytest.raises(HostError, match="does not fit into"):
        room.check(None, found.f_blocks * found.f_frsize + 1, True, where)


def test_full_disks_add_up(kvm: Host) -> None:
    pool = kvm.storage.pool("images")
    assert pool is not None
    half = pool.available // 2 + 1
    room = Room(kvm, [], check_space=True)
    room.check(pool, half, True, "/srv/images/a")
    with pytest.raises(HostError, match="does not fit"):
        room.check(pool, half, True, "/srv/images/b")


def test_sparse_disks_do_not(kvm: Host) -> None:
    pool = kvm.storage.pool("images")
    assert pool is not None
    notes: list[str] = []
    room = Room(kvm, notes, check_space=False)
    room.check(pool, pool.available, False, "/srv/images/a")
    room.check(pool, pool.available, False, "/srv/images/b")
    assert notes == []
    room.check(pool, pool.available + GIB, False, "/srv/images/c")
    assert len(notes) == 1 and "can grow larger than pool 'images'" in notes[0]
