"""All option groups, in the order of the help: for each the module of its table and its help line.

A table is loaded when it is first used, because most commands need few of them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.options.model import Table

GENERAL = {
    "memory": ("memory", "memory in MiB: 2048, or memory=2048,maxmemory=4096"),
    "vcpus": ("vcpus", "processors: 4 or 4,maxvcpus=8 or sockets=2,cores=4"),
    "cpu": ("cpu", "CPU model: host-passthrough, or Haswell,+x2apic"),
    "metadata": ("metadata", "names and ids: title=TEXT, uuid=UUID ..."),
    "xml": ("security", "any XML: ./PATH/@NAME=VALUE, xpath.delete=./PATH"),
}
GUEST = {
    "iothreads": ("tune", "threads for disk I/O"),
    "seclabel": ("security", "security label of the guest's process"),
    "keywrap": ("security", "key wrapping on s390x"),
    "cputune": ("tune", "CPU shares, pinning and scheduling"),
    "numatune": ("tune", "NUMA nodes of the host to take memory from"),
    "memtune": ("tune", "memory limits, in KiB"),
    "blkiotune": ("tune", "weights and limits for disk I/O"),
    "memorybacking": ("memory", "how the host provides the memory: hugepages=on ..."),
    "features": ("features", "machine features: acpi=off, smm.state=on ..."),
    "clock": ("clock", "clock and timers: offset=localtime, hpet_present=no"),
    "pm": ("clock", "sleep states: suspend_to_mem.enabled=yes ..."),
    "events": ("clock", "actions when the guest stops: on_crash=preserve ..."),
    "resource": ("tune", "resource partition (cgroup) of the guest"),
    "sysinfo": ("metadata", "SMBIOS data: host, bios.vendor=NAME ..."),
    "qemu-commandline": ("security", "extra arguments for QEMU, or env=NAME=VALUE"),
    "launchSecurity": ("security", "memory encryption: sev, sev-snp, tdx, s390-pv"),
}
"""Groups about the guest as a whole that the help keeps together."""
BOOTING = {
    "boot": ("boot", "order, firmware, kernel: hd,cdrom, uefi, kernel=PATH"),
    "idmap": ("boot", "user ids of a container: uid.start=0,uid.count=10"),
}
DEVICES = {
    "disk": ("disk", "PATH, size=GIB, vol=POOL/VOLUME, device=cdrom, none"),
    "network": ("network", "network=NAME, bridge=NAME, user, passt, none"),
    "graphics": ("graphics", "display: vnc, spice, sdl, egl-headless, none"),
    "controller": ("devices", "controller: usb, scsi, pci ... with model=NAME"),
    "input": ("devices", "input device: tablet, mouse, keyboard, evdev"),
    "serial": ("chardev", "serial port: pty, file,path=PATH, tcp,host=ADDR"),
    "parallel": ("chardev", "parallel port"),
    "channel": ("chardev", "channel to the host: unix, spicevmc, qemu-vdagent"),
    "console": ("chardev", "text console: pty, none"),
    "hostdev": ("devices", "host device: PCI or USB address, or name"),
    "filesystem": ("filesystem", "share a host folder with the guest: SOURCE,TARGET"),
    "sound": ("devices", "sound card: ich9, ac97, usb ... or none"),
    "audio": ("devices", "how the host plays sound: spice, pulseaudio ..."),
    "watchdog": ("devices", "watchdog: i6300esb, itco ... with action=reset"),
    "video": ("graphics", "video card: virtio, qxl, vga, bochs, none"),
    "smartcard": ("chardev", "smartcard: host, passthrough"),
    "redirdev": ("chardev", "USB redirection device, or none"),
    "memballoon": ("devices", "memory balloon: virtio, none"),
    "tpm": ("tpm", "TPM: emulator, a host device, or none"),
    "rng": ("rng", "random number generator: /dev/urandom, none"),
    "panic": ("devices", "panic device: isa, pvpanic, hyperv ..."),
    "shmem": ("memdev", "shared memory: NAME,model.type=NAME"),
    "memdev": ("memdev", "memory module: dimm, nvdimm ... with target.size="),
    "vsock": ("memdev", "vsock device: cid=N, cid.auto=yes"),
    "iommu": ("memdev", "IOMMU: intel, smmuv3, virtio"),
    "pstore": ("memdev", "persistent storage for crash logs"),
}
"""Groups about devices."""
INSTALLATION = {
    "cloud-init": ("installer", "set up a cloud image: user-data=FILE ..."),
    "image": ("installer", "cloud image to boot: NAME, URL or PATH, list"),
    "install": ("installer", "installation details: NAME, kernel=PATH, bootdev= ..."),
    "location": ("installer", "install from a tree: URL, folder or ISO image"),
    "unattended": ("installer", "answer the installer's questions: user=NAME ..."),
    "osinfo": ("installer", "guest OS: a name, detect=on, require=off, list"),
    "check": ("installer", "skip checks: path_in_use=off, all=off ..."),
}
"""Groups without a place in the XML."""
CLONING = {
    "copy": ("installer", "how one disk is copied: vdb,pool=NAME,format=raw ..."),
}
"""Groups of virtprov-clone alone."""
CONVERSIONS = {
    "convert-to-q35": ("convert", "with --edit, convert i440fx to q35: num_pcie_root_ports=N"),
    "convert-to-vnc": ("convert", "with --edit, convert SPICE to VNC: qemu-vdagent=on"),
}

XML = {**GENERAL, **GUEST, **BOOTING, **DEVICES}
"""Every group that has a place in the guest's XML."""
IN_ORDER = (*BOOTING, *GENERAL, *GUEST, *DEVICES)
"""The same, in the order in which the options of a new guest are read."""
_ALL = {**XML, **INSTALLATION, **CLONING, **CONVERSIONS}
GROUPS = tuple(_ALL)

_loaded: dict[str, Table] = {}


def table(group: str) -> Table:
    """Return the table of an option group; `name` is its flag without the dashes."""
    if group not in _loaded:
        module = __import__(f"virtprov.options.{_ALL[group][0]}", fromlist=["TABLES"])
        _loaded.update({result.flag: result for result in module.TABLES})
    return _loaded[group]


def help_line(group: str) -> str:
    """Return the help line of a group."""
    return _ALL[group][1]


def says_none(group: str, text: str) -> bool:
    """Return whether the value is only the word `none`: no such device, not even the default one."""
    return text.strip().rstrip(",") == "none" and table(group).none
