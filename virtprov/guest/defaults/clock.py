"""Clock and timers, power management, features of the machine, Hyper-V enlightenments."""

from __future__ import annotations

from virtprov.guest.rules.rule_context import Rule, RuleContext
from virtprov.xml import path, tree

_ENLIGHTENMENTS = (
    "relaxed",
    "vapic",
    "spinlocks",
    "vpindex",
    "runtime",
    "synic",
    "stimer",
    "frequencies",
    "tlbflush",
    "ipi",
    "evmcs",
    "avic",
)
"""In the order of their dependencies."""
_NEEDS = {"synic": ("vpindex",), "stimer": ("vpindex", "synic"), "tlbflush": ("vpindex",), "ipi": ("vpindex",)}
SPINLOCK_RETRIES = "8191"


def set_clock(setting: RuleContext) -> None:
    """Set UTC, or local time for systems that keep local time in the hardware clock."""
    if not setting.guest.has("./clock/@offset"):
        setting.guest.put("./clock/@offset", setting.profile.clock)


def set_timers(setting: RuleContext) -> None:
    """On x86 with QEMU: catch up lost ticks, no HPET; the Hyper-V clock for Windows."""
    guest = setting.guest
    if path.find(guest.root, "./clock/timer") is not None:
        return
    clock = guest.ensure("./clock")
    facts = [("rtc", "tickpolicy", "catchup"), ("pit", "tickpolicy", "delay"), ("hpet", "present", "no")]
    if _wants_hyperv(setting):
        facts.append(("hypervclock", "present", "yes"))
    for name, key, value in facts:
        tree.add(clock, tree.element("timer", None, {"name": name, key: value}))


def set_power(setting: RuleContext) -> None:
    """Disable suspend to memory and disk, because guests do not wake up from them."""
    for name in ("suspend-to-mem", "suspend-to-disk"):
        if not setting.guest.has(f"./pm/{name}/@enabled"):
            setting.guest.put(f"./pm/{name}/@enabled", "no")


def set_features(setting: RuleContext) -> None:
    """Set ACPI, APIC and PAE as in the host's capabilities."""
    guest = setting.guest
    offered = {*setting.machine_features, *(("pae",) if setting.driver == "xen" else ())}
    for name in ("acpi", "apic", "pae"):
        if name in offered - setting.choices.features_off and path.find(guest.root, f"./features/{name}") is None:
            guest.ensure(f"./features/{name}")


def _wants_hyperv(setting: RuleContext) -> bool:
    guest = setting.guest
    return setting.profile.is_windows and setting.is_qemu and guest.is_x86 and guest.is_hvm


def set_hyperv(setting: RuleContext) -> None:
    """Enable every enlightenment that the host offers for this guest, in the order of their dependencies."""
    guest, known = setting.guest, setting.domcaps
    if known is None:
        return
    offered = known.hyperv or ()
    vendor = setting.capabilities.host_cpu.vendor
    on: list[str] = []
    for name in _ENLIGHTENMENTS:
        given = path.get(guest.root, f"./features/hyperv/{name}/@state")
        if given is not None:
            if given == "on":
                on.append(name)
            continue
        if name not in offered or any(need not in on for need in _NEEDS.get(name, ())):
            continue
        if name == "evmcs" and vendor != "Intel":
            continue
        on.append(name)
        guest.put(f"./features/hyperv/{name}/@state", "on")
        if name == "spinlocks":
            guest.put(f"./features/hyperv/{name}/@retries", SPINLOCK_RETRIES)


def _has_vmport(setting: RuleContext) -> bool:
    return any(device.get("type") == "spice" for device in setting.guest.devices("graphics"))


def set_vmport(setting: RuleContext) -> None:
    """Disable the VMware port of SPICE guests, because it interferes with the pointer."""
    if not setting.guest.has("./features/vmport/@state"):
        setting.guest.put("./features/vmport/@state", "off")


def _x86_qemu(setting: RuleContext) -> bool:
    return setting.is_qemu and setting.guest.is_x86


RULES = (
    Rule(
        "features",
        "ACPI, APIC and PAE, as in the host's capabilities",
        lambda setting: setting.guest.is_hvm,
        set_features,
        "--features NAME=off",
    ),
    Rule(
        "hyperv",
        "every enlightenment that the host offers for this guest, in order of their dependencies",
        _wants_hyperv,
        set_hyperv,
        "--features hyperv.NAME.state=off",
    ),
    Rule(
        "clock",
        "UTC, or local time for systems that keep local time in the hardware clock",
        lambda setting: setting.guest.is_hvm,
        set_clock,
        "--clock offset=...",
    ),
    Rule(
        "timers",
        "x86 QEMU guests catch up lost ticks and have no HPET; Windows gets the Hyper-V clock",
        _x86_qemu,
        set_timers,
        "--clock hpet_present=...",
    ),
)

LATE = (
    Rule(
        "power-management",
        "suspend to memory and disk are disabled, because guests do not wake up from them",
        lambda setting: setting.guest.is_x86 and setting.guest.is_hvm and setting.driver in ("qemu", "test"),
        set_power,
        "--pm suspend_to_mem.enabled=yes,suspend_to_disk.enabled=yes",
    ),
    Rule(
        "vmport",
        "SPICE guests have no VMware port, because it interferes with the pointer",
        lambda setting: _has_vmport(setting) and setting.like_qemu and setting.guest.is_x86,
        set_vmport,
        "--features vmport.state=on",
    ),
)
