"""The web: what comes, what does not, and in which words."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from virtprov.support import log
from virtprov.support.errors import FetchError
from virtprov.support.web import http


def test_fetch(site: Any) -> None:
    site.files["/a"] = b"hello"
    assert http.fetch(f"{site.url}/a") == b"hello"


def test_too_large(site: Any) -> None:
    site.files["/a"] = b"x" * 3000
    with pytest.raises(FetchError, match="is larger than 2 KiB"):
        http.fetch(f"{site.url}/a", limit=2048)
    assert len(http.fetch(f"{site.url}/a", limit=3000)) == 3000


@pytest.mark.parametrize(
    ("status", "words"),
    [(404, "not found"), (410, "not found"), (403, "the server denies access to"), (503, "the server reports 503")],
)
def test_statuses(site: Any, status: int, words: str) -> None:
    site.rules["/a"] = lambda handler: handler.reply(status, b"")
    with pytest.raises(FetchError, match=words) as caught:
        http.fetch(f"{site.url}/a")
    assert f"{site.url}/a" in str(caught.value)
    assert caught.value.exit_code == 1


def test_redirects_are_followed_but_not_in_circles(site: Any) -> None:
    site.files["/b"] = b"here"
    site.rules["/a"] = lambda handler: handler.reply(302, b"", Location="/b")
    site.rules["/c"] = lambda handler: handler.reply(302, b"", Location="/c")
    assert http.fetch(f"{site.url}/a") == b"here"
    with pytest.raises(FetchError, match="redirects too many times"):
        http.fetch(f"{site.url}/c")


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://127.0.0.1/a"])
def test_redirects_only_lead_to_the_web(site: Any, place: str) -> None:
    site.rules["/a"] = lambda handler: handler.reply(302, b"", Location=place)
    with pytest.raises(FetchError, match="/a' redirects to an address that is neither http nor https") as caught:
        http.fetch(f"{site.url}/a")
    assert caught.value.hint


def test_an_address_without_a_host() -> None:
    with pytest.raises(FetchError, match="'http:///a' is not a valid URL") as caught:
        http.fetch("http:///a")
    assert caught.value.hint == "check the URL"


def test_sizes(site: Any) -> None:
    site.files["/a"] = b"12345"
    site.rules["/nohead"] = lambda handler: (
        handler.reply(405, b"") if handler.command == "HEAD" else handler.ranged(b"1234567")
    )
    site.rules["/broken"] = lambda handler: handler.reply(500, b"")
    with http.Web() as web:
        assert web.size(f"{site.url}/a") == 5
        assert web.size(f"{site.url}/nohead") == 7
        assert web.size(f"{site.url}/none") is None
        assert web.exists(f"{site.url}/a")
        assert not web.exists(f"{site.url}/none")
        with pytest.raises(FetchError, match="500"):
            web.exists(f"{site.url}/broken")


def test_pieces(site: Any) -> None:
    site.files["/a"] = bytes(range(100))
    with http.Web() as web:
        url = f"{site.url}/a"
        assert web.read(url, 10, 5) == bytes(range(10, 15))
        assert web.read(url, 95, 50) == bytes(range(95, 100))
        assert web.read(url, 100, 5) == b""
        assert web.read(url, 0, 0) == b""
        assert len({headers["Range"] for _, _, headers in site.seen}) == 3


def test_a_server_without_pieces(site: Any) -> None:
    site.rules["/a"] = lambda handler: handler.reply(200, b"0123456789")
    with http.Web() as web:
        assert web.read(f"{site.url}/a", 0, 4) == b"0123"
        with pytest.raises(FetchError, match="does not support partial downloads"):
            web.read(f"{site.url}/a", 4, 4)


def test_nobody_there(closed_port: int) -> None:
    with pytest.raises(FetchError, match="127.0.0.1' refused the connection for"):
        http.fetch(f"http://127.0.0.1:{closed_port}/a")


def test_no_such_host(site: Any) -> None:
    with pytest.raises(FetchError) as caught:
        http.fetch("http://no-such-host.invalid/a")
    assert str(caught.value) == "unknown host 'no-such-host.invalid'"


def test_silence(site: Any) -> None:
    # a listening socket that never answers: the connection stands, nothing comes
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        with pytest.raises(http.Broken, match="did not answer within 0.05 seconds"):
            http.Web(timeout=0.05).fetch(f"http://127.0.0.1:{deaf.getsockname()[1]}/")


def test_a_certificate_that_does_not_fit(site: Any) -> None:
    # plain http spoken at a port where TLS is expected
    with pytest.raises(FetchError, match="'127.0.0.1'"):
        http.fetch(site.url.replace("http:", "https:") + "/a")


def test_a_broken_connection(site: Any) -> None:
    site.rules["/a"] = lambda handler: handler.cut(200, b"half", 8)
    with pytest.raises(http.Broken, match="was lost while downloading"):
        http.fetch(f"{site.url}/a")


@pytest.mark.parametrize("url", ["ftp://host/a", "file:///a", "a", ""])
def test_other_addresses(url: str) -> None:
    assert not http.is_url(url)
    with pytest.raises(FetchError, match="is not an http or https URL"):
        http.fetch(url)


def test_an_address_that_is_none(site: Any) -> None:
    for url in ("http://", "http://[::1", "http://a b/"):
        with pytest.raises(FetchError):
            http.fetch(url)


def test_passwords_in_addresses_are_never_shown(site: Any) -> None:
    lines: list[str] = []
    stop = log.start(lines.append)
    try:
        with pytest.raises(FetchError) as caught:
            http.fetch(site.url.replace("http://", "http://me:s3cret-pw@") + "/none?token=s3cret&s3cret#s3cret")
    finally:
        stop()
    assert "s3cret" not in str(caught.value) + "".join(lines)
    assert "/none?token=...&...'" in str(caught.value)
    assert lines
