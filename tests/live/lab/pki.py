"""Certificates for a libvirtd that listens for TLS, and for those who connect to it."""

from __future__ import annotations

import subprocess
from pathlib import Path

DAYS = "3"
# libvirt 9.0 takes RSA keys only: of others it says that their usage does not permit key encipherment.
NEW_KEY = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-batch", "-days", DAYS]
USAGE = "keyUsage=critical,digitalSignature,keyEncipherment"


def make_authority(folder: Path) -> Path:
    """Make `folder` with a certificate authority's cacert.pem and cakey.pem; returns it."""
    folder.mkdir()
    rights = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
    run([*NEW_KEY, "-subj", f"/CN={folder.name}", *rights], folder / "cakey.pem", folder / "cacert.pem")
    return folder


def make_server(authority: Path, address: str) -> None:
    """Add servercert.pem and serverkey.pem for a host at `address`, as libvirtd's settings name them."""
    names = ["-addext", f"subjectAltName=IP:{address}", "-addext", "extendedKeyUsage=serverAuth"]
    issue(authority, "server", address, names)


def make_client(authority: Path) -> None:
    """Add clientcert.pem and clientkey.pem, as `?pkipath=` expects them."""
    issue(authority, "client", "tests", ["-addext", "extendedKeyUsage=clientAuth"])


def issue(authority: Path, kind: str, name: str, extra: list[str]) -> None:
    """Make a key and have the authority sign its certificate."""
    signed = ["-CA", str(authority / "cacert.pem"), "-CAkey", str(authority / "cakey.pem")]
    rights = ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", USAGE, *extra]
    words = [*NEW_KEY, "-subj", f"/CN={name}", *signed, *rights]
    run(words, authority / f"{kind}key.pem", authority / f"{kind}cert.pem")


def run(words: list[str], key: Path, certificate: Path) -> None:
    """Run openssl, which says nothing unless it fails."""
    done = subprocess.run([*words, "-keyout", key, "-out", certificate], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"openssl could not make {certificate}: {done.stderr}")
