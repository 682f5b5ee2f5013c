from __future__ import annotations

import _thread
import threading
import time

import pytest

from virtprov.host.daemon import calls
from virtprov.support.slow_calls import waiting


class ReleasesLate:
    """A lock whose release comes some time after what led to it, as on a busy machine."""

    def __init__(self) -> None:
        self._lock = _thread.allocate_lock()
        self.acquire, self.locked = self._lock.acquire, self._lock.locked

    def release(self) -> None:
        time.sleep(0.02)
        self._lock.release()


@pytest.fixture
def late_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The threads of `calls` wake each other late."""

    class Threads:
        get_ident, start_new_thread = staticmethod(_thread.get_ident), staticmethod(_thread.start_new_thread)
        allocate_lock = ReleasesLate

    monkeypatch.setattr(calls, "_thread", Threads)


@pytest.mark.usefixtures("late_locks")
def test_an_old_call_that_ends_does_not_end_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting.state, "left", False, raising=False)
    gate = threading.Event()
    worker = calls.Worker("qemu:///system")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(calls, "SLICE", 0.05)
        patch.setattr(waiting.Wait, "look", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
        worker.call(gate.wait, ())
    assert (old := worker._job) is not None
    gate.set()
    while not old.finished:
        time.sleep(0)
    assert [worker.call(lambda number=number: number, ()) for number in range(5)] == list(range(5))
