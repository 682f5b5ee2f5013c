"""The types for images: what the user asks for, and what is known about an image.

`resolve_image(request, *, arch, read)` in `images/resolve.py` turns an `ImageRequest` into a `ResolvedImage`. It reads
small index and checksum files with `read`, and never the image itself.
"""

from __future__ import annotations

from virtprov.images.image_facts import NO_FACTS, ImageFacts
from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    ReadIndex = Callable[[str, int], bytes | None]
    """Returns the contents of a small file at a URL (http, https, file), at most so many bytes; None if there is none.

    It raises FetchError for a larger file, and for a server that cannot be reached. Nothing is kept: each call reads
    the file again.
    """

CLOUD_INIT, NUAGEINIT, TINY_CLOUD = "cloud-init", "nuageinit", "tiny-cloud"
"""The programs that read a cloud-init seed; the last two read only a part of it. See also `facts`."""

NOCLOUD = "nocloud"
"""The kind of seed on a volume labelled cidata; others are `configdrive` and, for Ignition, `fw-cfg`."""

QCOW2, RAW = "qcow2", "raw"

GZIP, XZ, ZSTD, BZIP2 = "gzip", "xz", "zstd", "bzip2"

WEAK = ("md5", "sha1")
LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64, "sha384": 96, "sha512": 128}
"""The algorithms of checksums, and the number of hexadecimal digits of each."""
_HEX = "0123456789abcdefABCDEF"


class Digest(Record):
    """A checksum: `algorithm` is one of LENGTHS, a name that `hashlib.new` knows; `hex` is in lower case."""

    algorithm: str
    hex: str

    @property
    def text(self) -> str:
        """Return it as it is written in options: `sha256:HEX`."""
        return f"{self.algorithm}:{self.hex}"

    @property
    def is_weak(self) -> bool:
        """Return whether a file with the same checksum can be made on purpose."""
        return self.algorithm in WEAK


def make_digest(algorithm: str, digits: str) -> Digest | None:
    """Return the checksum with these hexadecimal digits in either case; None if the algorithm has no such checksums."""
    if LENGTHS.get(algorithm) != len(digits) or digits.strip(_HEX):
        return None
    return Digest(algorithm, digits.lower())


class Packing(Record):
    """How the file of an image is packed: by one of the compressions above ("": not), and as a tar with one disk."""

    compression: str = ""
    is_tar: bool = False

    @property
    def is_packed(self) -> bool:
        """Return whether the disk has to be unpacked."""
        return bool(self.compression) or self.is_tar


class ImageRequest(Record):
    """An image, as the user gave it: `text` is the whole value of `--image`.

    One of `name` (the short id of a profile), `url` and `path` is set; `name` with `url` means the facts of the profile
    and this address. `variant` and `build` choose one of several images of a profile. `checksum` is "sha256:HEX" or
    the URL (or the path) of a file of checksums. `copies`: the disk is a full copy, not an overlay on the cached base.
    `mirror` is a URL whose scheme and host replace those of all addresses of a profile. `keyring` is the path of a
    keyring for gpgv. With `verifies` False, an image without a known checksum is accepted.
    """

    text: str
    name: str = ""
    url: str = ""
    path: str = ""
    variant: str = ""
    build: str = ""
    checksum: str = ""
    copies: bool = False
    mirror: str = ""
    keyring: str = ""
    verifies: bool = True


class Signature(Record):
    """What is known about the signature of an image.

    `state` is "" (none is known), "good" (a signature of the checksum file was verified), "unchecked" (there is one,
    but no key or no gpgv) or "image": the image itself is signed, and `content` must still be compared with it, see
    `signatures.check_image`. `keyring` is the keyring that is or was used, `signer` is what gpgv says of the key.
    """

    state: str = ""
    keyring: str = ""
    signer: str = ""
    content: bytes = b""


class ResolvedImage(Record):
    """An image, found: what to download and how to know that it is the right file.

    label        for messages and the cache: "debian13", or the last part of a URL or path
    url, path    where it is now; one of them is set. `url` can carry a name and a password: use `shown` for messages
    file_name    the name of the file, dated where the distribution dates its files
    digest       the checksum of the file as it is downloaded, still packed; None: not known
    unpacked     the checksum of the unpacked disk, where it is known
    size         bytes to download, None: not known
    packing      how it is packed
    disk_format  QCOW2 or RAW, as its name or its profile says: to be compared with the unpacked file; "": not known
    arch         the architecture of the system in it, "" if not known
    build        the build that was chosen, "" if there are none
    is_pinned    whether the user named the checksum or the build
    signature    what is known about a signature
    facts        what is known about the system in it
    warnings     sentences for the user
    """

    label: str
    url: str = ""
    path: str = ""
    file_name: str = ""
    digest: Digest | None = None
    unpacked: Digest | None = None
    size: int | None = None
    packing: Packing = Packing()
    disk_format: str = ""
    arch: str = ""
    build: str = ""
    is_pinned: bool = False
    signature: Signature = Signature()
    facts: ImageFacts = NO_FACTS
    warnings: tuple[str, ...] = ()

    @property
    def is_weak(self) -> bool:
        """Return whether its only checksum can be forged."""
        return self.digest is not None and self.digest.is_weak

    @property
    def own_path(self) -> str:
        """Return the path if the file is on this machine, also for a file:// URL; "" if it is on a server."""
        if self.path or not self.url.lower().startswith("file:"):
            return self.path
        from virtprov.support.web.fetch import local_path

        return local_path(self.url) or ""

    @property
    def shown(self) -> str:
        """Return where it is, for messages: without a password, and without a query, which can be a token."""
        from virtprov.support.web.http import shown

        return shown(self.url).partition("?")[0] if self.url else self.path
