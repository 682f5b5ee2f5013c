"""Host keys that are made in memory."""

from __future__ import annotations

import base64
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from virtprov.support import log
from virtprov.support.logins import ssh_key

# RFC 8032, section 7.1: secret and public key of tests 1, 2, 3 and "SHA(abc)"
VECTORS = (
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
    ),
)


@pytest.mark.parametrize(("secret", "public"), VECTORS)
def test_the_public_keys_are_those_of_the_standard(secret: str, public: str) -> None:
    assert ssh_key.public_bytes(bytes.fromhex(secret)).hex() == public


def test_openssl_finds_the_same_public_key() -> None:
    for seed in (bytes(32), b"\xff" * 32, *(sha256(bytes([number])).digest() for number in range(20))):
        document = bytes.fromhex("302e020100300506032b657004220420") + seed  # RFC 8410, section 7
        argv = ["openssl", "pkey", "-inform", "DER", "-pubout", "-outform", "DER"]
        theirs = subprocess.run(argv, input=document, capture_output=True, check=True).stdout[-32:]
        assert ssh_key.public_bytes(seed) == theirs, seed.hex()


def test_ssh_reads_a_new_key(tmp_path: Path) -> None:
    pair = ssh_key.generate()
    file = tmp_path / "key"
    file.write_text(pair.private)
    file.chmod(0o600)
    read = subprocess.run(["ssh-keygen", "-y", "-f", file], capture_output=True, text=True, check=True)
    assert read.stdout.strip() == pair.public


def test_ssh_keygen_writes_the_same_lines(tmp_path: Path) -> None:
    file = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file], check=True)
    theirs = file.read_text().splitlines()
    ours = ssh_key.generate().private.splitlines()
    assert [len(line) for line in ours] == [len(line) for line in theirs]
    assert (ours[0], ours[-1]) == (theirs[0], theirs[-1])


def test_no_two_keys_are_alike_and_none_is_logged() -> None:
    one, two = ssh_key.generate(), ssh_key.generate()
    assert one.private != two.private and one.public != two.public
    line = one.private.splitlines()[2]
    assert log.mask(f"a {line} b") == f"a {log.MASK} b"
    assert log.mask(one.public) == one.public


def test_the_line_repeats_its_type() -> None:
    kind, data = ssh_key.from_seed(bytes(32)).public.split()
    blob = base64.b64decode(data)
    assert kind == "ssh-ed25519" and blob[4:15] == b"ssh-ed25519" and len(blob) == 51
