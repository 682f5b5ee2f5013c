"""Downloads: whole or not at all, checked, taken up again."""

from __future__ import annotations

import fcntl
import hashlib
import os
import resource
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.sites import FtpSite
from virtprov.support.errors import FetchError, UsageError
from virtprov.support.web.download import Limits, download, parse_checksum
from virtprov.support.web.http import CHUNK, NoPieces
from virtprov.support.web.server_file import Piece

DATA = bytes(range(256)) * 4000
FIRST = CHUNK * 4
"""Whole chunks: what has come of one that breaks off is asked for again."""


def leftovers(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_file_and_its_progress(site: Any, tmp_path: Path) -> None:
    site.files["/a"] = DATA
    told: list[tuple[int, int]] = []
    target = tmp_path / "a"
    download(f"{site.url}/a", str(target), report=lambda done, total: told.append((done, total)))

    assert target.read_bytes() == DATA
    assert leftovers(tmp_path) == ["a"]
    assert told[-1] == (len(DATA), len(DATA))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def break_off(handler: Any) -> None:
    """Send FIRST of the data, and the rest to whoever asks for it."""
    if handler.headers.get("Range"):
        handler.ranged(DATA)
    else:
        handler.cut(200, DATA[:FIRST], len(DATA), ETag='"v1"')


def test_a_break_is_taken_up_where_it_was(site: Any, tmp_path: Path) -> None:
    site.rules["/a"] = break_off
    digest = hashlib.sha256(DATA).hexdigest()
    download(f"{site.url}/a", str(tmp_path / "a"), checksum=f"sha256:{digest}", pause=0)
    assert (tmp_path / "a").read_bytes() == DATA
    asked = [headers.get("Range") for _, _, headers in site.seen]
    assert asked == [None, f"bytes={FIRST}-"]
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
    download(f"{site.url}/a", str(tmp_path / "a"), pause=0)
    assert (tmp_path / "a").read_bytes() == DATA
    assert leftovers(tmp_path) == ["a"]


def test_a_part_that_is_too_long(site: Any, tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(DATA + b"more")
    (tmp_path / "a.part.from").write_text(f'{site.url}/a\n"v1"')
    site.files["/a"] = DATA
    download(f"{site.url}/a", str(tmp_path / "a"), pause=0)
    assert (tmp_path / "a").read_bytes() == DATA


def test_pauses_become_longer_until_a_try_gets_further(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    clock = SimpleNamespace(sleep=pauses.append, monotonic=time.monotonic)  # other threads may sleep meanwhile
    monkeypatch.setattr("virtprov.support.web.download.time", clock)
    steps = iter([0, 0, CHUNK, CHUNK, CHUNK * 2, len(DATA)])

    def answer(handler: Any) -> None:
        asked, reach = handler.headers.get("Range"), next(steps)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        span = {"Content-Range": f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"} if asked else {}
        handler.cut(206 if asked else 200, DATA[start:reach], len(DATA) - start, ETag='"v1"', **span)

    site.rules["/a"] = answer
    download(f"{site.url}/a", str(tmp_path / "a"), pause=3)
    assert (tmp_path / "a").read_bytes() == DATA
    assert pauses == [3, 6, 3, 6, 3]


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


# -- pieces, FTP, limits ---------------------------------------------------------------------------


def test_a_piece_of_a_file(site: Any, tmp_path: Path) -> None:
    site.files["/a.iso"] = DATA
    mark = download(f"{site.url}/a.iso", str(tmp_path / "linux"), piece=Piece(4096, 300_000), pause=0)
    assert (tmp_path / "linux").read_bytes() == DATA[4096:304_096] and mark == '"v1"'
    assert site.seen[0][2]["Range"] == "bytes=4096-304095"
    assert (tmp_path / "linux").stat().st_mode & 0o777 == 0o600


def test_a_piece_that_breaks_off_is_continued(site: Any, tmp_path: Path) -> None:
    piece = Piece(1000, CHUNK * 6)

    def rule(handler: Any) -> None:
        if handler.headers["Range"].startswith("bytes=1000-"):
            span = {"Content-Range": f"bytes 1000-{999 + piece.size}/{len(DATA)}", "ETag": '"v1"'}
            handler.cut(206, DATA[1000 : 1000 + CHUNK * 2], piece.size, **span)
        else:
            handler.ranged(DATA)

    site.rules["/a.iso"] = rule
    download(f"{site.url}/a.iso", str(tmp_path / "linux"), piece=piece, pause=0)
    assert (tmp_path / "linux").read_bytes() == DATA[1000 : 1000 + piece.size]
    assert site.seen[1][2]["Range"] == f"bytes={1000 + CHUNK * 2}-{999 + piece.size}"


def test_the_part_of_another_piece_is_not_trusted(site: Any, tmp_path: Path) -> None:
    site.files["/a.iso"] = DATA
    (tmp_path / "linux.part").write_bytes(b"other bytes")
    (tmp_path / "linux.part.from").write_text(f'{site.url}/a.iso#0+5000\n"v1"')
    download(f"{site.url}/a.iso", str(tmp_path / "linux"), piece=Piece(4096, 5000), pause=0)
    assert (tmp_path / "linux").read_bytes() == DATA[4096:9096]


def test_a_server_that_sends_whole_files_only(site: Any, tmp_path: Path) -> None:
    site.rules["/a.iso"] = lambda handler: handler.reply(200, DATA)
    with pytest.raises(NoPieces, match="does not support partial downloads"):
        download(f"{site.url}/a.iso", str(tmp_path / "linux"), piece=Piece(4096, 5000), pause=0)
    assert leftovers(tmp_path) == []


def test_from_an_ftp_server(ftp_site: FtpSite, tmp_path: Path) -> None:
    ftp_site.files["/a"] = DATA
    ftp_site.cut = [CHUNK * 3]
    told: list[tuple[int, int]] = []
    mark = download(f"{ftp_site.url}/a", str(tmp_path / "a"), report=lambda *pair: told.append(pair), pause=0)
    assert (tmp_path / "a").read_bytes() == DATA
    assert mark == f"{len(DATA)} 20260101000000" and told[-1] == (len(DATA), len(DATA))
    assert [line for line in ftp_site.seen if line.startswith("REST")] == [f"REST {CHUNK * 3}"]
    download(f"{ftp_site.url}/a", str(tmp_path / "b"), piece=Piece(10, CHUNK * 2), pause=0)
    assert (tmp_path / "b").read_bytes() == DATA[10 : 10 + CHUNK * 2]
    with pytest.raises(FetchError, match="not found on the FTP server"):
        download(f"{ftp_site.url}/c", str(tmp_path / "c"), pause=0)
    assert leftovers(tmp_path) == ["a", "b"]


def test_two_runs_at_once_do_not_share_a_part(site: Any, tmp_path: Path) -> None:
    site.files["/a"] = DATA
    with open(tmp_path / "a.part", "wb") as other:  # another run has begun it
        fcntl.flock(other, fcntl.LOCK_EX)
        other.write(b"half")
        other.flush()
        download(f"{site.url}/a", str(tmp_path / "a"), pause=0)
        assert (tmp_path / "a").read_bytes() == DATA
        assert (tmp_path / "a.part").read_bytes() == b"half"
    assert leftovers(tmp_path) == ["a", "a.part"]


def test_a_second_run_locks_its_part_as_well(site: Any, tmp_path: Path) -> None:
    locked: list[bool] = []

    def report(done: int, total: int) -> None:
        with open(tmp_path / f"a.{os.getpid()}.part", "rb") as own, pytest.raises(BlockingIOError):
            fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
        locked.append(True)

    site.files["/a"] = DATA
    with open(tmp_path / "a.part", "wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        download(f"{site.url}/a", str(tmp_path / "a"), report=report, pause=0)
    assert locked


def test_a_slow_server_is_given_up(site: Any, tmp_path: Path) -> None:
    """It is never silent, and each piece comes in time: the whole takes too long."""

    def drip(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(DATA)))
        handler.end_headers()
        for at in range(0, len(DATA), 1000):
            handler.wfile.write(DATA[at : at + 1000])
            time.sleep(0.01)

    site.rules["/a"] = drip
    limits = Limits(patience=0.3, slowest=10**9)
    with pytest.raises(FetchError, match="takes more than 0 minutes"):
        download(f"{site.url}/a", str(tmp_path / "a"), limits=limits, pause=0)
    assert not (tmp_path / "a").exists()


def test_a_full_disk_leaves_nothing(site: Any, tmp_path: Path) -> None:
    site.rules["/a"] = lambda handler: handler.reply(200, DATA, ETag='"v1"')
    site.rules["/big"] = lambda handler: handler.cut(200, b"x" * 100, 2**60)
    (tmp_path / "a.part").symlink_to("/dev/full")
    with pytest.raises(FetchError, match="cannot save"):  # a link that somebody else put there is not followed
        download(f"{site.url}/a", str(tmp_path / "a"), pause=0)
    assert leftovers(tmp_path) == []
    with pytest.raises(FetchError, match=r"no space for '.*/big' \(1 EiB\) in '.*': .* free") as caught:
        download(f"{site.url}/big", str(tmp_path / "a"), pause=0)
    assert leftovers(tmp_path) == [] and "XDG_CACHE_HOME" in caught.value.hint


def test_ctrl_c_keeps_only_what_can_be_checked_later(site: Any, tmp_path: Path) -> None:
    def press(done: int, total: int) -> None:
        raise KeyboardInterrupt

    site.rules["/unversioned"] = lambda handler: handler.reply(200, DATA)
    for name in ("a", "unversioned"):
        site.files[f"/{name}"] = DATA
        with pytest.raises(KeyboardInterrupt):
            download(f"{site.url}/{name}", str(tmp_path / name), report=press, pause=0)
    assert leftovers(tmp_path) == ["a.part", "a.part.from"]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_disk_that_fills_up_on_the_way_leaves_nothing(site: Any, tmp_path: Path) -> None:
    """The size is not known beforehand; a limit for files stands in for a full disk."""

    def chunked(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("ETag", '"v1"')
        handler.end_headers()
        handler.wfile.write(DATA)
        handler.close_connection = True

    site.rules["/a"] = chunked
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        with pytest.raises(FetchError, match="cannot save .* file too large"):
            download(f"{site.url}/a", str(tmp_path / "a"), pause=0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert leftovers(tmp_path) == []


# -- followers ---------------------------------------------------------------------------------------


class Followed:
    """What a follower is told, and what it finds in the file then."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []
        self.path = ""

    def begin(self, path: str, have: int) -> None:
        self.path = path
        self.told.append(("begin", have))

    def reach(self, have: int) -> None:
        assert os.path.getsize(self.path) == have
        self.told.append(("reach", have))


def test_a_follower_hears_what_is_there(site: Any, tmp_path: Path) -> None:
    site.rules["/a"] = break_off
    follower = Followed()
    download(f"{site.url}/a", str(tmp_path / "a"), pause=0, follower=follower)
    assert [told for told in follower.told if told[0] == "begin"] == [("begin", 0), ("begin", FIRST)]
    assert follower.told[-1] == ("reach", len(DATA))


def test_zeros_become_holes(site: Any, tmp_path: Path) -> None:
    data = b"x" + bytes(CHUNK * 40 - 1) + b"y" + bytes(CHUNK * 40)
    site.files["/a"] = data
    download(f"{site.url}/a", str(tmp_path / "a"), follower=Followed())
    assert (tmp_path / "a").read_bytes() == data
    assert (tmp_path / "a").stat().st_blocks * 512 < CHUNK * 8
