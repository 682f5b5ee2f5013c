"""Which option groups there are: for each the module of its table and its line of help, in the order of the help.

A table is read when it is first asked for: most commands need few of them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.options.model import Table

GENERAL = {
    "memory": ("memory", "memory in MiB: 2048, or memory=2048,maxmemory=4096"),
    "vcpus": ("vcpus", "processors: 4 or 4,maxvcpus=8 or sockets=2,cores=4"),
    "cpu": ("cpu", "processor: host-passthrough, or Haswell,+x2apic"),
    "metadata": ("metadata", "names and ids: title=TEXT, uuid=UUID ..."),
    "xml": ("security", "anything: ./PATH/@NAME=VALUE, xpath.delete=./PATH"),
}
GUEST = {
    "iothreads": ("tune", "threads for disk input and output"),
    "seclabel": ("security", "a security label of the guest's process"),
    "keywrap": ("security", "protected keys of s390x"),
    "cputune": ("tune", "shares, pinning and scheduling of processors"),
    "numatune": ("tune", "which NUMA nodes of the host give the memory"),
    "memtune": ("tune", "limits of memory, in KiB"),
    "blkiotune": ("tune", "weights and limits of disk traffic"),
    "memorybacking": ("memory", "how the host holds the memory: hugepages=on ..."),
    "features": ("features", "features of the machine: acpi=off, smm.state=on ..."),
    "clock": ("clock", "clock and timers: offset=localtime, hpet_present=no"),
    "pm": ("clock", "sleep: suspend_to_mem.enabled=yes ..."),
    "events": ("clock", "what follows when it stops: on_crash=preserve ..."),
    "resource": ("tune", "the resource partition (cgroup) of the guest"),
    "sysinfo": ("metadata", "what SMBIOS tells: host, bios.vendor=NAME ..."),
    "qemu-commandline": ("security", "further arguments for QEMU, or env=NAME=VALUE"),
    "launchSecurity": ("security", "encrypted memory: sev, sev-snp, tdx, s390-pv"),
}
"""Groups about the guest as a whole that the help keeps together."""
BOOTING = {
    "boot": ("boot", "order, firmware, kernel: hd,cdrom, uefi, kernel=PATH"),
    "idmap": ("boot", "user ids of a container: uid.start=0,uid.count=10"),
}
DEVICES = {
    "disk": ("disk", "PATH, size=GIB, vol=POOL/VOLUME, device=cdrom, none"),
    "network": ("network", "network=NAME, bridge=NAME, user, passt, none"),
    "graphics": ("graphics", "a display: vnc, spice, sdl, egl-headless, none"),
    "controller": ("devices", "a controller: usb, scsi, pci ... with model=NAME"),
    "input": ("devices", "an input device: tablet, mouse, keyboard, evdev"),
    "serial": ("chardev", "a serial port: pty, file,path=PATH, tcp,host=ADDR"),
    "parallel": ("chardev", "a parallel port"),
    "channel": ("chardev", "a channel to the host: unix, spicevmc, qemu-vdagent"),
    "console": ("chardev", "a text console: pty, none"),
    "hostdev": ("devices", "a device of the host: PCI or USB address, or name"),
    "filesystem": ("filesystem", "a folder of the host in the guest: SOURCE,TARGET"),
    "sound": ("devices", "a sound card: ich9, ac97, usb ... or none"),
    "audio": ("devices", "where the host plays sound: spice, pulseaudio ..."),
    "watchdog": ("devices", "a watchdog: i6300esb, itco ... with action=reset"),
    "video": ("graphics", "a video card: virtio, qxl, vga, bochs, none"),
    "smartcard": ("chardev", "a smartcard: host, passthrough"),
    "redirdev": ("chardev", "a redirected USB device, or none"),
    "memballoon": ("devices", "the memory balloon: virtio, none"),
    "tpm": ("tpm", "a TPM: emulator, a device of the host, or none"),
    "rng": ("rng", "a source of random numbers: /dev/urandom, none"),
    "panic": ("devices", "a panic device: isa, pvpanic, hyperv ..."),
    "shmem": ("memdev", "memory shared with others: NAME,model.type=NAME"),
    "memdev": ("memdev", "a memory module: dimm, nvdimm ... with target.size="),
    "vsock": ("memdev", "a socket to the host: cid=N, cid.auto=yes"),
    "iommu": ("memdev", "an IOMMU: intel, smmuv3, virtio"),
    "pstore": ("memdev", "storage for crash logs that outlives a reboot"),
}
"""Groups about devices."""
INSTALLATION = {
    "cloud-init": ("installer", "set a cloud image up: user-data=FILE ..."),
    "install": ("installer", "in detail: NAME, kernel=PATH, bootdev=, no_install="),
    "location": ("installer", "install from a tree: a URL, a folder, an ISO image"),
    "unattended": ("installer", "install without questions: profile=NAME ..."),
    "osinfo": ("installer", "its system: a name, detect=on, require=off, list"),
    "check": ("installer", "skip checks: path_in_use=off, all=off ..."),
}
"""Groups without a place in the XML."""
CONVERSIONS = {
    "convert-to-q35": ("convert", "--edit: from the old PC to q35: num_pcie_root_ports=N"),
    "convert-to-vnc": ("convert", "--edit: from SPICE to VNC: qemu-vdagent=on"),
}

XML = {**GENERAL, **GUEST, **BOOTING, **DEVICES}
"""Every group that has a place in the guest's XML."""
IN_ORDER = (*BOOTING, *GENERAL, *GUEST, *DEVICES)
"""The same, in the order in which the options of a new guest are read."""
_ALL = {**XML, **INSTALLATION, **CONVERSIONS}
GROUPS = tuple(_ALL)

_loaded: dict[str, Table] = {}


def table(group: str) -> Table:
    """The table of an option group, by the name of its flag without the dashes."""
    if group not in _loaded:
        module = __import__(f"virtprov.options.{_ALL[group][0]}", fromlist=["TABLES"])
        _loaded.update({found.flag: found for found in module.TABLES})
    return _loaded[group]


def help_line(group: str) -> str:
    """What the help says of a group."""
    return _ALL[group][1]


def says_none(group: str, text: str) -> bool:
    """Whether the value is the lone word `none`: the user wants no such device, not even the default one."""
    return text.strip().rstrip(",") == "none" and table(group).none
