"""Settings for the systemd of a cloned guest: credentials in QEMU's fw_cfg (systemd.system-credentials(7)).

`tmpfiles.extra` has lines of tmpfiles.d(5), which systemd 252 and newer reads at every boot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.seed import attach, fw_cfg, replace
from virtprov.actions.steps.seed_volumes import WriteSeed
from virtprov.guest.document import Guest
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record
from virtprov.support.text import first_free

if TYPE_CHECKING:
    from virtprov.actions.run.plan import Step
    from virtprov.host.connection import Host

ROOT_KEYS = "ssh.authorized_keys.root"


class Credentials(Record):
    """The guest with its credentials, the paths of their files, and the steps that write them."""

    guest: Guest
    paths: tuple[str, ...]
    steps: tuple[Step, ...]


def plan(guest: Guest, host: Host, hostname: str, keys: tuple[str, ...]) -> Credentials:
    """Give a copy of the guest its host name, and root the public ssh `keys`, in files of mode 0600 beside its disks.

    Raises UsageError for a machine without fw_cfg, HostError if no pool can hold the files.
    """
    if not fw_cfg.is_possible(guest):
        raise UsageError(
            f"--identity new: the machine of '{guest.name}' has no fw_cfg for settings of systemd",
            hint="use --identity keep, or --cloud-init if the guest has cloud-init",
        )
    copy = guest.copy()
    pool, directory, makings = attach.pool_for(replace.find_setting(copy, host))
    lines = f"f+ /etc/hostname 0644 root root - {hostname}\\n\nw! /proc/sys/kernel/hostname - - - - {hostname}\n"
    contents = {fw_cfg.TMPFILES: lines, ROOT_KEYS: "".join(f"{key}\n" for key in keys)}
    steps: list[Step] = [*makings]
    paths = []
    for name, text in contents.items():
        if not text:
            continue
        volume = _find_free_name(host, "" if makings else pool, f"{guest.name}-{name}")
        steps.append(WriteSeed(pool, volume, text.encode(), what="systemd credential"))
        paths.append(f"{directory}/{volume}")
        fw_cfg.add_entry(copy, name).set("file", paths[-1])
    return Credentials(copy, tuple(paths), tuple(steps))


def _find_free_name(host: Host, pool: str, name: str) -> str:
    return first_free(
        lambda word: bool(pool) and host.storage.volume(pool, word) is not None,
        lambda mark: f"{name}{mark}{fw_cfg.ENDING}",
    )
