"""What options leave for the rules for defaults."""

from __future__ import annotations

import pytest

from virtprov.guest.rules import choices
from virtprov.guest.rules.choices import NONE, Choices
from virtprov.support.errors import UsageError


@pytest.mark.parametrize(
    ("group", "words", "result"),
    [
        ("boot", {"uefi": "yes", "secure-boot": "no"}, Choices(uefi=True, secure_boot=False)),
        ("boot", {"uefi": "", "hd": "yes"}, NONE),
        ("boot", {"refresh-machine-type": "yes"}, Choices(refresh_machine=True)),
        ("cpu", {"preset": "host-copy", "secure": "no"}, Choices(cpu_preset="host-copy", cpu_guards=False)),
        ("metadata", {"os_name": "debian12"}, Choices(os_name="debian12")),
        ("metadata", {"os_full_id": ""}, Choices(os_id="")),
        ("controller", {"num_pcie_root_ports": "3"}, Choices(root_ports=3)),
        ("controller", {"num_pcie_root_ports": ""}, NONE),
        ("convert-to-q35", {"num_pcie_root_ports": "0"}, Choices(root_ports=0)),
        ("convert-to-vnc", {"qemu-vdagent": "yes"}, Choices(vnc_agent=True)),
        ("disk", {"path": "/a"}, NONE),
    ],
)
def test_words_become_choices(group: str, words: dict[str, str], result: Choices) -> None:
    assert choices.parse(group, words) == result


def test_features_that_are_off() -> None:
    assert choices.parse("features", {}, frozenset({"acpi"})) == Choices(features_off=frozenset({"acpi"}))
    assert choices.parse("boot", {}, frozenset({"acpi"})) == NONE


@pytest.mark.parametrize("text", ["three", "-1", "256", "9" * 100])
def test_a_number_of_ports_that_makes_no_sense(text: str) -> None:
    with pytest.raises(UsageError, match="not a number from 0 to 255") as caught:
        choices.parse("controller", {"num_pcie_root_ports": text})
    assert len(caught.value.message) < 200


def test_a_later_choice_wins_and_leaves_the_others() -> None:
    early = Choices(cpu_preset="none", uefi=True, features_off=frozenset({"acpi"}), os_name="debian12")
    late = Choices(uefi=False, root_ports=0, features_off=frozenset({"apic"}), os_name="")
    assert late.over(early) == Choices(
        cpu_preset="none", uefi=False, root_ports=0, features_off=frozenset({"acpi", "apic"}), os_name=""
    )
    assert NONE.over(early) == early
