"""The index: the resolved contents of all profile folders, in one file in the cache directory.

A look-up in a current index reads no XML. An index is current for a system if nothing has changed that the result
depends on: the time of every folder (which shows files that were added, removed or renamed), every file of the
administrator and of the user, and each other file about this system or its ancestors. If a name is not found, and for
every list, all files are compared. There are no locks: a new index is written beside the old one and renamed, so
readers see one or the other, and a damaged index is built again.
"""

from __future__ import annotations

import io
import os

from virtprov.osinfo.layers import chosen_files, folders, scan, stamp_of
from virtprov.osinfo.pack import CELL, FIELD, ROW, WORD, pack_words
from virtprov.support.file_access.regular import reading
from virtprov.support.user_files import dirs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO, TypeVar

    from virtprov.osinfo.profile_files.resolve import Catalogue

    Answer = TypeVar("Answer")

_MAGIC = "virtprov osinfo index 3"  # increased when the fields of a record change
_FIRST_OWN_LAYER = 2  # the folders of the administrator and the user: people edit there, so every file is compared
_SETTLED = 2 * 10**9  # ns; a younger file could change again without a new time if the clock is coarse
_MOST_KEPT = 8  # how many indexes of other sets of folders are kept

_unsaved: dict[tuple[str, ...], bytes] = {}
"""Indexes of this process that could not be kept in a file."""


def cache_path(roots: tuple[str, ...]) -> str:
    """Return the path of the index for these folders, in `$XDG_CACHE_HOME/virtprov` or `~/.cache/virtprov`."""
    import zlib

    mark = zlib.crc32("\n".join(roots).encode("utf-8", "surrogateescape"))
    return os.path.join(dirs.cache(), "virtprov", f"osinfo-{mark:08x}.index")


class Damaged(ValueError):
    """The file is not an index, is incomplete, or has another version."""


class Index:
    """An index that can be read. `stream` stays open as long as it is used."""

    __slots__ = ("_files", "_folders", "_head", "_mark", "_names", "_own", "_start", "_stream", "_warnings")

    def __init__(self, stream: BinaryIO) -> None:
        """Read the head of the index. Raises Damaged."""
        self._stream = stream
        first = stream.readline(200).decode("ascii", "replace").rstrip("\n").split(CELL)
        if len(first) != 5 or first[0] != _MAGIC or not all(word.isdecimal() for word in first[1:]):
            raise Damaged
        head, names, self._mark, body = (int(word) for word in first[1:])
        self._head = stream.read(head)
        self._names = stream.read(names)
        self._start = stream.tell()
        if len(self._names) != names or stream.seek(0, os.SEEK_END) != self._start + body:
            raise Damaged
        parts = self._head.decode("utf-8", "surrogateescape").split(FIELD)
        if len(parts) != 4 or not parts[1].isdecimal():
            raise Damaged
        self._folders = parts[0]
        self._own = int(parts[1])
        self._files = parts[2].split(ROW) if parts[2] else []
        self._warnings = parts[3]

    @property
    def warnings(self) -> list[str]:
        """Warnings about files that were skipped."""
        return self._warnings.split(ROW) if self._warnings else []

    def is_current(self, sources: str | None = None) -> bool:
        """Return whether nothing has changed:

        no folder, no file written by people, and none of the files numbered in `sources`.

        Without `sources` every file is compared.
        """
        if sources is None:
            rows = self._files
        else:
            try:
                rows = self._files[self._own :] + [self._files[int(word)] for word in sources.split(WORD) if word]
            except (ValueError, IndexError):
                return False
        for row in (*self._folders.split(ROW), *rows):
            path, _, stamp = row.partition(CELL)
            if stamp_of(path) != stamp:
                return False
        return True

    def get(self, kind: str, name: str) -> tuple[str, str] | None:
        """Return the numbers of the files behind a record, and the record. Raises Damaged."""
        wanted = f"\n{kind}{WORD}{name}{CELL}".encode("utf-8", "surrogateescape")
        at = self._names.find(wanted)
        if at < 0 or not name.isprintable():
            return None
        end = self._names.find(b"\n", at + 1)
        offset, length, mark = _parse_place(self._names[at + len(wanted) : end])
        self._stream.seek(self._start + offset)
        return _unpack(self._stream.read(length), mark)

    def all(self, kind: str) -> list[str]:
        """Return all records of one kind, in the order of the folders. Raises Damaged."""
        self.check()
        self._stream.seek(self._start)
        body = self._stream.read()
        prefix = f"{kind}{WORD}".encode()
        lines = [line for line in self._names.split(b"\n") if line.startswith(prefix)]
        places = [_parse_place(line[line.index(CELL.encode()) + 1 :]) for line in lines]
        return [_unpack(body[at : at + length], mark)[1] for at, length, mark in places]

    def names(self, kind: str) -> list[str]:
        """Return the names of all records of one kind."""
        prefix = f"{kind}{WORD}"
        lines = self._names.decode("utf-8", "surrogateescape").split("\n")
        return [line[len(prefix) :].partition(CELL)[0] for line in lines if line.startswith(prefix)]

    def check(self) -> None:
        """Raise Damaged if the checksum of the head is wrong."""
        import zlib

        if zlib.crc32(self._names, zlib.crc32(self._head)) != self._mark:
            raise Damaged


