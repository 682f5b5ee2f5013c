"""What belongs to a guest on its host, and what of it goes when the guest is removed."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts import nvram
from virtprov.actions.run.artifacts.artifact import mark_of
from virtprov.actions.seed import replace
from virtprov.guest.disks.source import DiskSource
from virtprov.guest.document import Guest
from virtprov.guest.output_files import find_output_files
from virtprov.support.frozen import Record
from virtprov.xml import path as places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtprov.actions.run.artifacts.path_users import PathUsers, User
    from virtprov.host.connection import Host
    from virtprov.host.facts.info import GuestInfo
    from virtprov.xml.tree import Element

GUEST, DISK, SEED, CREDENTIAL, SECRET, NVRAM = "guest", "disk", "seed", "credential", "secret", "nvram"
TPM, TPM_SECRET, SAVE, SNAPSHOT, CHECKPOINT = "tpm", "tpm-secret", "save", "snapshot", "checkpoint"
BASE, MEDIUM, FILE, LOG = "base", "medium", "file", "log"
RESERVATION, LOGIN = "reservation", "login"
DISK_KEPT = "its disk is kept"
"""Why a password stays."""
_OLDER_LOGS = 10
"""How many older files of a log are looked for: virtlogd names them LOG.0, LOG.1 ... (max_backups, 3 by default)."""
_WORDS = {
    GUEST: "definition of guest '{name}'",
    DISK: "disk {path}",
    SEED: "cloud-init seed {path}",
    CREDENTIAL: "systemd credential {path}",
    SECRET: "password of {path} (secret {uuid})",
    TPM_SECRET: "password of the TPM's state (secret {uuid})",
    NVRAM: "UEFI variables {path}",
    TPM: "state of the TPM",
    SAVE: "saved state of the memory {path}",
    SNAPSHOT: "metadata of snapshot '{name}'",
    CHECKPOINT: "metadata of checkpoint '{name}'",
    BASE: "base image {path}",
    MEDIUM: "medium {path}",
    FILE: "{path}",
    LOG: "log file {path}",
    RESERVATION: "reservation of {name} in network '{pool}'",
    LOGIN: "ssh host key and login {path}",
}


class Thing(Record):
    """Something that belongs to a guest, of one of the kinds above. Fields that a kind does not have are empty.

    `why` tells why it stays; "" for what goes with the guest. `key` and `mark` distinguish a volume from a later one of
    the same name. The `pool` of a reserved address is its network. `until_off` means that only the running guest has
    it: its definition does not name it.
    """

    kind: str
    name: str = ""
    path: str = ""
    pool: str = ""
    uuid: str = ""
    why: str = ""
    key: str = ""
    mark: str = ""
    until_off: bool = False

    @property
    def goes(self) -> bool:
        """Whether it is removed."""
        return not self.why

    def describe(self) -> str:
        """Return its description for messages."""
        return _WORDS[self.kind].format(**self._asdict()).strip()

    def facts(self) -> dict[str, str]:
        """Return its description in JSON."""
        fate = "removed" if self.goes else "kept"
        shown = ("kind", "name", "uuid", "pool", "path")
        return {**{key: getattr(self, key) for key in shown}, "fate": fate, "why": self.why}


def list_kept(host: Host, info: GuestInfo, guest: Guest, users: PathUsers) -> Iterator[Thing]:
    """Yield the guest itself, what libvirt keeps for it, and what this user's commands keep to log in to it."""
    from virtprov.actions.seed import login
    from virtprov.guest.marks.reservations import of_guest

    yield Thing(GUEST, guest.name, uuid=info.uuid)
    yield from (Thing(RESERVATION, each.address, pool=each.network) for each in of_guest(guest))
    if login.find(info.uuid) is not None:
        yield Thing(LOGIN, path=login.known_hosts_path(info.uuid))
    yield from _list_variables(host, guest, users)
    for tpm in guest.devices("tpm"):
        if places.get(tpm, "./backend/@type") == "emulator":
            yield Thing(TPM)
            yield from _list_tpm_secret(host, guest, places.text(tpm, "./backend/encryption/@secret"), users)
    if not info.persistent:
        return
    kept = host.guests.kept_states(info.uuid)
    if kept.saved:
        yield Thing(SAVE)
    yield from (Thing(SNAPSHOT, name) for name in kept.snapshots)
    yield from (Thing(CHECKPOINT, name) for name in kept.checkpoints)


