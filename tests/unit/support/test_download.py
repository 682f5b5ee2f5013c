"""Downloads: whole or not at all, checked, taken up again."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from virtprov.support.download import download, parse_checksum
from virtprov.support.errors import FetchError, UsageError
from virtprov.support.http import CHUNK

DATA = bytes(range(256)) * 4000


def leftovers(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_file_and_its_progress(site: Any, tmp_path: Path) -> None:
    site.files["/a"] = DATA
    told: list[tuple[int, int]] = []
    target = tmp_path / "a"
    size = download(f"{site.url}/a", str(target), report=lambda done, total: told.append((done, total)))
    assert size == len(DATA)
    assert target.read_bytes() == DATA
    assert leftovers(tmp_path) == ["a"]
    assert told[-1] == (len(DATA), len(DATA))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_break_is_taken_up_where_it_was(site: Any, tmp_path: Path) -> None:
    half = CHUNK * 4  # what has come of a piece that breaks off is asked for again

    def rule(handler: Any) -> None:
        if handler.headers.get("Range"):
            handler.ranged(DATA)
        else:
            handler.cut(200, DATA[:half], len(DATA), ETag='"v1"')

    site.rules["/a"] = rule
    digest = hashlib.sha256(DATA).hexdigest()
    download(f"{site.url}/a", str(tmp_path / "a"), checksum=f"sha256:{digest}", pause=0)
    assert (tmp_path / "a").read_bytes() == DATA
    asked = [headers.get("Range") for _, _, headers in site.seen]
    assert asked == [None, f"bytes={half}-"]
    assert site.seen[1][2]["If-Range"] == '"v1"'
    assert leftovers(tmp_path) == ["a"]


def test_a_later_run_goes_on(site: Any, tmp_path: Path) -> None:
    site.rules["/a"] = lambda handler: handler.cut(200, DATA[: CHUNK + 1000], len(DATA), ETag='"v1"')
    with pytest.raises(FetchError, match="was lost"):
        download(f"{site.url}/a", str(tmp_path / "a"), pause=0)
    assert leftovers(tmp_path) == ["a.part", "a.part.from"]
    site.seen.clear()
    site.rules["/a"] = lambda handler: handler.ranged(DATA)
    download(f"{site.url}/a", str(tmp_path / "a"), pause=0)
    assert (tmp_path / "a").read_bytes() == DATA
    # urllib3 before 2.0 hands on what came after the last whole chunk as well
    (asked,) = [headers.get("Range") for _, _, headers in site.seen]
    assert asked in (f"bytes={CHUNK}-", f"bytes={CHUNK + 1000}-")


def test_another_version_on_the_server_starts_afresh(site: Any, tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(b"old old old")
    (tmp_path / "a.part.from").write_text(f'{site.url}/a\n"v0"')
    site.files["/a"] = DATA
    download(f"{site.url}/a", str(tmp_path / "a"), pause=0)
    assert (tmp_path / "a").read_bytes() == DATA


def test_a_part_of_unknown_origin_is_not_trusted(site: Any, tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(DATA[:10])
    (tmp_path / "a.part.from").write_text(f'{site.url}/other\n"v1"')
    site.files["/a"] = DATA
    download(f"{site.url}/a", str(tmp_path / "a"), pause=0)
    assert "Range" not in site.seen[0][2]
    assert (tmp_path / "a").read_bytes() == DATA


def test_a_part_that_is_whole_already(site: Any, tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(DATA)
    (tmp_path / "a.part.from").write_text(f'{site.url}/a\n"v1"')
    site.files["/a"] = DATA
    assert download(f"{site.url}/a", str(tmp_path / "a"), pause=0) == len(DATA)
    assert leftovers(tmp_path) == ["a"]


def test_a_part_that_is_too_long(site: Any, tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(DATA + b"more")
    (tmp_path / "a.part.from").write_text(f'{site.url}/a\n"v1"')
    site.files["/a"] = DATA
    download(f"{site.url}/a", str(tmp_path / "a"), pause=0)
    assert (tmp_path / "a").read_bytes() == DATA


def test_a_server_that_always_breaks_is_given_up(site: Any, tmp_path: Path) -> None:
    site.rules["/a"] = lambda handler: handler.cut(200, b"", 100)
    with pytest.raises(FetchError, match="connection"):
        download(f"{site.url}/a", str(tmp_path / "a"), pause=0)
    assert len(site.seen) == 4
    assert not (tmp_path / "a").exists()


def test_another_checksum_leaves_nothing(site: Any, tmp_path: Path) -> None:
    site.files["/a"] = DATA
    (tmp_path / "a").write_text("the one before")
    with pytest.raises(FetchError, match="has the sha512 checksum"):
        download(f"{site.url}/a", str(tmp_path / "a"), checksum="sha512:" + "0" * 128)
    assert leftovers(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "the one before"


def test_a_missing_file_leaves_nothing(site: Any, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="not found"):
        download(f"{site.url}/a", str(tmp_path / "a"))
    assert leftovers(tmp_path) == []


def test_a_place_that_cannot_be_written(site: Any, tmp_path: Path) -> None:
    site.files["/a"] = DATA
    with pytest.raises(FetchError, match="cannot save .* no such file or directory"):
        download(f"{site.url}/a", str(tmp_path / "none" / "a"))


def test_checksums() -> None:
    assert parse_checksum("SHA256:" + "AB" * 32) == ("sha256", "ab" * 32)
    assert parse_checksum("sha-512:" + "0" * 128) == ("sha512", "0" * 128)
    assert parse_checksum("0" * 32) == ("md5", "0" * 32)


@pytest.mark.parametrize("text", ["", "sha256:", "sha256:" + "0" * 63, "md5:" + "0" * 64, "g" * 64, "x:" + "0" * 64])
def test_no_checksums(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a checksum"):
        parse_checksum(text)
