"""Check whether the host's hypervisor supports the CPU and the devices of the guest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from virtprov.host.running.tuning import cpu_numbers
from virtprov.support.errors import HostError, nearest
from virtprov.support.text import join_words
from virtprov.xml import path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtprov.guest.document import Guest
    from virtprov.guest.rules.rule_context import RuleContext
    from virtprov.host.facts.domcaps import DomainCapabilities

_OFF = "or use --check host=off to skip this check"
NICS = (
    "virtio", "virtio-transitional", "virtio-non-transitional", "virtio-net-pci", "virtio-net-device", "virtio-net",
    "virtio-net-ccw", "virtio-net-pci-transitional", "virtio-net-pci-non-transitional", "e1000", "e1000e", "igb",
    "e1000-82540em", "e1000-82544gc", "e1000-82545em", "rtl8139", "ne2k_pci", "ne2k_isa", "pcnet", "vmxnet3", "tulip",
    "usb-net", "i82550", "i82551", "i82557a", "i82557b", "i82557c", "i82558a", "i82558b", "i82559a", "i82559b",
    "i82559c", "i82559er", "i82562", "i82801", "rocker", "pvrdma", "sungem", "sunhme", "spapr-vlan", "lan9118",
    "smc91c111", "cadence_gem", "allwinner-emac", "allwinner-sun8i-emac", "aspeed-mmi", "ftgmac100", "imx.enet",
    "imx.fec", "npcm7xx-emc", "npcm-gmac", "xgmac", "calxeda-xgmac", "stellaris_enet", "etsec", "eTSEC", "mcf-fec",
    "dp8393x", "opencores_eth", "lance", "msf2-emac", "xlnx.xps-ethernetlite", "xlnx.axi-ethernet", "igbvf",
    "82540EM", "82543GC", "82545EM", "Am79C970A", "Am79C973", "vlance", "vmxnet", "vmxnet2", "netfront",
)  # fmt: skip
"""Network cards of QEMU (`-device help` of its targets, its hw/net), under libvirt's names."""
_CHOICES = (
    ("video", "./model/@type", "video", "modelType", "--video model.type", ("none", "default")),
    ("graphics", "./@type", "graphics", "type", "--graphics type", ("none", "default")),
    ("disk", "./target/@bus", "disk", "bus", "--disk target.bus", ()),
    ("tpm", "./@model", "tpm", "model", "--tpm model", ()),
    ("tpm", "./backend/@type", "tpm", "backendModel", "--tpm backend.type", ()),
    ("rng", "./@model", "rng", "model", "--rng model", ()),
    ("filesystem", "./driver/@type", "filesystem", "driverType", "--filesystem driver.type", ()),
)
"""Device, path, kind and enumeration in the domain capabilities, option, and values that are not checked."""


def check(setting: RuleContext) -> None:
    """Raise HostError for a CPU or a device that the host's hypervisor does not support."""
    known = setting.domcaps
    if known is not None:
        _check_cpu(setting, known)
        for choice in _CHOICES:
            if choice[0] == "disk" and not known.describes(setting.guest.machine):
                continue
            _check_choice(setting, known, *choice)
    if setting.is_qemu:
        for nic in setting.guest.devices("interface"):
            model = path.get(nic, "./model/@type")
            if model and nic.get("type") != "hostdev" and model not in NICS:
                hint = nearest(model, NICS) or "for example virtio, e1000e, rtl8139"
                raise HostError(f"--network model={model}: unknown network card model of QEMU", hint=f"{hint}, {_OFF}")
    _check_passwords(setting)
    _check_labels(setting)
    _check_places(setting)


CPU_MAP = "/usr/share/libvirt/cpu_map/x86_features.xml"
"""The features of x86 processors that this machine's libvirt knows."""


def check_features(guest: Guest) -> None:
    """Raise HostError for a CPU feature that the libvirt of this machine does not know."""
    wanted = [node.get("name", "") for node in guest.root.iterfind("cpu/feature")] if guest.is_x86 else []
    if not wanted or guest.domain_type not in ("kvm", "qemu"):
        return
    try:
        with open(CPU_MAP, encoding="utf-8") as file:
            known = re.findall(r"<feature name='([^']+)'", file.read())
    except OSError:
        return
    for name in wanted:
        if known and name not in known:
            hint = nearest(name, known) or f"{CPU_MAP} lists all of them"
            raise HostError(f"--cpu: libvirt does not know the CPU feature '{name}'", hint=f"{hint}, {_OFF}")


