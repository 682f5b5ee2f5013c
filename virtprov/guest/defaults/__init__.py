"""Rules for the defaults of a guest: one small rule for each setting, applied in a fixed order."""

from __future__ import annotations

from virtprov.guest.defaults import (
    clock,
    container,
    cpu,
    devices,
    disk,
    display,
    firmware,
    launch_security,
    network,
    security,
)
from virtprov.guest.rules.rule_context import UNWATCHED, Rule, RuleContext, Watch

RULES: tuple[Rule, ...] = (
    *container.RULES,
    *security.RULES,
    *firmware.RULES,
    *clock.RULES,
    *cpu.RULES,
    *disk.RULES,
    *network.RULES,
    *devices.USB_PCI,
    *display.BEFORE,
    *devices.RULES,
    *display.RULES,
    *firmware.LATE,
    *launch_security.RULES,
    *clock.LATE,
)


def apply(setting: RuleContext, watch: Watch = UNWATCHED) -> None:
    """Run every rule that applies, in order; `watch` is notified after each one."""
    for rule in RULES:
        if rule.applies(setting):
            rule.write(setting)
            watch.rule(rule)


def check_image(setting: RuleContext) -> None:
    """Check that a new guest has what its cloud image needs; raises UsageError or HostError if not."""
    if setting.image.firmware or setting.image.cpu_floor:
        from virtprov.guest.defaults import image_needs

        image_needs.check(setting)


def complete(setting: RuleContext) -> None:
    """Complete the new devices of an existing guest, which are in `setting.fresh`."""
    for fill in (
        disk.fill_bus,
        disk.fill_targets,
        network.fill_source,
        network.fill_model,
        network.fill_mac,
        display.fill_graphics,
        display.fill_models,
        display.fill_sound,
        firmware.fill_tpm,
        devices.fill_details,
        container.fill_filesystems,
    ):
        fill(setting)


def after_part(setting: RuleContext, group: str) -> None:
    """Run the rules that a change to a part of an existing guest requires."""
    if group == "boot":
        for rule in firmware.RULES:
            if (
                rule.name == "secure-boot"
                and rule.applies(setting)
                or firmware.is_uefi_requested(setting)
                and rule.name == "uefi"
            ):
                rule.write(setting)
    elif group == "cpu":
        if cpu.wants_copy(setting):
            cpu.copy_host(setting)
        cpu.fill_model(setting)
