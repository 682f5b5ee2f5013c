"""Files from an FTP server of our own."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.sites import FtpSite
from virtprov.support.errors import FetchError
from virtprov.support.web.ftp import Ftp

DATA = bytes(range(256)) * 2000


def test_a_file_of_a_tree_or_none(ftp_site: FtpSite) -> None:
    ftp_site.files["/pub/.treeinfo"] = b"[general]"
    with Ftp() as ftp:
        assert ftp.fetch_if_there(f"{ftp_site.url}/pub/.treeinfo") == b"[general]"
        assert ftp.fetch_if_there(f"{ftp_site.url}/pub/content") is None
        assert ftp.fetch_if_there(f"{ftp_site.url}/pub/.treeinfo") == b"[general]"
        assert ftp.size(f"{ftp_site.url}/pub/.treeinfo") == 9
        assert ftp.size(f"{ftp_site.url}/pub/content") is None
        assert ftp.changed(f"{ftp_site.url}/pub/.treeinfo") == "20260101000000"
        assert ftp.changed(f"{ftp_site.url}/pub/content") == ""
    assert [line for line in ftp_site.seen if line.startswith("USER")] == ["USER anonymous"]  # one connection


def test_a_name_with_a_blank(ftp_site: FtpSite) -> None:
    ftp_site.files["/a b"] = b"x"
    with Ftp() as ftp:
        assert ftp.fetch_if_there(f"{ftp_site.url}/a%20b") == b"x"


def test_a_piece(ftp_site: FtpSite) -> None:
    ftp_site.files["/a.iso"] = DATA
    with Ftp() as ftp:
        assert ftp.read(f"{ftp_site.url}/a.iso", 1000, 50) == DATA[1000:1050]
        assert ftp.read(f"{ftp_site.url}/a.iso", len(DATA) - 5, 50) == DATA[-5:]
        with pytest.raises(FetchError, match="'.*/b.iso' not found on the FTP server"):
            ftp.read(f"{ftp_site.url}/b.iso", 0, 50)
        assert b"".join(ftp.stream(f"{ftp_site.url}/a.iso", 100)) == DATA[100:]


def test_too_large(ftp_site: FtpSite) -> None:
    ftp_site.files["/a"] = DATA
    with Ftp() as ftp, pytest.raises(FetchError, match="is larger than 1 KiB"):
        ftp.fetch_if_there(f"{ftp_site.url}/a", limit=1024)


def test_a_wrong_password_is_not_shown(ftp_site: FtpSite) -> None:
    ftp_site.password = "right"
    url = ftp_site.url.replace("://", "://joe:wrong@")
    with Ftp() as ftp, pytest.raises(FetchError, match="denies access to 'ftp://127.0.0.1:[0-9]+/a'") as caught:
        ftp.fetch_if_there(f"{url}/a")
    assert "wrong" not in str(caught.value)
    ftp_site.files["/a"] = b"x"
    with Ftp() as ftp:
        assert ftp.fetch_if_there(f"{url.replace('wrong', 'right')}/a") == b"x"


def test_nobody_listens(closed_port: int) -> None:
    with Ftp() as ftp, pytest.raises(FetchError, match="'127.0.0.1' refused the connection"):
        ftp.fetch_if_there(f"ftp://127.0.0.1:{closed_port}/a")


def test_an_unknown_host() -> None:
    with Ftp() as ftp, pytest.raises(FetchError, match="unknown host 'nowhere.invalid'"):
        ftp.size("ftp://nowhere.invalid/a")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1:99999999/a", "ftp://[::1/a"])
def test_addresses_that_make_no_sense(url: str) -> None:
    with Ftp() as ftp, pytest.raises(FetchError):
        ftp.size(url)


def test_a_line_break_in_a_path(ftp_site: FtpSite) -> None:
    with Ftp() as ftp, pytest.raises(FetchError, match="not a valid FTP address"):
        ftp.fetch_if_there(f"{ftp_site.url}/a%0d%0aDELE%20b")
    assert not [line for line in ftp_site.seen if "DELE" in line]


@pytest.mark.parametrize("drip", [b"", b"2"])
def test_a_server_that_says_nothing_or_drips(drip: bytes) -> None:
    """It is never silent, but never done: the limit for the whole ends it."""
    over = threading.Event()

    def serve(listener: socket.socket) -> None:
        link, _ = listener.accept()
        with link:
            while not over.wait(0.05):
                if drip:
                    try:
                        link.sendall(drip)
                    except OSError:
                        return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        with Ftp(timeout=5, whole=0.5) as ftp, pytest.raises(FetchError, match="did not send all of .* within 0.5 s"):
            ftp.fetch_if_there(f"ftp://127.0.0.1:{listener.getsockname()[1]}/a")
        over.set()
        thread.join()
