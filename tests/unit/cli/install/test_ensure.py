"""`--ensure` on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.place import default_host
from virtprov.cli import app
from virtprov.cli.install import command

TEST = ["--connect", "test:///default", "--osinfo", "generic", "--import", "--ensure"]
SAME = ["--name", "test", "--disk", "path=/guest/diskimage1", "--network", "network=default"]
DIFFERS = 10


@pytest.fixture(autouse=True)
def without_the_new_guest() -> Iterator[None]:
    """A new guest stays as long as somebody is connected: it is removed."""
    with default_host("fresh"):
        yield


def run(*words: str) -> int:
    return app.run("virtprov-install", command.main, [*TEST, *words])


def test_a_guest_that_is_there_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*SAME) == 0
    assert capsys.readouterr().out == "Guest 'test' exists and is as described; nothing has been changed.\n"


def test_the_object_has_the_keys_of_a_new_guest(capsys: pytest.CaptureFixture[str]) -> None:
    def printed(*words: str) -> Any:
        assert run(*words, "--output", "json") == 0
        return json.loads(capsys.readouterr().out)

    known, made = printed(*SAME), printed("--name", "fresh", "--memory", "64", "--disk", "none")
    assert list(known) == list(made)
    assert (known["state"], known["created"], made["state"], made["created"]) == ("unchanged", False, "created", True)
    assert known["volumes"] == ["/guest/diskimage1"]


def test_a_guest_that_differs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*SAME, "--vcpus", "7", "--output", "json") == DIFFERS
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["kind"], error["exit_code"]) == ("differs", DIFFERS)
    assert error["message"].startswith("guest 'test' exists, but differs: --vcpus 7: it has <vcpu")


@pytest.mark.parametrize("way", [["--dry-run"], ["--print-xml"]])
def test_looking_only(way: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*SAME, *way) == 0
    assert run("--name", "fresh", "--memory", "64", "--disk", "none", *way) == 0
    said = capsys.readouterr()
    assert "fresh" in said.out
