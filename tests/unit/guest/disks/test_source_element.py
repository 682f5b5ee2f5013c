"""What stands in a disk's element, and what stands at a path."""

from __future__ import annotations

from pathlib import Path

from virtprov.guest.disks import source_element
from virtprov.xml import tree


def test_a_reference_takes_the_place_of_a_path() -> None:
    disk = tree.parse("<disk type='file'><source file='/a'><seclabel model='dac'/></source></disk>")
    source_element.refer(disk, "p", "v")
    assert (
        tree.to_text(disk).split()
        == tree.to_text(
            tree.parse("<disk type='volume'><source pool='p' volume='v'><seclabel model='dac'/></source></disk>")
        ).split()
    )


def test_what_is_at_a_path(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert [source_element.kind_here(str(tmp_path / name)) for name in ("file", "", "nothing")] == ["file", "dir", ""]
