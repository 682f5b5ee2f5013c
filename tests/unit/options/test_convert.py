"""--convert-to-q35 and --convert-to-vnc."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.write.assign import Assignments
from virtprov.support.errors import UsageError

Say = Callable[[str, str], Assignments]


@pytest.mark.parametrize(
    ("group", "text", "verbs"),
    [
        ("convert-to-q35", "", {}),
        ("convert-to-q35", "num_pcie_root_ports=3", {"num_pcie_root_ports": "3"}),
        ("convert-to-vnc", "qemu-vdagent=on", {"qemu-vdagent": "yes"}),
    ],
)
def test_words(say: Say, group: str, text: str, verbs: dict[str, str]) -> None:
    assert say(group, text).verbs == verbs


@pytest.mark.parametrize(
    ("group", "text"),
    [("convert-to-q35", "ports=3"), ("convert-to-q35", "num_pcie_root_ports=x"), ("convert-to-vnc", "qemu-vdagent=2")],
)
def test_refusals(say: Say, group: str, text: str) -> None:
    with pytest.raises(UsageError):
        say(group, text)
