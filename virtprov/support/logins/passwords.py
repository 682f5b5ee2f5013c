"""Random passwords, and their hashes as a guest's /etc/shadow holds them.

Python lost its `crypt` module in 3.13. The hash here is SHA-512 crypt ("$6$"), written after the public
specification "Unix crypt using SHA-256 and SHA-512" (Ulrich Drepper, version 0.6 of 2016); the numbers in the
comments are that document's steps.
"""

from __future__ import annotations

ROUNDS = 5000
ROUNDS_LEAST = 1000
ROUNDS_MOST = 999_999_999
SALT_SIZE = 16
# what crypt(5) lists: MD5, bcrypt, SHA-256, SHA-512, yescrypt, gost-yescrypt, scrypt
HASH_KINDS = ("1", "2a", "2b", "2y", "5", "6", "y", "gy", "7")
HASH_LEAST = 22
"""How long the last part of a hash is at least (MD5)."""
# without the pairs that look alike on a console: 0 O, 1 I l
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
_BASE64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def generate() -> str:
    """Return a random password of 16 letters and digits (92 bits), easy to read off a screen."""
    import secrets

    return "".join(secrets.choice(LETTERS) for _ in range(16))


def hash_password(password: str, *, salt: str = "", rounds: int = 0) -> str:
    """Return the "$6$..." hash of `password`.

    `salt` is random unless given (at most 16 characters count); `rounds` is the usual 5000 unless given and
    is then named in the hash, held between 1000 and 999999999. Raises ValueError for a salt with "$" in it.
    """
    if not salt:
        import secrets

        salt = "".join(secrets.choice(_BASE64) for _ in range(SALT_SIZE))
    if "$" in salt:
        raise ValueError("a salt cannot contain '$'")
    salt = salt[:SALT_SIZE]
    named = ""
    if rounds:
        rounds = max(ROUNDS_LEAST, min(ROUNDS_MOST, rounds))
        named = f"rounds={rounds}$"
    digest = _sha512(password.encode(), salt.encode(), rounds or ROUNDS)
    return f"$6${named}{salt}${_encode(digest)}"


def is_hash(text: str) -> bool:
    """Say whether `text` is a hash ("$6$salt$hash", "$y$...") as `/etc/shadow` holds it, not a password."""
    parts = text.split("$")
    if len(parts) < 4 or parts[0] or parts[1] not in HASH_KINDS or len(parts[-1]) < HASH_LEAST:
        return False
    # crypt(5): a salt is visible ASCII without `:;*!\\`; quotes and the like are in no salt that a program makes
    is_plain = all("!" < letter < "\x7f" and letter not in "\"'`:;*!\\" for letter in text)
    return is_plain and set(parts[-1]) <= set(_BASE64)


def _sha512(password: bytes, salt: bytes, rounds: int) -> bytes:
    """Return the raw digest of the specification's steps 1 to 21."""
    from hashlib import sha512

    inner = sha512(password + salt + password).digest()  # 4-8
    outer = password + salt + _stretch(inner, len(password))  # 1-3, 9-10
    bits = len(password)
    while bits:  # 11
        outer += inner if bits & 1 else password
        bits >>= 1
    digest = sha512(outer).digest()  # 12
    secret = _stretch(sha512(password * len(password)).digest(), len(password))  # 13-16
    spice = _stretch(sha512(salt * (16 + digest[0])).digest(), len(salt))  # 17-20
    for number in range(rounds):  # 21
        first, last = (secret, digest) if number & 1 else (digest, secret)
        middle = (spice if number % 3 else b"") + (secret if number % 7 else b"")
        digest = sha512(first + middle + last).digest()
    return digest


def _stretch(block: bytes, length: int) -> bytes:
    """Repeat `block` until it is `length` bytes long."""
    return (block * (length // len(block) + 1))[:length]


def _encode(digest: bytes) -> str:
    """Return the digest in crypt's own base 64 and byte order (step 22)."""
    letters = []
    for row in range(21):
        # each row takes bytes row, row+21, row+42, turned one place further than the row above
        three = [digest[row], digest[row + 21], digest[row + 42]]
        turn = row % 3
        high, middle, low = three[turn:] + three[:turn]
        letters.append(_letters((high << 16) | (middle << 8) | low, 4))
    letters.append(_letters(digest[63], 2))
    return "".join(letters)


def _letters(value: int, count: int) -> str:
    """Return `count` letters for `value`, six bits each, lowest first."""
    return "".join(_BASE64[(value >> (6 * place)) & 63] for place in range(count))
