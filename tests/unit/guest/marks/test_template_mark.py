"""The mark of a template in the metadata of a guest."""

from __future__ import annotations

import pytest

from virtprov.guest.document import Guest
from virtprov.guest.marks import template_mark
from virtprov.guest.marks.template_mark import Image, Mark

DISKS = """<disk type='file' device='disk'><source file='/a'/><target dev='vda'/></disk>
<disk type='file' device='disk'><source file='/b'/><target dev='vdb'/><shareable/></disk>
<disk type='file' device='disk'><source file='/c'/><target dev='vdc'/><readonly/></disk>
<disk type='file' device='cdrom'><source file='/d'/><target dev='sda'/></disk>
<disk type='block' device='lun'><source dev='/dev/sdx'/><target dev='sdb'/></disk>
<disk type='network' device='disk'><source protocol='rbd' name='p/i'/><target dev='vdd'/></disk>
<disk type='file' device='disk'><target dev='vde'/></disk>"""
MARK = Mark((Image("/a", 4096, "1764000000.5", 0o640), Image("/dev/sdx")), autostart=True)


def guest(metadata: str = "") -> Guest:
    return Guest.parse(f"<domain type='kvm'><name>t</name>{metadata}<devices>{DISKS}</devices></domain>")


def test_a_mark_comes_back_as_it_was_written() -> None:
    found = guest()
    assert template_mark.read(found) is None and not template_mark.is_marked(found)
    template_mark.write(found, MARK)
    assert template_mark.is_marked(found)
    assert template_mark.read(Guest.parse(found.text())) == MARK
    assert MARK.image("/a") == MARK.images[0] and MARK.image("/b") is None
    template_mark.write(found, Mark())  # in place of the older one
    assert template_mark.read(found) == Mark()


OTHER, OWN = "<x xmlns='urn:x'/>", "<v:guest xmlns:v='urn:virtprov:guest:1.0' a='b'/>"


@pytest.mark.parametrize("metadata", ["", f"<metadata>{OTHER}</metadata>", f"<metadata>{OWN}</metadata>"])
def test_nothing_is_left_of_a_mark(metadata: str) -> None:
    before, found = guest(metadata).text(), guest(metadata)
    template_mark.remove(found)
    assert found.text() == before
    template_mark.write(found, MARK)
    template_mark.remove(found)
    assert "".join(found.text().split()) == "".join(before.split())


@pytest.mark.parametrize(
    ("facts", "image"),
    [
        ("size='12' mtime='5.25' mode='0644'", Image("/a", 12, "5.25", 0o644)),
        ("size='-1' mtime='now' mode='9'", Image("/a")),
        ("size='1e9' mtime='1.x' mode='07777777'", Image("/a")),
        ("mode='4755'", Image("/a", mode=0o644)),  # no mark makes a file a program
        (f"size='{'9' * 30}' mtime='{'9' * 30}'", Image("/a")),
    ],
)
def test_values_that_cannot_be_read_are_unknown(facts: str, image: Image) -> None:
    """Whoever may change the guest may write anything into its metadata."""
    mark = f"<metadata><v:guest xmlns:v='urn:virtprov:guest:1.0' template='yes'><v:base path='/a' {facts}/></v:guest>"
    assert template_mark.read(guest(f"{mark}</metadata>")) == Mark((image,))


@pytest.mark.parametrize(
    ("old", "new", "is_changed"),
    [
        (Image("/a", 5, "1.5"), Image("/a", 5, "1.500000000", 0o444), False),
        (Image("/a", 5, "1.5"), Image("/a", 6, "1.5"), True),
        (Image("/a", 5, "1.5"), Image("/a", 5, "1.500000001"), True),
        (Image("/a", 5, "1"), Image("/a", 5, "2"), True),
        (Image("/a"), Image("/a", 5, "1.5"), False),
        (Image("/a", 5, "1.5"), Image("/a"), False),
    ],
)
def test_what_is_unknown_is_not_compared(old: Image, new: Image, is_changed: bool) -> None:
    assert old.is_changed(new) is is_changed


def test_disks_on_which_clones_can_be_based() -> None:
    targets = [disk.find("target").get("dev") for disk in template_mark.list_base_disks(guest())]  # type: ignore[union-attr]
    assert targets == ["vda", "sdb", "vdd"]
