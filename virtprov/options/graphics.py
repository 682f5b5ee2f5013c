"""`--graphics` and `--video`: how the guest's display is shown, and its video card."""

from __future__ import annotations

from virtprov.options.model import DEVICE, INT, ONOFF, VIRTIO, YESNO, Pair, Row, Table, aside
from virtprov.support.errors import UsageError

_LOWEST = {"vnc": 5900, "spice": 5900}
"""Where the ports of displays begin; virt-install refuses lower ones. RDP has its own port, 3389."""
_PORTS = {"port": "port", "tlsPort": "tlsPort", "tlsport": "tlsPort"}
_ELSEWHERE = ("none", "socket")


def expand(pairs: list[Pair]) -> list[Pair]:
    """Translate sub-options for listening to `<listen>` elements; a fixed port turns off automatic ports.

    Raises UsageError for ports that a display cannot have.
    """
    keys = {_PORTS.get(key, key) for key, _ in pairs}
    lowest = max((_LOWEST.get(value or "", 1) for key, value in pairs if key == "type"), default=1)
    result: list[Pair] = []
    for key, value in pairs:
        if key == "listen":
            result += _listen(value, keys)
        elif key == "keymap" and value in ("none", "local"):
            result.append((key, ""))
        elif key in _PORTS and value is not None:
            if value:
                _check_port(_PORTS[key], value, lowest)
            result.append((key, value))
            if "autoport" not in keys:
                result.append(aside("./@autoport"))
        else:
            result.append((key, value))
    return result


def _listen(value: str | None, keys: set[str]) -> list[Pair]:
    """Return the pairs for an address or a word such as `none`; an address is also written to the element itself."""
    taken_out = [aside(f"./listen/@{name}") for name in ("address", "network", "socket")]
    if value not in _ELSEWHERE:
        return [aside("./listen/@type"), *taken_out, ("listen", value)]
    ports = [aside(f"./@{name}") for name in ("listen", "port", "tlsPort", "autoport") if name not in keys - {"listen"}]
    return [("./listen/@type", value), *taken_out, *ports]


def _check_port(name: str, value: str, lowest: int) -> None:
    try:
        number = int(value)
    except ValueError:
        raise UsageError(f"--graphics {name}: '{value}' is not a whole number") from None
    if number != -1 and not lowest <= number < 65536:
        raise UsageError(
            f"--graphics {name}={value}: invalid port for a display",
            hint=f"give {lowest} or more, or -1 to let libvirt choose",
        )


_COMPRESSION = ("auto", "never", "always")

TABLES = (
    Table(
        "graphics",
        "./devices/graphics",
        (
            Row(
                "type",
                "./@type",
                values=("spice", "vnc", "sdl", "rdp", "desktop", "egl-headless", "dbus"),
                ignored=("default",),
            ),
            Row("port", "./@port", INT),
            Row("tlsPort", "./@tlsPort", INT, old=("tlsport",)),
            Row("websocket", "./@websocket", INT),
            Row("listen", "./@listen", values=("none", "socket")),
            Row("listens[0-9]*.type", "./listen[#]/@type", values=("address", "network", "socket", "none")),
            Row("listens[0-9]*.address", "./listen[#]/@address"),
            Row("listens[0-9]*.network", "./listen[#]/@network"),
            Row("listens[0-9]*.socket", "./listen[#]/@socket"),
            Row("keymap", "./@keymap"),
            Row("password", "./@passwd", old=("passwd",), commas=False),
            Row("passwordValidTo", "./@passwdValidTo", old=("passwdValidTo",)),
            Row("connected", "./@connected", values=("keep", "disconnect", "fail")),
            Row("defaultMode", "./@defaultMode", values=("any", "secure", "insecure")),
            Row("gl.enable", "./gl/@enable", YESNO, old=("gl",)),
            Row("gl.rendernode", "./gl/@rendernode", old=("rendernode",)),
            Row(
                "image.compression",
                "./image/@compression",
                old=("image_compression",),
                values=("auto_glz", "auto_lz", "quic", "glz", "lz", "off"),
            ),
            Row("zlib.compression", "./zlib/@compression", values=_COMPRESSION),
            Row("streaming.mode", "./streaming/@mode", old=("streaming_mode",), values=("filter", "all", "off")),
            Row("clipboard.copypaste", "./clipboard/@copypaste", YESNO, old=("clipboard_copypaste",)),
            Row("mouse.mode", "./mouse/@mode", old=("mouse_mode",), values=("client", "server")),
            Row("filetransfer.enable", "./filetransfer/@enable", YESNO, old=("filetransfer_enable",)),
            *DEVICE,
        ),
        first=("type",),
        many=True,
        expand=expand,
        none=True,
    ),
    Table(
        "video",
        "./devices/video",
        (
            Row(
                "model.type",
                "./model/@type",
                old=("model",),
                values=("vga", "cirrus", "vmvga", "xen", "vbox", "qxl", "virtio", "gop", "bochs", "ramfb", "none"),
                ignored=("default",),
            ),
            Row("model.heads", "./model/@heads", INT, old=("heads",)),
            Row("model.ram", "./model/@ram", INT, old=("ram",)),
            Row("model.vram", "./model/@vram", INT, old=("vram",)),
            Row("model.vram64", "./model/@vram64", INT, old=("vram64",)),
            Row("model.vgamem", "./model/@vgamem", INT, old=("vgamem",)),
            Row("model.blob", "./model/@blob", ONOFF),
            Row("model.acceleration.accel3d", "./model/acceleration/@accel3d", YESNO, old=("accel3d",)),
            *VIRTIO,
            *DEVICE,
        ),
        first=("model.type",),
        many=True,
        none=True,
    ),
)
