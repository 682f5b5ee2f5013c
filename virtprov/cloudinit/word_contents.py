"""Read what goes into a guest: files, certificates, the proxy of the environment."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from virtprov.cloudinit.word_check import split_write
from virtprov.support.errors import InputError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtprov.cloudinit.guest_words import GuestWords
    from virtprov.cloudinit.value_sources import Reader

HOST = "host"
ENVIRONMENT = "env"
ADDED_CERTIFICATES = (
    "/usr/local/share/ca-certificates",
    "/etc/pki/ca-trust/source/anchors",
    "/etc/pki/trust/anchors",
    "/etc/ca-certificates/trust-source/anchors",
)
"""Where Debian, Fedora, SUSE and Arch keep the CA certificates that an administrator added."""
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_MOST_CERTIFICATES = 200
_HERE = ("localhost", "127.", "[::1]")


class GuestFile(NamedTuple):
    """A file for the guest: its path there, its contents and its mode."""

    path: str
    data: bytes
    mode: int


class Proxy(NamedTuple):
    """The proxies for http and https, and the hosts that are reached without one; "" for none."""

    http: str = ""
    https: str = ""
    exceptions: str = ""


class GuestContents(NamedTuple):
    """What the words stand for, apart from accounts and the host name. `certificates` are texts of one each."""

    timezone: str = ""
    packages: tuple[str, ...] = ()
    files: tuple[GuestFile, ...] = ()
    commands: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    proxy: Proxy = Proxy()


def read_contents(words: GuestWords, reader: Reader, environment: Mapping[str, str] | None = None) -> GuestContents:
    """Read the files that the words name, and the proxy of the environment.

    Raises InputError and FetchError for files that cannot be used, UsageError for values.
    """
    files = []
    for text in words.write:
        file, path = split_write(text, "")
        files.append(GuestFile(path, reader.read_file("write", file, "file"), _mode_of(file)))
    certificates: dict[str, None] = {}
    for text in words.ca_certs:
        certificates.update(dict.fromkeys(_added_here() if text == HOST else _certificates(text, reader)))
    proxy = _proxy(words.proxy, os.environ if environment is None else environment) if words.proxy else Proxy()
    return GuestContents(words.timezone, words.package, tuple(files), words.run, tuple(certificates), proxy)


def _mode_of(file: str) -> int:
    """Return the permissions of a local file, which the file in the guest gets; 0644 for anything else."""
    import stat

    try:
        facts = os.stat(os.path.expanduser(file.removeprefix("@")))
    except OSError:
        return 0o644
    return stat.S_IMODE(facts.st_mode) & 0o777 if stat.S_ISREG(facts.st_mode) else 0o644


def _certificates(text: str, reader: Reader) -> list[str]:
    certificates = _find_certificates(reader.read_file("ca-certs", text, "file of CA certificates"))
    if not certificates:
        raise InputError(
            f"'{text}' does not contain a CA certificate",
            hint="give a PEM file, which has '-----BEGIN CERTIFICATE-----'",
        )
    return certificates


def _find_certificates(data: bytes) -> list[str]:
    return [result.decode().replace("\r", "") for result in _CERTIFICATE.findall(data)[:_MOST_CERTIFICATES]]


def _added_here() -> list[str]:
    """Return the CA certificates that were added to this machine, besides those of its distribution."""
    from virtprov.support.file_access.files import read_bytes

    results: list[str] = []
    for folder in ADDED_CERTIFICATES:
        for above, folders, names in os.walk(folder):
            folders.sort()
            for name in sorted(names):
                if name.endswith((".crt", ".pem", ".cer")):
                    results += _find_certificates(read_bytes(os.path.join(above, name), what="CA certificate"))
    if not results:
        raise InputError(
            "no CA certificate has been added to this machine",
            hint=f"`host` takes those in {ADDED_CERTIFICATES[0]} and similar directories; give a file instead",
        )
    return results[:_MOST_CERTIFICATES]


def _proxy(text: str, environment: Mapping[str, str]) -> Proxy:
    def value(name: str) -> str:
        return environment.get(name) or environment.get(name.upper()) or ""

    if text != ENVIRONMENT:
        return Proxy(_check_proxy(text), text)
    http, https = value("http_proxy"), value("https_proxy")
    if not http and not https:
        raise UsageError(
            "the environment has no proxy: neither http_proxy nor https_proxy is set",
            hint="give the address: http://proxy.example:3128",
        )
    exceptions = value("no_proxy")
    if not all(letter.isprintable() and letter not in "\"' " for letter in exceptions):
        raise UsageError(
            "no_proxy in the environment contains blanks or quotes", hint="separate its hosts with commas only"
        )
    return Proxy(http and _check_proxy(http), https and _check_proxy(https), exceptions)


def _check_proxy(address: str) -> str:
    """Return the address of a proxy, whose password is masked in logs. Raises UsageError."""
    from virtprov.support import log
    from virtprov.support.web.http import remove_credentials

    scheme, separator, rest = address.partition("://")
    shown = remove_credentials(address)
    if (
        scheme not in ("http", "https")
        or not separator
        or not rest
        or any(letter in address for letter in "\"' \n\r\t\\")
    ):
        raise UsageError(f"'{shown}' is not the address of a proxy", hint="for example http://proxy.example:3128")
    account, at, place = rest.rpartition("@")
    if place.startswith(_HERE):
        raise UsageError(
            f"the proxy {shown} is on this machine, where the guest cannot reach it", hint="give another address"
        )
    if at and ":" in account:
        log.secret(account.partition(":")[2])
    return address
