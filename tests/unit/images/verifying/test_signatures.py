"""Signatures, checked by the real gpgv with keys made for this."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from virtprov.images.image import Signature
from virtprov.images.verifying import signatures
from virtprov.support import programs
from virtprov.support.errors import CommandError, FetchError, InputError


@pytest.mark.parametrize("keyring", ["tonic-keyring.gpg", "tonic-keyring.asc"])
@pytest.mark.parametrize("ending", ["gpg", "asc"])
def test_a_detached_signature(keys: Path, keyring: str, ending: str) -> None:
    sums = (keys / "SHA256SUMS").read_bytes()
    signature = (keys / f"SHA256SUMS.{ending}").read_bytes()
    found = signatures.check_detached(sums, signature, str(keys / keyring), "SHA256SUMS")
    assert (found.state, found.keyring) == ("good", str(keys / keyring))
    assert found.signer.endswith("(Tonic Image Signing <images@example.org>)")


def test_a_changed_file(keys: Path) -> None:
    signature = (keys / "SHA256SUMS.gpg").read_bytes()
    with pytest.raises(FetchError, match="the signature of 'SHA256SUMS' is not valid") as caught:
        signatures.check_detached(b"other", signature, str(keys / "tonic-keyring.gpg"), "SHA256SUMS")
    assert "BAD signature" in caught.value.hint


def test_a_key_of_somebody_else(keys: Path) -> None:
    sums, signature = (keys / "SHA256SUMS").read_bytes(), (keys / "SHA256SUMS.gpg").read_bytes()
    with pytest.raises(FetchError, match="is not valid") as caught:
        signatures.check_detached(sums, signature, str(keys / "other-keyring.gpg"), "SHA256SUMS")
    assert "No public key" in caught.value.hint


@pytest.mark.parametrize(("ending", "why"), [("revoked", "its key was revoked"), ("expired", "its key has expired")])
def test_a_correct_signature_by_an_outdated_key(keys: Path, ending: str, why: str) -> None:
    sums, signature = (keys / "SHA256SUMS").read_bytes(), (keys / f"SHA256SUMS.{ending}").read_bytes()
    with pytest.raises(FetchError, match=f"the signature of 'SHA256SUMS' is not valid: {why}") as caught:
        signatures.check_detached(sums, signature, str(keys / "outdated-keyring.gpg"), "SHA256SUMS")
    assert "newest keyring" in caught.value.hint


@pytest.mark.parametrize("signature", [b"", b"garbage", b"\x88\x00"])
def test_what_is_no_signature(keys: Path, signature: bytes) -> None:
    with pytest.raises(FetchError, match="is not valid"):
        signatures.check_detached(b"data", signature, str(keys / "tonic-keyring.gpg"), "SHA256SUMS")


def test_only_the_signed_part_of_a_clearsigned_file_is_used(keys: Path) -> None:
    data = (keys / "Tonic-Cloud-2-1.6-x86_64-CHECKSUM").read_bytes()
    text, found = signatures.check_clearsigned(
        b"SHA256 (before) = 00\n" + data + b"SHA256 (after) = 00\n", str(keys / "tonic-keyring.gpg"), "CHECKSUM"
    )
    assert found.state == "good"
    assert b"before" not in text
    assert b"after" not in text
    assert text.endswith(b"- a line that is escaped\n")
    with pytest.raises(FetchError, match="the signature of 'CHECKSUM' is not valid"):
        signatures.check_clearsigned(data.replace(b"554123264", b"1"), str(keys / "tonic-keyring.gpg"), "CHECKSUM")


def test_a_clearsigned_file_is_given_to_gpgv_once(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[object] = []
    real = programs.run

    def counted(argv: Sequence[str], *, timeout: float) -> str:
        runs.append(argv)
        return real(argv, timeout=timeout)

    monkeypatch.setattr(programs, "run", counted)
    data = (keys / "Tonic-Cloud-2-1.6-x86_64-CHECKSUM").read_bytes()
    assert signatures.check_clearsigned(data, str(keys / "tonic-keyring.gpg"), "CHECKSUM")[0]
    assert len(runs) == 1


def test_unsigned_text_in_a_clearsigned_message_of_its_own(keys: Path) -> None:
    data = (keys / "Tonic-Cloud-2-1.6-x86_64-CHECKSUM").read_bytes()
    forged = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nSHA256 (forged) = 00\n"
    for both in (forged + data, data + forged, data + data):
        with pytest.raises(FetchError, match="the signature of 'CHECKSUM' is not valid"):
            signatures.check_clearsigned(both, str(keys / "tonic-keyring.gpg"), "CHECKSUM")


def test_the_signature_of_an_image(keys: Path, tmp_path: Path) -> None:
    signature = Signature("image", str(keys / "tonic-keyring.gpg"), content=(keys / "disk.img.sig").read_bytes())
    assert signatures.check_image(str(keys / "disk.img"), signature, "disk.img").state == "good"
    other = tmp_path / "disk.img"
    other.write_bytes((keys / "disk.img").read_bytes() + b"x")
    with pytest.raises(FetchError, match="the signature of 'disk.img' is not valid"):
        signatures.check_image(str(other), signature, "disk.img")


def test_nothing_stays_open(keys: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    test_what_is_no_signature(keys, b"garbage")
    test_a_changed_file(keys)
    assert len(os.listdir("/proc/self/fd")) == before


def test_keyrings_that_cannot_be_used(keys: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.gpg").write_bytes(b"")
    with pytest.raises(InputError, match="is empty"):
        signatures.read_keyring(str(tmp_path / "empty.gpg"))
    (tmp_path / "words.gpg").write_bytes(b"words, not keys")
    with pytest.raises(InputError, match=r"words.gpg' is not a keyring"):
        signatures.read_keyring(str(tmp_path / "words.gpg"))
    (tmp_path / "box.kbx").write_bytes(b"\0\0\0\x20\1\1\0\2KBXf" + bytes(20))
    assert signatures.read_keyring(str(tmp_path / "box.kbx"))
    (tmp_path / "damaged.asc").write_bytes((keys / "tonic-keyring.asc").read_bytes()[:200])
    with pytest.raises(InputError, match="is damaged"):
        signatures.read_keyring(str(tmp_path / "damaged.asc"))
    with pytest.raises(InputError):
        signatures.read_keyring(str(tmp_path / "missing.gpg"))


def test_without_gpgv(keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not signatures.has_gpgv()
    with pytest.raises(CommandError, match="the program 'gpgv' is not installed") as caught:
        signatures.check_detached(b"data", b"x", str(keys / "tonic-keyring.gpg"), "SHA256SUMS")
    assert "package gpgv" in caught.value.hint


def test_which_keyring_is_used(keys: Path) -> None:
    installed = ("/nonexistent/keyring.gpg", str(keys / "tonic-keyring.gpg"))
    assert signatures.find_keyring("", installed) == installed[1]
    assert signatures.find_keyring("/srv/mine.gpg", installed) == "/srv/mine.gpg"
    assert signatures.find_keyring("", ()) == ""
