"""The guest's CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.rules.rule_context import Rule, RuleContext
from virtprov.support.errors import HostError
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.host.facts.domcaps import HostModel

_GUARDS = ("ibpb", "md-clear", "spec-ctrl", "ssbd", "virt-ssbd")
"""Mitigations for CPU flaws: a named model gets those that the host supports."""
_ARM_HOSTS = ("aarch64", "armv7l", "armv6l")
"""KVM hosts of ARM guests; those with 64 bits run 32 bit guests as well."""
_GUARDS_BY_NAME = (("-IBRS", "spec-ctrl"), ("-IBPB", "ibpb"))
"""Mitigations implied by the name of a host's CPU model, but missing in its list of features."""


def _has_cpu(setting: RuleContext) -> bool:
    cpu = tree.child(setting.guest.root, "cpu")
    if cpu is None:
        return False
    return bool(cpu.get("mode")) or tree.child(cpu, "model") is not None


def _wants_default(setting: RuleContext) -> bool:
    return not _has_cpu(setting) and setting.choices.cpu_preset != "none" and setting.guest.is_hvm


def set_default(setting: RuleContext) -> None:
    """Use the host's CPU with KVM, the most capable CPU with emulation, otherwise libvirt's default.

    Cloud images that do not start on old CPUs do not get that default.
    """
    guest = setting.guest
    if guest.domain_type == "kvm":
        _kvm(setting)
    elif guest.domain_type == "qemu":
        _emulated(setting)
    if setting.image.cpu_floor and guest.is_x86 and setting.is_qemu and not _has_cpu(setting):
        guest.put("./cpu/@mode", "host-passthrough" if guest.domain_type == "kvm" else "maximum")


def _kvm(setting: RuleContext) -> None:
    guest, known = setting.guest, setting.domcaps
    host_arch = setting.capabilities.host_arch
    if guest.is_x86 and guest.arch == host_arch:
        if known is not None and known.says_migratable:
            guest.put("./cpu/@mode", "host-passthrough")
        elif known is not None and known.host_model.supported and known.host_model.fallback == "forbid":
            guest.put("./cpu/@mode", "host-model")
        else:
            _host_model_name(setting)
    elif guest.is_arm_virt and host_arch in _ARM_HOSTS:
        guest.put("./cpu/@mode", "host-passthrough")


def _host_model_name(setting: RuleContext) -> None:
    """Return the name of the host's CPU model, unless the host reports that it cannot run it."""
    guest, known = setting.guest, setting.domcaps
    model = setting.capabilities.host_cpu.model
    listed = known.cpu_model(model) if known is not None else None
    if not model or (listed is not None and listed.usable == "no"):
        return
    guest.put("./cpu/@mode", "custom")
    guest.put("./cpu/@match", "exact")
    guest.put("./cpu/model", model)


def _emulated(setting: RuleContext) -> None:
    guest, known = setting.guest, setting.domcaps
    fits = guest.is_x86 or guest.is_arm_virt or guest.is_riscv_virt or guest.is_loongarch
    if fits and known is not None and known.cpu_mode("maximum"):
        guest.put("./cpu/@mode", "maximum")


def copy_host(setting: RuleContext) -> None:
    """Use the host's CPU model by name, so that the guest can migrate to hosts with the same model.

    Raises HostError if the host does not report the name of its CPU model.
    """
    guest, model = setting.guest, setting.capabilities.host_cpu.model
    if not model:
        raise HostError("--cpu host-copy: the host does not report its CPU model", hint="use --cpu host-model instead")
    guest.put("./cpu/@mode", "custom")
    guest.put("./cpu/@match", "exact")
    guest.put("./cpu/model", model)


def wants_copy(setting: RuleContext) -> bool:
    """Return whether the user asks for the host's CPU model by name."""
    return setting.choices.cpu_preset in ("host-copy", "host-model-only")


def fill_model(setting: RuleContext) -> None:
    """Match a named model exactly, and add the mitigations that the host supports."""
    guest = setting.guest
    model = guest.get("./cpu/model")
    mode = guest.get("./cpu/@mode")
    if not model or mode not in ("", "custom"):
        return
    if not mode:
        guest.put("./cpu/@mode", "custom")
    if not guest.has("./cpu/@match"):
        guest.put("./cpu/@match", "exact")
    if setting.choices.cpu_guards is not False:
        add_guards(setting)


def guards(host: HostModel) -> list[str]:
    """Return the mitigations of the host's CPU, from its features and the name of its model."""
    required = {name for policy, name in host.features if policy == "require"}
    required.update(guard for mark, guard in _GUARDS_BY_NAME if mark in host.model)
    return [name for name in _GUARDS if name in required]


def add_guards(setting: RuleContext) -> None:
    """Require each mitigation of the host's CPU, before the user's features, unless the user mentions it."""
    known = setting.domcaps
    cpu = tree.child(setting.guest.root, "cpu")
    if known is None or cpu is None or not setting.guest.is_x86:
        return
    text = tree.child(cpu, "feature")
    at = None if text is None else cpu.index(text)
    for name in guards(known.host_model):
        if path.find(cpu, f"./feature[@name='{name}']") is None:
            tree.add(cpu, tree.element("feature", None, {"policy": "require", "name": name}), at)
            at = None if at is None else at + 1


RULES = (
    Rule(
        "host-cpu-model",
        "the name of the host's CPU model, so that the guest can migrate to hosts that support it",
        wants_copy,
        copy_host,
        "--cpu host-model",
    ),
    Rule(
        "cpu-model",
        "a named model is matched exactly, with the security features that the host offers",
        _has_cpu,
        fill_model,
        "--cpu MODEL,secure=no",
    ),
    Rule(
        "cpu",
        "the host's CPU with KVM, the most capable CPU with emulation; otherwise libvirt's default",
        _wants_default,
        set_default,
        "--cpu none",
    ),
)
