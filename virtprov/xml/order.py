"""Where a new child element is placed: libvirt's order of printing, as tables.

The order was taken from XML printed by libvirt; the schema accepts any order. Unknown elements are placed at the end.
Existing elements are never moved.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lxml import etree

_ORDER = {
    "domain": (
        "name uuid genid title description metadata maxMemory memory currentMemory blkiotune memtune"
        " memoryBacking vcpu vcpus iothreads iothreadids defaultiothread cputune numatune resource sysinfo"
        " bootloader bootloader_args os idmap throttlegroups features cpu clock on_poweroff on_reboot"
        " on_crash on_lockfailure pm perf devices seclabel keywrap launchSecurity qemu:commandline"
        " qemu:capabilities qemu:override qemu:deprecation"
    ),
    "os": (
        "type firmware loader nvram init initarg initenv initdir inituser initgroup kernel initrd cmdline"
        " dtb shim acpi varstore boot bootmenu bios smbios"
    ),
    "devices": (
        "emulator disk controller lease filesystem interface smartcard serial parallel console channel"
        " input tpm graphics sound audio video hostdev redirdev redirfilter watchdog memballoon rng nvram"
        " panic shmem memory iommu vsock crypto pstore hub"
    ),
    "disk": (
        "driver auth source backingStore mirror backenddomain target iotune throttlefilters readonly"
        " shareable transient encryption serial wwn vendor product boot alias address"
    ),
    "interface": (
        "mac source virtualport ip route script backenddomain bandwidth vlan port target guest model backend"
        " driver filterref tune link mtu coalesce teaming portForward boot rom acpi alias address"
    ),
    "cpu": "model vendor topology cache maxphysaddr feature numa",
    "features": (
        "acpi apic pae hap viridian privnet hyperv kvm xen pvspinlock pmu vmport gic smm ioapic hpt htm"
        " nested-hv cfpc sbbc ibs tcg async-teardown ras ps2 aia capabilities"
    ),
    "clock": "timer",
    "controller": "driver model target master address",
    "graphics": "listen channel image jpeg zlib playback streaming mouse clipboard filetransfer gl",
    "filesystem": "driver binary source target readonly alias space_hard_limit space_soft_limit address",
    "hostdev": "driver source teaming readonly shareable boot rom acpi alias address",
    "redirdev": "source protocol log boot alias address",
    "smartcard": "certificate database source protocol log alias address",
    "serial": "source protocol log target alias address",
    "parallel": "source protocol log target alias address",
    "console": "source protocol log target alias address",
    "channel": "source protocol log target alias address",
    "rng": "rate backend driver alias address",
    "memory": "uuid source target alias address",
    "target": "size node label block requested current address readonly",
    "memballoon": "stats driver alias address",
    "shmem": "model size server msi alias address",
    "vsock": "cid driver alias address",
    "video": "driver model alias address",
    "metadata": "libosinfo:libosinfo",
}

_LAST = ("alias", "address")
"""What libvirt prints at the end of every device."""

_ranks: dict[str, dict[str, int]] = {}

_NAMESPACE_PREFIX = {"http://libvirt.org/schemas/domain/qemu/1.0": "qemu:"}


def _short(tag: str) -> str:
    if not tag.startswith("{"):
        return tag
    space, _, local = tag[1:].partition("}")
    return _NAMESPACE_PREFIX.get(space, "") + local


def follower(parent: etree._Element, node: etree._Element) -> etree._Element | None:
    """Return the child of `parent` before which libvirt would print `node`; None: after all of them.

    Children are read from the end, and no further than needed: a document with thousands of arguments for QEMU grows
    by one at a time.
    """
    tag = parent.tag
    if not isinstance(tag, str) or not isinstance(node.tag, str):
        return None
    order = _ORDER.get(tag)
    if order is None:
        return _after_twins(parent, node)
    ranks = _ranks.get(tag)
    if ranks is None:
        ranks = _ranks[tag] = {name: at for at, name in enumerate(order.split())}
    mine = ranks.get(_short(node.tag))
    if mine is None:
        return _after_twins(parent, node)
    behind: etree._Element | None = None
    for child in parent.iterchildren(reversed=True):
        if isinstance(child.tag, str) and ranks.get(_short(child.tag), len(ranks)) <= mine:
            return behind
        behind = child
    return next((child for child in parent.iterchildren() if isinstance(child.tag, str)), None)


def _after_twins(parent: etree._Element, node: etree._Element) -> etree._Element | None:
    """Return the child behind the last one with the same tag; without one, the first of those that are always last."""
    behind: etree._Element | None = None
    last: etree._Element | None = None
    is_end = node.tag not in _LAST
    for child in parent.iterchildren(reversed=True):
        if child.tag == node.tag:
            return behind
        is_end = is_end and child.tag in _LAST
        last = child if is_end else last
        behind = child
    return last
