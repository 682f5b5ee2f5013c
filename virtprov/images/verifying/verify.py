"""What is known about an image's file: its checksum, from a file of checksums, and who signed that."""

from __future__ import annotations

from virtprov.images.address_templates import NamePattern, order_of
from virtprov.images.image import Digest, Signature
from virtprov.images.verifying import checksum_files
from virtprov.images.verifying import signatures as openpgp
from virtprov.images.verifying.checksum_files import SUMS_LIMIT, Entry
from virtprov.support.errors import FetchError
from virtprov.support.frozen import Record
from virtprov.support.web.http import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.images.image import ReadIndex

_SIGNATURE_LIMIT = 64 * 1024


class Sums(Record):
    """A file of checksums: its `address`, its entries, or a single checksum without a name."""

    address: str
    entries: tuple[Entry, ...] = ()
    bare: Digest | None = None
    signature: Signature = Signature()

    def find(self, name: str) -> Entry | None:
        """Return the entry with exactly this name. Raises FetchError if there are several that contradict."""
        entries = [entry for entry in self.entries if entry.name == name]
        best = checksum_files.strongest(entries)
        if any(
            entry.digest.hex != best[0].digest.hex
            for entry in entries
            if entry.digest.algorithm == best[0].digest.algorithm
        ):
            raise FetchError(
                f"'{shown(self.address)}' has two different checksums for '{name}'", hint="use another server"
            )
        return best[0] if best else None

    def builds(self, names: NamePattern) -> list[tuple[str, Entry]]:
        """Return the entries whose names stand for a build, the newest first."""
        results = [(build, entry) for entry in self.entries if (build := names.build_of(entry.name))]
        return sorted(results, key=lambda pair: order_of(pair[0]), reverse=True)


def read_sums(
    read: ReadIndex, address: str, *, signatures: tuple[str, ...] = (), keyring: str = "", required: bool
) -> Sums | None:
    """Return a file of checksums; None if it is not there.

    `signatures` are addresses at which its detached signature can be (it can also be clearsigned), `keyring` is the
    file of the keys. A signature is checked if there are keys; if it is `required`, a missing one is an error. Raises
    FetchError for a signature that is not valid.
    """
    data = read(address, SUMS_LIMIT)
    if data is None:
        return None
    known = Signature()
    name = shown(address)
    if checksum_files.is_clearsigned(data):
        known = Signature("unchecked", keyring)
        if can_check(keyring, required=required):
            data, known = openpgp.check_clearsigned(data, keyring, name)
        else:
            data = checksum_files.unwrap(data, name).encode()
    elif signatures:
        known = _check_beside(read, data, signatures, keyring, name, required=required)
    text = data.decode("utf-8", "replace")
    return Sums(address, tuple(checksum_files.parse_sums(text)), checksum_files.parse_bare(text), known)


def can_check(keyring: str, *, required: bool) -> bool:
    """Return whether signatures are checked: there are keys, and gpgv, which must be there if `required`."""
    return bool(keyring) and (required or openpgp.has_gpgv())


def _check_beside(
    read: ReadIndex, data: bytes, signatures: tuple[str, ...], keyring: str, name: str, *, required: bool
) -> Signature:
    if not can_check(keyring, required=required):
        return Signature("unchecked", keyring)
    for address in signatures:
        content = read(address, _SIGNATURE_LIMIT)
        if content is not None:
            return openpgp.check_detached(data, content, keyring, name)
    if required:
        raise _missing(name, signatures[0])
    return Signature()


def read_image_signature(read: ReadIndex, address: str, keyring: str, *, required: bool) -> Signature:
    """Return the signature of an image itself, to be checked when the image has been downloaded.

    Raises FetchError if a signature is required and there is none.
    """
    if not can_check(keyring, required=required):
        return Signature("unchecked", keyring)
    content = read(address, _SIGNATURE_LIMIT)
    if content is not None:
        return Signature("image", keyring, content=content)
    if required:
        raise _missing("the image", address)
    return Signature()


def _missing(name: str, address: str) -> FetchError:
    return FetchError(
        f"{name} has no signature: '{shown(address)}' not found", hint="omit --image-keyring, or use another server"
    )
