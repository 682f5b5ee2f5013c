"""Linked clones: thin images on top of the disks of a template."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.qcow2 import write_qcow2
from tests.standin import StandIn
from virtprov.actions.clone import draft, linked
from virtprov.actions.clone.draft import ClonePlan
from virtprov.actions.clone.places import Destination, Original
from virtprov.actions.request import CloneRequest, DiskChoice
from virtprov.actions.run import templates
from virtprov.actions.run.plan import RunContext, apply
from virtprov.actions.steps.storage import MakeVolume
from virtprov.guest.disks.new.volumes import NewVolume
from virtprov.guest.document import Guest
from virtprov.guest.marks import template_mark
from virtprov.host.connection import Host, connect
from virtprov.host.facts.info import VolumeInfo
from virtprov.support.errors import HostError, UsageError
from virtprov.xml import tree

Around = Callable[[Any], RunContext]
UUID = "5f5e2c1a-9b7d-4c3e-8a6f-1d2b3c4d5e01"
SIZE = 1 << 20
GUEST = """<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'><name>tmpl</name>
<uuid>{uuid}</uuid><memory>1024</memory><os><type>hvm</type></os><devices>{disks}</devices>
<test:runstate>5</test:runstate></domain>"""
DISK = (
    "<disk type='file' device='{device}'><driver name='qemu' type='{fmt}'/><source file='{path}'/>"
    "<target dev='{dev}'/>{more}</disk>"
)


def disk(path: Path | str, fmt: str, dev: str = "vda", *, device: str = "disk", more: str = "") -> str:
    return DISK.format(path=path, fmt=fmt, dev=dev, device=device, more=more)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a raw and a qcow2 image; the bytes of the raw one claim to be a qcow2 of another size."""
    head = b"QFI\xfb\0\0\0\3" + bytes(16)
    path = tmp_path / "images"
    path.mkdir()
    (path / "tmpl.img").write_bytes((head + (7 << 30).to_bytes(8, "big")).ljust(SIZE, b"\0"))
    (path / "tmpl-data.qcow2").write_bytes((head + (3 << 20).to_bytes(8, "big")).ljust(4096, b"\0"))
    return path


@pytest.fixture
def host_with(tmp_path: Path, folder: Path) -> Iterator[Callable[..., Host]]:
    """A host with the guest `tmpl`, which has these disks; with `is_marked` it is a template."""
    opened: list[Host] = []

    def make(*disks: str, is_marked: bool = True) -> Host:
        node = tmp_path / "node.xml"
        node.write_text(f"<node>{GUEST.format(uuid=UUID, disks=''.join(disks))}</node>")
        host = connect(f"test://{node}")
        opened.append(host)
        if is_marked:
            guest = Guest.parse(host.guests.xml("tmpl", inactive=True))
            template_mark.write(guest, templates.make_mark(host, guest))
            host.guests.define(guest.text())
        return host

    yield make
    for host in opened:
        host.close()


def volumes(made: ClonePlan) -> list[NewVolume]:
    return [step.volume for step in made.plan.steps if isinstance(step, MakeVolume)]


LINKED = CloneRequest(original="tmpl", name="w1", linked=True)


def test_images_name_the_format_that_the_guest_declares(host_with: Callable[..., Host], folder: Path) -> None:
    """A guest can write anything into a raw disk."""
    host = host_with(disk(folder / "tmpl.img", "raw"), disk(folder / "tmpl-data.qcow2", "qcow2", "vdb"))
    made = draft.plan(LINKED, host)
    assert [(volume.path, volume.capacity, volume.backing, volume.backing_format) for volume in volumes(made)] == [
        (f"{folder}/w1.qcow2", SIZE, f"{folder}/tmpl.img", "raw"),
        (f"{folder}/tmpl-data-clone.qcow2", 3 << 20, f"{folder}/tmpl-data.qcow2", "qcow2"),
    ]
    clone = Guest.parse(made.plan.documents[0])
    assert [drive.get("type") for drive in clone.root.iterfind("devices/disk/driver")] == ["qcow2", "qcow2"]
    assert [fate.fate for fate in made.disks] == ["linked", "linked"]
    assert not template_mark.is_marked(clone)
    labels = [step.label for step in made.plan.steps]
    assert labels[-2:] == ["Defining guest 'w1'", "Checking template 'tmpl'"]


