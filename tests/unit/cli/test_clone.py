"""virtprov-clone: from the command line to a request."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.request import CloneRequest
from virtprov.cli import clone
from virtprov.support.errors import InputError, UsageError


def request(*argv: str) -> CloneRequest:
    return clone.to_request(clone.build_parser().parse_args(list(argv)))


def test_every_flag_finds_its_place() -> None:
    made = request(
        *("--original", "a", "--name", "b", "--uuid", "u", "--auto-clone", "--replace", "--reflink", "--nonsparse"),
        *("-f", "/1", "--file", "/2", "-m", "RANDOM", "--mac", "52:54:00:00:00:01", "--nvram", "/n"),
        *("--force-copy", "sda", "--force-copy", "sdb", "--skip-copy", "vdb", "--preserve-data"),
    )
    assert made == CloneRequest(
        original="a", name="b", uuid="u", auto=True, replace=True, reflink=True, sparse=False,
        files=("/1", "/2"), macs=("RANDOM", "52:54:00:00:00:01"), nvram="/n",
        force=frozenset(["sda", "sdb"]), skip=frozenset(["vdb"]), preserve=True,
    )  # fmt: skip


def test_nothing_said_is_nothing_wanted() -> None:
    assert request("-o", "a") == CloneRequest(original="a")


def test_the_last_name_counts() -> None:
    assert request("-o", "a", "-n", "b", "-n", "c").name == "c"


def test_the_original_as_a_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.xml").write_bytes(b"<domain/>")
    assert request("--original-xml", str(tmp_path / "a.xml")).document == b"<domain/>"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"<a/>")))
    assert request("--original-xml", "-").document == b"<a/>"


OURS = ("permissions", "pool_create", "host", "cloud_init")
"""Checks that virt-clone does not have."""


@pytest.mark.parametrize(
    ("words", "off"),
    [
        (["--check", "mac_in_use=off"], ["mac_in_use", "pool_create"]),
        (["--check", "all=off"], ["path_in_use", "disk_size", "path_exists", "mac_in_use", *OURS]),
        (["--force"], ["path_in_use", "disk_size", "path_exists", "mac_in_use", *OURS]),
        (["--check", "all=off", "--check", "disk_size=on"], ["path_in_use", "path_exists", "mac_in_use", *OURS]),
    ],
)
def test_checks(words: list[str], off: list[str]) -> None:
    made: dict[str, Any] = request("-o", "a", *words).checks._asdict()
    assert [name for name, on in made.items() if not on] == off


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "no guest to clone given"),
        (["-o", ""], "no guest to clone given"),
        (["-o", "a", "--original-xml", "b"], "--original and --original-xml cannot be used together"),
        (["-o", "a", "-n", ""], "the name of the clone is empty"),
        (["-o", "a", "--file", ""], "--file requires a path"),
        (["-o", "a", "--check", "foo=off"], "--check has no sub-option 'foo'"),
        (["-o", "a", "extra"], "unrecognized arguments: extra"),
    ],
)
def test_what_makes_no_sense(argv: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        request(*argv)


def test_a_document_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nosuch.xml' does not exist"):
        request("--original-xml", str(tmp_path / "nosuch.xml"))
