"""Guests that a run defines, starts, changes or replaces."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.run import definition, nvram
from virtprov.actions.run.artifact import GONE, OTHERS, OURS, UNSURE, Artifact, Aside, Evidence, Standing
from virtprov.actions.run.artifact_storage import Volume
from virtprov.guest import document

if TYPE_CHECKING:
    from virtprov.host.connection import Host


class Guest(Artifact):
    """A new guest; `nvram`: its UEFI variables are its own, none that were there."""

    kind = "guest"
    name: str
    uuid: str = ""
    nvram: bool = False

    def describe(self) -> str:
        return f"the guest '{self.name}'"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        return Standing(GONE if host.guests.find(self.uuid) is None else OURS)

    def take_down(self, host: Host) -> None:
        remove_guest(host, self.uuid, nvram=self.nvram)


class StartedGuest(Artifact):
    """A run of a guest that was there before; `run` is libvirt's id of it."""

    kind = "start"
    name: str
    uuid: str = ""
    run: int = -1
    is_one_call = True

    def describe(self) -> str:
        return f"the running guest '{self.name}'"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        guest = host.guests.find(self.uuid)
        if guest is None or not guest.active:
            return Standing(GONE)
        if not evidence.made:
            return Standing(UNSURE, f"somebody else may have started '{self.name}'")
        return Standing(OURS) if guest.id == self.run else Standing(OTHERS, f"'{self.name}' was started again since")

    def take_down(self, host: Host) -> None:
        host.guests.destroy(self.uuid)


class Definition(Artifact):
    """Another definition of a guest that was there; `before` is the one it had, `digest` tells the new one."""

    kind = "definition"
    name: str
    uuid: str = ""
    before: str = ""
    digest: str = ""
    is_one_call = True

    def describe(self) -> str:
        return f"the changed definition of '{self.name}'"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        if host.guests.find(self.uuid) is None:
            return Standing(GONE)
        now = host.guests.xml(self.uuid, inactive=True, secure=True)
        if now == self.before:
            return Standing(GONE)
        if not evidence.made:
            return Standing(UNSURE, f"somebody else may have changed '{self.name}'")
        ours = definition.is_known_by(now, self.digest)
        return Standing(OURS) if ours else Standing(OTHERS, f"'{self.name}' was changed since")

    def take_down(self, host: Host) -> None:
        definition.put(host, self.name, self.uuid, self.before, self.digest or None)


class AsideGuest(Aside):
    """A guest that makes room for another of its name.

    It waits under the name `aside`, or is undefined where its driver renames none. `before` is the definition it had,
    `active` whether it ran, `persistent` whether it was defined. `nvram`: its UEFI variables go with it.
    """

    kind = "replaced"
    name: str
    uuid: str = ""
    aside: str = ""
    before: str = ""
    active: bool = False
    persistent: bool = True
    nvram: bool = False

    def describe(self) -> str:
        return f"the guest '{self.name}', put aside as '{self.aside}'"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        guest = host.guests.find(self.uuid)
        is_back = guest is not None and guest.name == self.name and guest.active == self.active
        return Standing(GONE if is_back else OURS)

    def take_down(self, host: Host) -> None:
        """Let it be there again under its name, and run if it did."""
        guest = host.guests.find(self.uuid)
        if guest is None:  # it was not renamed: its driver cannot, or it lived only while it ran
            if not self.persistent:
                host.guests.create(self.before)
                return
            host.guests.define(self.before)
        elif guest.name != self.name:
            host.guests.rename(self.uuid, self.name)
        if self.active and not (guest is not None and guest.active):
            host.guests.start(self.uuid)

    def waits(self, host: Host) -> Standing:
        guest = host.guests.find(self.uuid)
        return Standing(OURS if guest is not None and guest.name == self.aside else GONE)

    def discard(self, host: Host) -> None:
        remove_guest(host, self.uuid, nvram=self.nvram)
        if self.nvram:
            for path in nvram.variable_files(host, document.Guest.parse(self.before)):
                _drop_variables(host, path)


def remove_guest(host: Host, uuid: str, *, nvram: bool) -> None:
    """Remove a guest with all that libvirt keeps of it; its disks stay. No harm when it is gone.

    That is: the run itself, a saved state, snapshots and checkpoints (what is known of them), the TPM's state, and
    with `nvram` its UEFI variables.
    """
    guest = host.guests.find(uuid)
    if guest is None:
        return
    host.guests.destroy(uuid)
    if guest.persistent:
        host.guests.undefine(uuid, nvram=nvram, tpm=True)


def _drop_variables(host: Host, path: str) -> None:
    """Remove variables that libvirt knew by the guest's name alone: it has forgotten them with the renaming."""
    if not host.is_remote and not os.path.lexists(path) and os.access(os.path.dirname(path), os.X_OK):
        return
    variables = Volume(os.path.basename(path), path=path)
    if variables.find(host) is not None:
        variables.take_down(host)
