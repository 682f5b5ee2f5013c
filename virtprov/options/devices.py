"""Smaller devices: controllers, input, host devices, sound, watchdogs, panic, shared memory, and others."""

from __future__ import annotations

from virtprov.options.model import BOOT, DEVICE, INT, ONOFF, VIRTIO, YESNO, Pair, Row, Table, aside
from virtprov.support.errors import UsageError

_VIRTIO_MODELS = ("virtio", "virtio-transitional", "virtio-non-transitional")

# -- controllers ----------------------------------------------------------------------------------


def usb_controllers(pairs: list[Pair]) -> list[list[Pair]]:
    """Translate `usb2` to an EHCI controller with its three companions, and `usb3` to one for all speeds."""
    kind = dict(pairs).get("type")
    rest = [pair for pair in pairs if pair[0] != "type"]
    if kind == "usb3":
        return [[("type", "usb"), ("model", "qemu-xhci"), ("./@ports", "15"), *rest]]
    if kind != "usb2":
        return [pairs]
    parts: list[list[Pair]] = [[("type", "usb"), ("model", "ich9-ehci1"), *rest]]
    for number in range(3):
        start: list[Pair] = [("master.startport", str(2 * number))]
        parts.append([("type", "usb"), ("model", f"ich9-uhci{number + 1}"), *start, *rest])
    return parts


def expand_controller(pairs: list[Pair]) -> list[Pair]:
    """Translate a PCI address that is given as one value.

    Raises UsageError for invalid addresses, and for words that mean several devices where only one is possible.
    """
    result: list[Pair] = []
    for key, value in pairs:
        if key == "address":
            result += _pci_address(value or "")
        elif key == "type" and value in ("usb2", "usb3"):
            raise UsageError(
                f"--controller {value}: this can only be used to add controllers, not to change one",
                hint="give a type, for example --controller usb,model=qemu-xhci",
            )
        else:
            result.append((key, value))
    return result


def _pci_address(value: str) -> list[Pair]:
    """Parse `[DOMAIN:]BUS:SLOT.FUNCTION`, each decimal or, with a 0x prefix, hexadecimal."""
    if not value:
        return [(f"./address/@{name}", "") for name in ("type", "domain", "bus", "slot", "function")]
    front, dot, function = value.rpartition(".")
    words = front.split(":")
    if len(words) == 2:
        words.insert(0, "0")
    numbers = [*words, function]
    if not dot or len(numbers) != 4 or not all(_is_number(word) for word in numbers):
        raise UsageError(
            f"--controller address={value}: not a PCI address",
            hint="use [DOMAIN:]BUS:SLOT.FUNCTION, for example 0:0:4.7, with 0x before hexadecimal numbers",
        )
    named = zip(("domain", "bus", "slot", "function"), numbers, strict=True)
    return [("address.type", "pci"), *((f"address.{name}", number) for name, number in named)]


def _is_number(word: str) -> bool:
    try:
        return int(word, 16 if word.lower().startswith("0x") else 10) >= 0
    except ValueError:
        return False


_CONTROLLER = Table(
    "controller",
    "./devices/controller",
    (
        Row(
            "type",
            "./@type",
            values=("usb", "scsi", "pci", "sata", "ide", "fdc", "virtio-serial", "ccid", "xenbus", "isa", "nvme"),
        ),
        Row(
            "model",
            "./@model",
            values=(
                "none",
                "qemu-xhci",
                "ich9-ehci1",
                "nec-xhci",
                "piix3-uhci",
                "virtio-scsi",
                "lsilogic",
                "lsisas1068",
                "pci-root",
                "pcie-root",
                "pcie-root-port",
                "pci-bridge",
                "pcie-expander-bus",
                "pcie-to-pci-bridge",
            ),
        ),
        Row("index", "./@index", INT),
        Row("address"),
        Row("num_pcie_root_ports"),
        Row("master.startport", "./master/@startport", INT, old=("master",)),
        Row("driver.queues", "./driver/@queues", INT, old=("driver_queues",)),
        Row("driver.iothread", "./driver/@iothread", INT),
        Row("vectors", "./@vectors", INT),
        Row("maxGrantFrames", "./@maxGrantFrames", INT),
        Row("serial", "./serial"),
        Row("pcihole64", "./pcihole64", INT),
        Row("pcihole64.unit", "./pcihole64/@unit"),
        Row("target.chassis", "./target/@chassis", INT),
        Row("target.chassisNr", "./target/@chassisNr", INT),
        Row("target.port", "./target/@port", INT),
        Row("target.index", "./target/@index", INT),
        Row("target.busNr", "./target/@busNr", INT),
        Row("target.hotplug", "./target/@hotplug", values=("on", "off")),
        Row("target.memReserve", "./target/@memReserve", INT),
        Row("target.node", "./target/node", INT),
        *VIRTIO,
        *DEVICE,
    ),
    first=("type",),
    many=True,
    expand=expand_controller,
    several=usb_controllers,
    none=True,
)

