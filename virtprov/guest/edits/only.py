"""What an element can only have with some values of a selector, where libvirt's schema does not say so.

Found by defining guests with libvirt 9.0 (QEMU 7.2); libvirt's src/conf/domain_validate.c and
src/qemu/qemu_validate.c refuse most of it.
"""

from __future__ import annotations

from virtprov.support.frozen import Record


class Only(Record):
    """Parts of an element that only fit some values of a selector.

    With `values`, only these values of the parts. libvirt refuses the parts beside other values of the selector, or, if
    not `is_refused`, silently ignores them.
    """

    tag: str
    selector: str
    words: tuple[str, ...]
    parts: tuple[str, ...]
    values: tuple[str, ...] = ()
    is_refused: bool = True


_VIRTIO = ("virtio", "virtio-transitional", "virtio-non-transitional")
_BUS = tuple(f"./driver/@{name}" for name in ("iommu", "ats", "packed", "page_per_vq"))
"""Settings of all virtio devices."""
_QUEUES = tuple(f"./driver/@{name}" for name in ("event_idx", "ioeventfd", "queues"))
_NIC_DRIVER = (
    *_QUEUES,
    *(f"./driver/@{name}" for name in ("name", "txmode", "rx_queue_size", "tx_queue_size", "rss", "rss_hash_report")),
    "./driver/host",
    "./driver/guest",
)
_PASST = ("type", "logFile", "hostname", "fqdn")
_CHARACTER_DEVICES = ("serial", "parallel", "console", "channel", "redirdev", "smartcard")
_SOURCES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("tcp",), ("./protocol", "./source/@tls")),
    (("tcp", "udp"), ("./source/@host", "./source/@service")),
    (("tcp", "udp", "unix"), ("./source/@mode", "./source/reconnect")),
    (("file", "dev", "pipe", "unix"), ("./source/@path",)),
    (("file",), ("./source/@append",)),
    (("nmdm",), ("./source/@master", "./source/@slave")),
    (("spiceport", "dbus"), ("./source/@channel",)),
    (("qemu-vdagent",), ("./source/clipboard", "./source/mouse")),
)

SERIAL_MODELS = {
    "isa-serial": ("isa-serial",),
    "pci-serial": ("pci-serial",),
    "usb-serial": ("usb-serial",),
    "system-serial": ("pl011", "16550a"),
    "spapr-vio-serial": ("spapr-vty",),
    "sclp-serial": ("sclpconsole", "sclplmconsole"),
}
"""Types of a serial port's target, each with its models (libvirt, src/qemu/qemu_validate.c)."""

ONLY = (
    Only("cpu", "./@mode", ("host-passthrough", "maximum"), ("./@migratable",)),
    Only("cpu", "./@mode", ("host-passthrough", "maximum"), ("./cache/@mode",), ("passthrough",)),
    Only("os", "./@firmware", ("efi",), ("./firmware",), is_refused=False),
    Only("clock", "./@offset", ("variable",), ("./@adjustment",), is_refused=False),
    Only("video", "./model/@type", ("qxl",), tuple(f"./model/@{name}" for name in ("ram", "vram64", "vgamem"))),
    Only("video", "./model/@type", ("virtio",), ("./model/acceleration", "./model/@blob", *_BUS)),
    Only(
        "interface", "./@type", ("network",), tuple(f"./source/@{name}" for name in ("network", "portgroup", "portid"))
    ),
    Only("interface", "./@type", ("bridge",), ("./source/@bridge",)),
    Only(
        "interface",
        "./@type",
        ("user", "vhostuser"),
        (*(f"./backend/@{name}" for name in _PASST), "./portForward"),
    ),
    Only("interface", "./model/@type", _VIRTIO, _BUS),
    Only("interface", "./model/@type", _VIRTIO, _NIC_DRIVER, is_refused=False),
    Only("disk", "./target/@bus", ("virtio",), (*_BUS, *_QUEUES, "./driver/@queue_size")),
    Only("disk", "./target/@bus", ("virtio",), ("./driver/@iothread", "./driver/iothreads")),
    Only("disk", "./target/@bus", ("usb",), ("./target/@removable",)),
    Only("disk", "./target/@bus", ("ide", "sata", "scsi"), ("./target/@rotation_rate",)),
    Only("disk", "./target/@bus", ("ide", "sata", "scsi"), ("./wwn",)),
    Only("disk", "./target/@bus", ("scsi",), ("./vendor", "./product")),
    Only("disk", "./@device", ("cdrom", "floppy"), ("./target/@tray",)),
    Only(
        "controller",
        "./@model",
        ("virtio-scsi", *_VIRTIO),
        (*_BUS, *(f"./driver/@{name}" for name in ("queues", "cmd_per_lun", "max_sectors", "ioeventfd", "iothread"))),
    ),
    Only("iommu", "./@model", ("intel", "amd"), ("./driver",)),
    Only("hostdev", "./@model", ("vfio-pci",), ("./@display", "./@ramfb")),
    Only("hostdev", "./@type", ("pci",), ("./rom",)),
    *(
        Only("serial", "./target/@type", (kind,), ("./target/model/@name",), models)
        for kind, models in SERIAL_MODELS.items()
    ),
    Only("tpm", "./backend/@version", ("2.0",), ("./backend/active_pcr_banks",)),
    Only("shmem", "./model/@type", ("ivshmem", "ivshmem-doorbell"), ("./server", "./msi")),
    Only("shmem", "./model/@type", ("ivshmem", "ivshmem-plain"), ("./size",)),
    Only("memory", "./@model", ("dimm", "nvdimm", "virtio-mem"), ("./target/node",)),
    Only("memory", "./@model", ("nvdimm",), ("./target/label", "./target/readonly"), is_refused=False),
    Only("filesystem", "./driver/@type", ("path",), ("./@accessmode",), ("mapped", "squash")),
    Only(
        "filesystem",
        "./driver/@type",
        ("path", "handle"),
        ("./@multidevs", "./@fmode", "./@dmode", "./driver/@wrpolicy"),
    ),
    Only("filesystem", "./driver/@type", ("virtiofs",), ("./binary", "./driver/@queue", "./idmap"), is_refused=False),
    Only("sound", "./@model", ("ich6", "ich7", "ich9"), ("./codec",), is_refused=False),
    Only("memballoon", "./@model", _VIRTIO, ("./@autodeflate", "./@freePageReporting", "./driver"), is_refused=False),
    *(Only(tag, "./@type", words, parts, is_refused=False) for tag in _CHARACTER_DEVICES for words, parts in _SOURCES),
)
