"""Guests to copy on a recorded host: images of its pools, and files that no pool knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.clone.draft import ClonePlan
from virtprov.actions.run.plan import RunContext, apply
from virtprov.host.connection import Host, connect
from virtprov.support.errors import HostError
from virtprov.support.terminal.progress import Progress

HOSTS = Path(__file__).resolve().parents[3] / "data" / "hosts"


@pytest.fixture
def kvm() -> Iterator[Host]:
    with connect(f"recorded://{HOSTS / 'kvm'}") as host:
        yield host


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with two disk images that no pool knows."""
    (tmp_path / "one.img").write_bytes(b"one" * 1000)
    (tmp_path / "data.img").write_bytes(b"data" * 1000)
    return tmp_path


class Refusing(StandIn):
    """A host that refuses to define guests."""

    def __init__(self, host: Host) -> None:
        self.real = host

    def guests_define(self, xml: str) -> None:
        raise HostError("not defined")


class Sized(StandIn):
    """A host whose pools have so many bytes left."""

    def __init__(self, host: Host, available: int) -> None:
        self.real, self.available = host, available

    def storage_pool_at(self, directory: str) -> Any:
        found = self.real.storage.pool_at(directory)
        return found and found._replace(available=self.available)


@pytest.fixture
def refusing() -> type[Refusing]:
    """The class of hosts that refuse to define guests."""
    return Refusing


@pytest.fixture
def document() -> Callable[..., bytes]:
    """Writes the document of a guest with disks in a folder: document(folder, more="", second="")."""

    def write(folder: Path, *, more: str = "", second: str = "") -> bytes:
        return f"""<domain type='kvm'><name>one</name><uuid>5f5e2c1a-9b7d-4c3e-8a6f-1d2b3c4d5e6f</uuid>
<memory>65536</memory><os><type arch='x86_64' machine='pc-q35-8.2'>hvm</type>{more}</os><devices>
<disk type='file' device='disk'><source file='{folder}/one.img'/><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='disk'><source file='{folder}/data.img'/><target dev='vdb' bus='virtio'/>{second}</disk>
<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
</devices></domain>""".encode()

    return write


@pytest.fixture
def put() -> Callable[[ClonePlan, Any], list[str]]:
    """Applies a plan; returns what was said."""

    def run(made: ClonePlan, host: Any) -> list[str]:
        said: list[str] = []
        apply(made.plan, RunContext(host, Progress(), said.append, said.append))
        return said

    return run
