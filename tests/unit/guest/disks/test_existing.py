"""What is there: formats by the first bytes, whatever the pool remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.standin import StandIn
from virtprov.guest.disks.existing import Lookup
from virtprov.host.connection import Host
from virtprov.host.facts.info import VolumeInfo
from virtprov.support.file_access.image_header import HEAD

QCOW2 = b"QFI\xfb\0\0\0\3".ljust(HEAD, b"\0")


def volume(path: str, format: str, kind: str = "file") -> VolumeInfo:
    return VolumeInfo("images", "v", path, path, kind, format, 4096, 0, "", "", "")


class Handing(StandIn):
    """A host that is somewhere else, or here, and hands out a volume's first bytes."""

    is_recorded = False

    def __init__(self, head: bytes | None, *, remote: bool) -> None:
        self.head, self.is_remote = head, remote

    def storage_volume_head(self, pool: str, name: str, length: int) -> bytes | None:
        assert (pool, name, length) == ("images", "v", HEAD)
        return self.head


@pytest.mark.parametrize(
    ("content", "known", "format"),
    [
        (QCOW2, "raw", "qcow2"),  # converted since the pool was read
        (b"\0" * HEAD, "qcow2", "raw"),
        (b"\0" * HEAD, "dmg", "dmg"),  # no bytes that we know
        (b"\0" * HEAD, "iso", "raw"),
        (b"", "", "raw"),
    ],
)
@pytest.mark.parametrize("remote", [False, True])
def test_the_bytes_say_more_than_a_stale_pool(
    content: bytes, known: str, format: str, remote: bool, tmp_path: Path
) -> None:
    path = tmp_path / "v"
    path.write_bytes(b"" if remote else content)
    host = Handing(content, remote=remote)
    assert Lookup(host).format_of(str(path), volume(str(path), known)) == format


def test_a_file_that_cannot_be_read_here_is_read_through_the_host(tmp_path: Path) -> None:
    where = str(tmp_path / "hidden")
    lookup = Lookup(Handing(QCOW2, remote=False))
    assert lookup.format_of(where, volume(where, "raw")) == "qcow2"


def test_a_host_that_hands_out_nothing_leaves_it_to_the_pool() -> None:
    lookup = Lookup(Handing(None, remote=True))
    assert lookup.format_of("/v", volume("/v", "vmdk")) == "vmdk"


def test_the_driver_without_downloads(kvm: Host) -> None:
    assert kvm.storage.volume_head("images", "web.qcow2", HEAD) is None
    assert kvm.storage.volume_head("images", "nothing", HEAD) is None