def _list_variables(host: Host, guest: Guest, users: PathUsers) -> Iterator[Thing]:
    """Yield the UEFI variables, which libvirt deletes: only a file that no other guest uses may go."""
    kind = guest.get("./os/nvram/@type")
    if kind not in ("", "file"):
        yield Thing(NVRAM, why=f"they are not in a file, but on a source of type '{kind}'")
        return
    files = nvram.variable_files(host, guest)
    if not files:
        return
    path = files[0] if len(files) == 1 else ""
    user = users.find(path) if path else None
    yield Thing(NVRAM, os.path.basename(path), path, why=describe_user(user))


def _list_tpm_secret(host: Host, guest: Guest, uuid: str, users: PathUsers) -> Iterator[Thing]:
    """Yield the secret that encrypts the state of the TPM; it goes if its name says that it is this guest's."""
    usage = host.secrets.usage(uuid) if uuid else None
    if usage is None:
        return
    why = describe_user(users.find_secret(uuid))
    is_own = any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", usage) for word in (guest.name, guest.uuid))
    if not (why or is_own):
        why = f"its name '{usage}' does not say that it is only for this guest"
    yield Thing(TPM_SECRET, usage, uuid=uuid, why=why)


def list_files(guest: Guest) -> Iterator[Thing]:
    """Yield files and folders of the host that the guest uses besides its disks."""
    for place in ("kernel", "initrd", "dtb"):
        path = guest.get(f"./os/{place}").strip()
        if path:
            yield Thing(
                FILE, os.path.basename(path), path, why="the guest boots from it, but it is not one of its disks"
            )
    for share in guest.devices("filesystem"):
        path = next(filter(None, (places.get(share, f"./source/@{word}") for word in ("dir", "file", "dev"))), "")
        if path:
            yield Thing(FILE, os.path.basename(path), path, why="it is a file system of the host")


def list_logs(host: Host, guest: Guest, users: PathUsers) -> Iterator[Thing]:
    """Yield the files that the guest's devices have written, such as the log of a serial console."""
    if host.driver == "test":  # nothing runs on it, and its files are not those of this machine
        return
    found = {places.text(device, place): device for device, place in find_output_files(guest.root)}
    for first, device in found.items():
        for path in (first, *(f"{first}.{number}" for number in range(_OLDER_LOGS))):
            if host.is_remote and path == first or not host.is_remote and os.path.lexists(path):
                mark, why = "" if host.is_remote else mark_of(path), _why_log_stays(host, device, path, users)
                yield Thing(LOG, os.path.basename(path), path, mark=mark, why=why)


def _why_log_stays(host: Host, device: Element, path: str, users: PathUsers) -> str:
    """Return why a file with the output of a device stays; "" if it is this guest's alone, and can be deleted."""
    if host.is_remote:
        return "libvirt cannot delete it on another machine"
    if os.path.islink(path) or not os.path.isfile(path):
        return "it is not a regular file"
    if any(places.text(device, f"./{tag}/@append") == "on" for tag in ("log", "source")):
        return "the output is appended to it"
    if user := users.find(path):
        return user.describe()
    return "" if os.access(os.path.dirname(path), os.W_OK) else "you may not delete it"


def list_plugged(stored: Guest, running: Guest) -> Iterator[Thing]:
    """Yield disks, but no seeds, that only the running guest has."""
    seeds = replace.drives(running)
    for disk in find_plugged(stored, running):
        if disk not in seeds:
            path = DiskSource.of(disk).location
            yield Thing(DISK, os.path.basename(path), path, why="only the running guest uses it")


def find_plugged(stored: Guest, running: Guest) -> Iterator[Element]:
    """Yield the elements of disks that only the running guest has: they are not in its definition."""
    known = {DiskSource.of(disk).location for disk in stored.disks()}
    for disk in running.disks():
        path = DiskSource.of(disk).location
        if path and path not in known:
            yield disk


def describe_user(user: User | None) -> str:
    """Return who else uses something, as the reason why it stays; "" for nobody."""
    return user.describe() if user is not None else ""
