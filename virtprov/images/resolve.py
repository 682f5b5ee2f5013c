"""Find an image: its address, its checksum, and what is known about the system in it."""

from __future__ import annotations

import os

from virtprov.images.image import ImageRequest, ReadIndex, ResolvedImage
from virtprov.images.image_text import parse_pin
from virtprov.images.names import disk_format_of, packing_of
from virtprov.support.errors import InputError


def resolve_image(request: ImageRequest, *, arch: str, read: ReadIndex) -> ResolvedImage:
    """Return where an image is and how its file is verified.

    `arch` is the architecture of the guest, in libvirt's words. Index and checksum files are read with `read`, each at
    most once, so a second call sees what has changed on the server meanwhile: call again, once, if the downloaded file
    does not match `digest` or is gone, since a mirror can replace an image and its checksum file at different moments.

    Raises UsageError for an unknown name, variant or build, FetchError for index files that are not there or cannot be
    read and for an image whose checksum is not known, InputError for a path that does not exist.
    """
    return _resolve_file(request)


def _resolve_file(request: ImageRequest) -> ResolvedImage:
    """Return the image at a URL or a path."""
    if request.path and not os.path.exists(request.path):
        raise InputError(f"--image {request.text}: file not found", hint="check the path")
    place = request.path or request.url.partition("?")[0].partition("#")[0]
    name = place.rstrip("/").rpartition("/")[2]
    return ResolvedImage(
        name,
        url=request.url,
        path=os.path.abspath(request.path) if request.path else "",
        file_name=name,
        digest=parse_pin(request.checksum),
        packing=packing_of(name),
        disk_format=disk_format_of(name),
        is_pinned=bool(request.checksum),
    )