def test_drives_that_hold_no_base_are_treated_as_ever(host_with: Callable[..., Host], folder: Path) -> None:
    host = host_with(
        disk(folder / "tmpl.img", "raw", more="<backingStore/>"),
        disk(folder / "tmpl-data.qcow2", "qcow2", "vdb", more="<shareable/>"),
        "<disk type='file' device='cdrom'><target dev='sda'/></disk>",
    )
    made = draft.plan(LINKED, host)
    assert [fate.fate for fate in made.disks] == ["linked", "shared", "empty"]
    assert "backingStore" not in made.plan.documents[0]
    forced = draft.plan(LINKED._replace(auto=True, force=frozenset(["vdb"])), host)
    assert [fate.fate for fate in forced.disks] == ["linked", "copied", "empty"]


def test_single_disks_are_chosen(host_with: Callable[..., Host], folder: Path) -> None:
    host = host_with(disk(folder / "tmpl.img", "raw"), disk(folder / "tmpl-data.qcow2", "qcow2", "vdb"))
    one = LINKED._replace(linked=False, auto=True, choices=(DiskChoice("vdb", linked=True, path=f"{folder}/x.qcow2"),))
    made = draft.plan(one, host)
    assert [(fate.fate, fate.path) for fate in made.disks][1] == ("linked", f"{folder}/x.qcow2")
    assert made.disks[0].fate == "copied"
    other = draft.plan(LINKED._replace(auto=True, choices=(DiskChoice("vdb", linked=False),)), host)
    assert [fate.fate for fate in other.disks] == ["linked", "copied"]
    with pytest.raises(UsageError, match="--copy vdb: format=raw cannot be used with --linked"):
        draft.plan(LINKED._replace(choices=(DiskChoice("vdb", format="raw"),)), host)


@pytest.mark.parametrize(
    ("more", "device", "message"),
    [
        ("<encryption format='luks'/>", "disk", "is an encrypted disk"),
        ("<shareable/>", "disk", "--copy vda,linked=yes: vda is read-only, shareable or removable"),
    ],
)
def test_disks_that_cannot_be_a_base(
    more: str, device: str, message: str, host_with: Callable[..., Host], folder: Path
) -> None:
    host = host_with(disk(folder / "tmpl.img", "raw", device=device, more=more), is_marked=True)
    with pytest.raises((HostError, UsageError), match=message):
        draft.plan(LINKED._replace(choices=(DiskChoice("vda", linked=True),)), host)


def test_a_qcow2_that_is_none_has_no_size(host_with: Callable[..., Host], folder: Path) -> None:
    (folder / "tmpl.img").write_bytes(bytes(4096))
    with pytest.raises(HostError, match="the size of .*tmpl.img cannot be read as qcow2"):
        draft.plan(LINKED, host_with(disk(folder / "tmpl.img", "qcow2")))


class Far(StandIn):
    """A host elsewhere: only its pools know the disks."""

    is_remote, is_recorded, driver = True, False, "qemu"

    def storage_pool_at(self, directory: str) -> None:
        return None


@pytest.mark.parametrize(
    ("declared", "detected", "physical", "capacity"),
    [("qcow2", "qcow2", 8, 9), ("raw", "raw", 8, 9), ("raw", "qcow2", 8, 8), ("raw", "qcow2", 0, 0)],
)
def test_the_size_of_disks_elsewhere(declared: str, detected: str, physical: int, capacity: int) -> None:
    """Of a raw disk that the pool takes for another format, it is the size of the file."""
    volume = VolumeInfo("p", "v", "/p/v", "/p/v", "file", detected, 9, 9, "", "", "", physical=physical)
    drive = tree.parse(disk("/p/v", declared))
    far: Any = Far()
    to = Destination("/p/w1.qcow2", None, "")
    if not capacity:
        with pytest.raises(HostError, match="/p/v is a raw disk of the original, but its storage pool detects qcow2"):
            linked.plan_layer(far, drive, Original("/p/v", volume), to)
        return
    step: Any = linked.plan_layer(far, drive, Original("/p/v", volume), to)
    assert step.volume.capacity == capacity
    assert tree.child(drive, "driver").attrib == {"name": "qemu", "type": "qcow2"}  # type: ignore[union-attr]
    bare = tree.parse("<disk type='file'><source file='/p/v'/></disk>")  # QEMU takes it as raw
    step = linked.plan_layer(far, bare, Original("/p/v", volume._replace(format="raw")), to)
    assert step.volume.backing_format == "raw"
    assert tree.child(bare, "driver").attrib == {"name": "qemu", "type": "qcow2"}  # type: ignore[union-attr]
    with pytest.raises(HostError, match="/p/v is not in any pool of the host"):
        linked.plan_layer(far, tree.parse(disk("/p/v", declared)), Original("/p/v", None), to)


