"""Places, as folders of files: a directory, an ISO, a tree on a server. Only small files are read here."""

from __future__ import annotations

import os

from virtprov.osinfo.media.iso_files import IsoFiles
from virtprov.osinfo.media.iso_header import IsoIds, read_iso
from virtprov.places.place import DIRECTORY, ISO, TREE, RemoteFile
from virtprov.places.place_text import scheme_of
from virtprov.support.errors import InputError, MediaError
from virtprov.support.frozen import Record
from virtprov.support.web.http import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from virtprov.support.web.ftp import Ftp
    from virtprov.support.web.http import Web

    FetchWhole = Callable[[str], str]
    """Downloads the file at a URL, and returns its path."""

LIMIT = 2 * 1024 * 1024
"""Bytes of an index file: a `.treeinfo`, a MANIFEST, a boot configuration."""
ISO_ENDINGS = (".iso", ".img", ".raw", ".bin")


class Found(Record):
    """A file that is there: its size in bytes (-1: unknown), and where it begins in the ISO (-1: not in an ISO)."""

    size: int
    offset: int = -1


class Place:
    """A place, as a folder of files. Files that were read are kept; `close` hangs up."""

    kind = ""
    can_list = True
    """Whether `names` knows all files of a folder."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._read: dict[str, bytes | None] = {}
        self._found: dict[str, Found | None] = {}

    @property
    def shown(self) -> str:
        """Return the address for messages, without a password."""
        return shown(self.address) if scheme_of(self.address) else self.address

    def fetch(self, name: str) -> bytes | None:
        """Return the contents of an index file; None if there is none."""
        if name not in self._read:
            self._read[name] = self._fetch(name)
        return self._read[name]

    def find(self, name: str) -> Found | None:
        """Return where a file is; None if it is not there."""
        if name not in self._found:
            self._found[name] = self._find(name.lstrip("/")) if name.strip("/") else None
        return self._found[name]

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder; none if it cannot be listed."""
        return []

    def remote(self, name: str, checksum: str = "") -> RemoteFile:
        """Return a file of the place, to be obtained later. It must have been found before."""
        raise NotImplementedError

    def close(self) -> None:
        """Close files and connections."""

    def _fetch(self, name: str) -> bytes | None:
        raise NotImplementedError

    def _find(self, name: str) -> Found | None:
        raise NotImplementedError


class Directory(Place):
    """A directory of this machine."""

    kind = DIRECTORY

    def _fetch(self, name: str) -> bytes | None:
        from virtprov.support.file_access.regular import reading

        try:
            with reading(self._path(name)) as stream:
                return stream.read(LIMIT)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise InputError(f"'{self._path(name)}' cannot be read: {(error.strerror or str(error)).lower()}") from None

    def _find(self, name: str) -> Found | None:
        path = self._path(name)
        return Found(os.path.getsize(path)) if os.path.isfile(path) else None

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted."""
        try:
            return sorted(os.listdir(self._path(folder)))
        except OSError:
            return []

    def remote(self, name: str, checksum: str = "") -> RemoteFile:
        """Return a file of the directory."""
        file = self.find(name)
        return RemoteFile(self._path(name), size=file.size if file else -1, checksum=checksum)

    def _path(self, name: str) -> str:
        return os.path.join(self.address, name.lstrip("/"))


class Iso(Place):
    """An ISO, of which only what is asked for is read; `read(offset, size)` reads it."""

    kind = ISO

    def __init__(self, address: str, read: Callable[[int, int], bytes], size: int) -> None:
        super().__init__(address)
        self.read, self.size = read, size
        ids = read_iso(read)
        if ids is None:
            raise MediaError(
                f"'{address}' is not an ISO image", hint="give an ISO, or the root of an installation tree"
            )
        self.ids: IsoIds = ids
        self.missing = max(0, ids.size - size) if size >= 0 else 0
        """Bytes of the ISO that are behind the end of its file; 0 if it is complete."""
        self._files = IsoFiles(read, ids)

    def _fetch(self, name: str) -> bytes | None:
        return self._files.fetch(name)

    def _find(self, name: str) -> Found | None:
        entry = self._files.find(name)
        if entry is None or entry.is_folder:
            return None
        if 0 <= self.size < entry.at + entry.size:
            raise MediaError(
                f"the ISO '{self.shown}' is incomplete: it ends before its file '{name}'", hint="download it again"
            )
        return Found(entry.size, entry.at)

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted."""
        return self._files.names(folder)

    def remote(self, name: str, checksum: str = "") -> RemoteFile:
        """Return a file of the ISO."""
        file = self.find(name) or Found(-1)
        where = {"url": self.address} if scheme_of(self.address) else {"path": self.address}
        return RemoteFile(member=name.lstrip("/"), size=file.size, offset=file.offset, checksum=checksum, **where)


