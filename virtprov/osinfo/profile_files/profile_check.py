"""Find mistakes in profiles that people write by hand: names, numbers and dates that no reader would understand.

Only the layers of the administrator and the user are checked. The correct parts of a file with mistakes are used.
"""

from __future__ import annotations

import re

from virtprov.osinfo.profile_files.image_check import close_name, image_mistakes
from virtprov.osinfo.profile_files.image_reader import TAG as IMAGES
from virtprov.xml import tree

_NEEDS = "cpu n-cpus ram storage"
_PRODUCT = (
    "short-id name version vendor family distro codename release-date eol-date upgrades derives-from clones devices"
)
_CHILDREN = {
    "libosinfo": "os platform device datamap install-script deployment",
    "os": f"{_PRODUCT} release-status variant resources media tree image installer driver firmware "
    "kernel-url-argument cloud-image-username",
    "platform": _PRODUCT,
    "devices": "device",
    "resources": "minimum recommended maximum network-install",
    "minimum": _NEEDS,
    "recommended": _NEEDS,
    "maximum": _NEEDS,
    "network-install": _NEEDS,
    "media": "variant url iso kernel initrd installer",
    "iso": "volume-id publisher-id application-id system-id volume-size l10n-language",
    "tree": "variant url treeinfo kernel initrd boot-iso",
    "treeinfo": "family variant version arch",
    "image": "variant url",
    "installer": "script",
}
_ATTRIBUTES = {
    "os": "id",
    "platform": "id",
    "upgrades": "id",
    "derives-from": "id",
    "clones": "id",
    "script": "id",
    "resources": "arch inherit",
    "media": "arch live installer installer-script installer-reboots eject-after-install",
    "tree": "arch",
    "image": "arch format cloud-init",
    "firmware": "arch type supported recommended",
}
_NEEDED = {"resources": "arch", "media": "arch", "tree": "arch", "image": "arch", "firmware": "arch type"}
_ARCHES = (
    "all aarch64 alpha armv6l armv7l i686 ia64 loongarch64 m68k mips mipsel mips64 mips64el parisc parisc64 ppc ppc64 "
    "ppc64le riscv32 riscv64 s390 s390x sparc sparc64 x86_64"
)
_YES_NO = "true false"
_VALUES = {
    "arch": _ARCHES,
    "type": "bios efi",
    "format": "qcow2 raw vhdx vmdk containerdisk",
    **dict.fromkeys(
        ("inherit", "live", "installer", "installer-script", "eject-after-install", "cloud-init", "supported"), _YES_NO
    ),
}
_TEXTS = {
    **dict.fromkeys(("cpu", "n-cpus", "ram", "storage", "volume-size"), (r"[0-9]+", "a whole number (sizes in bytes)")),
    **dict.fromkeys(("release-date", "eol-date"), (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "a date such as 2025-12-31")),
    "release-status": (r"snapshot|prerelease|released|rolling", "snapshot, prerelease, released or rolling"),
    "short-id": (r"[^\s,/]+", "a word without commas or slashes"),
}


def check_file(path: str) -> list[str]:
    """Return what is wrong in a profile file, each with its line. Raises XmlError if it is not XML."""
    warnings: list[str] = []
    _check(tree.parse_file(path), warnings)
    return [f"OS profile {path}, {text}" for text in warnings]


def _check(node: tree.Element, warnings: list[str]) -> None:
    name = tree.local_name(node)
    where = f"line {node.sourceline}: "
    warnings.extend(where + text for text in (*_attribute_slips(node, name), *_text_slips(node, name)))
    known = _CHILDREN.get(name, "").split()
    if not known:
        return
    for child in tree.children(node):
        tag = tree.local_name(child)
        if child.tag == IMAGES and name == "libosinfo":
            warnings.extend(f"line {line}: {text}" for line, text in image_mistakes(child))
        elif tag in known:
            _check(child, warnings)
        else:
            warnings.append(f"line {child.sourceline}: unknown element <{tag}> in <{name}>{close_name(tag, known)}")
    if name == "os" and tree.child(node, "short-id") is None:
        warnings.append(where + "<os> has no <short-id>, so it cannot be selected by a short name")


def _attribute_slips(node: tree.Element, name: str) -> list[str]:
    known = _ATTRIBUTES.get(name, "").split()
    slips = []
    for key, value in node.attrib.items() if known else ():
        attribute, text = str(key), str(value)
        allowed = _VALUES.get(attribute, "").split()
        if attribute not in known:
            slips.append(f"unknown attribute '{attribute}' of <{name}>{close_name(attribute, known)}")
        elif allowed and text not in allowed:
            hint = close_name(text, allowed) or f" (expected {', '.join(allowed)})"
            slips.append(f"invalid value {attribute}='{text}'{hint}")
    missing = [key for key in _NEEDED.get(name, "").split() if key not in node.attrib]
    return slips + [f"<{name}> requires the attribute '{key}'" for key in missing]


def _text_slips(node: tree.Element, name: str) -> list[str]:
    pattern, words = _TEXTS.get(name, ("", ""))
    text = (node.text or "").strip()
    return [f"<{name}> is '{text}', expected {words}"] if pattern and not re.fullmatch(pattern, text) else []
