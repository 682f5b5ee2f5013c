"""BIOS or UEFI, Secure Boot, TPM."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest import defaults
from virtprov.guest.defaults import firmware
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.host.connection import Host
from virtprov.images.image_facts import BIOS, UEFI, ImageFacts
from virtprov.support.errors import HostError

Make = Callable[..., RuleContext]
Record = Callable[..., Host]
Write = Callable[..., str]

ALL = "bios efi"


def apply(setting: RuleContext, *rules: str) -> None:
    """Run the rules of the room, or those named, that apply."""
    for rule in (*firmware.RULES, *firmware.LATE):
        if (not rules or rule.name in rules) and rule.applies(setting):
            rule.write(setting)


# -- UEFI or not --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "arch", "machine", "choices", "firmware_word"),
    [
        ("debian12", "x86_64", "q35", {}, ""),
        ("generic", "x86_64", "q35", {}, ""),
        ("win10", "x86_64", "q35", {}, ""),
        ("win11", "x86_64", "q35", {}, "efi"),  # its profile says: UEFI, and no BIOS
        ("win11", "x86_64", "q35", {"uefi": False}, ""),
        ("generic", "x86_64", "q35", {"uefi": True}, "efi"),
        ("generic", "x86_64", "pc", {"uefi": True}, "efi"),
        ("generic", "aarch64", "virt", {}, "efi"),
        ("generic", "aarch64", "virt", {"uefi": False}, ""),
        ("generic", "armv7l", "vexpress-a15", {}, ""),
        ("generic", "riscv64", "virt", {}, "efi"),
        ("generic", "loongarch64", "virt", {}, "efi"),
        ("generic", "s390x", "s390-ccw-virtio", {}, ""),
    ],
)
def test_who_boots_by_uefi(
    profile: str,
    arch: str,
    machine: str,
    choices: dict[str, bool],
    firmware_word: str,
    setting_of: Make,
    host_of: Record,
    domcaps: Write,
) -> None:
    host = host_of("qemu:///system", domcaps=domcaps(firmware=ALL))
    setting = setting_of(profile=profile, arch=arch, machine=machine, choices=choices, host=host)
    apply(setting)
    assert setting.guest.get("./os/@firmware") == firmware_word


@pytest.mark.parametrize(
    "said",
    [
        {"os_rest": "<loader>/mine.fd</loader>"},
        {"os_rest": "<nvram template='/vars.fd'/>"},
        {"os_rest": "<kernel>/vmlinuz</kernel>"},
        {"os_rest": "<loader>/mine.fd</loader><firmware><feature enabled='no' name='secure-boot'/></firmware>"},
        {"os_attrs": "firmware='bios'"},
        {"os_type": "exe", "machine": ""},
    ],
)
def test_what_the_user_says_about_booting_stays(
    said: dict[str, str], setting_of: Make, host_of: Record, domcaps: Write
) -> None:
    setting = setting_of(profile="win11", host=host_of(domcaps=domcaps(firmware=ALL)), **said)
    before = setting.guest.text()
    apply(setting, "uefi")
    assert setting.guest.text() == before


@pytest.mark.parametrize(
    ("arch", "machine", "loaders", "chosen"),
    [
        ("x86_64", "q35", "/a/OVMF_CODE.fd /a/OVMF_CODE.secboot.fd", "/a/OVMF_CODE.secboot.fd"),
        ("x86_64", "q35", "/a/OVMF_CODE_4M.ms.fd /a/OVMF_CODE_4M.fd", "/a/OVMF_CODE_4M.fd"),
        ("x86_64", "pc", "/usr/share/qemu/ovmf-x64/OVMF-pure-efi.fd", "/usr/share/qemu/ovmf-x64/OVMF-pure-efi.fd"),
        ("i686", "pc", "/a/ovmf-ia32/OVMF.fd /a/ovmf-x64/OVMF.fd", "/a/ovmf-ia32/OVMF.fd"),
        ("aarch64", "virt", "/a/QEMU_EFI.fd /a/AAVMF_CODE.fd", "/a/AAVMF_CODE.fd"),
        ("aarch64", "virt", "/edk2/aarch64/QEMU_EFI-pflash.raw", "/edk2/aarch64/QEMU_EFI-pflash.raw"),
        ("armv7l", "virt", "/a/AAVMF32_CODE.fd", "/a/AAVMF32_CODE.fd"),
        ("riscv64", "virt", "/a/RISCV_VIRT_CODE.fd", "/a/RISCV_VIRT_CODE.fd"),
    ],
)
def test_a_file_is_named_where_libvirt_chooses_none(
    arch: str, machine: str, loaders: str, chosen: str, setting_of: Make, host_of: Record, domcaps: Write
) -> None:
    host = host_of(domcaps=domcaps(loaders=loaders))
    setting = setting_of(arch=arch, machine=machine, choices={"uefi": True}, host=host)
    apply(setting)
    guest = setting.guest
    assert (guest.get("./os/@firmware"), guest.get("./os/loader")) == ("", chosen)
    assert (guest.get("./os/loader/@readonly"), guest.get("./os/loader/@type")) == ("yes", "pflash")


def test_a_loader_for_secure_boot_brings_q35_and_smm(setting_of: Make, host_of: Record, domcaps: Write) -> None:
    host = host_of(domcaps=domcaps(loaders="/a/OVMF_CODE.secboot.fd"))
    setting = setting_of(machine="pc", choices={"uefi": True}, host=host)
    apply(setting, "uefi")
    guest = setting.guest
    assert guest.machine == "q35"
    assert guest.get("./features/smm/@state") == "on"
    assert guest.get("./os/loader/@secure") == "yes"


@pytest.mark.parametrize("has_domcaps", [True, False])
def test_uefi_that_is_asked_for_must_be_there(
    has_domcaps: bool, setting_of: Make, host_of: Record, domcaps: Write
) -> None:
    host = host_of(domcaps=domcaps(firmware="bios") if has_domcaps else "")
    with pytest.raises(HostError, match="the host has no UEFI firmware for x86_64 guests") as caught:
        apply(setting_of(choices={"uefi": True}, host=host))
    assert "OVMF" in caught.value.hint


@pytest.mark.parametrize(("profile", "arch", "machine"), [("win11", "x86_64", "q35"), ("generic", "aarch64", "virt")])
def test_uefi_by_default_is_done_without_and_said(
    profile: str, arch: str, machine: str, setting_of: Make, host_of: Record, domcaps: Write
) -> None:
    setting = setting_of(profile=profile, arch=arch, machine=machine, host=host_of(domcaps=domcaps(firmware="bios")))
    apply(setting)
    assert setting.warnings == [f"the host has no UEFI firmware for {arch} guests: the guest will not use UEFI"]
    assert not setting.guest.is_uefi


@pytest.mark.parametrize(
    ("said", "firmware_word"),
    [
        ({}, "efi"),  # else libvirt: "cannot use feature-based firmware autoselection when ... is disabled"
        ({"os_attrs": "firmware='bios'"}, "bios"),
    ],
)
def test_features_of_the_firmware_need_libvirts_choice(
    said: dict[str, str], firmware_word: str, setting_of: Make
) -> None:
    setting = setting_of(os_rest="<firmware><feature enabled='yes' name='secure-boot'/></firmware>", **said)
    apply(setting)
    assert setting.guest.get("./os/@firmware") == firmware_word


# -- Secure Boot ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "features"),
    [
        (True, ['<feature name="enrolled-keys" enabled="yes"/>']),
        (False, ['<feature name="enrolled-keys" enabled="no"/>']),
    ],
)
def test_secure_boot_is_a_matter_of_enrolled_keys(
    word: bool, features: list[str], setting_of: Make, host_of: Record, domcaps: Write, show: Callable[..., list[str]]
) -> None:
    rest = "<loader>/old.fd</loader><nvram>/old_VARS.fd</nvram>"
    host = host_of(domcaps=domcaps(firmware=ALL))
    setting = setting_of(choices={"secure_boot": word}, os_rest=rest, host=host)
    apply(setting, "secure-boot")
    guest = setting.guest
    assert show(list(guest.ensure("./os/firmware"))) == features
    assert guest.get("./os/@firmware") == "efi"
    assert not guest.has("./os/loader") and not guest.has("./os/nvram")


def test_secure_boot_needs_firmware_to_choose_from(setting_of: Make, host_of: Record, domcaps: Write) -> None:
    host = host_of(domcaps=domcaps(loaders="/a/OVMF_CODE.fd"))
    with pytest.raises(HostError, match="Secure Boot"):
        apply(setting_of(choices={"secure_boot": True}, host=host))


# -- TPM ------------------------------------------------------------------------------------------

EMULATED = {"tpm_backendModel": "passthrough emulator", "tpm_model": "tpm-tis tpm-crb"}


@pytest.mark.parametrize(
    ("devices", "refused", "arch", "offered", "tpms"),
    [
        ("", "", "x86_64", EMULATED, ['<tpm model="tpm-crb"><backend type="emulator"/></tpm>']),
        ("", "", "x86_64", {"tpm_backendModel": "emulator"}, ['<tpm><backend type="emulator"/></tpm>']),
        ("", "tpm", "x86_64", EMULATED, []),
        ("", "", "x86_64", {"tpm_backendModel": "passthrough"}, []),
        ("", "", "x86_64", {}, []),
        ("", "", "armv7l", {"tpm_backendModel": "emulator", "tpm_model": "tpm-tis"}, []),  # which does not work there
        (
            "<tpm model='tpm-tis'><backend type='emulator'/></tpm>",
            "",
            "x86_64",
            EMULATED,
            ['<tpm model="tpm-tis"><backend type="emulator"/></tpm>'],
        ),
        (
            "<tpm model='default'><backend type='emulator'/></tpm>",
            "",
            "x86_64",
            EMULATED,
            ['<tpm model="tpm-crb"><backend type="emulator"/></tpm>'],
        ),
        (
            "<tpm><backend type='emulator' version='2.0'/></tpm>",
            "",
            "x86_64",
            EMULATED,
            ['<tpm><backend type="emulator" version="2.0"/></tpm>'],
        ),
        (
            "<tpm><backend><device path='/dev/tpm0'/></backend></tpm>",
            "",
            "x86_64",
            EMULATED,
            ['<tpm><backend type="passthrough"><device path="/dev/tpm0"/></backend></tpm>'],
        ),
    ],
)
def test_tpms_beside_uefi(
    devices: str,
    refused: str,
    arch: str,
    offered: dict[str, str],
    tpms: list[str],
    setting_of: Make,
    host_of: Record,
    domcaps: Write,
    show: Callable[..., list[str]],
) -> None:
    host = host_of(domcaps=domcaps(firmware=ALL, **offered))
    setting = setting_of(
        devices, refused=refused, arch=arch, machine="virt" if arch == "armv7l" else "q35",
        choices={"uefi": True}, host=host,
    )  # fmt: skip
    apply(setting)
    assert show(setting.guest, "tpm") == tpms


@pytest.mark.parametrize(
    ("arch", "said", "tpm"),
    [
        ("x86_64", "<tpm/>", '<tpm model="tpm-crb"><backend type="emulator"/></tpm>'),
        ("x86_64", "<tpm model='default'/>", '<tpm model="tpm-crb"><backend type="emulator"/></tpm>'),
        ("aarch64", "<tpm/>", '<tpm><backend type="emulator"/></tpm>'),
        (
            "x86_64",
            "<tpm><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>",
            '<tpm><backend type="passthrough"><device path="/dev/tpm0"/></backend></tpm>',
        ),
    ],
)
def test_tpm_model_on_a_host_that_reports_nothing_about_tpms(
    arch: str, said: str, tpm: str, setting_of: Make, host_of: Record, domcaps: Write, show: Callable[..., list[str]]
) -> None:
    for host in (host_of(), host_of(domcaps=domcaps(firmware=ALL))):
        setting = setting_of(said, arch=arch, machine="virt" if arch == "aarch64" else "q35", host=host)
        apply(setting, "tpm-model")
        assert show(setting.guest, "tpm") == [tpm]


@pytest.mark.parametrize("said", [{}, {"os_rest": "<loader>/mine.bin</loader><nvram>/mine_VARS.fd</nvram>"}])
def test_no_tpm_with_bios_or_a_loader_that_may_be_anything(
    said: dict[str, str], setting_of: Make, host_of: Record, domcaps: Write
) -> None:
    setting = setting_of(host=host_of(domcaps=domcaps(firmware=ALL, **EMULATED)), **said)
    apply(setting)
    assert setting.guest.devices("tpm") == []


def test_every_rule_of_the_house_says_how_to_switch_it_off() -> None:
    silent = {rule.name for rule in defaults.RULES if not rule.off}
    assert silent <= {"device-details"}
    names = [rule.name for rule in defaults.RULES]
    assert len(names) == len(set(names))


# -- cloud images -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "only", "arch", "made"),
    [
        ("generic", UEFI, "x86_64", "efi"),
        ("generic", BIOS, "x86_64", ""),
        ("win11", BIOS, "x86_64", ""),
        ("generic", "", "x86_64", ""),
        ("generic", UEFI, "aarch64", "efi"),
    ],
)
def test_an_image_gets_the_firmware_that_boots_it(
    profile: str, only: str, arch: str, made: str, setting_of: Make, host_of: Record, domcaps: Write
) -> None:
    machine = "q35" if arch == "x86_64" else "virt"
    host = host_of(domcaps=domcaps(firmware=ALL))
    setting = setting_of(profile=profile, host=host, arch=arch, machine=machine)
    setting.image = ImageFacts("tonic2", firmware=only)
    apply(setting, "uefi")
    assert setting.guest.get("./os/@firmware") == made
