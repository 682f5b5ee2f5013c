"""Bring an image here: downloaded, hashed and unpacked at the same time, and only then believed.

The downloaded file stays beside the disk until that is verified, so that an interrupted download continues, in this run
or in a later one: what is there is read again, which takes less time than downloading it.
"""

from __future__ import annotations

import os
from contextlib import suppress

from virtprov.images.fetching.disk_check import Disk, check_disk
from virtprov.images.fetching.follow import Stopped, Tail, run
from virtprov.images.fetching.unpack import Damaged, save, unpack
from virtprov.images.image import Digest, ResolvedImage
from virtprov.support.errors import FetchError, MediaError
from virtprov.support.file_access.files import to_disk
from virtprov.support.frozen import Record
from virtprov.support.slow_calls.background import Background

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Report = Callable[[int, int], None]

DISK = "disk"
"""The name of a verified disk in its folder."""
_SLICE = 0.1
"""Seconds between two looks at the readers."""


class Mismatch(FetchError):
    """The file does not have the checksum; `found` is the one that it has."""

    found: Digest


class Fetched(Record):
    """A verified disk: its path, its format, its size for a guest, and its length in bytes."""

    path: str
    disk: Disk
    length: int


def fetch(image: ResolvedImage, folder: str, report: Report) -> Fetched:
    """Download, verify and unpack an image into a private folder; return its disk, which is named DISK.

    `report` is called with (bytes that are done, total bytes or 0), and may raise to stop; then what was downloaded is
    kept for the next attempt. Raises Mismatch for another checksum, FetchError for a download that fails, Damaged for
    what cannot be unpacked, MediaError for what is not a complete disk, InputError for a path that cannot be read.
    """
    work = _Fetch(image, folder, report)
    try:
        try:
            return work.run()
        except (Mismatch, Damaged, MediaError):
            if not work.is_earlier:
                raise
            return _Fetch(image, folder, report).run()  # the file of an earlier run has just been deleted
    except OSError as error:
        work.forget()  # on a full disk, half a file is in the way
        raise _no_room(folder, image, error) from None


