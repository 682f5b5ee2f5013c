"""What is known of the disks of templates, and what their clones forbid."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.qcow2 import write_qcow2
from tests.standin import StandIn
from virtprov.actions.run import templates
from virtprov.guest.document import Guest
from virtprov.guest.marks import template_mark
from virtprov.guest.marks.template_mark import Image, Mark
from virtprov.host.connection import Host, connect
from virtprov.host.facts.info import VolumeInfo
from virtprov.support.errors import HostError
from virtprov.xml import tree

NAMES = ("tmpl", "other", *(f"w{number}" for number in range(5)))


def domain(name: str, disk: str, *, number: int = 0, fmt: str = "raw") -> str:
    return (
        f"<domain type='test'><name>{name}</name><uuid>5f5e2c1a-9b7d-4c3e-8a6f-1d2b3c4d5e{number:02x}</uuid>"
        f"<memory>1024</memory><os><type>hvm</type></os><devices><disk type='file' device='disk'><driver name='qemu' "
        f"type='{fmt}'/><source file='{disk}'/><target dev='vda'/></disk></devices></domain>"
    )


@pytest.fixture
def host(tmp_path: Path, base: Path) -> Iterator[Host]:
    node = tmp_path / "node.xml"
    node.write_text(f"<node>{domain('tmpl', str(base))}</node>")
    with connect(f"test://{node}") as found:
        yield found


def test_the_state_of_a_file_on_this_machine(host: Host, base: Path) -> None:
    os.utime(base, ns=(0, 5_000_000_007))
    mark = templates.make_mark(host, Guest.parse(domain("tmpl", str(base))))
    assert mark == Mark((Image(str(base), 4, "5.000000007", 0o640),))


def test_devices_have_no_state(host: Host) -> None:
    disk = tree.parse("<disk type='block'><source dev='/dev/null'/></disk>")
    assert templates.read_image(host, disk) == Image("/dev/null")


class Far(StandIn):
    """A host elsewhere, whose pools know one file and one device."""

    is_remote = True
    is_recorded = False

    def storage_volume_at(self, path: str, *, fresh: bool = True) -> VolumeInfo | None:
        kind = "block" if path.startswith("/dev") else "file"
        return VolumeInfo("p", "v", path, path, kind, "raw", 9, 9, "", "", "", physical=8, mtime="7.5")


def test_the_state_of_files_elsewhere_is_told_by_their_pool(base: Path) -> None:
    far: Any = Far()
    file = tree.parse(f"<disk type='file'><source file='{base}'/></disk>")
    assert templates.read_image(far, file) == Image(str(base), 8, "7.5")
    assert templates.read_image(far, tree.parse("<disk type='block'><source dev='/dev/x'/></disk>")) == Image("/dev/x")


def test_an_older_mark_knows_the_permissions_and_autostart(host: Host, base: Path) -> None:
    guest = Guest.parse(domain("tmpl", str(base)))
    template_mark.write(guest, Mark((Image(str(base), 1, "1", 0o600), Image("/gone")), autostart=True))
    mark = templates.make_mark(host, guest)
    assert (mark.images[0].mode, mark.images[0].size, mark.autostart) == (0o600, 4, True)
    assert len(mark.images) == 1
    host.guests.set_autostart("tmpl", True)
    assert templates.make_mark(host, Guest.parse(domain("tmpl", str(base)))).autostart


def test_a_base_that_was_written_to(host: Host, base: Path) -> None:
    guest = Guest.parse(domain("tmpl", str(base)))
    template_mark.write(guest, templates.make_mark(host, guest))
    base.chmod(0o444)
    assert templates.find_changed(host, guest) == []
    templates.refuse_changed(host, guest)
    base.chmod(0o640)
    base.write_bytes(b"more than before")
    assert templates.find_changed(host, guest) == [str(base)]
    with pytest.raises(HostError, match="has been written to since") as caught:
        templates.refuse_changed(host, guest)
    assert "virtprov-xml tmpl --template yes" in caught.value.hint


def test_a_disk_that_was_added_is_not_protected(host: Host, base: Path) -> None:
    guest = Guest.parse(domain("tmpl", str(base)))
    template_mark.write(guest, Mark())
    with pytest.raises(HostError, match="was added to template 'tmpl' after it was marked") as caught:
        templates.refuse_changed(host, guest)
    assert "virtprov-xml tmpl --template yes" in caught.value.hint


def test_clones_forbid_what_would_damage_them(host: Host, base: Path, tmp_path: Path) -> None:
    guest = Guest.parse(domain("tmpl", str(base)))
    templates.refuse_dependent(host, guest, "started")
    for number in range(5):
        top = write_qcow2(tmp_path / f"w{number}.qcow2", str(base))
        host.guests.define(domain(f"w{number}", top, number=number + 1, fmt="qcow2"))
    write_qcow2(tmp_path / "loose.qcow2", str(base))
    with pytest.raises(HostError) as caught:
        templates.refuse_dependent(host, guest, "started")
    assert caught.value.message == (
        "'tmpl' cannot be started: its disks are the backing images of guest 'w0', guest 'w1', guest 'w2' and 3 more"
    )
    templates.refuse_template(host, guest, "started")  # no template: nothing is looked at
    template_mark.write(guest, Mark())
    with pytest.raises(HostError, match="cannot be started"):
        templates.refuse_template(host, guest, "started")


def test_what_cannot_be_a_template(host: Host, base: Path) -> None:
    guest = Guest.parse(domain("tmpl", str(base)))
    templates.check_candidate(host, guest)
    host.guests.define(domain("other", str(base), number=7))
    with pytest.raises(HostError, match="guest 'other' writes to its disk .*base.img"):
        templates.check_candidate(host, guest)
    templates.refuse_dependent(host, guest, "started")  # a shared disk is no backing image
    with pytest.raises(HostError, match="has no disk of its own"):
        templates.check_candidate(host, Guest.parse("<domain><name>x</name><devices/></domain>"))
