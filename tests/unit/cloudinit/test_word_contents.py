"""Files, certificates and proxies are read into what a guest gets."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from virtprov.cloudinit import word_contents
from virtprov.cloudinit.guest_words import GuestWords
from virtprov.cloudinit.value_sources import Reader
from virtprov.cloudinit.word_contents import GuestContents, GuestFile, Proxy, read_contents
from virtprov.support import log
from virtprov.support.errors import InputError, UsageError

Put = Callable[[str, str | bytes], str]
PEM = "-----BEGIN CERTIFICATE-----\nTUlJ\nQUFB\n-----END CERTIFICATE-----"
PEM2 = PEM.replace("QUFB", "QkJC")


def read(environment: dict[str, str] | None = None, **words: object) -> GuestContents:
    return read_contents(GuestWords(**words), Reader(), environment or {})  # type: ignore[arg-type]


def test_nothing_is_nothing() -> None:
    assert read() == GuestContents()


def test_files_keep_their_bytes_and_their_mode(put: Put) -> None:
    one, two = put("a", b"\x00\xff"), put("b", "#cloud-config\n")
    os.chmod(one, 0o4750)
    os.chmod(two, 0o600)
    assert read(write=(f"{one}:/x", f"{two}:/etc/y")).files == (
        GuestFile("/x", b"\x00\xff", 0o750),
        GuestFile("/etc/y", b"#cloud-config\n", 0o600),
    )


def test_a_missing_file_is_named() -> None:
    with pytest.raises(InputError, match="^the file '/nowhere/a' does not exist"):
        read(write=("/nowhere/a:/x",))


def test_certificates_come_one_by_one_and_once(put: Put) -> None:
    bundle = put("ca.pem", f"# a\n{PEM}\nsubject\n{PEM2}\r\n{PEM}\n")
    assert read(ca_certs=(bundle, put("b.pem", PEM2))).certificates == (PEM, PEM2)


def test_a_file_without_a_certificate(put: Put) -> None:
    with pytest.raises(InputError, match=r"does not contain a CA certificate"):
        read(ca_certs=(put("a.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),))


def test_those_added_to_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_contents, "ADDED_CERTIFICATES", (str(tmp_path / "none"), str(tmp_path)))
    with pytest.raises(InputError, match="no CA certificate has been added to this machine"):
        read(ca_certs=("host",))
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a.crt").write_text(PEM)
    (tmp_path / "note.txt").write_text(PEM2)
    assert read(ca_certs=("host",)).certificates == (PEM,)


def test_the_proxy_of_the_environment() -> None:
    found = read({"http_proxy": "http://p:1", "HTTPS_PROXY": "http://p:2", "no_proxy": "a,.b"}, proxy="env").proxy
    assert found == Proxy("http://p:1", "http://p:2", "a,.b")
    assert read({"http_proxy": "http://p:1"}, proxy="env").proxy == Proxy("http://p:1")


def test_an_address_is_for_both() -> None:
    for address in ("https://u@p:1/", "http://[fd00::1]:3128"):
        assert read(proxy=address).proxy == Proxy(address, address)


@pytest.mark.parametrize(
    ("text", "environment", "message"),
    [
        ("env", {}, "neither http_proxy nor https_proxy is set"),
        ("p:3128", {}, "'p:3128' is not the address of a proxy"),
        ("ftp://p", {}, "is not the address of a proxy"),
        ("http://[fd00::1", {}, "is not the address of a proxy"),
        ("http://p:99999", {}, "'http://p:99999' is not the address of a proxy"),
        ("http://:3128", {}, "is not the address of a proxy"),
        ('http://p"\n', {}, "is not the address of a proxy"),
        ("http://127.0.0.1:3128", {}, "is on this machine"),
        ("env", {"https_proxy": "http://u:pw@localhost:1"}, "the proxy http://localhost:1 is on this machine"),
        ("env", {"http_proxy": "http://p", "no_proxy": "a b"}, "no_proxy in the environment contains blanks"),
    ],
)
def test_proxies_that_cannot_work(text: str, environment: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        read(environment, proxy=text)
    assert "pw" not in caught.value.message


def test_the_password_of_a_proxy_is_masked() -> None:
    read(proxy="http://u:quitesecret@p")
    assert log.mask("http://u:quitesecret@p") == f"http://u:{log.MASK}@p"
