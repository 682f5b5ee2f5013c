"""Everything a failed command could leave behind on the lab's host, to be compared before and after."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from lab.host import Host

# Folders of libvirt where guests and volumes leave files; the network's leases come and go by themselves.
WATCHED = ("/etc/libvirt", "/var/lib/libvirt")
UNWATCHED = "/var/lib/libvirt/dnsmasq/"
PROCESSES = ("qemu-system", "qemu-img", "swtpm")


class Inventory(NamedTuple):
    """What a host holds, each thing one line of text.

    `guests` with UUID and state; `networks` with their state and reservations, `pools` with their state; `volumes` of
    every active pool, freshly looked at; `files` in libvirt's folders (definitions, images, NVRAM, seeds, TPM state);
    `processes` of guests.
    """

    guests: tuple[str, ...]
    networks: tuple[str, ...]
    pools: tuple[str, ...]
    volumes: tuple[str, ...]
    files: tuple[str, ...]
    processes: tuple[str, ...]


def take(host: Host) -> Inventory:
    """List what `host` holds now."""
    known = pairs(host, "list", "--all", "--uuid", "--name")
    guests = [f"{name} {uuid} {host.virsh('domstate', uuid)}" for uuid, name in known]
    return Inventory(
        tuple(sorted(guests)),
        (*rows(host.virsh("net-list", "--all")), *reservations(host)),
        rows(host.virsh("pool-list", "--all")),
        tuple(sorted(volumes(host))),
        tuple(sorted(files(host))),
        processes(host),
    )


def reservations(host: Host) -> list[str]:
    """Each address that a network reserves, now and at its next start."""
    found = []
    for name in host.virsh("net-list", "--all", "--name").split():
        for flags in ([], ["--inactive"]):
            lines = rows(host.virsh("net-dumpxml", name, *flags))
            found += [f"{name} {' '.join(flags)}: {line}" for line in lines if line.startswith("<host ")]
    return sorted(found)


def pairs(host: Host, *argv: str) -> list[list[str]]:
    """What virsh lists in two columns."""
    return [line.split(maxsplit=1) for line in host.virsh(*argv).splitlines() if line.strip()]


def rows(text: str) -> tuple[str, ...]:
    """The lines of a table, sorted, with single blanks."""
    return tuple(sorted(" ".join(line.split()) for line in text.splitlines() if line.strip()))


def volumes(host: Host) -> list[str]:
    """Each volume of the active pools as "pool: name path"."""
    found = []
    for pool in host.virsh("pool-list", "--name").split():
        host.virsh("pool-refresh", pool)
        found += [f"{pool}: {' '.join(line.split())}" for line in host.virsh("vol-list", pool).splitlines()]
    return found


def files(host: Host) -> list[str]:
    """Each file in the watched folders, by the name it has inside."""
    found = []
    for place in WATCHED:
        base = host.outside(place)
        for folder, _, names in os.walk(base):  # which minds no folder that goes meanwhile
            paths = (f"{place}/{(Path(folder) / name).relative_to(base)}" for name in names)
            found += [path for path in paths if not path.startswith(UNWATCHED)]
    return found


def processes(host: Host) -> tuple[str, ...]:
    """The names of the processes that guests or copies run as."""
    listed = [line.split() for line in host.execute(["ps", "-e", "-o", "stat=,comm="]).out.splitlines()]
    running = (name for state, name, *_ in listed if not state.startswith("Z"))
    return tuple(sorted(name for name in running if name.startswith(PROCESSES)))
