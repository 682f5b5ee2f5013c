"""An ISO's volume descriptors, read in place."""

from __future__ import annotations

from tests.unit.osinfo.handmade import descriptor, iso, primary
from virtprov.osinfo.media.iso_header import FIRST, SECTOR, IsoIds, read_iso


class Counting:
    """A file in memory that remembers what was asked of it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[tuple[int, int]] = []

    def __call__(self, offset: int, size: int) -> bytes:
        self.asked.append((offset, size))
        return self.data[offset : offset + size]


def test_all_ids_are_read_in_one_small_read() -> None:
    file = Counting(iso("LABEL 1", "LINUX", "SOMEONE", "A TOOL", size=700 * SECTOR, created="20240131"))
    assert read_iso(file) == IsoIds("LABEL 1", "LINUX", "SOMEONE", "A TOOL", 700 * SECTOR, False, "20240131")
    assert len(file.asked) == 1
    assert file.asked[0][0] == FIRST
    assert file.asked[0][1] <= 16 * 1024


def test_a_boot_record_makes_it_bootable() -> None:
    found = read_iso(Counting(iso("X", boot=True)))
    assert found is not None
    assert found.bootable


def test_other_boot_records_do_not() -> None:
    data = bytes(FIRST) + primary("X") + descriptor(0, b"SOME OTHER SYSTEM") + descriptor(255)
    found = read_iso(Counting(data))
    assert found is not None
    assert not found.bootable


def test_a_supplementary_descriptor_does_not_count() -> None:
    data = bytes(FIRST) + primary("FIRST") + primary("SECOND", kind=2) + descriptor(255)
    found = read_iso(Counting(data))
    assert found is not None
    assert found.volume_id == "FIRST"


def test_nothing_behind_the_end_is_looked_at() -> None:
    assert read_iso(Counting(bytes(FIRST) + descriptor(255) + primary("LATE"))) is None


def test_texts_in_utf8_and_latin1() -> None:
    for raw in ("Disc é".encode(), "Disc é".encode("latin-1")):
        sector = bytearray(primary("X"))
        sector[40:72] = raw.ljust(32)
        found = read_iso(Counting(bytes(FIRST) + bytes(sector)))
        assert found is not None
        assert found.volume_id == "Disc é"


def test_no_iso_no_ids() -> None:
    for data in (b"", b"CD001", bytes(FIRST), bytes(FIRST + 6 * SECTOR), iso("CUT")[: FIRST + 100]):
        assert read_iso(Counting(data)) is None


def test_a_date_that_is_none_is_left_out() -> None:
    found = read_iso(Counting(iso("X", created="0000000000000000")))
    assert found is not None
    assert found.created == ""
