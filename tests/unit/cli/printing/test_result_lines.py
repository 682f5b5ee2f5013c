"""The lines that describe a guest at the end of a run, and for --info."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.place import place_with
from virtprov.actions.install.result import Disk, Result
from virtprov.cli.printing import result_lines

WEB = Result(
    "web",
    "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01",
    "running",
    ("52:54:00:00:00:01",),
    ("192.168.122.50", "fd00::1"),
    ("192.168.122.50",),
    "ssh debian@192.168.122.50",
    (Disk("vda", "/srv/images/web.qcow2", 3 << 30), Disk("vdb", "/elsewhere/data.img", 0)),
)


def test_all_of_it() -> None:
    assert result_lines.lines(WEB) == [
        "  address: 192.168.122.50 (reserved), fd00::1",
        "  login:   ssh debian@192.168.122.50",
        "  disk:    /srv/images/web.qcow2 (3 GiB), /elsewhere/data.img",
    ]


def test_a_guest_that_is_off_keeps_its_reserved_address() -> None:
    assert result_lines.lines(WEB._replace(addresses=()))[0] == "  address: 192.168.122.50 (reserved, not in use)"


def test_a_guest_that_cannot_be_reached() -> None:
    assert result_lines.lines(WEB._replace(name="bare", addresses=(), reserved=(), ssh="", disks=())) == [
        "  address: none known",
        "  login:   not reachable by ssh from here; `virsh console bare` shows its console",
        "  disk:    none",
    ]


@pytest.mark.usefixtures("only_bundled_profiles")
def test_a_guest_that_cannot_be_described_is_ready_all_the_same(tmp_path: Path) -> None:
    class Heard:
        def __init__(self) -> None:
            self.warnings: list[str] = []

        def warn(self, sentence: str) -> None:
            self.warnings.append(sentence)

    heard: Any = Heard()
    with place_with(tmp_path, "") as host:
        assert result_lines.describe(host, "gone", heard) is None
    assert heard.warnings[0].startswith("'gone' is ready, but its state cannot be read: guest 'gone' not found")
    assert result_lines.lines(None) == []
