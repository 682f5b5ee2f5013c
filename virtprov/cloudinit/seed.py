"""Build a whole seed from a request, and write it as an image."""

from __future__ import annotations

from typing import NamedTuple

from virtprov.cloudinit import documents
from virtprov.cloudinit import fixed_addresses as addresses
from virtprov.cloudinit.fixed_addresses import Interface
from virtprov.cloudinit.value_sources import Reader
from virtprov.support.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from virtprov.cloudinit.documents import Wishes
    from virtprov.cloudinit.seed_request import SeedRequest
    from virtprov.cloudinit.value_sources import Source

LABEL = "cidata"
"""The volume name by which cloud-init's NoCloud data source finds its seed."""


class Seed(NamedTuple):
    """The contents of the image, and what the command line reports about it.

    `documents` maps file names (user-data and meta-data always, network-config and vendor-data if given) to bytes.
    `root_password` is the generated one, or None; it must be shown once and never stored. `instance_id` and `hostname`
    are those in the meta-data ("" if it was passed on as it is). `warnings` are sentences for the user.
    """

    documents: dict[str, bytes]
    root_password: str | None
    instance_id: str
    hostname: str
    warnings: tuple[str, ...] = ()


def build(request: SeedRequest, *, hide: Callable[[Wishes], Wishes] = lambda wishes: wishes) -> Seed:
    """Read every file, address and standard input named in the request, and return the seed.

    `hide` masks secrets in a seed that is only shown. Changes nothing. Raises InputError and UsageError for invalid
    input, FetchError for addresses that cannot be fetched.
    """
    reader = Reader()

    def given(option: str, value: str) -> Source | None:
        return reader.read(option, value) if value else None

    wishes, password = documents.read_wishes(request, reader)
    wishes = hide(wishes)
    results = {
        "user-data": documents.user_data(request, wishes, given("user-data", request.user_data)),
        "meta-data": documents.meta_data(request, given("meta-data", request.meta_data)),
    }
    network = given("network-config", request.network_config)
    if network:
        results["network-config"] = documents.network_config(request, network)
    elif _interfaces(request):
        results["network-config"] = documents.Document(addresses.network_config(_interfaces(request)))
    vendor = given("vendor-data", request.vendor_data)
    if vendor:
        results["vendor-data"] = documents.vendor_data(request, vendor)
    warnings = [warning for document in results.values() for warning in document.warnings]
    warnings += _of_logins(request, wishes)
    instance_id, hostname = _identity(results["meta-data"].data)
    return Seed(
        {name: document.data for name, document in results.items()},
        password or None,
        instance_id,
        hostname,
        tuple(warnings),
    )


def _interfaces(request: SeedRequest) -> tuple[Interface, ...]:
    """Return the interfaces that the seed configures: all of the guest, or none."""
    if request.interfaces or request.renewal is None:
        return request.interfaces
    return tuple(Interface(mac) for _, mac in request.renewal.macs)


def _of_logins(request: SeedRequest, wishes: documents.Wishes) -> list[str]:
    from virtprov.support.logins import passwords

    warnings = []
    if request.user and not wishes.user_keys and not wishes.password_hash:
        warnings.append(f"nobody can log in as '{request.user}': the user has neither a key (ssh-key=) nor a password")
    if request.password and not passwords.is_hash(request.password):
        warnings.append(
            "password= is visible in the list of processes and in the shell's history; password-file=FILE is not"
        )
    if request.proxy and _has_password(request.proxy):
        warnings.append(
            "the proxy's password is visible in the list of processes and in the shell's history; proxy=env is not"
        )
    return warnings


def _has_password(address: str) -> bool:
    account, at, _ = address.partition("://")[2].rpartition("@")
    return bool(at) and ":" in account


def _identity(meta: bytes) -> tuple[str, str]:
    """Return instance-id and local-hostname from the finished meta-data; "" if it does not have them."""
    from virtprov.cloudinit.checks.document_check import load_mapping

    try:
        tree, _ = load_mapping(meta.decode("utf-8-sig"), "the meta-data", "meta-data")
    except (InputError, UnicodeDecodeError):  # passed on as it is, with --check cloud_init=off
        tree = {}
    return str(tree.get("instance-id", "")), str(tree.get("local-hostname", ""))


def iso_bytes(seed: Seed) -> bytes:
    """Return the seed's image as bytes, to be uploaded to a volume."""
    from virtprov.support.file_access import iso

    return iso.build_iso(seed.documents, LABEL)
