"""ISOs on servers that only send whole files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.sites import Site
from virtprov.places.whole_iso import download_iso
from virtprov.support.slow_calls import waiting


def test_the_user_is_told_why_and_how_far(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(waiting.state, "tell", told.append)
    monkeypatch.setattr("virtprov.support.terminal.progress.PATIENCE", 0.05)

    def slowly(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "300000")
        handler.end_headers()
        for _ in range(3):
            handler.wfile.write(bytes(100_000))
            handler.wfile.flush()
            time.sleep(0.1)

    site.rules["/a.iso"] = slowly
    path = download_iso(f"{site.url}/a.iso")
    assert Path(path).read_bytes() == bytes(300_000)
    assert told[0] == f"The server of {site.url}/a.iso does not support partial downloads: downloading the whole ISO"
    assert all(line.startswith("Downloading a.iso") for line in told[1:])
    assert told[-1].startswith("Downloading a.iso: done, 293 KiB in ")
