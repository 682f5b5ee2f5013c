"""Debug messages for `--debug`; they cost almost nothing if nobody listens.

The command line starts them with `start`. Everything registered with `secret` is masked.
"""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Sink = Callable[[str], None]

MASK = "********"

_sinks: list[Sink] = []
_secrets: set[str] = set()


def secret(text: str) -> str:
    """Never show `text` (nor any line of it) in a log; returns `text`."""
    _secrets.update(part for part in (text, *text.splitlines()) if part.strip())
    return text


def mask(text: str) -> str:
    """Return `text` with every registered secret replaced, longest first."""
    for word in sorted(_secrets, key=len, reverse=True):
        text = text.replace(word, MASK)
    return text


def debug(message: str, *args: object) -> None:
    """Log one line; `args` are inserted with `%` only if somebody listens."""
    if not _sinks:
        return
    line = mask(message % args if args else message)
    for sink in _sinks:
        sink(line)


def start(sink: Sink) -> Callable[[], None]:
    """Send every later line to `sink`; calling what is returned stops that."""
    _sinks.append(sink)

    def stop() -> None:
        if sink in _sinks:
            _sinks.remove(sink)

    return stop


def to_stderr(line: str) -> None:
    """A sink: the line on standard error with the time of day; further lines in it are indented."""
    text = line.replace("\n", "\n         ")
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
