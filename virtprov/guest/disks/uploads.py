"""Images of this machine that become volumes of the host, wherever that is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record
from virtprov.support.units import GIB, show_gib

if TYPE_CHECKING:
    from virtprov.guest.disks.spec import DiskSpec
    from virtprov.guest.host_view import HostView

GROWING = ("raw", "qcow2")
"""The formats that libvirt can resize."""


class Sent(Record):
    """A file to upload: its path here, its format, and the bytes the volume is going to have."""

    path: str
    format: str
    size: int


def look(given: str, wanted: float | None) -> Sent:
    """See what the file `given` holds; `wanted` is the size in GiB that the volume is to have (None: the image's).

    Raises UsageError when it cannot be read, stands on another image, or cannot become that size.
    """
    from virtprov.support.image import probe

    path = os.path.abspath(os.path.expanduser(given))
    seen = probe(path)
    if seen is None or not os.path.isfile(path):
        why = "cannot be read" if os.path.exists(path) else "is not there"
        raise UsageError(f"--disk upload={given}: this file {why}", hint="name an image of this machine")
    below = seen.backing or ", ".join(seen.data)
    if below:
        raise UsageError(
            f"--disk upload={given}: the image stands on '{below}', which would be missing on the host",
            hint="make one that stands alone: `qemu-img convert -O qcow2 IMAGE NEW`",
        )
    has = seen.size if seen.size is not None else os.path.getsize(path)
    size = has if wanted is None else int(wanted * GIB)
    if size < has:
        raise UsageError(
            f"--disk upload={given},size={wanted:g}: the image has {show_gib(has)} and is not made smaller",
            hint=f"give at least size={-(-has * 100 // GIB) / 100:g}, or leave size= out",
        )
    if size > has and seen.format not in GROWING:
        raise UsageError(
            f"--disk upload={given},size={wanted:g}: the host cannot let a {seen.format} image grow",
            hint="leave size= out, or convert it first: `qemu-img convert -O qcow2 IMAGE NEW`",
        )
    return Sent(path, seen.format, size)


def check_words(sent: Sent, spec: DiskSpec) -> None:
    """Raise UsageError for words that say what the image is to become: it is sent as it is."""
    if spec.format not in ("", sent.format) and (spec.format, sent.format) != ("luks", "raw"):
        raise UsageError(
            f"--disk upload={spec.upload}: the image is sent as it is, in the format {sent.format},"
            f" so format={spec.format} has no place beside it",
            hint=f"convert it first: `qemu-img convert -O {spec.format} {spec.upload} NEW`",
        )
    if spec.password_file:
        raise UsageError(
            f"--disk upload={spec.upload}: the image is sent as it is, so nothing encrypts it",
            hint="leave out encryption.password_file=, or encrypt the image first and name its secret with "
            "source.encryption.format=luks,source.encryption.secret.uuid=UUID",
        )


def instead(host: HostView, path: str) -> str:
    """The hint for a path that another machine has not and this one has; "" when that is not the case."""
    here = os.path.expanduser(path)
    if not host.is_remote or not os.path.isfile(here):
        return ""
    return f"the path is looked for on the remote host; upload={here} sends the file of this machine there"
