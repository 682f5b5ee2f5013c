"""Guests that a run defines, starts, changes or replaces."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.run import definition
from virtprov.actions.run.artifacts import nvram, reservations
from virtprov.actions.run.artifacts.artifact import GONE, OTHERS, OURS, UNSURE, Artifact, Aside, Evidence, Standing
from virtprov.actions.run.artifacts.pools_and_volumes import Volume
from virtprov.guest import document
from virtprov.guest.marks import template_mark

if TYPE_CHECKING:
    from virtprov.host.connection import Host


class Guest(Artifact):
    """A new guest; with `nvram` its UEFI variables were created with it."""

    kind = "guest"
    name: str
    uuid: str = ""
    nvram: bool = False

    def describe(self) -> str:
        return f"guest '{self.name}'"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        return Standing(GONE if host.guests.find(self.uuid) is None else OURS)

    def take_down(self, host: Host) -> None:
        remove_guest(host, self.uuid, nvram=self.nvram)


class StartedGuest(Artifact):
    """An existing guest that was started; `run` is libvirt's id of the running guest."""

    kind = "start"
    name: str
    uuid: str = ""
    run: int = -1
    is_one_call = True

    def describe(self) -> str:
        return f"running guest '{self.name}'"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        guest = host.guests.find(self.uuid)
        if guest is None or not guest.active:
            return Standing(GONE)
        if not evidence.made:
            return Standing(UNSURE, f"'{self.name}' may have been started by someone else")
        return (
            Standing(OURS) if guest.id == self.run else Standing(OTHERS, f"'{self.name}' has been started again since")
        )

    def take_down(self, host: Host) -> None:
        host.guests.destroy(self.uuid)


class Definition(Artifact):
    """A changed definition of an existing guest: `before` is the previous one, `digest` identifies the new one.

    `after` is what was given to the host, until the digest of what the host made of it is known.
    """

    kind = "definition"
    name: str
    uuid: str = ""
    before: str = ""
    digest: str = ""
    after: str = ""
    is_one_call = True

    def describe(self) -> str:
        return f"changed definition of '{self.name}'"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        if host.guests.find(self.uuid) is None:
            return Standing(GONE)
        now = host.guests.xml(self.uuid, inactive=True, secure=True)
        if now == self.before:
            return Standing(GONE)
        if evidence.made and not definition.is_known_by(now, self.digest):
            return Standing(OTHERS, f"'{self.name}' has been changed since")
        if not evidence.made and not (self.after and definition.is_made_of(now, self.after, self.before)):
            return Standing(UNSURE, f"'{self.name}' may have been changed by someone else")
        stays_template = template_mark.is_marked(document.Guest.parse(self.before))
        return Standing(OURS) if stays_template else _judge_by_clones(host, self.uuid, evidence)

    def take_down(self, host: Host) -> None:
        definition.replace(host, self.name, self.uuid, self.before, self.digest or None)


class Autostart(Artifact):
    """The setting of an existing guest whether it starts with the host, switched to `on`: it was the opposite."""

    kind = "autostart"
    name: str
    uuid: str = ""
    on: bool = False
    is_one_call = True

    def describe(self) -> str:
        return f"{'enabled' if self.on else 'disabled'} autostart of '{self.name}'"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        if host.guests.find(self.uuid) is None or host.guests.autostart(self.uuid) != self.on:
            return Standing(GONE)
        return Standing(OURS) if self.on else _judge_by_clones(host, self.uuid, evidence)

    def take_down(self, host: Host) -> None:
        host.guests.set_autostart(self.uuid, not self.on)


def _judge_by_clones(host: Host, uuid: str, evidence: Evidence) -> Standing:
    from virtprov.actions.run.templates import judge_by_clones

    return judge_by_clones(host, uuid, evidence)


class AsideGuest(Aside):
    """A guest that is replaced by another one with the same name.

    It is renamed to `aside`, or undefined if its driver cannot rename guests. `before` is its definition, `active`
    whether it was running, `persistent` whether it was defined. With `nvram` its UEFI variables are removed with it.
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
        return f"guest '{self.name}' (renamed to '{self.aside}')"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        guest = host.guests.find(self.uuid)
        is_back = guest is not None and guest.name == self.name and guest.active == self.active
        return Standing(GONE if is_back else OURS)

    def take_down(self, host: Host) -> None:
        """Restore the guest under its name, and start it if it was running."""
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

    def waits(self, host: Host, evidence: Evidence) -> Standing:
        guest = host.guests.find(self.uuid)
        return Standing(OURS if guest is not None and guest.name == self.aside else GONE)

    def discard(self, host: Host) -> None:
        before = document.Guest.parse(self.before)
        if self.nvram:  # before the guest, which `waits` looks for
            for path in nvram.variable_files(host, before):
                _drop_variables(host, path)
        reservations.remove_those_of(host, before)
        remove_guest(host, self.uuid, nvram=self.nvram)


def remove_guest(host: Host, uuid: str, *, nvram: bool) -> None:
    """Remove a guest and everything that libvirt stores for it except its disks. A missing guest is ignored.

    This includes the running guest, a saved state, the metadata of snapshots and checkpoints, the state of the TPM and,
    with `nvram`, its UEFI variables.
    """
    guest = host.guests.find(uuid)
    if guest is None:
        return
    host.guests.destroy(uuid)
    if guest.persistent:
        host.guests.undefine(uuid, nvram=nvram, tpm=True)


def _drop_variables(host: Host, path: str) -> None:
    """Remove variables that libvirt only knew by the guest's old name."""
    if not host.is_remote and not os.path.lexists(path) and os.access(os.path.dirname(path), os.X_OK):
        return
    variables = Volume(os.path.basename(path), path=path)
    if variables.find(host) is not None:
        variables.take_down(host)
