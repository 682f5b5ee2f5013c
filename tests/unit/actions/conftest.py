"""Hosts in this process that steps can really change, and a context that records the messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.place import place_with
from virtprov.actions.run.plan import RunContext
from virtprov.host.connection import Host, connect
from virtprov.support.terminal.progress import Progress

HOSTS = Path(__file__).resolve().parents[2] / "data" / "hosts"

IMAGES = """<pool type='dir'><name>images</name><target><path>/srv/images</path></target>
<volume type='file'><name>base.qcow2</name><capacity unit='GiB'>3</capacity><target><path>/srv/images/base.qcow2</path>
<format type='qcow2'/></target></volume></pool>"""
GUEST = """<domain type='test'><name>web</name><uuid>9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01</uuid><memory>65536</memory>
<os><type>hvm</type></os><devices/></domain>"""


@pytest.fixture(autouse=True)
def bundled_profiles(only_bundled_profiles: None) -> None:
    """Nothing here depends on the profiles of this machine."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory of our own, which is made when it is needed."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "virtprov"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Host]:
    """A host of libvirt's test driver, nobody else's, with the pool `images` and the guest `web`, which runs."""
    with place_with(tmp_path, IMAGES + GUEST) as host:
        yield host


@pytest.fixture
def recorded() -> Iterator[Host]:
    """The recorded KVM host; what is changed there is gone with the connection."""
    with connect(f"recorded://{HOSTS / 'kvm'}") as host:
        yield host


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A disk image of this machine that its group may read."""
    path = tmp_path / "base.img"
    path.write_bytes(b"base")
    path.chmod(0o640)
    return path


class Told:
    """What was said and warned of."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.warned: list[str] = []


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def context_of(told: Told) -> Callable[[Any], RunContext]:
    """A context around a host, or around something that behaves like one."""
    return lambda host: RunContext(host, Progress(), told.said.append, told.warned.append)


@pytest.fixture
def listed() -> Callable[[Host], dict[str, list[str]]]:
    """Everything that is on a host, to compare before and after."""

    def look(host: Host) -> dict[str, list[str]]:
        pools = {pool.name: sorted(host.storage.volume_names(pool.name)) for pool in host.storage.pools()}
        guests = [f"{name} {host.guests.find(name).state}" for name in host.guests.names()]  # type: ignore[union-attr]
        return {"guests": guests, **{f"pool {name}": volumes for name, volumes in pools.items()}}

    return look