class _Fetch:
    """The work behind `fetch`."""

    def __init__(self, image: ResolvedImage, folder: str, report: Report) -> None:
        self.image, self.folder, self.report = image, folder, report
        self.name = safe_name(image.file_name or image.label)
        self.packed = os.path.join(folder, f"{self.name}.file")
        self.temporary = os.path.join(folder, f".{DISK}.{os.getpid()}")
        self.tail = Tail()
        self.own = image.own_path
        self.read = self.total = 0
        self.is_earlier = False
        self.found: dict[str, str] = {}
        self.readers: list[Background[None]] = []

    @property
    def copies(self) -> bool:
        """Whether the disk is another file than the one that is read: that is unpacked, or it belongs to the user."""
        return self.image.packing.is_packed or bool(self.own)

    def run(self) -> Fetched:
        try:
            with self.tail:
                try:
                    self._start_readers()
                    self._bring()
                    self.tail.complete()
                    self._finish_readers()
                except BaseException:
                    self._stop_readers()
                    raise
            self._verify()
            return self._keep()
        except BaseException as failure:
            self._delete(self.temporary)
            if isinstance(failure, Damaged | MediaError | Mismatch):
                self.forget()
            raise

    # -- bringing it ------------------------------------------------------------------------------

    def _bring(self) -> None:
        """Let the readers have the file: the user's own, the one of an earlier run, or the one of the server."""
        image = self.image
        self.is_earlier = not self.own and os.path.isfile(self.packed)
        whole = self.packed if self.is_earlier else self.own
        if whole:
            try:
                self.total = os.path.getsize(whole)
                self.tail.begin(whole, self.total)
            except OSError as error:
                from virtprov.support.file_access.files import unreadable

                raise unreadable(whole, error, "image") from None
            return
        from virtprov.support.web.download import download

        check_room(self.folder, image)
        download(
            image.url,
            self.packed,
            report=self._tell,
            follower=self.tail,
            stays_secure=image.digest is None and image.unpacked is None,
        )

    def _tell(self, have: int, total: int) -> None:
        """Report how much is downloaded and read; a reader that has failed ends the download."""
        self.total = total or self.image.size or 0
        for reader in self.readers:
            if reader.wait(0):
                reader.result()
        self.report(min(have, self.read) if self.copies else have, self.total)

    # -- reading it -------------------------------------------------------------------------------

    def _start_readers(self) -> None:
        image = self.image
        if image.digest is not None:
            self._start_hashing("file", image.digest.algorithm)
        if self.copies:
            self.readers.append(Background(lambda: run(self._unpack), "unpacking"))
        elif image.unpacked is not None:
            self._start_hashing("disk", image.unpacked.algorithm)

    def _start_hashing(self, key: str, algorithm: str) -> None:
        self.readers.append(Background(lambda: run(lambda: self._hash(key, algorithm)), "hashing"))

    def _hash(self, key: str, algorithm: str) -> None:
        import hashlib

        state = hashlib.new(algorithm, usedforsecurity=False)
        for data in self.tail.read():
            state.update(data)
        self.found[key] = state.hexdigest()

    def _unpack(self) -> None:
        """Write the disk, and hash it unless the hash of the file is enough."""
        import hashlib

        image, what = self.image, self.image.shown
        data = unpack(self.tail.read(self._advance), image.packing, what)
        if image.unpacked is None or image.digest is not None:
            save(data, self.temporary, what)
            return
        state = hashlib.new(image.unpacked.algorithm, usedforsecurity=False)
        save(data, self.temporary, what, state.update)
        self.found["disk"] = state.hexdigest()

    def _advance(self, done: int) -> None:
        self.read = done

    def _finish_readers(self) -> None:
        """Wait for the readers; they may be behind the download."""
        waiting = list(self.readers)
        while waiting:
            if waiting[0].wait(_SLICE):
                waiting.pop(0).result()
            elif self.copies:
                self.report(min(self.read, self.total) if self.total else self.read, self.total)

    def _stop_readers(self) -> None:
        self.tail.stop()
        for reader in self.readers:
            with suppress(Stopped, Exception):
                if reader.wait(5.0):
                    reader.result()

    # -- believing it -----------------------------------------------------------------------------

    def _verify(self) -> None:
        """Raise Mismatch if a checksum is not the expected one."""
        for key, wanted in (("file", self.image.digest), ("disk", self.image.unpacked)):
            digest = self.found.get(key)
            if wanted is None or digest is None or digest == wanted.hex:
                continue
            error = Mismatch(
                f"'{self.image.shown}' has the {wanted.algorithm} checksum {digest} instead of {wanted.hex}",
                hint="the file was damaged or replaced on the way, or the checksum is for another version",
            )
            error.found = Digest(wanted.algorithm, digest)
            raise error
        if self.image.signature.state == "image":
            self._verify_signature()

    def _verify_signature(self) -> None:
        from virtprov.images.verifying.signatures import check_image

        try:
            check_image(self.own or self.packed, self.image.signature, self.image.shown)
        except FetchError:
            self.forget()
            raise

    def _keep(self) -> Fetched:
        """Check the verified disk, and give it its name."""
        path = os.path.join(self.folder, DISK)
        source = self.temporary if self.copies else self.packed
        disk = check_disk(source, self.image.shown, self.image.disk_format)
        if not self.copies:
            to_disk(source)
        os.replace(source, path)
        if self.copies:
            self.forget()
        return Fetched(path, disk, os.path.getsize(path))

    def forget(self) -> None:
        """Delete what was downloaded."""
        self._delete(self.packed, f"{self.packed}.part", f"{self.packed}.part.from")

    @staticmethod
    def _delete(*paths: str) -> None:
        for path in paths:
            with suppress(OSError):
                os.unlink(path)


def safe_name(name: str) -> str:
    """Return the name of a file without the characters that have a meaning elsewhere."""
    import re

    return re.sub(r"[^A-Za-z0-9._+-]", "_", name).lstrip(".-")[-100:] or "image"


def check_room(folder: str, image: ResolvedImage) -> None:
    """Raise FetchError if the disk of a folder has no room for an image; a packed image needs its space twice."""
    from virtprov.support.notation.units import show_size

    if not image.size:
        return
    need = image.size * (2 if image.packing.is_packed else 1)
    free = os.statvfs(folder)
    if free.f_bavail * free.f_frsize < need:
        raise FetchError(
            f"no space for '{image.shown}' in '{folder}': it needs at least {show_size(need)}, and "
            f"{show_size(free.f_bavail * free.f_frsize)} are free",
            hint="delete files there, or set XDG_CACHE_HOME to a folder on another disk",
        )


def _no_room(folder: str, image: ResolvedImage, error: OSError) -> FetchError:
    """Return the error for a folder that cannot be written."""
    reason = (error.strerror or str(error)).lower()
    return FetchError(
        f"cannot save '{image.shown}' in '{folder}': {reason}",
        hint="free some space there, or set XDG_CACHE_HOME to a folder on another disk",
    )
