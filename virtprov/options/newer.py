"""Sub-options that are newer than the oldest libvirt that virtprov is tested with (9.0), which silently drops them.

The test of this table compares it with libvirt's schema. Only for these the schema is asked whether the installed
libvirt knows them, because reading it takes as long as a small command.
"""

from __future__ import annotations

_ADDRESS = (
    *("type", "domain", "bus", "slot", "function", "multifunction", "zpci.uid", "zpci.fid", "controller", "target"),
    *("unit", "port", "cssid", "ssid", "devno", "reg", "iobase", "irq", "base"),
)
_POLL = "iothreadids.iothread[0-9]*.poll"

NEWER: dict[str, tuple[str, ...]] = {
    "boot": (*("loader.format", "nvram.templateFormat", "nvram.format", "varstore.path", "varstore.template", "shim"),),
    "channel": ("target.model.name",),
    "console": ("target.name", "target.address"),
    "controller": ("serial", "target.memReserve"),
    "cpu": (
        *("deprecated_features", "topology.clusters", "maxphysaddr.limit", "numa.interconnects.latency[0-9]*.unit"),
    ),
    "disk": ("driver.discard_no_unref", "blockio.discard_granularity"),
    "features": (
        *("hyperv.tlbflush.direct.state", "hyperv.tlbflush.extended.state", "hyperv.emsr_bitmap.state"),
        *("hyperv.xmm_input.state", "async-teardown.enabled", "ras.state", "ps2.state", "aia.mode"),
    ),
    "filesystem": ("driver.name",),
    "graphics": ("alias.name", *(f"address.{name}" for name in _ADDRESS)),
    "hostdev": ("driver.iommufd", "acpi.nodeset"),
    "iothreads": (f"{_POLL}.max", f"{_POLL}.grow", f"{_POLL}.shrink"),
    "launchSecurity": (
        *("authorKey", "vcek", "guestVisibleWorkarounds", "idBlock", "idAuth", "hostData", "mrConfigId", "mrOwner"),
        *("mrOwnerConfig", "quoteGenerationService", "quoteGenerationSocket"),
    ),
    "memdev": ("target.dynamicMemslots", "target.address_base"),
    "network": ("backend.hostname", "backend.fqdn"),
    "parallel": ("target.name", "target.address"),
    "pstore": ("backend", "path", "size"),
    "serial": ("target.name", "target.address"),
    "sound": ("multichannel", "streams"),
    "tpm": ("backend.debug", "backend.profile.source", "backend.profile.removeDisabled"),
    "vcpus": ("clusters",),
    "video": ("model.blob",),
}
