"""Hosts that live in this process: libvirt's test driver, and the recorded hosts of tests/data/hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from virtprov.host.connection import Host, connect

HOSTS = Path(__file__).resolve().parents[2] / "data" / "hosts"


@pytest.fixture
def hosts() -> Path:
    """The folder with the recorded hosts."""
    return HOSTS


@pytest.fixture
def kvm() -> Iterator[Host]:
    """A recorded x86-64 KVM host with guests, networks, pools, devices and several domain capabilities."""
    with connect(f"recorded://{HOSTS / 'kvm'}") as host:
        yield host


@pytest.fixture
def make_host(tmp_path: Path) -> Iterator[Callable[[str], Host]]:
    """Opens the test driver on a document: make_host("<pool ...>...</pool>")."""
    made: list[Host] = []

    def make(inventory: str = "") -> Host:
        path = tmp_path / f"inventory-{len(made)}.xml"
        path.write_text(f"<node>{inventory}</node>")
        made.append(connect(f"test://{path}"))
        return made[-1]

    yield make
    for host in made:
        host.close()


@pytest.fixture
def pool_host(make_host: Callable[[str], Host]) -> Host:
    """An unrecorded host with one directory pool and one volume."""
    return make_host(
        "<pool type='dir'><name>images</name><target><path>/srv/images</path></target>"
        "<volume type='file'><name>base.qcow2</name><capacity unit='MiB'>8</capacity>"
        "<target><path>/srv/images/base.qcow2</path><format type='qcow2'/></target></volume></pool>"
    )
