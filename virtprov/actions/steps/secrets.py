"""Passwords of encrypted disks, stored by the host as libvirt secrets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.pools_and_volumes import Secret
from virtprov.support.errors import InputError, ProvError
from virtprov.support.file_access.files import read_bytes

if TYPE_CHECKING:
    from virtprov.actions.run.plan import RunContext, Undo
    from virtprov.guest.disks.new.volumes import NewVolume


@contextmanager
def keep_password(context: RunContext, volume: NewVolume) -> Iterator[list[Undo]]:
    """Store the password of a new volume as a secret of the host; yields how to undo it, empty without a password.

    If the block fails, the secret is removed. Raises InputError for a file that does not contain a password.
    """
    encryption = volume.encryption
    if encryption is None or not encryption.password_file:
        yield []
        return
    password = _password(encryption.password_file)
    with context.making(Secret(volume.path, encryption.uuid)) as entry:
        context.host.secrets.create(encryption.secret_xml(volume.path), password)
    try:
        yield [context.undo(entry)]
    except BaseException:
        try:
            context.undo(entry)()
        except ProvError as problem:
            context.trail.keep()
            context.warn(f"could not remove secret {encryption.uuid}: {problem.message}")
        raise


def undo_all(*undos: Undo | None) -> Undo:
    """Return one undo for several, run in the given order; all of them are tried, then the first failure is raised."""

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
    """Return the content of the file, without the line break at its end."""
    password = read_bytes(path, what="file of the password").rstrip(b"\r\n")
    if not password:
        raise InputError(
            f"'{path}' does not contain a password", hint="write the password on the first line of the file"
        )
    return password
