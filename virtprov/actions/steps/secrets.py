"""Passwords of encrypted disks, kept by the host as libvirt's secrets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from virtprov.actions.run.artifact_storage import Secret
from virtprov.support.errors import InputError, ProvError
from virtprov.support.files import read_bytes

if TYPE_CHECKING:
    from virtprov.actions.run.plan import Undo, World
    from virtprov.guest.disks.volumes import NewVolume


@contextmanager
def keep_password(world: World, volume: NewVolume) -> Iterator[list[Undo]]:
    """Hand the host the password that a new volume needs; hands out how to undo it, empty when there is none to keep.

    When the block fails the secret goes again. Raises InputError for a file that holds no password.
    """
    encryption = volume.encryption
    if encryption is None or not encryption.password_file:
        yield []
        return
    password = _password(encryption.password_file)
    with world.making(Secret(volume.path, encryption.uuid)) as entry:
        world.host.secrets.create(encryption.secret_xml(volume.path), password)
    try:
        yield [world.undo(entry)]
    except BaseException:
        try:
            world.undo(entry)()
        except ProvError as problem:
            world.trail.keep()
            world.warn(f"the secret {encryption.uuid} is left behind: {problem.message}")
        raise


def undo_all(*undos: Undo | None) -> Undo:
    """One undo for several, done in the order given; each is tried, and the first failure is raised in the end."""

    def undo() -> None:
        failed: ProvError | None = None
        for each in undos:
            try:
                if each is not None:
                    each()
            except ProvError as problem:
                failed = failed or problem
        if failed is not None:
            raise failed

    return undo


def _password(path: str) -> bytes:
    """What the file holds, without the line break at its end that editors put there."""
    password = read_bytes(path, what="file of the password").rstrip(b"\r\n")
    if not password:
        raise InputError(f"'{path}' holds no password", hint="write it into the file, in one line")
    return password
