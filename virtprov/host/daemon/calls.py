"""Make every libvirt call that can block in a thread, so that Ctrl-C can end the wait.

libvirt waits in C code, where Python does not handle Ctrl-C. `Remote` is a proxy for a libvirt object (a connection,
and everything that it returns: guests, pools, volumes, streams). Its methods run in the connection's thread; the thread
that opened the connection waits for them, because only there Python handles signals. Other threads of virtprov, which
process several guests, call directly: the main thread, which waits for them, can stop waiting
(`actions/run/workers.py`). Objects within this process, such as those of libvirt's test driver, need no proxy.
"""

from __future__ import annotations

import _thread  # `threading` costs more than all of the rest here
from typing import Any

import libvirt

from virtprov.support.slow_calls.waiting import SLICE, Wait, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

HERE = frozenset(("name", "UUIDString", "UUID", "ID", "isAlive", "key", "path", "connect"))
"""Methods that libvirt answers itself, without contacting the host."""
TOGETHER = frozenset(("sparseSendAll", "sparseRecvAll", "sendAll", "recvAll"))
"""Methods in Python that call other methods of the same object."""
GRACE = 2.0
"""Seconds that the next call waits for one that the user left: most come back at once, and the host is not lost."""


class _Job:
    """A call in progress. The worker releases the lock `end` once, after `finished` was set."""

    __slots__ = ("args", "call", "end", "failure", "finished", "result")

    def __init__(self, call: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.call, self.args = call, args
        self.result: Any = None
        self.failure: BaseException | None = None
        self.finished = False
        self.end = _thread.allocate_lock()
        self.end.acquire()


class Worker:
    """The thread that makes the calls of one connection; `about` is the connection's URI."""

    def __init__(self, about: str) -> None:
        self.about = about
        self._owner = _thread.get_ident()
        self._job: _Job | None = None
        self._wake = _thread.allocate_lock()
        self._wake.acquire()
        self._runs = self._is_given_up = False

    def call(self, call: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """Return or raise what `call(*args)` does. An abandoned call that still runs blocks all others."""
        if _thread.get_ident() != self._owner:
            return call(*args)
        if self._job is not None:
            self._wait_for_old_call(self._job)
        self._job = job = _Job(call, args)
        if not self._runs:
            self._runs = True
            _thread.start_new_thread(self._work, ())
        try:
            self._wake.release()
            if not job.end.acquire(timeout=SLICE):
                self._wait(job)
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

    def _wait_for_old_call(self, job: _Job) -> None:
        """Let a call that the user left come back; only the first look at it takes GRACE seconds."""
        if not job.finished and (self._is_given_up or not job.end.acquire(timeout=GRACE)):
            self._is_given_up = True
            raise silent(self.about)
        self._is_given_up = False

    def _wait(self, job: _Job) -> None:
        wait = Wait(self.about)
        wait.look()
        while not job.end.acquire(timeout=SLICE):
            wait.look()

    def _work(self) -> None:
        while True:
            self._wake.acquire()
            if self._job is not None:
                self._do(self._job)

    def _do(self, job: _Job) -> None:
        try:
            job.result = job.call(*job.args)
        except BaseException as failure:  # it is raised in the waiting thread
            job.failure = failure
        job.finished = True
        job.end.release()


class Remote:
    """A proxy for a libvirt object: it has the same attributes, and the worker calls its methods."""

    __slots__ = ("_object", "_worker")

    def __init__(self, handle: Any, worker: Worker) -> None:
        self._object, self._worker = handle, worker

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
"""Abandoned connections are kept here: when libvirt frees one, it says goodbye to the host and waits for an answer."""


def remote(conn: Any, uri: str) -> Remote:
    """Return a proxy for an open connection."""
    _kept.append(conn)
    return Remote(conn, Worker(uri))


def on(handle: Any, call: Callable[..., Any], *args: Any) -> Any:
    """Call a function that is not a method of `handle` (from libvirt_qemu) in the same way as a method."""
    return handle._worker.call(call, args) if isinstance(handle, Remote) else call(*args)


def _standing_in(result: Any, worker: Worker) -> Any:
    if isinstance(result, list):
        return [_standing_in(each, worker) for each in result]
    return Remote(result, worker) if hasattr(result, "_o") else result


def silent(about: str) -> libvirt.libvirtError:
    """Return the error for a call on a connection on which an abandoned call still runs."""
    error = libvirt.libvirtError("")
    text = f"{about or 'the host'} does not answer"
    error.err = (libvirt.VIR_ERR_RPC, libvirt.VIR_FROM_RPC, text, libvirt.VIR_ERR_ERROR, text, None, None, -1, -1)
    return error
