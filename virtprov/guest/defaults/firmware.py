"""BIOS or UEFI, Secure Boot, TPM."""

from __future__ import annotations

import re

from virtprov.guest.rules.rule_context import Rule, RuleContext
from virtprov.images.image_facts import BIOS, UEFI
from virtprov.support.errors import HostError
from virtprov.xml import path, tree

_LOADERS = {
    "x86_64": (
        r".*/OVMF_CODE\.secboot\.fd$",
        r".*/OVMF_CODE.*\.secboot\.fd$",
        r".*/OVMF_CODE\.fd$",
        r".*/OVMF_CODE_4M\.fd$",
        r".*ovmf-x64/OVMF.*\.fd$",
        r".*(ovmf|ovmf-x64|edk2-x86_64|edk2-ovmf-x64).*\.(fd|bin)$",
        r".*BHYVE_UEFI\.fd$",
    ),
    "i686": (r".*ovmf-ia32/OVMF.*\.fd$", r".*edk2-i386-.*\.(fd|bin)$", r".*OVMF32.*\.fd$"),
    "aarch64": (
        r".*AAVMF_CODE\.fd$",
        r".*(aarch64/QEMU_EFI|QEMU_EFI-pflash|edk2-aarch64).*\.(fd|raw)$",
        r".*arm.*/QEMU_EFI.*\.fd$",
        r".*edk2-aarch64-code\.fd$",
    ),
    "armv7l": (r".*AAVMF32_CODE\.fd$", r".*edk2-arm-code\.fd$", r".*arm/QEMU_EFI.*\.fd$"),
    "riscv64": (r".*RISCV_VIRT_CODE.*\.(fd|qcow2)$",),
    "loongarch64": (r".*QEMU_EFI.*\.fd$", r".*loongarch64.*\.fd$"),
}
"""File names of firmware in distributions, by architecture, the best first."""


def _is_chosen(setting: RuleContext) -> bool:
    guest = setting.guest
    return any(
        guest.has(place) for place in ("./os/loader", "./os/nvram", "./os/@firmware", "./os/kernel", "./os/firmware")
    )


def is_uefi_requested(setting: RuleContext) -> bool:
    """Return whether the user asks for UEFI explicitly."""
    return setting.choices.uefi is True


def _prefers_uefi(setting: RuleContext) -> bool:
    guest, profile = setting.guest, setting.profile
    if setting.choices.uefi is False or setting.image.firmware == BIOS:
        return False
    if guest.is_arm_virt or guest.is_riscv_virt or guest.is_loongarch or setting.driver == "bhyve":
        return True
    if not guest.is_x86 or not setting.is_qemu:
        return False
    if setting.image.firmware == UEFI:
        return True
    return profile.efi(guest.arch) is True and profile.bios(guest.arch) is False


def _wants_uefi(setting: RuleContext) -> bool:
    if is_uefi_requested(setting):
        return True
    return setting.guest.is_hvm and not _is_chosen(setting) and _prefers_uefi(setting)


def set_uefi(setting: RuleContext) -> None:
    """Let libvirt select the firmware if it can, otherwise use a firmware file of the host.

    Raises HostError if the user asked for UEFI and the host has none; as a mere default it only warns.
    """
    guest, known = setting.guest, setting.domcaps
    if setting.product == "vmware" or known is not None and "efi" in known.firmwares:
        guest.put("./os/@firmware", "efi")
        return
    loader = _find_loader(setting)
    if loader:
        _use_loader(setting, loader)
        return
    sentence = f"the host has no UEFI firmware for {guest.arch} guests"
    if is_uefi_requested(setting):
        raise HostError(sentence, hint="install OVMF (edk2) on the host, or omit --boot uefi")
    if setting.host.driver in ("qemu", "bhyve"):
        setting.warn(f"{sentence}: the guest will not use UEFI")


def _find_loader(setting: RuleContext) -> str:
    known = setting.domcaps
    if known is None:
        return ""
    for pattern in _LOADERS.get(setting.guest.arch, ()):
        for loader in known.loader.files:
            if re.match(pattern, loader):
                return loader
    return ""


def is_uefi_file(loader: str) -> bool:
    """Return whether a file has a name that distributions give to UEFI firmware."""
    return any(re.match(pattern, loader) for patterns in _LOADERS.values() for pattern in patterns)


