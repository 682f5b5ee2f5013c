"""The standard streams: they can be closed, full or without a reader, and what is written to them is shown safely.

While a command runs, `sys.stdout` and `sys.stderr` are of the class Shown. Whatever anybody writes there passes through
`visible`; XML and JSON, and what moves the cursor, is written with `exactly`. A stream that cannot be written raises
nothing: a command that has changed a host does not fail for that. `cli/app.py` asks in the end whether one failed.
"""

from __future__ import annotations

import os
import sys

from virtprov.support.visible import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO


class Shown:
    """A text stream for people; everything but writing is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.failure: OSError | None = None

    def write(self, text: str) -> int:
        """Write text, with what could steer a terminal spelled out."""
        self._put(visible(text), "backslashreplace")
        return len(text)

    def exactly(self, text: str) -> None:
        """Write text as it is; letters that the stream's encoding lacks become references of XML."""
        self._put(text, "xmlcharrefreplace")

    def _put(self, text: str, otherwise: str) -> None:
        if self.failure is not None:
            return
        try:
            try:
                self.stream.write(text)
            except UnicodeEncodeError:
                encoding = self.stream.encoding or "ascii"
                self.stream.write(text.encode(encoding, otherwise).decode(encoding))
        except OSError as error:
            self._lost(error)

    def flush(self) -> None:
        """Hand over what is written; see `failure` for whether it arrived."""
        if self.failure is None:
            try:
                self.stream.flush()
            except OSError as error:
                self._lost(error)

    def _lost(self, error: OSError) -> None:
        """Note the first failure, and let what is still in the stream's buffer go to nowhere."""
        self.failure = error
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)
        except (OSError, ValueError):  # not a real file: there is nothing to be done
            return

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class guarded:  # noqa: N801  (reads as a word: `with guarded():`)
    """A block in which standard output and standard error are Shown; the value is standard output."""

    def __enter__(self) -> Shown:
        self._before = sys.stdout, sys.stderr
        occupy()
        out, err = Shown(sys.stdout or _closed(1)), Shown(sys.stderr or _closed(2))
        sys.stdout, sys.stderr = out, err
        return out

    def __exit__(self, *failure: object) -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdout, sys.stderr = self._before


def occupy() -> None:
    """Put something on the numbers of closed standard streams, so that no file or socket of ours gets them.

    Reading from, or writing to, what is put there fails as it does with a closed one.
    """
    for number, flags in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_RDONLY)):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, flags)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            os.set_inheritable(number, True)


def exactly(text: str) -> None:
    """Write a result for programs, XML or JSON, to standard output as it is."""
    out = sys.stdout
    if isinstance(out, Shown):
        out.exactly(text)
    else:
        out.write(text)


def arrived() -> bool:
    """Hand over what is written to standard output, and say whether all of it arrived so far."""
    sys.stdout.flush()
    return getattr(sys.stdout, "failure", None) is None


def _closed(number: int) -> TextIO:
    """A stream in place of one that is closed: writing to it fails."""
    return open(number, "w", encoding="utf-8", closefd=False)
