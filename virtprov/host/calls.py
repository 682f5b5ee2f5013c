"""Every call on an object of libvirt that can block: made in a thread, so that who waits for it can leave.

libvirt waits inside of C, where Python hears no Ctrl-C. `Remote` stands in for an object of libvirt (a connection, and
all that comes out of it: guests, pools, volumes, streams). Its methods run in the one thread that its connection has
for this; the thread that opened the connection waits for them, as the only one that Python interrupts. Threads of our
own that work on several guests call directly: the main thread that waits for them can leave them as well
(`actions/run/workers.py`). What lives in this process, as libvirt's test driver, needs no stand-in.
"""

from __future__ import annotations

import _thread  # `threading` costs more than all of the rest here
from typing import Any

import libvirt

from virtprov.support.waiting import SLICE, Wait, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

HERE = frozenset(("name", "UUIDString", "UUID", "ID", "isAlive", "key", "path", "connect"))
"""Methods that libvirt answers by itself, without asking anybody."""
TOGETHER = frozenset(("sparseSendAll", "sparseRecvAll", "sendAll", "recvAll"))
"""Methods that are Python, and call others of the same object."""


class _Job:
    """A call on its way."""

    __slots__ = ("args", "call", "failure", "finished", "result")

    def __init__(self, call: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.call, self.args = call, args
        self.result: Any = None
        self.failure: BaseException | None = None
        self.finished = False


class Worker:
    """The thread that makes the calls of one connection; `about` is the connection's URI."""

    def __init__(self, about: str) -> None:
        self.about = about
        self._owner = _thread.get_ident()
        self._job: _Job | None = None
        self._wake, self._back = _thread.allocate_lock(), _thread.allocate_lock()
        self._wake.acquire()
        self._back.acquire()
        self._runs = False

    def call(self, call: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """What `call(*args)` returns or raises. A call that was left and goes on lets no other one begin."""
        if _thread.get_ident() != self._owner:
            return call(*args)
        if self._job is not None:
            if not self._job.finished:
                raise silent(self.about)
            self._back.acquire(False)
        self._job = job = _Job(call, args)
        if not self._runs:
            self._runs = True
            _thread.start_new_thread(self._work, ())
        try:
            self._wake.release()
            if not self._back.acquire(timeout=SLICE):
                self._wait()
        except BaseException:
            state.left = state.left or not job.finished
            raise
        self._job = None
        if job.failure is None:
            return job.result
        try:
            raise job.failure
        finally:
            del job  # a failure that is kept would hold itself through its traceback

    def _wait(self) -> None:
        wait = Wait(self.about)
        wait.look()
        while not self._back.acquire(timeout=SLICE):
            wait.look()

    def _work(self) -> None:
        while True:
            self._wake.acquire()
            self._do()
            self._back.release()

    def _do(self) -> None:
        job = self._job
        if job is not None:
            try:
                job.result = job.call(*job.args)
            except BaseException as failure:  # it is raised in the waiting thread
                job.failure = failure
            job.finished = True


class Remote:
    """Stands in for an object of libvirt: the same attributes, its methods called by the worker."""

    __slots__ = ("_object", "_worker")

    def __init__(self, thing: Any, worker: Worker) -> None:
        self._object, self._worker = thing, worker

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._object, name)
        if name in HERE or name.startswith("_") or not callable(value):
            return value
        if name in TOGETHER:
            return getattr(type(self._object), name).__get__(self)
        worker = self._worker

        def call(*args: Any) -> Any:
            return _standing_in(worker.call(value, args), worker)

        return call

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Remote) and other._object is self._object

    def __hash__(self) -> int:
        return hash(self._object)


_kept: list[Any] = []
"""Connections that nobody closes by forgetting them: libvirt says goodbye then, and waits for an answer."""


def remote(conn: Any, uri: str) -> Remote:
    """A stand-in for an open connection."""
    _kept.append(conn)
    return Remote(conn, Worker(uri))


def on(thing: Any, call: Callable[..., Any], *args: Any) -> Any:
    """Call a function that is not a method of `thing` (libvirt_qemu's), as a method would be called."""
    return thing._worker.call(call, args) if isinstance(thing, Remote) else call(*args)


def _standing_in(result: Any, worker: Worker) -> Any:
    if isinstance(result, list):
        return [_standing_in(each, worker) for each in result]
    return Remote(result, worker) if hasattr(result, "_o") else result


def silent(about: str) -> libvirt.libvirtError:
    """The failure of a call on a connection that still owes the answer to another one."""
    error = libvirt.libvirtError("")
    said = f"{about or 'the host'} does not answer"
    error.err = (libvirt.VIR_ERR_RPC, libvirt.VIR_FROM_RPC, said, libvirt.VIR_ERR_ERROR, said, None, None, -1, -1)
    return error
