"""The table of what becomes of running guests."""

from __future__ import annotations

import pytest

from virtprov.actions.live.effects import BOOT, NEVER, NOW, Effect
from virtprov.cli.edit import report
from virtprov.cli.printing.output import Output

MEMORY = Effect("memory", NOW)
LATER = Effect("vcpus", BOOT, "the guest was started with a maximum of 2")


def test_one_guest() -> None:
    rows = (LATER, Effect("name", NEVER, "libvirt identifies the guest by it"), MEMORY)
    assert report.table({"web": rows}) == [
        "now        memory",
        "next boot  vcpus (the guest was started with a maximum of 2)",
        "new guest  name (libvirt identifies the guest by it)",
    ]


def test_many_guests_share_a_line() -> None:
    guests = {f"g{number}": (MEMORY,) if number % 3 else (LATER, MEMORY) for number in range(10)}
    assert report.table(guests) == [
        "now        memory [10 guests]",
        "next boot  vcpus (the guest was started with a maximum of 2) [4 guests]",
    ]
    assert report.table({"a": (MEMORY,), "b": (MEMORY, LATER)}) == [
        "now        memory [a and b]",
        "next boot  vcpus (the guest was started with a maximum of 2) [b]",
    ]


def test_a_line_that_a_guest_has_twice_is_one() -> None:
    assert report.table({"web": (MEMORY, MEMORY)}) == ["now        memory"]


def test_it_is_told_beside_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    report.tell_effects({"web": (MEMORY,), "db": ()}, Output())
    report.tell_effects({"db": ()}, Output())
    report.tell_effects({"web": (MEMORY,)}, Output(quiet=True))
    report.tell_effects({"a": (MEMORY,), "b": (MEMORY,)}, Output(json=True))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "Effect on the running guest 'web':",
        "  now        memory",
        "Effect on 2 running guests:",
        "  now        memory [a and b]",
    ]
