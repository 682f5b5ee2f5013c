"""`--disk`: images, volumes, block devices, CD-ROMs."""

from __future__ import annotations

from virtprov.options.common_rows import seclabels
from virtprov.options.model import BOOT, DEVICE, FLAG, INT, ONOFF, VIRTIO, YESNO, Pair, Row, Table
from virtprov.support.errors import UsageError

_PERMISSIONS = {"ro": [("readonly", "yes")], "sh": [("shareable", "yes")], "rw": []}


def expand(pairs: list[Pair]) -> list[Pair]:
    """Translate the old sub-option `perms`. Raises UsageError for unknown permissions."""
    result: list[Pair] = []
    for key, value in pairs:
        if key == "perms":
            if value not in _PERMISSIONS:
                raise UsageError(
                    f"--disk perms: invalid value '{value or ''}'",
                    hint="use ro (read only), rw (read and write) or sh (shared)",
                )
            result += _PERMISSIONS[value]
            continue
        result.append((key, value))
    return result


_CACHE = ("default", "none", "writethrough", "writeback", "directsync", "unsafe")
_BUS = ("ide", "fdc", "scsi", "virtio", "xen", "usb", "uml", "sata", "sd", "nvme")
_ON_DISK = "./source/host[#]/"
_RESERVE = "./source/reservations/"

_STORAGE = (
    Row("path"),
    Row("size"),
    Row("pool"),
    Row("vol"),
    Row("upload"),
    Row("sparse"),
    Row("format", values=("raw", "qcow2", "vmdk", "vdi", "qed", "luks")),
    Row("backing_store"),
    Row("backing_format"),
    Row("as", values=("volume", "path")),
    Row("encryption.password_file"),
)
"""What must be looked up or made; guest/disks/spec.py reads it."""

_PLAIN = (
    Row("type", "./@type", values=("file", "block", "dir", "network", "volume", "nvme", "vhostuser", "vhostvdpa")),
    Row("device", "./@device", values=("disk", "cdrom", "floppy", "lun")),
    Row("bus", "./target/@bus", values=_BUS),
    Row("cache", "./driver/@cache", values=_CACHE),
    Row("readonly", "./readonly", FLAG),
    Row("shareable", "./shareable", FLAG),
    Row("transient", "./transient", FLAG),
    Row("transient.shareBacking", "./transient/@shareBacking", YESNO),
    Row("serial", "./serial"),
    Row("wwn", "./wwn"),
    Row("sgio", "./@sgio", values=("filtered", "unfiltered")),
    Row("rawio", "./@rawio", values=("yes", "no")),
    Row("snapshot", "./@snapshot", old=("snapshot_policy",), values=("internal", "external", "no", "manual")),
    Row("target.dev", "./target/@dev", old=("target",)),
    Row("target.bus", "./target/@bus", values=_BUS),
    Row("target.removable", "./target/@removable", ONOFF, old=("removable",)),
    Row("target.rotation_rate", "./target/@rotation_rate", INT, old=("rotation_rate",)),
)

_DRIVER = (
    Row("driver.name", "./driver/@name", old=("driver_name",), values=("qemu", "phy", "file", "tap", "tap2")),
    Row("driver.type", "./driver/@type", old=("driver_type",), values=("raw", "qcow2", "vmdk", "vdi", "qed")),
    Row("driver.cache", "./driver/@cache", values=_CACHE),
    Row("driver.io", "./driver/@io", old=("io",), values=("threads", "native", "io_uring")),
    Row("driver.discard", "./driver/@discard", old=("discard",), values=("unmap", "ignore")),
    Row("driver.discard_no_unref", "./driver/@discard_no_unref", ONOFF),
    Row("driver.detect_zeroes", "./driver/@detect_zeroes", old=("detect_zeroes",), values=("off", "on", "unmap")),
    Row(
        "driver.error_policy",
        "./driver/@error_policy",
        old=("error_policy",),
        values=("stop", "report", "ignore", "enospace"),
    ),
    Row("driver.copy_on_read", "./driver/@copy_on_read", ONOFF),
    Row("driver.iothread", "./driver/@iothread", INT),
    Row("driver.queues", "./driver/@queues", INT),
    Row("driver.queue_size", "./driver/@queue_size", INT),
    Row("driver.metadata_cache.max_size", "./driver/metadata_cache/max_size", INT),
    Row("driver.metadata_cache.max_size.unit", "./driver/metadata_cache/max_size/@unit"),
)

