"""`--identify`: the contents of paths and URLs, with one answer for each, including those that cannot be read."""

from __future__ import annotations

import os
from typing import NamedTuple

from virtprov.osinfo.detect import Detected, Detector
from virtprov.support.errors import InputError, ProvError
from virtprov.support.file_access.regular import is_regular, open_regular, reading
from virtprov.support.web.fetch import local_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtprov.support.web.ftp import Ftp
    from virtprov.support.web.http import Web

_FILE_ENDINGS = (".iso", ".img", ".qcow2", ".raw", ".vmdk", ".vhd", ".vhdx", ".vdi", ".xz", ".gz", ".bz2", ".zst")
_MOST_OF_A_FILE = 1024 * 1024
"""Bytes that are read of a file of a tree; a `.treeinfo` has a few thousand."""


class Identified(NamedTuple):
    """The contents of one path or URL."""

    path: str
    """As the user wrote it."""
    found: Detected
    error: str = ""
    """Why it cannot be read; "" when it can."""

    def as_json(self) -> dict[str, object]:
        """Return the result as an object with stable keys; unknown values are null."""
        contents = self.found
        return {
            "path": self.path,
            "os": contents.os or None,
            "name": contents.name or None,
            "kind": contents.kind,
            "arch": contents.arch or None,
            "variant": contents.variants[0] if len(contents.variants) == 1 else None,
            "variants": list(contents.variants),
            "format": contents.format or None,
            "volume_id": contents.volume_id or None,
            "live": contents.live,
            "installs": contents.installs,
            "bootable": contents.bootable,
            "languages": list(contents.languages),
            "exact": contents.exact,
            "error": self.error or None,
        }


def identify(media: Iterable[str], warnings: list[str] | None = None) -> list[Identified]:
    """Detect the contents of each path or URL, in order. One that cannot be read gets an `error`.

    Only a few kilobytes of a file are read, locally or from the web. Warnings about skipped profiles are added to
    `warnings`.
    """
    detector = Detector(warnings)
    answers = []
    servers: dict[str, Web | Ftp] = {}
    try:
        for path in media:
            try:
                answers.append(Identified(path, _detect(detector, servers, path)))
            except ProvError as problem:
                answers.append(Identified(path, Detected("unknown"), problem.message))
    finally:
        for server in servers.values():
            server.close()
    return answers


def _detect(detector: Detector, servers: dict[str, Web | Ftp], path: str) -> Detected:
    """Detect the contents of a path or URL; connections are kept in `servers`."""
    is_ftp = path.lower().startswith("ftp://")
    local = None if is_ftp else local_path(path)
    if local is not None:
        return detect_path(detector, local)
    kind = "ftp" if is_ftp else "web"
    if kind not in servers:
        from virtprov.support.web.ftp import Ftp
        from virtprov.support.web.plain_web import QuickWeb

        servers[kind] = Ftp() if is_ftp else QuickWeb()
    return detect_url(detector, servers[kind], path)


def detect_path(detector: Detector, path: str) -> Detected:
    """Detect the contents of a local file, device or folder. Raises InputError if it cannot be read."""
    try:
        if os.path.isdir(path):
            os.scandir(path).close()
            return detector.tree(lambda name: _file_in(path, name), os.path.abspath(path))
        if not is_regular(path):
            raise InputError(f"'{path}' is neither a file nor a folder", hint="give an ISO, a disk image or a tree")
        with open(open_regular(path), "rb", buffering=0) as stream:

            def read(offset: int, size: int) -> bytes:
                stream.seek(offset)
                return stream.read(size) or b""

            return detector.file(read, path)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else "not a valid file name"
        raise InputError(f"'{path}' cannot be read: {reason}", hint="check the name") from None


def detect_url(detector: Detector, web: Web | Ftp, url: str) -> Detected:
    """Detect the contents of a URL: a file by its ending, otherwise a tree. Raises FetchError."""
    place = url.partition("?")[0].partition("#")[0]
    if place.lower().endswith(_FILE_ENDINGS):
        return detector.file(lambda offset, size: web.read(url, offset, size), place)
    base = place.rstrip("/") + "/"
    detected = detector.tree(lambda name: _file_at(web, base + name), base)
    if detected.kind == "unknown" and not place.endswith("/"):
        return detector.file(lambda offset, size: web.read(url, offset, size), place)
    return detected


def _file_in(folder: str, name: str) -> bytes | None:
    try:
        with reading(os.path.join(folder, name)) as stream:
            return stream.read(_MOST_OF_A_FILE)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _file_at(web: Web | Ftp, url: str) -> bytes | None:
    return web.fetch_if_there(url, limit=_MOST_OF_A_FILE)
