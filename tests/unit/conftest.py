"""Surroundings that several rooms' tests want."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.sites import FtpSite, Site, running


@pytest.fixture
def only_bundled_profiles(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the profiles of the checkout, with one index for the whole run."""
    base = tmp_path_factory.getbasetemp()
    for layer in ("SYSTEM", "LOCAL", "USER"):
        monkeypatch.setenv(f"OSINFO_{layer}_DIR", str(base / "no-profiles"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(base / "cache"))


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Site()
    with running(server):
        yield server


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port where nobody listens, and nobody else can: it is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def ftp_site() -> Iterator[FtpSite]:
    server = FtpSite()
    with running(server):
        yield server
