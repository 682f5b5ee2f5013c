"""Check the paths of copied disks, so that no other guest's data is overwritten or shared."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.guest.checks import Others
from virtprov.guest.disks.chains import Chains
from virtprov.guest.disks.checks import host_use
from virtprov.guest.disks.checks.in_use import disks_are_free
from virtprov.guest.disks.source import FILE
from virtprov.guest.disks.source_element import write_host_path
from virtprov.support.errors import HostError, UsageError
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.actions.request import CloneRequest
    from virtprov.host.connection import Host
    from virtprov.xml.tree import Element


class Targets:
    """The paths given for copies; `own` are the paths of the original's disks."""

    def __init__(self, request: CloneRequest, host: Host, own: set[str]) -> None:
        self.request, self.host = request, host
        self._chains = Chains(host)
        own = set() if request.document else own  # no guest of the host has these
        self._own = {self._chains.real(os.path.normpath(each)) for each in own}
        self._others = Others(host)

    def check(self, disk: Element, target: str, option: str) -> None:
        """Raise HostError for a path used by another guest or this machine, UsageError for one of the original's own.

        Disks of a guest that the clone replaces are allowed. `option` is what the user wrote.
        """
        real = self._chains.real(os.path.normpath(target))
        if not self.request.checks.path_in_use:
            return
        if real in self._own and tree.child(disk, "shareable") is None and tree.child(disk, "readonly") is None:
            raise UsageError(
                f"{option} is the original's own disk",
                hint="give another path, --skip-copy to share the disk, or --check path_in_use=off",
            )
        element = tree.copy(disk)
        for tag in ("source", "backingStore"):
            there = tree.child(element, tag)
            if there is not None:
                tree.remove(there)
        write_host_path(element, FILE, target)
        replaced = self.request.name if self.request.replace else ""
        disks_are_free(self.host, [element], itself=replaced, others=self._others)
        host_use.refuse_used(self.host, target, option)

    def check_variables(self, target: str, own: str) -> None:
        """Raise HostError for UEFI variables of another guest, UsageError for the original's own."""
        if not self.request.checks.path_in_use:
            return
        if target == own:
            raise UsageError(
                f"--nvram {target} is the file with the original's own UEFI variables", hint="give another path"
            )
        for text in self._others.texts():
            if "nvram" not in text or target not in text:
                continue
            root = tree.parse(text)
            name = path.text(root, "./name")
            used = (path.text(root, "./os/nvram").strip(), path.text(root, "./os/nvram/source/@file"))
            if target in used and not (self.request.replace and name == self.request.name):
                raise HostError(
                    f"UEFI variables {target} are in use by guest '{name}'",
                    hint="give another --nvram, or --check path_in_use=off",
                )
