"""Hosts of libvirt's test driver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from virtprov.host.connection import Host, connect


@contextmanager
def place_with(folder: Path, objects: str) -> Iterator[Host]:
    """Connect to a host with these objects (XML), nobody else's; its document is written to the folder."""
    path = folder / "place.xml"
    path.write_text(f"<node>{objects}</node>")
    with connect(f"test://{path}") as host:
        yield host


@contextmanager
def default_host(name: str) -> Iterator[Host]:
    """Connect to test:///default, which keeps its guests as long as somebody is connected; `name` is removed then."""
    with connect("test:///default") as host:
        yield host
        if host.guests.find(name) is not None:
            host.guests.destroy(name)
            host.guests.undefine(name)
