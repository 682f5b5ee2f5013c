"""The index files of distributions: which builds there are, where they are, and their checksums.

Each is read into a list of `Build`. They come from servers: whatever is not of the expected form is skipped, and a
name that is wanted is compared as a whole.
"""

from __future__ import annotations

import re

from virtprov.images.address_templates import NamePattern, base_name
from virtprov.images.image import LENGTHS, Digest, make_digest
from virtprov.images.verifying.checksum_files import parse_pointer, unwrap
from virtprov.support.errors import FetchError
from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

INDEX_LIMIT = 32 * 1024 * 1024
"""Bytes of an index file: Ubuntu's lists every image of every build."""
_MOST = 200_000
_LINK = re.compile(r"""href=["']([^"'<>]{1,512})["']""", re.IGNORECASE)


class Wanted(Record):
    """What is looked for: the names of the files, and the architecture as libvirt and the distribution call it.

    `select` is what the profile says about the entry, with its parts filled in.
    """

    names: NamePattern
    arch: str = ""
    word: str = ""
    select: str = ""


class Build(Record):
    """One image in an index.

    `place` is its URL, or relative to the index ("": where builds are, as the profile says). `build` is "" if its name
    has none, `digest` and `size` (in bytes) are of the packed file, `unpacked` is the checksum of the disk in it,
    `signature` the URL of a detached signature.
    """

    place: str
    build: str = ""
    digest: Digest | None = None
    size: int | None = None
    unpacked: Digest | None = None
    signature: str = ""


def read_index(type: str, data: bytes, wanted: Wanted, shown: str) -> list[Build]:
    """Return the images in an index file that are wanted, in its order.

    `type` is one of TYPES, `shown` is the address for messages. Raises FetchError for a file of another form.
    """
    reader = _READERS.get(type)
    if reader is None:
        raise FetchError(f"unknown type '{type}' of index '{shown}'", hint="known types: " + ", ".join(TYPES))
    results: list[Build] = []
    for build in reader(data, wanted, shown):
        results.append(build)
        if len(results) >= _MOST:
            break
    return results


def _json(data: bytes, shown: str) -> Any:
    import json

    try:
        return json.loads(unwrap(data, shown))
    except (ValueError, RecursionError):
        raise FetchError(
            f"'{shown}' is not a valid JSON document", hint="try again later, or use another server"
        ) from None


def _at(value: Any, *keys: str) -> Any:
    """Return what is at a path of keys; None if there is nothing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(value: Any, *keys: str) -> str:
    entry = _at(value, *keys)
    return entry if isinstance(entry, str) else ""


def _items(value: Any) -> list[Any]:
    return value[:_MOST] if isinstance(value, list) else []


def _size(value: Any) -> int | None:
    """Return a size, which some indexes write as text."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18 else None


def _sha256(value: Any, *keys: str) -> Digest | None:
    return make_digest("sha256", _text(value, *keys))


def _read_fedora(data: bytes, wanted: Wanted, shown: str) -> Iterator[Build]:
    """Fedora's releases.json: a list of objects with `version`, `arch`, `link`, `sha256` and `size`.

    `select` is the version, as a whole: betas are in the same list.
    """
    for item in _items(_json(data, shown)):
        link = _text(item, "link")
        build = wanted.names.build_of(base_name(link))
        if build is None or _text(item, "version") != wanted.select or _text(item, "arch") != wanted.word:
            continue
        yield Build(link, build, _sha256(item, "sha256"), _size(_at(item, "size")))


def _read_coreos(data: bytes, wanted: Wanted, shown: str) -> Iterator[Build]:
    """A stream of Fedora CoreOS; `select` is the format of the image, such as `qcow2.xz`."""
    artifact = _at(_json(data, shown), "architectures", wanted.word, "artifacts", "qemu")
    disk = _at(artifact, "formats", wanted.select, "disk")
    place = _text(disk, "location")
    if place:
        digest, unpacked = _sha256(disk, "sha256"), _sha256(disk, "uncompressed-sha256")
        build = _text(artifact, "release")
        yield Build(place, build, digest, unpacked=unpacked, signature=_text(disk, "signature"))


