"""A path, a file:// address or a web address: one door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from virtprov.support.errors import FetchError, InputError
from virtprov.support.web import fetch


def test_all_three(site: Any, tmp_path: Path) -> None:
    site.files["/a"] = b"web"
    (tmp_path / "a b").write_bytes(b"disk")
    assert fetch.read(f"{site.url}/a") == b"web"
    assert fetch.read(str(tmp_path / "a b")) == b"disk"
    assert fetch.read(f"file://{tmp_path}/a%20b") == b"disk"


def test_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/my-home")
    assert fetch.local_path("~/a") == "/my-home/a"
    assert fetch.local_path("file://localhost/a") == "/a"
    assert fetch.local_path("HTTPS://host/a") is None
    assert fetch.local_path("odd dir://x") == "odd dir://x"


@pytest.mark.parametrize(
    ("source", "words"), [("ftp://h/a", "ftp:// is not supported"), ("file://h/a", "another machine")]
)
def test_other_addresses(source: str, words: str) -> None:
    with pytest.raises(FetchError, match=words):
        fetch.read(source)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the seed '.*' does not exist"):
        fetch.read(str(tmp_path / "a"), what="seed")
