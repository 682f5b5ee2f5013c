"""What is said of the data of a disk that leaves its guest."""

from __future__ import annotations

import pytest

from virtprov.guest.edits.removed_storage import notes
from virtprov.xml import tree


@pytest.mark.parametrize(
    ("disk", "said"),
    [
        (
            "<disk><source file='/srv/a.img'/></disk>",
            "is still in /srv/a.img; when no guest needs it, delete it with `virsh vol-del",
        ),
        ("<disk><source pool='p' volume='v'/></disk>", "volume v of pool 'p'"),
        ("<disk><source file='/srv/a b.img'/></disk>", "delete it with `virsh vol-delete '/srv/a b.img'`"),
        (
            "<disk><source pool='p' volume='v; rm -r x'/></disk>",
            "delete it with `virsh vol-delete 'v; rm -r x' --pool p`",
        ),
        ("<disk><source dev='/dev/vg/lv'/></disk>", "is still on /dev/vg/lv"),
        ("<disk device='cdrom'><source file='/srv/a.iso'/></disk>", ""),
        ("<disk><source file='/srv/a.img'/><shareable/></disk>", ""),
        ("<disk/>", ""),
        ("<interface/>", ""),
    ],
)
def test_removed(disk: str, said: str) -> None:
    found = notes((tree.parse(disk),))
    assert (said in found[0]) if said else found == ()