def _parse_place(entry: bytes) -> list[int]:
    """Return the offset, length and checksum of a record."""
    words = entry.split(CELL.encode())
    if len(words) != 3 or not all(word.isdigit() for word in words):
        raise Damaged
    return [int(word) for word in words]


def _unpack(data: bytes, mark: int) -> tuple[str, str]:
    """Return the numbers of the files behind a record, and the record."""
    import zlib

    if zlib.crc32(data) != mark:
        raise Damaged
    sources, _, record = data.decode("utf-8", "surrogateescape").partition(FIELD)
    return sources, record


def find_record(kind: str, name: str, warnings: list[str] | None = None, *, checked: bool = False) -> str | None:
    """Return a record, or None.

    `kind` is `os` (key: short or full id), `image` (short id), `script`, `datamap`, `device` or `platform`.

    Warnings about skipped files are added to `warnings`. `checked`: the caller has just asked for another record of the
    index, so files are not compared again.
    """

    def ask(index: Index) -> tuple[str | None, str | None]:
        record = index.get(kind, name)
        if record is None:
            index.check()
            return None, None
        return record[1], "" if checked else record[0] if kind in ("os", "image") else None

    return _answer(ask, warnings)


def all_records(kind: str, warnings: list[str] | None = None) -> list[str]:
    """Return every record of a kind in the order of the folders.

    `kind` as for `find_record`, but `os-id` for systems and `image-id` for their images.
    """
    return _answer(lambda index: (index.all(kind), None), warnings)


def kept_names(kind: str) -> list[str]:
    """Return the names of all records of a kind in the index on disk, even if it is out of date.

    None without an index.
    """
    for stream in _streams(folders()):
        with stream:
            try:
                return Index(stream).names(kind)
            except Damaged:
                pass
    return []


def _answer(ask: Callable[[Index], tuple[Answer, str | None]], warnings: list[str] | None) -> Answer:
    """Look something up in the index on disk; if that is missing, damaged or out of date, build a new one and use that.

    `ask` returns the result and the numbers of the files on which it depends, None for all files.
    """
    roots = folders()
    for stream in _streams(roots):
        with stream:
            try:
                index = Index(stream)
                answer, sources = ask(index)
                if index.is_current(sources):
                    _tell(index, warnings)
                    return answer
            except Damaged:
                pass
    index = Index(io.BytesIO(build(roots)))
    _tell(index, warnings)
    return ask(index)[0]


def _tell(index: Index, warnings: list[str] | None) -> None:
    if warnings is not None:
        warnings.extend(text for text in index.warnings if text not in warnings)


def _streams(roots: tuple[str, ...]) -> list[BinaryIO]:
    """Yield the index of this process if it has one, otherwise the file; nothing if there is none."""
    if roots in _unsaved:
        return [io.BytesIO(_unsaved[roots])]
    try:
        return [reading(cache_path(roots))]
    except OSError:
        return []


def build(roots: tuple[str, ...], keep: bool = True) -> bytes:
    """Read all profiles of these layers and pack them; `keep` writes the index to the cache."""
    from time import time_ns

    from virtprov.osinfo.profile_files.resolve import load

    now = time_ns()
    scans = [scan(root) for root in roots]
    layered = [(root, files) for root, (_, files) in zip(roots, scans, strict=True)]
    stamps = {path: stamp for _, files in scans for path, stamp in files.items()}
    own = sum(len(files) for _, files in scans[:_FIRST_OWN_LAYER])
    kept = {path: stamp for result, _ in scans for path, stamp in result.items()}
    with _CollectionPaused():
        by_hand = {path for _, files in scans[_FIRST_OWN_LAYER:] for path in files}
        image = _image(load(chosen_files(layered), by_hand), kept, stamps, own)
    _unsaved.pop(roots, None)
    settled = all(_is_settled(stamp, now) for stamp in (*kept.values(), *stamps.values()))
    if keep and settled and not _write(cache_path(roots), image):
        _unsaved[roots] = image
    return image


