"""Standard input as a document: there or not, and no larger than any document is."""

from __future__ import annotations

import sys

from virtprov.support.errors import InputError
from virtprov.support.files import LIMIT


def read(what: str) -> bytes:
    """Return all of standard input; `what` is to be there ("XML"). Raises InputError."""
    if sys.stdin is None:
        raise InputError(f"there is no standard input to read {what} from", hint="it is closed: leave out `<&-`")
    try:
        data: bytes = sys.stdin.buffer.read(LIMIT + 1)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InputError(f"standard input cannot be read: {why}", hint=f"feed {what}, or name a file") from None
    if len(data) > LIMIT:
        raise InputError(f"what is on standard input is larger than {LIMIT >> 20} MiB", hint=f"is it {what}?")
    return data
