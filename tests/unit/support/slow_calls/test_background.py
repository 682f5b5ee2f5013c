"""A call in a thread."""

from __future__ import annotations

import threading

import pytest

from virtprov.support.slow_calls.background import Background


def test_what_a_call_returns() -> None:
    call = Background(lambda: 7, "seven")
    assert call.result() == 7 and call.results() == [7] and call.wait(0)


def test_what_a_call_raises_is_raised_to_who_waits() -> None:
    def fail() -> int:
        raise KeyError("lost")

    call = Background(fail, "failing")
    with pytest.raises(KeyError, match="lost"):
        call.result()
    assert call.results() == []


def test_a_call_that_goes_on_is_not_over() -> None:
    gate = threading.Event()
    call = Background(lambda: gate.wait(60), "waiting")
    assert not call.wait(0) and call.results() == []
    gate.set()
    assert call.result()