class LocalIso(Iso):
    """An ISO in a file or on a device of this machine."""

    def __init__(self, path: str) -> None:
        from virtprov.support.file_access.files import unreadable
        from virtprov.support.file_access.regular import open_regular

        try:
            self._stream: BinaryIO = open(open_regular(path), "rb", buffering=0)  # noqa: SIM115  (`close` closes it)
            size = self._stream.seek(0, os.SEEK_END)
        except (OSError, ValueError) as error:
            raise unreadable(path, error if isinstance(error, OSError) else OSError(str(error)), "ISO image") from None
        try:
            super().__init__(os.path.abspath(path), self._part, size)
        except BaseException:
            self._stream.close()
            raise

    def _part(self, offset: int, size: int) -> bytes:
        try:
            self._stream.seek(offset)
            return self._stream.read(size) or b""
        except OSError as error:
            raise InputError(f"'{self.address}' cannot be read: {(error.strerror or str(error)).lower()}") from None

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


class Tree(Place):
    """A tree on a server."""

    kind = TREE
    can_list = False

    def __init__(self, address: str, server: Web | Ftp) -> None:
        super().__init__(address)
        self._base, mark, self._query = address.partition("?")
        self._base, self._query = self._base.rstrip("/") + "/", mark + self._query
        self._server = server

    def _fetch(self, name: str) -> bytes | None:
        return self._server.fetch_if_there(self._url(name), limit=LIMIT)

    def _find(self, name: str) -> Found | None:
        size = self._server.size(self._url(name))
        return None if size is None else Found(size)

    def remote(self, name: str, checksum: str = "") -> RemoteFile:
        """Return a file of the tree."""
        file = self.find(name)
        return RemoteFile(url=self._url(name), size=file.size if file else -1, checksum=checksum)

    def _url(self, name: str) -> str:
        from urllib.parse import quote

        return self._base + quote(name.lstrip("/"), safe="/~+:@!$&'()*,;=%") + self._query

    def close(self) -> None:
        """Hang up."""
        self._server.close()


def open_place(address: str, fetch_whole: FetchWhole | None) -> Place:
    """Open a path or a URL as a place.

    `fetch_whole` downloads an ISO whose server only sends whole files; without it, that is an error. Raises InputError
    for paths that cannot be read, MediaError for files that are not ISOs, FetchError.
    """
    if scheme_of(address):
        return _open_url(address, fetch_whole)
    if os.path.isdir(address):
        return Directory(os.path.abspath(address))
    return LocalIso(address)


def is_iso_url(url: str) -> bool:
    """Return whether a URL is one of an ISO, by its ending."""
    return url.partition("?")[0].partition("#")[0].lower().endswith(ISO_ENDINGS)


def _open_url(url: str, fetch_whole: FetchWhole | None) -> Place:
    server = open_server(url)
    if not is_iso_url(url):
        return Tree(url, server)
    server.close()
    return _remote_iso(url, fetch_whole)


def open_as_iso(url: str, fetch_whole: FetchWhole | None) -> Iso | None:
    """Open a URL that is not a tree as an ISO; None if it is not an ISO, or if nothing is there."""
    server = open_server(url)
    try:
        if server.size(url) is None:
            return None
    finally:
        server.close()
    try:
        return _remote_iso(url, fetch_whole)
    except MediaError:
        return None


def _remote_iso(url: str, fetch_whole: FetchWhole | None) -> Iso:
    from virtprov.support.errors import FetchError
    from virtprov.support.web.blocks import Blocks
    from virtprov.support.web.http import NoPieces

    server = open_server(url)
    try:
        size = server.size(url)
        if size is None:
            raise FetchError(f"'{shown(url)}' not found", hint="check the URL")
        return RemoteIso(url, server, Blocks(lambda offset, count: server.read(url, offset, count)).read, size)
    except NoPieces:
        server.close()
        if fetch_whole is None:
            raise
    except BaseException:
        server.close()
        raise
    return LocalIso(fetch_whole(url))


class RemoteIso(Iso):
    """An ISO on a server, of which ranges are read."""

    def __init__(self, url: str, server: Web | Ftp, read: Callable[[int, int], bytes], size: int) -> None:
        super().__init__(url, read, size)
        self._server = server

    def close(self) -> None:
        """Hang up."""
        self._server.close()


def open_server(url: str) -> Web | Ftp:
    """Return a connection for a URL."""
    if scheme_of(url) == "ftp":
        from virtprov.support.web.ftp import Ftp

        return Ftp()
    from virtprov.support.web.plain_web import QuickWeb

    return QuickWeb()
