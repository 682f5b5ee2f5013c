"""Local images that are uploaded to volumes of the host."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record
from virtprov.support.notation.units import GIB, show_gib

if TYPE_CHECKING:
    from virtprov.guest.disks.spec import DiskSpec
    from virtprov.guest.host_view import HostView

GROWING = ("raw", "qcow2")
"""The formats that libvirt can resize."""


class Sent(Record):
    """A file to upload: its local path, its format, and the size of the volume in bytes."""

    path: str
    format: str
    size: int


def look(file: str, wanted: float | None) -> Sent:
    """Check the local image `file`; `wanted` is the size of the volume in GiB (None: that of the image).

    Raises UsageError if it cannot be read, has a backing image, or cannot have that size.
    """
    from virtprov.support.file_access.image_header import probe

    path = os.path.abspath(os.path.expanduser(file))
    image = probe(path)
    if image is None or not os.path.isfile(path):
        is_special = os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)
        why = "is not a regular file" if is_special else "cannot be read" if os.path.exists(path) else "does not exist"
        raise UsageError(f"--disk upload={file}: the file {why}", hint="give an image on this machine")
    below = image.backing or ", ".join(image.data)
    if below:
        raise UsageError(
            f"--disk upload={file}: the image has the backing image '{below}', which would be missing on the host",
            hint="create a standalone image: `qemu-img convert -O qcow2 IMAGE NEW`",
        )
    has = image.size if image.size is not None else os.path.getsize(path)
    size = has if wanted is None else int(wanted * GIB)
    if size < has:
        raise UsageError(
            f"--disk upload={file},size={wanted:g}: the image has {show_gib(has)} and cannot be shrunk",
            hint=f"give at least size={-(-has * 100 // GIB) / 100:g}, or omit size=",
        )
    if size > has and image.format not in GROWING:
        raise UsageError(
            f"--disk upload={file},size={wanted:g}: the host cannot enlarge a {image.format} image",
            hint="omit size=, or convert it first: `qemu-img convert -O qcow2 IMAGE NEW`",
        )
    return Sent(path, image.format, size)


def check_words(sent: Sent, spec: DiskSpec) -> None:
    """Raise UsageError for sub-options that would convert the image: it is uploaded unchanged."""
    if spec.format not in ("", sent.format) and (spec.format, sent.format) != ("luks", "raw"):
        raise UsageError(
            f"--disk upload={spec.upload}: the image is uploaded unchanged in {sent.format} format, so "
            f"format={spec.format} cannot be used",
            hint=f"convert it first: `qemu-img convert -O {spec.format} {spec.upload} NEW`",
        )
    if spec.password_file:
        raise UsageError(
            f"--disk upload={spec.upload}: the image is uploaded unchanged, so it cannot be encrypted",
            hint="omit encryption.password_file=, or encrypt the image first and give its secret with "
            "source.encryption.format=luks,source.encryption.secret.uuid=UUID",
        )


def instead(host: HostView, path: str) -> str:
    """Return the hint for a path that exists here, but not on the remote host; "" otherwise."""
    here = os.path.expanduser(path)
    if not host.is_remote or not os.path.isfile(here):
        return ""
    return f"the path must exist on the remote host; use upload={here} to upload the local file"
