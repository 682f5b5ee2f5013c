"""Small files from servers and from this machine."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.sites import Handler, Site, running
from virtprov.images.reading import IndexReader
from virtprov.support.errors import FetchError
from virtprov.support.web.http import Web

TLS = Path(__file__).parents[2] / "data" / "tls"


def test_files_of_a_server(site: Site) -> None:
    site.files["/SHA256SUMS"] = b"sums"
    site.rules["/forbidden"] = lambda handler: handler.reply(403, b"")
    site.rules["/broken"] = lambda handler: handler.reply(500, b"")
    with IndexReader() as reader:
        assert reader.read(f"{site.url}/SHA256SUMS", 100) == b"sums"
        assert reader.read(f"{site.url}/gone", 100) is None
        assert reader.read(f"{site.url}/forbidden", 100) is None, "what some stores say of a missing file"
        with pytest.raises(FetchError, match="the server reports 500"):
            reader.read(f"{site.url}/broken", 100)
        with pytest.raises(FetchError, match="is larger than"):
            reader.read(f"{site.url}/SHA256SUMS", 3)
        site.files["/SHA256SUMS"] = b"new"
        assert reader.read(f"{site.url}/SHA256SUMS", 100) == b"new", "nothing is kept"


def test_requests_is_only_used_for_what_is_not_plain(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    ask = Web.ask

    def counted(web: Web, method: str, url: str) -> object:
        asked.append(url)
        return ask(web, method, url)

    monkeypatch.setattr(Web, "ask", counted)
    site.files["/SHA256SUMS"] = b"sums"
    site.rules["/moved"] = lambda handler: handler.reply(302, b"", Location="/SHA256SUMS")
    with IndexReader() as reader:
        assert reader.read(f"{site.url}/SHA256SUMS", 100) == b"sums"
        assert reader.read(f"{site.url}/gone", 100) is None
        assert asked == []
        assert reader.read(f"{site.url}/moved", 100) == b"sums"
    assert asked == [f"{site.url}/moved"]


def test_https_does_not_lead_to_http(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(TLS / "cert.pem"))
    safe = Site()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
    safe.socket = context.wrap_socket(safe.socket, server_side=True)
    url = safe.url.replace("http:", "https:")
    site.files["/SHA256SUMS"] = b"sums of somebody else"

    def lead(place: str) -> None:
        def answer(handler: Handler) -> None:
            handler.reply(302, b"", Location=place)

        safe.rules["/SHA256SUMS"] = answer

    with running(safe), IndexReader() as reader:
        safe.files["/other"] = b"sums"
        lead(f"{url}/other")
        assert reader.read(f"{url}/SHA256SUMS", 100) == b"sums"
        lead(f"{site.url}/SHA256SUMS")
        with pytest.raises(FetchError, match="redirects from https to http"):
            reader.read(f"{url}/SHA256SUMS", 100)


def test_files_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "SUMS").write_bytes(b"sums")
    url = tmp_path.as_uri()
    with IndexReader() as reader:
        assert reader.read(f"{url}/SUMS", 4) == b"sums"
        assert reader.read(f"{url}/gone", 100) is None
        assert reader.read(f"{url}/SUMS/below", 100) is None
        assert reader.read(url, 100) is None, "a folder"
        with pytest.raises(FetchError, match="is larger than"):
            reader.read(f"{url}/SUMS", 3)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    with IndexReader() as reader, pytest.raises(FetchError, match="not a regular file"):
        reader.read((tmp_path / "pipe").as_uri(), 100)
