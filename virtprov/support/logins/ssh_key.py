"""New ssh key pairs (ed25519), made in memory: no program is needed, and no file ever holds the private part.

The public part of a key is that of RFC 8032, section 5.1.5; the numbers below are that document's. The private part has
the form of OpenSSH's PROTOCOL.key, which ssh-keygen writes as well.
"""

from __future__ import annotations

from typing import NamedTuple

KIND = "ssh-ed25519"
SEED_SIZE = 32
_PRIME = 2**255 - 19
_D = -121665 * pow(121666, _PRIME - 2, _PRIME) % _PRIME
_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE_Y = 4 * pow(5, _PRIME - 2, _PRIME) % _PRIME
_LINE = 70
_BLOCK = 8

Point = tuple[int, int, int, int]
"""A point of the curve in extended coordinates: X, Y, Z, T."""


class KeyPair(NamedTuple):
    """A key pair as ssh has it: the text of a private key file, and a line with the public key."""

    private: str
    public: str


def generate() -> KeyPair:
    """Return a new key pair; the private part is masked in logs."""
    import secrets

    from virtprov.support import log

    pair = from_seed(secrets.token_bytes(SEED_SIZE))
    log.secret(pair.private)
    return pair


def from_seed(seed: bytes) -> KeyPair:
    """Return the key pair for 32 random bytes."""
    import base64

    public = public_bytes(seed)
    name = KIND.encode()
    blob = _string(name) + _string(public)
    # two equal numbers show whether a decrypted key is right; this one is not encrypted
    secret = bytes(8) + blob + _string(seed + public) + _string(b"")
    secret += bytes(range(1, -len(secret) % _BLOCK + 1))
    data = b"openssh-key-v1\0" + _string(b"none") * 2 + _string(b"") + (1).to_bytes(4, "big")
    data += _string(blob) + _string(secret)
    text = base64.b64encode(data).decode()
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    private = "\n".join(("-----BEGIN OPENSSH PRIVATE KEY-----", *lines, "-----END OPENSSH PRIVATE KEY-----", ""))
    return KeyPair(private, f"{KIND} {base64.b64encode(blob).decode()}")


def public_bytes(seed: bytes) -> bytes:
    """Return the 32 bytes of the public key for a private key of 32 bytes."""
    from hashlib import sha512

    number = int.from_bytes(sha512(seed).digest()[:32], "little")
    number = number & (1 << 254) - 8 | 1 << 254
    x, y, z, _ = _multiply(number)
    inverse = pow(z, _PRIME - 2, _PRIME)
    x, y = x * inverse % _PRIME, y * inverse % _PRIME
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _multiply(number: int) -> Point:
    """Return the base point times `number`."""
    point: Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _PRIME)
    total: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = _add(total, point)
        point = _add(point, point)
        number >>= 1
    return total


def _add(first: Point, second: Point) -> Point:
    """Return the sum of two points (RFC 8032, section 5.1.4)."""
    x1, y1, z1, t1 = first
    x2, y2, z2, t2 = second
    a, b = (y1 - x1) * (y2 - x2) % _PRIME, (y1 + x1) * (y2 + x2) % _PRIME
    c, d = 2 * t1 * t2 * _D % _PRIME, 2 * z1 * z2 % _PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _PRIME, g * h % _PRIME, f * g % _PRIME, e * h % _PRIME


def _string(data: bytes) -> bytes:
    """Return ssh's form of a text (RFC 4251, section 5)."""
    return len(data).to_bytes(4, "big") + data
