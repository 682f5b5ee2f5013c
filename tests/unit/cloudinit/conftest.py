"""Keys and files that the tests of seeds use."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest


def make_key(kind: str, fill: bytes, comment: str) -> str:
    """Return a public key line of the right shape; nobody has the private half."""
    blob = len(kind).to_bytes(4, "big") + kind.encode() + (32).to_bytes(4, "big") + fill * 32
    return f"{kind} {base64.b64encode(blob).decode()} {comment}"


KEY = make_key("ssh-ed25519", b"\x01", "me@here")
OTHER = make_key("ssh-ed25519", b"\x02", "you@there")


@pytest.fixture
def key() -> str:
    return KEY


@pytest.fixture
def other() -> str:
    return OTHER


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, str | bytes], str]:
    """Write a file and return its path."""

    def write(name: str, content: str | bytes) -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write
