"""UEFI with Secure Boot on and off, a TPM, and what goes with a guest that has them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from lab import inventory
from lab.domain import definition
from lab.guests import BOOT_DEADLINE, until
from lab.host import Host
from lab.image import Image
from lab.inventory import Inventory

pytestmark = pytest.mark.live

TPM = "model=tpm-crb,backend.type=emulator,backend.version=2.0"
OFF = "firmware=efi,firmware.feature0.name=enrolled-keys,firmware.feature0.enabled=no"
BOOTS = {"secure": ["--boot", "uefi", "--tpm", TPM], "lax": ["--boot", OFF, "--tpm", "none"]}
IMAGES, NVRAM, TPMS = "/var/lib/libvirt/images", "/var/lib/libvirt/qemu/nvram", "/var/lib/libvirt/swtpm"


class Booted(NamedTuple):
    """What the guests wrote on their serial lines while they booted, and what the host held before them."""

    said: dict[str, str]
    before: Inventory


def argv(name: str, disk: str) -> list[str]:
    """The words that make a guest with the firmware called `name`."""
    return [
        *("virtprov-install", "--virt-type", "qemu", "--name", name, "--osinfo", "debian12", "--memory", "512"),
        *("--vcpus", "1", "--import", "--graphics", "none", "--network", "none", "--noautoconsole"),
        *("--disk", disk, "--serial", f"pty,log.file=/var/log/libvirt/{name}.log", *BOOTS[name]),
    ]


@pytest.fixture(scope="module")
def booted(lab: Host, image: Image) -> Iterator[Booted]:
    """Both guests, booted side by side until the kernel has said what it found."""
    before = inventory.take(lab)
    for name in BOOTS:
        made = lab.run(argv(name, f"size=3,backing_store={image.disk}"))
        assert made.rc == 0, made.err
    said: dict[str, str] = {}

    def all_said() -> bool:
        for name in BOOTS:
            said[name] = lab.outside(f"/var/log/libvirt/{name}.log").read_text(errors="replace")
        return all("Freeing initrd memory" in text or "Run /init" in text for text in said.values())

    until("the guests' kernels run", all_said, lambda _: time.sleep(0.3), BOOT_DEADLINE)
    yield Booted(said, before)
    for name in lab.virsh("list", "--all", "--name").split():
        if name in BOOTS:
            lab.try_virsh("destroy", name)
            lab.virsh("undefine", name, "--nvram", "--remove-all-storage")


def test_secure_boot_is_on_and_the_tpm_is_there(booted: Booted) -> None:
    assert "Secure boot enabled" in booted.said["secure"]
    assert "ACPI: TPM2" in booted.said["secure"]


def test_secure_boot_is_off(booted: Booted) -> None:
    assert "EFI v2" in booted.said["lax"]
    assert "Secure boot enabled" not in booted.said["lax"]
    assert "ACPI: TPM2" not in booted.said["lax"]


def test_variables_and_tpm_state_are_the_guests_own(booted: Booted, lab: Host) -> None:
    files = inventory.files(lab)
    assert {f"{NVRAM}/{name}_VARS.fd" for name in BOOTS} <= set(files)
    uuid = definition(lab, "secure").findtext("./uuid")
    assert [one for one in files if one.startswith(f"{TPMS}/{uuid}/")]


def test_an_edit_keeps_what_the_firmware_is_to_have(booted: Booted, lab: Host) -> None:
    """libvirt 11.3 writes the features it chose into the definition, that of 9.0 those that were asked for."""

    def features(name: str) -> set[tuple[str | None, str | None]]:
        found = definition(lab, name).findall("./os/firmware/feature")
        return {(one.get("name"), one.get("enabled")) for one in found}

    before = {name: features(name) for name in BOOTS}
    assert ("enrolled-keys", "no") in before["lax"]
    assert before["secure"] <= {("enrolled-keys", "yes"), ("secure-boot", "yes")}
    for name in BOOTS:
        done = lab.run(["virtprov-xml", name, "--edit", "--metadata", "title=Edited", "--define"])
        assert done.rc == 0, done.err
        assert lab.virsh("desc", name, "--title", "--config") == "Edited"
    assert {name: features(name) for name in BOOTS} == before


def test_a_clone_gets_variables_of_its_own(booted: Booted, lab: Host) -> None:
    lab.virsh("destroy", "lax")
    before = inventory.take(lab)
    cloned = lab.run(["virtprov-clone", "--original", "lax", "--name", "lax-2", "--auto-clone", "--identity", "keep"])
    assert cloned.rc == 0, cloned.err
    lab.virsh("start", "lax-2")  # libvirt gives it a file for its variables now
    assert definition(lab, "lax-2", inactive=False).findtext("./os/nvram") == f"{NVRAM}/lax-2_VARS.fd"
    assert set(inventory.files(lab)) >= {f"{NVRAM}/lax_VARS.fd", f"{NVRAM}/lax-2_VARS.fd"}
    lab.virsh("destroy", "lax-2")
    lab.virsh("undefine", "lax-2", "--nvram", "--remove-all-storage")
    assert inventory.take(lab) == before


def test_a_clone_boots_with_variables_and_an_empty_tpm_of_its_own(booted: Booted, lab: Host) -> None:
    lab.virsh("destroy", "secure")
    before = inventory.take(lab)
    words = ["virtprov-clone", "secure", "--name", "secure-2", "--auto-clone", "--identity", "keep", "--start"]
    cloned = lab.run([*words, "--output", "json"])
    assert cloned.rc == 0, cloned.err
    fates = {part["part"]: part["fate"] for part in json.loads(cloned.out)["parts"]}
    assert fates["UEFI variables"] in ("copied", "renewed") and fates["TPM"] == "renewed"
    log = lab.outside("/var/log/libvirt/secure-2.log")

    def has_booted() -> bool:
        return any(word in log.read_text(errors="replace") for word in ("Freeing initrd memory", "Run /init"))

    until("the clone's kernel runs", has_booted, lambda _: time.sleep(0.3), BOOT_DEADLINE)
    said = log.read_text(errors="replace")
    assert "Secure boot enabled" in said and "ACPI: TPM2" in said
    uuids = [definition(lab, name).findtext("./uuid") for name in ("secure", "secure-2")]
    files = inventory.files(lab)
    assert all([one for one in files if one.startswith(f"{TPMS}/{uuid}/")] for uuid in uuids)
    assert {f"{NVRAM}/secure_VARS.fd", f"{NVRAM}/secure-2_VARS.fd"} <= set(files)
    lab.virsh("destroy", "secure-2")
    lab.virsh("undefine", "secure-2", "--nvram", "--remove-all-storage")
    assert inventory.take(lab) == before


@pytest.mark.parametrize("name", BOOTS)
def test_a_guest_that_does_not_start_leaves_no_variables_and_no_tpm(lab: Host, tmp_path: Path, name: str) -> None:
    broken = tmp_path / "broken.qcow2"
    broken.write_bytes(b"QFI\xfb" + b"\xff" * 65532)
    before = inventory.take(lab)
    words = ["doomed" if word == name else word for word in argv(name, f"{broken},format=qcow2")]
    done = lab.run(words)
    assert inventory.take(lab) == before
    assert done.rc == 3, done.err
    assert "Traceback" not in done.err
