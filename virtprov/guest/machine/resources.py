"""Memory and processors: as given, otherwise as recommended by the operating system's profile."""

from __future__ import annotations

from virtprov.guest.document import TOPOLOGY, Guest
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.support.errors import UsageError

KIB_IN_MIB = 1024
CONTAINER_MIB = 1024
TINY_MIB = 17
"""A value below this many MiB was probably meant as GiB."""


def set_memory(setting: RuleContext) -> bool:
    """Fill in the memory in KiB; returns False if nothing is known about how much the guest needs.

    Raises UsageError for a guest without memory.
    """
    guest = setting.guest
    if guest.has("./maxMemory") and not guest.has("./memory") and not guest.has("./currentMemory"):
        return True  # all of it comes from NUMA cells or memory modules
    if not guest.has("./memory"):
        if guest.has("./currentMemory"):
            guest.put("./memory", guest.get("./currentMemory"))
        else:
            advised = _advised_kib(setting)
            if not advised:
                return False
            whose = "container" if guest.is_container else setting.profile.short_id
            setting.note(f"Using {whose} default --memory {advised // KIB_IN_MIB}")
            guest.put("./memory", str(advised))
    if not guest.has("./currentMemory"):
        guest.put("./currentMemory", guest.get("./memory"))
    _check_memory(setting)
    return True


def _advised_kib(setting: RuleContext) -> int:
    """Return the default of a container, or the profile's recommendation, in KiB; 0 if there is none."""
    if setting.guest.is_container:
        return CONTAINER_MIB * KIB_IN_MIB
    return (setting.profile.resources(setting.guest.arch).advised.ram or 0) // 1024


def _check_memory(setting: RuleContext) -> None:
    text = setting.guest.get("./memory")
    unit = setting.guest.get("./memory/@unit")
    if not text.isdecimal() or unit not in ("", "KiB"):
        return
    mib = int(text) // KIB_IN_MIB
    if mib == 0:
        raise UsageError(
            "--memory: the guest would have no memory", hint="--memory is in MiB, for example --memory 2048"
        )
    if mib < TINY_MIB:
        setting.warn(f"the guest gets {mib} MiB of memory; --memory is in MiB: did you mean {mib} GiB?")
        return
    least = setting.profile.resources(setting.guest.arch).minimum.ram
    if least and mib * KIB_IN_MIB * 1024 < least:
        need = least // 1024 // KIB_IN_MIB
        setting.warn(f"{mib} MiB of memory is less than the {need} MiB that {setting.profile.name} requires")


def boost_network_install(setting: RuleContext, first: Guest, *, given: bool) -> None:
    """Increase the memory for a network installation to what the profile requires for it.

    Memory chosen by the user (`given`) is not changed; a warning is added instead.
    """
    need = (setting.profile.resources(first.arch).network_install.ram or 0) // 1024
    text = first.get("./memory")
    if not text.isdecimal() or first.get("./memory/@unit") not in ("", "KiB") or int(text) >= need:
        return
    if given:
        mib, wanted = int(text) // KIB_IN_MIB, need // KIB_IN_MIB
        setting.warn(
            f"{mib} MiB of memory is less than the {wanted} MiB that {setting.profile.name} requires for installation"
        )
        return
    first.put("./memory", str(need))
    first.put("./currentMemory", str(need))


def set_vcpus(setting: RuleContext) -> None:
    """Fill in the number of processors; raises UsageError for zero."""
    guest = setting.guest
    if guest.get("./vcpu"):
        if guest.get("./vcpu") == "0":
            raise UsageError("--vcpus: the guest would have no processor", hint="give at least one, such as --vcpus 2")
        return
    count = guest.count_in_topology()
    if count is not None and any(guest.get(f"./cpu/topology/@{name}") for name in TOPOLOGY):
        guest.put("./vcpu", str(count))
        return
    advised = setting.profile.resources(guest.arch).advised.n_cpus
    guest.put("./vcpu", str(1 if guest.is_container else advised or 1))


def fill_topology(setting: RuleContext) -> None:
    """Complete a partly given CPU topology so that its product is the number of processors.

    Raises UsageError if that is not possible.
    """
    guest = setting.guest
    topology = {name: guest.get(f"./cpu/topology/@{name}") for name in TOPOLOGY}
    if not any(topology.values()) or not guest.get("./vcpu").isdecimal():
        return
    total = int(guest.get("./vcpu"))
    rest, left = divmod(total, guest.count_in_topology() or 1)
    is_complete = all(topology[name] for name in ("cores", "sockets", "threads"))
    if left or (rest != 1 and is_complete):
        words = " x ".join(f"{number} {name}" for name, number in topology.items() if number)
        raise UsageError(
            f"--vcpus {total}: {words} cannot have {total} processors",
            hint="omit vcpus=, or give a multiple of the topology",
        )
    guest.complete_topology(rest)
    if not topology["dies"]:
        guest.put("./cpu/topology/@dies", "1")
