"""Read the value of a sub-option: a path, standard input, an address, or the text itself."""

from __future__ import annotations

import threading
from typing import NamedTuple

from virtprov.cloudinit.guest_words import AGENT
from virtprov.cloudinit.seed_request import FLAG, NAMES
from virtprov.support.errors import InputError, UsageError

LIMIT = 16 * 1024 * 1024
# possible beginnings of inline text: the headers known to cloud-init, YAML, JSON, MIME, scripts for Windows
INLINE_STARTS = (
    "#", "## template:", "content-type:", "mime-version:", "{", "---", "rem cmd", "<powershell>", "<script>",
)  # fmt: skip
KEY_TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    "ssh-dss",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)


class Source(NamedTuple):
    """Content given by the user: its name in messages, and its bytes."""

    name: str
    data: bytes


class Reader:
    """Reads the values of one request; it makes sure that standard input is read only once."""

    def __init__(self) -> None:
        self._stdin_for = ""

    def read(self, option: str, value: str) -> Source:
        """Return the content for the text `value` of the sub-option `option`.

        `-` is standard input; `@PATH`, PATH and file:// are files; an http(s) address is fetched; text that cannot be a
        path is used as it is. Raises InputError, FetchError or UsageError.
        """
        if value == "-":
            return Source(f"the {option} on standard input", self._stdin(option))
        if value.startswith("@"):
            return self._fetch(option, value[1:])
        if is_inline(value):
            _refuse_typed_escapes(option, value)
            return Source(f"the {option} on the command line", _with_newline(value).encode())
        _refuse_swallowed(option, value)
        return self._fetch(option, value)

    def _fetch(self, option: str, place: str, what: str = "") -> Source:
        from virtprov.support.web import fetch, http

        if not place:
            raise UsageError(f"{FLAG} {option}: no file name after '@'")
        data = fetch.read(place, limit=LIMIT, what=what or f"{option} file")
        return Source(f"'{http.shown(place)}'", data)

    def _stdin(self, option: str) -> bytes:
        if self._stdin_for:
            raise UsageError(
                f"{FLAG}: {self._stdin_for} and {option} cannot both be read from standard input",
                hint="read one of them from a file",
            )
        self._stdin_for = option
        data = _standard_input()
        if data is None:
            raise InputError(f"cannot read the {option}: standard input is closed")
        if len(data) > LIMIT:
            raise InputError(f"the {option} on standard input is larger than {LIMIT // 1024**2} MiB")
        return data

    def keys(self, option: str, value: str) -> tuple[str, ...]:
        """Return the public ssh keys in `value`: a key, the place of a file with keys, or AGENT for those of ssh-agent.

        Raises InputError, with the line, for anything that is not a public key.
        """
        if value == AGENT:
            from virtprov.cloudinit.ssh_agent import list_keys

            return tuple(dict.fromkeys(read_keys(Source("the list of ssh-agent", list_keys().encode()))))
        if is_key(value):
            return read_keys(Source(f"the {option} on the command line", value.encode()))
        result = read_keys(self.read(option, value))
        return tuple(dict.fromkeys(result))

    def read_file(self, option: str, value: str, what: str) -> bytes:
        """Return the contents of the file at `value`, on standard input for `-`; text is never taken for contents.

        `what` describes the file in messages.
        """
        return self._stdin(option) if value == "-" else self._fetch(option, value.removeprefix("@"), what).data

    def password(self, option: str, value: str) -> str:
        """Return the first line of the file at `value` without its newline; blanks are kept, as in virt-install.

        Raises InputError if that line is empty.
        """
        from virtprov.support import log
        from virtprov.support.logins import passwords
        from virtprov.support.text import decode

        source = Source("the password on standard input", self._stdin(option)) if value == "-" else None
        source = source or self._fetch(option, value.removeprefix("@"))
        line = decode(source.data, source.name).split("\n", 1)[0].removesuffix("\r")
        if not line:
            raise InputError(f"{source.name} does not contain a password: its first line is empty")
        fault = passwords.find_fault(line)
        if fault:
            raise InputError(
                f"the password in {source.name} cannot be used: {fault}", hint="the first line is the password"
            )
        return log.secret(line)


