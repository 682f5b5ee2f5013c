"""Choices made with options that have no place in the XML, but are used by the rules for defaults."""

from __future__ import annotations

from collections.abc import Mapping

from virtprov.options.model import truth
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record
from virtprov.support.notation.units import is_whole

MOST_PORTS = 255
"""PCI bus numbers have 8 bits, and each root port is a bus."""


class Choices(Record):
    """The user's choices; None and "" if not given.

    `cpu_preset` is the name of a CPU configuration (`options.cpu.PRESETS`), `cpu_guards` tells whether a named model
    gets the host's mitigations, `root_ports` is the number of PCI Express root ports, `features_off` are features
    switched off, which are not in the XML. `os_name` and `os_id` are the system to store in the guest's metadata (""
    removes it), `vnc_agent` tells whether a guest converted to VNC gets an agent for its clipboard.
    """

    cpu_preset: str = ""
    cpu_guards: bool | None = None
    uefi: bool | None = None
    secure_boot: bool | None = None
    refresh_machine: bool | None = None
    root_ports: int | None = None
    features_off: frozenset[str] = frozenset()
    os_name: str | None = None
    os_id: str | None = None
    vnc_agent: bool | None = None

    def over(self, earlier: Choices) -> Choices:
        """Return these choices, completed with those of an earlier use of an option."""
        values = {name: value for name, value in self._asdict().items() if value is not None}
        values["cpu_preset"] = self.cpu_preset or earlier.cpu_preset
        values["features_off"] = self.features_off | earlier.features_off
        return earlier._replace(**values)


NONE = Choices()
"""No choices."""


def parse(group: str, words: Mapping[str, str], features_off: frozenset[str] = frozenset()) -> Choices:
    """Return the choices in one use of an option group. Raises UsageError for invalid values."""
    if group == "boot":
        return Choices(
            uefi=_switch(group, words, "uefi"),
            secure_boot=_switch(group, words, "secure-boot"),
            refresh_machine=_switch(group, words, "refresh-machine-type"),
        )
    if group == "cpu":
        return Choices(cpu_preset=words.get("preset", ""), cpu_guards=_switch(group, words, "secure"))
    if group == "metadata":
        return Choices(os_name=words.get("os_name"), os_id=words.get("os_full_id"))
    if group == "features":
        return Choices(features_off=features_off)
    if group == "convert-to-vnc":
        return Choices(vnc_agent=_switch(group, words, "qemu-vdagent"))
    return Choices(root_ports=_root_ports(group, words.get("num_pcie_root_ports", "")))


def _switch(group: str, words: Mapping[str, str], name: str) -> bool | None:
    return truth(words[name], f"--{group} {name}") if words.get(name) else None


def _root_ports(group: str, text: str) -> int | None:
    if not text:
        return None
    if not is_whole(text) or int(text) > MOST_PORTS:
        raise UsageError(
            f"--{group} num_pcie_root_ports={text[:80]}: not a number from 0 to {MOST_PORTS}",
            hint="for example num_pcie_root_ports=14",
        )
    return int(text)
