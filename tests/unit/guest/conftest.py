"""Guests in the making on small recorded hosts, with the profiles that come with virtprov."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from virtprov.guest.document import Guest
from virtprov.guest.rules.choices import Choices
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.host.connection import Host, connect
from virtprov.osinfo.find_profile import find
from virtprov.xml import tree
from virtprov.xml.tree import Element

HOSTS = Path(__file__).resolve().parents[2] / "data" / "hosts"


@pytest.fixture(autouse=True)
def bundled_profiles(only_bundled_profiles: None) -> None:
    """Nothing here depends on the profiles of this machine."""


@pytest.fixture(scope="module")
def kvm() -> Iterator[Host]:
    """A recorded x86-64 KVM host with guests, networks, pools, devices and several domain capabilities."""
    with connect(f"recorded://{HOSTS / 'kvm'}") as host:
        yield host


def capabilities(arch: str, cpu: str, vendor: str, *guests: dict[str, Any]) -> str:
    """A <capabilities> document; each guest: os_type, arch, domains, machines, features, emulator, loader."""
    kinds = []
    for guest in guests:
        machines = "".join(f"<machine>{name}</machine>" for name in guest.get("machines", "").split())
        domains = "".join(f"<domain type='{name}'/>" for name in guest["domains"].split())
        features = "".join(f"<{name}/>" for name in guest.get("features", "").split())
        loader = f"<loader>{guest['loader']}</loader>" if "loader" in guest else ""
        kinds.append(
            f"<guest><os_type>{guest.get('os_type', 'hvm')}</os_type><arch name='{guest.get('arch', arch)}'>"
            f"<emulator>{guest.get('emulator', '/usr/bin/emulator')}</emulator>{loader}{machines}{domains}</arch>"
            f"<features>{features}</features></guest>"
        )
    processor = f"<cpu><arch>{arch}</arch><model>{cpu}</model><vendor>{vendor}</vendor></cpu>"
    return f"<capabilities><host>{processor}</host>{''.join(kinds)}</capabilities>"


def _enum(name: str, values: str) -> str:
    return f"<enum name='{name}'>" + "".join(f"<value>{value}</value>" for value in values.split()) + "</enum>"


@pytest.fixture
def domcaps() -> Callable[..., str]:
    """Writes a <domainCapabilities> document: domcaps(firmware="bios efi", loaders="/x.fd", graphics_type="vnc" ...)"""

    def write(
        *, firmware: str = "", loaders: str = "", cpu: str = "", gic: str = "", hyperv: str | None = None,
        sev: str = "", **devices: str,
    ) -> str:  # fmt: skip
        values = "".join(f"<value>{path}</value>" for path in loaders.split())
        loader = f"<loader supported='yes'>{values}</loader>" if loaders else "<loader supported='no'/>"
        kinds: dict[str, str] = {}
        for name, words in devices.items():
            kind, _, what = name.partition("_")
            kinds[kind] = kinds.get(kind, "") + _enum(what, words)
        boxes = "".join(f"<{kind} supported='yes'>{inside}</{kind}>" for kind, inside in kinds.items())
        told = f"<gic supported='yes'>{_enum('version', gic)}</gic>" if gic else "<gic supported='no'/>"
        told += f"<hyperv supported='yes'>{_enum('features', hyperv)}</hyperv>" if hyperv is not None else ""
        told += f"<sev supported='yes'>{sev}</sev>" if sev else ""
        return (
            f"<domainCapabilities><os supported='yes'>{_enum('firmware', firmware) if firmware else ''}{loader}</os>"
            f"<cpu>{cpu}</cpu><devices>{boxes}</devices><features>{told}</features></domainCapabilities>"
        )

    return write


@pytest.fixture
def host_of(tmp_path: Path) -> Iterator[Callable[..., Host]]:
    """Records a host: host_of("xen:///", {"domains": "xen"}, arch="x86_64", domcaps=..., inventory=...)."""
    made: list[Host] = []

    def record(
        uri: str = "qemu:///system", *guests: dict[str, Any], arch: str = "x86_64", cpu: str = "",
        vendor: str = "Intel", domcaps: str = "", inventory: str = "", **facts: object,
    ) -> Host:  # fmt: skip
        folder = tmp_path / f"host{len(made)}"
        folder.mkdir()
        (folder / "host.json").write_text(json.dumps({"uri": uri, **facts}))
        kinds = guests or ({"domains": "qemu kvm", "machines": "pc q35", "features": "acpi apic pae"},)
        (folder / "capabilities.xml").write_text(capabilities(arch, cpu, vendor, *kinds))
        if domcaps:
            (folder / "domcapabilities.xml").write_text(domcaps)
        if inventory:
            (folder / "inventory.xml").write_text(f"<node>{inventory}</node>")
        made.append(connect(f"recorded://{folder}"))
        return made[-1]

    yield record
    for host in made:
        host.close()


@pytest.fixture
def setting_of(kvm: Host, host_of: Callable[..., Host]) -> Callable[..., RuleContext]:
    """A guest in the making: setting_of("<disk/>", profile="debian12", host=host, machine="pc", choices={...}).

    Without a host it is the recorded KVM host, or one that runs guests of the `domain`.
    """

    def make(
        devices: str = "", *, host: Host | None = None, profile: str = "generic", domain: str = "kvm",
        arch: str = "x86_64", machine: str = "q35", os_type: str = "hvm", rest: str = "", os_rest: str = "",
        choices: dict[str, Any] | None = None, features: tuple[str, ...] = (), refused: str = "", os_attrs: str = "",
    ) -> RuleContext:  # fmt: skip
        machine_word = f" machine='{machine}'" if machine else ""
        guest = Guest.parse(
            f"<domain type='{domain}' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>g</name>"
            f"<uuid>6d1f6a1e-8a4b-4f1c-9d0e-0c5f3c8f9a10</uuid>{rest}"
            f"<os {os_attrs}><type arch='{arch}'{machine_word}>{os_type}</type>{os_rest}</os>"
            f"<devices>{devices}</devices></domain>"
        )
        groups = frozenset(refused.split())
        where = host or (kvm if domain in ("kvm", "qemu", "hvf") else host_of(f"{domain}:///", {"domains": domain}))
        chosen = Choices(**(choices or {}))
        context = RuleContext(guest, where, find(profile), refused=groups, choices=chosen)
        context.machine_features = features
        return context

    return make


@pytest.fixture
def show() -> Callable[..., list[str]]:
    """Elements, or the devices of a guest with a tag, each on one line without blanks in between."""

    def compact(node: Element) -> str:
        return "".join(line.strip() for line in tree.to_text(tree.copy(node)).splitlines())

    def listed(what: Guest | list[Element], tag: str = "") -> list[str]:
        return [compact(node) for node in (what.devices(tag) if isinstance(what, Guest) else what)]

    return listed
