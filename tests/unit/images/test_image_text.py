"""What users type for an image."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtprov.images.image import ImageRequest
from virtprov.images.image_text import check_mirror, parse_pin
from virtprov.library.image_option import MIRROR, parse_image_option
from virtprov.support.errors import InputError, UsageError

HEX = "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MIRROR, raising=False)


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("debian13", {"name": "debian13"}),
        ("name=debian13", {"name": "debian13"}),
        (
            "ubuntu24.04,variant=minimal,build=20260801",
            {"name": "ubuntu24.04", "variant": "minimal", "build": "20260801"},
        ),
        ("debian13,copy=on", {"name": "debian13", "copies": True}),
        ("debian13,copy=no", {"name": "debian13"}),
        (f"debian13,checksum=SHA256:{HEX.upper()}", {"name": "debian13", "checksum": f"sha256:{HEX}"}),
        ("https://example.org/a.qcow2", {"url": "https://example.org/a.qcow2"}),
        ("https://example.org/a.qcow2?x=1,2,copy=yes", {"url": "https://example.org/a.qcow2?x=1,2", "copies": True}),
        ("HTTPS://example.org/a", {"url": "HTTPS://example.org/a"}),
        ("file:///srv/a%20b.qcow2", {"path": "/srv/a b.qcow2"}),
        ("/srv/a.qcow2,checksum=/srv/SHA256SUMS", {"path": "/srv/a.qcow2", "checksum": "/srv/SHA256SUMS"}),
        ("./debian13", {"path": "./debian13"}),
        ("disk.qcow2.xz", {"path": "disk.qcow2.xz"}),
        ("disk.IMG", {"path": "disk.IMG"}),
        ("rhel10,url=https://example.org/a?b=c,d", {"name": "rhel10", "url": "https://example.org/a?b=c,d"}),
        ("rhel10,url=/srv/rhel.qcow2", {"name": "rhel10", "path": "/srv/rhel.qcow2"}),
        ("rhel10,url=rhel", {"name": "rhel10", "path": "rhel"}),
    ],
)
def test_an_image_is_a_name_a_url_or_a_path(text: str, request_: dict[str, object]) -> None:
    said = text.replace("x=1,2", "...").replace("b=c,d", "...")
    assert parse_image_option(text) == ImageRequest(said, **request_)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no image given"),
        ("copy=yes", "no image given"),
        ("ftp://example.org/a", "ftp:// is not supported"),
        ("file://other/a", "is a file on another machine"),
        ("de bian", "not a name, a URL or a path"),
        ("/srv/a,url=https://example.org/a", "url= can only be used with a name"),
        ("/srv/a,variant=x", "variant= can only be used with a name"),
        ("https://example.org/a,build=x", "build= can only be used with a name"),
        ("rhel10,url=https://example.org/a,build=1", "build= can only be used with a name"),
        ("debian13,variant=../x", "--image variant=../x: invalid value"),
        ("debian13,build=a/b", "--image build=a/b: invalid value"),
        ("debian13,build=..", "invalid value"),
        ("debian13,checksum=sha256:12", "not a checksum"),
        (f"debian13,checksum={HEX}", "not a checksum"),
        (f"debian13,checksum=sha257:{HEX}", "unknown algorithm 'sha257'"),
        (f"debian13,checksum=sha256:{HEX[:-1]}g", "not a checksum"),
        ("debian13,copy=maybe", "'maybe' is not yes or no"),
        ("debian13,colour=red", "no sub-option 'colour'"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, words: str) -> None:
    with pytest.raises(Exception, match=words) as caught:
        parse_image_option(text)
    assert getattr(caught.value, "exit_code", 0) in (1, 2)
    assert getattr(caught.value, "hint", "")


def test_pins_of_all_algorithms() -> None:
    for algorithm, digits in (("md5", 32), ("sha1", 40), ("sha256", 64), ("sha384", 96), ("sha512", 128)):
        found = parse_pin(f"{algorithm}:{'0' * digits}")
        assert found is not None
        assert found.is_weak is (algorithm in ("md5", "sha1"))
        assert parse_pin(f"{algorithm}:{'0' * (digits - 1)}") is None


def test_a_mirror_from_the_command_line_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MIRROR, "https://mirror.example.org/pub/")
    assert parse_image_option("debian13").mirror == "https://mirror.example.org/pub"
    assert parse_image_option("debian13", mirror="http://other.example.org").mirror == "http://other.example.org"
    monkeypatch.setenv(MIRROR, "mirror.example.org")
    with pytest.raises(UsageError, match=f"{MIRROR} mirror.example.org: not the URL of a server"):
        parse_image_option("debian13")


@pytest.mark.parametrize("text", ["", "mirror", "https://", "https:///", "ftp://mirror.example.org", "://x"])
def test_mirrors_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="not the URL of a server"):
        check_mirror(text, "--image-mirror")


def test_a_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keys.gpg").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    request = parse_image_option("debian13", keyring="keys.gpg", verifies=False)
    assert (request.keyring, request.verifies) == (str(tmp_path / "keys.gpg"), False)
    with pytest.raises(InputError, match="--image-keyring /: not a file"):
        parse_image_option("debian13", keyring="/")
    with pytest.raises(InputError, match="--image-keyring other.gpg: file not found"):
        parse_image_option("debian13", keyring="other.gpg")


def test_secrets_in_addresses_are_not_part_of_messages() -> None:
    request = parse_image_option(
        "debian13,url=https://me:secret@example.org/a.qcow2?token=secret,checksum=md5:" + "0" * 32
    )
    assert request.url == "https://me:secret@example.org/a.qcow2?token=secret"
    assert request.text == "debian13,url=https://example.org/a.qcow2?...,checksum=md5:" + "0" * 32
    with pytest.raises(UsageError) as caught:
        parse_image_option("https://me:secret@example.org/a.qcow2?secret,variant=x")
    assert "secret" not in str(caught.value)
