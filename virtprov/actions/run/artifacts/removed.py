"""What `--remove` removes for good: recorded before the first of it goes, so that `--clean-up` can finish a removal.

Nothing is removed before everything is recorded, so an interrupted run leaves nothing to undo until then.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts import local_files
from virtprov.actions.run.artifacts.artifact import GONE, OTHERS, OURS, Aside, Evidence, InUse, Standing
from virtprov.actions.run.artifacts.pools_and_volumes import Secret, Volume
from virtprov.actions.run.artifacts.reservations import remove_those_of
from virtprov.actions.run.artifacts.stored_guests import remove_guest
from virtprov.guest.document import Guest

if TYPE_CHECKING:
    from virtprov.host.connection import Host


class Removed(Aside):
    """Something that is removed once the run is settled; before that, nothing has to be undone."""

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        return Standing(GONE)

    def take_down(self, host: Host) -> None:
        """Change nothing: it is still what it was."""


class RemovedGuest(Removed):
    """A guest that is off, with everything that libvirt keeps for it; with `nvram` also its UEFI variables.

    The addresses that were reserved with it are released.
    """

    kind = "removed"
    name: str
    uuid: str = ""
    nvram: bool = False

    def describe(self) -> str:
        return f"guest '{self.name}'"

    def waits(self, host: Host, evidence: Evidence) -> Standing:
        guest = host.guests.find(self.uuid)
        if guest is None:
            return Standing(GONE)
        return Standing(OTHERS, "it has been started again") if guest.active else Standing(OURS)

    def discard(self, host: Host) -> None:
        guest = host.guests.find(self.uuid)
        if guest is not None and guest.active:
            raise InUse(f"guest '{self.name}' has been started again", hint="run the command again")
        if guest is not None:  # an interrupted run may not have come to that
            remove_those_of(host, Guest.parse(host.guests.xml(self.uuid, inactive=True)))
        remove_guest(host, self.uuid, nvram=self.nvram)


class RemovedVolume(Removed):
    """A disk, seed or other file of the guest with the UUID `owner`; the other fields are those of `Volume`."""

    kind = "removed-volume"
    name: str
    pool: str = ""
    path: str = ""
    key: str = ""
    mark: str = ""
    owner: str = ""

    def describe(self) -> str:
        return self._volume().describe()

    def waits(self, host: Host, evidence: Evidence) -> Standing:
        evidence = Evidence(user_of=evidence.user_of)
        if self.pool or host.is_remote:
            return self._volume().standing(host, evidence)
        return local_files.File(self.path, self.mark).standing(host, evidence)

    def discard(self, host: Host) -> None:
        folder = os.path.dirname(self.path)
        if not (self.pool or host.is_remote) and os.access(folder, os.W_OK):
            local_files.unlink(host, self.path)
        else:
            self._volume().take_down(host)

    def _volume(self) -> Volume:
        return Volume(self.name, self.pool, self.path, self.key, self.mark)


class RemovedSecret(Removed):
    """A secret of the host with the password of the volume at the path `name`; of the state of a TPM if it is ""."""

    kind = "removed-secret"
    name: str
    uuid: str = ""

    def describe(self) -> str:
        return Secret(self.name or "the TPM's state", self.uuid).describe()

    def waits(self, host: Host, evidence: Evidence) -> Standing:
        known = host.secrets.volume(self.uuid)
        if known is None:
            return Standing(GONE)
        return Standing(OURS) if known == self.name else Standing(OTHERS, "another secret now has this UUID")

    def discard(self, host: Host) -> None:
        if host.secrets.exists(self.uuid):
            host.secrets.remove(self.uuid)
