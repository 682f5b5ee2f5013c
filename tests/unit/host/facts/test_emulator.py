"""What an emulator of this machine can do, asked of programs that answer as QEMU does."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtprov.host.facts.emulator import has_url_driver


@pytest.mark.parametrize(
    ("said", "status", "can"),
    [
        ("-blockdev driver=https,...: curl driver does not support writes", 1, True),
        ("-blockdev driver=https,...: Unknown driver 'https'", 1, False),
        ("-blockdev driver=https,...: Parameter 'driver' does not accept value 'https'", 1, False),
        ("-blockdev driver=https,...: failed to open module: block-curl.so: file too short", 1, False),
        ("", 0, False),
    ],
)
def test_the_answer_of_qemu_tells(said: str, status: int, can: bool, tmp_path: Path) -> None:
    emulator = tmp_path / "qemu"
    emulator.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/asked\necho "qemu: {said}" >&2\nexit {status}\n')
    emulator.chmod(0o755)
    assert has_url_driver(str(emulator), "https") is can
    asked = (tmp_path / "asked").read_text().splitlines()
    assert "driver=https,node-name=probe,url=https://127.0.0.1:1/probe" in asked and "none" in asked


def test_an_emulator_that_is_not_there_reads_nothing(tmp_path: Path) -> None:
    assert has_url_driver(str(tmp_path / "qemu"), "https") is False