def _use_loader(setting: RuleContext, loader: str) -> None:
    guest = setting.guest
    guest.put("./os/loader", loader)
    guest.put("./os/loader/@readonly", "yes")
    guest.put("./os/loader/@type", "pflash")
    if "secboot" in loader and guest.is_x86 and setting.is_qemu:
        if not guest.is_q35:
            guest.put("./os/type/@machine", "q35")
        guest.put("./features/smm/@state", "on")
        guest.put("./os/loader/@secure", "yes")


def set_secure_boot(setting: RuleContext) -> None:
    """Switch Secure Boot on or off: libvirt selects a firmware with or without enrolled keys.

    Raises HostError if the host has no such firmware.
    """
    guest, known = setting.guest, setting.domcaps
    if setting.is_test or (known is not None and "efi" not in known.firmwares):
        raise HostError(
            f"libvirt on the host cannot select UEFI firmware for {guest.arch} guests, which Secure Boot requires",
            hint="install OVMF (edk2) with its firmware descriptors on the host, or omit --boot secure-boot",
        )
    on = setting.choices.secure_boot is True
    for place in ("./os/loader", "./os/nvram"):
        result = path.find(guest.root, place)
        if result is not None:
            tree.remove(result)
    guest.put("./os/@firmware", "efi")
    features = guest.ensure("./os/firmware")
    feature = path.ensure(features, "./feature[@name='enrolled-keys']")
    feature.set("enabled", "yes" if on else "no")


def _wants_tpm(setting: RuleContext) -> bool:
    guest = setting.guest
    if guest.get("./os/loader") and not (guest.get("./os/@firmware") or guest.get("./os/loader/@type") == "pflash"):
        return False  # a loader of which the user says no more may be anything
    if guest.devices("tpm") or setting.is_refused("tpm") or not guest.is_uefi or not setting.is_qemu:
        return False
    known = setting.domcaps
    if known is None or guest.arch == "armv7l" and not _offers_crb(setting):  # its TIS does not work
        return False
    return "emulator" in (known.device("tpm", "backendModel") or ())


def _offers_crb(setting: RuleContext) -> bool:
    """Return whether the host offers CRB; one that reports nothing about TPMs has it for guests on x86."""
    known = setting.domcaps
    if known is None or known.supports("devices/tpm") is None:
        return setting.guest.is_x86
    return "tpm-crb" in (known.device("tpm", "model") or ())


def add_tpm(setting: RuleContext) -> None:
    """Add an emulated TPM for UEFI."""
    tpm = setting.guest.add_device("tpm")
    tree.add(tpm, tree.element("backend", None, {"type": "emulator"}))


def fill_tpm(setting: RuleContext) -> None:
    """Use an emulated TPM unless a host device is given; CRB if it is offered, otherwise libvirt's default model."""
    for tpm in setting.devices("tpm"):
        backend = path.ensure(tpm, "./backend")
        if not backend.get("type"):
            backend.set("type", "emulator" if tree.child(backend, "device") is None else "passthrough")
        if tpm.get("model", "default") not in ("", "default"):
            continue
        tpm.attrib.pop("model", None)
        if backend.get("type") == "emulator" and not backend.get("version") and _offers_crb(setting):
            tpm.set("model", "tpm-crb")


def _names_features(setting: RuleContext) -> bool:
    guest = setting.guest
    return guest.has("./os/firmware/feature") and not guest.has("./os/@firmware") and not guest.has("./os/loader")


def select_by_features(setting: RuleContext) -> None:
    """Let libvirt select the firmware by the features that the user names; without this it refuses them."""
    setting.guest.put("./os/@firmware", "efi")


RULES = (
    Rule(
        "firmware-features",
        "libvirt selects a UEFI firmware with the features that are named",
        _names_features,
        select_by_features,
        "--boot firmware=... or loader=...",
    ),
    Rule(
        "uefi",
        "libvirt selects the firmware if it can, otherwise a firmware file of the host",
        _wants_uefi,
        set_uefi,
        "--boot uefi=off",
    ),
    Rule(
        "secure-boot",
        "libvirt selects a firmware with or without enrolled Secure Boot keys",
        lambda setting: setting.choices.secure_boot is not None,
        set_secure_boot,
        "--boot secure-boot=...",
    ),
)

LATE = (
    Rule("tpm", "an emulated TPM with UEFI", _wants_tpm, add_tpm, "--tpm none"),
    Rule(
        "tpm-model",
        "emulated unless a host device is given; CRB if the host offers it, otherwise libvirt's default",
        lambda setting: bool(setting.guest.devices("tpm")),
        fill_tpm,
        "--tpm model=...",
    ),
)
