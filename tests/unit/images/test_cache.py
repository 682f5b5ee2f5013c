"""The folders of images: their names, who holds them, and notes."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from virtprov.images import cache
from virtprov.images.image import Digest, Packing, ResolvedImage
from virtprov.support.errors import FetchError, InputError, ProvError
from virtprov.support.web import http

TAG = "0123456789abcdef"
SHA = Digest("sha512", TAG * 8)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("file_name", "disk_format", "name"),
    [
        ("debian-13-generic-amd64-20260801-1.qcow2", "qcow2", "debian-13-generic-amd64-20260801-1-{}.base.qcow2"),
        ("ubuntu-24.04-server-cloudimg-amd64.img", "qcow2", "ubuntu-24.04-server-cloudimg-amd64-{}.base.qcow2"),
        ("disk.raw.xz", "raw", "disk-{}.base.img"),
        ("kali-linux-2026.3-cloud.tar.xz", "", "kali-linux-2026.3-cloud-{}.base.img"),
        ("", "", "some-{}.base.img"),
        ("../a b.qcow2", "", "_a_b-{}.base.qcow2"),
    ],
)
def test_names_of_bases(file_name: str, disk_format: str, name: str) -> None:
    image = ResolvedImage("some", file_name=file_name, disk_format=disk_format, packing=Packing())
    made = cache.base_name(image, TAG)
    assert made == name.format(TAG)
    found = re.fullmatch(cache.BASE_NAME, made)
    assert found is not None and found["tag"] == TAG


def test_the_tag_is_the_checksum() -> None:
    assert cache.tag_of(ResolvedImage("x", url="https://x/y", digest=SHA)) == TAG
    assert cache.tag_of(ResolvedImage("x", url="https://x/y", unpacked=SHA)) == TAG


def test_the_tag_of_a_file_without_checksum_is_its_version(tmp_path: Path) -> None:
    path = tmp_path / "x.img"
    path.write_bytes(b"x")
    image = ResolvedImage("x", path=str(path))
    first = cache.tag_of(image)
    assert re.fullmatch("[0-9a-f]{16}", first) and cache.tag_of(image) == first
    os.utime(path, ns=(1, 1))
    assert cache.tag_of(image) != first
    assert cache.tag_of(ResolvedImage("x", url=path.as_uri())) != first
    path.unlink()
    with pytest.raises(InputError, match="does not exist"):
        cache.tag_of(image)


class Answer:
    def __init__(self, status: int, tag: str) -> None:
        self.status_code, self.headers, self.reason = status, {"ETag": tag}, ""

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *failure: object) -> None:
        return None


def test_the_server_is_asked_for_a_version_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    answers = [Answer(200, '"1"'), Answer(200, '"1"'), Answer(200, '"2"'), Answer(405, ""), Answer(404, "")]

    def ask(web: http.Web, method: str, url: str, headers: Any = None) -> Any:
        asked.append(method)
        return answers[len(asked) - 1]

    monkeypatch.setattr(http.Web, "ask", ask)
    image = ResolvedImage("x", url="https://example.org/x.img")
    tags = [cache.tag_of(image) for _ in range(4)]
    assert tags[0] == tags[1] and len(set(tags)) == 3
    with pytest.raises(FetchError, match="not found"):
        cache.tag_of(image)
    assert asked == ["HEAD"] * 5


def test_a_folder_that_is_held(tmp_path: Path) -> None:
    folder = cache.hold(TAG)
    assert cache.hold(TAG) == folder == str(tmp_path / "cache/virtprov/images" / TAG)
    assert os.stat(folder).st_mode & 0o777 == 0o700
    with cache.claim(TAG) as is_free:
        assert not is_free
    assert not cache.is_held(TAG), "this run no longer holds it"
    with cache.claim(TAG) as is_free:
        assert is_free
        assert cache.is_held(TAG), "nobody else begins to use it meanwhile"
    cache.remove(TAG)
    assert cache.tags() == []


def test_a_cache_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(ProvError, match="cannot create the cache"):
        cache.hold(TAG)
    assert cache.tags() == [] and list(cache.files_of(TAG)) == []


def test_folders_of_something_else_are_left_alone(tmp_path: Path) -> None:
    for name in (TAG, "new-form", TAG[:-1] + "g", TAG + "0"):
        (tmp_path / "cache/virtprov/images" / name).mkdir(parents=True)
    (tmp_path / "cache/virtprov/images" / TAG[::-1]).write_text("a file")
    assert cache.tags() == [TAG]


def test_notes(tmp_path: Path) -> None:
    assert cache.read_note(TAG) == cache.Note()
    folder = Path(cache.hold(TAG))
    cache.is_held(TAG)
    cache.write_note(TAG, ResolvedImage("debian13", url="https://me:word@example.org/x", digest=SHA))
    assert cache.read_note(TAG) == cache.Note("debian13", "https://example.org/x", SHA.text)
    assert (folder / "about.json").stat().st_mode & 0o777 == 0o600
    assert list(cache.files_of(TAG)) == [] and cache.size_of(TAG) == 0
    for text in ("", "[]", '{"label": 5, "source": "here"}', "[" * 100_000):
        (folder / "about.json").write_text(text)
        assert cache.read_note(TAG).label == ""