def _is_settled(stamp: str, now: int) -> bool:
    """Return whether another change would show in the time stamp, because the last change is not recent."""
    return not stamp or not now - _SETTLED <= int(stamp.split(".")[1]) <= now


def _image(catalogue: Catalogue, kept: dict[str, str], stamps: dict[str, str], own: int) -> bytes:
    import zlib

    numbers = {path: str(number) for number, path in enumerate(stamps)}
    body, lines, offset = [], [], 0
    for names, sources, record in _entries(catalogue):
        text = FIELD.join((WORD.join(numbers[path] for path in sources), record))
        data = text.encode("utf-8", "surrogateescape")
        place = CELL.join((str(offset), str(len(data)), str(zlib.crc32(data))))
        lines += [f"{name}{CELL}{place}" for name in names]
        body.append(data)
        offset += len(data)
    keys = "\n".join(("", *lines, "")).encode("utf-8", "surrogateescape")
    head = FIELD.join((
        ROW.join(f"{path}{CELL}{stamp}" for path, stamp in kept.items()),
        str(own),
        ROW.join(f"{path}{CELL}{stamp}" for path, stamp in stamps.items()),
        ROW.join(catalogue.warnings),
    )).encode("utf-8", "surrogateescape")  # fmt: skip
    mark = zlib.crc32(keys, zlib.crc32(head))
    first = CELL.join((_MAGIC, str(len(head)), str(len(keys)), str(mark), str(offset))).encode() + b"\n"
    return b"".join((first, head, keys, *body))


def _entries(catalogue: Catalogue) -> Iterator[tuple[list[str], list[str], str]]:
    """Return the keys of each record, the files on which it depends, and its text."""
    from virtprov.osinfo.media.packed import detection_records
    from virtprov.osinfo.profile_files.resolve import Resolver, script_record

    owner = {short: one.id for one in catalogue.systems.values() for short in one.short_ids}
    systems = Resolver(catalogue.systems)
    for one in catalogue.systems.values():
        keys = [f"os-id{WORD}{one.id}", f"os{WORD}{one.id}"]
        keys += [f"os{WORD}{short}" for short in one.short_ids if owner[short] == one.id]
        yield keys, systems.sources(one.id), systems.record(one.id)
        images = systems.image_record(one.id)
        if images:
            keys = [f"image-id{WORD}{one.id}"]
            keys += [f"image{WORD}{short}" for short in one.short_ids if owner[short] == one.id]
            keys += [f"image{WORD}{name}" for name in one.image_names if name not in owner]
            yield keys, systems.sources(one.id), images
    platforms = Resolver(catalogue.platforms)
    for name in catalogue.platforms:
        yield [f"platform{WORD}{name}"], platforms.sources(name), platforms.record(name)
    for script in catalogue.scripts.values():
        yield [f"script{WORD}{script.id}"], [script.source], script_record(script)
    for name, row in catalogue.devices.items():
        yield [f"device{WORD}{name}"], [], FIELD.join(row)
    for name, entries in catalogue.datamaps.items():
        yield [f"datamap{WORD}{name}"], [], pack_words(entries)
    for name, record in detection_records(catalogue.systems).items():
        yield [f"detect{WORD}{name}"], [], record


def _write(path: str, image: bytes) -> bool:
    """Write the index and rename it into place; returns False if that is not possible, which is not an error."""
    from time import time_ns

    from virtprov.support.user_files.private import make_folder

    folder, name = os.path.split(path)
    aside = os.path.join(folder, f".{name}.{os.getpid()}.{time_ns()}")
    try:
        make_folder(folder)
        try:
            with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644), "wb") as stream:
                stream.write(image)
            os.replace(aside, path)
        except OSError:
            _remove(aside)
            return False
        _tidy(folder)
    except OSError:
        return False
    return True


def _remove(path: str) -> None:
    import contextlib

    with contextlib.suppress(OSError):
        os.unlink(path)


def _tidy(folder: str) -> None:
    """Remove all indexes except the newest few, and temporary files of killed processes."""
    ours = [os.path.join(folder, name) for name in os.listdir(folder) if name.lstrip(".").startswith("osinfo-")]
    for path in sorted(ours, key=_read_time, reverse=True)[_MOST_KEPT:]:
        _remove(path)


def _read_time(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:  # another process has removed it
        return 0.0


class _CollectionPaused:
    """Turns garbage collection off: with thousands of small lists, all of them kept, it takes a third of the time."""

    def __enter__(self) -> None:
        import gc

        self._was_on = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        import gc

        if self._was_on:
            gc.enable()
