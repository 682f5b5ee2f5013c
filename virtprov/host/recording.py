"""Recorded hosts: a folder that answers like a host, for rendering and tests without the hypervisor.

The folder holds
  host.json             {"uri": "qemu:///system", "default_bridge": "br0"}, and what else HostFile names
  capabilities.xml      what `virsh capabilities` prints; without it libvirt's test driver answers
  domcapabilities*.xml  what `virsh domcapabilities` prints, one file per kind of guest, or none
  inventory.xml         guests, networks, pools, devices as libvirt's test driver reads them, or none

A single `domcapabilities.xml` answers every question; of several files the one nearest to the question does.
"""

from __future__ import annotations

import os
import re
from typing import Any, NamedTuple

import libvirt

from virtprov.host.facts.domcaps import machine_family
from virtprov.host.facts.info import PoolInfo
from virtprov.host.failures import asking, in_our_words
from virtprov.host.uri import quoted_path
from virtprov.support.errors import HostError
from virtprov.support.file_access import regular

HOST, CAPABILITIES, INVENTORY = "host.json", "capabilities.xml", "inventory.xml"
DOMAIN_CAPABILITIES = "domcapabilities.xml"
EMPTY = "<node/>"
"""The test driver's XML of an empty host."""

FORM = '{"uri": "qemu:///system", "default_bridge": "br0"}'


class Recording(NamedTuple):
    """The contents of host.json, and the folder with the other files.

    `pools` are (capacity, allocation, available) in bytes, which the test driver would not keep, and `off` the names of
    inactive pools and networks, which it would start.
    """

    folder: str
    uri: str
    default_bridge: str | None
    libvirt_version: int | None
    hypervisor_version: int | None
    pools: dict[str, tuple[int, int, int]]
    pools_off: tuple[str, ...]
    networks_off: tuple[str, ...]

    def capabilities(self) -> str | None:
        """Return the recorded capabilities, or None without such a file. Raises HostError if it cannot be read."""
        return _text(os.path.join(self.folder, CAPABILITIES))

    def domain_capabilities(
        self, arch: str | None, machine: str | None, virt_type: str | None, emulator: str | None
    ) -> str | None:
        """Return the recorded answer closest to the question, or None. `machine` is the canonical name."""
        names = sorted(name for name in os.listdir(self.folder) if _is_domain_capabilities(name))
        if names == [DOMAIN_CAPABILITIES]:
            return _text(os.path.join(self.folder, DOMAIN_CAPABILITIES))
        best, best_score = None, -1
        for name in sorted(names, key=lambda name: (name != DOMAIN_CAPABILITIES, name)):
            text = _text(os.path.join(self.folder, name)) or ""
            score = _fit(text, arch, machine, virt_type, emulator)
            if score > best_score:
                best, best_score = text, score
        return best

    def with_recorded_sizes(self, pool: PoolInfo) -> PoolInfo:
        """Return the pool with the sizes that it had on the recorded host."""
        if pool.name not in self.pools:
            return pool
        capacity, allocation, available = self.pools[pool.name]
        return pool._replace(capacity=capacity, allocation=allocation, available=available)


def read_recording(folder: str) -> Recording:
    """Read a folder's host.json. Raises HostError if the folder or the file is missing or invalid."""
    import json

    if not os.path.isdir(folder):
        raise HostError(
            f"no recorded host found at '{folder}'",
            hint="give the absolute path of the folder, as in recorded:///path/to/DIR, or create one with "
            "--record-host DIR",
        )
    path = os.path.join(folder, HOST)
    text = _text(path)
    if text is None:
        raise HostError(
            f"'{folder}' is not a recorded host: it has no {HOST}", hint=f"{HOST} should contain for example {FORM}"
        )
    try:
        facts = json.loads(text)
    except ValueError as problem:
        raise HostError(f"'{path}' is not JSON: {problem}", hint=f"it should contain for example {FORM}") from None
    return _recording(os.path.abspath(folder), path, facts)


def _recording(folder: str, path: str, facts: Any) -> Recording:
    def wrong(what: str) -> HostError:
        return HostError(f"'{path}' {what}", hint=f"it should contain for example {FORM}")

    if not isinstance(facts, dict) or not isinstance(facts.get("uri"), str) or not facts["uri"]:
        raise wrong('lacks the URI that the host reports, under "uri"')
    bridge = facts.get("default_bridge")
    if not isinstance(bridge, str | None):
        raise wrong('lacks the name of a bridge under "default_bridge"')
    versions = [facts.get(key) for key in ("libvirt_version", "hypervisor_version")]
    if not all(isinstance(version, int | None) for version in versions):
        raise wrong("has a version that is not a number such as 9000000")
    try:
        pools = {name: _space(*sizes) for name, sizes in facts.get("pools", {}).items()}
        off = [tuple(map(str, facts.get(key, ()))) for key in ("pools_off", "networks_off")]
    except (AttributeError, TypeError, ValueError):
        raise wrong("has pools or networks in an unknown format") from None
    return Recording(folder, facts["uri"], bridge or None, versions[0], versions[1], pools, off[0], off[1])


def _space(capacity: int, allocation: int, available: int) -> tuple[int, int, int]:
    return int(capacity), int(allocation), int(available)


def open_inventory(recording: Recording) -> Any:
    """Open libvirt's test driver with the folder's inventory; an empty host without one. Raises HostError."""
    path = os.path.join(recording.folder, INVENTORY)
    if not os.path.exists(path):
        return open_test_driver(EMPTY)
    if not regular.is_regular(path):
        raise HostError(f"'{path}' is not a regular file", hint="record the host again with --record-host DIR")
    try:
        conn = libvirt.open("test://" + quoted_path(path))
    except libvirt.libvirtError as error:
        raise in_our_words(f"read the inventory '{path}'", error) from error
    with asking(f"load the inventory '{path}'"):
        for name in recording.pools_off:
            conn.storagePoolLookupByName(name).destroy()
        for name in recording.networks_off:
            conn.networkLookupByName(name).destroy()
    return conn


def open_test_driver(document: str) -> Any:
    """Open the test driver with XML that is not in a file, through a pipe. Raises libvirt.libvirtError."""
    reading, writing = os.pipe()
    try:
        with open(writing, "w", encoding="utf-8") as stream:
            stream.write(document)
        return libvirt.open(f"test:///dev/fd/{reading}")
    finally:
        os.close(reading)


def _text(path: str) -> str | None:
    try:
        with regular.reading(path) as stream:
            return stream.read().decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as problem:
        raise HostError(f"'{path}' cannot be read: {problem}", hint="check its permissions and contents") from None


def _is_domain_capabilities(name: str) -> bool:
    return name.startswith("domcapabilities") and name.endswith(".xml")


def _read_text(text: str, tag: str) -> str:
    match = re.search(rf"<{tag}>\s*([^<]*?)\s*</{tag}>", text)
    return match[1] if match else ""


def _fit(text: str, arch: str | None, machine: str | None, virt_type: str | None, emulator: str | None) -> int:
    """Return how well a document fits the question: higher is better, -1 for another architecture."""
    if arch and _read_text(text, "arch") != arch:
        return -1
    score = 8 if virt_type and _read_text(text, "domain") == virt_type else 0
    here = _read_text(text, "machine")
    if machine and here:
        score += 4 if here == machine else 2 if machine_family(here) == machine_family(machine) else 0
    return score + (1 if emulator and _read_text(text, "path") == emulator else 0)