def _read_oracle(data: bytes, wanted: Wanted, shown: str) -> Iterator[Build]:
    """Oracle's template list: `base_url`, and under the key `select` the `image` and its `sha256`."""
    content = _json(data, shown)
    image, base = _text(content, wanted.select, "image"), _text(content, "base_url")
    build = wanted.names.build_of(image)
    if build is not None:
        yield Build(f"{base.rstrip('/')}/{image}", build, _sha256(content, wanted.select, "sha256"))


def _read_debian(data: bytes, wanted: Wanted, shown: str) -> Iterator[Build]:
    """Debian's description of an image: an item of the kind Upload for each file, its digest in base64."""
    for item in _items(_at(_json(data, shown), "items")):
        ref = _text(item, "data", "ref")
        build = wanted.names.build_of(base_name(ref))
        if _text(item, "kind") == "Upload" and build is not None:
            annotations = _at(item, "metadata", "annotations")
            yield Build("", build, parse_base64_digest(_text(annotations, "cloud.debian.org/digest")))


def parse_base64_digest(text: str) -> Digest | None:
    """Return a digest written as `sha512:` and base64, with or without padding; None for anything else."""
    from base64 import b64decode
    from binascii import Error

    algorithm, _, code = text.partition(":")
    if algorithm not in LENGTHS or len(code) > LENGTHS[algorithm]:
        return None
    try:
        raw = b64decode(code.rstrip("=") + "=" * (-len(code.rstrip("=")) % 4), validate=True)
    except (Error, ValueError):
        return None
    return make_digest(algorithm, raw.hex())


def _read_streams(data: bytes, wanted: Wanted, shown: str) -> Iterator[Build]:
    """Products of simplestreams; `select` is "PRODUCT ITEM", such as "com.ubuntu.cloud:server:24.04:amd64 disk1.img".

    Paths are relative to the folder above that of the index (`streams/v1/`).
    """
    product, _, kind = wanted.select.partition(" ")
    versions = _at(_json(data, shown), "products", product, "versions")
    for build, version in versions.items() if isinstance(versions, dict) else ():
        item = _at(version, "items", kind)
        place = _text(item, "path")
        if place:
            yield Build(f"../../{place}", build, _sha256(item, "sha256"), _size(_at(item, "size")))


def _read_pointer(data: bytes, wanted: Wanted, shown: str) -> Iterator[Build]:
    """A text with the name of the newest file, relative to the folder of the pointer."""
    result = parse_pointer(unwrap(data, shown))
    if result is None:
        raise FetchError(f"'{shown}' does not name a single file", hint="try again later, or use another server")
    name, size = result
    build = wanted.names.build_of(base_name(name))
    if build is not None:
        yield Build(name if "/" in name else "", build, size=size)


def _read_links(data: bytes, wanted: Wanted, shown: str) -> Iterator[Build]:
    """The page of a folder, as web servers make it; `select` is a template for the names of folders."""
    from html import unescape
    from urllib.parse import unquote

    names = NamePattern(wanted.select) if wanted.select else wanted.names
    for match in _LINK.finditer(data.decode("utf-8", "replace")):
        name = unquote(unescape(match[1])).removeprefix("./")
        build = names.build_of(name.rstrip("/") + ("/" if names.template.endswith("/") and name[-1:] == "/" else ""))
        if build:
            yield Build(name, build)


_READERS: dict[str, Callable[[bytes, Wanted, str], Iterator[Build]]] = {
    "fedora": _read_fedora,
    "coreos": _read_coreos,
    "oracle": _read_oracle,
    "debian": _read_debian,
    "simplestreams": _read_streams,
    "pointer": _read_pointer,
    "links": _read_links,
}
TYPES = tuple(_READERS)
"""Types of index files, as profiles name them."""
