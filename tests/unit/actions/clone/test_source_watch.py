"""A guest that is started while its disks are copied."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov import Copy
from virtprov.actions.clone import source_watch
from virtprov.actions.clone.source_watch import SourceWatch
from virtprov.host.connection import Host, connect
from virtprov.support.errors import HostError

DOMAIN = (
    "<domain type='test'><name>one</name><memory>65536</memory><os><type>hvm</type></os><devices>"
    "<disk type='file' device='disk'><driver type='raw'/><source file='{}'/><target dev='vda'/></disk>"
    "</devices></domain>"
)
STARTED = "guest 'one' was started while its disks were copied"
"""The beginning of the message."""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """The guest `one` is off; its disk has data."""
    (tmp_path / "one.img").write_bytes(b"data" * (3 << 20))
    (tmp_path / "host").mkdir()
    place = tmp_path / "host" / "place.xml"
    place.write_text(f"<node>{DOMAIN.format(tmp_path / 'one.img')}</node>")
    with connect(f"test://{place}") as made:
        made.guests.destroy("one")
        yield made


def test_a_guest_that_stays_off(host: Host) -> None:
    with SourceWatch(host, "one") as watch:
        watch.check(False)
        watch.check(True)


def test_a_guest_that_runs_at_the_end(host: Host) -> None:
    with SourceWatch(host, "one") as watch:
        host.guests.start("one")
        with pytest.raises(HostError, match=STARTED) as caught:
            watch.check(True)
    assert "virsh shutdown one" in caught.value.hint


def test_a_guest_that_has_been_running_for_a_moment(host: Host) -> None:
    with SourceWatch(host, "one") as watch:
        host.guests.start("one")
        host.guests.destroy("one")
        assert watch._watch is not None
        with watch._watch._source.changed:  # the event is on its way
            assert watch._watch._source.changed.wait_for(lambda: bool(watch._watch and watch._watch.events), 10)
        with pytest.raises(HostError, match=STARTED):
            watch.check(False)


def test_a_host_without_events_is_asked_now_and_then(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Silent(StandIn):
        real: Any = host

        def running_watch(self, key: str) -> Any:
            raise HostError("not supported")

        def guests_find(self, key: str) -> Any:
            asked.append(key)
            return host.guests.find(key)

    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with SourceWatch(Silent(), "one") as watch:  # type: ignore[arg-type]
        watch.check(False)
        watch.check(False)
        assert asked == ["one"]
        host.guests.start("one")
        watch.check(False)
        now[0] += source_watch.EVERY
        with pytest.raises(HostError, match=STARTED):
            watch.check(False)


def test_a_guest_that_is_gone_does_not_matter(host: Host) -> None:
    with SourceWatch(host, "nobody") as watch:
        watch.check(True)


def test_a_clone_is_undone_if_its_original_is_started(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import virtprov

    real = os.fsync

    def start(handle: int) -> None:
        real(handle)
        info = host.guests.find("one")
        if info is not None and not info.active:
            host.guests.start("one")

    monkeypatch.setattr(os, "fsync", start)
    with pytest.raises(HostError, match=STARTED):
        virtprov.clone(host, Copy(original="one", name="two"))
    assert host.guests.find("two") is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["host", "one.img"]
    assert (tmp_path / "one.img").read_bytes() == b"data" * (3 << 20)
