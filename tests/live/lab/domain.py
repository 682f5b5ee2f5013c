"""A guest's XML as tests read it."""

from __future__ import annotations

from xml.etree import ElementTree

from lab.host import Host


def definition(host: Host, name: str, *, inactive: bool = True) -> ElementTree.Element:
    """The XML of the guest `name`: as it is defined, or as it runs."""
    return ElementTree.fromstring(host.virsh("dumpxml", name, *(["--inactive"] if inactive else [])))


def disk_paths(domain: ElementTree.Element) -> list[str]:
    """The files of the disks in `domain`, in order."""
    return [source.get("file", "") for source in domain.findall("./devices/disk/source")]


def text(domain: ElementTree.Element, path: str) -> str:
    """The text of the element at `path` in `domain`; it must be there."""
    found = domain.findtext(path)
    assert found is not None, f"no {path} in the guest's XML"
    return found


def mac_addresses(domain: ElementTree.Element) -> list[str]:
    """The MAC addresses of the interfaces in `domain`, in order."""
    return [mac.get("address", "") for mac in domain.findall("./devices/interface/mac")]
