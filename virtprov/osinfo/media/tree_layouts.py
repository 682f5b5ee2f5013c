"""What an installer tree says about itself, in each of the ways that distributions have of saying it.

* `.treeinfo` or `treeinfo`: Fedora, RHEL and their kin, newer SUSE
* `content`: older SUSE (keys such as DISTRO, LABEL, VERSION, BASEARCHS, a blank, and the value)
* `.disk/info`: a Debian or Ubuntu CD, one line
* `current/images/MANIFEST` and the like: Debian's and Ubuntu's trees for the network, told apart by the paths in
  it; the release is in the address only (`dists/bookworm/main/installer-amd64`)
* `VERSION` beside `isolinux/`: Mageia
"""

from __future__ import annotations

import re
from typing import NamedTuple

from virtprov.osinfo.media.arch_names import arch_name
from virtprov.osinfo.media.install_tree import TreeIds, parse_ini, tree_ids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Fetch = Callable[[str], bytes | None]
    """Gives the content of a file of the tree, None when there is no such file."""

MANIFESTS = ("current/images/MANIFEST", "current/legacy-images/MANIFEST", "daily/MANIFEST", "MANIFEST")


class TreeFacts(NamedTuple):
    """What a tree says. Either `ids` of a `.treeinfo`, or a distribution with a version or a code name."""

    layout: str
    """`treeinfo`, `content`, `disk info`, `manifest` or `mageia`."""
    ids: TreeIds
    distro: str = ""
    """As profiles call it; "" for a `.treeinfo`, which profiles have patterns for."""
    codename: str = ""


def tree_facts(fetch: Fetch, place: str) -> TreeFacts | None:
    """Ask a tree what it is; None when it does not say.

    `fetch` reads its files, `place` is its address or path, which tells more about some. What `fetch` raises
    is passed on.
    """
    ways = [_treeinfo, _suse, _disk_info, _debian, _mageia]
    if "/dists/" in place or "/installer-" in place:
        ways.insert(0, ways.pop(3))
    for way in ways:
        detected = way(fetch, place)
        if detected:
            return detected
    return None


def _read(fetch: Fetch, name: str) -> str:
    return (fetch(name) or b"").decode("utf-8", "replace")


def _treeinfo(fetch: Fetch, place: str) -> TreeFacts | None:
    for name in (".treeinfo", "treeinfo"):
        ids = tree_ids(parse_ini(_read(fetch, name)))
        if ids:
            return TreeFacts("treeinfo", ids)
    return None


def _suse(fetch: Fetch, place: str) -> TreeFacts | None:
    values: dict[str, str] = {}
    for line in _read(fetch, "content").splitlines():
        key, _, value = line.strip().partition(" ")
        values.setdefault(key, value.strip())
    label = values.get("LABEL", "")
    told = " ".join((label, values.get("DISTRO", ""), values.get("DISTPRODUCT", ""))).lower()
    if "suse" not in told:
        return None
    arches = values.get("BASEARCHS", "").split()
    arch = "x86_64" if "x86_64" in arches else next(iter(arches), "")
    if "tumbleweed" in told:
        distro, version, codename = "opensuse", "", "opensusetumbleweed"
    else:
        distro, version, codename = _suse_distro(told), _suse_version(told, values.get("VERSION", "")), ""
    return TreeFacts("content", TreeIds(label, "", version, arch_name(arch)), distro, codename)


def _suse_distro(told: str) -> str:
    if "opensuse" in told:
        return "opensuse"
    if re.search(r":sle[sd]?:15\b|enterprise (server |desktop )?15\b", told):
        return "sle"  # one profile stands for all of 15
    return "sled" if re.search(r"desktop|sled\b", told) else "sles"


def _suse_version(told: str, version: str) -> str:
    """`12.3` for 12 SP3; the version key of newer trees may be longer or missing."""
    pack = re.search(r"(?:enterprise (?:server |desktop )?|:sle[sd]?:)(\d+)(?:[ :]+sp(\d+))?", told)
    if pack:
        return pack[1] + (f".{pack[2]}" if pack[2] else "")
    named = re.search(r"(\d+\.\d+)", version) or re.search(r"(\d+\.\d+)", told)
    return named[1] if named else version


def _disk_info(fetch: Fetch, place: str) -> TreeFacts | None:
    return disk_info(_read(fetch, ".disk/info"))


def disk_info(text: str) -> TreeFacts | None:
    """What the line of a `.disk/info` says, such as `Debian GNU/Linux 12.4.0 "Bookworm" - Official amd64 NETINST`."""
    line = text.strip().partition("\n")[0]
    distro = next((name for name in ("ubuntu", "debian") if name in line.lower()), "")
    if not distro:
        return None
    version = re.search(r"\d+(\.\d+)*", line)
    codename = re.search(r'"([^"]+)"', line)
    arch = re.search(r"\b(?:Official|Release|Beta|Alpha|Snapshot)\s+(?:\w+\s+)??"
                     r"(amd64|i386|arm64|armhf|armel|ppc64el|powerpc|s390x|riscv64|multi-arch)\b", line)  # fmt: skip
    ids = TreeIds(line, "", version[0] if version else "", arch_name(arch[1]) if arch else "")
    return TreeFacts("disk info", ids, distro, codename[1] if codename else "")


def _debian(fetch: Fetch, place: str) -> TreeFacts | None:
    for name in MANIFESTS:
        text = _read(fetch, name)
        product = re.search(r"\b(debian|ubuntu)-installer/([a-z0-9]+)/", text)
        if product or "netboot/" in text:
            distro = product[1] if product else "ubuntu" if "ubuntu" in place.lower() else "debian"
            arch = re.search(r"/installer-([a-z0-9]+)", place) or re.search(r"/daily-images/([a-z0-9]+)", place)
            codename = re.search(r"/dists/([^/]+)", place)
            word = "testing" if name == "daily/MANIFEST" or "/daily-images/" in place else ""
            ids = TreeIds(distro, "", "", arch_name(arch[1] if arch else product[2] if product else ""))
            return TreeFacts("manifest", ids, distro, codename[1].partition("-")[0] if codename else word)
    return None


def _mageia(fetch: Fetch, place: str) -> TreeFacts | None:
    text = _read(fetch, "VERSION")
    match = re.search(r"mageia\D{0,20}(\d+(?:\.\d+)*)", text, re.IGNORECASE)
    if not match:
        return None
    arch = re.search(r"\b(x86_64|i[3-6]86|aarch64|armv7hl)\b", text + " " + place)
    return TreeFacts("mageia", TreeIds("Mageia", "", match[1], arch_name(arch[1]) if arch else ""), "mageia")
