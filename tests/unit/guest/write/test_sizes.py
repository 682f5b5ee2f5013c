"""Sizes in other units."""

from __future__ import annotations

import pytest

from virtprov.guest.document import Guest
from virtprov.guest.write.sizes import in_kib


@pytest.mark.parametrize(
    ("unit", "number", "kib"),
    [("GiB", "2", "2097152"), ("MB", "1024", "1000000"), ("b", "4096", "4"), ("KiB", "7", "7"), ("bogus", "7", "7")],
)
def test_numbers_are_kib_inside_and_as_before_outside(unit: str, number: str, kib: str) -> None:
    guest = Guest.parse(f"<domain><memory unit='{unit}'>{number}</memory></domain>")
    with in_kib(guest.root, "memory"):
        assert guest.get("./memory") == kib
    assert (guest.get("./memory"), guest.get("./memory/@unit")) == (number, unit)


def test_what_is_changed_inside_stays_in_kib() -> None:
    guest = Guest.parse("<domain><memory unit='GiB'>2</memory><currentMemory unit='GiB'>1</currentMemory></domain>")
    with in_kib(guest.root, "memory"):
        guest.put("./memory", "4194304")
    assert (guest.get("./memory"), guest.get("./memory/@unit")) == ("4194304", "KiB")
    assert (guest.get("./currentMemory"), guest.get("./currentMemory/@unit")) == ("1", "GiB")


def test_other_groups_and_odd_texts_are_left_alone() -> None:
    guest = Guest.parse("<domain><memory unit='GiB'>lots</memory></domain>")
    with in_kib(guest.root, "memory"):
        assert guest.get("./memory") == "lots"
    guest = Guest.parse("<domain><memory unit='GiB'>2</memory></domain>")
    with in_kib(guest.root, "cpu"):
        assert guest.get("./memory") == "2"


def test_another_unit_is_what_the_user_says() -> None:
    guest = Guest.parse("<domain><memory unit='GiB'>2</memory></domain>")
    with in_kib(guest.root, "memory"):
        guest.put("./memory/@unit", "MiB")
    assert (guest.get("./memory"), guest.get("./memory/@unit")) == ("2", "MiB")


PAGES = "<domain><memoryBacking><hugepages><page size='1' unit='G'/></hugepages></memoryBacking></domain>"
CELLS = "<domain><cpu><numa><cell id='0' memory='1' unit='G'/></numa></cpu></domain>"


@pytest.mark.parametrize(
    ("group", "xml", "place", "name"),
    [
        ("memorybacking", PAGES, "./memoryBacking/hugepages/page", "size"),
        ("cpu", CELLS, "./cpu/numa/cell", "memory"),
    ],
)
def test_numbers_in_attributes_are_kib_as_well(group: str, xml: str, place: str, name: str) -> None:
    guest = Guest.parse(xml)
    with in_kib(guest.root, group):
        assert guest.get(f"{place}/@{name}") == "1048576"
    assert (guest.get(f"{place}/@{name}"), guest.get(f"{place}/@unit")) == ("1", "G")
    with in_kib(guest.root, group):
        guest.put(f"{place}/@{name}", "2048")
    assert (guest.get(f"{place}/@{name}"), guest.get(f"{place}/@unit")) == ("2048", "KiB")
    with in_kib(guest.root, group):
        guest.put(f"{place}/@{name}", "4")
        guest.put(f"{place}/@unit", "G")
    assert (guest.get(f"{place}/@{name}"), guest.get(f"{place}/@unit")) == ("4", "G")
