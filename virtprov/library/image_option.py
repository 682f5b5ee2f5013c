"""The value of `--image` and what goes with it, as a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from virtprov.images.image import ImageRequest

MIRROR = "VIRTPROV_IMAGE_MIRROR"
"""Environment variable: a mirror for the addresses of all profiles, if `--image-mirror` is not given."""


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
