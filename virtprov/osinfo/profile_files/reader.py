"""Read libosinfo's XML, one file at a time, into small pieces. `resolve` merges pieces with the same id."""

from __future__ import annotations

from typing import NamedTuple

from virtprov.osinfo.pack import pack_words
from virtprov.osinfo.profile_files.image_reader import TAG as IMAGES
from virtprov.osinfo.profile_files.image_reader import Group, read_images
from virtprov.support.errors import XmlError
from virtprov.xml import path as places
from virtprov.xml import tree

Row = tuple[str, ...]

_SCALARS = (
    "name", "version", "vendor", "family", "distro", "codename", "release-date", "eol-date", "release-status",
    "kernel-url-argument", "cloud-image-username",
)  # fmt: skip
_AMOUNTS = ("ram", "n-cpus", "storage", "cpu")
_KINDS = {
    "minimum": "minimum",
    "recommended": "recommended",
    "maximum": "maximum",
    "network-install": "network_install",
}


class Piece:
    """What one file contains about one operating system or platform."""

    __slots__ = (
        "derives", "devices", "drivers", "firmware", "id", "images", "inherits", "media",
        "resources", "scalars", "scripts", "short_ids", "source", "trees", "upgrades", "variants",
    )  # fmt: skip

    def __init__(self, id: str, source: str) -> None:
        self.id = id
        self.source = source
        self.scalars: dict[str, str] = {}
        self.short_ids: list[str] = []
        self.derives: list[str] = []
        self.upgrades: list[str] = []
        self.devices: list[tuple[str, bool]] = []
        self.resources: list[Row] = []
        """kind, arch, then ram, n_cpus, storage, cpu."""
        self.inherits: list[str] = []
        """Architectures whose resources are those of the parents."""
        self.firmware: list[Row] = []
        self.media: list[Row] = []
        self.trees: list[Row] = []
        self.images: list[Row] = []
        self.variants: list[Row] = []
        self.scripts: list[str] = []
        self.drivers: list[Row] = []


class Script(NamedTuple):
    """An install script without its template, which is read from `source` when it is used."""

    id: str
    source: str
    values: dict[str, str]
    params: list[Row]
    methods: list[str]


class Content(NamedTuple):
    """The contents of one file."""

    systems: list[Piece]
    platforms: list[Piece]
    devices: list[Row]
    """id, name, class, bus type, vendor, product."""
    datamaps: list[tuple[str, list[str]]]
    """id, then words: in, out, in, out ..."""
    scripts: list[Script]
    images: list[Group]


def read_file(path: str) -> Content:
    """Read one file. Raises XmlError if it is not XML, or not a libosinfo document."""
    root = tree.parse_file(path)
    if root.tag != "libosinfo":
        raise XmlError(f"{path} is not an OS profile: the root element is <{root.tag!s}> instead of <libosinfo>")
    content = Content([], [], [], [], [], [])
    for node in root:
        if not isinstance(node.tag, str):
            continue
        name = node.get("id", "")
        if "{{" in name:  # a template that the build of a distribution has left in the folder
            continue
        if node.tag in ("os", "platform", "device", "datamap", "install-script") and "://" not in name:
            slip = f"<{node.tag!s}> has no id that is a URL such as http://example.org/myos/1"
            raise XmlError(f"{path}, line {node.sourceline}: {slip}")
        if node.tag == "os":
            content.systems.append(_read_os(node, path))
        elif node.tag == "platform":
            content.platforms.append(_read_os(node, path))
        elif node.tag == "device":
            content.devices.append(_read_device(node, name))
        elif node.tag == IMAGES:
            content.images.extend(read_images(node, path))
        elif node.tag == "datamap":
            entries = [child.get(key, "") for child in node.iterfind("entry") for key in ("inval", "outval")]
            content.datamaps.append((name, entries))
        elif node.tag == "install-script":
            content.scripts.append(_read_script(node, name, path))
    return content


def _text(node: tree.Element) -> str:
    return (node.text or "").strip()


def _read_os(node: tree.Element, path: str) -> Piece:
    piece = Piece(node.get("id", ""), path)
    for child in node:
        tag = child.tag
        if tag in _SCALARS:
            if not child.attrib:  # a translation has xml:lang
                piece.scalars[str(tag)] = _text(child)
        elif tag == "media":
            piece.media.append(_media(child))
        elif tag in _READERS:
            _READERS[str(tag)](child, piece)
    return piece


def _read_short_id(node: tree.Element, piece: Piece) -> None:
    if _text(node):
        piece.short_ids.append(_text(node))


def _read_derives(node: tree.Element, piece: Piece) -> None:
    piece.derives.append(node.get("id", ""))


def _read_upgrades(node: tree.Element, piece: Piece) -> None:
    piece.upgrades.append(node.get("id", ""))


def _read_devices(node: tree.Element, piece: Piece) -> None:
    for child in node.iterfind("device"):
        piece.devices.append((child.get("id", ""), child.get("supported", "true") != "false"))


