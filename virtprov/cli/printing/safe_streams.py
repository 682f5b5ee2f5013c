"""The standard streams: they may be closed, full or without a reader, and output is shown safely.

While a command runs, `sys.stdout` and `sys.stderr` are of the class Shown. Everything written there passes through
`visible`; XML, JSON and cursor movements are written with `exactly`. `styled` adds colours to text that is safe.
A stream that cannot be written raises nothing: a command that has changed a host does not fail because of that.
`cli/app.py` checks at the end whether a write failed.
"""

from __future__ import annotations

import os
import sys

from virtprov.support.terminal.visible import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, ClassVar, TextIO


class Shown:
    """A text stream for people; everything except writing is done by the original stream."""

    drawn: ClassVar[Shown | None] = None
    """The stream whose last line shows progress: it is taken away before anything else is written."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.failure: OSError | None = None

    def write(self, text: str) -> int:
        """Write text, with control characters that could affect a terminal escaped."""
        self._put(visible(text), "backslashreplace")
        return len(text)

    def styled(self, pieces: Iterable[tuple[str, str]]) -> None:
        """Write pieces of text as `write` does, each in the colour of its style; see `colors.py`."""
        from virtprov.cli.printing import colors, talk

        shown = colors.are_shown(self.stream, talk.color)
        safe = ((style, visible(text)) for style, text in pieces)
        text = "".join(colors.paint(text, style) if style and shown else text for style, text in safe)
        self._put(text, "backslashreplace")

    def exactly(self, text: str) -> None:
        """Write text unchanged; characters missing in the stream's encoding become XML references."""
        self._put(text, "xmlcharrefreplace")

    def draw(self, line: str) -> None:
        """Show a line of progress, which must be safe, in place of the last one; "" only takes that away."""
        Shown.drawn = None
        self._put(f"\r{line}\x1b[K", "replace")
        Shown.drawn = self if line else None

    def _put(self, text: str, otherwise: str) -> None:
        stale = Shown.drawn
        if stale is not None:
            stale.draw("")
            stale.flush()
        if self.failure is not None:
            return
        try:
            try:
                self.stream.write(text)
            except UnicodeEncodeError:
                encoding = self.stream.encoding or "ascii"
                self.stream.write(text.encode(encoding, otherwise).decode(encoding))
        except OSError as error:
            self._note_failure(error)

    def flush(self) -> None:
        """Flush the output; `failure` tells whether that worked."""
        if self.failure is None:
            try:
                self.stream.flush()
            except OSError as error:
                self._note_failure(error)

    def _note_failure(self, error: OSError) -> None:
        """Record the first failure, and discard what is still in the buffer."""
        self.failure = error
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)
        except (OSError, ValueError):  # not a real file: there is nothing to be done
            return

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class guard_streams:  # noqa: N801  (reads as a word: `with guard_streams():`)
    """A block in which standard output and standard error are Shown; the value is standard output."""

    def __enter__(self) -> Shown:
        self._before = sys.stdout, sys.stderr
        occupy()
        out, err = Shown(sys.stdout or _replace_closed(1)), Shown(sys.stderr or _replace_closed(2))
        sys.stdout, sys.stderr = out, err
        return out

    def __exit__(self, *failure: object) -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        Shown.drawn = None
        sys.stdout, sys.stderr = self._before


def occupy() -> None:
    """Open something for the numbers of closed standard streams, so that no other file or socket gets them.

    Reading from and writing to it fails as for a closed stream.
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
    """Write a result for programs, XML or JSON, to standard output unchanged."""
    out = sys.stdout
    if isinstance(out, Shown):
        out.exactly(text)
    else:
        out.write(text)


def styled(stream: TextIO, pieces: Iterable[tuple[str, str]]) -> None:
    """Write pieces of text, each with a style; "" for none."""
    if isinstance(stream, Shown):
        stream.styled(pieces)
    else:
        stream.write("".join(text for _, text in pieces))


def flush_output() -> bool:
    """Flush standard output, and return whether everything has been written so far."""
    sys.stdout.flush()
    return getattr(sys.stdout, "failure", None) is None


def _replace_closed(number: int) -> TextIO:
    """Return a replacement for a closed stream: writing to it fails."""
    return open(number, "w", encoding="utf-8", closefd=False)
