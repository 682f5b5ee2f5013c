"""UEFI variables: where a guest stores them, and whether a new guest creates them or uses existing ones."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.pools_and_volumes import pool_over
from virtprov.support.errors import HostError
from virtprov.support.user_files import dirs

if TYPE_CHECKING:
    from virtprov.actions.run.plan import RunContext
    from virtprov.guest.document import Guest
    from virtprov.host.connection import Host


def variables_folder(host: Host) -> str:
    """Return the directory for UEFI variables of guests whose XML does not name a file (libvirt's qemu driver)."""
    if host.is_session:
        return f"{dirs.config()}/libvirt/qemu/nvram"
    return "/var/lib/libvirt/qemu/nvram"


def variable_files(host: Host, guest: Guest) -> list[str]:
    """Where a guest has its UEFI variables; both places when only libvirt knows the format."""
    file = guest.get("./os/nvram/source/@file") or guest.get("./os/nvram").strip()
    if file:
        return [file]
    if guest.get("./os/@firmware") != "efi" and guest.get("./os/loader/@type") != "pflash":
        return []
    if host.driver != "qemu":
        return []
    return [f"{variables_folder(host)}/{guest.name}_VARS.{ending}" for ending in ("fd", "qcow2")]


def are_new(context: RunContext, guest: Guest) -> bool:
    """Return whether undo may remove the guest's variables: not those that existed before or are stored elsewhere."""
    if guest.get("./os/nvram/@type") not in ("", "file"):
        return False
    return not any(_is_there(context, path) for path in variable_files(context.host, guest))


def new_files(context: RunContext, guest: Guest) -> list[str]:
    """Where a guest that starts is going to make files of variables."""
    return [path for path in variable_files(context.host, guest) if not _is_there(context, path)]


def _is_there(context: RunContext, path: str) -> bool:
    """Return whether the host has the file; True if that cannot be found out."""
    if not context.host.is_remote:
        try:
            os.lstat(path)
            return True
        except PermissionError:
            pass
        except OSError:
            return False
    if context.host.storage.volume_at(path) is not None:
        return True
    folder, name = os.path.split(path)
    try:
        with ExitStack() as pools:
            return context.host.storage.volume(pool_over(context.host, folder, pools, context.making), name) is not None
    except HostError as problem:
        return "No such file" not in problem.message  # before the first such guest there is no folder