def _check_labels(setting: RuleContext) -> None:
    """Raise HostError for a security driver that the host does not use."""
    models = [each.model for each in setting.capabilities.security_models]
    for label in setting.guest.root.iterfind("seclabel"):
        model = label.get("model")
        if models and model and model not in (*models, "none") and label.get("type") != "none":
            raise HostError(
                f"--seclabel model={model}: not a security driver of the host",
                hint=f"choose from: {join_words(models)}, {_OFF}",
            )


_PLACES = (
    ("./vcpu/@cpuset", "--vcpus cpuset", "CPU"),
    ("./numatune/memory/@nodeset", "--numatune", "NUMA node"),
    ("./cputune/emulatorpin/@cpuset", "--cputune emulatorpin.cpuset", "CPU"),
)


def _check_places(setting: RuleContext) -> None:
    """Warn of processors and NUMA nodes that the host does not have, or that are offline."""
    named = [(setting.guest.get(place) or "", option, what) for place, option, what in _PLACES]
    named += [
        (node.get("cpuset", ""), "--cputune vcpupin.cpuset", "CPU")
        for node in setting.guest.root.iterfind("cputune/vcpupin")
    ]
    for text, option, what in named:
        known = (setting.capabilities.cpu_numbers if what == "CPU" else setting.capabilities.numa_nodes) if text else ()
        try:
            missing = sorted(cpu_numbers(text) - set(known)) if known else []
        except HostError:  # libvirt has words of its own, such as `auto`
            continue
        if missing:
            setting.warn(
                f"{option}: the host has no {what} {missing[0]} (it has {join_words(_ranges(known))}), so the guest "
                "may fail to start"
            )


def _ranges(numbers: Iterable[int]) -> list[str]:
    """Return numbers as ranges: 0-3, 8."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return [f"{first}-{last}" if first != last else f"{first}" for first, last in found]


def _check_cpu(setting: RuleContext, known: DomainCapabilities) -> None:
    from virtprov.options.cpu import MODES

    guest = setting.guest
    mode, model = guest.get("./cpu/@mode"), guest.get("./cpu/model")
    if mode in ("host-passthrough", "host-model", "maximum") and known.cpu_mode(mode) is False:
        offered = [word for word in MODES if word != mode and known.cpu_mode(word)]
        hint = f"it offers {join_words(offered)}" if offered else "omit --cpu"
        raise HostError(
            f"--cpu {mode}: not supported by the host for {guest.domain_type} guests", hint=f"{hint}, {_OFF}"
        )
    names = [each.name for each in known.cpu_models]
    canonical = [each.canonical for each in known.cpu_models]
    if not model or not names or mode not in ("", None, "custom") or model in names or model in canonical:
        return
    words = [*MODES, *names]
    hint = nearest(model, words) or f"use for example {', '.join(names[:5])}; `virsh domcapabilities` lists all models"
    raise HostError(f"--cpu {model}: the host does not know this CPU model", hint=f"{hint}, {_OFF}")


def _check_choice(
    setting: RuleContext,
    known: DomainCapabilities,
    tag: str,
    place: str,
    kind: str,
    enum: str,
    option: str,
    free: tuple[str, ...],
) -> None:
    for device in setting.guest.devices(tag):
        value = path.get(device, place)
        if not value or value in free or tag == "disk" and device.get("device", "disk") not in ("disk", "cdrom"):
            continue
        offered = known.device(kind, enum)
        lacks = known.supports(f"devices/{kind}") is False
        if not lacks and (not offered or value in offered):  # none at all: an old libvirt that does not say
            continue
        hint = nearest(value, offered or ()) or (f"it offers {join_words(offered)}" if offered else f"omit --{tag}")
        raise HostError(
            f"{option}={value}: not supported by the host for {setting.guest.domain_type} guests",
            hint=f"{hint}, {_OFF}",
        )


_VNC_LETTERS = 8
"""The VNC protocol cuts off passwords after this many bytes (RFC 6143, 7.2.2), so libvirt refuses longer ones."""


def _check_passwords(setting: RuleContext) -> None:
    for display in setting.guest.devices("graphics"):
        password = display.get("passwd") or ""
        if display.get("type") == "vnc" and len(password.encode()) > _VNC_LETTERS:
            raise HostError(
                f"--graphics vnc: the password has {len(password.encode())} bytes, but VNC allows at most "
                f"{_VNC_LETTERS}",
                hint=f"give a shorter one, {_OFF}",
            )
