"""Transfer data with libvirt's streams, and show the progress of long calls."""

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
"""Bytes in each message: the maximum of libvirt's protocol (256 KiB without headers)."""

Result = TypeVar("Result")


def send(stream: Any, source: BinaryIO, total: int, progress: Progress | None) -> int:
    """Send `source` to the stream; returns the bytes. `progress(done, total)` is called after each message."""
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
    """Write the stream to `sink` until it ends; returns the bytes."""
    done = 0
    while chunk := stream.recv(CHUNK):
        sink.write(chunk)
        done += len(chunk)
    return done


HOLE = -3
"""What a sparse stream returns where a hole begins (virStreamRecvFlags)."""


def pour(reading: Any, writing: Any, tell: Callable[[int], object]) -> None:
    """Send what one sparse stream brings to another, holes as holes; `tell` gets the bytes of data so far."""
    done = 0
    while True:
        chunk = reading.recvFlags(CHUNK, libvirt.VIR_STREAM_RECV_STOP_AT_HOLE)
        if chunk == HOLE:
            writing.sendHole(reading.recvHole())
            continue
        if not chunk:
            return
        view = memoryview(chunk)
        while view:
            view = view[writing.send(bytes(view)) :]
        done += len(chunk)
        tell(done)


def send_sparse(stream: Any, source: BinaryIO, total: int, progress: Progress | None) -> None:
    """Like `send` from a regular file, but holes are sent as holes (libvirt's sparse streams) and not counted."""
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
    """Return (whether data starts at `position` of an open file, length of that section); (False, 0) at the end.

    On a file system without holes everything is data. The position of the handle does not change, which a buffered
    reader relies on.
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


def finish_stream(stream: Any, pour: Callable[[], Any]) -> None:
    """Run `pour`, then finish the stream; after any failure, including Ctrl-C, abort the stream."""
    try:
        pour()
    except BaseException:
        # A stream that is broken already cannot be aborted; the first failure is the one to tell.
        with suppress(libvirt.libvirtError):
            stream.abort()
        raise
    stream.finish()


def watch_call(
    call: Callable[[], Result], drop: Callable[[Result], None], tick: Callable[[], None], every: float = 0.25
) -> Result:
    """Run a blocking libvirt call, calling `tick` every so many seconds meanwhile.

    Ctrl-C cannot stop a libvirt call: it is waited for, its result is passed to `drop`, then the interrupt is raised.
    Raises Abandoned if the user does not want to wait for that.
    """
    from virtprov.support.slow_calls.background import Background
    from virtprov.support.slow_calls.waiting import SLICE, Wait

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