def test_nothing_is_written_over(host_with: Callable[..., Host], folder: Path) -> None:
    host = host_with(disk(folder / "tmpl.img", "raw"))
    (folder / "there.qcow2").touch()
    for path, error in ((folder / "there.qcow2", HostError), (folder / "no" / "x.qcow2", UsageError)):
        with pytest.raises(error, match="already exists|does not exist") as caught:
            draft.plan(LINKED._replace(files=(str(path),)), host)
        assert "give another" in caught.value.hint


def test_a_guest_without_the_mark_is_refused_with_a_hint(host_with: Callable[..., Host], folder: Path) -> None:
    host = host_with(disk(folder / "tmpl.img", "raw"), is_marked=False)
    with pytest.raises(HostError, match="guest 'tmpl' is not a template") as caught:
        draft.plan(LINKED, host)
    assert "`virtprov-xml tmpl --template yes`" in caught.value.hint and "--make-template" in caught.value.hint
    text = host.guests.xml("tmpl", inactive=True).encode()
    with pytest.raises(UsageError, match="--make-template cannot be used with --original-xml"):
        draft.plan(LINKED._replace(original="", document=text, make_template=True), host)


def test_a_template_that_was_written_to(host_with: Callable[..., Host], folder: Path) -> None:
    host = host_with(disk(folder / "tmpl.img", "raw"))
    (folder / "tmpl.img").write_bytes(b"changed")
    with pytest.raises(HostError, match="has been written to since"):
        draft.plan(LINKED, host)
    (warning,) = draft.plan(LINKED._replace(linked=False, auto=True), host).plan.warnings
    assert "earlier linked clones may be damaged" in warning


def test_a_template_is_made_on_the_way_and_comes_back_if_the_clone_fails(
    host_with: Callable[..., Host], folder: Path, context_of: Around
) -> None:
    host, image = host_with(disk(folder / "tmpl.img", "raw"), is_marked=False), folder / "tmpl.img"
    image.chmod(0o640)
    host.guests.set_autostart("tmpl", True)
    before = host.guests.xml("tmpl", inactive=True)
    made = draft.plan(LINKED._replace(make_template=True), host)
    assert [step.label for step in made.plan.steps[:3]] == [
        "Marking 'tmpl' as a template",
        "Making the disks of 'tmpl' read-only",
        "Disabling autostart of 'tmpl'",
    ]
    assert made.plan.notes[0].startswith("'tmpl' becomes a template with read-only disks: ")
    seen = []

    class Failing:
        label = "Failing"

        def do(self, context: RunContext) -> None:
            mark = template_mark.read(Guest.parse(host.guests.xml("tmpl", inactive=True)))
            seen.append((mark and mark.autostart, image.stat().st_mode & 0o777, host.guests.autostart("tmpl")))
            raise HostError("full")

    broken: Any = made.plan._replace(steps=(*made.plan.steps[:3], Failing()))
    with pytest.raises(HostError, match="full"):
        apply(broken, context_of(host))
    assert seen == [(True, 0o444, False)]
    assert host.guests.xml("tmpl", inactive=True) == before
    assert image.stat().st_mode & 0o777 == 0o640 and host.guests.autostart("tmpl")


def test_a_full_copy_of_a_template_can_be_written_to(
    host_with: Callable[..., Host], folder: Path, context_of: Around
) -> None:
    host = host_with(disk(folder / "tmpl.img", "raw"))
    (folder / "tmpl.img").chmod(0o444)
    made = draft.plan(LINKED._replace(linked=False, auto=True), host)
    apply(made.plan, context_of(host))
    assert (folder / "w1.img").stat().st_mode & 0o777 == 0o644
    assert not template_mark.is_marked(Guest.parse(host.guests.xml("w1", inactive=True)))


def test_a_template_with_clones_is_not_replaced(host_with: Callable[..., Host], folder: Path) -> None:
    host = host_with(disk(folder / "tmpl.img", "raw"))
    write_qcow2(folder / "w1.qcow2", str(folder / "tmpl.img"))
    text = GUEST.format(uuid=UUID[:-1] + "2", disks="").replace("tmpl", "other").encode()
    with pytest.raises(HostError, match="'tmpl' cannot be replaced"):
        draft.plan(CloneRequest(document=text, name="tmpl", auto=True, replace=True), host)
