"""The guest's CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.rule_context import Rule, RuleContext
from virtprov.support.errors import HostError
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.host.domcaps import HostModel

_GUARDS = ("ibpb", "md-clear", "spec-ctrl", "ssbd", "virt-ssbd")
"""Features that guard against flaws of real CPUs: a named model gets those the host can give."""
_GUARDS_BY_NAME = (("-IBRS", "spec-ctrl"), ("-IBPB", "ibpb"))
"""What the name of a host's CPU model says that its list of features leaves out."""


def _has_cpu(setting: RuleContext) -> bool:
    cpu = tree.child(setting.guest.root, "cpu")
    if cpu is None:
        return False
    return bool(cpu.get("mode")) or tree.child(cpu, "model") is not None


def _wants_default(setting: RuleContext) -> bool:
    return not _has_cpu(setting) and setting.choices.cpu_preset != "none" and setting.guest.is_hvm


def set_default(setting: RuleContext) -> None:
    """The host's own CPU under KVM, the best that emulation offers elsewhere; else libvirt decides."""
    guest = setting.guest
    if guest.domain_type == "kvm":
        _kvm(setting)
    elif guest.domain_type == "qemu":
        _emulated(setting)


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
    elif guest.is_arm_virt and host_arch == "aarch64":  # 32 bit guests run there as well
        guest.put("./cpu/@mode", "host-passthrough")


def _host_model_name(setting: RuleContext) -> None:
    """The name of the host's CPU, unless the host says that it cannot run it."""
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
    """The host's own CPU by its name, so that the guest can move to any host that has it.

    Raises HostError when the host does not say what its CPU is called.
    """
    guest, model = setting.guest, setting.capabilities.host_cpu.model
    if not model:
        raise HostError(
            "--cpu host-copy: the host does not say what its CPU is called", hint="use --cpu host-model instead"
        )
    guest.put("./cpu/@mode", "custom")
    guest.put("./cpu/@match", "exact")
    guest.put("./cpu/model", model)


def wants_copy(setting: RuleContext) -> bool:
    """Whether the user asks for the host's CPU by its name."""
    return setting.choices.cpu_preset in ("host-copy", "host-model-only")


def fill_model(setting: RuleContext) -> None:
    """A named model: match it exactly, and add the guards the host offers."""
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
    """The guards the host's CPU has, by its features and by its model's name."""
    required = {name for policy, name in host.features if policy == "require"}
    required.update(guard for mark, guard in _GUARDS_BY_NAME if mark in host.model)
    return [name for name in _GUARDS if name in required]


def add_guards(setting: RuleContext) -> None:
    """Require each guard that the host's own CPU has, before what the user said, unless that speaks of it."""
    known = setting.domcaps
    cpu = tree.child(setting.guest.root, "cpu")
    if known is None or cpu is None or not setting.guest.is_x86:
        return
    said = tree.child(cpu, "feature")
    at = None if said is None else cpu.index(said)
    for name in guards(known.host_model):
        if path.find(cpu, f"./feature[@name='{name}']") is None:
            tree.add(cpu, tree.element("feature", None, {"policy": "require", "name": name}), at)
            at = None if at is None else at + 1


RULES = (
    Rule(
        "host-cpu-model",
        "the host's own CPU by its name, so that the guest can move to any host that has it",
        wants_copy,
        copy_host,
        "--cpu host-model",
    ),
    Rule(
        "cpu-model",
        "a named model: match it exactly, and add the guards the host offers",
        _has_cpu,
        fill_model,
        "--cpu MODEL,secure=no",
    ),
    Rule(
        "cpu",
        "the host's own CPU under KVM, the best that emulation offers elsewhere; else libvirt decides",
        _wants_default,
        set_default,
        "--cpu none",
    ),
)