def _read_resources(node: tree.Element, piece: Piece) -> None:
    arch = node.get("arch", "all")
    if node.get("inherit") == "true":
        piece.inherits.append(arch)
    for child in node:
        if child.tag in _KINDS:
            amounts = {str(amount.tag): _text(amount) for amount in child}
            row = (_KINDS[str(child.tag)], arch, *(amounts.get(name, "") for name in _AMOUNTS))
            piece.resources.append(row)


def _read_firmware(node: tree.Element, piece: Piece) -> None:
    get = node.get
    piece.firmware.append((get("arch", "all"), get("type", ""), get("supported", ""), get("recommended", "")))


def _read_tree(node: tree.Element, piece: Piece) -> None:
    texts = {str(child.tag): _text(child) for child in node}
    info = node.find("treeinfo")
    marks = {} if info is None else {str(child.tag): _text(child) for child in info}
    piece.trees.append((
        node.get("arch", ""), texts.get("url", ""), _variant_ids(node),
        texts.get("kernel", ""), texts.get("initrd", ""), texts.get("boot-iso", ""),
        "" if info is None else "true",
        *(marks.get(name, "") for name in ("family", "variant", "version", "arch")),
    ))  # fmt: skip


def _read_image(node: tree.Element, piece: Piece) -> None:
    piece.images.append((
        node.get("arch", ""), node.get("format", ""), places.text(node, "./url"), node.get("cloud-init", ""),
        _variant_ids(node),
    ))  # fmt: skip


def _read_variant(node: tree.Element, piece: Piece) -> None:
    piece.variants.append((node.get("id", ""), places.text(node, "./name")))


def _read_installer(node: tree.Element, piece: Piece) -> None:
    piece.scripts.extend(child.get("id", "") for child in node.iterfind("script"))


def _read_driver(node: tree.Element, piece: Piece) -> None:
    get = node.get
    piece.drivers.append((
        get("arch", ""), get("location", ""), get("pre-installable", ""), get("signed", ""),
        get("priority", ""),
        pack_words([_text(child) for child in node.iterfind("file")]),
        pack_words([child.get("id", "") for child in node.iterfind("device")]),
    ))  # fmt: skip


_READERS = {
    "short-id": _read_short_id,
    "derives-from": _read_derives,
    "clones": _read_derives,
    "upgrades": _read_upgrades,
    "devices": _read_devices,
    "resources": _read_resources,
    "firmware": _read_firmware,
    "tree": _read_tree,
    "image": _read_image,
    "variant": _read_variant,
    "installer": _read_installer,
    "driver": _read_driver,
}


def _variant_ids(node: tree.Element) -> str:
    return pack_words([child.get("id", "") for child in node.iterfind("variant")])


def _media(node: tree.Element) -> Row:
    texts: dict[str, str] = {}
    languages: list[str] = []
    scripts: list[str] = []
    variants: list[str] = []
    for child in node:
        if child.tag == "iso":
            for row in child:
                if row.tag == "l10n-language":
                    languages += (_text(row), row.get("regex", ""), row.get("l10n-language-map", ""))
                else:
                    texts[str(row.tag)] = _text(row)
        elif child.tag == "variant":
            variants.append(child.get("id", ""))
        elif child.tag == "installer":
            scripts += [row.get("id", "") for row in child.iterfind("script")]
        else:
            texts[str(child.tag)] = _text(child)
    get = node.get
    return (
        get("arch", ""), texts.get("url", ""), pack_words(variants),
        texts.get("volume-id", ""), texts.get("system-id", ""), texts.get("publisher-id", ""),
        texts.get("application-id", ""), texts.get("volume-size", ""),
        texts.get("kernel", ""), texts.get("initrd", ""),
        get("live", ""), get("installer", ""), get("installer-script", ""), get("installer-reboots", ""),
        get("eject-after-install", ""), pack_words(scripts), pack_words(languages),
    )  # fmt: skip


def _read_device(node: tree.Element, name: str) -> Row:
    return (name, *(places.text(node, tag) for tag in ("name", "class", "bus-type", "vendor", "product")))


def _read_script(node: tree.Element, name: str, path: str) -> Script:
    values: dict[str, str] = {}
    params: list[Row] = []
    methods: list[str] = []
    for child in node:
        if child.tag == "config":
            params = [
                (row.get("name", ""), row.get("policy", ""), row.get("value-map", ""))
                for row in child.iterfind("param")
            ]
        elif child.tag == "injection-method":
            methods.append(_text(child))
        elif child.tag == "template":
            values["template"] = child.get("uri", "")
        elif child.tag == "avatar-format":
            values["avatar-format"] = pack_words([_text(row) for row in child.iterfind("mime-type")])
        elif isinstance(child.tag, str):
            values[child.tag] = _text(child)
    return Script(name, path, values, params, methods)
