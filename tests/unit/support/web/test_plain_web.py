"""Small files of plain servers, and everything else as `Web` reads it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.sites import Site
from virtprov.support.errors import FetchError
from virtprov.support.web.plain_web import PlainWeb, QuickWeb, Unusual, is_plain


def agents(site: Site) -> list[tuple[str, str]]:
    """Who asked for what: `requests` says which connection it wants, the short way does not."""
    return [(path, "long" if "Connection" in headers else "short") for _, path, headers in site.seen]


def test_small_files_take_the_short_way(site: Site) -> None:
    site.files.update({"/tree/.treeinfo": b"[general]", "/tree/vmlinuz": b"x" * 70_000, "/empty": b""})
    with QuickWeb() as web:
        assert web.fetch_if_there(f"{site.url}/tree/.treeinfo") == b"[general]"
        assert web.fetch_if_there(f"{site.url}/tree/content") is None
        assert web.size(f"{site.url}/tree/vmlinuz") == 70_000
        assert web.size(f"{site.url}/tree/initrd") is None
        assert web.fetch_if_there(f"{site.url}/tree/vmlinuz") == b"x" * 70_000
        assert web.fetch_if_there(f"{site.url}/empty") == b""
    assert {way for _, way in agents(site)} == {"short"}


@pytest.mark.parametrize(
    "url",
    [
        "https://host/a",
        "http://joe:secret@host/a",
        "http://[::1]/a",
        "http://host/a b",
        "http://host/a\r\nX: y",
        "http://hüt/a",
        "ftp://host/a",
    ],
)
def test_what_is_not_plain(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert not is_plain(url) and is_plain("http://host:80/a?b")
    with pytest.raises(Unusual):
        PlainWeb(1, 1).ask("GET", url, 100)
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    assert not is_plain("http://host/a")


def chunked(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"5\r\nhello\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    ("rule", "content"),
    [
        (chunked, b"hello"),
        (lambda handler: handler.reply(302, b"", Location="/other"), b"other"),
        (lambda handler: handler.reply(403, b""), None),
    ],
)
def test_unusual_answers_are_read_by_web(site: Site, rule: Any, content: bytes | None) -> None:
    site.files["/other"] = b"other"
    site.rules["/a"] = rule
    with QuickWeb() as web:
        assert web.fetch_if_there(f"{site.url}/a") == content
        assert web.fetch_if_there(f"{site.url}/other") == b"other"
    assert [way for _, way in agents(site)][0] == "short" and agents(site)[-1] == ("/other", "long")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda handler: handler.reply(500, b""), "the server reports 500"),
        (lambda handler: handler.cut(200, b"short", 100), "was lost"),
        (lambda handler: handler.reply(200, b"x" * 2000), "is larger than 1 KiB"),
        (lambda handler: handler.wfile.write(b"\xff\xfe nonsense\r\n"), "."),
    ],
)
def test_what_goes_wrong_is_told_by_web(site: Site, rule: Any, message: str) -> None:
    def closing(handler: Any) -> None:
        rule(handler)
        handler.close_connection = True

    site.rules["/a"] = closing
    with QuickWeb(timeout=60, whole=60) as web, pytest.raises(FetchError, match=message):
        web.fetch_if_there(f"{site.url}/a", limit=1024)


def test_a_head_without_an_end(site: Site) -> None:
    def endless(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000)

    site.rules["/a"] = endless
    with pytest.raises(Unusual):
        PlainWeb(60, 60).ask("GET", f"{site.url}/a", 100)


def test_a_server_that_drips(site: Site) -> None:
    ended: list[str] = []

    def drip(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        try:
            for _ in range(1000):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                time.sleep(0.02)
        except OSError:
            return
        ended.append("all is sent")

    site.rules["/a"] = drip
    with QuickWeb(timeout=5, whole=0.3) as web, pytest.raises(FetchError, match="did not send all of"):
        web.fetch_if_there(f"{site.url}/a")
    assert len(site.seen) == 1, "the user waits twice"
    assert not ended, "the user waits for the whole file"


def test_nobody_listens(closed_port: int) -> None:
    with QuickWeb() as web, pytest.raises(FetchError, match="refused the connection"):
        web.fetch_if_there(f"http://127.0.0.1:{closed_port}/a")
