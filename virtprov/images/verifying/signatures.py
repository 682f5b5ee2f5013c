"""OpenPGP signatures of checksum files and images, checked with gpgv.

gpgv reads what it needs from memory of this process, so that nothing is left behind if the process is killed.
"""

from __future__ import annotations

import os
import re

from virtprov.images.image import Signature
from virtprov.support import programs
from virtprov.support.errors import CommandError, FetchError, InputError
from virtprov.support.file_access.files import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

_KEYRING_LIMIT = 8 * 1024 * 1024
_TIMEOUT = 120.0
"""Seconds for one run of gpgv on a small file."""
_BYTES_A_SECOND = 20_000_000
"""How fast gpgv hashes an image on a slow machine."""
_PACKET, _KEYBOX = 0x80, b"KBXf"
"""The first byte of OpenPGP packets has its highest bit set (RFC 9580, 4.2); gpg's own keyrings begin otherwise."""
_KEY_HEAD = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"
_ARMOUR = re.compile(
    rb"-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[A-Za-z]+: [^\n]*\n)*\r?\n(?P<code>[A-Za-z0-9+/=\s]+?)"
    rb"(?:\r?\n=[A-Za-z0-9+/]{4})?\s*-----END PGP PUBLIC KEY BLOCK-----"
)
_VALID = re.compile(r"^\[GNUPG:\] VALIDSIG (?P<key>[0-9A-F]{16,64}) ", re.MULTILINE)
_GOOD = re.compile(r"^\[GNUPG:\] GOODSIG [0-9A-F]+ (?P<user>.*)$", re.MULTILINE)
_NOT_GOOD = {"REVKEYSIG": "its key was revoked", "EXPKEYSIG": "its key has expired", "EXPSIG": "it has expired"}
"""What gpgv reports for signatures that are correct but must not be trusted; its status is 0 then."""


def find_keyring(given: str, installed: Sequence[str]) -> str:
    """Return the keyring that is given, or the first one that a package of the distribution has installed; or ""."""
    return given or next((path for path in installed if os.path.isfile(path)), "")


def has_gpgv() -> bool:
    """Return whether gpgv is installed."""
    return programs.find("gpgv") is not None


def check_detached(data: bytes, signature: bytes, keyring: str, shown: str) -> Signature:
    """Check a detached signature of a file; return what is then known about it.

    `shown` names the file. Raises FetchError if the signature is not valid, CommandError without gpgv, InputError for
    a keyring that cannot be read.
    """
    with _InMemory(read_keyring(keyring), signature, data) as (keys, signed, content):
        return _signed_by(_gpgv(shown, keyring, keys, signed, content), keyring, shown)


def check_clearsigned(data: bytes, keyring: str, shown: str) -> tuple[bytes, Signature]:
    """Check a clearsigned file; returns the text that is signed, as gpgv reads it. Raises as `check_detached`."""
    with _InMemory(read_keyring(keyring), data, b"") as (keys, content, text):
        signature = _signed_by(_gpgv(shown, keyring, keys, "--output", text, content), keyring, shown)
        with open(text, "rb") as stream:
            return stream.read(), signature


def check_image(path: str, signature: Signature, shown: str) -> Signature:
    """Check the file of an image, still packed, against its own signature (`Signature.state` is "image").

    `shown` names the image. Returns a signature with the state "good". Raises as `check_detached`.
    """
    size = os.path.getsize(path)
    with _InMemory(read_keyring(signature.keyring), signature.content) as (keys, signed):
        said = _gpgv(shown, signature.keyring, keys, signed, path, timeout=_TIMEOUT + size / _BYTES_A_SECOND)
    return _signed_by(said, signature.keyring, shown)


def read_keyring(path: str) -> bytes:
    """Return a keyring in the form that gpgv reads; one in ASCII armour is decoded.

    Raises InputError if it cannot be read, or holds no public key.
    """
    data = read_bytes(path, limit=_KEYRING_LIMIT, what="keyring")
    if not data.lstrip().startswith(_KEY_HEAD):
        if not data:
            raise InputError(f"the keyring '{path}' is empty", hint="give a file with public keys")
        if data[0] < _PACKET and data[8:12] != _KEYBOX:
            raise InputError(
                f"'{path}' is not a keyring", hint="give a file with public keys, as `gpg --export` writes it"
            )
        return data
    from base64 import b64decode
    from binascii import Error

    try:
        keys = b"".join(b64decode(block["code"]) for block in _ARMOUR.finditer(data))
    except Error:
        keys = b""
    if not keys:
        raise InputError(f"the keyring '{path}' is damaged", hint="export the keys again")
    return keys


class _InMemory:
    """Gives data paths at which gpgv can read it, which are valid as long as the context is open."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = contents
        self.numbers: list[int] = []

    def __enter__(self) -> tuple[str, ...]:
        try:
            for content in self.contents:
                self.numbers.append(os.memfd_create("virtprov"))
                with open(self.numbers[-1], "wb", closefd=False) as stream:
                    stream.write(content)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return tuple(f"/proc/{os.getpid()}/fd/{number}" for number in self.numbers)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self.numbers:
            os.close(self.numbers.pop())


def _command(keys: str, *words: str) -> list[str]:
    return ["gpgv", "--keyring", keys, *words]


def _gpgv(shown: str, keyring: str, keys: str, *files: str, timeout: float = _TIMEOUT) -> str:
    """Return what gpgv says about a valid signature; raises FetchError for one that is not valid."""
    try:
        return programs.run(_command(keys, "--status-fd", "1", *files), timeout=timeout)
    except CommandError as problem:
        if not has_gpgv():
            raise
        reason = problem.hint.removeprefix("gpgv: ")
        raise FetchError(
            f"the signature of '{shown}' is not valid",
            hint=f"gpgv says: {reason}" if reason else f"check that '{keyring}' is the keyring of the distribution",
        ) from None


def _signed_by(said: str, keyring: str, shown: str) -> Signature:
    """Return the signature with the key that made it; raises FetchError for one that must not be believed."""
    for word, why in _NOT_GOOD.items():
        if f"[GNUPG:] {word} " in said:
            raise FetchError(
                f"the signature of '{shown}' is not valid: {why}",
                hint=f"check that '{keyring}' is the newest keyring of the distribution",
            )
    valid, good = _VALID.search(said), _GOOD.search(said)
    if valid is None or good is None:
        raise FetchError("gpgv did not report a valid signature", hint="check the version of gpgv")
    return Signature("good", keyring, f"{valid['key']} ({good['user'].strip()})")