# -- input, host devices --------------------------------------------------------------------------

_INPUT = Table(
    "input",
    "./devices/input",
    (
        Row(
            "type",
            "./@type",
            values=("tablet", "mouse", "keyboard", "passthrough", "evdev"),
            ignored=("default",),
        ),
        Row("bus", "./@bus", values=("usb", "ps2", "virtio", "xen")),
        Row("model", "./@model", values=_VIRTIO_MODELS),
        Row("source.evdev", "./source/@evdev"),
        Row("source.dev", "./source/@dev"),
        Row("source.repeat", "./source/@repeat", ONOFF),
        Row("source.grab", "./source/@grab", values=("all",)),
        Row(
            "source.grabToggle",
            "./source/@grabToggle",
            values=("ctrl-ctrl", "alt-alt", "shift-shift", "meta-meta", "scrolllock", "ctrl-scrolllock"),
        ),
        *VIRTIO,
        *DEVICE,
    ),
    first=("type",),
    many=True,
    none=True,
)

_HOSTDEV = Table(
    "hostdev",
    "./devices/hostdev",
    (
        Row("name"),
        Row("type", "./@type", values=("pci", "usb", "scsi", "mdev", "net", "storage", "misc")),
        Row("driver.name", "./driver/@name", old=("driver_name",), values=("vfio", "kvm", "xen")),
        Row("driver.iommufd", "./driver/@iommufd", YESNO),
        Row("rom.bar", "./rom/@bar", ONOFF, old=("rom_bar",)),
        Row("acpi.nodeset", "./acpi/@nodeset", commas=True),
        Row("source.startupPolicy", "./source/@startupPolicy", values=("mandatory", "requisite", "optional")),
        BOOT[0],
        *DEVICE,
    ),
    first=("name",),
    many=True,
    none=True,
)

# -- sound, watchdog, balloon, panic --------------------------------------------------------------


def expand_panic(pairs: list[Pair]) -> list[Pair]:
    """Translate an address in the place of the model to the port of an ISA device."""
    result: list[Pair] = []
    for key, value in pairs:
        if key == "model" and value and value.lower().startswith("0x"):
            result += [("model", "isa"), ("iobase", value)]
        else:
            result.append((key, value))
    values = {key for key, _ in result}
    if values & {"iobase", "address.iobase"} and "address.type" not in values and dict(result).get("iobase") != "":
        result.insert(0, aside("./address/@type", "isa"))
    return result


_SMALL = (
    Table(
        "sound",
        "./devices/sound",
        (
            Row(
                "model",
                "./@model",
                values=("ich9", "ich6", "ac97", "es1370", "sb16", "usb", "hda", "virtio", "pcspk"),
                ignored=("default",),
            ),
            Row("codec[0-9]*.type", "./codec[#]/@type", values=("duplex", "micro", "output")),
            Row("audio.id", "./audio/@id"),
            Row("multichannel", "./@multichannel", YESNO),
            Row("streams", "./@streams", INT),
            *DEVICE,
        ),
        first=("model",),
        many=True,
        none=True,
    ),
    Table(
        "audio",
        "./devices/audio",
        (
            Row(
                "type",
                "./@type",
                values=("none", "spice", "pulseaudio", "pipewire", "alsa", "jack", "dbus", "file", "oss", "sdl"),
            ),
            Row("id", "./@id"),
        ),
        many=True,
        none=True,
    ),
    Table(
        "watchdog",
        "./devices/watchdog",
        (
            Row(
                "model",
                "./@model",
                values=("itco", "i6300esb", "ib700", "diag288"),
                ignored=("default",),
            ),
            Row(
                "action",
                "./@action",
                values=("reset", "shutdown", "poweroff", "pause", "none", "dump", "inject-nmi"),
            ),
            *DEVICE,
        ),
        first=("model",),
        many=True,
        none=True,
    ),
    Table(
        "memballoon",
        "./devices/memballoon",
        (
            Row("model", "./@model", values=(*_VIRTIO_MODELS, "xen", "none"), ignored=("default",)),
            Row("autodeflate", "./@autodeflate", ONOFF),
            Row("freePageReporting", "./@freePageReporting", ONOFF),
            Row("stats.period", "./stats/@period", INT),
            *VIRTIO,
            *DEVICE,
        ),
        first=("model",),
        many=True,
    ),
    Table(
        "panic",
        "./devices/panic",
        (
            Row(
                "model",
                "./@model",
                values=("isa", "pseries", "hyperv", "s390", "pvpanic"),
                ignored=("default",),
            ),
            Row("iobase", "./address/@iobase", hidden=True),
            *DEVICE,
        ),
        first=("model",),
        many=True,
        expand=expand_panic,
        none=True,
    ),
)

TABLES = (_CONTROLLER, _INPUT, _HOSTDEV, *_SMALL)
