"""The value of `--image` and what goes with it, as a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from virtprov.guest.write.use import Use
    from virtprov.images.image import ImageRequest

MIRROR = "VIRTPROV_IMAGE_MIRROR"
"""Environment variable: a mirror for the addresses of all profiles, if `--image-mirror` is not given."""


class ImageValues(Record):
    """The values of a new guest that concern its image; see `NewGuest`."""

    image: str = ""
    mirror: str = ""
    keyring: str = ""
    verifies: bool = True
    reinstall: str = ""
    os_type: str = ""


def to_image(given: ImageValues, uses: Sequence[Use], refused: Collection[str]) -> ImageRequest | None:
    """Return the request for the image of a new guest; None for a guest without one.

    `uses` and `refused` are the option groups of the guest. Raises UsageError for options that contradict the image.
    """
    if not given.image:
        options = {
            "--image-mirror": given.mirror,
            "--image-keyring": given.keyring,
            "--no-verify": not given.verifies,
        }
        extra = next((flag for flag, value in options.items() if value), "")
        if extra:
            raise UsageError(f"{extra} requires --image", hint="`virtprov-install --image list` lists the names")
        return None
    other = "--reinstall" if given.reinstall else "--container" if given.os_type == "exe" else ""
    if other:
        raise UsageError(f"--image cannot be used with {other}", hint="omit one of them")
    _check_disk(given.image, uses, refused)
    return parse_image_option(given.image, mirror=given.mirror, keyring=given.keyring, verifies=given.verifies)


def _check_disk(text: str, uses: Sequence[Use], refused: Collection[str]) -> None:
    """Raise UsageError if the first disk cannot take the image: it has another source, or there is none."""
    if "disk" in refused:
        raise UsageError(f"--image {text} and --disk none cannot be used together", hint="omit one of them")
    first = next((use for use in uses if use.disk is not None), None)
    if first is None or first.disk is None:
        return
    disk = first.disk
    options = {"path": disk.path, "vol": disk.vol, "backing_store": disk.backing_store, "upload": disk.upload}
    source = next((name for name, value in options.items() if value), "")
    device = next((place.text for place in first.said.places if place.name == "device"), "disk")
    if not source and any(place.path.startswith("./source") for place in first.said.places):
        source = "source"
    if source or device not in ("disk", None):
        what = f"device={device}" if not source else f"{source}="
        raise UsageError(
            f"--disk {first.text}: the first disk gets the image, so it cannot have {what}",
            hint="give the first disk a size only, such as --disk size=20, and other disks after it",
        )


def parse_image_option(text: str, *, mirror: str = "", keyring: str = "", verifies: bool = True) -> ImageRequest:
    """Return the request for an image.

    `text` is the value of `--image`, the others are those of `--image-mirror`, `--image-keyring` and `--no-verify`.
    Raises UsageError for invalid values, InputError for a keyring that does not exist.
    """
    import os

    from virtprov.guest.write import gather
    from virtprov.images import image_text

    request = image_text.to_request(text, gather.words("image", [text]))
    given_by, server = ("--image-mirror", mirror) if mirror else (MIRROR, os.environ.get(MIRROR, ""))
    return request._replace(
        mirror=image_text.check_mirror(server, given_by) if server else "",
        keyring=image_text.check_keyring(keyring) if keyring else "",
        verifies=verifies,
    )
