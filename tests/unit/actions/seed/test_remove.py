"""The seed of a guest is detached and deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.run.plan import RunContext
from virtprov.actions.seed import remove
from virtprov.actions.seed.attach import Seed
from virtprov.guest.document import DomainDocument, Guest
from virtprov.support.errors import HostError

Around = Callable[[Any], RunContext]

DISK = "<disk type='file' device='disk'><source file='/srv/images/g.qcow2'/><target dev='vda' bus='virtio'/></disk>"


class Running(StandIn):
    """A host with a running guest that has the seed's drive, and what is done to it."""

    def __init__(self, document: str, *, lets_go: bool = True, refuses: bool = False) -> None:
        self.document, self.lets_go, self.refuses = document, lets_go, refuses
        self.done: list[str] = []

    def guests_xml(self, name: str) -> str:
        return self.document

    def running_update_device(self, name: str, xml: str) -> None:
        self.done.append("eject" if "<source" not in xml else "update")

    def running_detach_device(self, name: str, xml: str) -> None:
        self.done.append("detach")

    @contextmanager
    def running_watch(self, name: str) -> Iterator[Any]:
        yield SimpleNamespace(wait_device_gone=lambda alias, seconds: self.lets_go)

    def storage_delete_volume(self, pool: str, name: str) -> None:
        if self.refuses:
            raise HostError("in use")
        self.done.append(f"delete {pool}/{name}")


def made_seed(device: str) -> Seed:
    boot = DomainDocument.of(Guest.new(""))
    return Seed("p", "g-seed.iso", device, "until-ready", (), boot, boot, "")


SEED_DISK = "<disk device='disk'><source file='/p/g-seed.iso'/><target dev='vdb'/><alias name='virtio-disk1'/></disk>"
SEED_CD = "<disk device='cdrom'><source file='/p/g-seed.iso'/><target dev='sda'/></disk>"


@pytest.mark.parametrize(
    ("device", "there", "done"),
    [
        (SEED_DISK, SEED_DISK, ["detach", "delete p/g-seed.iso"]),
        (SEED_CD, SEED_CD, ["eject", "delete p/g-seed.iso"]),
        (SEED_DISK, DISK, ["delete p/g-seed.iso"]),  # somebody took it out already
    ],
)
def test_it_is_taken_out_and_deleted(device: str, there: str, done: list[str], context_of: Around, told: Any) -> None:
    host = Running(f"<domain><devices>{there}</devices></domain>")
    remove.detach_and_delete(context_of(host), "g", made_seed(device))
    assert (host.done, told.warned) == (done, [])


def test_a_guest_that_does_not_let_go_is_said(context_of: Around, told: Any) -> None:
    host = Running(f"<domain><devices>{SEED_DISK}</devices></domain>", lets_go=False)
    remove.detach_and_delete(context_of(host), "g", made_seed(SEED_DISK))
    assert host.done == ["detach", "delete p/g-seed.iso"]
    (warning,) = told.warned
    assert "the seed stays attached to 'g' until it is powered off" in warning and "vdb" in warning


def test_a_volume_that_cannot_be_deleted_is_said(context_of: Around, told: Any) -> None:
    remove.delete(context_of(Running("", refuses=True)), made_seed(SEED_DISK))
    assert told.warned == ["could not delete seed g-seed.iso from pool 'p': in use"]