_SOURCE = (
    Row("source.file", "./source/@file"),
    Row("source.dev", "./source/@dev"),
    Row("source.dir", "./source/@dir"),
    Row("source.pool", "./source/@pool", old=("source_pool",)),
    Row("source.volume", "./source/@volume", old=("source_volume",)),
    Row("source.name", "./source/@name", old=("source_name",)),
    Row(
        "source.protocol",
        "./source/@protocol",
        old=("source_protocol",),
        values=("nbd", "iscsi", "rbd", "sheepdog", "gluster", "http", "https", "ftp", "ftps", "tftp", "ssh", "nfs"),
    ),
    Row("source.host[0-9]*.name", f"{_ON_DISK}@name", old=("source_host_name",)),
    Row("source.host[0-9]*.port", f"{_ON_DISK}@port", INT, old=("source_host_port",)),
    Row("source.host[0-9]*.socket", f"{_ON_DISK}@socket", old=("source_host_socket",)),
    Row(
        "source.host[0-9]*.transport",
        f"{_ON_DISK}@transport",
        old=("source_host_transport",),
        values=("tcp", "unix", "rdma"),
    ),
    Row(
        "source.startupPolicy",
        "./source/@startupPolicy",
        old=("startup_policy",),
        values=("mandatory", "requisite", "optional"),
    ),
    Row("source.type", "./source/@type", values=("pci", "unix")),
    Row("source.managed", "./source/@managed", YESNO),
    Row("source.namespace", "./source/@namespace", INT),
    Row("source.address.domain", "./source/address/@domain", INT),
    Row("source.address.bus", "./source/address/@bus", INT),
    Row("source.address.slot", "./source/address/@slot", INT),
    Row("source.address.function", "./source/address/@function", INT),
    Row("source.reservations.managed", f"{_RESERVE}@managed", old=("reservations.managed",), values=("yes", "no")),
    Row(
        "source.reservations.source.type",
        f"{_RESERVE}source/@type",
        old=("reservations.source.type",),
        values=("unix",),
    ),
    Row("source.reservations.source.path", f"{_RESERVE}source/@path", old=("reservations.source.path",)),
    Row(
        "source.reservations.source.mode",
        f"{_RESERVE}source/@mode",
        old=("reservations.source.mode",),
        values=("client",),
    ),
    Row(
        "source.encryption.format",
        "./source/encryption/@format",
        values=("luks", "luks2"),
    ),
    Row(
        "source.encryption.engine",
        "./source/encryption/@engine",
        values=("qemu", "librbd"),
    ),
    *(
        Row(f"source.encryption.{name}", f"./source/encryption/{at}")
        for name, at in (
            ("secret.type", "secret/@type"),
            ("secret.uuid", "secret/@uuid"),
            ("secret.usage", "secret/@usage"),
        )
    ),
    *seclabels("source.seclabel", "./source/seclabel", "seclabel"),
)

_LIMITS = (
    *(
        Row(f"iotune.{name}", f"./iotune/{name}", INT, old=(name,))
        for name in (
            "total_bytes_sec",
            "read_bytes_sec",
            "write_bytes_sec",
            "total_iops_sec",
            "read_iops_sec",
            "write_iops_sec",
        )
    ),
    Row("blockio.logical_block_size", "./blockio/@logical_block_size", old=("logical_block_size",)),
    Row("blockio.physical_block_size", "./blockio/@physical_block_size", old=("physical_block_size",)),
    Row("blockio.discard_granularity", "./blockio/@discard_granularity"),
    Row("geometry.cyls", "./geometry/@cyls", INT),
    Row("geometry.heads", "./geometry/@heads", INT),
    Row("geometry.secs", "./geometry/@secs", INT),
    Row("geometry.trans", "./geometry/@trans", values=("none", "auto", "lba")),
)

TABLES = (
    Table(
        "disk",
        "./devices/disk",
        (
            *_STORAGE,
            Row("perms", hidden=True, values=("ro", "rw", "sh")),
            *_PLAIN,
            *_DRIVER,
            *_SOURCE,
            *_LIMITS,
            *BOOT,
            *VIRTIO,
            *DEVICE,
        ),
        first=("path",),
        many=True,
        expand=expand,
        none=True,
    ),
)