_stdin_lock = threading.Lock()
_stdin_kept: tuple[object, bytes] | None = None
"""Standard input once it was read, and what was read: the seeds of several guests have the same."""


def _standard_input() -> bytes | None:
    """Return standard input, at most LIMIT bytes and one more; None if there is none."""
    import sys

    global _stdin_kept
    with _stdin_lock:
        if sys.stdin is None:
            return None
        if _stdin_kept is None or _stdin_kept[0] is not sys.stdin:
            _stdin_kept = sys.stdin, sys.stdin.buffer.read(LIMIT + 1)
        return _stdin_kept[1]


def is_inline(value: str) -> bool:
    """Return whether `value` is content rather than the name of a place."""
    return "\n" in value or value.lower().startswith(INLINE_STARTS)


def is_key(value: str) -> bool:
    """Return whether `value` is itself a public ssh key, such as "ssh-ed25519 AAAA... me"."""
    return value.split(" ", 1)[0] in KEY_TYPES and " " in value


def _with_newline(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def _refuse_typed_escapes(option: str, value: str) -> None:
    r"""Refuse inline text on one line that contains `\n` as two characters: a shell does not turn it into a newline."""
    if "\n" not in value and "\\n" in value and not value.startswith(("{", "<")):
        raise UsageError(
            f"{FLAG} {option}: the text is on one line, with a literal '\\n' instead of line breaks",
            hint="quote it as $'...' in bash, or use a file",
        )


def _refuse_swallowed(option: str, value: str) -> None:
    """Refuse a quoted value that contains the sub-options after it, if there is no file with that name."""
    import os.path

    if os.path.exists(value):
        return
    for name in NAMES:
        before, separator, rest = value.partition(f",{name}=")
        if separator:
            raise UsageError(
                f"{FLAG} {option}: the value '{value}' includes {name}, and no such file exists",
                hint=f"close the quote before the comma: {option}={before},{name}={rest}",
            )


def read_keys(source: Source) -> tuple[str, ...]:
    """Return the public keys in `source`, one for each line; empty lines and comments are omitted.

    Options before a key are kept. Raises InputError, with the line, for anything else.
    """
    from virtprov.support.text import decode

    if b"PRIVATE KEY-----" in source.data[:200] or source.data.startswith(b"PuTTY-User-Key-File"):
        raise InputError(
            f"{source.name} is a private key, which must not leave this machine",
            hint="give the public key, in the file that ends with .pub",
        )
    results = []
    for number, line in enumerate(decode(source.data, source.name).splitlines(), 1):
        text = line.strip()
        if text and not text.startswith("#"):
            _check_key(text, source.name, number)
            results.append(text)
    if not results:
        raise InputError(f"{source.name} does not contain an ssh key", hint="give a file such as ~/.ssh/id_ed25519.pub")
    return tuple(results)


def _check_key(text: str, name: str, number: int) -> None:
    """Raise InputError unless the line has a known key type, and data that repeats that type."""
    import base64
    import binascii

    words = text.split()
    at = _type_place(words)
    if at is None:
        raise InputError(
            f"{name}, line {number}: not a public ssh key",
            hint="a key looks like 'ssh-ed25519 AAAA... comment'",
        )
    try:
        data = base64.b64decode(words[at + 1], validate=True)
    except (binascii.Error, ValueError):
        data = b""
    # the data repeats the type: four bytes of length, then the name (RFC 4253, 6.6)
    size = int.from_bytes(data[:4], "big")
    if not data or data[4 : 4 + size] != words[at].encode():
        raise InputError(
            f"{name}, line {number}: the data of the {words[at]} key is corrupt",
            hint="copy the key again, as one line",
        )


def _type_place(words: list[str]) -> int | None:
    """Return which word of a key line is the type (options come before it), or None."""
    for place, word in enumerate(words[:-1]):
        if _plain_type(word) in KEY_TYPES:
            return place
    return None


def key_data(line: str) -> str:
    """Return the part of a key line that distinguishes keys; the whole line if it is not a key."""
    words = line.split()
    at = _type_place(words)
    return line if at is None else words[at + 1]


def _plain_type(word: str) -> str:
    """Return the key type without the suffix of a certificate."""
    return word.replace("-cert-v01@openssh.com", "@openssh.com" if word.startswith("sk-") else "")
