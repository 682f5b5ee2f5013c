"""Network interfaces: their connection, model and address."""

from __future__ import annotations

from virtprov.guest.rules.rule_context import Rule, RuleContext
from virtprov.xml import path
from virtprov.xml.tree import Element


def _wants_nic(setting: RuleContext) -> bool:
    return not setting.guest.devices("interface") and not setting.is_refused("network")


def add_nic(setting: RuleContext) -> None:
    """Add one interface in the host's default network."""
    setting.guest.add_device("interface", type="")


def fill_source(setting: RuleContext) -> None:
    """Connect interfaces without a source: user networking in a session, the host's bridge, or the default network."""
    for nic in setting.devices("interface"):
        kind = nic.get("type", "")
        if kind in ("", "default"):
            _connect(setting, nic)
        elif kind == "network" and path.get(nic, "./source/@network") is None:
            path.put(nic, "./source/@network", "default")


_SWITCHES = {"vmware": "VM Network", "hyperv": "Default Switch"}
"""The port group and the switch that a new host has; there, libvirt has no networks of its own."""


def _connect(setting: RuleContext, nic: Element) -> None:
    host = setting.host
    passt = path.get(nic, "./backend/@type") == "passt"
    if passt or (host.is_session and setting.is_qemu) or setting.is_test:
        nic.set("type", "user")
        return
    if setting.product == "vbox":
        nic.set("type", "user")
        return
    bridge = _SWITCHES.get(setting.product) or (None if host.is_remote else host.networks.default_bridge())
    if bridge:
        nic.set("type", "bridge")
        path.put(nic, "./source/@bridge", bridge)
    else:
        nic.set("type", "network")
        path.put(nic, "./source/@network", "default")


def default_model(setting: RuleContext) -> str:
    """Return the best network card that the operating system supports; "" for libvirt's default."""
    guest, profile = setting.guest, setting.profile
    if not guest.is_hvm or setting.product == "hyperv":
        return ""
    if setting.product:
        return {"vmware": "e1000", "vbox": "82540EM"}[setting.product]
    if setting.is_qemu and guest.takes_virtio and (profile.virtio_net or guest.is_virtio_only):
        return "virtio"
    if not guest.is_x86:
        return ""
    if setting.is_qemu and guest.is_q35:
        return "e1000e"
    for model in ("e1000", "rtl8139", "ne2k_pci", "pcnet"):
        if model in profile.network_models:
            return model
    return "e1000"


def fill_model(setting: RuleContext) -> None:
    """Set the model of each interface without one."""
    for nic in setting.devices("interface"):
        if path.get(nic, "./model/@type") in (None, "default"):
            path.put(nic, "./model/@type", default_model(setting) or None)


def fill_mac(setting: RuleContext) -> None:
    """Set an unused address with the hypervisor's prefix."""
    from virtprov.guest.names import new_mac

    for nic in setting.devices("interface"):
        given = path.get(nic, "./mac/@address")
        if given in (None, "", "RANDOM"):
            path.put(nic, "./mac/@address", new_mac(setting.is_qemu))


RULES = (
    Rule("network", "one interface in the host's default network", _wants_nic, add_nic, "--network none"),
    Rule(
        "network-source",
        "interfaces without a source use user networking in a session, otherwise the host's bridge or the "
        "default network",
        lambda setting: True,
        fill_source,
        "--network network=...",
    ),
    Rule(
        "network-model",
        "the model of interfaces without one",
        lambda setting: True,
        fill_model,
        "--network model=...",
    ),
    Rule("mac", "an unused address with the hypervisor's prefix", lambda setting: True, fill_mac, "--network mac=..."),
)
