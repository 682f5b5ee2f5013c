"""virtprov-clone: from the command line to a request."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.goals import Goals
from virtprov.actions.request import CloneRequest, DiskChoice
from virtprov.cli import clone, compat
from virtprov.cloudinit.seed_request import SeedRequest
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


def test_choices_for_single_disks() -> None:
    made = request("a", "--copy", "vda,pool=fast,format=raw", "--copy", "vdb,skip=yes", "--pool", "slow")
    assert made.choices == (DiskChoice("vda", pool="fast", format="raw"), DiskChoice("vdb", skip=True))
    assert made.pool == "slow"
    with pytest.raises(UsageError, match="--pool requires a name"):
        request("a", "--pool", "")


def test_nothing_said_is_nothing_wanted() -> None:
    assert request("-o", "a") == CloneRequest(original="a")


@pytest.mark.parametrize(
    "argv",
    [
        ["a", "-n", "b", "-f", "/1"],
        ["-n", "b", "a", "-f", "/1"],
        ["-n", "b", "-f", "/1", "a"],
        ["-nb", "-f/1", "--", "a"],
    ],
)
def test_the_original_as_the_only_word(argv: list[str]) -> None:
    assert request(*argv) == CloneRequest(original="a", name="b", files=("/1",))


def test_names_and_paths_are_generated_for_the_word_as_with_auto_clone() -> None:
    assert request("a") == request("a", "--auto-clone") == CloneRequest(original="a", auto=True)
    assert request("a", "-n", "b").auto
    assert not request("-o", "a", "-n", "b").auto  # virt-clone refuses this as well
    assert not request("a", "-n", "b", "-f", "/1").auto


def test_the_identity_inside() -> None:
    assert request("a", "--identity", "keep").identity == "keep"
    assert request("a", "--cloud-init").seed == SeedRequest() and request("a", "--cloud-init").cloud_init
    made = request("a", "--hostname", "h", "--ssh-key", "/k", "--cloud-init", "user=tom", "--start", "--wait")
    assert made.seed == SeedRequest(hostname="h", ssh_key=("/k",), user="tom") and made.start and made.wait == -1
    assert request("a", "--start", "--wait", "90s").wait == 1.5 and request("a", "--start", "--wait", "2").wait == 2
    named = request("a", "--start", "--wait", "ready,timeout=2m")
    assert named.wait == 2 and named.goals == Goals(("ready",), (), 2)
    assert not request("a", "--hostname", "h").cloud_init
    assert request("a", "--ssh-config", "~/x").ssh_config == str(Path.home() / "x")
    more = request("a", "--timezone", "UTC", "--run", "x", "--run", "y", "--ca-certs", "host", "--write", "f:/g").seed
    assert more == SeedRequest(timezone="UTC", run=("x", "y"), ca_certs=("host",), write=("f:/g",))
    assert request("a", "--dry-run").planning and request("a", "--print-xml").planning


def test_an_exact_copy_under_the_old_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat, "held", compat.OLD)
    assert request("-o", "a").identity == "keep"
    assert request("-o", "a", "--identity", "new").identity == "new"


def test_flags_of_our_own_are_written_out() -> None:
    fresh = clone.build_parser().fresh
    assert {"--identity", "--hostname", "--ssh-key", "--cloud-init", "--start", "--wait", "--dry-run"} <= fresh


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
        (["b", "-o", "a"], "the guest to clone is given twice, as 'b' and with --original"),
        (["-o", "a", "-n", "c", "b"], "the guest to clone is given twice, as 'b' and with --original"),
        (["b", "--original-xml", "a"], "the guest to clone is given twice, as 'b' and with --original-xml"),
        (["a", "b"], "unrecognized arguments: b"),
        ([""], "no guest to clone given"),
    ],
)
def test_what_makes_no_sense(argv: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        request(*argv)


def test_a_document_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nosuch.xml' does not exist"):
        request("--original-xml", str(tmp_path / "nosuch.xml"))
    (tmp_path / "empty.xml").touch()
    with pytest.raises(InputError, match="empty.xml is empty"):
        request("--original-xml", str(tmp_path / "empty.xml"))
