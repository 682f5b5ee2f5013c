#!/usr/bin/env python3
"""Generate the bundled OS profiles from a database in libosinfo's format.

    tools/make_profiles.py OSINFO_DB [--out data/osinfo]

OSINFO_DB is a folder with such files, at any depth. Only facts are copied (ids, names, versions, dates, lineage,
resources, devices, firmware, media ids, URLs of trees and images), not comments or other text; the elements are written
in a fixed order and layout. GROUPS lists the families to include and the file for each; releases that they inherit from
are added automatically. The files may be edited by hand. Running this tool on another database overwrites such edits,
so check the diff. Running it on data/osinfo itself only restores the common layout. The addresses of cloud images
(data/osinfo/image) are not generated.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

GROUPS: tuple[tuple[str, str, str], ...] = (
    # file, title, ids (a regular expression for the id without its scheme)
    ("almalinux", "AlmaLinux and AlmaLinux Kitten", r"almalinux\.org/"),
    ("alpine", "Alpine Linux", r"alpinelinux\.org/"),
    ("amazon", "Amazon Linux", r"amazonlinux\.com/"),
    ("android", "Android-x86", r"android-x86\.org/"),
    ("arch", "Arch Linux and Manjaro", r"(archlinux|manjaro)\.org/"),
    ("centos", "CentOS and CentOS Stream", r"centos\.org/"),
    ("cirros", "CirrOS", r"cirros-cloud\.net/"),
    ("coreos", "Fedora CoreOS", r"fedoraproject\.org/coreos/"),
    ("debian", "Debian", r"debian\.org/"),
    ("dragonfly", "DragonFly BSD", r"dragonflybsd\.org/"),
    ("elementary", "elementary OS", r"elementary\.io/"),
    ("fedora-1-20", "Fedora 1 to 20", r"fedoraproject\.org/fedora/(1?\d|20)$"),
    ("fedora-21-30", "Fedora 21 to 30", r"fedoraproject\.org/fedora/(2[1-9]|30)$"),
    ("fedora", "Fedora 31 and later, ELN, Rawhide", r"fedoraproject\.org/fedora/"),
    ("flatcar", "Flatcar Container Linux", r"flatcar\.org/"),
    ("freebsd", "FreeBSD", r"freebsd\.org/"),
    ("freedos", "FreeDOS", r"freedos\.org/"),
    ("generic", "generic profiles, for what nobody knows better", r"libosinfo\.org/"),
    ("gentoo", "Gentoo", r"gentoo\.org/"),
    ("haiku", "Haiku", r"haiku-os\.org/"),
    ("kali", "Kali Linux", r"kali\.org/"),
    ("macosx", "Mac OS X", r"apple\.com/"),
    ("mageia", "Mageia", r"mageia\.org/"),
    ("mandriva", "Mandrake and Mandriva, which Mageia comes from", r"mandriva\.com/"),
    ("netbsd", "NetBSD", r"netbsd\.org/"),
    ("nixos", "NixOS", r"nixos\.org/"),
    ("openbsd", "OpenBSD", r"openbsd\.org/"),
    ("opensuse", "openSUSE", r"opensuse\.org/"),
    ("oracle", "Oracle Linux", r"oracle\.com/o"),
    ("popos", "Pop!_OS", r"system76\.com/"),
    ("rhel-2-5", "Red Hat Linux and Red Hat Enterprise Linux 2.1 to 5", r"redhat\.com/(rhl/|rhel/[2-5]\b)"),
    ("rhel-6", "Red Hat Enterprise Linux 6", r"redhat\.com/rhel/6\b"),
    ("rhel-7", "Red Hat Enterprise Linux 7 and Atomic Host", r"redhat\.com/(rhel/7\b|rhel-atomic)"),
    ("rhel-8", "Red Hat Enterprise Linux 8", r"redhat\.com/rhel/8\b"),
    ("rhel-9", "Red Hat Enterprise Linux 9", r"redhat\.com/rhel/9\b"),
    ("rhel", "Red Hat Enterprise Linux 10 and later", r"redhat\.com/"),
    ("rocky", "Rocky Linux", r"rockylinux\.org/"),
    ("scientific", "Scientific Linux", r"scientificlinux\.org/"),
    ("silverblue", "Fedora Silverblue", r"fedoraproject\.org/silverblue/"),
    ("slackware", "Slackware", r"slackware\.com/"),
    ("solaris", "Solaris and its kin", r"(sun\.com|oracle\.com/solaris|openindiana\.org|omnios\.org|smartos\.org)"),
    ("solus", "Solus", r"getsol\.us/"),
    ("suse", "SUSE Linux Enterprise", r"suse\.com/"),
    ("talos", "Talos Linux", r"talos\.dev/"),
    ("ubuntu", "Ubuntu", r"ubuntu\.com/"),
    ("void", "Void Linux", r"voidlinux\.org/"),
    ("windows", "MS-DOS, Windows and Windows Server", r"microsoft\.com/"),
)
EXTRA = {"mandriva"}  # only releases that others inherit from

# The order of the elements of an operating system. Other elements are not copied.
IDENTITY = ("short-id", "name", "version", "codename", "vendor", "family", "distro")
DATES = ("release-date", "eol-date", "release-status")
LINEAGE = ("derives-from", "upgrades", "clones")
PARTS = (
    "kernel-url-argument",
    "cloud-image-username",
    "firmware",
    "devices",
    "resources",
    "variant",
    "media",
    "tree",
    "image",
    "installer",
    "driver",
)
INNER = {
    "media": ("variant", "iso", "url", "kernel", "initrd", "installer"),
    "iso": ("volume-id", "system-id", "publisher-id", "application-id", "volume-size", "l10n-language"),
    "tree": ("variant", "treeinfo", "url", "kernel", "initrd", "boot-iso"),
    "treeinfo": ("family", "version", "variant", "arch"),
    "image": ("variant", "url"),
    "resources": ("minimum", "recommended", "maximum", "network-install"),
    "minimum": ("n-cpus", "cpu", "ram", "storage"),
    "recommended": ("n-cpus", "cpu", "ram", "storage"),
    "maximum": ("n-cpus", "cpu", "ram", "storage"),
    "network-install": ("n-cpus", "cpu", "ram", "storage"),
    "devices": ("device",),
    "variant": ("name",),
    "installer": ("script",),
    "driver": ("device", "file"),
}
DEVICE = ("name", "class", "bus-type", "vendor", "vendor-id", "product", "product-id", "subsystem")
ONE_LINE = {"iso", "treeinfo", "minimum", "recommended", "maximum", "network-install", "variant", "installer"}
WIDTH = 118

Node = ElementTree.Element


def read(folder: str) -> dict[str, dict[str, list[Node]]]:
    """Return every element below a root, by kind and id; several files may describe the same release."""
    found: dict[str, dict[str, list[Node]]] = {"os": {}, "device": {}, "datamap": {}}
    for where, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".xml"):
                for node in ElementTree.parse(os.path.join(where, name)).getroot():
                    found.setdefault(node.tag, {}).setdefault(node.get("id", ""), []).append(node)
    return found


def group_of(ident: str) -> str:
    bare = ident.split("://", 1)[-1].removeprefix("www.")
    return next((name for name, _, pattern in GROUPS if re.match(pattern, bare)), "")


def wanted(systems: dict[str, list[Node]]) -> list[str]:
    """Return the ids to bundle: those in the families of GROUPS and all that they inherit from."""
    have = {ident for ident in systems if group_of(ident) not in EXTRA | {""}}
    queue = sorted(have)
    while queue:
        for node in systems[queue.pop()]:
            for other in (link.get("id", "") for tag in LINEAGE for link in node.findall(tag)):
                if other in systems and other not in have:
                    have.add(other)
                    queue.append(other)
    return sorted(have)


def natural(ident: str) -> list[tuple[int, int, str]]:
    """Return a sort key: numbers are sorted by value, so that 10 comes after 9, and text before numbers."""
    return [(1, int(bit), "") if bit.isdigit() else (0, 0, bit) for bit in re.findall(r"\d+|[^\d]+", ident)]


def start(tag: str, node: Node) -> str:
    return tag + "".join(f" {key}={quoteattr(value)}" for key, value in node.attrib.items())


def lines(node: Node, indent: int) -> list[str]:
    """Return the lines of a node in our layout: known children in our order, short groups on one line."""
    pad = "  " * indent
    tag = node.tag
    inner = INNER.get(tag, ()) if len(node) else ()
    rows = [row for kind in inner for child in node.findall(kind) for row in lines(child, indent + 1)]
    text = "" if rows else (node.text or "").strip()
    if rows:
        flat = pad + f"<{start(tag, node)}>" + "".join(row.strip() for row in rows) + f"</{tag}>"
        if tag in ONE_LINE and len(flat) <= WIDTH:
            return [flat]
        return [pad + f"<{start(tag, node)}>", *rows, pad + f"</{tag}>"]
    if text:
        return [pad + f"<{start(tag, node)}>{escape(text)}</{tag}>"]
    return [pad + f"<{start(tag, node)}/>"]


def once(rows: list[list[str]]) -> list[list[str]]:
    seen: list[list[str]] = []
    for row in rows:
        if row not in seen:
            seen.append(row)
    return seen


def system(ident: str, nodes: list[Node]) -> list[str]:
    """Return the lines of one operating system, merged from all its nodes."""
    out = [f"  <os id={quoteattr(ident)}>"]
    for tag in IDENTITY + DATES + LINEAGE:
        told = once([lines(child, 2) for node in nodes for child in node.findall(tag)])
        out += [row for one in told for row in one]
    for tag in PARTS:
        told = once([lines(child, 2) for node in nodes for child in node.findall(tag)])
        if told:
            out += ["", *(row for one in told for row in one)]
    return [*out, "  </os>"]


def document(title: str, blocks: list[list[str]], apart: bool = True) -> str:
    body = ("\n\n" if apart else "\n").join("\n".join(block) for block in blocks)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- {title}. -->\n<libosinfo version="0.0.1">\n'
        f"{body}\n</libosinfo>\n"
    )


def device(ident: str, nodes: list[Node]) -> list[str]:
    rows = once([lines(child, 2) for tag in DEVICE for node in nodes for child in node.findall(tag)])
    flat = f"  <device id={quoteattr(ident)}>" + "".join(row[0].strip() for row in rows) + "</device>"
    if len(flat) <= WIDTH:
        return [flat]
    return [f"  <device id={quoteattr(ident)}>", *(row[0] for row in rows), "  </device>"]


def datamap(ident: str, nodes: list[Node]) -> list[str]:
    pairs = [
        f"    <entry inval={quoteattr(entry.get('inval', ''))} outval={quoteattr(entry.get('outval', ''))}/>"
        for node in nodes
        for entry in node.findall("entry")
    ]
    return [f"  <datamap id={quoteattr(ident)}>", *pairs, "  </datamap>"]


def write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


def make(database: str, out: str) -> str:
    """Write all files below `out`. Return an error message about the database, or ""."""
    facts = read(database)
    systems = facts["os"]
    if not systems:
        return f"{database} holds no operating systems"
    chosen = wanted(systems)
    strays = [ident for ident in chosen if not group_of(ident)]
    if strays:
        return f"no group holds {', '.join(strays)}, which others come from"
    for name, title, _ in GROUPS:
        members = sorted((ident for ident in chosen if group_of(ident) == name), key=natural)
        if members:
            blocks = [system(ident, systems[ident]) for ident in members]
            write(os.path.join(out, "os", f"{name}.xml"), document(f"Operating systems: {title}", blocks))
    devices = [device(*item) for item in sorted(facts["device"].items())]
    write(os.path.join(out, "device.xml"), document("Devices that profiles name", devices, apart=False))
    maps = [datamap(*item) for item in sorted(facts["datamap"].items())]
    write(os.path.join(out, "datamap.xml"), document("Languages and keyboards as installers spell them", maps))
    return ""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", metavar="OSINFO_DB")
    parser.add_argument("--out", default="data/osinfo")
    args = parser.parse_args(argv)
    wrong = make(args.database, args.out)
    if wrong:
        print(wrong, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
