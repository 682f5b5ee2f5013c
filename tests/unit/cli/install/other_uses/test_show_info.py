"""`virtprov-install --info` on the command line."""

from __future__ import annotations

import json

import pytest

from virtprov.cli import app
from virtprov.cli.install import command


def test_it_is_printed_in_four_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run("virtprov-install", command.main, ["--connect", "test:///default", "--info", "test"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "Guest 'test' is running."


def test_it_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--connect", "test:///default", "--info", "test", "--output", "json"]
    assert app.run("virtprov-install", command.main, words) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["name"], printed["state"]) == ("test", "running")
    assert printed["disks"] == [{"target": "vda", "path": "/guest/diskimage1", "capacity": 0}]


def test_a_guest_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run("virtprov-install", command.main, ["--connect", "test:///default", "--info", "tset"]) == 3
    assert "did you mean 'test'?" in capsys.readouterr().err
