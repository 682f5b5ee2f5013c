"""Who stands on the disks of a guest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.qcow2 import write_qcow2
from tests.standin import StandIn
from virtprov.actions.run.children import Child, find_children
from virtprov.guest.document import Guest
from virtprov.host.connection import Host, connect

HOSTS = Path(__file__).resolve().parents[3] / "data" / "hosts"


def domain(name: str, *disks: str, number: int = 1) -> str:
    uuid = f"5f5e2c1a-9b7d-4c3e-8a6f-1d2b3c4d5e{number:02x}"
    listed = "".join(
        f"<disk type='file' device='disk'>{disk}<target dev='vd{chr(97 + at)}'/></disk>"
        for at, disk in enumerate(disks)
    )
    return (
        f"<domain type='test'><name>{name}</name><uuid>{uuid}</uuid><memory>1024</memory><os><type>hvm</type></os>"
        f"<devices>{listed}</devices></domain>"
    )


def image(path: str, fmt: str = "qcow2", more: str = "") -> str:
    return f"<driver name='qemu' type='{fmt}'/><source file='{path}'/>{more}"


@pytest.fixture
def host_with(tmp_path: Path) -> Callable[..., Any]:
    @contextmanager
    def host(*parts: str) -> Iterator[Host]:
        node = tmp_path / "node.xml"
        node.write_text(f"<node>{''.join(parts)}</node>")
        with connect(f"test://{node}") as found:
            yield found

    return host


def test_guests_and_loose_images_on_top_are_found(tmp_path: Path, host_with: Callable[..., Any]) -> None:
    base = write_qcow2(tmp_path / "base.qcow2")
    one, deep = write_qcow2(tmp_path / "one.qcow2", base), write_qcow2(tmp_path / "deep.qcow2", "one.qcow2")
    loose = write_qcow2(tmp_path / "loose.qcow2", "base.qcow2")
    other = write_qcow2(tmp_path / "other.qcow2")
    tmpl = domain("tmpl", image(base))
    guests = [
        domain("w1", image(deep), number=2),
        domain("twin", image(other), image(base), number=3),
        domain("alone", image(other), number=4),
        domain("raw", image(one, "raw"), number=5),  # its bytes are its own, whatever they say
    ]
    with host_with(tmpl, *guests) as host:
        assert find_children(host, Guest.parse(tmpl)) == (
            Child(base, guest="twin", shares=True),
            Child(base, guest="w1"),
            Child(base, image=loose),
        )
        assert [child.label for child in find_children(host, Guest.parse(guests[0]))] == []


def test_links_to_a_disk_lead_to_it(tmp_path: Path, host_with: Callable[..., Any]) -> None:
    base = write_qcow2(tmp_path / "base.qcow2")
    (tmp_path / "link.qcow2").symlink_to(base)
    tmpl = domain("tmpl", image(str(tmp_path / "link.qcow2")))
    top = write_qcow2(tmp_path / "top.qcow2", base)
    with host_with(tmpl, domain("w1", image(top), number=2)) as host:
        (child,) = find_children(host, Guest.parse(tmpl))
        assert (child.guest, child.image, child.label) == ("w1", "", "guest 'w1'")


def test_an_image_that_is_based_on_a_link_to_a_disk(tmp_path: Path, host_with: Callable[..., Any]) -> None:
    base = write_qcow2(tmp_path / "base.qcow2")
    (tmp_path / "link.qcow2").symlink_to(base)
    loose = write_qcow2(tmp_path / "loose.qcow2", "link.qcow2")
    tmpl = domain("tmpl", image(base))
    with host_with(tmpl) as host:
        assert Child(base, image=loose) in find_children(host, Guest.parse(tmpl))


def test_nobody_stands_on_a_read_only_medium(tmp_path: Path, host_with: Callable[..., Any]) -> None:
    iso = tmp_path / "install.iso"
    iso.write_bytes(b"x")
    tmpl = domain("tmpl", image(str(iso), "raw", "<readonly/>"))
    with host_with(tmpl, domain("w1", image(str(iso), "raw", "<readonly/>"), number=2)) as host:
        assert find_children(host, Guest.parse(tmpl)) == ()


def test_volumes_of_another_machine_are_told_by_its_pools(tmp_path: Path) -> None:
    """The files of a recorded host are elsewhere."""
    with connect(f"recorded://{HOSTS / 'kvm'}") as host:
        base = domain("tmpl", image("/srv/images/base.qcow2"), number=9)
        found = find_children(host, Guest.parse(base))
    assert {child.disk for child in found} == {"/srv/images/base.qcow2"}
    assert found and all(not child.shares for child in found)


def test_every_guest_is_read_once(tmp_path: Path, host_with: Callable[..., Any]) -> None:
    class Counting(StandIn):
        def __init__(self, host: Host) -> None:
            self.real, self.reads = host, []  # type: ignore[var-annotated]

        def guests_documents(self, *, inactive: bool = False) -> Iterator[str]:
            self.reads.append(inactive)
            return self.real.guests.documents(inactive=inactive)  # type: ignore[no-any-return]

    base = write_qcow2(tmp_path / "base.qcow2")
    tmpl = domain("tmpl", image(base), image(write_qcow2(tmp_path / "b.qcow2")))
    with host_with(tmpl, domain("w1", image(base), number=2)) as real:
        host: Any = Counting(real)
        assert len(find_children(host, Guest.parse(tmpl))) == 1
        assert host.reads == [False, True]
        assert find_children(host, Guest.parse(domain("none"))) == ()
        assert host.reads == [False, True]
