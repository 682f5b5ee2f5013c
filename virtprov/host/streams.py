"""Bytes through libvirt's streams, and long calls that show how far they are."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import Any, BinaryIO, TypeVar

import libvirt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Progress = Callable[[int, int], None]

CHUNK = 262120
"""Bytes per message: what libvirt's protocol carries in one (256 KiB less its headers)."""

Result = TypeVar("Result")


def send(stream: Any, source: BinaryIO, total: int, progress: Progress | None) -> int:
    """Pour `source` into the stream until it is empty; returns the bytes. `progress(done, total)` after each."""
    done = 0
    while chunk := source.read(CHUNK):
        view = memoryview(chunk)
        while view:
            sent = stream.send(bytes(view))
            view = view[sent:]
            done += sent
            if progress:
                progress(done, total)
    return done


def receive(stream: Any, sink: BinaryIO) -> int:
    """Pour the stream into `sink` until it ends; returns the bytes."""
    done = 0
    while chunk := stream.recv(CHUNK):
        sink.write(chunk)
        done += len(chunk)
    return done


def send_sparse(stream: Any, source: BinaryIO, total: int, progress: Progress | None) -> None:
    """Like `send` from a real file, but holes travel as holes (libvirt's sparse streams) and count for nothing."""
    handle = source.fileno()
    need = min(os.fstat(handle).st_blocks * 512, total) or total
    sent = 0

    def data(_stream: Any, size: int, _none: None) -> bytes:
        nonlocal sent
        chunk = source.read(size)
        sent = min(sent + len(chunk), need)
        if progress:
            progress(sent, need)
        return chunk

    def hole(_stream: Any, _none: None) -> tuple[bool, int]:
        return next_section(handle, source.tell())

    def skip(_stream: Any, length: int, _none: None) -> int:
        source.seek(length, os.SEEK_CUR)
        return 0

    stream.sparseSendAll(data, hole, skip, None)
    if progress:
        progress(need, need)


def next_section(handle: int, position: int) -> tuple[bool, int]:
    """(whether data starts at `position` of an open file, how many bytes that section has); (False, 0): the end.

    A file system that knows no holes says that all is data. The handle stands where it stood before, which a
    buffered reader over it relies on.
    """
    end = os.fstat(handle).st_size
    if position >= end:
        return False, 0
    stood = os.lseek(handle, 0, os.SEEK_CUR)
    try:
        start = os.lseek(handle, position, os.SEEK_DATA)
        if start > position:
            return False, start - position
        return True, os.lseek(handle, position, os.SEEK_HOLE) - position
    except OSError as problem:
        if problem.errno != errno.ENXIO:
            raise
        return False, end - position
    finally:
        os.lseek(handle, stood, os.SEEK_SET)


def finished(stream: Any, pour: Callable[[], Any]) -> None:
    """Run `pour`, then end the stream well; anything that goes wrong, Ctrl-C too, aborts the stream first."""
    try:
        pour()
    except BaseException:
        # A stream that is broken already cannot be aborted; the first failure is the one to tell.
        with suppress(libvirt.libvirtError):
            stream.abort()
        raise
    stream.finish()


def watched(
    call: Callable[[], Result], drop: Callable[[Result], None], tick: Callable[[], None], every: float = 0.25
) -> Result:
    """Run a call that libvirt blocks in, with `tick` called every so many seconds meanwhile.

    Ctrl-C cannot stop libvirt inside one call: it is waited for, what it made goes to `drop`, then the
    interruption goes on. Raises Abandoned when the user does not want to wait for that.
    """
    from virtprov.host.background import Background
    from virtprov.support.waiting import SLICE, Wait

    running = Background(call, "libvirt call")
    try:
        while not running.wait(every):
            tick()
    except BaseException:
        wait = Wait()
        while not running.wait(SLICE):
            wait.look()
        for result in running.results():
            drop(result)
        raise
    return running.result()
