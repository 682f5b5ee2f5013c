"""Record a host: write everything that `recorded:///DIR` needs from a connection.

Passwords are neither read nor written.
"""

from __future__ import annotations

import os
from typing import NamedTuple

import libvirt

from virtprov.host.connection import NEW_ENOUGH, Host
from virtprov.host.failures import asking, reason
from virtprov.host.inventory.domains import Domains
from virtprov.host.recording import CAPABILITIES, DOMAIN_CAPABILITIES, HOST, INVENTORY
from virtprov.host.uri import quoted_path
from virtprov.support.errors import InputError

MACHINES = ("q35", "virt", "pseries", "s390-ccw-virtio")
"""Machine types whose domain capabilities are recorded besides those of the default one."""

TEST_SPACE = "xmlns:test='http://libvirt.org/schemas/domain/test/1.0'"
RUN_STATES = {1: 1, 2: 1, 3: 3, 4: 1, 5: 5, 6: 6, 7: 7}
"""virDomainState for <test:runstate>, which has no "blocked" and "shutting down"."""


class Item(NamedTuple):
    """A part of the inventory, and its description."""

    label: str
    xml: str


def record(host: Host, directory: str) -> tuple[str, ...]:
    """Write the host to a folder that `recorded:///DIR` opens: completely or, on failure, not at all.

    Returns a line for everything that was skipped because libvirt's test driver would not read it. Raises InputError if
    the folder is not empty or cannot be written, HostError from the host.
    """
    directory = os.path.abspath(directory)
    if os.path.lexists(directory) and (not os.path.isdir(directory) or os.listdir(directory)):
        raise InputError(f"'{directory}' is not an empty folder", hint="give a folder that does not exist yet")
    parts = os.path.join(os.path.dirname(directory), f".{os.path.basename(directory)}.{os.getpid()}")
    try:
        os.mkdir(parts)
        try:
            left_out = _write_all(host, parts)
            os.rename(parts, directory)
        except BaseException:
            import shutil

            shutil.rmtree(parts, ignore_errors=True)
            raise
    except OSError as problem:
        raise InputError(f"cannot write the recorded host to '{directory}': {problem.strerror}") from None
    return left_out


def _write_all(host: Host, folder: str) -> tuple[str, ...]:
    import json

    _write(folder, CAPABILITIES, host.capabilities.of_host().xml)
    for name, text in _domain_capabilities(host).items():
        _write(folder, name, text)
    left_out: list[str] = []
    kept = _readable(folder, [*_networks(host), *_pools(host), *_guests(host), *_devices(host)], left_out)
    _write(folder, INVENTORY, _document(kept))
    _write(folder, HOST, json.dumps(_facts(host), indent=2) + "\n")
    return tuple(left_out)


def _write(folder: str, name: str, text: str) -> None:
    with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
        stream.write(text)


def _facts(host: Host) -> dict[str, object]:
    pools = list(host.storage.pools())
    networks = [host.networks.find(name) for name in host.networks.names()]
    versions = (host.libvirt_version(), host.hypervisor_version())
    libvirt_version, hypervisor = (None if version == NEW_ENOUGH else version for version in versions)
    return {
        "uri": host.uri,
        "default_bridge": host.networks.default_bridge(),
        "libvirt_version": libvirt_version,
        "hypervisor_version": hypervisor,
        "pools": {pool.name: [pool.capacity, pool.allocation, pool.available] for pool in pools},
        "pools_off": [pool.name for pool in pools if not pool.active],
        "networks_off": [network.name for network in networks if network and not network.active],
    }


def _domain_capabilities(host: Host) -> dict[str, str]:
    """Return file name -> text; if all answers are the same, there is a single file."""
    documents: dict[str, str] = {}
    for kind in host.capabilities.of_host().guests:
        for domain in kind.domain_types:
            for machine in (None, *(name for name in MACHINES if domain.machine(name))):
                answer = host.capabilities.of_guest(kind.arch, machine, domain.name, domain.emulator or None)
                if answer:
                    words = (answer.arch, answer.machine or "default", answer.virt_type)
                    name = "domcapabilities-" + "-".join(words).replace("/", "_") + ".xml"
                    documents[name] = answer.xml
    if len(set(documents.values())) == 1:
        return {DOMAIN_CAPABILITIES: documents.popitem()[1]}
    return documents


# -- the inventory, piece by piece ---------------------------------------------------------------------


def _networks(host: Host) -> list[Item]:
    results = [host.networks.find(name) for name in host.networks.names()]
    return [Item(f"network '{network.name}'", network.xml) for network in results if network]


def _pools(host: Host) -> list[Item]:
    parts = []
    for pool in host.storage.pools():
        volumes = "".join(volume.xml for volume in host.storage.volumes(pool.name))
        parts.append(Item(f"pool '{pool.name}'", _within(pool.xml, "pool", volumes)))
    return parts


def _devices(host: Host) -> list[Item]:
    return [Item(f"device '{device.name}'", device.xml) for device in host.devices.all()]


def _guests(host: Host) -> list[Item]:
    parts = []
    domains = Domains(host._link)
    for name in domains.names():
        domain = domains.get(name)
        with asking(f"read the guest '{name}'"):
            persistent = bool(domain.isPersistent())
            xml = str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE if persistent else 0))
            state = RUN_STATES.get(int(domain.state()[0]), 1)
            saved = persistent and bool(domain.hasManagedSaveImage(0))
        extra = f"  <test:runstate {TEST_SPACE}>{state}</test:runstate>\n"
        extra += "" if persistent else f"  <test:transient {TEST_SPACE}/>\n"
        extra += f"  <test:hasmanagedsave {TEST_SPACE}/>\n" if saved else ""
        parts.append(Item(f"guest '{name}'", _within(xml, "domain", extra)))
    return parts


def _within(xml: str, tag: str, extra: str) -> str:
    """Return the XML as libvirt printed it, with `extra` inserted at its end."""
    end = xml.rindex(f"</{tag}>")
    return xml[:end] + extra + xml[end:]


def _document(parts: list[Item]) -> str:
    return "<node>\n" + "\n".join(part.xml for part in parts) + "\n</node>\n"


def _readable(folder: str, parts: list[Item], left_out: list[str]) -> list[Item]:
    """Return the parts that the test driver can read, found by halving the list."""
    if not parts:
        return []
    name = "check.xml"
    path = os.path.join(folder, name)
    _write(folder, name, _document(parts))
    try:
        libvirt.open("test://" + quoted_path(path)).close()
        return parts
    except libvirt.libvirtError as error:
        if len(parts) == 1:
            left_out.append(f"{parts[0].label} is skipped: {reason(error)}")
            return []
    finally:
        os.unlink(path)
    half = len(parts) // 2
    return _readable(folder, parts[:half], left_out) + _readable(folder, parts[half:], left_out)
