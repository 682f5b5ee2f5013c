"""What a cloud image needs of its guest: a firmware that boots it, a CPU that is new enough.

Levels of CPUs are those of the x86-64 psABI. Which CPU model has which level is in QEMU's documentation
(docs/system/cpu-models-x86-abi.csv).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.images.image_facts import BIOS, UEFI
from virtprov.support.errors import HostError, UsageError
from virtprov.xml import tree

if TYPE_CHECKING:
    from virtprov.guest.rules.rule_context import RuleContext
    from virtprov.host.facts.domcaps import DomainCapabilities

LEVELS = ("x86-64", "x86-64-v2", "x86-64-v3")
_MODELS = (
    (
        "486", "pentium", "qemu", "kvm", "cpu64-rhel", "coreduo", "core2duo", "n270", "athlon", "phenom", "Conroe",
        "Penryn", "Opteron_G1", "Opteron_G2", "Opteron_G3",
    ),
    ("Nehalem", "Westmere", "SandyBridge", "IvyBridge", "Opteron_G4", "Opteron_G5", "Denverton", "Snowridge"),
    (
        "Haswell", "Broadwell", "Skylake", "Cascadelake", "Cooperlake", "Icelake", "SapphireRapids", "GraniteRapids",
        "SierraForest", "ClearwaterForest", "EPYC", "Dhyana", "YongFeng",
    ),
)  # fmt: skip
"""How the names of CPU models of each level begin."""
_LEAST = {"x86-64-v2": "Nehalem", "x86-64-v3": "Haswell-noTSX"}
"""The least model of a level; a host that lacks one of these features says so about this model."""
_FEATURES = {
    "x86-64-v2": {"cx16", "lahf_lm", "popcnt", "ssse3", "sse4.1", "sse4.2"},
    "x86-64-v3": {"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"},
}


def level_of(model: str) -> str:
    """Return the level of a CPU model; "" if it is not known."""
    return next((level for level, names in zip(LEVELS, _MODELS, strict=True) if model.startswith(names)), "")


def has_level(known: DomainCapabilities | None, level: str) -> bool | None:
    """Return whether a host can give guests a CPU of a level; None if it does not report that."""
    if known is None:
        return None
    high = LEVELS[LEVELS.index(level) :]
    if any(model.usable == "yes" and level_of(model.name) in high for model in known.cpu_models):
        return True
    least = known.cpu_model(_LEAST[level])
    if least is not None and _FEATURES[level].intersection(least.blockers):
        return False
    result = level_of(known.host_model.model)
    return result in high if result else None


def check(setting: RuleContext) -> None:
    """Check that the guest has what its cloud image needs, after all options and default rules.

    Raises UsageError if a CPU or a firmware that the user chose is not enough, HostError if the host's CPU is not.
    """
    if setting.image.firmware:
        _check_firmware(setting)
    if setting.image.cpu_floor in _LEAST and setting.guest.arch == "x86_64" and setting.is_qemu:
        _check_cpu(setting)


def _check_firmware(setting: RuleContext) -> None:
    guest, only, name = setting.guest, setting.image.firmware, setting.image.os
    if only == BIOS and (guest.is_uefi or setting.choices.uefi or setting.choices.secure_boot is not None):
        raise UsageError(f"the image {name} boots with BIOS only, but UEFI is requested", hint="omit --boot uefi")
    if only == UEFI and guest.is_x86 and setting.choices.uefi is False:
        raise UsageError(f"the image {name} boots with UEFI only, but BIOS is requested", hint="omit --boot uefi=off")


def _check_cpu(setting: RuleContext) -> None:
    guest, floor = setting.guest, setting.image.cpu_floor
    model = guest.get("./cpu/model")
    if model:
        _check_model(setting, model)
    elif not guest.get("./cpu/@mode"):
        raise UsageError(
            f"--cpu none: the image {setting.image.os} requires a CPU of level {floor}", hint="omit --cpu none"
        )
    elif guest.domain_type == "kvm" and has_level(setting.domcaps, floor) is False:
        raise HostError(
            f"the image {setting.image.os} requires a CPU of level {floor}, which the host does not have",
            hint="use an older release, or --virt-type qemu to emulate the CPU, which is slow",
        )


def _check_model(setting: RuleContext, model: str) -> None:
    """Raise UsageError for a model that is known to be too old; features that the user adds may make up for it."""
    floor = setting.image.cpu_floor
    level = level_of(model)
    cpu = tree.child(setting.guest.root, "cpu")
    added = {} if cpu is None else {node.get("name"): node.get("policy") for node in tree.children(cpu, "feature")}
    enough = _FEATURES[floor] <= {name for name, policy in added.items() if policy in ("require", "force")}
    if level and LEVELS.index(level) < LEVELS.index(floor) and not enough:
        raise UsageError(
            f"--cpu {model}: the image {setting.image.os} requires a CPU of level {floor}",
            hint=f"omit --cpu, or use a newer model such as {_LEAST[floor]}",
        )
