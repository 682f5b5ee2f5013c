"""Read XML from standard input, which may be closed or too large."""

from __future__ import annotations

import sys

from virtprov.support.errors import InputError
from virtprov.support.file_access.files import LIMIT


def read(what: str) -> bytes:
    """Return all of standard input; `what` describes the expected data ("XML"). Raises InputError."""
    if sys.stdin is None:
        raise InputError(f"cannot read {what}: standard input is closed", hint="omit `<&-`")
    try:
        data: bytes = sys.stdin.buffer.read(LIMIT + 1)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InputError(f"cannot read standard input: {why}", hint=f"pipe {what} in, or give a file") from None
    if len(data) > LIMIT:
        raise InputError(
            f"the data on standard input is larger than {LIMIT >> 20} MiB", hint=f"check that it is {what}"
        )
    return data
