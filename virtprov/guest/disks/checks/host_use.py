"""Find out whether this machine uses a block device or image file: mounted, swap, part of LVM, RAID, device mapper.

Sources are /proc/self/mountinfo and /proc/swaps (proc(5)), and /sys/dev/block with its `holders`
(Documentation/ABI/testing/sysfs-block in the kernel source).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import TYPE_CHECKING

from virtprov.support.errors import HostError

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView


def used_by_host(path: str) -> str:
    """Return how this machine uses the device or file at a path, such as "it is mounted at /boot"; "" if not at all."""
    try:
        facts = os.stat(path)
    except OSError:
        return ""
    kernel = _Kernel("/proc", "/sys")
    if stat.S_ISBLK(facts.st_mode):
        return kernel.use_of(f"{os.major(facts.st_rdev)}:{os.minor(facts.st_rdev)}")
    if stat.S_ISREG(facts.st_mode):
        return kernel.use_of_file(os.path.realpath(path))
    return ""


def refuse_used(host: HostView, path: str, option: str) -> None:
    """Raise HostError if this machine uses the path; other machines cannot be checked."""
    sentence = warning(host, path, option)
    if sentence:
        raise HostError(
            sentence,
            hint="give another device, readonly=on if the guest only reads it, or --check path_in_use=off",
        )


def warning(host: HostView, path: str, option: str) -> str:
    """Return the same as a warning; "" if this machine does not use the path."""
    use = "" if host.is_remote or host.is_recorded else used_by_host(path)
    if not use:
        return ""
    return f"{option}: {path} is in use by this host: {use}; a guest that writes to it would destroy the data"


class _Kernel:
    """Reads the kernel's files; `proc` and `sys` are their directories."""

    def __init__(self, proc: str, sys: str) -> None:
        self.sys = sys
        self.mounts: dict[str, str] = {}
        self.sources: dict[str, str] = {}
        for line in _lines(f"{proc}/self/mountinfo"):
            number, place = line.split()[2], _plain(line.split()[4])
            self.mounts.setdefault(number, place)
            source = line.partition(" - ")[2].split()[1:2]
            if source and source[0].startswith("/"):  # file systems of several devices have a number of their own
                self.sources.setdefault(os.path.realpath(_plain(source[0])), place)
        self.swaps = [os.path.realpath(_plain(line.split()[0])) for line in _lines(f"{proc}/swaps")[1:]]

    def use_of(self, number: str) -> str:
        """Return how a block device, its partitions, or what is built on them are used."""
        folder = os.path.realpath(f"{self.sys}/dev/block/{number}")
        if os.path.exists(f"{folder}/partition"):
            use = self._describe_holders(os.path.dirname(folder))
            if use:
                return use
        return next((use for partition in _with_partitions(folder) if (use := self._use_of_one(partition))), "")

    def _use_of_one(self, folder: str) -> str:
        name = os.path.basename(folder)
        number = "".join(_lines(f"{folder}/dev")).strip()
        what = "it" if not os.path.exists(f"{folder}/partition") else f"its partition {name}"
        place = self.mounts.get(number) or self.sources.get(f"/dev/{name}")
        if place:
            return f"{what} is mounted at {place}"
        if f"/dev/{name}" in self.swaps:
            return f"{what} is swap space"
        return self._describe_holders(folder)

    def _describe_holders(self, folder: str) -> str:
        """Return whether volume groups, RAIDs or mappings are built on a device."""
        for holder in _entries(f"{folder}/holders"):
            name = "".join(_lines(f"{folder}/holders/{holder}/dm/name")).strip()
            return f"{os.path.basename(folder)} is part of {name or holder}"
        return ""

    def use_of_file(self, path: str) -> str:
        """Return how a file is used: as swap, or through a loop device."""
        if path in self.swaps:
            return "it is swap space"
        for name in _entries(f"{self.sys}/block"):
            if _lines(f"{self.sys}/block/{name}/loop/backing_file") == [path]:
                use = self.use_of("".join(_lines(f"{self.sys}/block/{name}/dev")).strip())
                if use:
                    return f"as the loop device {name}: {use}"
        return ""


def _with_partitions(folder: str) -> Iterator[str]:
    yield folder
    for name in _entries(folder):
        if os.path.exists(f"{folder}/{name}/partition"):
            yield f"{folder}/{name}"


def _entries(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().splitlines()
    except OSError:
        return []


def _plain(text: str) -> str:
    """Decode a path in these files, which have octal escapes for blanks and similar characters."""
    for letter in " \t\n\\":
        text = text.replace(f"\\{ord(letter):03o}", letter)
    return text
