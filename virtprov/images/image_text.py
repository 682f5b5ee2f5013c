"""Read what the user typed for an image."""

from __future__ import annotations

import re

from virtprov.images.image import LENGTHS, Digest, ImageRequest, make_digest
from virtprov.support.errors import InputError, UsageError, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMES = ("http", "https", "file")
_FILE = re.compile(r".*\.(qcow2|qcow|img|raw|vmdk|vdi|vhdx?|gz|xz|zst|bz2|tar|tgz|txz)", re.IGNORECASE)
"""Texts without a slash that are names of files."""
_NAME = re.compile(r"[A-Za-z0-9][\w.+:-]*")
_QUERY = re.compile(r"\?.*?(?=,(?:url|variant|build|checksum|copy)=|$)")
_WORD = re.compile(r"[\w.+-]+")


def to_request(text: str, values: Mapping[str, str]) -> ImageRequest:
    """Return the request for a value of `--image`; `values` are its sub-options, name -> text.

    Raises UsageError for invalid values.
    """
    place, address, text = values.get("name", ""), values.get("url", ""), _mask(text)
    if not place and not address:
        raise UsageError(f"--image {text}: no image given", hint="give a name from `--image list`, a URL or a path")
    name, url, path = _parse_place(place) if place else ("", "", "")
    if address:
        if place and not name:
            raise UsageError(
                f"--image {text}: url= can only be used with a name", hint="give the URL or the path alone"
            )
        _, url, path = _parse_place(address)
        if not (url or path):
            url, path = "", address
    for option in ("variant", "build"):
        _check_word(text, option, values.get(option, ""), is_named=bool(name) and not address)
    checksum = check_pin(values.get("checksum", ""))
    copies = values.get("copy") == "yes"
    return ImageRequest(
        text, name, url, path, values.get("variant", ""), values.get("build", ""), checksum, copies=copies
    )


def _mask(text: str) -> str:
    """Return the text for messages: without passwords, and without the query of a URL, which can be a token."""
    if "://" not in text:
        return text
    from virtprov.support.web.http import remove_credentials

    return _QUERY.sub("?...", remove_credentials(text))


def _check_word(text: str, option: str, word: str, *, is_named: bool) -> None:
    """Raise UsageError for a variant or a build that is not a word, or that is given without a name."""
    if not word:
        return
    if not is_named:
        hint = "a URL or a path is a single image"
        raise UsageError(f"--image {text}: {option}= can only be used with a name", hint=hint)
    if not _WORD.fullmatch(word) or ".." in word:  # it becomes a part of URLs
        raise UsageError(f"--image {option}={word}: invalid value", hint="use letters, digits, dots and dashes")


def _parse_place(text: str) -> tuple[str, str, str]:
    """Return the text as a name, a URL or a path; the other two are ""."""
    scheme, found, _ = text.partition("://")
    if found and scheme.isalnum():
        if scheme.lower() not in _SCHEMES:
            raise UsageError(
                f"--image {text}: {scheme}:// is not supported", hint="use a path, or an http or https URL"
            )
        if scheme.lower() != "file":
            return "", text, ""
    if found or "/" in text or text.startswith("~") or _FILE.fullmatch(text):
        from virtprov.support.web.fetch import local_path

        return "", "", local_path(text) or text
    first, comma, rest = text.partition(",")
    if comma and _NAME.fullmatch(first):  # the place can contain commas
        key = rest.partition("=")[0]
        raise UsageError(f"--image has no sub-option '{key}'", hint="`--image help` lists all of them")
    if not _NAME.fullmatch(text):
        hint = "`virtprov-install --image list` lists the names"
        raise UsageError(f"--image {text}: not a name, a URL or a path", hint=hint)
    return text, "", ""


def check_pin(text: str) -> str:
    """Return the value of `checksum=`: "sha256:HEX" in lower case, or a URL or path of a file of checksums.

    Raises UsageError for a checksum with the wrong number of digits, and for an unknown algorithm.
    """
    if not text or "/" in text:
        return text
    digest = parse_pin(text)
    if digest is not None:
        return digest.text
    algorithm, colon, _ = text.partition(":")
    if colon and algorithm.lower() not in LENGTHS:
        hint = nearest(algorithm, LENGTHS) or "known algorithms: " + ", ".join(LENGTHS)
        raise UsageError(f"--image checksum={text}: unknown algorithm '{algorithm}'", hint=hint)
    known = algorithm.lower() if colon else "sha256"
    hint = f"write {known}: and {LENGTHS[known]} digits, or the URL of a file of checksums"
    raise UsageError(f"--image checksum={text}: not a checksum", hint=hint)


def parse_pin(text: str) -> Digest | None:
    """Return a checksum written as "sha256:HEX"; None for anything else."""
    algorithm, _, digits = text.lower().partition(":")
    return make_digest(algorithm, digits)


def check_mirror(text: str, given_by: str) -> str:
    """Return the value of `--image-mirror` without a slash at its end; `given_by` names the option or variable.

    Raises UsageError for anything but the URL of a server.
    """
    scheme, found, rest = text.partition("://")
    if not found or scheme.lower() not in _SCHEMES or (scheme.lower() != "file" and not rest.strip("/")):
        raise UsageError(f"{given_by} {text}: not the URL of a server", hint="for example https://mirror.example.org")
    return text.rstrip("/")


def check_keyring(path: str) -> str:
    """Return the absolute path of a keyring; raises InputError if it cannot be read."""
    import os

    whole = os.path.abspath(os.path.expanduser(path))
    if not os.path.isfile(whole):
        why = "not a file" if os.path.exists(whole) else "file not found"
        raise InputError(f"--image-keyring {path}: {why}", hint="give a keyring that gpgv can read")
    return whole
