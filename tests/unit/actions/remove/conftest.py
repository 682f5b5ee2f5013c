"""Hosts of the test driver with real images in their pool, and plans for their guests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.qcow2 import write_qcow2
from virtprov.actions.remove.draft import Removal, plan
from virtprov.actions.request import RemoveRequest
from virtprov.host.connection import Host, connect

OFF = "<runstate xmlns='http://libvirt.org/schemas/domain/test/1.0'>5</runstate>"
MakeGuest = Callable[..., str]
MakeHost = Callable[..., Host]


def uuid_of(number: int) -> str:
    return f"9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e{number:02x}"


@pytest.fixture
def domain(tmp_path: Path) -> MakeGuest:
    """The XML of a guest that is off, unless it `runs`; `{}` in its devices is the folder of the pool."""

    def make(
        name: str, devices: str = "", *, number: int = 1, more: str = "", boot: str = "", runs: bool = False
    ) -> str:
        return (
            f"<domain type='test'><name>{name}</name><uuid>{uuid_of(number)}</uuid><memory>65536</memory>{more}"
            f"<os><type>hvm</type></os><devices>{devices.replace('{}', str(tmp_path))}</devices>"
            f"{'' if runs else OFF}</domain>"
        )

    return make


def disk(name: str, fmt: str = "qcow2", inside: str = "", device: str = "disk", target: str = "vda") -> str:
    """A disk in the folder of the pool, or anywhere."""
    path = name if name.startswith("/") else "{}/" + name
    return (
        f"<disk type='file' device='{device}'><driver name='qemu' type='{fmt}'/><source file='{path}'/>"
        f"<target dev='{target}'/>{inside}</disk>"
    )


@pytest.fixture
def host_with(tmp_path: Path) -> Iterator[MakeHost]:
    """A host with guests, and a pool `p` in the folder of the test: `images` are names, with their backing files."""
    with ExitStack() as opened:

        def make(*guests: str, images: dict[str, str] | None = None, more: str = "") -> Host:
            volumes = []
            for name, backing in (images or {}).items():
                path = tmp_path / name
                write_qcow2(path, backing)
                below = f"<backingStore><path>{tmp_path / backing}</path></backingStore>" if backing else ""
                volumes.append(
                    f"<volume type='file'><name>{name}</name><capacity>1</capacity><target><path>{path}</path>"
                    f"<format type='qcow2'/></target>{below}</volume>"
                )
            pool = f"<pool type='dir'><name>p</name><target><path>{tmp_path}</path></target>{''.join(volumes)}</pool>"
            place = tmp_path / "place.xml"
            place.write_text(f"<node>{pool}{more}{''.join(guests)}</node>")
            return opened.enter_context(connect(f"test://{place}"))

        yield make


def planned(host: Any, *names: str, **settings: Any) -> tuple[Removal, ...]:
    return plan(RemoveRequest(names, **settings), host)


def told(removal: Removal, folder: Path) -> list[str]:
    """What goes and what stays, as a command says it; the folder of the pool is left out."""
    lines = [
        f"- {thing.describe()}" if thing.goes else f"+ {thing.describe()}: {thing.why}" for thing in removal.things
    ]
    return [line.replace(f"{folder}/", "") for line in lines]
