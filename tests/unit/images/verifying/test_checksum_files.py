"""Checksum files in all forms that distributions use, and what hostile servers make of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtprov.images.image import Digest
from virtprov.images.verifying.checksum_files import (
    Entry,
    is_clearsigned,
    parse_bare,
    parse_pointer,
    parse_sums,
    strongest,
    unwrap,
)
from virtprov.support.errors import FetchError

DATA = Path(__file__).parents[3] / "data" / "images"
A, B, C = "a" * 64, "B" * 64, "c" * 128
MD5 = "d" * 32


def names(text: str) -> list[tuple[str, str]]:
    return [(entry.name, entry.digest.text) for entry in parse_sums(text)]


def test_a_list_of_sha256sum() -> None:
    assert names(f"{A}  tonic-2.qcow2\n{C}  ./tonic-2.raw\n") == [
        ("tonic-2.qcow2", f"sha256:{A}"),
        ("tonic-2.raw", f"sha512:{C}"),
    ]


def test_the_mark_of_binary_files_does_not_belong_to_the_name() -> None:
    assert names(f"{B} *tonic-2.img\r\n") == [("tonic-2.img", f"sha256:{B.lower()}")]


def test_a_list_with_bsd_tags_and_sizes() -> None:
    text = f"# tonic-2.qcow2: 554123264 bytes\nSHA256 (tonic-2.qcow2) = {A}\nSHA512 (tonic 2.raw) = {C}\n"
    assert parse_sums(text) == [
        Entry("tonic-2.qcow2", Digest("sha256", A), 554123264),
        Entry("tonic 2.raw", Digest("sha512", C), None),
    ]


def test_a_clearsigned_list_without_its_armour_and_dash_escapes() -> None:
    data = (DATA / "Tonic-Cloud-2-1.6-x86_64-CHECKSUM").read_bytes()
    assert is_clearsigned(data)
    text = unwrap(data, "CHECKSUM")
    assert text.splitlines()[-1] == "- a line that is escaped"
    assert [entry.name for entry in parse_sums(text)] == [
        "Tonic-Cloud-Base-2-1.6.x86_64.qcow2",
        "Tonic-Cloud-Base-UKI-2-1.6.x86_64.qcow2",
    ]
    assert parse_sums(text)[0].size == 554123264


def test_what_is_outside_of_a_clearsigned_message_is_dropped() -> None:
    data = b"\n" + (DATA / "Tonic-Cloud-2-1.6-x86_64-CHECKSUM").read_bytes() + f"{A}  added\n".encode()
    assert "added" not in unwrap(data, "CHECKSUM")


@pytest.mark.parametrize("cut", [60, 200, 330])
def test_an_incomplete_clearsigned_message(cut: int) -> None:
    data = (DATA / "Tonic-Cloud-2-1.6-x86_64-CHECKSUM").read_bytes()[:cut]
    with pytest.raises(FetchError, match="'CHECKSUM' is an incomplete OpenPGP message"):
        unwrap(data, "CHECKSUM")


def test_a_file_with_nothing_but_the_checksum() -> None:
    assert parse_bare(f"\n{B}\n") == Digest("sha256", B.lower())
    assert parse_bare(C) == Digest("sha512", C)
    assert parse_bare(MD5) == Digest("md5", MD5)
    for text in ("", A[:-1], f"{A} {A}", f"{A}  name", "g" * 64, " " * 5000 + A):
        assert parse_bare(text) is None


def test_a_pointer_to_the_newest_file() -> None:
    text = unwrap((DATA / "latest-tonic-cloudinit.txt").read_bytes(), "latest")
    assert parse_pointer(text) == ("20260823T164906Z/tonic-cloudinit-20260823T164906Z.qcow2", 641466368)
    assert parse_pointer("# comment\n\nonly-a-name.qcow2\n") == ("only-a-name.qcow2", None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing",
        "one 1\ntwo 2\n",
        "../../etc/shadow 5",
        "/etc/shadow 5",
        "http://example.org/x 5",
        "a b c",
        "a\x1bb 1",
    ],
)
def test_a_pointer_that_names_no_single_file_of_its_folder(text: str) -> None:
    assert parse_pointer(text) is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        A,
        f"{A} one-blank.qcow2",
        f"{A[:-1]}  too-short.qcow2",
        f"{A}00  odd-length.qcow2",
        f"SHA512 (tonic.qcow2) = {A}",
        f"SHA256 (tonic.qcow2) = {A} trailing",
        f"SHA256 (tonic.qcow2)= {A}",
        f"CRC32 (tonic.qcow2) = {A}",
        f"{A}  control\x1b[2Jcharacter",
        f"{A}  null\x00",
        f"{A}  {'x' * 5000}",
        "<html>not found</html>",
    ],
)
def test_other_lines_are_skipped(line: str) -> None:
    assert names(f"{line}\n{A}  good.qcow2\n") == [("good.qcow2", f"sha256:{A}")]


def test_a_name_is_a_name_as_a_whole() -> None:
    """`sha256sum -c` would look for a file in a folder: it is not the file beside the list."""
    found = names(f"{A}  sub/tonic.qcow2\n{A}  tonic.qcow2.manifest\n{A}   tonic.qcow2\n")
    assert [name for name, _ in found] == ["sub/tonic.qcow2", "tonic.qcow2.manifest", " tonic.qcow2"]


def test_long_files_end_somewhere() -> None:
    text = f"{A}  same.qcow2\n" * 30_000
    assert len(parse_sums(text)) == 20_000


def test_the_strongest_checksum_of_each_name_counts() -> None:
    entries = parse_sums(f"MD5 (x) = {MD5}\nSHA512 (x) = {C}\nSHA256 (x) = {A}\nSHA256 (y) = {A}\n")
    assert [(entry.name, entry.digest.algorithm) for entry in strongest(entries)] == [("x", "sha512"), ("y", "sha256")]
