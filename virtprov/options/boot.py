"""`--boot` (firmware, kernel, machine, order) and `--idmap`."""

from __future__ import annotations

from virtprov.options.model import INT, YESNO, Pair, Row, Table, truth
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DEVICES = ("hd", "cdrom", "network", "fd")
"""Boot devices that may be named as bare words, in the order wanted."""

_SWITCHES = ("uefi", "secure-boot", "refresh-machine-type")


def expand(pairs: list[Pair]) -> list[Pair]:
    """Give bare boot devices and switches a value; switches become yes or no."""
    result: list[Pair] = []
    for key, value in pairs:
        if key in DEVICES or (key == "uefi" and value is None):
            result.append((key, "yes"))
        elif key in _SWITCHES and value:
            result.append((key, "yes" if truth(value, f"--boot {key}") else "no"))
        else:
            result.append((key, value))
    return result


def order(verbs: Mapping[str, str]) -> list[str]:
    """Return the boot devices that are given, in order; [] for none."""
    return [word for word in verbs if word in DEVICES]


def arguments(text: str) -> list[str]:
    """Return the arguments in `initargs=`, split as a shell does. Raises UsageError for a missing quote."""
    import shlex

    try:
        return shlex.split(text)
    except ValueError:
        raise UsageError(f"--boot initargs={text}: missing closing quote", hint="close the quote") from None


_LOADER = (
    Row("loader", "./os/loader"),
    Row("loader.readonly", "./os/loader/@readonly", YESNO, old=("loader_ro",)),
    Row("loader.type", "./os/loader/@type", old=("loader_type",), values=("rom", "pflash")),
    Row("loader.secure", "./os/loader/@secure", YESNO, old=("loader_secure",)),
    Row("loader.stateless", "./os/loader/@stateless", YESNO),
    Row("loader.format", "./os/loader/@format", values=("raw", "qcow2")),
    Row("nvram", "./os/nvram"),
    Row("nvram.template", "./os/nvram/@template", old=("nvram_template",)),
    Row("nvram.templateFormat", "./os/nvram/@templateFormat", values=("raw", "qcow2")),
    Row("nvram.format", "./os/nvram/@format", values=("raw", "qcow2")),
    Row("nvram.type", "./os/nvram/@type", values=("file", "block", "network")),
    Row("nvram.source.file", "./os/nvram/source/@file"),
    Row("nvram.source.dev", "./os/nvram/source/@dev"),
    Row("varstore.path", "./os/varstore/@path"),
    Row("varstore.template", "./os/varstore/@template"),
    Row("firmware", "./os/@firmware", values=("efi", "bios")),
    Row("firmware.feature[0-9]*.name", "./os/firmware/feature[#]/@name", values=("enrolled-keys", "secure-boot")),
    Row("firmware.secure-boot", "./os/firmware/feature[@name='secure-boot']/@enabled", YESNO),
    Row("firmware.enrolled-keys", "./os/firmware/feature[@name='enrolled-keys']/@enabled", YESNO),
    Row("firmware.feature[0-9]*.enabled", "./os/firmware/feature[#]/@enabled", YESNO),
)

_IDMAP = tuple(
    Row(f"{who}.{what}", f"./idmap/{who}/@{what}", INT, old=(f"{who}_{what}",))
    for who in ("uid", "gid")
    for what in ("start", "target", "count")
)

TABLES = (
    Table(
        "boot",
        ".",
        (
            *(Row(word) for word in DEVICES),
            Row("boot[0-9]*.dev", "./os/boot[#]/@dev", values=DEVICES),
            Row("uefi", values=("yes", "no")),
            Row("secure-boot", values=("yes", "no")),
            Row("refresh-machine-type", values=("yes",)),
            *_LOADER,
            Row("kernel", "./os/kernel"),
            Row("initrd", "./os/initrd"),
            Row("cmdline", "./os/cmdline", old=("kernel_args", "extra_args"), commas=True),
            Row("dtb", "./os/dtb"),
            Row("shim", "./os/shim"),
            Row("acpi.table[0-9]*", "./os/acpi/table[#]"),
            Row("acpi.table[0-9]*.type", "./os/acpi/table[#]/@type", values=("slic", "raw", "rawset")),
            Row("bootmenu.enable", "./os/bootmenu/@enable", YESNO, old=("menu", "bootmenu")),
            Row("bootmenu.timeout", "./os/bootmenu/@timeout", INT),
            Row("bios.useserial", "./os/bios/@useserial", YESNO, old=("useserial",)),
            Row("bios.rebootTimeout", "./os/bios/@rebootTimeout", INT, old=("rebootTimeout",)),
            Row("smbios.mode", "./os/smbios/@mode", old=("smbios_mode",), values=("emulate", "host", "sysinfo")),
            Row("init", "./os/init"),
            Row("initargs"),
            Row("initarg[0-9]*", "./os/initarg[#]"),
            Row("initenv[0-9]*", "./os/initenv[#]"),
            Row("initenv[0-9]*.name", "./os/initenv[#]/@name"),
            Row("initdir", "./os/initdir"),
            Row("inituser", "./os/inituser"),
            Row("initgroup", "./os/initgroup"),
            Row("arch", "./os/type/@arch"),
            Row("machine", "./os/type/@machine"),
            Row("os_type", "./os/type", values=("hvm", "xen", "linux", "exe", "xenpvh", "uml")),
            Row("domain_type", "./@type"),
            Row("emulator", "./devices/emulator"),
            Row("bootloader", "./bootloader"),
            Row("bootloader_args", "./bootloader_args"),
        ),
        part="./os",
        expand=expand,
    ),
    Table("idmap", ".", _IDMAP, part="./idmap"),
)
