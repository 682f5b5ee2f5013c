"""Waiting for what passes by itself."""

from __future__ import annotations

from collections.abc import Callable

import libvirt
import pytest

from virtprov.host.daemon import retry
from virtprov.host.daemon.retry import patiently


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same tries, without time in between."""
    monkeypatch.setattr(retry, "WAITS", (0.0,) * 3)


def refusing(times: int, words: str) -> tuple[Callable[[], str], list[int]]:
    """A call that is refused so many times, and its log."""
    tries: list[int] = []

    def call() -> str:
        tries.append(1)
        if len(tries) <= times:
            error = libvirt.libvirtError(words)
            error.args = (words,)  # and not those of the last failure in this process
            raise error
        return "done"

    return call, tries


@pytest.mark.parametrize(
    "words",
    [
        "internal error: pool 'p' has asynchronous jobs running.",
        "Requested operation is not valid: volume 'v' is still being allocated.",
        "Requested operation is not valid: volume 'v' is still in use.",
        "operation failed: Storage source conflict with pool: 'virtprov-0b2c3d4e'",
        "Child process (/usr/bin/qemu-img create) unexpected exit status 1: Unable to get accurate CPU usage",
    ],
)
def test_what_passes_is_waited_for(words: str) -> None:
    call, tries = refusing(3, words)
    assert patiently(call) == "done"
    assert len(tries) == 4


def test_patience_ends() -> None:
    call, tries = refusing(9, "pool 'p' has asynchronous jobs running")
    with pytest.raises(libvirt.libvirtError, match="asynchronous"):
        patiently(call)
    assert len(tries) == 4


@pytest.mark.parametrize(
    "words", ["no storage pool with matching name 'p'", "Storage source conflict with pool: 'images'"]
)
def test_what_does_not_pass_is_not_waited_for(words: str) -> None:
    call, tries = refusing(1, words)
    with pytest.raises(libvirt.libvirtError, match=words):
        patiently(call)
    assert len(tries) == 1
