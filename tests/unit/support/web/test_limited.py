"""Servers that trickle, never come to the point, or send one on to nowhere."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from virtprov.support.errors import FetchError
from virtprov.support.web import http
from virtprov.support.web.download import download
from virtprov.support.web.limited import TooSlow, pieces, within

SOON = 0.3
ENDLESS = 60.0


def drip(handler: Any, data: bytes, every: float = 0.02) -> None:
    """Send byte after byte until the client leaves, or ENDLESS seconds are over."""
    end = monotonic() + ENDLESS
    pause = threading.Event()
    try:
        while monotonic() < end:
            handler.wfile.write(data)
            handler.wfile.flush()
            pause.wait(every)
    except OSError:
        handler.close_connection = True


def body(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    drip(handler, b"x")


def headers(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    drip(handler, b"x")


def go_on(handler: Any) -> None:
    drip(handler, b"HTTP/1.1 100 Continue\r\n\r\n")


WAYS: list[Callable[[str, str], object]] = [
    lambda url, path: http.Web(whole=SOON).fetch(url),
    lambda url, path: http.Web(whole=SOON).read(url, 0, 500_000),
]


@pytest.mark.parametrize("rule", [body, headers, go_on])
@pytest.mark.parametrize("way", WAYS)
def test_who_trickles_is_not_waited_for(
    site: Any, tmp_path: Path, rule: Callable[[Any], None], way: Callable[[str, str], object]
) -> None:
    site.rules["/a"] = rule
    began = monotonic()
    with pytest.raises(FetchError, match="' did not send all of '.*' within 0.3 seconds"):
        way(f"{site.url}/a", str(tmp_path / "a"))
    assert monotonic() - began < ENDLESS / 2


@pytest.mark.parametrize("rule", [headers, go_on])
def test_sizes_and_presence_too(site: Any, rule: Callable[[Any], None]) -> None:
    site.rules["/a"] = rule
    with pytest.raises(FetchError, match="within 0.3 seconds"):
        http.Web(whole=SOON).exists(f"{site.url}/a")


@pytest.mark.parametrize("rule", [body, headers])
def test_downloads_too(site: Any, tmp_path: Path, rule: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """A long file may take long, but each of its pieces is to come in time."""
    monkeypatch.setitem(http.Web.__init__.__kwdefaults__ or {}, "whole", SOON)
    site.rules["/a"] = rule
    with pytest.raises(FetchError, match="within 0.3 seconds"):
        download(f"{site.url}/a", str(tmp_path / "a"))


@pytest.mark.parametrize(
    "place",
    ["http://[::1", "http://[::1]:x/", "http://a:99999/", "//[", "http://\x80/", "http://a b/", "http://" + "a" * 300],
)
def test_redirects_to_nowhere(site: Any, place: str) -> None:
    site.rules["/a"] = lambda handler: handler.reply(302, b"", Location=place)
    with pytest.raises(FetchError):
        http.Web(timeout=3).fetch(f"{site.url}/a")


@pytest.mark.parametrize("url", ["http://[::1", "http://u:tiger@[::1/a", "http://a:99999/", "http:///a", "http://*:x"])
def test_addresses_that_make_no_sense(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        http.Web(timeout=3).fetch(url)
    assert "tiger" not in caught.value.message


@pytest.mark.parametrize("value", ["\xb2", "-1", "1e9", "9" * 5000, "", "x"])
def test_sizes_that_are_none(site: Any, value: str) -> None:
    def rule(handler: Any) -> None:
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes 0-0/{value}")
        handler.send_header("Content-Length", value)
        handler.end_headers()
        handler.close_connection = True

    site.rules["/a"] = rule
    with http.Web() as web:
        try:
            assert web.size(f"{site.url}/a") == -1
            assert web._size_by_range(f"{site.url}/a") == -1
        except FetchError:
            return


def test_ctrl_c_is_heard_while_a_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    answered = threading.Event()

    def look_up(*words: object, **more: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        answered.wait(60)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(KeyboardInterrupt):
        http.fetch("http://nobody.invalid/")
    answered.set()


def test_pieces_pass_and_failures_too() -> None:
    assert list(pieces(iter("abcdefgh"), 5)) == list("abcdefgh")
    assert within(5, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 / 0)
    with pytest.raises(TooSlow):
        within(0.05, lambda: threading.Event().wait(1))
