"""What goes on inside, for `--debug` and the log file; nothing costs anything while neither is on.

The command line turns it on with `start`. Anything registered with `secret` is masked before a line leaves.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Sink = Callable[[str], None]

MASK = "********"
LOG_SIZE = 1024 * 1024
LOG_KEEP = 5

_sinks: list[Sink] = []
_secrets: set[str] = set()


def secret(text: str) -> str:
    """Never let `text` (nor any line of it) appear in a log; gives `text` back."""
    _secrets.update(part for part in (text, *text.splitlines()) if part.strip())
    return text


def mask(text: str) -> str:
    """Return `text` with every registered secret replaced, longest first."""
    for word in sorted(_secrets, key=len, reverse=True):
        text = text.replace(word, MASK)
    return text


def debug(message: str, *args: object) -> None:
    """Log one line; `args` are put in with `%` only when somebody listens."""
    if not _sinks:
        return
    line = mask(message % args if args else message)
    for sink in _sinks:
        sink(line)


def enabled() -> bool:
    """Say whether anybody listens, for callers whose arguments are dear to make."""
    return bool(_sinks)


def start(sink: Sink) -> Callable[[], None]:
    """Send every later line to `sink`; calling what is returned stops that."""
    _sinks.append(sink)

    def stop() -> None:
        if sink in _sinks:
            _sinks.remove(sink)

    return stop


def to_stderr(line: str) -> None:
    """A sink: the line on standard error with the time of day."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")


def to_file(path: str) -> Sink:
    """A sink that appends to `path` (0600; rolled over to `path`.1 ... at 1 MiB, five kept).

    A log that cannot be written is not worth a failure: OSError is swallowed and the sink does nothing.
    """
    _roll(path)

    def sink(line: str) -> None:
        import contextlib

        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                stamp = time.strftime("%Y-%m-%d %H:%M:%S")
                os.write(handle, f"{stamp} {os.getpid()} {line}\n".encode(errors="replace"))
            finally:
                os.close(handle)

    return sink


def _roll(path: str) -> None:
    """Make room when the log has grown past its size: `path`.4 -> `path`.5, ..., `path` -> `path`.1."""
    try:
        os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)
        if os.path.getsize(path) < LOG_SIZE:
            return
        for number in range(LOG_KEEP - 1, 0, -1):
            if os.path.exists(f"{path}.{number}"):
                os.replace(f"{path}.{number}", f"{path}.{number + 1}")
        os.replace(path, f"{path}.1")
    except OSError:
        return
